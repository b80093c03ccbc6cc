import { expect, test } from 'vitest';
import type { Node } from '../../../core/api/operations.ts';
import { differenceOf } from '../../../ui/model/graph-difference.ts';

const nodes = (...list: [id: string, metadata: Record<string, unknown>][]): Map<string, Node> =>
  new Map(list.map(([ID, Metadata]) => [ID, { ID, Metadata } as unknown as Node]));

test('what came, what went, and which keys are others now; counters are none', () => {
  const before = nodes(
    ['a', { Name: 'a', State: 'UP', MTU: 1500, Metric: { RxBytes: 1 } }],
    ['b', { Name: 'b', IPV4: ['10.0.0.1/24'] }],
    ['c', { Name: 'c', Metric: { RxBytes: 1 } }],
  );
  const after = nodes(
    ['a', { Name: 'a', State: 'DOWN', Speed: 10, Metric: { RxBytes: 2 } }],
    ['c', { Name: 'c', Metric: { RxBytes: 9 } }],
    ['d', { Name: 'd' }],
  );
  const { added, removed, changed } = differenceOf(before, after);
  expect([added, removed].map((list) => list.map(({ ID }) => ID))).toEqual([['d'], ['b']]);
  expect(changed.map(({ node, keys }) => [node.ID, keys])).toEqual([['a', ['MTU', 'Speed', 'State']]]);
  expect(differenceOf(before, before)).toEqual({ added: [], removed: [], changed: [] });
});
