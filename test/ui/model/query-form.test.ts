import { expect, test } from 'vitest';
import { parseQuery } from '../../../core/gremlin/parser.ts';
import { CONDITIONS, gremlinOf, THINGS, YIELDS, type FormQuery } from '../../../ui/model/query-form.ts';

const plain: FormQuery = { thing: 'nodes', asked: [], yields: 'all', key: '', ago: '', limit: 0 };
const one = (key: string, condition: keyof typeof CONDITIONS, value = '') => [{ key, condition, value }];

test.each<[Partial<FormQuery>, string]>([
  [{}, 'G.V()'],
  [{ asked: one('Type', 'is', 'netns'), yields: 'count' }, "G.V().Has('Type', 'netns').Count()"],
  [{ asked: one('MTU', 'above', '1500') }, "G.V().Has('MTU', Gt(1500))"],
  [{ asked: one('Name', 'like', 'a.b') }, String.raw`G.V().Has('Name', Regex('.*a\\.b.*'))`],
  [{ asked: one('Name', 'isNot', "o'b") }, String.raw`G.V().Has('Name', Ne('o\'b'))`],
  [{ asked: one('IPV4', 'within', '10.0.0.0/8') }, "G.V().Has('IPV4', Ipv4Range('10.0.0.0/8'))"],
  [{ asked: one(' ', 'is', 'x') }, 'G.V()'],
  [{ thing: 'flows', ago: '1h', limit: 5 }, "G.At(NOW, '1h').Flows().Limit(5)"],
  [{ ago: '5m', yields: 'graph' }, "G.At('-5m').V().SubGraph()"],
  [{ thing: 'links', yields: 'values', key: 'RelationType' }, "G.E().Values('RelationType')"],
])('%j is %s', (form, text) => {
  expect(gremlinOf({ ...plain, ...form })).toBe(text);
});

test('whatever is chosen and typed, what it writes can be read', () => {
  for (const thing of Object.keys(THINGS) as (keyof typeof THINGS)[])
    for (const yields of Object.keys(YIELDS) as (keyof typeof YIELDS)[])
      for (const condition of Object.keys(CONDITIONS) as (keyof typeof CONDITIONS)[])
        for (const value of ['10', '10.0.0.0/8', "it's", 'a\\b'])
          for (const ago of ['', '5m']) {
            if (condition === 'within' && value !== '10.0.0.0/8') continue;
            const text = gremlinOf({
              thing,
              yields,
              key: 'Name',
              ago,
              limit: 3,
              asked: one(thing === 'flows' ? 'Network.A' : 'Name', condition, value),
            });
            expect(() => parseQuery(text), text).not.toThrow();
          }
});
