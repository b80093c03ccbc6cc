/** Bounds of a capture's members: rows R28 to R30 of the REST reference notes, section 17; and R74, what a guest may. */
import { afterEach, expect, test } from 'vitest';
import { ask, basic } from '../auth/locked.ts';
import { call, expectRefusal, get, post } from '../http.ts';

afterEach(async () => {
  for (const id of Object.keys(JSON.parse((await get('/api/capture')).text) as object))
    await call('DELETE', `/api/capture/${id}`);
});

const create = (members: object) =>
  post('/api/capture', { GremlinQuery: `G.V().Has('Name','${Math.random()}')`, ...members });

test.each([
  ['RawPacketLimit', 11, 'RawPacketLimit: A valid raw packet limit size is > 0 && <= 10'],
  ['HeaderSize', 13, 'HeaderSize: A valid header size is >= 14 && <= 4096'],
  ['HeaderSize', 4097, 'HeaderSize: A valid header size is >= 14 && <= 4096'],
  ['LayerKeyMode', 'L4', 'LayerKeyMode: Not a valid layer key mode'],
  ['LayerKeyMode', 'l2', 'LayerKeyMode: Not a valid layer key mode'],
])('%s %s is refused (R28, R29, R30)', async (member, value, text) => {
  expectRefusal(await create({ [member]: value }), 400, text);
});

test.each([
  ['RawPacketLimit', 10],
  ['HeaderSize', 0],
  ['HeaderSize', 14],
  ['HeaderSize', 4096],
  ['LayerKeyMode', 'L3'],
])('%s %s is taken (R28, R29, R30)', async (member, value) => {
  expect((await create({ [member]: value })).status).toBe(201);
});

test('a guest asks and sees the status, and is told what it may not (R74)', async () => {
  const headers = basic('gus', 'guest');
  const query = await ask('/api/topology', { method: 'POST', headers, body: '{"GremlinQuery":"G.V()"}' });
  expect(query.status).toBe(200);
  expect((await ask('/api/status', { headers })).status).toBe(200);
  expect((await ask('/api/capture', { headers })).status).toBe(403);
  const post = await ask('/api/capture', { method: 'POST', headers, body: '{"GremlinQuery":"G.V()"}' });
  expect([post.status, await post.text()]).toEqual([403, "'gus' has no 'write' permission on 'capture'\n"]);
});
