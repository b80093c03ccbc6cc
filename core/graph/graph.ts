/**
 * The live graph: nodes and edges by id, adjacency, and indexes on the keys people look things up by. Every change
 * is announced as a `GraphEvent`, in order, after it was made. Nothing here waits, stores or sends.
 *
 * The same class holds one host's graph in the probe and a whole fabric's in the Topology object.
 */
import { Adjacency } from './adjacency.ts';
import type { GraphEdge, GraphEvent, GraphNode, Json } from './element.ts';
import { GraphError } from './errors.ts';
import { INDEXED_KEYS, type GraphView, type IndexedKey } from './view.ts';

interface Slot {
  readonly id: string;
  /** Insertion order; an update keeps it. */
  readonly order: number;
  readonly out: Adjacency;
  readonly in: Adjacency;
}

const NO_EDGES: readonly GraphEdge[] = [];

export class Graph implements GraphView {
  /** Beside the slots, because every scan of a query goes over it: twice as fast as going through them. */
  readonly #nodes = new Map<string, GraphNode>();
  readonly #slots = new Map<string, Slot>();
  readonly #edges = new Map<string, GraphEdge>();
  /**
   * key → text → slots, a single one bare: most names, TIDs and MACs have one bearer, and a set of one costs 200 bytes.
   * Values that are neither text nor lists of texts are not indexed: they cannot equal a text.
   */
  readonly #indexes = new Map<IndexedKey, Map<string, Slot | Set<Slot>>>(
    INDEXED_KEYS.map((key) => [key, new Map()]),
  );
  readonly #onEvent: (event: GraphEvent) => void;
  #nextOrder = 0;
  #elementsMax: () => number = () => Infinity;

  constructor(onEvent: (event: GraphEvent) => void = () => {}) {
    this.#onEvent = onEvent;
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  get edgeCount(): number {
    return this.#edges.size;
  }

  node(id: string): GraphNode | undefined {
    return this.#nodes.get(id);
  }

  edge(id: string): GraphEdge | undefined {
    return this.#edges.get(id);
  }

  nodes(): Iterable<GraphNode> {
    return this.#nodes.values();
  }

  edges(): Iterable<GraphEdge> {
    return this.#edges.values();
  }

  edgesOut(nodeId: string): Iterable<GraphEdge> {
    return this.#slots.get(nodeId)?.out.values() ?? NO_EDGES;
  }

  edgesIn(nodeId: string): Iterable<GraphEdge> {
    return this.#slots.get(nodeId)?.in.values() ?? NO_EDGES;
  }

  nodesWith(key: IndexedKey, value: string): Iterable<GraphNode> {
    const slots = this.#indexes.get(key)?.get(value);
    if (slots === undefined) return [];
    if (!(slots instanceof Set)) return [this.#nodes.get(slots.id)!];
    const ordered = [...slots];
    // Mostly they are in order already: only updates put a slot behind later ones.
    if (ordered.some((slot, at) => at > 0 && slot.order < ordered[at - 1]!.order))
      ordered.sort((a, b) => a.order - b.order);
    return ordered.map((slot) => this.#nodes.get(slot.id)!);
  }

  inOrder(nodes: Iterable<GraphNode>): readonly GraphNode[] {
    const slots = new Set<Slot>();
    for (const { id } of nodes) {
      const slot = this.#slots.get(id);
      if (slot !== undefined) slots.add(slot);
    }
    return [...slots].sort((a, b) => a.order - b.order).map((slot) => this.#nodes.get(slot.id)!);
  }

  /** From now on nothing is added beyond so many nodes and edges together; what is there stays. */
  limitTo(elementsMax: () => number): void {
    this.#elementsMax = elementsMax;
  }

  get isFull(): boolean {
    return this.#nodes.size + this.#edges.size >= this.#elementsMax();
  }

  /** Throws GraphError `node-conflict` when the id is taken, `graph-full`; the graph is then unchanged. */
  addNode(node: GraphNode): void {
    if (this.#slots.has(node.id)) throw new GraphError('node-conflict', node.id);
    if (this.isFull) throw new GraphError('graph-full', node.id);
    const slot: Slot = { id: node.id, order: this.#nextOrder++, out: new Adjacency(), in: new Adjacency() };
    this.#slots.set(node.id, slot);
    this.#nodes.set(node.id, node);
    this.#index(slot, node);
    this.#onEvent({ kind: 'nodeAdded', node });
  }

  /** Replaces the node of this id. Throws GraphError `node-not-found`. */
  updateNode(node: GraphNode): void {
    const slot = this.#slots.get(node.id);
    if (slot === undefined) throw new GraphError('node-not-found', node.id);
    const before = this.#nodes.get(node.id)!;
    this.#unindex(slot, before);
    this.#nodes.set(node.id, node);
    this.#index(slot, node);
    this.#onEvent({ kind: 'nodeUpdated', node, before });
  }

  /** Deletes the node's edges, each announced, then the node. Throws GraphError `node-not-found`. */
  deleteNode(id: string, atMs: number): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) throw new GraphError('node-not-found', id);
    for (const edge of [...slot.out.values(), ...slot.in.values()])
      if (this.#edges.has(edge.id)) this.deleteEdge(edge.id, atMs);
    const node = this.#nodes.get(id)!;
    this.#unindex(slot, node);
    this.#slots.delete(id);
    this.#nodes.delete(id);
    this.#onEvent({ kind: 'nodeDeleted', node: { ...node, deletedAt: atMs } });
  }

  /** Throws GraphError `edge-conflict`, `graph-full`, `parent-not-found` or `child-not-found`. */
  addEdge(edge: GraphEdge): void {
    if (this.#edges.has(edge.id)) throw new GraphError('edge-conflict', edge.id);
    if (this.isFull) throw new GraphError('graph-full', edge.id);
    const [parent, child] = this.#ends(edge);
    // It shares its texts with the nodes: a decoded edge brings copies, a quarter of what it takes.
    const { host, origin } = this.#nodes.get(parent.id)!;
    const added: GraphEdge = {
      ...edge,
      parent: parent.id,
      child: child.id,
      host: edge.host === host ? host : edge.host,
      origin: edge.origin === origin ? origin : edge.origin,
    };
    this.#edges.set(added.id, added);
    parent.out.put(added);
    child.in.put(added);
    this.#onEvent({ kind: 'edgeAdded', edge: added });
  }

  /** Replaces the edge of this id; its ends cannot change. Throws GraphError `edge-not-found`. */
  updateEdge(edge: GraphEdge): void {
    const before = this.#edges.get(edge.id);
    if (before === undefined) throw new GraphError('edge-not-found', edge.id);
    const after = { ...edge, parent: before.parent, child: before.child };
    const [parent, child] = this.#ends(after);
    this.#edges.set(after.id, after);
    parent.out.put(after);
    child.in.put(after);
    this.#onEvent({ kind: 'edgeUpdated', edge: after, before });
  }

  /** Throws GraphError `edge-not-found`. */
  deleteEdge(id: string, atMs: number): void {
    const edge = this.#edges.get(id);
    if (edge === undefined) throw new GraphError('edge-not-found', id);
    this.#edges.delete(id);
    this.#slots.get(edge.parent)?.out.delete(id);
    this.#slots.get(edge.child)?.in.delete(id);
    this.#onEvent({ kind: 'edgeDeleted', edge: { ...edge, deletedAt: atMs } });
  }

  #ends(edge: GraphEdge): [Slot, Slot] {
    const parent = this.#slots.get(edge.parent);
    if (parent === undefined) throw new GraphError('parent-not-found', edge.parent);
    const child = this.#slots.get(edge.child);
    if (child === undefined) throw new GraphError('child-not-found', edge.child);
    return [parent, child];
  }

  #index(slot: Slot, node: GraphNode): void {
    for (const key of INDEXED_KEYS)
      for (const text of textsOf(node, key)) {
        const byText = this.#indexes.get(key)!;
        const slots = byText.get(text);
        if (slots === undefined) byText.set(text, slot);
        else if (slots instanceof Set) slots.add(slot);
        else if (slots !== slot) byText.set(text, new Set([slots, slot]));
      }
  }

  #unindex(slot: Slot, node: GraphNode): void {
    for (const key of INDEXED_KEYS)
      for (const text of textsOf(node, key)) {
        const byText = this.#indexes.get(key)!;
        const slots = byText.get(text);
        if (slots instanceof Set) slots.delete(slot);
        if (slots === slot || (slots instanceof Set && slots.size === 0)) byText.delete(text);
      }
  }
}

const NO_TEXTS: readonly string[] = [];

/** The texts under an indexed key: itself, or the members of a list. */
function textsOf(node: GraphNode, key: IndexedKey): readonly string[] {
  const value: Json | undefined = key === '@Host' ? node.host : node.metadata[key];
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) return NO_TEXTS;
  return (value as readonly Json[]).filter((member) => typeof member === 'string');
}
