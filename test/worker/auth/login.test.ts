/** `/login`, where a credential may stand, and tokens: rows R70 to R76 of the REST reference notes, section 17. */
import { describe, expect, test } from 'vitest';
import { requestWith } from '../routes/with-env.ts';
import { ADMIN, ask, basic, bearer, LOCKED, makeToken } from './locked.ts';

async function login(form: string): Promise<Response> {
  return ask('/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: form,
  });
}
const tokenOf = async (answer: Response) => (await answer.json<{ Token: string }>()).Token;

describe('/login', () => {
  test('without fields says so; another method leads to the page (R70)', async () => {
    const answer = await login('');
    expect([answer.status, await answer.text()]).toEqual([401, 'No credentials provided']);
    const page = await ask('/login');
    expect([page.status, page.headers.get('Location')]).toEqual([302, '/']);
  });

  test('with a wrong password (R71)', async () => {
    const answer = await login('username=alice&password=queen');
    expect([answer.status, await answer.text()]).toEqual([401, 'Wrong credentials']);
    expect(answer.headers.get('Set-Cookie')).toBeNull();
  });

  test('gives a token, the permissions and two cookies (R73)', async () => {
    const answer = await login('username=alice&password=wonderland');
    expect(answer.status).toBe(200);
    const cookies = answer.headers.getSetCookie();
    const told = (await answer.json()) as { Token: string; Permissions: { Object: string }[] };
    expect(cookies[0]).toBe(`authtoken=${told.Token}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax`);
    expect(cookies[1]).toMatch(/^permissions=[A-Za-z0-9+/=]+; Path=\//);
    expect(cookies[1]).not.toMatch(/HttpOnly/);
    expect(JSON.parse(atob(/permissions=([^;]+)/.exec(cookies[1]!)![1]!))).toEqual(told.Permissions);
    expect(told.Permissions).toContainEqual({ Object: 'capture', Action: 'write', Allowed: true });
    expect(JSON.stringify(told)).not.toContain('wonderland');
  });

  test('a field may stand in the query; a password may have any characters', async () => {
    expect((await ask('/login?username=root&password=r00t:with:colons', { method: 'POST' })).status).toBe(
      200,
    );
  });

  test('where authentication is off anybody gets an empty token and may do everything', async () => {
    const answer = await requestWith({ ...LOCKED, EDGEDIVE_AUTH: 'off' }, '/login', {
      method: 'POST',
      body: 'username=x&password=y',
    });
    const told = (await answer.json()) as { Token: string; Permissions: { Allowed: boolean }[] };
    expect([answer.status, told.Token, told.Permissions.every(({ Allowed }) => Allowed)]).toEqual([
      200,
      '',
      true,
    ]);
  });
});

describe('/login with a token', () => {
  const by = (token: string) => ask('/login', { method: 'POST', headers: bearer(token) });
  const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]!.split(';')[0]!;

  test('keeps it in a cookie that scripts cannot read, and gives its own permissions', async () => {
    const { Token: token } = await makeToken({ Name: 'page', Roles: ['guest'] });
    const answer = await by(token);
    expect(answer.status).toBe(200);
    expect(answer.headers.getSetCookie()[0]).toBe(
      `authtoken=${token}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax`,
    );
    const { Permissions } = (await answer.json()) as { Permissions: object[] };
    expect(Permissions).toContainEqual({ Object: 'capture', Action: 'write', Allowed: false });
    const who = await ask('/api/whoami', { headers: { Cookie: cookieOf(answer) } });
    expect([who.status, (await who.json<{ Kind: string }>()).Kind]).toEqual([200, 'token']);
  });

  test('takes no probe token, and none that is wrong', async () => {
    const { Token: probe } = await makeToken({ Name: 'p', HostID: 'h' });
    for (const token of [probe, 'nonsense', `edg_${'a'.repeat(16)}_${'b'.repeat(43)}`]) {
      const answer = await by(token);
      expect([answer.status, answer.headers.get('Set-Cookie')]).toEqual([401, null]);
    }
  });

  test('/logout takes the cookies away and ends a session, but no other token', async () => {
    const session = cookieOf(await login('username=alice&password=wonderland'));
    const { Token: token } = await makeToken({ Name: 'page', Roles: ['guest'] });
    for (const [cookie, after] of [
      [session, 401],
      [`authtoken=${token}`, 200],
    ] as const) {
      const answer = await ask('/logout', { method: 'POST', headers: { Cookie: cookie } });
      expect([answer.status, answer.headers.getSetCookie()[0]]).toEqual([
        204,
        'authtoken=; Path=/; Max-Age=0; SameSite=Lax',
      ]);
      // A token is believed for a moment after it was revoked.
      await expect
        .poll(async () => (await ask('/api/whoami', { headers: { Cookie: cookie } })).status, {
          timeout: 5_000,
        })
        .toBe(after);
    }
    expect((await ask('/logout', { method: 'POST' })).status).toBe(204);
  });
});

describe('a credential', () => {
  test('is taken from each of the places (R72, R75)', async () => {
    const token = await tokenOf(await login('username=alice&password=wonderland'));
    const pair = btoa('alice:wonderland');
    for (const [place, headers] of Object.entries({
      basic: { Authorization: `Basic ${pair}` },
      bearer: { Authorization: `Bearer ${token}` },
      'the pair under another word': { Authorization: `Bearer ${pair}` },
      'the pair alone': { Authorization: pair },
      header: { 'X-Auth-Token': token },
      'the pair in the header': { 'X-Auth-Token': pair },
      cookie: { Cookie: `a=b; authtoken=${token}; permissions=x` },
      'quoted cookie': { Cookie: `authtoken="${token}"` },
    }))
      expect([place, (await ask('/api/capture', { headers })).status]).toEqual([place, 200]);
    expect((await ask(`/api/capture?x-auth-token=${token}`)).status).toBe(200);
  });

  test('of a guest may ask, and is told what it may not (R74)', async () => {
    const headers = basic('gus', 'guest');
    const query = { method: 'POST', headers, body: '{"GremlinQuery":"G.V().Count()"}' };
    expect((await ask('/api/topology', query)).status).toBe(200);
    expect((await ask('/api/status', { headers })).status).toBe(200);
    const read = await ask('/api/capture', { headers });
    expect([read.status, await read.text()]).toEqual([403, "'gus' has no 'read' permission on 'capture'\n"]);
    const write = await ask('/api/capture', { method: 'POST', headers, body: query.body });
    expect([write.status, await write.text()]).toEqual([
      403,
      "'gus' has no 'write' permission on 'capture'\n",
    ]);
  });

  test('in a header is not hidden by a bad cookie', async () => {
    const headers = { ...basic('alice', 'wonderland'), Cookie: 'authtoken=nonsense' };
    expect((await ask('/api/capture', { headers })).status).toBe(200);
  });

  test('of a browser counts only for pages of our own', async () => {
    const token = await tokenOf(await login('username=alice&password=wonderland'));
    const from = async (origin: string, path = '/api/capture', more = {}) =>
      (await ask(path, { headers: { Cookie: `authtoken=${token}`, Origin: origin, ...more } })).status;
    expect(await from('http://localhost')).toBe(200);
    expect(await from('http://evil.example')).toBe(401);
    expect(await from('null')).toBe(401);
    expect(await from('http://evil.example', '/ws/subscriber', { Upgrade: 'websocket' })).toBe(401);
    const named = await requestWith(
      { ...LOCKED, EDGEDIVE_ALLOWED_ORIGINS: 'https://ui.example' },
      '/api/capture',
      { headers: { Cookie: `authtoken=${token}`, Origin: 'https://ui.example' } },
    );
    expect(named.status).toBe(200);
  });

  test.each([
    'Basic',
    'Basic  ',
    'Basic %%%',
    `Basic ${btoa('no colon')}`,
    'Basic =',
    'Bearer',
    ',',
    'a b c d',
  ])('that is none is answered: %s (R76)', async (text) => {
    const answer = await ask('/api/capture', { headers: { Authorization: text } });
    expect([answer.status, await answer.text()]).toEqual([401, 'Wrong credentials']);
  });
});

describe('/api/whoami', () => {
  test('says who asks', async () => {
    expect(await (await ask('/api/whoami', { headers: basic('gus', 'guest') })).json()).toMatchObject({
      Name: 'gus',
      Kind: 'user',
      Roles: ['guest'],
      ExpiresAt: null,
    });
    expect((await ask('/api/whoami')).status).toBe(401);
  });
});

describe('/api/token', () => {
  test('a token is shown once; what is listed is not the token', async () => {
    const made = await makeToken({
      Name: 'grafana',
      Roles: ['guest'],
      Scopes: ['topology:*'],
      ExpiresIn: '24h',
    });
    expect(made.Token).toMatch(/^edg_[a-z0-5]{16}_[\w-]{43}$/);
    const listed = await (await ask('/api/token', { headers: bearer(ADMIN) })).text();
    expect(listed).toContain('grafana');
    expect(listed).not.toContain(made.Token.slice(-43));
    const one = await (await ask(`/api/token/${made.ID}`, { headers: bearer(ADMIN) })).json();
    expect(one).toMatchObject({
      Name: 'grafana',
      Roles: ['guest'],
      Scopes: ['topology:*'],
      CreatedBy: 'token:admin',
    });
    expect(one).not.toHaveProperty('Token');
  });

  test('nobody gives more than they have', async () => {
    const alice = basic('alice', 'wonderland');
    const post = async (body: object, headers: Readonly<Record<string, string>> = alice) =>
      ask('/api/token', { method: 'POST', headers, body: JSON.stringify(body) });
    expect((await post({ Name: 'mine' })).status).toBe(201);
    expect((await post({ Name: 'more', Roles: ['admin'] })).status).toBe(403);
    expect((await post({ Name: 'probe', HostID: 'h' })).status).toBe(403);
    const scoped = await makeToken({ Name: 'scoped', Roles: ['user'], Scopes: ['token:*'] });
    expect((await post({ Name: 'next' }, bearer(scoped.Token))).status).toBe(403);
  });

  test('others’ tokens are not there', async () => {
    const made = await makeToken({ Name: 'of the administrator', Roles: ['guest'] });
    const alice = basic('alice', 'wonderland');
    expect((await ask(`/api/token/${made.ID}`, { headers: alice })).status).toBe(404);
    expect((await ask(`/api/token/${made.ID}`, { method: 'DELETE', headers: alice })).status).toBe(404);
    expect(await (await ask('/api/token', { headers: alice })).text()).not.toContain(made.ID);
  });

  test('what is wrong is told, a line each', async () => {
    const answer = await ask('/api/token', {
      method: 'POST',
      headers: bearer(ADMIN),
      body: JSON.stringify({
        Name: '',
        Scopes: ['nothing:read', 'capture:fly'],
        ExpiresIn: '-1s',
        Roles: ['a b'],
      }),
    });
    expect(answer.status).toBe(400);
    expect((await answer.text()).trim().split('\n')).toEqual([
      'ExpiresIn: must be positive',
      'Name: zero value',
      "Scopes: 'nothing:read' is no object:action",
      "Scopes: 'capture:fly' is no object:action",
      "Roles: 'a b' can be no role",
    ]);
  });

  test('revoking ends the connections that were opened with it', async () => {
    const made = await makeToken({ Name: 'listener', Roles: ['user'] });
    const closes = [];
    for (const path of ['/ws/subscriber?x-client-type=test', '/ws/subscriber/flow?x-client-type=test']) {
      const answer = await ask(path, { headers: { ...bearer(made.Token), Upgrade: 'websocket' } });
      expect([path, answer.status]).toEqual([path, 101]);
      const socket = answer.webSocket!;
      closes.push(
        new Promise((resolve) => {
          socket.addEventListener('close', ({ code, reason }) => resolve([code, reason]));
        }),
      );
      socket.accept();
    }
    expect((await ask(`/api/token/${made.ID}`, { method: 'DELETE', headers: bearer(ADMIN) })).status).toBe(
      200,
    );
    expect(await Promise.all(closes)).toEqual([
      [1008, 'the credential was revoked'],
      [1008, 'the credential was revoked'],
    ]);
  });
});
