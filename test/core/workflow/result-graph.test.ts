import { expect, test } from 'vitest';
import { graphOfResult } from '../../../core/workflow/result-graph.ts';

test('elements are taken with what they have', () => {
  const nodes = [
    { ID: 'a', Metadata: { Name: 'x' }, Host: 'h' },
    { id: 'b', CreatedAt: 3 },
  ];
  const edges = [{ ID: 'e', Parent: 'a', Child: 'b', Metadata: { RelationType: 'layer2' } }];
  const graph = graphOfResult({ Nodes: nodes, edges }, 7);
  expect(graph.nodes).toMatchObject([
    { id: 'a', metadata: { Name: 'x' }, host: 'h', createdAt: 7, revision: 0 },
    { id: 'b', metadata: {}, createdAt: 3 },
  ]);
  expect(graph.edges).toMatchObject([{ id: 'e', parent: 'a', child: 'b' }]);
});

test.each([[null], [3], ['x'], [[]], [{}], [{ nodes: null }]])('%j has none', (result) => {
  expect(graphOfResult(result, 0)).toEqual({ nodes: [], edges: [] });
});

test.each([
  [{ nodes: {} }, 'expected [ for member nodes'],
  [{ nodes: [{}] }, 'No ID found'],
  [{ nodes: ['x'] }, 'parse error'],
  [{ edges: [{ ID: 'e' }] }, 'parent ID'],
])('%j is refused', (result, text) => {
  expect(() => graphOfResult(result, 0)).toThrow(text);
});
