import { expect, test } from 'vitest';
import type { Edge, Node } from '../../../core/api/operations.ts';
import { changesOf, differenceOf, unionOf } from '../../../ui/model/graph-difference.ts';

const graphOf = (nodes: Record<string, object>, edges: readonly string[] = []) => ({
  nodes: new Map(Object.entries(nodes).map(([ID, Metadata]) => [ID, { ID, Metadata } as unknown as Node])),
  edges: new Map(edges.map((ID) => [ID, { ID, Metadata: {} } as unknown as Edge])),
});
const before = graphOf(
  {
    a: { Name: 'a', State: 'UP', MTU: 1500, Metric: { RxBytes: 1 } },
    b: { Name: 'b', IPV4: ['10.0.0.1/24'] },
    c: { Name: 'c', Metric: { RxBytes: 1 } },
  },
  ['ab', 'ac'],
);
const after = graphOf(
  {
    a: { Name: 'a', State: 'DOWN', Speed: 10, Metric: { RxBytes: 2 } },
    c: { Name: 'c', Metric: { RxBytes: 9 } },
    d: { Name: 'd' },
  },
  ['ac', 'ad'],
);
const ids = (list: readonly { readonly ID: string }[]) => list.map(({ ID }) => ID);

test('what came, what went, and which keys of what stayed are others; counters are none', () => {
  const found = differenceOf(before, after);
  expect([found.added, found.removed, found.linksAdded, found.linksRemoved].map(ids)).toEqual([
    ['d'],
    ['b'],
    ['ad'],
    ['ab'],
  ]);
  expect(found.changed.map(({ node, keys }) => [node.ID, keys])).toEqual([['a', ['MTU', 'Speed', 'State']]]);
  expect(Object.fromEntries(changesOf(found))).toEqual({ a: 'changed', b: 'went', d: 'came' });
  expect(changesOf(differenceOf(before, before)).size).toBe(0);
});

test('both times in one graph: what stayed as it is later', () => {
  const union = unionOf(before, after);
  expect([[...union.nodes.keys()].toSorted(), [...union.edges.keys()].toSorted()]).toEqual([
    ['a', 'b', 'c', 'd'],
    ['ab', 'ac', 'ad'],
  ]);
  expect(union.nodes.get('a')!.Metadata['State']).toBe('DOWN');
});
