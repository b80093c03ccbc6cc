/** How much one may ask, and how often a password may be tried. */
import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { limits } from '../../../core/limits.ts';
import app from '../../../worker/index.ts';
import { network, tried } from '../../../worker/auth/tries.ts';
import { innerRequest } from '../../../worker/middleware/inner-request.ts';
import { RateBuckets } from '../../../worker/middleware/rate-buckets.ts';
import { requestWith } from '../routes/with-env.ts';
import { ADMIN, ask, basic, bearer, LOCKED, makeToken } from './locked.ts';

const burst = limits.wrongCredentialsBurst;
const from = (address: string) => ({ 'CF-Connecting-IP': address });
const statuses = async (times: number, request: (round: number) => Promise<Response>) => {
  const all: number[] = [];
  for (let round = 0; round < times; round++) all.push((await request(round)).status);
  return all;
};

describe('requests', () => {
  // Buckets refill while a slow machine is still asking.
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => vi.useRealTimers());

  test('are bounded for each principal, and nobody else notices', async () => {
    const bindings = { ...LOCKED, EDGEDIVE_RATE: '1' };
    const get = (headers: Record<string, string>) => requestWith(bindings, '/api/capture', { headers });
    const all = await statuses(8, () => get(basic('bea', 'bees')));
    expect(all.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
    expect(all.at(-1)).toBe(429);
    expect((await get(basic('alice', 'wonderland'))).status).toBe(200);
  });

  test('that change something have a lower bound; questions go on', async () => {
    const bindings = { ...LOCKED, EDGEDIVE_WRITE_RATE: '1' };
    const headers = basic('alice', 'wonderland');
    const all = await statuses(8, () =>
      requestWith(bindings, '/api/node/none', { method: 'DELETE', headers }),
    );
    expect(all.slice(0, 5)).not.toContain(429);
    expect(all.at(-1)).toBe(429);
    const question = { method: 'POST', headers, body: '{"GremlinQuery":"G.V().Count()"}' };
    expect((await requestWith(bindings, '/api/topology', question)).status).toBe(200);
  });

  test('a value that is none does not lift the bound', async () => {
    for (const [at, text] of ['', 'many', '-1'].entries()) {
      const bindings = { ...LOCKED, EDGEDIVE_USERS: `{"u${at}":"p"}`, EDGEDIVE_WRITE_RATE: text };
      const all = await statuses(300, () =>
        requestWith(bindings, '/api/node/none', { method: 'DELETE', headers: basic(`u${at}`, 'p') }),
      );
      expect([text, all.includes(429)]).toEqual([text, true]);
    }
  });

  test('of an identity provider’s subject and of a user with its name are counted apart', async () => {
    const ask = async (kind: 'user' | 'jwt') => {
      const request = innerRequest({ name: 'twin', kind, roles: ['user'] }, new Request('http://localhost'), {
        method: 'GET',
        url: new URL('http://localhost/api/capture'),
        body: '',
      });
      const bindings = { ...env, ...LOCKED, EDGEDIVE_RATE: '1' };
      return (await app.fetch(request, bindings, createExecutionContext())).status;
    };
    for (let round = 0; round < 6; round++) await ask('user');
    expect([await ask('user'), await ask('jwt')]).toEqual([429, 200]);
  });

  test('refused are counted by kind', async () => {
    const figures = async () => {
      const answer = await ask('/api/status', { headers: bearer(ADMIN) });
      const { Edgedive } = (await answer.json()) as {
        Edgedive: { Registry: { counters: Record<string, number> } };
      };
      return Edgedive.Registry.counters;
    };
    const before = await figures();
    const bindings = { ...LOCKED, EDGEDIVE_USERS: '{"counted":"p"}' };
    const headers = basic('counted', 'p');
    await statuses(7, () => requestWith({ ...bindings, EDGEDIVE_RATE: '1' }, '/api/capture', { headers }));
    await statuses(7, () =>
      requestWith({ ...bindings, EDGEDIVE_WRITE_RATE: '1' }, '/api/node/none', { method: 'DELETE', headers }),
    );
    await statuses(burst + 2, (round) =>
      requestWith(bindings, '/api/capture', {
        headers: { ...basic('counted', `${round}`), ...from('192.0.2.90') },
      }),
    );
    const after = await figures();
    for (const kind of ['rateLimitedReads', 'rateLimitedWrites', 'rateLimitedCredentials'])
      expect([kind, after[kind]! - before[kind]!]).toEqual([kind, 2]);
    expect(after['rateLimited']! - before['rateLimited']!).toBe(6);
    const metrics = await (await ask('/metrics', { headers: bearer(ADMIN) })).text();
    expect(metrics).toMatch(/^edgedive_registry_rate_limited_writes_total [1-9]/m);
  });
});

describe('a password', () => {
  const get = (address: string, headers: Record<string, string>) =>
    requestWith(LOCKED, '/api/capture', { headers: { ...from(address), ...headers } });
  const login = (address: string, name: string, password: string) =>
    requestWith(LOCKED, '/login', {
      method: 'POST',
      headers: from(address),
      body: new URLSearchParams({ username: name, password }).toString(),
    });

  test('cannot be guessed: once the bucket is empty the right one looks like a wrong one', async () => {
    const wrong = await statuses(burst + 5, (round) => get('192.0.2.7', basic('alice', `guess ${round}`)));
    expect([wrong[0], wrong.at(-1)]).toEqual([401, 429]);
    const right = await get('192.0.2.7', basic('alice', 'wonderland'));
    expect([right.status, Number(right.headers.get('Retry-After'))]).toEqual([429, 2]);
    expect((await login('192.0.2.7', 'alice', 'wonderland')).status).toBe(429);
    // From elsewhere it is as good as ever.
    expect((await get('192.0.2.8', basic('alice', 'wonderland'))).status).toBe(200);
  });

  test('cannot be guessed all at once either', async () => {
    const answers = await Promise.all(
      Array.from({ length: burst * 3 }, (_, round) =>
        get('192.0.2.17', basic('bea', round === burst * 3 - 1 ? 'bees' : `guess ${round}`)),
      ),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(burst);
    expect(answers.at(-1)?.status).toBe(429);
  });

  test('of whoever got in from there has tries of its own, which others do not use up', async () => {
    expect((await get('192.0.2.27', basic('alice', 'wonderland'))).status).toBe(200);
    await statuses(burst + 5, (round) => get('192.0.2.27', basic('root', `guess ${round}`)));
    expect((await get('192.0.2.27', basic('root', 'r00t:with:colons'))).status).toBe(429);
    expect((await get('192.0.2.27', basic('alice', 'wonderland'))).status).toBe(200);
    expect((await login('192.0.2.27', 'alice', 'wonderland')).status).toBe(200);
    const guesses = await statuses(burst + 5, (round) => get('192.0.2.27', basic('alice', `guess ${round}`)));
    expect(guesses.filter((status) => status === 401)).toHaveLength(burst);
    expect((await get('192.0.2.27', basic('alice', 'wonderland'))).status).toBe(429);
  });

  test('is not needed by a session or a token, which get in whatever others try', async () => {
    const { Token: session } = await (
      await login('192.0.2.37', 'alice', 'wonderland')
    ).json<{ Token: string }>();
    const { Token: token } = await makeToken({ Name: 'calm', Roles: ['user'] });
    await statuses(burst * 2 + 5, (round) => get('192.0.2.37', basic('alice', `guess ${round}`)));
    await statuses(burst + 5, () => get('192.0.2.37', bearer(`edg_${'a'.repeat(16)}_${'b'.repeat(43)}`)));
    expect((await get('192.0.2.37', basic('alice', 'wonderland'))).status).toBe(429);
    expect((await get('192.0.2.37', { Cookie: `authtoken=${session}` })).status).toBe(200);
    expect((await get('192.0.2.37', bearer(token))).status).toBe(200);
  });

  test('that is right uses nothing up, however many ask at once', async () => {
    for (let round = 0; round < 3; round++) {
      const all = await Promise.all(
        Array.from({ length: burst * 2 }, () => get('192.0.2.47', basic('bea', 'bees'))),
      );
      expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    }
  });

  test('a token that an operator chose is guessable like one', async () => {
    const bindings = { ...LOCKED, EDGEDIVE_ADMIN_TOKEN: 'chosen' };
    const show = (text: string) =>
      requestWith(bindings, '/api/capture', { headers: { ...from('192.0.2.57'), ...bearer(text) } });
    await statuses(burst, (round) => show(`chosen${round}`));
    expect((await show('chosen')).status).toBe(429);
  });

  test('of one network is one stranger', async () => {
    expect(network('2001:db8:0:1:a:b:c:d')).toBe(network('2001:0db8::1:ffff:0:0:1'));
    expect(network('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(network('::1')).toBe('0:0:0:0::/64');
    expect(network('2001:db8:1::')).not.toBe(network('2001:db8:2::'));
    expect(network('192.0.2.1')).toBe('192.0.2.1');
    const wrong = () => Promise.resolve(false);
    const all = [];
    for (let round = 0; round < burst + 1; round++)
      all.push(await tried(`2001:db8:5:5::${round}`, 'alice', `${round}`, wrong));
    expect(all.at(-1)).toMatchObject({ waitMs: expect.any(Number) });
  });
});

describe('buckets', () => {
  test('that are emptied stay when others push in', () => {
    const buckets = new RateBuckets(100);
    const take = (key: string, times: number) => {
      const bucket = buckets.of(key, 20, 0.5, 0);
      for (let round = 0; round < times; round++) bucket.take(0);
      return bucket;
    };
    take('emptied', 20);
    for (let at = 0; at < 10_000; at++) take(`other ${at}`, 1);
    expect(buckets.size).toBe(100);
    expect(buckets.of('emptied', 20, 0.5, 0).has(0)).toBe(false);
  });

  test('that have refilled are the first to go', () => {
    const buckets = new RateBuckets(3);
    for (const key of ['a', 'b', 'c']) buckets.of(key, 1, 1, 0).take(0);
    const kept = buckets.of('b', 1, 1, 5_000);
    kept.take(5_000);
    buckets.of('d', 1, 1, 5_000);
    expect(buckets.size).toBe(3);
    expect(buckets.of('b', 1, 1, 5_000)).toBe(kept);
  });
});
