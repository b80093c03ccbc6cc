/** What an origin may do to a graph: only its own part, each state once, deletions with their edges. */
import { describe, expect, test } from 'vitest';
import type { GraphEdge, GraphEvent, GraphNode, Metadata } from '../../../core/graph/element.ts';
import { Graph } from '../../../core/graph/graph.ts';
import { OriginElements } from '../../../core/graph/origin-elements.ts';
import { OwnChanges } from '../../../core/graph/own-changes.ts';

function node(id: string, metadata: Metadata = {}): GraphNode {
  return { id, metadata, host: 'x', origin: 'x', createdAt: 1, updatedAt: 2, deletedAt: null, revision: 40 };
}

function edge(id: string, parent: string, child: string): GraphEdge {
  return { ...node(id), parent, child };
}

function home() {
  const owned = new OriginElements();
  const events: string[] = [];
  const graph = new Graph((event: GraphEvent) => {
    owned.apply(event);
    events.push(`${event.kind} ${'node' in event ? event.node.id : event.edge.id}`);
  });
  const of = (host: string, elementsMax = 100) =>
    new OwnChanges(
      graph,
      { origin: `agent.${host}`, host, elementsMax },
      () => owned.of(`agent.${host}`),
      99,
    );
  return { graph, owned, events, of };
}

describe('sync', () => {
  test('twice the same equals once', () => {
    const { graph, events, of } = home();
    const state = [[node('a', { N: 1 }), node('b')], [edge('e', 'a', 'b')]] as const;
    of('h').sync(...state);
    const before = [...graph.nodes(), ...graph.edges()];
    events.length = 0;
    of('h').sync(...state);
    expect(events).toEqual([]);
    expect([...graph.nodes(), ...graph.edges()]).toEqual(before);
  });

  test('does not care for the order of members', () => {
    const { events, of } = home();
    of('h').sync([node('a', { A: 1, B: { C: 1, D: 2 } })], []);
    events.length = 0;
    of('h').sync([node('a', { B: { D: 2, C: 1 }, A: 1 })], []);
    expect(events).toEqual([]);
  });

  test('forces origin and host, starts at Revision 1 and counts up from what is stored', () => {
    const { graph, of } = home();
    of('h').sync([node('a')], []);
    expect(graph.node('a')).toMatchObject({
      origin: 'agent.h',
      host: 'h',
      revision: 1,
      createdAt: 1,
      updatedAt: 2,
    });
    of('h').sync([node('a', { N: 1 })], []);
    expect(graph.node('a')).toMatchObject({ revision: 2, createdAt: 1, updatedAt: 99 });
  });

  test('deletes what is missing, edges before their nodes, and leaves other origins alone', () => {
    const { graph, owned, events, of } = home();
    of('other').sync([node('o')], []);
    of('h').sync([node('a'), node('b')], [edge('e', 'a', 'b')]);
    events.length = 0;
    of('h').sync([node('b')], []);
    expect(events).toEqual(['edgeDeleted e', 'nodeDeleted a']);
    expect(graph.node('o')).toBeDefined();
    of('h').sync([], []);
    expect([...owned.origins()]).toEqual(['agent.other']);
  });

  test('an edge whose ends differ is another edge', () => {
    const { graph, events, of } = home();
    of('h').sync([node('a'), node('b'), node('c')], [edge('e', 'a', 'b')]);
    events.length = 0;
    of('h').sync([node('a'), node('b'), node('c')], [edge('e', 'a', 'c')]);
    expect(events).toEqual(['edgeDeleted e', 'edgeAdded e']);
    expect(graph.edge('e')).toMatchObject({ child: 'c', revision: 1 });
  });
});

describe('refusals', () => {
  test("another origin's elements stay as they are, whatever is said about them", () => {
    const { graph, of } = home();
    of('other').sync([node('o', { N: 1 }), node('p')], [edge('e', 'o', 'p')]);
    const own = of('h');
    own.sync([node('o', { N: 2 })], [edge('e', 'o', 'o')]);
    own.apply({ kind: 'deleteNode', id: 'o' });
    own.apply({ kind: 'deleteEdge', id: 'e' });
    expect(own.refused.foreign).toBe(4);
    expect(graph.node('o')?.metadata).toEqual({ N: 1 });
    expect(graph.edge('e')).toMatchObject({ child: 'p' });
  });

  test('dangling edges and what is too many are counted, the rest goes on', () => {
    const { graph, of } = home();
    const own = of('h', 3);
    own.sync(
      [node('a'), node('b')],
      [edge('lost', 'a', 'nowhere'), edge('e', 'a', 'b'), edge('f', 'b', 'a')],
    );
    expect(own.refused).toEqual({ foreign: 0, dangling: 1, tooMany: 1, graphFull: 0 });
    expect([...graph.edges()].map(({ id }) => id)).toEqual(['e']);
  });
});

describe('a full graph', () => {
  test('takes nothing more, from whomever, and says so; what is there can change and make room', () => {
    const { graph, of } = home();
    graph.limitTo(() => 3);
    of('h').sync([node('a'), node('b')], [edge('e', 'a', 'b')]);
    const other = of('other');
    other.sync([node('c')], []);
    expect(other.refused).toMatchObject({ graphFull: 1, tooMany: 0 });
    expect(() => graph.addNode(node('d'))).toThrow('as many nodes and edges as it may have (elementsMax)');
    expect(() => graph.addEdge(edge('f', 'a', 'b'))).toThrow('(elementsMax)');
    of('h').sync([node('a', { N: 1 }), node('b')], []);
    of('other').apply({ kind: 'putNode', node: node('c') });
    expect([...graph.nodes()].map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect([...graph.edges()]).toEqual([]);
    expect(graph.node('a')?.metadata).toEqual({ N: 1 });
  });
});
