/**
 * The fabric's graph and its tables as one thing: whoever changes the graph (probes, publishers, users, rules) does it in
 * a `write`, which applies the change in memory, stores it in one transaction, and only then tells the listeners.
 */
import type { GraphEdge, GraphEvent } from '../../core/graph/element.ts';
import { Graph } from '../../core/graph/graph.ts';
import { MadeElements } from '../../core/graph/made-elements.ts';
import { OriginElements, type OwnedElements } from '../../core/graph/origin-elements.ts';
import { Overlays } from '../../core/graph/overlays.ts';
import { OwnChanges } from '../../core/graph/own-changes.ts';
import { limits } from '../../core/limits.ts';
import type { TopologyStore } from '../store/topology-store.ts';

/** Events of one write, in order, after they were stored. `source` is whoever caused them, as given to `write`. */
export type GraphListener = (events: readonly GraphEvent[], source: unknown) => void;

export class FabricGraph {
  readonly graph: Graph;
  /** What rules and people laid over nodes of others. */
  readonly overlays: Overlays;
  /** … and people over edges. */
  readonly edgeOverlays: Overlays;
  /** What rules made. */
  readonly made: MadeElements;
  readonly #owned = new OriginElements();
  readonly #store: TopologyStore;
  readonly #saveCounters: () => void;
  readonly #elementsMax: () => number;
  readonly #listeners: GraphListener[] = [];
  #events: GraphEvent[] = [];
  /** Written, and not yet told. */
  #untold: { readonly events: readonly GraphEvent[]; readonly source: unknown }[] = [];
  #isTelling = false;

  /**
   * Loads the stored graph, and takes so many nodes and edges from then on. `saveCounters` runs inside each transaction.
   */
  constructor(
    store: TopologyStore,
    saveCounters: () => void,
    elementsMax: () => number = () => limits.elementsMax,
  ) {
    this.#store = store;
    this.#elementsMax = elementsMax;
    this.#saveCounters = saveCounters;
    this.overlays = new Overlays(store.rules.overlays('node'));
    this.edgeOverlays = new Overlays(store.rules.overlays('edge'));
    this.made = new MadeElements(store.rules.made());
    this.graph = new Graph((event) => {
      this.#owned.apply(event);
      this.made.apply(event);
      if (event.kind === 'nodeDeleted') this.overlays.forget(event.node.id);
      if (event.kind === 'edgeDeleted') this.edgeOverlays.forget(event.edge.id);
      this.#events.push(event);
    });
    store.load(
      (node) => this.graph.addNode(node),
      (edge) => this.graph.addEdge(edge),
    );
    this.#events = [];
    // After loading: a graph that was stored is kept, whatever the limit has become.
    this.graph.limitTo(elementsMax);
  }

  /** Hears every write from now on, in order. A listener may write: its events are told after those being told. */
  listen(listener: GraphListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Runs `work`, which may change the graph, and stores what it changed. When storing throws, memory is ahead of the
   * tables and the caller must give the object up; when `work` throws, what it did until then is stored all the same.
   */
  write<T>(nowMs: number, source: unknown, work: (graph: Graph) => T): T {
    try {
      return work(this.graph);
    } finally {
      this.#commit(nowMs, source);
    }
  }

  #commit(nowMs: number, source: unknown): void {
    this.#keepLayers(nowMs);
    const events = this.#events;
    if (events.length === 0 && !this.overlays.hasUnsaved && !this.edgeOverlays.hasUnsaved) return;
    this.#events = [];
    this.#store.transaction(() => {
      const hasWritten = this.#store.write(events, nowMs);
      const overlays = [...this.overlays.takeUnsaved()];
      const edgeOverlays = [...this.edgeOverlays.takeUnsaved()];
      const made = [...this.made.takeUnsaved()];
      for (const [id, overlay] of overlays) this.#store.rules.setOverlay('node', id, overlay);
      for (const [id, overlay] of edgeOverlays) this.#store.rules.setOverlay('edge', id, overlay);
      for (const change of made) this.#store.rules.setMade(...change);
      if (hasWritten || overlays.length + edgeOverlays.length + made.length > 0) this.#saveCounters();
    });
    if (events.length === 0) return;
    this.#untold.push({ events, source });
    this.#tell();
  }

  /** Whoever wrote an element as if nothing lay over it has changed what its owner says, not what lies over it. */
  #keepLayers(nowMs: number): void {
    if (this.overlays.size + this.edgeOverlays.size === 0) return;
    const updates = [...this.#events];
    const done = new Set<string>();
    for (const event of updates) {
      if (event.kind !== 'nodeUpdated' && event.kind !== 'edgeUpdated') continue;
      const isNode = event.kind === 'nodeUpdated';
      const { id } = event.before;
      const key = `${event.kind} ${id}`;
      const live = isNode ? this.graph.node(id) : this.graph.edge(id);
      if (done.has(key) || live === undefined) continue;
      done.add(key);
      const metadata = (isNode ? this.overlays : this.edgeOverlays).absorb(live, event.before.metadata);
      if (metadata === live.metadata) continue;
      const after = { ...live, metadata, updatedAt: nowMs, revision: live.revision + 1 };
      if (isNode) this.graph.updateNode(after);
      else this.graph.updateEdge(after as GraphEdge);
    }
  }

  /** Writes the statistics that waited. When that throws the caller must give the object up. */
  writeLate(): void {
    if (!this.#store.late.hasUnwritten) return;
    this.#store.transaction(() => {
      this.#store.writeLate();
      this.#saveCounters();
    });
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift())
        for (const listener of this.#listeners) listener(next.events, next.source);
    } finally {
      this.#isTelling = false;
    }
  }

  /**
   * For what a connection says of its own elements, inside a `write`. What lies over its nodes stays, and its edges take the
   * places of those that rules made.
   */
  ownChanges(owner: { readonly origin: string; readonly host: string }, nowMs: number): OwnChanges {
    return new OwnChanges(
      this.graph,
      {
        ...owner,
        elementsMax: limits.elementsPerHostMax,
        show: (kind, id, metadata) =>
          (kind === 'node' ? this.overlays : this.edgeOverlays).show(id, metadata),
        replaces: (edgeId) => this.made.edges.has(edgeId),
      },
      () => this.owned(owner.origin),
      nowMs,
    );
  }

  /** Whether one element more has room, in the whole and for this origin. */
  hasRoom(origin: string): boolean {
    const { nodes, edges } = this.owned(origin);
    return nodes.size + edges.size < limits.elementsPerHostMax && !this.graph.isFull;
  }

  /** How many nodes and edges the whole may have. */
  get elementsMax(): number {
    return this.#elementsMax();
  }

  /** Ids of everything of this origin now. */
  owned(origin: string): OwnedElements {
    return this.#owned.of(origin);
  }
}
