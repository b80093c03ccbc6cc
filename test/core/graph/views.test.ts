/**
 * What changes of a graph mean for those who see it late, or only a part of it: random graphs and edits, compared with what the
 * graph is and with what the part would be, worked out anew.
 */
import { describe, expect, test } from 'vitest';
import type { GraphEdge, GraphEvent, GraphNode } from '../../../core/graph/element.ts';
import { FrozenGraph } from '../../../core/graph/frozen-graph.ts';
import { Graph } from '../../../core/graph/graph.ts';
import { localViewEvents, type ViewTests } from '../../../core/graph/local-view.ts';
import { NetChanges } from '../../../core/graph/net-changes.ts';
import { ResultView } from '../../../core/graph/result-view.ts';
import { canMatter } from '../../../core/graph/statistics.ts';

const common = { host: 'h', origin: 'o', createdAt: 1, updatedAt: 1, deletedAt: null, revision: 0 };
const node = (id: string, color: string): GraphNode => ({ ...common, id, metadata: { Color: color } });
const edge = (id: string, parent: string, child: string, color = 'red'): GraphEdge => ({
  ...common,
  id,
  parent,
  child,
  metadata: { Color: color },
});

/** A reader that knows only what it is told, and does not put up with what cannot be. */
class Reader {
  readonly nodes = new Map<string, GraphNode>();
  readonly edges = new Map<string, GraphEdge>();

  /** `strict`: no edge is ever without its ends. */
  hear(event: GraphEvent, strict = false): void {
    const [known, element] =
      'node' in event ? [this.nodes, event.node] : [this.edges as Map<string, GraphNode>, event.edge];
    expect(known.has(element.id), `${event.kind} ${element.id}`).toBe(!event.kind.endsWith('Added'));
    if ('before' in event) expect(known.get(element.id)).toEqual(event.before);
    if (event.kind.endsWith('Deleted')) known.delete(element.id);
    else known.set(element.id, element);
    if (!strict) return;
    for (const { parent, child } of this.edges.values())
      expect(this.nodes.has(parent) && this.nodes.has(child)).toBe(true);
  }

  expectToKnow(graph: { nodes(): Iterable<GraphNode>; edges(): Iterable<GraphEdge> }): void {
    const byId = (a: GraphNode, b: GraphNode): number => (a.id < b.id ? -1 : 1);
    expect([...this.nodes.values()].sort(byId)).toEqual([...graph.nodes()].sort(byId));
    expect([...this.edges.values()].sort(byId)).toEqual([...graph.edges()].sort(byId));
  }
}

const COLORS = ['red', 'blue'];

class World {
  readonly graph: Graph;
  readonly #pick: (below: number) => number;
  #clock = 1;

  constructor(seed: number, onEvent: (event: GraphEvent) => void) {
    this.graph = new Graph(onEvent);
    let state = seed * 2_654_435_761 + 1;
    this.#pick = (below) => {
      state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + 3_266_489_917;
      return ((state ^ (state >>> 13)) >>> 0) % below;
    };
  }

  edit(): void {
    const pick = this.#pick;
    const id = `n${pick(6)}`;
    const edgeId = `e${pick(6)}`;
    const color = COLORS[pick(2)]!;
    const stored = this.graph.node(id);
    const storedEdge = this.graph.edge(edgeId);
    switch (pick(5)) {
      case 0:
        if (stored === undefined) this.graph.addNode(node(id, color));
        break;
      case 1:
        if (stored !== undefined)
          this.graph.updateNode({
            ...node(id, color),
            updatedAt: ++this.#clock,
            revision: stored.revision + 1,
          });
        break;
      case 2:
        if (stored !== undefined && pick(2) === 0) this.graph.deleteNode(id, ++this.#clock);
        break;
      case 3: {
        const other = `n${pick(6)}`;
        if (stored !== undefined && storedEdge === undefined && this.graph.node(other) !== undefined)
          this.graph.addEdge(edge(edgeId, id, other, color));
        break;
      }
      case 4:
        if (storedEdge === undefined) break;
        if (pick(2) === 0) this.graph.deleteEdge(edgeId, ++this.#clock);
        else
          this.graph.updateEdge({
            ...storedEdge,
            metadata: { Color: color },
            revision: storedEdge.revision + 1,
          });
        break;
    }
  }
}

const isRed = (element: GraphNode): boolean => element.metadata['Color'] === 'red';

function part(graph: Graph, tests: ViewTests): FrozenGraph {
  const edges = [...graph.edges()].filter((candidate) => tests.edge === undefined || tests.edge(candidate));
  return new FrozenGraph([...graph.nodes()].filter(tests.node), edges);
}

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);

describe('NetChanges', () => {
  test.each(SEEDS)('lead a reader from any moment to any later one (seed %i)', (seed) => {
    const net = new NetChanges();
    const world = new World(seed, (event) => net.apply(event));
    const reader = new Reader();
    for (let step = 0; step < 40; step++) {
      for (let edits = 0; edits <= step % 9; edits++) world.edit();
      for (const event of net.events()) reader.hear(event, true);
      net.clear();
      reader.expectToKnow(world.graph);
    }
  });

  test('say nothing of what came and went, and keep the time of a deletion', () => {
    const net = new NetChanges();
    const graph = new Graph((event) => net.apply(event));
    graph.addNode(node('a', 'red'));
    graph.deleteNode('a', 5);
    expect([...net.events()]).toEqual([]);
    graph.addNode(node('a', 'red'));
    net.clear();
    graph.updateNode(node('a', 'blue'));
    graph.deleteNode('a', 7);
    expect([...net.events()]).toEqual([
      { kind: 'nodeDeleted', node: { ...node('a', 'blue'), deletedAt: 7 } },
    ]);
  });
});

describe.each([
  ['nodes', { node: isRed, edge: undefined }],
  ['nodes and edges', { node: isRed, edge: isRed }],
] satisfies [string, ViewTests][])('a local view that looks at %s', (_what, tests) => {
  test.each(SEEDS)('is what the query would yield (seed %i)', (seed) => {
    const net = new NetChanges();
    const world = new World(seed, (event) => net.apply(event));
    const reader = new Reader();
    for (let step = 0; step < 40; step++) {
      for (let edits = 0; edits <= step % 5; edits++) world.edit();
      for (const { event } of localViewEvents(net, world.graph, tests)) reader.hear(event);
      net.clear();
      reader.expectToKnow(part(world.graph, tests));
    }
  });
});

describe('a view of results', () => {
  test.each(SEEDS)('is what the last run yielded, and follows what cannot matter (seed %i)', (seed) => {
    const view = new ResultView();
    const reader = new Reader();
    const tests = { node: isRed, edge: undefined };
    let matters = true;
    const world = new World(seed, (event) => {
      const known = view.follow(event, undefined, matters || !event.kind.endsWith('Updated'));
      if (known !== undefined) reader.hear(known.event);
    });
    for (let step = 0; step < 40; step++) {
      for (let edits = 0; edits <= step % 5; edits++) world.edit();
      for (const { event } of view.take(part(world.graph, tests))) reader.hear(event);
      reader.expectToKnow(part(world.graph, tests));
      matters = false;
      for (const stored of world.graph.nodes())
        world.graph.updateNode({ ...stored, revision: stored.revision + 1 });
      matters = true;
      reader.expectToKnow(part(world.graph, tests));
    }
  });

  test('an element that is another of the same id goes before it comes', () => {
    const view = new ResultView();
    const graph = new Graph((event) => void view.follow(event, undefined, true));
    graph.addNode(node('a', 'red'));
    view.take(graph);
    graph.deleteNode('a', 9);
    graph.addNode({ ...node('a', 'red'), createdAt: 9 });
    expect(view.take(graph).map(({ event }) => event.kind)).toEqual(['nodeDeleted', 'nodeAdded']);
  });
});

describe('canMatter', () => {
  const updated = (before: GraphNode['metadata'], after: GraphNode['metadata']): GraphEvent => ({
    kind: 'nodeUpdated',
    before: { ...node('a', 'red'), metadata: before },
    node: { ...node('a', 'red'), metadata: after },
  });

  test('statistics matter to queries that name them', () => {
    const event = updated({ Metric: { RxBytes: 1 } }, { Metric: { RxBytes: 2 } });
    expect(canMatter(event, ["G.V().Has('Name','a')"])).toBe(false);
    expect(canMatter(event, ["G.V().Has('Metric.RxBytes',GT(1))"])).toBe(true);
    expect(canMatter(event, ["G.V().Has('@Revision',GT(1))"])).toBe(true);
    expect(canMatter(updated({ A: 1 }, { A: 2 }), ['G'])).toBe(true);
    expect(canMatter({ kind: 'nodeAdded', node: node('a', 'red') }, ['G'])).toBe(true);
  });
});
