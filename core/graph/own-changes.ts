/**
 * Applies what one origin says about its own elements to a graph: a whole state (`syncOrigin`) or single changes
 * (`applyChange`). The origin's revisions are not trusted, because they start again with each start of a probe:
 * an element that comes unchanged keeps its Revision, a changed one gets the stored Revision + 1. What others laid over a
 * node (`overlays.ts`) is no matter of its owner's and stays.
 * Nothing here throws for what a peer sent; what cannot be applied is refused, counted, and the rest goes on.
 */
import type { GraphEdge, GraphNode, Metadata } from './element.ts';
import type { Graph } from './graph.ts';
import { jsonEquals } from './metadata.ts';
import type { OwnedElements } from './origin-elements.ts';

/** Why an element was not taken; each is a counter in the status. */
export interface Refused {
  /** Its id belongs to another origin. */
  foreign: number;
  /** An edge whose parent or child is not in the graph. */
  dangling: number;
  /** The origin already has `elementsMax` elements. */
  tooMany: number;
  /** The whole graph is full, whoever its elements belong to. */
  graphFull: number;
}

export interface Owner {
  /** `<service>.<host id>`. Overwrites what the elements say. */
  readonly origin: string;
  readonly host: string;
  readonly elementsMax: number;
  /** What a node, or an edge, shows whose owner says this of it; absent = just that. */
  readonly show?: (kind: 'node' | 'edge', id: string, metadata: Metadata) => Metadata;
  /** Whether the edge of this id makes room for an own one. */
  readonly replaces?: (edgeId: string) => boolean;
}

export type ElementChange =
  | { readonly kind: 'putNode'; readonly node: GraphNode }
  | { readonly kind: 'putEdge'; readonly edge: GraphEdge }
  | { readonly kind: 'deleteNode' | 'deleteEdge'; readonly id: string };

export class OwnChanges {
  readonly #graph: Graph;
  readonly #owner: Owner;
  readonly #owned: () => OwnedElements;
  readonly #nowMs: number;
  readonly refused: Refused = { foreign: 0, dangling: 0, tooMany: 0, graphFull: 0 };

  /** `owned` gives the origin's elements as they are at each call. */
  constructor(graph: Graph, owner: Owner, owned: () => OwnedElements, nowMs: number) {
    this.#graph = graph;
    this.#owner = owner;
    this.#owned = owned;
    this.#nowMs = nowMs;
  }

  /** Makes the origin's part of the graph what is listed. Later duplicates of an id win. */
  sync(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): void {
    const nodeIds = new Set(nodes.map((node) => node.id));
    const edgeIds = new Set(edges.map((edge) => edge.id));
    const owned = this.#owned();
    for (const id of owned.edges) if (!edgeIds.has(id)) this.#deleteEdge(id);
    for (const id of owned.nodes) if (!nodeIds.has(id)) this.#deleteNode(id);
    for (const node of nodes) this.apply({ kind: 'putNode', node });
    for (const edge of edges) this.apply({ kind: 'putEdge', edge });
  }

  /** Adds, updates or deletes one element; what is already so stays untouched. */
  apply(change: ElementChange): void {
    switch (change.kind) {
      case 'putNode':
        this.#putNode(change.node);
        break;
      case 'putEdge':
        this.#putEdge(change.edge);
        break;
      case 'deleteNode':
        this.#deleteNode(change.id);
        break;
      case 'deleteEdge':
        this.#deleteEdge(change.id);
        break;
    }
  }

  #putNode(node: GraphNode): void {
    const stored = this.#graph.node(node.id);
    if (stored === undefined) {
      if (this.#mayAdd()) this.#graph.addNode(this.#fresh(node));
      return;
    }
    if (!this.#isOwn(stored.origin)) return;
    const metadata = this.#owner.show?.('node', node.id, node.metadata) ?? node.metadata;
    if (!jsonEquals(stored.metadata, metadata)) this.#graph.updateNode(this.#revised(stored, metadata));
  }

  #putEdge(edge: GraphEdge): void {
    let stored = this.#graph.edge(edge.id);
    if (stored !== undefined && this.#owner.replaces?.(edge.id) === true) {
      this.#graph.deleteEdge(edge.id, this.#nowMs);
      stored = undefined;
    }
    if (stored !== undefined && !this.#isOwn(stored.origin)) return;
    const sameEnds = stored?.parent === edge.parent && stored.child === edge.child;
    if (stored !== undefined && sameEnds) {
      const metadata = this.#owner.show?.('edge', edge.id, edge.metadata) ?? edge.metadata;
      if (!jsonEquals(stored.metadata, metadata)) this.#graph.updateEdge(this.#revised(stored, metadata));
      return;
    }
    // An edge cannot change its ends: with others it is another edge that took over the id.
    if (stored !== undefined) this.#graph.deleteEdge(edge.id, this.#nowMs);
    if (this.#graph.node(edge.parent) === undefined || this.#graph.node(edge.child) === undefined)
      this.refused.dangling++;
    else if (this.#mayAdd()) this.#graph.addEdge(this.#fresh(edge));
  }

  #deleteNode(id: string): void {
    const stored = this.#graph.node(id);
    if (stored !== undefined && this.#isOwn(stored.origin)) this.#graph.deleteNode(id, this.#nowMs);
  }

  #deleteEdge(id: string): void {
    const stored = this.#graph.edge(id);
    if (stored !== undefined && this.#isOwn(stored.origin)) this.#graph.deleteEdge(id, this.#nowMs);
  }

  #isOwn(origin: string): boolean {
    if (origin === this.#owner.origin) return true;
    this.refused.foreign++;
    return false;
  }

  #mayAdd(): boolean {
    const owned = this.#owned();
    if (owned.nodes.size + owned.edges.size >= this.#owner.elementsMax) this.refused.tooMany++;
    else if (this.#graph.isFull) this.refused.graphFull++;
    else return true;
    return false;
  }

  /** A probe whose clock is ahead makes nothing in the future: it would be missing from the past of the next minutes. */
  #fresh<E extends GraphNode>(given: E): E {
    const createdAt = given.createdAt > 0 ? Math.min(given.createdAt, this.#nowMs) : this.#nowMs;
    const updatedAt = given.updatedAt > 0 ? Math.min(given.updatedAt, this.#nowMs) : createdAt;
    const { origin, host } = this.#owner;
    return { ...given, origin, host, createdAt, updatedAt, deletedAt: null, revision: 1 };
  }

  #revised<E extends GraphNode>(stored: E, metadata: Metadata): E {
    return { ...stored, metadata, updatedAt: this.#nowMs, revision: stored.revision + 1 };
  }
}
