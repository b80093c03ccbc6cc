/**
 * The fabric's graph and its tables as one thing: what probes say about their hosts goes in, is applied in memory
 * and written in the same transaction, and comes out as events.
 */
import type { GraphEvent } from '../../core/graph/element.ts';
import { Graph } from '../../core/graph/graph.ts';
import { OriginElements } from '../../core/graph/origin-elements.ts';
import { OwnChanges, type ElementChange, type Owner } from '../../core/graph/own-changes.ts';
import { limits } from '../../core/limits.ts';
import { readEdgeText, readIdText, readNodeText, type ElementText } from '../../core/wire/element-text.ts';
import { ChangeKind, type GraphChange, type GraphSync } from '../../proto/gen/probe.ts';
import type { TopologyStore } from '../store/topology-store.ts';
import type { Counters } from './counters.ts';

export type GraphCounter =
  | 'graphSyncs'
  | 'graphChanges'
  | 'elementsForeign'
  | 'elementsDangling'
  | 'elementsTooMany'
  | 'elementsTooLarge'
  | 'elementsMalformed';
export const graphCounters: readonly GraphCounter[] = [
  'graphSyncs',
  'graphChanges',
  'elementsForeign',
  'elementsDangling',
  'elementsTooMany',
  'elementsTooLarge',
  'elementsMalformed',
];

export class HostGraphs {
  readonly graph: Graph;
  readonly #owned = new OriginElements();
  readonly #store: TopologyStore;
  readonly #counters: Counters<GraphCounter>;
  readonly #onEvent: (event: GraphEvent) => void;
  #events: GraphEvent[] = [];

  /** Loads the stored graph. `onEvent` hears each change after it was written, in order. */
  constructor(store: TopologyStore, counters: Counters<GraphCounter>, onEvent: (event: GraphEvent) => void) {
    this.#store = store;
    this.#counters = counters;
    this.#onEvent = onEvent;
    this.graph = new Graph((event) => {
      this.#owned.apply(event);
      this.#events.push(event);
    });
    store.load(
      (node) => this.graph.addNode(node),
      (edge) => this.graph.addEdge(edge),
    );
    this.#events = [];
  }

  sync(hostId: string, sync: GraphSync, nowMs: number): void {
    const nodes = sync.nodes.flatMap((text) => this.#accept(readNodeText(text)));
    const edges = sync.edges.flatMap((text) => this.#accept(readEdgeText(text)));
    this.#counters.add('graphSyncs');
    this.#write(hostId, nowMs, (own) => own.sync(nodes, edges));
  }

  change(hostId: string, changes: readonly GraphChange[], nowMs: number): void {
    const accepted = changes.flatMap((change) => this.#accept(readChange(change)));
    this.#counters.add('graphChanges', accepted.length);
    this.#write(hostId, nowMs, (own) => {
      for (const change of accepted) own.apply(change);
    });
  }

  /** Deletes everything of the host. */
  remove(hostId: string, nowMs: number): void {
    this.#write(hostId, nowMs, (own) => own.sync([], []));
  }

  elementsOf(hostId: string): number {
    const owned = this.#owned.of(originOf(hostId));
    return owned.nodes.size + owned.edges.size;
  }

  #accept<E>(read: ElementText<E>): E[] {
    if (read.ok) return [read.element];
    this.#counters.add(read.fault === 'tooLarge' ? 'elementsTooLarge' : 'elementsMalformed');
    return [];
  }

  /** One transaction. When it throws, memory is ahead of the tables and the caller must give the object up. */
  #write(hostId: string, nowMs: number, work: (own: OwnChanges) => void): void {
    const owner: Owner = { origin: originOf(hostId), host: hostId, elementsMax: limits.elementsPerHostMax };
    const own = new OwnChanges(this.graph, owner, () => this.#owned.of(owner.origin), nowMs);
    work(own);
    this.#counters.add('elementsForeign', own.refused.foreign);
    this.#counters.add('elementsDangling', own.refused.dangling);
    this.#counters.add('elementsTooMany', own.refused.tooMany);
    const events = this.#events;
    this.#events = [];
    if (events.length === 0) return;
    this.#store.transaction(() => {
      for (const event of events) this.#store.write(event, nowMs);
      this.#counters.save((values) => this.#store.setCounters(values));
    });
    for (const event of events) this.#onEvent(event);
  }
}

/** The origin of everything that the probe of this host makes. */
function originOf(hostId: string): string {
  return `agent.${hostId}`;
}

function readChange(change: GraphChange): ElementText<ElementChange> {
  switch (change.kind) {
    case ChangeKind.NODE_ADDED:
    case ChangeKind.NODE_UPDATED: {
      const read = readNodeText(change.element);
      return read.ok ? { ok: true, element: { kind: 'putNode', node: read.element } } : read;
    }
    case ChangeKind.EDGE_ADDED:
    case ChangeKind.EDGE_UPDATED: {
      const read = readEdgeText(change.element);
      return read.ok ? { ok: true, element: { kind: 'putEdge', edge: read.element } } : read;
    }
    case ChangeKind.NODE_DELETED:
    case ChangeKind.EDGE_DELETED: {
      const read = readIdText(change.element);
      const kind = change.kind === ChangeKind.NODE_DELETED ? 'deleteNode' : 'deleteEdge';
      return read.ok ? { ok: true, element: { kind, id: read.element } } : read;
    }
  }
  // A kind that only a newer minor version knows.
  return { ok: false, fault: 'malformed' };
}
