/**
 * A filtered view of a graph that only its query can tell: remembers what the last run yielded, and says what the next one
 * changes for whoever sees only that view. Between two runs changes are kept as one (NetChanges), so that nothing is
 * lost however seldom it runs.
 */
import type { GraphEdge, GraphEvent, GraphNode } from './element.ts';
import type { ViewEvent } from './local-view.ts';
import { NetChanges, type Changes } from './net-changes.ts';
import type { GraphView } from './view.ts';

export class ResultView {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #edges = new Map<string, GraphEdge>();
  readonly #since = new NetChanges();

  /** Nodes and edges that are remembered. */
  get size(): number {
    return this.#nodes.size + this.#edges.size;
  }

  /** Changes since the last run that wait for the next. */
  get waiting(): number {
    return this.#since.size;
  }

  /**
   * Keeps a change for the next run. `matters`: whether it can change what the query yields; when it cannot and nothing
   * waits, what it means is known at once.
   */
  follow(event: GraphEvent, source: unknown, matters: boolean): ViewEvent | undefined {
    if (matters || this.#since.size > 0) {
      this.#since.apply(event, source);
      return undefined;
    }
    if (event.kind === 'nodeUpdated' && this.#nodes.has(event.node.id)) {
      this.#nodes.set(event.node.id, event.node);
      return { event, source };
    }
    if (event.kind === 'edgeUpdated' && this.#edges.has(event.edge.id)) {
      this.#edges.set(event.edge.id, event.edge);
      return { event, source };
    }
    return undefined;
  }

  /** Takes a run's result; in the order of section 7 of the WebSocket notes what it changes. */
  take(result: GraphView): ViewEvent[] {
    const nodes = diff(this.#nodes, result.nodes(), this.#since.nodes);
    const edges = diff(this.#edges, result.edges(), this.#since.edges);
    this.#since.clear();
    const nodeEvents = (
      kind: 'nodeAdded' | 'nodeDeleted',
      list: readonly Sourced<GraphNode>[],
    ): ViewEvent[] => list.map(({ element, source }) => ({ event: { kind, node: element }, source }));
    const edgeEvents = (
      kind: 'edgeAdded' | 'edgeDeleted',
      list: readonly Sourced<GraphEdge>[],
    ): ViewEvent[] => list.map(({ element, source }) => ({ event: { kind, edge: element }, source }));
    return [
      ...edgeEvents('edgeDeleted', edges.replaced),
      ...nodeEvents('nodeDeleted', nodes.replaced),
      ...nodeEvents('nodeAdded', nodes.added),
      ...nodeEvents('nodeDeleted', nodes.removed),
      ...edgeEvents('edgeAdded', edges.added),
      ...edgeEvents('edgeDeleted', edges.removed),
      ...nodes.updated.map(({ before, element, source }): ViewEvent => ({
        event: { kind: 'nodeUpdated', node: element, before },
        source,
      })),
      ...edges.updated.map(({ before, element, source }): ViewEvent => ({
        event: { kind: 'edgeUpdated', edge: element, before },
        source,
      })),
    ];
  }
}

interface Sourced<E> {
  readonly element: E;
  readonly source: unknown;
}

interface Difference<E> {
  /** Deleted, and there again under its id: the old one; the new one is among `added`. */
  readonly replaced: Sourced<E>[];
  readonly added: Sourced<E>[];
  readonly removed: Sourced<E>[];
  readonly updated: (Sourced<E> & { readonly before: E })[];
}

/** Brings `known` to what is there now. Elements never change, so that another object is another state. */
function diff<E extends GraphNode>(
  known: Map<string, E>,
  now: Iterable<E>,
  changes: Changes<E>,
): Difference<E> {
  const difference: Difference<E> = { replaced: [], added: [], removed: [], updated: [] };
  const left = new Map(known);
  for (const element of now) {
    const before = left.get(element.id);
    left.delete(element.id);
    if (before === element) continue;
    const change = changes.get(element.id);
    const source = change?.source;
    known.set(element.id, element);
    if (before === undefined) difference.added.push({ element, source });
    else if (change?.gone === undefined) difference.updated.push({ element, before, source });
    else {
      difference.replaced.push({ element: change.gone, source });
      difference.added.push({ element, source });
    }
  }
  for (const [id, element] of left) {
    const change = changes.get(id);
    known.delete(id);
    difference.removed.push({ element: change?.gone ?? change?.after ?? element, source: change?.source });
  }
  return difference;
}
