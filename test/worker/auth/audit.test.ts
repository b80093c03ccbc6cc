/** Who changed what; and how much one may ask. */
import { describe, expect, test, vi } from 'vitest';
import { requestWith } from '../routes/with-env.ts';
import { ADMIN, ask, basic, bearer, LOCKED } from './locked.ts';

interface Entry {
  readonly Name: string;
  readonly Method: string;
  readonly Path: string;
  readonly Object: string;
  readonly Action: string;
  readonly Status: number;
  readonly RequestId: string;
}
const trail = async (query = '') =>
  await (
    await ask(`/api/audit${query}`, { headers: bearer(ADMIN) })
  ).json<{ Entries: Entry[]; Next: string | null }>();

describe('the audit trail', () => {
  test('has changes when they are answered, and refusals soon after; questions it has not', async () => {
    const alice = basic('alice', 'wonderland');
    const body = JSON.stringify({ GremlinQuery: "G.V().Has('Name', 'audited')" });
    const made = await ask('/api/capture', { method: 'POST', headers: alice, body });
    const { Entries } = await trail('?user=alice');
    expect(Entries[0]).toMatchObject({
      Name: 'alice',
      Method: 'POST',
      Path: '/api/capture',
      Object: 'capture',
      Action: 'write',
      Status: 201,
      RequestId: made.headers.get('X-Request-Id'),
    });
    await ask('/api/topology', { method: 'POST', headers: alice, body: '{"GremlinQuery":"G.V().Count()"}' });
    await ask('/api/capture', { headers: alice });
    expect((await trail('?user=alice')).Entries).toHaveLength(1);
    await ask('/api/capture?x-auth-token=secret-in-query', {
      method: 'POST',
      headers: basic('gus', 'guest'),
      body,
    });
    await vi.waitFor(
      async () => expect((await trail('?user=gus')).Entries[0]).toMatchObject({ Status: 403 }),
      3_000,
    );
    expect(JSON.stringify(await trail('?limit=1000'))).not.toMatch(/wonderland|secret-in-query|audited/);
  });

  test('is read in pages, by time, object and user', async () => {
    for (let round = 0; round < 3; round++)
      await ask('/api/node/none', { method: 'DELETE', headers: basic('root', 'r00t:with:colons') });
    const first = await trail('?user=root&limit=2');
    expect([first.Entries.length, first.Next]).toEqual([2, expect.any(String)]);
    const second = await trail(`?user=root&limit=2&after=${first.Next}`);
    expect([second.Entries.length, second.Next]).toEqual([1, null]);
    expect((await trail('?user=root&object=capture')).Entries).toEqual([]);
    expect((await trail('?user=root&since=1h')).Entries).toHaveLength(3);
    expect((await trail('?user=root&until=1h')).Entries).toEqual([]);
    expect((await ask('/api/audit?since=yesterday', { headers: bearer(ADMIN) })).status).toBe(400);
    expect((await ask('/api/audit', { headers: basic('alice', 'wonderland') })).status).toBe(403);
  });
});

describe('rates', () => {
  test('are bounded for each principal, and nobody else notices', async () => {
    const env = { ...LOCKED, EDGEDIVE_RATE: '1' };
    const get = (headers: Record<string, string>) => requestWith(env, '/api/capture', { headers });
    const statuses = [];
    for (let round = 0; round < 8; round++) statuses.push((await get(basic('bea', 'bees'))).status);
    expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
    expect(statuses.at(-1)).toBe(429);
    expect((await get(basic('alice', 'wonderland'))).status).toBe(200);
  });

  test('of wrong credentials are bounded for each address; the right one gets in', async () => {
    const from = { 'CF-Connecting-IP': '192.0.2.7' };
    const get = (headers: Record<string, string>) =>
      requestWith(LOCKED, '/api/capture', { headers: { ...from, ...headers } });
    const statuses = [];
    for (let round = 0; round < 25; round++)
      statuses.push((await get(basic('alice', `guess ${round}`))).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
    expect((await get(basic('alice', 'wonderland'))).status).toBe(200);
    expect((await requestWith(LOCKED, '/api/capture', { headers: basic('alice', 'x') })).status).toBe(401);
  });
});
