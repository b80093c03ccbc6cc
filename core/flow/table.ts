/**
 * The flow table of one capture: packets become flows. `feed` decodes a packet, finds the flow of each of its
 * sub-packets by key and counts; `tick` yields what has to be sent: flows just born, changed flows when their update
 * is due, ended flows (flow model notes, section 13; timing by core/timings.ts).
 *
 * Line of data: capture → core/packet/decode.ts → sub-packet.ts → key.ts → here → probe outbox.
 * One core, from memory: figures in bench/flows.ts.
 */
import { limits, timings as defaultTimings } from '../limits.ts';
import { FlowFinishType } from '../../proto/gen/flow.ts';
import type { Flow } from '../../proto/gen/flow.ts';
import type { TableCounters } from './counters.ts';
import { changeOf, flowOf } from './emit.ts';
import { Evictions } from './evictions.ts';
import { flushStreams } from './extra.ts';
import { Intake } from './intake.ts';
import type { FlowTableOptions, FlowTimings } from './options.ts';
import * as R from './rows.ts';
import type { FlowRows } from './rows.ts';

export type { FlowTableOptions, FlowTimings } from './options.ts';

export interface TableOutput {
  readonly flows: Flow[];
  /** UUIDs of the flows in `flows` that have left the table. */
  readonly ended: string[];
}

/** Old fragments and silent TCP streams are given up this often. */
const HOUSEKEEPING_MS = 30_000;

export class FlowTable {
  private readonly options: FlowTableOptions;
  private timings: FlowTimings;
  private readonly intake: Intake;
  private readonly rows: FlowRows;
  private readonly evictions: Evictions;
  /** Evicted flows wait here for the next tick. */
  private evicted: Flow[] = [];
  private lastTickMs = -Infinity;
  private tickPeriodMs: number;
  private housekeepingMs = -Infinity;

  constructor(options: FlowTableOptions) {
    this.options = options;
    this.timings = { ...defaultTimings, ...options.timings };
    this.tickPeriodMs = this.timings.newFlowMs;
    this.intake = new Intake(
      options,
      options.entriesMax ?? limits.flowTableEntriesMax,
      this.timings.applicationTimeoutMs,
      { evict: () => this.evict(), firstVisit: () => this.firstVisit() },
    );
    this.rows = this.intake.rows;
    this.evictions = new Evictions(this.rows);
  }

  get counters(): TableCounters {
    return this.intake.counters;
  }

  /** Live flows. */
  get size(): number {
    return this.rows.size;
  }

  /** Bytes held by the table's buffers. */
  get bytes(): number {
    return this.rows.bytes;
  }

  /**
   * One captured packet: bytes[offset, offset+length) is what was captured, `wireLength` its length on the wire;
   * `timeMs` integer ms since 1970, `subMsNs` 0..999999. The bytes may be overwritten after the call. Never throws
   * on any bytes.
   */
  feed(
    bytes: Uint8Array,
    offset: number,
    length: number,
    wireLength: number,
    timeMs: number,
    subMsNs: number,
  ): void {
    this.intake.feed(bytes, offset, length, wireLength, timeMs, subMsNs);
  }

  /** The idlest flow makes room; it is sent with the next tick. */
  private evict(): void {
    this.counters.flowsEvicted++;
    this.evicted.push(this.end(this.evictions.next()));
  }

  /** Ticks come about every tickPeriodMs: a new flow is sent with the last one that still is in time. */
  private firstVisit(): number {
    return this.lastTickMs + Math.max(0, this.timings.newFlowMs - this.tickPeriodMs);
  }

  /**
   * What has to be sent now. Call it every 100 to 250 ms: a flow is sent at most `newFlowMs` after its first packet,
   * then every `flowUpdateMs` while it changes, at once when its connection ends, and once more when it leaves the
   * table: held after FIN or RST, silent for its application's timeout, or for `flowExpireMs`.
   */
  tick(nowMs: number): TableOutput {
    const output = this.startOutput();
    const { due, used } = this.rows;
    for (let row = 0; row < used; row++) if (due[row]! <= nowMs) this.visit(row, nowMs, output);
    const gap = nowMs - this.lastTickMs;
    if (gap > 0) {
      if (gap < this.timings.newFlowMs) this.tickPeriodMs = gap;
      this.lastTickMs = nowMs;
    }
    if (nowMs - this.housekeepingMs >= HOUSEKEEPING_MS) this.keepHouse(nowMs);
    return output;
  }

  /**
   * Changes how often a living flow is sent. Infinity holds updates back (births and ends still go); when it is
   * lowered again, what changed meanwhile goes with the next tick, as one difference a flow.
   */
  setUpdateInterval(flowUpdateMs: number): void {
    const isLower = flowUpdateMs < this.timings.flowUpdateMs;
    if (flowUpdateMs === this.timings.flowUpdateMs) return;
    this.timings = { ...this.timings, flowUpdateMs };
    if (!isLower) return;
    const { due, used } = this.rows;
    for (let row = 0; row < used; row++) if (due[row] !== Infinity) due[row] = -Infinity;
  }

  /** What is no longer looked at: 1 raw packets, 2 application layers too; 0 = nothing is left out. */
  setDetail(detail: number): void {
    this.intake.detail = detail;
  }

  /** Everything that changed since it was last sent, now (a query asked). */
  flush(nowMs: number): TableOutput {
    const output = this.startOutput();
    const { due, used, words } = this.rows;
    for (let row = 0; row < used; row++)
      if (due[row] !== Infinity && (words[row * R.ROW_WORDS + R.W_FLAGS]! & R.F_CHANGED) !== 0)
        this.send(row, nowMs, output);
    return output;
  }

  /** The capture stops: everything live ends; what was not finished ends with TIMEOUT. */
  stop(nowMs: number): TableOutput {
    this.intake.discardFragments(Infinity);
    const output = this.startOutput();
    const { due, used } = this.rows;
    for (let row = 0; row < used; row++)
      if (due[row] !== Infinity) this.sendEnd(row, output, FlowFinishType.TIMEOUT);
    this.lastTickMs = nowMs;
    return output;
  }

  /** All live flows as they are, nothing marked sent, in table order. */
  snapshot(): Flow[] {
    return [...this.live()];
  }

  /** The same one by one, because a flow record takes several times the memory of a row. */
  *live(): Generator<Flow> {
    const { due, used } = this.rows;
    for (let row = 0; row < used; row++) {
      if (due[row] === Infinity) continue;
      const flow = this.flow(row);
      const at = row * R.ROW_DOUBLES;
      if ((this.rows.words[row * R.ROW_WORDS + R.W_FLAGS]! & R.F_SENT) !== 0)
        flow.LastUpdateMetric = changeOf(this.rows, row, this.rows.doubles[at + R.D_SENT_AT]!, flow.Last);
      yield flow;
    }
  }

  /** What `flush` gives, one by one. */
  *changed(nowMs: number): Generator<Flow> {
    const evicted = this.startOutput();
    yield* evicted.flows;
    const { due, used, words } = this.rows;
    for (let row = 0; row < used; row++) {
      if (due[row] === Infinity || (words[row * R.ROW_WORDS + R.W_FLAGS]! & R.F_CHANGED) === 0) continue;
      const output: TableOutput = { flows: [], ended: [] };
      this.send(row, nowMs, output);
      yield output.flows[0]!;
    }
  }

  /** Gives up old fragments and completes TCP streams that were silent. */
  private keepHouse(nowMs: number): void {
    this.housekeepingMs = nowMs;
    this.intake.discardFragments(nowMs);
    const { streams, extras } = this.intake;
    if (streams === undefined) return;
    for (let row = 0; row < this.rows.used; row++) {
      const extra = extras[row];
      if (extra !== undefined && flushStreams(extra, streams, row, nowMs - HOUSEKEEPING_MS))
        this.rows.words[row * R.ROW_WORDS + R.W_FLAGS]! |= R.F_CHANGED;
    }
  }

  private startOutput(): { flows: Flow[]; ended: string[] } {
    const flows = this.evicted;
    this.evicted = [];
    return { flows, ended: flows.map((flow) => flow.UUID) };
  }

  /** Decides what becomes of a flow whose time has come. */
  private visit(row: number, nowMs: number, output: TableOutput): void {
    const { words } = this.rows;
    const { timings } = this;
    const flags = words[row * R.ROW_WORDS + R.W_FLAGS]!;
    const idleMs = this.idleMs(row, nowMs);
    const { timeoutMs } = this.intake.paths.get(words[row * R.ROW_WORDS + R.W_PATH]!);
    if ((flags & R.F_FINISH_MASK) !== 0 && idleMs >= timings.flowHoldMs) {
      this.sendEnd(row, output, FlowFinishType.NOT_FINISHED);
    } else if ((timeoutMs > 0 && idleMs > timeoutMs) || idleMs > timings.flowExpireMs) {
      this.sendEnd(row, output, FlowFinishType.TIMEOUT);
    } else if ((flags & R.F_CHANGED) !== 0) {
      this.send(row, nowMs, output);
    } else {
      this.rows.due[row] = this.nextVisit(row, nowMs);
    }
  }

  /** Since the last packet. One from the future must not keep its flow for ever: then silent visits count. */
  private idleMs(row: number, nowMs: number): number {
    const { words, doubles } = this.rows;
    const at = row * R.ROW_WORDS;
    const last = doubles[row * R.ROW_DOUBLES + R.D_LAST]!;
    if (last <= nowMs || (words[at + R.W_FLAGS]! & R.F_CHANGED) !== 0) return nowMs - last;
    words[at + R.W_SILENT]! += 1;
    return words[at + R.W_SILENT]! * Math.min(this.timings.flowUpdateMs, this.timings.flowExpireMs);
  }

  /** When something can have to be done with a flow, if no packet finishes it before. */
  private nextVisit(row: number, nowMs: number): number {
    const { words, doubles } = this.rows;
    const { timings } = this;
    const last = Math.min(doubles[row * R.ROW_DOUBLES + R.D_LAST]!, nowMs);
    const { timeoutMs } = this.intake.paths.get(words[row * R.ROW_WORDS + R.W_PATH]!);
    let next = Math.min(nowMs + timings.flowUpdateMs, last + timings.flowExpireMs + 1);
    if (timeoutMs > 0) next = Math.min(next, last + timeoutMs + 1);
    if ((words[row * R.ROW_WORDS + R.W_FLAGS]! & R.F_FINISH_MASK) !== 0)
      next = Math.min(next, last + timings.flowHoldMs);
    return Math.max(next, nowMs + 1);
  }

  private send(row: number, nowMs: number, output: TableOutput): void {
    const { rows } = this;
    const at = row * R.ROW_DOUBLES;
    const flow = this.flow(row);
    const start = this.changeStart(row);
    const last = Math.max(nowMs, start);
    flow.LastUpdateMetric = changeOf(rows, row, start, last);
    output.flows.push(flow);
    const { doubles } = rows;
    doubles[at + R.D_SENT_AB_PACKETS] = doubles[at + R.D_AB_PACKETS]!;
    doubles[at + R.D_SENT_AB_BYTES] = doubles[at + R.D_AB_BYTES]!;
    doubles[at + R.D_SENT_BA_PACKETS] = doubles[at + R.D_BA_PACKETS]!;
    doubles[at + R.D_SENT_BA_BYTES] = doubles[at + R.D_BA_BYTES]!;
    doubles[at + R.D_SENT_AT] = last;
    const flagsAt = row * R.ROW_WORDS + R.W_FLAGS;
    rows.words[flagsAt] = (rows.words[flagsAt]! & ~R.F_CHANGED) | R.F_SENT;
    rows.words[row * R.ROW_WORDS + R.W_SILENT] = 0;
    const extra = this.intake.extras[row];
    if (extra?.rawPackets) extra.rawPackets = [];
    rows.due[row] = this.nextVisit(row, nowMs);
  }

  private sendEnd(row: number, output: TableOutput, finish: FlowFinishType): void {
    if (finish !== FlowFinishType.NOT_FINISHED) {
      const flagsAt = row * R.ROW_WORDS + R.W_FLAGS;
      if ((this.rows.words[flagsAt]! & R.F_FINISH_MASK) === 0)
        this.rows.words[flagsAt]! |= finish << R.F_FINISH_SHIFT;
    }
    const flow = this.end(row);
    output.flows.push(flow);
    output.ended.push(flow.UUID);
  }

  /** Takes a flow out of the table; its last change reaches to its last packet. */
  private end(row: number): Flow {
    const { extras, streams } = this.intake;
    const extra = extras[row];
    if (extra !== undefined && streams !== undefined) flushStreams(extra, streams, row, Infinity);
    const flow = this.flow(row);
    const start = this.changeStart(row);
    flow.LastUpdateMetric = changeOf(this.rows, row, start, Math.max(flow.Last, start));
    this.intake.paths.release(this.rows.words[row * R.ROW_WORDS + R.W_PATH]!);
    this.rows.remove(row);
    this.intake.extras[row] = undefined;
    this.counters.flowsEnded++;
    return flow;
  }

  private changeStart(row: number): number {
    const at = row * R.ROW_DOUBLES;
    const isSent = (this.rows.words[row * R.ROW_WORDS + R.W_FLAGS]! & R.F_SENT) !== 0;
    return this.rows.doubles[at + (isSent ? R.D_SENT_AT : R.D_START)]!;
  }

  private flow(row: number): Flow {
    const { nodeTid, captureId } = this.options;
    return flowOf(this.rows, row, this.intake.paths, this.intake.extras[row], nodeTid, captureId);
  }
}
