/**
 * One host's graph with the bookkeeping of its elements: host, origin, times, revisions. Sources say what an
 * element is now; only what differs becomes an event. Events of one turn of the event loop go out together, in
 * order (topology notes, sections 1 and 5).
 */
import type { GraphEvent, Json, Metadata } from '../../core/graph/element.ts';
import { Graph } from '../../core/graph/graph.ts';
import { jsonEquals } from '../../core/graph/metadata.ts';
import { edgeId } from '../../core/ids.ts';
import { limits } from '../../core/limits.ts';

type Listener = (events: readonly GraphEvent[]) => void;

export class HostGraph {
  readonly graph: Graph;
  readonly #hostId: string;
  readonly #nowMs: () => number;
  readonly #log: (line: string) => void;
  readonly #listeners: Listener[] = [];
  /** Keys that others than the sources set on a node: captures. They outlive what a source says. */
  readonly #overlays = new Map<string, Metadata>();
  /** What the source said of a node that has overlays: what comes back when an overlay goes. */
  readonly #bases = new Map<string, Metadata>();
  #events: GraphEvent[] = [];
  #refused = 0;

  /** `log`: told once when the graph is full. */
  constructor(hostId: string, nowMs: () => number = Date.now, log: (line: string) => void = () => {}) {
    this.#hostId = hostId;
    this.#nowMs = nowMs;
    this.#log = log;
    this.graph = new Graph((event) => this.#announce(event));
  }

  /** Elements that did not fit `limits.elementsPerHostMax`. */
  get refused(): number {
    return this.#refused;
  }

  onChanges(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Adds the node or makes it say this. False: the graph is full. */
  putNode(id: string, metadata: Metadata): boolean {
    const overlay = this.#overlays.get(id);
    if (overlay !== undefined) this.#bases.set(id, metadata);
    const whole = { ...metadata, ...overlay };
    const before = this.graph.node(id);
    if (before === undefined) {
      if (this.#isFull()) return false;
      this.graph.addNode({ id, metadata: whole, ...this.#birth() });
    } else if (!jsonEquals(before.metadata, whole)) {
      const { revision } = before;
      this.graph.updateNode({
        ...before,
        metadata: whole,
        updatedAt: this.#nowMs(),
        revision: revision + 1,
      });
    }
    return true;
  }

  /** With its edges. Nothing happens when there is none. */
  removeNode(id: string): void {
    this.#overlays.delete(id);
    this.#bases.delete(id);
    if (this.graph.node(id) !== undefined) this.graph.deleteNode(id, this.#nowMs());
  }

  /** Sets a key over what the node's source says of it; null gives that back. Nothing happens without the node. */
  setOverlay(id: string, key: string, value: Json): void {
    this.setOverlays(id, { [key]: value });
  }

  /** Several keys at once, so that they are one change. */
  setOverlays(id: string, keys: Metadata): void {
    const node = this.graph.node(id);
    if (node === undefined) return;
    const base = this.#bases.get(id) ?? node.metadata;
    const overlay = Object.fromEntries(
      Object.entries({ ...this.#overlays.get(id), ...keys }).filter(([, value]) => value !== null),
    );
    if (Object.keys(overlay).length === 0) {
      this.#overlays.delete(id);
      this.#bases.delete(id);
    } else this.#overlays.set(id, overlay);
    this.putNode(id, base);
  }

  /** Adds an edge, both of whose ends must be there. Returns its id; undefined = an end is missing, or no room. */
  putEdge(parent: string, child: string, metadata: EdgeMetadata): string | undefined {
    const id = edgeId(parent, child, metadata.RelationType);
    const before = this.graph.edge(id);
    if (before !== undefined) {
      if (!jsonEquals(before.metadata, metadata)) {
        const revision = before.revision + 1;
        this.graph.updateEdge({ ...before, metadata, updatedAt: this.#nowMs(), revision });
      }
      return id;
    }
    if (this.graph.node(parent) === undefined || this.graph.node(child) === undefined) return undefined;
    if (this.#isFull()) return undefined;
    this.graph.addEdge({ id, parent, child, metadata, ...this.#birth() });
    return id;
  }

  removeEdge(id: string): void {
    if (this.graph.edge(id) !== undefined) this.graph.deleteEdge(id, this.#nowMs());
  }

  /** Hands out what has gathered. It happens by itself at the end of a turn. */
  flush(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    for (const listener of this.#listeners) listener(events);
  }

  #birth(): Birth {
    const now = this.#nowMs();
    return {
      host: this.#hostId,
      origin: `agent.${this.#hostId}`,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
      revision: 1,
    };
  }

  #isFull(): boolean {
    if (this.graph.nodeCount + this.graph.edgeCount < limits.elementsPerHostMax) return false;
    if (this.#refused++ === 0)
      this.#log(
        `topology: the graph holds ${limits.elementsPerHostMax} elements; further ones are counted and left out until there is room`,
      );
    return true;
  }

  #announce(event: GraphEvent): void {
    if (this.#listeners.length === 0) return;
    if (this.#events.length === 0) setImmediate(() => this.flush());
    this.#events.push(event);
  }
}

/** A type, not an interface, so that it is JSON. */
export type EdgeMetadata = {
  readonly RelationType: string;
  readonly Type?: string;
  readonly Manager?: string;
};

interface Birth {
  readonly host: string;
  readonly origin: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deletedAt: null;
  readonly revision: number;
}
