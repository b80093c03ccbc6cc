/**
 * Divides and packs flow batches into rows of the log. A row is a LogRow message and holds whole entries, each a
 * FlowBatch frame as the probe sent it, so that nothing is encoded a second time unless a batch is too large.
 */
import { limits } from '../../core/limits.ts';
import { analyzerFrame } from '../../core/wire/probe-frames.ts';
import type { Flow } from '../../proto/gen/flow.ts';
import type { FlowBatch } from '../../proto/gen/probe.ts';
import { Writer } from '../../proto/gen/runtime.ts';
import { createLogEntry, encodeLogEntry } from '../../proto/gen/shard.ts';
import type { LogRowToWrite } from '../store/shard-store.ts';

export interface Entry {
  readonly host: string;
  readonly incarnation: string;
  /** Empty for the mark that the host's live flows were dropped. */
  readonly frame: Uint8Array;
  readonly batch: FlowBatch;
}

/** Host, incarnation and the heads of the fields around a frame. */
const ENTRY_HEAD_BYTES = 1_000;
const ENTRY_BYTES_MAX = limits.rowBytesMax - ENTRY_HEAD_BYTES;

/**
 * The entry itself when it fits into a row, else parts of it that do. A single flow that does not fit loses its
 * packets, and is left out when that is not enough; `onLost` hears of both.
 */
export function divideEntry(entry: Entry, onLost: (what: 'packets' | 'flow') => void): Entry[] {
  if (entry.frame.length <= ENTRY_BYTES_MAX) return [entry];
  const { flows, stats, ended } = entry.batch;
  if (flows.length > 1) {
    const middle = flows.length >> 1;
    // What ended has to come behind the flows, the statistics once.
    const first = reframe(entry, { ...entry.batch, flows: flows.slice(0, middle), stats: [], ended: [] });
    const second = reframe(entry, { ...entry.batch, flows: flows.slice(middle), flows_dropped: 0 });
    return [...divideEntry(first, onLost), ...divideEntry(second, onLost)];
  }
  const flow = flows[0];
  if (flow !== undefined && flow.LastRawPackets.length > 0) {
    onLost('packets');
    return divideEntry(reframe(entry, { ...entry.batch, flows: [withoutPackets(flow)] }), onLost);
  }
  if (flow !== undefined) {
    onLost('flow');
    return divideEntry(reframe(entry, { ...entry.batch, flows: [] }), onLost);
  }
  const half = {
    ...entry.batch,
    stats: stats.slice(stats.length >> 1),
    ended: ended.slice(ended.length >> 1),
  };
  const other = {
    ...entry.batch,
    stats: stats.slice(0, stats.length >> 1),
    ended: ended.slice(0, ended.length >> 1),
    flows_dropped: 0,
  };
  return [...divideEntry(reframe(entry, other), onLost), ...divideEntry(reframe(entry, half), onLost)];
}

function reframe(entry: Entry, batch: FlowBatch): Entry {
  return { ...entry, batch, frame: analyzerFrame({ flows: batch }) };
}

function withoutPackets(flow: Flow): Flow {
  return { ...flow, LastRawPackets: [] };
}

/** Rows for the entries, in order. Each entry must have come from `divideEntry`. */
export function packRows(entries: readonly Entry[]): LogRowToWrite[] {
  const rows: LogRowToWrite[] = [];
  let writer = Writer.create();
  let spans: Entry[] = [];
  const close = (): void => {
    if (writer.len > 0) rows.push({ bytes: writer.finish(), ...spanOf(spans) });
    writer = Writer.create();
    spans = [];
  };
  for (const entry of entries) {
    if (writer.len + entry.frame.length + ENTRY_HEAD_BYTES > limits.rowBytesMax) close();
    // Field 1 of LogRow.
    encodeLogEntry(createLogEntry(entry), writer.uint32((1 << 3) | 2).fork()).ldelim();
    spans.push(entry);
  }
  close();
  return rows;
}

/** The time that the flow messages tell of: each of what happened since the one before of its flow. */
function spanOf(entries: readonly Entry[]): { fromMs: number; toMs: number; flows: number } {
  let fromMs = Infinity;
  let toMs = 0;
  let flows = 0;
  for (const { batch } of entries)
    for (const { Start, Last, LastUpdateMetric: update } of batch.flows) {
      fromMs = Math.min(fromMs, update === undefined || update.Start < Start ? Start : update.Start);
      toMs = Math.max(toMs, Last, update?.Last ?? 0);
      flows++;
    }
  return { fromMs: Number.isFinite(fromMs) ? fromMs : 0, toMs, flows };
}
