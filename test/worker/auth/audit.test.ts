/** Who changed what, and who was refused. */
import { env } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';
import { registryOf } from '../../../worker/objects/stubs.ts';
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
    expect((await trail('?user=gus')).Entries[0]).toMatchObject({ Status: 403 });
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

/** The Registry, some of whose methods fail. */
function registryWithout(...broken: string[]) {
  const real = registryOf(env);
  const proxy = new Proxy(real, {
    get: (target, name) =>
      broken.includes(String(name))
        ? () => Promise.reject(new Error('the trail is broken'))
        : (...given: unknown[]) =>
            (target as unknown as Record<string, (...all: unknown[]) => unknown>)[String(name)]!(...given),
  });
  return { ...LOCKED, REGISTRY: { getByName: () => proxy } };
}

describe('when the trail cannot be written', () => {
  const alice = basic('alice', 'wonderland');
  const body = (name: string) => JSON.stringify({ GremlinQuery: `G.V().Has('Name', '${name}')` });
  const captures = async () => (await ask('/api/capture', { headers: alice })).text();

  test('nothing is changed, and whoever asked is told so', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const answer = await requestWith(registryWithout('beginAudit'), '/api/capture', {
      method: 'POST',
      headers: alice,
      body: body('unrecorded'),
    });
    expect([answer.status, await answer.text()]).toEqual([
      503,
      'the audit trail cannot record this, so nothing was done: try again later\n',
    ]);
    expect(answer.headers.get('Retry-After')).toBe('1');
    expect(await captures()).not.toContain('unrecorded');
    log.mockRestore();
  });

  test('an outcome that could not be written waits; the change is answered as what it was', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const broken = registryWithout('addAudit');
    const made = await requestWith(broken, '/api/capture', {
      method: 'POST',
      headers: alice,
      body: body('recorded late'),
    });
    expect(made.status).toBe(201);
    const id = made.headers.get('X-Request-Id');
    // The reader's own flush fails too, so the entry stands there without its outcome.
    const seen = await requestWith(broken, '/api/audit?limit=1000', { headers: bearer(ADMIN) });
    const { Entries: begun } = (await seen.json()) as { Entries: Entry[] };
    expect(begun.find(({ RequestId }) => RequestId === id)).toMatchObject({ Status: 0 });
    const { Entries } = await trail('?limit=1000');
    expect(Entries.find(({ RequestId }) => RequestId === id)).toMatchObject({ Status: 201 });
    log.mockRestore();
  });

  test('refusals wait, and so does how many had no place', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const broken = registryWithout('addAudit');
    const gus = basic('gus', 'guest');
    const refused = (bindings: object) =>
      requestWith({ ...bindings, EDGEDIVE_RATE: '0' }, '/api/audit', { headers: gus });
    const before = await dropped();
    for (let round = 0; round < 1_010; round++) await refused(broken);
    await requestWith(broken, '/api/audit', { headers: bearer(ADMIN) });
    expect(await dropped()).toBe(before);
    const { Entries } = await trail('?user=gus&object=audit&limit=1000');
    expect(Entries).toHaveLength(1_000);
    expect(await dropped()).toBe(before + 10);
    log.mockRestore();
  });

  async function dropped(): Promise<number> {
    const answer = await ask('/api/status', { headers: bearer(ADMIN) });
    const { Edgedive } = (await answer.json()) as {
      Edgedive: { Registry: { counters: { auditDropped: number } } };
    };
    return Edgedive.Registry.counters.auditDropped;
  }
});

test('a login is an entry of its user; a wrong one names nobody', async () => {
  const login = (password: string) =>
    ask('/login', { method: 'POST', body: `username=alice&password=${password}` });
  expect([(await login('wonderland')).status, (await login('nonsense')).status]).toEqual([200, 401]);
  const { Entries } = await trail('?limit=1000');
  const logins = Entries.filter(({ Path }) => Path === '/login').map(
    ({ Name, Status }) => `${Status} ${Name}`,
  );
  expect(logins.toSorted((a, b) => a.localeCompare(b))).toEqual(['200 alice', '401 ']);
});
