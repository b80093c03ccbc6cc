/** `/api/view`: saved views of the page, each principal's own, in an object of itty-durable. */
import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { limits } from '../../../core/limits.ts';
import { basic, ask, bearer, makeToken } from '../auth/locked.ts';

const alice = basic('alice', 'wonderland');
const gus = basic('gus', 'guest');

const save = (view: object, headers = alice) =>
  ask('/api/view', { method: 'POST', headers, body: JSON.stringify(view) });
const list = async (headers = alice): Promise<Record<string, unknown>> =>
  (await ask('/api/view', { headers })).json();

describe('/api/view', () => {
  test('keeps, replaces and forgets views, of any name, of each principal apart', async () => {
    const views = [
      { Name: 'rack 1', Link: '#search=rack1' },
      { Name: 'Ünï/…"’', Link: '#query=G.V%28%29&näme=ü' },
      { Name: '__proto__', Link: '#' },
    ];
    for (const view of views) {
      const answer = await save(view);
      expect([answer.status, await answer.json()]).toEqual([201, view]);
    }
    expect(Object.values(await list())).toEqual(views);
    await save({ Name: 'rack 1', Link: '#search=rack2' });
    expect(await list()).toMatchObject({ 'rack 1': { Link: '#search=rack2' } });
    expect(await list(gus)).toEqual({});
    const { Token } = await makeToken({ Name: 'alice', Roles: ['user'] });
    expect(await list(bearer(Token))).toEqual({});

    const path = `/api/view/${encodeURIComponent(views[1]!.Name)}`;
    expect(await (await ask(path, { headers: alice })).json()).toEqual(views[1]);
    expect((await ask(path, { method: 'DELETE', headers: alice })).status).toBe(204);
    expect((await ask(path, { headers: alice })).status).toBe(404);
    expect((await ask(path, { method: 'DELETE', headers: alice })).status).toBe(404);
    expect(Object.keys(await list())).not.toContain(views[1]!.Name);
  });

  test.each([
    [{ Name: '', Link: '#' }, 'Name: zero value'],
    [{ Name: 'x', Link: 'https://elsewhere.example' }, 'Link: begins with #'],
    [{ Name: 'x', Link: `#${'y'.repeat(limits.viewLinkCharsMax)}` }, 'Link: at most'],
    [{ Name: 'x\u0000', Link: '#' }, 'Name: at most'],
    [{ Name: 'x\ud800', Link: '#' }, 'Name: at most'],
    [[], 'parse error'],
  ])('refuses %j', async (view, text) => {
    const answer = await save(view);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(text)]);
  });

  test('holds a bounded number, and a guest may keep some too', async () => {
    for (let index = 0; index < limits.viewsMax; index++)
      expect((await save({ Name: `v${index}`, Link: '#' }, gus)).status).toBe(201);
    expect((await save({ Name: 'one more', Link: '#' }, gus)).status).toBe(507);
    expect((await save({ Name: 'v0', Link: '#again' }, gus)).status).toBe(201);
    expect(Object.keys(await list(gus))).toHaveLength(limits.viewsMax);
  });

  test('what was kept is there after the object was evicted', async () => {
    await save({ Name: 'kept', Link: '#kept' });
    const stub = env.PREFERENCES.getByName('main/preferences/user/alice');
    await evictDurableObject(stub);
    expect(await list()).toMatchObject({ kept: { Link: '#kept' } });
  });

  test('strangers neither read nor write', async () => {
    expect((await ask('/api/view')).status).toBe(401);
    expect((await save({ Name: 'x', Link: '#' }, {} as typeof alice)).status).toBe(401);
  });
});
