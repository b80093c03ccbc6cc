/** What probes say about their hosts, applied to the fabric's graph: each its own part, whole or change by change. */
import type { ElementChange, OwnChanges } from '../../core/graph/own-changes.ts';
import { readEdgeText, readIdText, readNodeText, type ElementText } from '../../core/wire/element-text.ts';
import { ChangeKind, type GraphChange, type GraphSync } from '../../proto/gen/probe.ts';
import type { Counters } from './counters.ts';
import type { FabricGraph } from './fabric-graph.ts';

export type GraphCounter =
  | 'graphSyncs'
  | 'graphChanges'
  | 'elementsForeign'
  | 'elementsDangling'
  | 'elementsTooMany'
  | 'elementsBeyondFabric'
  | 'elementsTooLarge'
  | 'elementsMalformed';
export const graphCounters: readonly GraphCounter[] = [
  'graphSyncs',
  'graphChanges',
  'elementsForeign',
  'elementsDangling',
  'elementsTooMany',
  'elementsBeyondFabric',
  'elementsTooLarge',
  'elementsMalformed',
];

export class HostGraphs {
  readonly #fabric: FabricGraph;
  readonly #counters: Counters<GraphCounter>;

  constructor(fabric: FabricGraph, counters: Counters<GraphCounter>) {
    this.#fabric = fabric;
    this.#counters = counters;
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
    const owned = this.#fabric.owned(originOf(hostId));
    return owned.nodes.size + owned.edges.size;
  }

  #accept<E>(read: ElementText<E>): E[] {
    if (read.ok) return [read.element];
    this.#counters.add(read.fault === 'tooLarge' ? 'elementsTooLarge' : 'elementsMalformed');
    return [];
  }

  /** One transaction. When it throws, memory is ahead of the tables and the caller must give the object up. */
  #write(hostId: string, nowMs: number, work: (own: OwnChanges) => void): void {
    this.#fabric.write(nowMs, undefined, () => {
      const own = this.#fabric.ownChanges({ origin: originOf(hostId), host: hostId }, nowMs);
      work(own);
      this.#counters.add('elementsForeign', own.refused.foreign);
      this.#counters.add('elementsDangling', own.refused.dangling);
      this.#counters.add('elementsTooMany', own.refused.tooMany);
      this.#counters.add('elementsBeyondFabric', own.refused.graphFull);
    });
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
