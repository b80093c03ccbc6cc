/**
 * The flow table of one capture: packets become flows. `feed` decodes a packet, finds the flow of each of its
 * sub-packets by key and counts; `tick` yields what has to be sent: flows just born, changed flows when their update
 * is due, ended flows (flow model notes, section 13; timing by docs/design/freshness.md).
 *
 * Line of data: capture → core/packet/decode.ts → sub-packet.ts → key.ts → here → probe outbox.
 * One core, from memory: figures in bench/flows.ts.
 */
import { limits, timings as defaultTimings } from '../limits.ts';
import { decodePacket, firstLayerOf } from '../packet/decode.ts';
import { Layers } from '../packet/layers.ts';
import { FlowFinishType } from '../../proto/gen/flow.ts';
import type { Flow } from '../../proto/gen/flow.ts';
import { writeEnds } from './birth.ts';
import { TableCounters } from './counters.ts';
import { changeOf, flowOf } from './emit.ts';
import { Evictions } from './evictions.ts';
import type { FlowExtra } from './extra.ts';
import { FlowIds } from './ids.ts';
import { FlowKey } from './key.ts';
import { packetLength, subPacketSize } from './length.ts';
import { FlowPaths, layersPathOf } from './paths.ts';
import * as R from './rows.ts';
import { FlowRows } from './rows.ts';
import { SubPacket, endOfSubPacket, headerBytes } from './sub-packet.ts';
import { countPacket, countTcpMetric, finishAtBirth, newTcpMetric, tcpFlagsOf } from './update.ts';

export interface FlowTimings {
  readonly newFlowMs: number;
  readonly flowUpdateMs: number;
  readonly flowExpireMs: number;
  readonly flowHoldMs: number;
  readonly applicationTimeoutMs: Readonly<Record<string, number>>;
}

export interface FlowTableOptions {
  readonly nodeTid: string;
  readonly captureId: string;
  /** What a flow is keyed by besides its IP ends: L2 (default) adds the MACs. */
  readonly layerKeyMode?: 'L2' | 'L3' | undefined;
  /** pcap link type of the packets fed; 1 (Ethernet) by default. */
  readonly linkType?: number | undefined;
  readonly extraTcpMetric?: boolean | undefined;
  readonly ipDefrag?: boolean | undefined;
  readonly reassembleTcp?: boolean | undefined;
  /** Bit mask: 1 VRRP, 2 DNS, 4 DHCPv4. */
  readonly extraLayers?: number | undefined;
  /** Packets kept of each flow. */
  readonly rawPacketLimit?: number | undefined;
  readonly mplsUdpPorts?: readonly number[] | undefined;
  /** Port → name that replaces Application. */
  readonly applicationPorts?:
    | { readonly tcp?: ReadonlyMap<number, string>; readonly udp?: ReadonlyMap<number, string> }
    | undefined;
  readonly timings?: Partial<FlowTimings> | undefined;
  readonly entriesMax?: number | undefined;
  /** Any number that others cannot guess: it decides where keys lie in the hash index. */
  readonly hashSeed?: number | undefined;
}

export interface TableOutput {
  readonly flows: Flow[];
  /** UUIDs of the flows in `flows` that have left the table. */
  readonly ended: string[];
}

export class FlowTable {
  readonly counters = new TableCounters();
  private readonly options: FlowTableOptions;
  private timings: FlowTimings;
  private readonly useLink: boolean;
  private readonly first: number;
  private readonly mplsPorts: ReadonlySet<number> | undefined;
  private readonly rows: FlowRows;
  private readonly paths: FlowPaths;
  private readonly ids: FlowIds;
  private readonly key: FlowKey;
  private readonly extras = new Map<number, FlowExtra>();
  private readonly evictions: Evictions;
  private readonly layers = new Layers();
  private readonly sub = new SubPacket();
  /** Evicted flows wait here for the next tick. */
  private evicted: Flow[] = [];
  private lastTickMs = -Infinity;
  private tickPeriodMs: number;

  constructor(options: FlowTableOptions) {
    this.options = options;
    this.timings = { ...defaultTimings, ...options.timings };
    this.useLink = options.layerKeyMode !== 'L3';
    this.first = firstLayerOf(options.linkType ?? 1);
    this.mplsPorts = options.mplsUdpPorts?.length ? new Set(options.mplsUdpPorts) : undefined;
    this.rows = new FlowRows(options.entriesMax ?? limits.flowTableEntriesMax);
    this.paths = new FlowPaths(this.timings.applicationTimeoutMs);
    this.ids = new FlowIds(options.nodeTid);
    this.key = new FlowKey(this.useLink, options.hashSeed ?? 0);
    this.evictions = new Evictions(this.rows);
    this.tickPeriodMs = this.timings.newFlowMs;
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
    const { counters, layers, sub } = this;
    counters.packets++;
    counters.bytes += wireLength;
    const end = Math.min(offset + length, bytes.length);
    decodePacket(layers, bytes, offset, end, this.first, this.mplsPorts);
    counters.decoded[layers.status]!++;
    const total = packetLength(layers, wireLength, end);
    if (layers.plain) {
      sub.scan(layers, 0, layers.count, true);
      if (sub.ethernet < 0 && sub.keyNetworkAt < 0) {
        counters.ignore(wireLength);
        return;
      }
      this.take(total, 0, 0, end, timeMs, subMsNs);
    } else {
      this.feedTunnels(total, wireLength, end, timeMs, subMsNs);
    }
  }

  /** Each sub-packet feeds a flow, whose UUID is the parent of the next. */
  private feedTunnels(total: number, wireLength: number, end: number, timeMs: number, subMsNs: number): void {
    const { layers, sub, rows } = this;
    let parentHigh = 0;
    let parentLow = 0;
    let length = total;
    for (let from = 0; from < layers.count;) {
      const to = endOfSubPacket(layers, from);
      sub.scan(layers, from, to, from === 0);
      if (sub.ethernet < 0 && sub.keyNetworkAt < 0) {
        // Nothing to key it by: for the outermost the packet is lost, an inner one was counted around.
        if (from === 0) {
          this.counters.ignore(wireLength);
          return;
        }
      } else {
        const row = this.take(length, parentHigh, parentLow, end, timeMs, subMsNs);
        parentHigh = rows.words[row * R.ROW_WORDS + R.W_UUID_HIGH]!;
        parentLow = rows.words[row * R.ROW_WORDS + R.W_UUID_LOW]!;
      }
      length -= headerBytes(layers, from, to);
      from = to;
    }
  }

  /** Finds or makes the flow of the sub-packet at hand and counts it. Returns the row. */
  private take(
    length: number,
    parentHigh: number,
    parentLow: number,
    end: number,
    timeMs: number,
    subMsNs: number,
  ): number {
    const { layers, sub, key, rows } = this;
    key.build(layers, sub, parentHigh, parentLow);
    const size = subPacketSize(layers, sub, length, this.useLink, end);
    let row = rows.find(key);
    const isNew = row < 0;
    if (isNew) row = this.bear(timeMs);
    const isEnd = countPacket(rows, row, layers, sub, key.swap, size, timeMs, subMsNs);
    if (isEnd) rows.due[row] = -Infinity;
    if ((rows.words[row * R.ROW_WORDS + R.W_FLAGS]! & R.F_EXTRA) !== 0) this.takeExtra(row, timeMs);
    return row;
  }

  /** A new flow from the sub-packet and key at hand. */
  private bear(timeMs: number): number {
    const { layers, sub, key, rows, ids, options } = this;
    if (rows.isFull) this.evict();
    const row = rows.insert(key);
    this.counters.flowsCreated++;
    const at = row * R.ROW_WORDS;
    ids.make(key.words, timeMs);
    rows.words[at + R.W_L2_HIGH] = ids.l2.high;
    rows.words[at + R.W_L2_LOW] = ids.l2.low;
    rows.words[at + R.W_L3_HIGH] = ids.l3.high;
    rows.words[at + R.W_L3_LOW] = ids.l3.low;
    rows.words[at + R.W_UUID_HIGH] = ids.uuid.high;
    rows.words[at + R.W_UUID_LOW] = ids.uuid.low;
    rows.words[at + R.W_FLAGS] = key.swap ? R.F_SWAP : 0;
    rows.doubles[row * R.ROW_DOUBLES + R.D_START] = timeMs;
    const extra: FlowExtra = {};
    const network = writeEnds(rows, row, layers, sub);
    if (network) extra.network = network;
    const flags = rows.words[at + R.W_FLAGS]!;
    const isTcp = (flags & R.F_TRANSPORT_MASK) === 1 << R.F_TRANSPORT_SHIFT;
    if (isTcp) {
      finishAtBirth(rows, row, tcpFlagsOf(layers, sub));
      if (options.extraTcpMetric) extra.tcpMetric = newTcpMetric();
    }
    const { path, last } = layersPathOf(layers, sub.from, sub.to);
    rows.words[at + R.W_PATH] = this.paths.take(path, this.applicationOf(row) ?? last);
    if (Object.keys(extra).length > 0) {
      this.extras.set(row, extra);
      rows.words[at + R.W_FLAGS]! |= R.F_EXTRA;
    }
    // Ticks come about every tickPeriodMs: the last one that still is in time takes it.
    rows.due[row] = this.lastTickMs + Math.max(0, this.timings.newFlowMs - this.tickPeriodMs);
    return row;
  }

  /** The configured name of a port, the source port first. */
  private applicationOf(row: number): string | undefined {
    const ports = this.options.applicationPorts;
    if (ports === undefined) return undefined;
    const flags = this.rows.words[row * R.ROW_WORDS + R.W_FLAGS]!;
    const transport = (flags & R.F_TRANSPORT_MASK) >> R.F_TRANSPORT_SHIFT;
    const names = transport === 1 ? ports.tcp : transport === 2 ? ports.udp : undefined;
    const both = this.rows.words[row * R.ROW_WORDS + R.W_PORTS]!;
    return names?.get(both >>> 16) ?? names?.get(both & 0xffff);
  }

  private takeExtra(row: number, timeMs: number): void {
    const { layers, sub } = this;
    const extra = this.extras.get(row);
    if (extra?.tcpMetric === undefined) return;
    const tcp = tcpFlagsOf(layers, sub);
    if (tcp === 0) return;
    const isForward = ((this.rows.words[row * R.ROW_WORDS + R.W_FLAGS]! & R.F_SWAP) !== 0) === this.key.swap;
    const ttl =
      sub.ipv4 >= 0
        ? sub.isIpv4Whole
          ? layers.bytes[sub.ipv4 + 8]!
          : 0
        : sub.ipv6 >= 0 && sub.isIpv6Whole
          ? layers.bytes[sub.ipv6 + 7]!
          : 0;
    countTcpMetric(extra.tcpMetric, tcp, isForward, timeMs, ttl);
  }

  /** The idlest flow makes room; it is sent with the next tick. */
  private evict(): void {
    const row = this.evictions.next();
    this.counters.flowsEvicted++;
    this.evicted.push(this.end(row));
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
    const output = this.startOutput();
    const { due, used } = this.rows;
    for (let row = 0; row < used; row++)
      if (due[row] !== Infinity) this.sendEnd(row, output, FlowFinishType.TIMEOUT);
    this.lastTickMs = nowMs;
    return output;
  }

  /** All live flows as they are, nothing marked sent, in table order. */
  snapshot(): Flow[] {
    const flows: Flow[] = [];
    const { due, used } = this.rows;
    for (let row = 0; row < used; row++) {
      if (due[row] === Infinity) continue;
      const flow = this.flow(row);
      const at = row * R.ROW_DOUBLES;
      if ((this.rows.words[row * R.ROW_WORDS + R.W_FLAGS]! & R.F_SENT) !== 0)
        flow.LastUpdateMetric = changeOf(this.rows, row, this.rows.doubles[at + R.D_SENT_AT]!, flow.Last);
      flows.push(flow);
    }
    return flows;
  }

  private startOutput(): { flows: Flow[]; ended: string[] } {
    const flows = this.evicted;
    this.evicted = [];
    return { flows, ended: flows.map((flow) => flow.UUID) };
  }

  /** Decides what becomes of a flow whose time has come. */
  private visit(row: number, nowMs: number, output: TableOutput): void {
    const { words, doubles } = this.rows;
    const { timings } = this;
    const flags = words[row * R.ROW_WORDS + R.W_FLAGS]!;
    const at = row * R.ROW_DOUBLES;
    const last = doubles[at + R.D_LAST]!;
    // A packet from the future must not keep its flow for ever.
    const idleMs =
      last <= nowMs || (flags & R.F_CHANGED) !== 0 ? nowMs - last : nowMs - doubles[at + R.D_SENT_AT]!;
    const { timeoutMs } = this.paths.get(words[row * R.ROW_WORDS + R.W_PATH]!);
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

  /** When something can have to be done with a flow, if no packet finishes it before. */
  private nextVisit(row: number, nowMs: number): number {
    const { words, doubles } = this.rows;
    const { timings } = this;
    const last = Math.min(doubles[row * R.ROW_DOUBLES + R.D_LAST]!, nowMs);
    const { timeoutMs } = this.paths.get(words[row * R.ROW_WORDS + R.W_PATH]!);
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
    const extra = this.extras.get(row);
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
    const flow = this.flow(row);
    const start = this.changeStart(row);
    flow.LastUpdateMetric = changeOf(this.rows, row, start, Math.max(flow.Last, start));
    this.paths.release(this.rows.words[row * R.ROW_WORDS + R.W_PATH]!);
    this.rows.remove(row);
    this.extras.delete(row);
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
    return flowOf(this.rows, row, this.paths, this.extras.get(row), nodeTid, captureId);
  }
}
