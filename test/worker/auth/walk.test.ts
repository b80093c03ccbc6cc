/**
 * Every route and every socket, asked with every kind of credential: what must be refused is, in the reference's words, and nothing
 * of what lies behind shows. The list is the one that routes are mounted from, so a new route is walked by itself.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { isAllowed } from '../../../core/auth/policy.ts';
import type { Principal } from '../../../core/auth/principal.ts';
import { authSettings } from '../../../worker/auth/settings.ts';
import app from '../../../worker/index.ts';
import { mountedRoutes } from '../../../worker/routes/rest.ts';
import { ADMIN, ask, basic, bearer, LOCKED, makeToken } from './locked.ts';

type Headers = Readonly<Record<string, string>>;
const bad: Record<string, Headers> = {
  none: {},
  'wrong password': basic('alice', 'queen'),
  'unknown user': basic('mallory', 'wonderland'),
  'empty password': basic('alice', ''),
  'a token nobody made': bearer(`edg_${'a'.repeat(16)}_${'b'.repeat(43)}`),
  'Basic without a value': { Authorization: 'Basic' },
  'Basic and a blank': { Authorization: 'Basic ' },
  'a word': { Authorization: 'Bearer x' },
  'a JSON Web Token of nobody': bearer('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.AA'),
  'the name of the administrator': { 'X-Auth-Token': 'admin' },
};
const good: Record<string, { headers: Headers; who: Pick<Principal, 'name' | 'kind' | 'roles' | 'scopes'> }> =
  {
    guest: { headers: basic('gus', 'guest'), who: { name: 'gus', kind: 'user', roles: ['guest'] } },
    user: { headers: basic('alice', 'wonderland'), who: { name: 'alice', kind: 'user', roles: ['user'] } },
    'a role of the policy': {
      headers: basic('bea', 'bees'),
      who: { name: 'bea', kind: 'user', roles: ['ops'] },
    },
    'a user named like a role': {
      headers: basic('guest', 'named like a role'),
      who: { name: 'guest', kind: 'user', roles: [] },
    },
    administrator: { headers: bearer(ADMIN), who: { name: 'token:admin', kind: 'token', roles: ['admin'] } },
  };

beforeAll(async () => {
  const ended = await makeToken({ Name: 'ended', Roles: ['admin'], ExpiresIn: '1ms' });
  const revoked = await makeToken({ Name: 'revoked', Roles: ['admin'] });
  await ask(`/api/token/${revoked.ID}`, { method: 'DELETE', headers: bearer(ADMIN) });
  const scoped = await makeToken({ Name: 'scoped', Roles: ['admin'], Scopes: ['topology:read'] });
  const probe = await makeToken({ Name: 'probe', HostID: 'host-1' });
  bad['an ended token'] = bearer(ended.Token);
  bad['a revoked token'] = bearer(revoked.Token);
  bad['a token with one letter changed'] = bearer(
    scoped.Token.replace(/.$/, (letter) => (letter === 'x' ? 'y' : 'x')),
  );
  good['a scoped token'] = {
    headers: bearer(scoped.Token),
    who: {
      name: `token:${scoped.ID}`,
      kind: 'token',
      roles: ['admin'],
      scopes: [{ object: 'topology', action: 'read' }],
    },
  };
  good['a probe'] = {
    headers: bearer(probe.Token),
    who: { name: `token:${probe.ID}`, kind: 'probe', roles: ['probe'] },
  };
});

const routes = mountedRoutes.map((route) => ({ ...route, at: route.path.replaceAll(/\{\w+\}/g, 'none') }));

test('the walk leaves no route out', () => {
  const walked = new Set(mountedRoutes.map(({ method, path }) => `${method} ${path}`));
  const mounted = app.routes
    .filter(({ method, path }) => method !== 'ALL' && !path.endsWith('/') && path !== '/login')
    .filter(({ path }) => !/^\/(docs|ui|ui_v2|extra-statics)(\/|$)/.test(path))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)\{[^}]*\}/g, '{$1}')}`);
  expect(mounted.filter((route) => !walked.has(route))).toEqual([]);
  expect(walked.size).toBeGreaterThan(40);
});

describe.each(routes)('$method $path', ({ method, at, needs }) => {
  test('lets nobody in who is not known', async () => {
    for (const [name, headers] of Object.entries(bad)) {
      const answer = await ask(at, { method, headers });
      const text = await answer.text();
      if (needs === 'public') expect([name, answer.status === 401 && at !== '/login']).toEqual([name, false]);
      else expect([name, answer.status, text]).toEqual([name, 401, 'Wrong credentials']);
    }
  });

  test('lets those in who may, and tells others what they lack', async () => {
    const { policy } = authSettings(LOCKED as unknown as Env);
    for (const [name, { headers, who }] of Object.entries(good)) {
      const answer = await ask(at, { method, headers });
      const text = await answer.text();
      if (isAllowed(policy, who, needs) || at === '/login')
        expect([name, at === '/login' || ![401, 403].includes(answer.status)]).toEqual([name, true]);
      else if (typeof needs === 'object')
        expect([answer.status, text]).toEqual([
          403,
          `'${who.name}' has no '${needs.action}' permission on '${needs.object}'\n`,
        ]);
    }
  });
});

describe('what roles may', () => {
  const may = async (headers: Headers, path: string, method = 'GET') =>
    ![401, 403].includes((await ask(path, { method, headers })).status);

  test('a guest reads the graph and the status, and nothing else', async () => {
    const guest = basic('gus', 'guest');
    expect(await may(guest, '/api/topology', 'POST')).toBe(true);
    expect(await may(guest, '/api/status')).toBe(true);
    for (const path of ['/api/capture', '/api/node', '/api/token', '/api/alert'])
      expect([path, await may(guest, path)]).toEqual([path, false]);
    expect(await may(guest, '/ws/subscriber')).toBe(true);
    expect(await may(guest, '/ws/subscriber/flow')).toBe(false);
  });

  test('a rule that denies wins over one that allows', async () => {
    const bea = basic('bea', 'bees');
    expect(await may(bea, '/api/capture')).toBe(true);
    expect(await may(bea, '/api/status')).toBe(false);
  });

  test('a probe’s credential opens sockets of its own host only', async () => {
    const { headers } = good['a probe']!;
    const open = async (path: string, hostId: string) =>
      ask(path, { headers: { ...headers, Upgrade: 'websocket', 'X-Host-ID': hostId } });
    for (const path of ['/ws/probe/topology', '/ws/probe/flow']) {
      const own = await open(path, 'host-1');
      expect([path, own.status]).toEqual([path, 101]);
      own.webSocket?.accept();
      own.webSocket?.close();
      const foreign = await open(path, 'host-2');
      expect([path, foreign.status]).toEqual([path, 403]);
      expect(await foreign.text()).toMatch(/speaks for host 'host-1', not for 'host-2'/);
      expect((await open(path, '')).status).toBe(403);
    }
    expect((await open('/ws/subscriber', 'host-1')).status).toBe(403);
  });
});
