import { describe, expect, it } from 'vitest';
import type { GraphEdge, GraphEvent, GraphNode, Metadata } from '../../../core/graph/element.ts';
import { GraphError } from '../../../core/graph/errors.ts';
import { Graph } from '../../../core/graph/graph.ts';

function node(id: string, metadata: Metadata = {}, revision = 1): GraphNode {
  return {
    id,
    metadata,
    host: 'h',
    origin: 'agent.h',
    createdAt: 1,
    updatedAt: 1,
    deletedAt: null,
    revision,
  };
}

function edge(id: string, parent: string, child: string): GraphEdge {
  return { ...node(id), parent, child };
}

function graphWithEvents(): { graph: Graph; events: GraphEvent[] } {
  const events: GraphEvent[] = [];
  return { graph: new Graph((event) => events.push(event)), events };
}

describe('Graph', () => {
  it('announces every change after it was made, edges of a deleted node first', () => {
    const { graph, events } = graphWithEvents();
    graph.addNode(node('a'));
    graph.addNode(node('b'));
    graph.addEdge(edge('e', 'a', 'b'));
    graph.addEdge(edge('loop', 'a', 'a'));
    graph.updateNode(node('b', { Name: 'x' }, 2));
    graph.updateEdge({ ...edge('e', 'z', 'z'), revision: 2 });
    graph.deleteNode('a', 7);
    expect(events.map((event) => event.kind)).toEqual([
      'nodeAdded',
      'nodeAdded',
      'edgeAdded',
      'edgeAdded',
      'nodeUpdated',
      'edgeUpdated',
      'edgeDeleted',
      'edgeDeleted',
      'nodeDeleted',
    ]);
    expect(events[5]).toMatchObject({
      edge: { parent: 'a', child: 'b', revision: 2 },
      before: { revision: 1 },
    });
    expect(events[8]).toMatchObject({ node: { id: 'a', deletedAt: 7 } });
    expect([graph.nodeCount, graph.edgeCount]).toEqual([1, 0]);
    expect([...graph.edgesIn('b')]).toEqual([]);
  });

  it.each<[string, string, (graph: Graph) => void]>([
    ['Node ID conflict', 'node-conflict', (graph) => graph.addNode(node('a'))],
    ['Edge ID conflict', 'edge-conflict', (graph) => graph.addEdge(edge('e', 'a', 'b'))],
    ['Parent node not found', 'parent-not-found', (graph) => graph.addEdge(edge('f', 'x', 'b'))],
    ['Child node not found', 'child-not-found', (graph) => graph.addEdge(edge('f', 'a', 'x'))],
    ['Node not found', 'node-not-found', (graph) => graph.updateNode(node('x'))],
    ['Node not found', 'node-not-found', (graph) => graph.deleteNode('x', 1)],
    ['Edge not found', 'edge-not-found', (graph) => graph.updateEdge(edge('x', 'a', 'b'))],
    ['Edge not found', 'edge-not-found', (graph) => graph.deleteEdge('x', 1)],
  ])('refuses with "%s" (%s) and changes nothing', (message, code, change) => {
    const { graph, events } = graphWithEvents();
    graph.addNode(node('a'));
    graph.addNode(node('b'));
    graph.addEdge(edge('e', 'a', 'b'));
    const before = events.length;
    expect(() => change(graph)).toThrow(expect.objectContaining({ message, code }) as GraphError);
    expect([events.length, graph.nodeCount, graph.edgeCount]).toEqual([before, 2, 1]);
  });

  it('finds nodes by indexed text, in order of insertion, also after updates and in lists', () => {
    const { graph } = graphWithEvents();
    for (const id of ['a', 'b', 'c']) graph.addNode(node(id, { Name: 'x', MAC: ['m1', `m-${id}`, 7] }));
    graph.updateNode(node('a', { Name: 'y' }));
    graph.updateNode(node('a', { Name: 'x' }));
    expect([...graph.nodesWith('Name', 'x')].map((one) => one.id)).toEqual(['a', 'b', 'c']);
    expect([...graph.nodesWith('MAC', 'm1')].map((one) => one.id)).toEqual(['b', 'c']);
    expect([...graph.nodesWith('Name', 'y')]).toEqual([]);
    expect([...graph.nodesWith('@Host', 'h')]).toHaveLength(3);
    graph.deleteNode('b', 1);
    expect([...graph.nodesWith('MAC', 'm-b')]).toEqual([]);
  });

  it('keeps a node in its place when it is updated', () => {
    const { graph } = graphWithEvents();
    for (const id of ['a', 'b']) graph.addNode(node(id));
    graph.updateNode(node('a', { Name: 'x' }));
    expect([...graph.nodes()].map((one) => one.id)).toEqual(['a', 'b']);
  });
});
