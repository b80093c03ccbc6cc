import { describe, expect, test } from 'vitest';
import type { Edge, Node } from '../../../core/api/operations.ts';
import { LiveGraph } from '../../../ui/model/live-graph.ts';
import { edge, node } from './elements.ts';

const graphOf = (nodes: readonly Node[], edges: readonly Edge[] = []): LiveGraph => {
  const graph = new LiveGraph();
  graph.apply('SyncReply', { Nodes: nodes, Edges: edges });
  return graph;
};

describe('LiveGraph', () => {
  test('a reply replaces all there was, and may be empty', () => {
    const graph = graphOf([node('a'), node('b')], [edge('a', 'b')]);
    expect([...graph.nodes.keys()]).toEqual(['a', 'b']);
    expect(graph.edges.size).toBe(1);
    graph.apply('SyncReply', { Nodes: null, Edges: null });
    expect([graph.nodes.size, graph.edges.size]).toEqual([0, 0]);
  });

  test('follows elements that come, change and go', () => {
    const graph = graphOf([node('a')]);
    graph.apply('NodeAdded', node('b'));
    graph.apply('EdgeAdded', edge('a', 'b'));
    graph.apply('NodeUpdated', node('a', { Name: 'other' }));
    expect(graph.nodes.get('a')?.Metadata['Name']).toBe('other');
    graph.apply('EdgeDeleted', edge('a', 'b'));
    graph.apply('NodeDeleted', node('b'));
    expect([[...graph.nodes.keys()], graph.edges.size]).toEqual([['a'], 0]);
  });

  test('applies operations in order, makes objects on the way and takes emptied ones away', () => {
    const graph = graphOf([node('a', { Name: 'a', Deep: { Only: 1 } })]);
    graph.apply('NodePartiallyUpdated', {
      ID: 'a',
      UpdatedAt: 7,
      Revision: 3,
      Ops: [
        { Type: 1, Key: 'New.Deep.Key', Value: [1] },
        { Type: 2, Key: 'Deep.Only', Value: null },
        { Type: 2, Key: 'Not.There', Value: null },
        { Type: 1, Key: 'Name', Value: 'b' },
      ],
    });
    expect(graph.nodes.get('a')).toMatchObject({ UpdatedAt: 7, Revision: 3 });
    expect(graph.nodes.get('a')?.Metadata).toEqual({ Name: 'b', New: { Deep: { Key: [1] } } });
  });

  test('says when only counters changed, so that nothing is laid out again', () => {
    const graph = graphOf([node('a', { Name: 'a', Metric: { RxBytes: 1 } })]);
    const [version, shape] = [graph.version, graph.shapeVersion];
    graph.apply('NodeUpdated', node('a', { Name: 'a', Metric: { RxBytes: 2 } }));
    expect([graph.version, graph.shapeVersion]).toEqual([version + 1, shape]);
    graph.apply('NodeUpdated', node('a', { Name: 'a', State: 'DOWN' }));
    expect(graph.shapeVersion).toBe(shape + 1);
  });

  test('knows what it does not know', () => {
    const graph = graphOf([]);
    expect(graph.apply('NodePartiallyUpdated', { ID: 'x', Ops: [] })).toBe(false);
    expect(graph.apply('NodeDeleted', node('x'))).toBe(false);
    expect(graph.apply('Something', {})).toBe(false);
  });
});
