/**
 * Many changes of a graph as one: for each element what it was before all of them and what it is after. What a reader who
 * fell behind still has to hear is this, whatever happened in between.
 */
import type { GraphEdge, GraphEvent, GraphNode } from './element.ts';

/** `before` and `after` are undefined where the element was not there. */
export interface NetChange<E extends GraphNode> {
  readonly before: E | undefined;
  readonly after: E | undefined;
  /** The last deletion, with its time; undefined when there was none. One with `after` is another of the same id. */
  readonly gone: E | undefined;
  /** Who caused it; `undefined` for nobody, or more than one. */
  readonly source: unknown;
}

export type Changes<E extends GraphNode> = ReadonlyMap<string, NetChange<E>>;

export class NetChanges {
  readonly #nodes = new Map<string, NetChange<GraphNode>>();
  readonly #edges = new Map<string, NetChange<GraphEdge>>();

  get nodes(): Changes<GraphNode> {
    return this.#nodes;
  }

  get edges(): Changes<GraphEdge> {
    return this.#edges;
  }

  get size(): number {
    return this.#nodes.size + this.#edges.size;
  }

  /** Follows one event; they come in order. */
  apply(event: GraphEvent, source?: unknown): void {
    switch (event.kind) {
      case 'nodeAdded':
        follow(this.#nodes, event.node.id, undefined, event.node, source);
        break;
      case 'nodeUpdated':
        follow(this.#nodes, event.node.id, event.before, event.node, source);
        break;
      case 'nodeDeleted':
        remove(this.#nodes, event.node, source);
        break;
      case 'edgeAdded':
        follow(this.#edges, event.edge.id, undefined, event.edge, source);
        break;
      case 'edgeUpdated':
        follow(this.#edges, event.edge.id, event.before, event.edge, source);
        break;
      case 'edgeDeleted':
        remove(this.#edges, event.edge, source);
        break;
    }
  }

  clear(): void {
    this.#nodes.clear();
    this.#edges.clear();
  }

  /**
   * The events that lead from before to after, in an order in which no edge is without its ends: first what goes, then what
   * comes, then what changes.
   */
  *events(): Generator<GraphEvent> {
    for (const { before, gone } of this.#edges.values())
      if (before !== undefined && gone !== undefined) yield { kind: 'edgeDeleted', edge: gone };
    for (const { before, gone } of this.#nodes.values())
      if (before !== undefined && gone !== undefined) yield { kind: 'nodeDeleted', node: gone };
    for (const { before, after, gone } of this.#nodes.values())
      if (after !== undefined && (before === undefined || gone !== undefined))
        yield { kind: 'nodeAdded', node: after };
    for (const { before, after, gone } of this.#edges.values())
      if (after !== undefined && (before === undefined || gone !== undefined))
        yield { kind: 'edgeAdded', edge: after };
    for (const { before, after, gone } of this.#nodes.values())
      if (before !== undefined && after !== undefined && gone === undefined && before !== after)
        yield { kind: 'nodeUpdated', node: after, before };
    for (const { before, after, gone } of this.#edges.values())
      if (before !== undefined && after !== undefined && gone === undefined && before !== after)
        yield { kind: 'edgeUpdated', edge: after, before };
  }
}

function follow<E extends GraphNode>(
  changes: Map<string, NetChange<E>>,
  id: string,
  before: E | undefined,
  after: E,
  source: unknown,
): void {
  const known = changes.get(id);
  if (known === undefined) changes.set(id, { before, after, gone: undefined, source });
  else changes.set(id, { ...known, after, source: joined(known.source, source) });
}

function remove<E extends GraphNode>(changes: Map<string, NetChange<E>>, gone: E, source: unknown): void {
  const known = changes.get(gone.id);
  const before = known === undefined ? { ...gone, deletedAt: null } : known.before;
  // Added and deleted again: nobody has to hear of it.
  if (before === undefined) changes.delete(gone.id);
  else {
    const by = known === undefined ? source : joined(known.source, source);
    changes.set(gone.id, { before, after: undefined, gone, source: by });
  }
}

function joined(a: unknown, b: unknown): unknown {
  return a === b ? a : undefined;
}
