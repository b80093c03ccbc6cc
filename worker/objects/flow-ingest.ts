/**
 * Takes flow batches in, each exactly once: numbers are checked, batches of all hosts are collected for
 * `timings.groupCommitMs`, written in one transaction, and only then seen by searches, published and acknowledged
 * (decision 0003). The numbers of the last batches are in the log itself, so that they cost no rows.
 */
import type { LiveTable } from '../../core/flow/live-table.ts';
import { FILES_HOST, isFilesHost } from '../../core/ids.ts';
import { limits, timings } from '../../core/limits.ts';
import { analyzerFrame, readProbeFrame } from '../../core/wire/probe-frames.ts';
import { closeCodes, WireError } from '../../core/wire/wire-error.ts';
import type { Flow, Stats } from '../../proto/gen/flow.ts';
import { createFlowBatch, type FlowBatch } from '../../proto/gen/probe.ts';
import type { HostSnapshot } from '../../proto/gen/shard.ts';
import type { LogRowToWrite, StoredEntry } from '../store/shard-store.ts';
import { divideEntry, packRows, type Entry } from './flow-log.ts';

export type IngestCounter =
  | 'batches'
  | 'batchesRepeated'
  | 'batchesMissing'
  | 'flowMessages'
  | 'flowsDroppedByProbes'
  | 'flowsEvicted'
  | 'flowsStale'
  | 'flowsTooLarge'
  | 'packetsTooLarge'
  | 'commits';
export const ingestCounters: readonly IngestCounter[] = [
  'batches',
  'batchesRepeated',
  'batchesMissing',
  'flowMessages',
  'flowsDroppedByProbes',
  'flowsEvicted',
  'flowsStale',
  'flowsTooLarge',
  'packetsTooLarge',
  'commits',
];

/** Agents have none: their tables go on where they were. */
const AGENT_INCARNATION = 'agent';

/** What is known of a host's probe: the last sequence that is durable, and the last that was received. */
interface HostSequence {
  incarnation: string;
  durable: number;
  received: number;
}

export interface IngestOutput {
  /** Writes the rows durably, all or nothing; throws when it cannot. */
  write(rows: readonly LogRowToWrite[]): void;
  publish(rows: readonly LogRowToWrite[]): void;
  acknowledge(socket: WebSocket, sequence: number): void;
  /** What was written is applied, and nothing is pending; it came so much later than it should have (ms). */
  committed(lateMs: number): void;
  /** Flow messages that probes had to drop. */
  dropped(flows: number): void;
  count(name: IngestCounter, by?: number): void;
}

export class FlowIngest {
  readonly #live: LiveTable;
  readonly #output: IngestOutput;
  readonly #hosts = new Map<string, HostSequence>();
  #pending: Entry[] = [];
  #pendingBytes = 0;
  #acks = new Map<WebSocket, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When what is pending is to be written, ms since 1970. */
  #dueMs: number | undefined;
  /** Capture → host → its last statistics. */
  readonly #stats = new Map<string, Map<string, Stats>>();

  constructor(live: LiveTable, output: IngestOutput) {
    this.#live = live;
    this.#output = output;
  }

  /**
   * A probe said Hello: what is pending is written first, so that the answer is the last durable sequence of this
   * incarnation, 0 for none. Flows of an earlier incarnation have lost their table and go.
   */
  begin(host: string, incarnation: string): number {
    this.commit();
    const known = this.#hosts.get(host);
    if (known?.incarnation === incarnation) return known.durable;
    this.#output.count('flowsStale', this.drop(host));
    return 0;
  }

  /**
   * One batch of a probe. `isFirst`: none came on this socket yet; then the probe may begin anywhere behind the last
   * durable one, because its outbox may have had to drop batches. Later a missing number throws WireError 4002.
   */
  take(
    socket: WebSocket,
    from: { host: string; incarnation: string },
    frame: Uint8Array,
    batch: FlowBatch,
    isFirst: boolean,
  ): void {
    const sequence = this.#sequenceOf(from.host, from.incarnation);
    if (batch.sequence < 1) throw new WireError(closeCodes.protocol, 'sequence numbers begin at 1');
    if (batch.sequence <= sequence.received) {
      this.#output.count('batchesRepeated');
      if (batch.sequence <= sequence.durable) this.#output.acknowledge(socket, sequence.durable);
      else this.#acks.set(socket, from.host);
      return;
    }
    const missing = batch.sequence - sequence.received - 1;
    if (missing > 0 && !isFirst)
      throw new WireError(
        closeCodes.sequenceGap,
        `expected sequence ${sequence.received + 1}, got ${batch.sequence}`,
      );
    if (sequence.received > 0) this.#output.count('batchesMissing', missing);
    sequence.received = batch.sequence;
    this.#acks.set(socket, from.host);
    this.#collect({ ...from, frame, batch });
  }

  /** Flows and statistics of a Skydive agent, which numbers nothing and waits for no acknowledgement. */
  takeFromAgent(host: string, flows: Flow[], stats: Stats[]): void {
    const batch = createFlowBatch({ flows, stats });
    this.#collect({ host, incarnation: AGENT_INCARNATION, frame: analyzerFrame({ flows: batch }), batch });
  }

  /** Flows of a capture file, from nobody's probe: written, live and published when this returns. */
  import(frame: Uint8Array, batch: FlowBatch): void {
    this.#collect({ host: FILES_HOST, incarnation: '', frame, batch });
    this.commit();
  }

  #sequenceOf(host: string, incarnation: string): HostSequence {
    let sequence = this.#hosts.get(host);
    if (sequence === undefined || sequence.incarnation !== incarnation) {
      sequence = { incarnation, durable: 0, received: 0 };
      // Set anew, so that the hosts heard of longest ago stand first.
      this.#hosts.delete(host);
      this.#hosts.set(host, sequence);
    }
    return sequence;
  }

  #collect(entry: Entry): void {
    const parts = divideEntry(entry, (what) =>
      this.#output.count(what === 'flow' ? 'flowsTooLarge' : 'packetsTooLarge'),
    );
    for (const part of parts) {
      this.#pending.push(part);
      this.#pendingBytes += part.frame.length;
    }
    if (this.#pendingBytes >= limits.rowBytesMax) this.commit();
    else this.#timer ??= setTimeout(() => this.commit(), timings.groupCommitMs);
    this.#dueMs ??= Date.now() + timings.groupCommitMs;
  }

  /** Writes what is pending, now; then it is live, published and acknowledged. Throws when it cannot be written. */
  commit(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const entries = this.#pending;
    const rows = packRows(entries);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#output.write(rows);
    this.#output.count('commits');
    const nowMs = Date.now();
    for (const entry of entries) this.#apply(entry, nowMs);
    this.#output.publish(rows);
    for (const [socket, host] of this.#acks)
      this.#output.acknowledge(socket, this.#hosts.get(host)?.durable ?? 0);
    this.#acks = new Map();
    this.#output.committed(Math.max(0, nowMs - (this.#dueMs ?? nowMs)));
    this.#dueMs = undefined;
  }

  #apply({ host, incarnation, batch }: Entry, nowMs: number): void {
    const sequence = this.#sequenceOf(host, incarnation);
    sequence.durable = Math.max(sequence.durable, batch.sequence);
    sequence.received = Math.max(sequence.received, batch.sequence);
    let evicted = 0;
    for (const flow of batch.flows) evicted += this.#put(host, flow, nowMs);
    for (const { uuid, capture_id } of batch.ended) this.#live.delete(host, capture_id, uuid);
    for (const stats of batch.stats) this.#keepStats(host, stats);
    this.#output.count('batches');
    this.#output.count('flowMessages', batch.flows.length);
    this.#output.count('flowsEvicted', evicted);
    this.#output.count('flowsDroppedByProbes', batch.flows_dropped);
    if (batch.flows_dropped > 0) this.#output.dropped(batch.flows_dropped);
  }

  /** How many other flows had to leave. What a file's flow was before it was read is nothing: it has no update. */
  #put(host: string, flow: Flow, nowMs: number): number {
    if (!isFilesHost(host)) return this.#live.put(host, flow, nowMs);
    return this.#live.put(FILES_HOST, { ...flow, LastUpdateMetric: undefined }, nowMs);
  }

  #keepStats(host: string, stats: Stats): void {
    const byHost = this.#stats.get(stats.CaptureID) ?? new Map<string, Stats>();
    byHost.set(host, stats);
    this.#stats.delete(stats.CaptureID);
    this.#stats.set(stats.CaptureID, byHost);
    if (this.#stats.size > limits.captureStatsMax)
      for (const oldest of this.#stats.keys()) {
        this.#stats.delete(oldest);
        break;
      }
  }

  /** Drops the live flows of a host whose probe is gone, durably; how many they were. */
  drop(host: string): number {
    const sequence = this.#hosts.get(host);
    if (sequence === undefined || this.#live.sizeOf(host) === 0) return 0;
    this.commit();
    const mark: Entry = {
      host,
      incarnation: sequence.incarnation,
      frame: NO_BYTES,
      batch: createFlowBatch(),
    };
    this.#output.write(packRows([mark]));
    for (const byHost of this.#stats.values()) byHost.delete(host);
    return this.#live.dropHost(host);
  }

  /** Takes up a part of the snapshot. Snapshot first, then the log behind it. */
  restore(snapshot: HostSnapshot, nowMs: number): void {
    const sequence = this.#sequenceOf(snapshot.host, snapshot.incarnation);
    sequence.durable = sequence.received = Math.max(sequence.durable, snapshot.sequence);
    for (const flow of snapshot.flows) this.#live.put(snapshot.host, flow, nowMs);
  }

  /**
   * Takes over what another shard knew of a host, in memory: the caller writes a snapshot. What is known here of a newer start of the
   * probe, or a later batch of the same one, stays.
   */
  adopt(pieces: readonly HostSnapshot[], nowMs: number): void {
    this.commit();
    for (const piece of pieces) {
      const known = this.#hosts.get(piece.host);
      if (known?.incarnation === piece.incarnation && known.durable > piece.sequence) continue;
      this.restore(piece, nowMs);
    }
  }

  /** Forgets a host that another shard took over, in memory: the caller writes a snapshot. */
  letGo(host: string): void {
    this.commit();
    this.#hosts.delete(host);
    this.#live.dropHost(host);
    for (const byHost of this.#stats.values()) byHost.delete(host);
  }

  /** Applies an entry of the log again, counting nothing. */
  replay({ host, incarnation, frame, atMs }: StoredEntry): void {
    const known = this.#hosts.get(host);
    if (frame.length === 0 || (known !== undefined && known.incarnation !== incarnation))
      this.#live.dropHost(host);
    if (frame.length === 0) return;
    const message = readProbeFrame(frame);
    if (message.kind !== 'flows') return;
    const sequence = this.#sequenceOf(host, incarnation);
    sequence.durable = sequence.received = Math.max(sequence.durable, message.batch.sequence);
    for (const flow of message.batch.flows) this.#put(host, flow, atMs);
    for (const { uuid, capture_id } of message.batch.ended) this.#live.delete(host, capture_id, uuid);
    for (const stats of message.batch.stats) this.#keepStats(host, stats);
  }

  /** What is known of one host, in such pieces; nothing for a host that was never heard of. */
  *piecesOf(host: string): Generator<HostSnapshot> {
    this.commit();
    if (!this.#hosts.has(host)) return;
    for (const piece of this.pieces()) if (piece.host === host) yield piece;
  }

  /** Everything that a woken shard has to know, in pieces of a few flows. Nothing may be pending. */
  *pieces(): Generator<HostSnapshot> {
    const surplus = this.#hosts.size - limits.hostsPerShardMax;
    let index = 0;
    for (const [host, { incarnation, durable }] of this.#hosts) {
      if (index++ < surplus && this.#live.sizeOf(host) === 0) this.#hosts.delete(host);
      else yield { host, incarnation, sequence: durable, flows: [] };
    }
    let piece: HostSnapshot | undefined;
    for (const { host, flow } of this.#live.withHosts()) {
      if (
        piece !== undefined &&
        (piece.host !== host || piece.flows.length >= 64 || hasPackets(flow.LastRawPackets))
      ) {
        yield piece;
        piece = undefined;
      }
      const sequence = this.#hosts.get(host);
      piece ??= {
        host,
        incarnation: sequence?.incarnation ?? '',
        sequence: sequence?.durable ?? 0,
        flows: [],
      };
      piece.flows.push(flow);
    }
    if (piece !== undefined) yield piece;
  }

  /** Hosts that have live flows or a known sequence. */
  hosts(): Iterable<string> {
    return this.#hosts.keys();
  }

  /** The last statistics of each capture by host. */
  stats(): Record<string, Record<string, Stats>> {
    return Object.fromEntries(
      [...this.#stats].map(([capture, byHost]) => [capture, Object.fromEntries(byHost)]),
    );
  }
}

const NO_BYTES = new Uint8Array(0);

function hasPackets(packets: readonly unknown[]): boolean {
  return packets.length > 0;
}
