/**
 * The flows that the stream told of, newest state each, bounded: the ones silent longest leave first and are counted. What the stream says it
 * did not send is counted too, so that nobody takes a table with holes for a whole one.
 */
import type { Lost } from '../../core/wire/flow-notices.ts';

interface Counters {
  readonly ABPackets: number;
  readonly ABBytes: number;
  readonly BAPackets: number;
  readonly BABytes: number;
  /** ns. */
  readonly RTT?: number;
}

/** What the table shows of a flow's JSON (core/wire/flow-json.ts). */
export interface FlowJson {
  readonly UUID: string;
  readonly LayersPath?: string;
  readonly Application?: string;
  readonly Link?: { readonly A?: string; readonly B?: string };
  readonly Network?: { readonly A?: string; readonly B?: string };
  readonly Transport?: { readonly A: number; readonly B: number };
  readonly Metric?: Counters;
  readonly LastUpdateMetric?: Counters & { readonly Start: number; readonly Last: number };
  /** ms since 1970. */
  readonly Start: number;
  readonly Last: number;
  readonly NodeTID?: string;
  readonly CaptureID?: string;
  /** The same wherever it is captured. */
  readonly TrackingID?: string;
  readonly FinishType?: number;
}

export interface FlowLosses {
  /** Flow updates that the analyzer did not send because we were slow. */
  updates: number;
  /** How often nobody knows how many: the connection was away for too long. */
  gaps: number;
  /** Flows that left this table because it was full. */
  evicted: number;
}

export class FlowRows {
  readonly #most: number;
  /** In the order of their last update. */
  readonly #flows = new Map<string, FlowJson>();
  readonly losses: FlowLosses = { updates: 0, gaps: 0, evicted: 0 };
  /** Updates taken. */
  updates = 0;
  version = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#flows.size;
  }

  take(flows: readonly FlowJson[]): void {
    for (const flow of flows) {
      this.#flows.delete(flow.UUID);
      this.#flows.set(flow.UUID, flow);
    }
    this.updates += flows.length;
    this.version++;
    for (const id of this.#flows.keys()) {
      if (this.#flows.size <= this.#most) break;
      this.#flows.delete(id);
      this.losses.evicted++;
    }
  }

  lost({ Flows: flows }: Lost): void {
    if (flows === null) this.losses.gaps++;
    else this.losses.updates += flows;
    this.version++;
  }

  clear(): void {
    this.#flows.clear();
    this.version++;
  }

  /** A list of its own, oldest update first. */
  list(): FlowJson[] {
    return [...this.#flows.values()];
  }
}

const FLOW_COLUMNS = ['last', 'protocol', 'a', 'b', 'node', 'packets', 'bytes', 'rtt', 'finish'] as const;
export type FlowColumn = (typeof FLOW_COLUMNS)[number];

export interface FlowOrder {
  readonly column: FlowColumn;
  readonly isDescending: boolean;
}

const FINISHES = ['', 'expired', 'FIN', 'RST'];

export function finishOf(flow: FlowJson): string {
  return FINISHES[flow.FinishType ?? 0] ?? String(flow.FinishType);
}

export function protocolOf({ Application: application, LayersPath: path = '' }: FlowJson): string {
  return application ?? path.split('/').at(-1) ?? '';
}

/** Address and port; of a flow below IP its MAC. */
export function endOf(flow: FlowJson, side: 'A' | 'B'): string {
  const address = flow.Network?.[side] ?? flow.Link?.[side] ?? '';
  const port = flow.Transport?.[side];
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

const sum = (flow: FlowJson, what: 'Packets' | 'Bytes'): number =>
  (flow.Metric?.[`AB${what}`] ?? 0) + (flow.Metric?.[`BA${what}`] ?? 0);

/** What a column is sorted by; `nodeName` gives the name of an interface by its TID. */
function keyOf(flow: FlowJson, column: FlowColumn, nodeName: (tid: string) => string): number | string {
  switch (column) {
    case 'last':
      return flow.Last;
    case 'protocol':
      return protocolOf(flow);
    case 'a':
      return endOf(flow, 'A');
    case 'b':
      return endOf(flow, 'B');
    case 'packets':
      return sum(flow, 'Packets');
    case 'bytes':
      return sum(flow, 'Bytes');
    case 'rtt':
      return flow.Metric?.RTT ?? 0;
    case 'node':
      return nodeName(flow.NodeTID ?? '');
    case 'finish':
      return finishOf(flow);
  }
}

/** Those that have every word of `filter` in what their row shows, and belong to the interface if one is named; sorted. */
export function shownFlows(
  flows: readonly FlowJson[],
  {
    filter,
    tids,
    order,
    nodeName,
  }: {
    readonly filter: string;
    readonly tids: ReadonlySet<string> | undefined;
    readonly order: FlowOrder;
    readonly nodeName: (tid: string) => string;
  },
): FlowJson[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const fits = (flow: FlowJson): boolean => {
    if (tids !== undefined && !tids.has(flow.NodeTID ?? '')) return false;
    if (words.length === 0) return true;
    const said = [
      flow.LayersPath ?? '',
      protocolOf(flow),
      endOf(flow, 'A'),
      endOf(flow, 'B'),
      nodeName(flow.NodeTID ?? ''),
      finishOf(flow),
      flow.UUID,
    ]
      .join(' ')
      .toLowerCase();
    return words.every((word) => said.includes(word));
  };
  const keyed = flows.filter(fits).map((flow) => ({ flow, key: keyOf(flow, order.column, nodeName) }));
  const sign = order.isDescending ? -1 : 1;
  keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : a.flow.UUID < b.flow.UUID ? -1 : 1));
  return keyed.map(({ flow }) => flow);
}
