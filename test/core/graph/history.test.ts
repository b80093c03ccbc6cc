import { describe, expect, it } from 'vitest';
import type { GraphEdge, GraphNode } from '../../../core/graph/element.ts';
import { FrozenGraph } from '../../../core/graph/frozen-graph.ts';
import {
  isPoint,
  livesIn,
  RevisionGraph,
  RevisionStore,
  type WantedRevisions,
} from '../../../core/graph/history.ts';
import { LateGraph } from '../../../core/graph/late-graph.ts';

function node(id: string, change: Partial<GraphNode> = {}): GraphNode {
  const times = { createdAt: 10, updatedAt: 10, deletedAt: null };
  return { id, metadata: {}, host: '', origin: '', ...times, revision: 1, ...change };
}

function edge(parent: string, child: string, change: Partial<GraphEdge> = {}): GraphEdge {
  return { ...node(`${parent}>${child}`), parent, child, ...change };
}

describe('livesIn', () => {
  // Gremlin notes, section 9.2: the borders are inclusive.
  it.each([
    [{ fromMs: 9, toMs: 9 }, false],
    [{ fromMs: 10, toMs: 10 }, true],
    [{ fromMs: 20, toMs: 20 }, true],
    [{ fromMs: 21, toMs: 21 }, false],
    [{ fromMs: 0, toMs: 100 }, true],
    [{ fromMs: 0, toMs: 9 }, false],
    [{ fromMs: 21, toMs: 100 }, false],
  ])('of what was from 10 to 20, in %j: %s', (slice, expected) => {
    expect(livesIn({ element: node('a', { deletedAt: 20 }), archivedAt: null }, slice)).toBe(expected);
    expect(livesIn({ element: node('a'), archivedAt: 20 }, slice)).toBe(expected);
  });

  it('does not take a state from before it was reached', () => {
    const element = node('a', { updatedAt: 15 });
    expect(livesIn({ element, archivedAt: null }, { fromMs: 12, toMs: 14 })).toBe(false);
  });
});

describe('isPoint', () => {
  it('is true of slices without length', () => {
    expect([isPoint({ fromMs: 1, toMs: 1 }), isPoint({ fromMs: 1, toMs: 2 })]).toEqual([true, false]);
  });
});

describe('RevisionStore', () => {
  const store = new RevisionStore(
    [
      { element: node('a', { updatedAt: 30, revision: 2 }), archivedAt: null },
      { element: node('b', { createdAt: 5, updatedAt: 5 }), archivedAt: null },
      { element: node('a'), archivedAt: 30 },
    ],
    [
      { element: edge('a', 'b'), archivedAt: null },
      { element: edge('a', 'gone'), archivedAt: null },
    ],
  );

  it('shows the highest revision at a moment of change, in order of creation, without dangling edges', () => {
    const view = store.at({ fromMs: 30, toMs: 30 });
    expect([...view.nodes()].map(({ id, revision }) => [id, revision])).toEqual([
      ['b', 1],
      ['a', 2],
    ]);
    expect([...view.edges()].map((one) => one.id)).toEqual(['a>b']);
    expect([...view.edgesOut('a')].length + [...view.edgesIn('b')].length).toBe(2);
  });

  it('lists every revision of a slice by the time of its change', () => {
    const { nodes, edges } = store.revisions({ fromMs: 0, toMs: 40 });
    expect(nodes.map(({ id, revision }) => [id, revision])).toEqual([
      ['b', 1],
      ['a', 1],
      ['a', 2],
    ]);
    expect(edges).toHaveLength(2);
  });
});

describe('RevisionGraph', () => {
  const all = {
    nodes: [
      node('a', { metadata: { Name: 'x' } }),
      node('a', { revision: 2, metadata: { Name: ['y', 'x'] } }),
      node('b', { host: 'x' }),
    ],
    edges: [edge('a', 'b')],
  };
  const current = <Element extends GraphNode>(elements: readonly Element[]) =>
    elements.map((element) => ({ element, archivedAt: null }));

  function slice(): { graph: RevisionGraph; reads: (WantedRevisions | undefined)[] } {
    const store = new RevisionStore(current(all.nodes), current(all.edges));
    const reads: (WantedRevisions | undefined)[] = [];
    const graph = new RevisionGraph((wanted) => {
      reads.push(wanted);
      return store.revisions({ fromMs: 0, toMs: 100 }, wanted);
    });
    return { graph, reads };
  }

  it('has all revisions of an id, the latest when one is asked for', () => {
    const { graph } = slice();
    expect(graph.nodeRevisions('a')).toHaveLength(2);
    expect(graph.node('a')?.revision).toBe(2);
    expect([graph.nodeCount, graph.edgeCount, graph.nodeRevisions('x').length]).toEqual([3, 1, 0]);
    expect(graph.edge('a>b')).toBe(graph.edgeRevisions('a>b')[0]);
    expect([...graph.edgesOut('a')]).toEqual([...graph.edgesIn('b')]);
    expect([graph.nodeRevisions('a').length, graph.nodesWith('Name', 'x')]).toEqual([2, undefined]);
  });

  it('is read when it is looked at, and only for what is looked up until that is asked often', () => {
    const { graph, reads } = slice();
    expect(reads).toEqual([]);
    expect([...graph.nodesWith('Name', 'x')!].map(({ revision }) => revision)).toEqual([1, 2]);
    expect([...graph.nodesWith('@Host', 'x')!].map(({ id }) => id)).toEqual(['b']);
    expect(graph.edgeRevisions('a>b')).toHaveLength(1);
    expect(reads).toEqual([{ key: 'Name', text: 'x' }, { key: '@Host', text: 'x' }, { id: 'a>b' }]);
    for (let n = 0; n < 20; n++)
      expect(graph.nodeRevisions(n % 2 === 0 ? 'b' : 'c')).toHaveLength(1 - (n % 2));
    expect(reads).toHaveLength(9);
    expect(reads.at(-1)).toBeUndefined();
  });
});

describe('LateGraph', () => {
  it('is made once, when it is first looked at', () => {
    let made = 0;
    const late = new LateGraph(() => {
      made++;
      return new FrozenGraph([node('a'), node('b')], [edge('a', 'b')]);
    });
    expect(made).toBe(0);
    expect([late.nodeCount, late.edgeCount, late.node('a')?.id, late.edge('a>b')?.id]).toEqual([
      2,
      1,
      'a',
      'a>b',
    ]);
    expect([...late.nodes(), ...late.edges(), ...late.edgesOut('a'), ...late.edgesIn('b')]).toHaveLength(5);
    expect([late.nodesWith('Name', 'a'), made]).toEqual([undefined, 1]);
  });
});

describe('FrozenGraph', () => {
  it('keeps the latest of several revisions in the place of the first', () => {
    const graph = new FrozenGraph([node('a'), node('b'), node('a', { revision: 3 })], []);
    expect([...graph.nodes()].map(({ id, revision }) => [id, revision])).toEqual([
      ['a', 3],
      ['b', 1],
    ]);
  });
});
