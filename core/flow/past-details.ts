/**
 * What the messages of some flows say beyond the flows' state: how much they grew from one message to the next
 * (`Metrics` in the past), and the packets that came along (`RawPackets`). Gremlin notes, sections 8.6 and 9.3.
 */
import { decodeFlow, flowFields, type Flow, type FlowMetric, type RawPacket } from '../../proto/gen/flow.ts';
import type { PastDetails, PastFlow } from '../../proto/gen/shard.ts';
import { isPoint, type TimeSlice } from '../graph/history.ts';
import { limits } from '../limits.ts';
import { hostTest, PastLimitError } from './past-flows.ts';
import type { FlowSearch } from './search.ts';
import { eachStoredFlow, type StoredFlow } from './stored-flows.ts';

export type PastDetail = 'metrics' | 'packets';

/** What a metric takes in an answer, about. */
const METRIC_BYTES = 64;

export class PastDetailsOf {
  /** UUID → its flows; captures on one node can give two flows one UUID. */
  readonly #flows = new Map<string, PastFlow[]>();
  readonly #detail: PastDetail;
  readonly #slice: TimeSlice;
  readonly #isHostWanted: (host: string) => boolean;
  readonly #fields: ReadonlySet<number>;
  #bytes = 0;
  /** Messages looked at. */
  visited = 0;

  /** `flows` are what the search has found. */
  constructor(flows: readonly Flow[], search: FlowSearch, slice: TimeSlice, detail: PastDetail) {
    this.#slice = slice;
    this.#detail = detail;
    this.#isHostWanted = hostTest(search);
    this.#fields = new Set(
      detail === 'metrics' ? [flowFields.LastUpdateMetric, flowFields.Metric] : [flowFields.LastRawPackets],
    );
    for (const { UUID: uuid, CaptureID: capture_id } of flows) {
      const same = this.#flows.get(uuid) ?? [];
      this.#flows.set(uuid, same);
      if (same.every((one) => one.capture_id !== capture_id))
        same.push({ uuid, capture_id, metrics: [], packets: [] });
    }
  }

  /** A row of the log, newer rows first. Throws PastLimitError; RangeError or Error when the row is none. */
  add(row: Uint8Array): void {
    eachStoredFlow(row, this.#isHostWanted, (stored) => this.#take(stored));
  }

  #take(stored: StoredFlow): void {
    if (++this.visited > limits.pastFlowVisitsMax)
      throw new PastLimitError(
        `The flows asked for have more than ${limits.pastFlowVisitsMax} messages beside them on one shard (pastFlowVisitsMax): ask for a shorter time`,
      );
    if (this.#detail === 'packets' && !stored.hasPackets) return;
    const same = this.#flows.get(stored.uuid);
    if (same === undefined) return;
    const { capture } = stored;
    const flow = same.find((one) => one.capture_id === capture);
    if (flow === undefined) return;
    const told = decodeFlow(stored.bytes, undefined, this.#fields);
    if (this.#detail === 'metrics') this.#addMetric(flow, told.LastUpdateMetric ?? told.Metric);
    else for (const packet of told.LastRawPackets.toReversed()) this.#addPacket(flow, packet);
    if (this.#bytes > limits.pastFlowBytesMax)
      throw new PastLimitError(
        `The answer has more than ${limits.pastFlowBytesMax} bytes on one shard (pastFlowBytesMax): ask for a shorter time or for fewer flows`,
      );
  }

  #addMetric(flow: PastFlow, metric: FlowMetric | undefined): void {
    if (metric === undefined) return;
    const { fromMs, toMs } = this.#slice;
    if (metric.Last > toMs || (!isPoint(this.#slice) && metric.Start < fromMs)) return;
    flow.metrics.push(metric);
    this.#bytes += METRIC_BYTES;
  }

  #addPacket(flow: PastFlow, packet: RawPacket): void {
    const { fromMs, toMs } = this.#slice;
    if (packet.Timestamp > toMs || (!isPoint(this.#slice) && packet.Timestamp < fromMs)) return;
    // A flow that was told again with the same packets, as one of a file that was read twice.
    if (flow.packets.some((known) => known.Index === packet.Index)) return;
    flow.packets.push(packet);
    this.#bytes += packet.Data.length;
  }

  /** Metrics by their Last, packets by their Index; flows that have none are left out. */
  details(): PastDetails {
    const flows: PastFlow[] = [];
    for (const same of this.#flows.values())
      for (const flow of same) {
        flow.metrics.sort((a, b) => a.Last - b.Last);
        flow.packets.sort((a, b) => a.Index - b.Index);
        if (flow.metrics.length + flow.packets.length > 0) flows.push(flow);
      }
    return { flows };
  }
}
