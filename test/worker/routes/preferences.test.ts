/** `/api/preferences`: everybody has their own, bounded, and nothing but the routes reaches them. */
import { abortAllDurableObjects, reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../../../core/limits.ts';
import { preferencesOf } from '../../../worker/objects/preferences.ts';
import { call } from '../http.ts';
import { requestWith } from './with-env.ts';

const path = '/api/preferences';
const put = (name: string, value: unknown) => call('PUT', `${path}/${name}`, { body: JSON.stringify(value) });
const all = async () => JSON.parse((await call('GET', path)).text) as unknown;

beforeEach(async () => {
  await reset();
});

describe('a preference', () => {
  test('is kept, replaced and deleted, and survives a restart', async () => {
    expect(await all()).toEqual({});
    const views = [{ Name: 'Döner 🥙 "quoted"', Query: "G.V().Has('Name','eth0')" }, null, 1.5];
    expect((await put('views', views)).status).toBe(200);
    expect((await put('dark', true)).text).toBe('true');
    await abortAllDurableObjects();
    expect(await all()).toEqual({ views, dark: true });
    await put('dark', false);
    expect((await call('DELETE', `${path}/views`)).status).toBe(200);
    await abortAllDurableObjects();
    expect(await all()).toEqual({ dark: false });
    expect((await call('DELETE', `${path}/views`)).status).toBe(404);
  });

  test('called like something that every object has is one like any other', async () => {
    for (const name of ['constructor', 'toString', 'state', 'kept', 'hasOwnProperty'])
      expect((await put(name, name)).status).toBe(200);
    expect(Object.keys((await all()) as object)).toHaveLength(5);
    expect((await call('DELETE', `${path}/valueOf`)).status).toBe(404);
  });

  test.each([
    ['a name with a slash', 'a%2Fb', '1', 400],
    ['a name that is too long', 'x'.repeat(65), '1', 400],
    ['__proto__', '__proto__', '1', 400],
    ['what is not JSON', 'x', '{', 400],
    ['too much', 'x', JSON.stringify('é'.repeat(limits.preferenceCharsMax / 6 + 1)), 413],
  ])('refuses %s and keeps what there was', async (_what, name, body, status) => {
    await put('x', 'before');
    const answer = await call('PUT', `${path}/${name}`, { body });
    expect([answer.status, answer.headers.get('X-Edgedive-Error')]).not.toContain(null);
    expect(answer.status).toBe(status);
    expect(await all()).toEqual({ x: 'before' });
  });

  test('too many are refused; those that are there can be replaced', async () => {
    for (let index = 0; index < limits.preferencesMax; index++) await put(`n${index}`, index);
    expect((await put('more', 1)).status).toBe(507);
    expect((await put('n0', 'again')).status).toBe(200);
  });
});

test('what one keeps nobody else sees', async () => {
  const asked = (who: string, init: RequestInit = {}, at = path) =>
    requestWith(
      { EDGEDIVE_AUTH: 'on', EDGEDIVE_USERS: JSON.stringify({ anna: 'a-password', bert: 'b-password' }) },
      at,
      { ...init, headers: { Authorization: `Basic ${btoa(who)}` } },
    );
  const body = JSON.stringify('mine');
  expect((await asked('anna:a-password', { method: 'PUT', body }, `${path}/view`)).status).toBe(200);
  expect(await (await asked('anna:a-password')).json()).toEqual({ view: 'mine' });
  expect(await (await asked('bert:b-password')).json()).toEqual({});
  expect((await asked('bert:wrong')).status).toBe(401);
});

test('a name that no header takes has an object of its own', async () => {
  const who = { kind: 'jwt', name: 'Ünïcode\n@example.org', roles: [] } as const;
  await preferencesOf(env, who).put('a', '1');
  expect(await preferencesOf(env, who).list()).toEqual({ a: '1' });
  expect(await preferencesOf(env, { ...who, kind: 'user' }).list()).toEqual({});
});
