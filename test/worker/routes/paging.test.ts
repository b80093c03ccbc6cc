/** `?limit=&after=` on lists. */
import { afterAll, describe, expect, test } from 'vitest';
import { call, expectRefusal, get, post } from '../http.ts';

const ids: string[] = [];
afterAll(async () => {
  for (const id of ids) await call('DELETE', `/api/node/${encodeURIComponent(id)}`);
});

describe('a list in pages', () => {
  test('has every entry once, in the order of ids', async () => {
    for (const id of ['p3', 'p1', 'p/2 ü', 'p5', 'p4']) {
      ids.push(id);
      await post('/api/node', { ID: id, Metadata: { Name: id, Type: 'x' } });
    }
    const seen: string[][] = [];
    for (let after = ''; ;) {
      const { headers, text, status } = await get(`/api/node?limit=2&after=${after}`);
      expect(status).toBe(200);
      seen.push(Object.keys(JSON.parse(text) as object));
      const next = headers.get('X-Edgedive-Next');
      if (next === null) break;
      after = next;
    }
    expect(seen).toEqual([['p/2 ü', 'p1'], ['p3', 'p4'], ['p5']]);
    expect(Object.keys(JSON.parse((await get('/api/node')).text) as object)).toHaveLength(5);
  });

  test.each(['0', '-1', 'x', '1.5', '10001', ''])('the limit %j is refused', async (limit) => {
    expectRefusal(
      await get(`/api/capture?limit=${limit}`),
      400,
      'limit: expected a whole number from 1 to 10000',
    );
  });

  test('of resources, too', async () => {
    expect(JSON.parse((await get('/api/capture?limit=5')).text)).toEqual({});
  });
});
