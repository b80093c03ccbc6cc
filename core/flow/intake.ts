/**
 * Packets in: decodes a packet, cuts it into sub-packets, finds or makes the flow of each and counts. The table
 * (table.ts) decides when flows are sent and end; both share the rows of the store here.
 */
import { decodePending } from '../packet/application.ts';
import { decodePacket, firstLayerOf } from '../packet/decode.ts';
import { Defragmented, Ipv4Defragmenter } from '../packet/defrag.ts';
import { DecodeStatus, LayerType, Layers } from '../packet/layers.ts';
import { createTCPMetric } from '../../proto/gen/flow.ts';
import { writeEnds } from './birth.ts';
import { TableCounters } from './counters.ts';
import {
  EXTRA_DNS,
  followStream,
  followTcpFlags,
  keepRawPacket,
  readApplicationLayer,
  readDnsLayer,
} from './extra.ts';
import type { FlowExtra } from './extra.ts';
import { FastPath } from './fast-path.ts';
import { FlowIds } from './ids.ts';
import { FlowKey } from './key.ts';
import { packetLength, subPacketSize } from './length.ts';
import type { FlowTableOptions } from './options.ts';
import { FlowPaths } from './paths.ts';
import * as R from './rows.ts';
import { FlowRows } from './rows.ts';
import { TcpStreams } from './reassembly.ts';
import { SubPacket, endOfSubPacket, headerBytes } from './sub-packet.ts';
import { countEarlier, countPacket, finishAtBirth, tcpFlagsOf } from './update.ts';

const LINK_TYPE_ETHERNET = 1;
const LINK_TYPE_IPV4 = 228;
const LINK_TYPE_IPV6 = 229;

/** What the table does when asked by the intake. */
export interface IntakeOwner {
  /** The table is full: takes one flow out. */
  evict(): void;
  /** When a flow born now has to be looked at first. */
  firstVisit(): number;
}

export class Intake {
  readonly counters = new TableCounters();
  readonly rows: FlowRows;
  readonly paths: FlowPaths;
  /** By row. */
  readonly extras: (FlowExtra | undefined)[] = [];
  readonly defragmenter: Ipv4Defragmenter | undefined;
  readonly streams: TcpStreams | undefined;
  /** See `FlowTable.setDetail`. */
  detail = 0;
  private readonly options: FlowTableOptions;
  private readonly owner: IntakeOwner;
  private readonly useLink: boolean;
  private readonly first: number;
  private readonly mplsPorts: ReadonlySet<number> | undefined;
  private readonly ids: FlowIds;
  private readonly key: FlowKey;
  private readonly layers = new Layers();
  private readonly sub = new SubPacket();
  private readonly rawPacketLimit: number;
  private readonly fastPath: FastPath | undefined;
  private readonly wantsDns: boolean;
  /** The packet at hand: as captured, its end, its time. */
  private bytes: Uint8Array = new Uint8Array(0);
  private start = 0;
  private end = 0;
  private timeMs = 0;
  private subMsNs = 0;
  /** True when decoding went on in a reassembled datagram. */
  private isDefragmented = false;

  constructor(
    options: FlowTableOptions,
    entriesMax: number,
    applicationTimeoutMs: Readonly<Record<string, number>>,
    owner: IntakeOwner,
  ) {
    this.options = options;
    this.owner = owner;
    this.useLink = options.layerKeyMode !== 'L3';
    this.first = firstLayerOf(options.linkType ?? LINK_TYPE_ETHERNET);
    this.mplsPorts = options.mplsUdpPorts?.length ? new Set(options.mplsUdpPorts) : undefined;
    this.rows = new FlowRows(entriesMax);
    this.paths = new FlowPaths(applicationTimeoutMs);
    this.ids = new FlowIds(options.nodeTid);
    this.key = new FlowKey(this.useLink, options.hashSeed ?? 0);
    this.rawPacketLimit = options.rawPacketLimit ?? 0;
    this.wantsDns = ((options.extraLayers ?? 0) & EXTRA_DNS) !== 0;
    this.defragmenter = options.ipDefrag ? new Ipv4Defragmenter() : undefined;
    this.streams = options.reassembleTcp ? new TcpStreams() : undefined;
    if (this.first === LayerType.Ethernet && options.fastPath !== false)
      this.fastPath = new FastPath(this.rows, {
        useLink: this.useLink,
        seed: options.hashSeed ?? 0,
        mplsPorts: options.mplsUdpPorts ?? [],
        wantsDns: this.wantsDns,
        streams: this.streams,
      });
  }

  /** See `FlowTable.feed`. */
  feed(
    bytes: Uint8Array,
    offset: number,
    length: number,
    wireLength: number,
    timeMs: number,
    subMsNs: number,
  ): void {
    const { counters, layers, sub } = this;
    const end = Math.min(offset + length, bytes.length);
    counters.packets++;
    counters.bytes += wireLength;
    if (this.fastPath?.count(bytes, offset, end, wireLength, timeMs, subMsNs)) {
      counters.decoded[DecodeStatus.Ok]!++;
      return;
    }
    this.bytes = bytes;
    this.start = offset;
    this.end = end;
    this.timeMs = timeMs;
    this.subMsNs = subMsNs;
    decodePacket(layers, bytes, offset, end, this.first, this.mplsPorts);
    counters.decoded[layers.status]!++;
    const total = packetLength(layers, wireLength, end);
    if (this.defragmenter !== undefined) {
      this.isDefragmented = false;
      if (!this.defragment(wireLength, total)) return;
    }
    if (!layers.plain || this.isDefragmented) {
      this.feedTunnels(total, wireLength);
      return;
    }
    sub.scan(layers, 0, layers.count, true);
    if (sub.ethernet < 0 && sub.keyNetworkAt < 0) counters.ignore(wireLength);
    else this.take(total, 0, 0, end);
  }

  /** Gives up datagrams that got no fragment for long (Infinity: all) and counts them. */
  discardFragments(nowMs: number): void {
    const { defragmenter, counters } = this;
    if (defragmenter === undefined) return;
    defragmenter.discardOld(nowMs);
    counters.fragmentsDropped = defragmenter.dropped;
    counters.fragmentBytesDropped = defragmenter.droppedBytes;
  }

  /** False when the packet is a fragment that no flow sees yet. */
  private defragment(wireLength: number, total: number): boolean {
    const defragmenter = this.defragmenter!;
    switch (defragmenter.take(this.layers, wireLength, total, this.timeMs, this.mplsPorts)) {
      case Defragmented.Untouched:
        return true;
      case Defragmented.Complete:
        this.isDefragmented = true;
        return true;
      default:
        return false;
    }
  }

  /** Each sub-packet feeds a flow, whose UUID is the parent of the next. */
  private feedTunnels(total: number, wireLength: number): void {
    const { layers, sub, rows } = this;
    const end = this.isDefragmented ? layers.bytes.length : this.end;
    let parentHigh = 0;
    let parentLow = 0;
    let length = total;
    for (let from = 0; from < layers.count || from === 0;) {
      const to = endOfSubPacket(layers, from);
      sub.scan(layers, from, to, from === 0);
      if (sub.ethernet < 0 && sub.keyNetworkAt < 0) {
        // Nothing to key it by: for the outermost the packet is lost, an inner one was counted around.
        if (from === 0) {
          this.counters.ignore(wireLength);
          return;
        }
      } else {
        const row = this.take(length, parentHigh, parentLow, end);
        parentHigh = rows.words[row * R.ROW_WORDS + R.W_UUID_HIGH]!;
        parentLow = rows.words[row * R.ROW_WORDS + R.W_UUID_LOW]!;
        if (this.isDefragmented) this.takeEarlierFragments(row, total - length);
      }
      if (from === 0 && this.isDefragmented) length = this.wholeLength(length);
      length -= headerBytes(layers, from, to);
      from = to;
    }
  }

  /** Length of the packet as if it had never been cut. */
  private wholeLength(length: number): number {
    return Math.max(length, this.layers.bytes.length);
  }

  /**
   * The fragments before the completing one belong to the flows that are around the fragmented header, too.
   * `outside`: bytes of the headers around the flow.
   */
  private takeEarlierFragments(row: number, outside: number): void {
    const { earlierFragments, earlierBytes, ipv4Index } = this.defragmenter!;
    if (earlierFragments === 0 || this.sub.from > ipv4Index) return;
    const bytes = earlierBytes - earlierFragments * Math.max(outside, 0);
    countEarlier(this.rows, row, this.key.swap, earlierFragments, Math.max(bytes, 0));
  }

  /** Finds or makes the flow of the sub-packet at hand and counts it. Returns the row. */
  private take(length: number, parentHigh: number, parentLow: number, end: number): number {
    const { layers, sub, key, rows, timeMs, subMsNs } = this;
    key.build(layers, sub, parentHigh, parentLow);
    const size = subPacketSize(layers, sub, length, this.useLink, end);
    const leaf = layers.pending;
    const leafAt = layers.at;
    let row = rows.find(key);
    if (row < 0) row = this.bear(sub.to === layers.count);
    if (countPacket(rows, row, layers, sub, key.swap, size, timeMs, subMsNs)) rows.due[row] = -Infinity;
    if ((rows.words[row * R.ROW_WORDS + R.W_FLAGS]! & R.F_EXTRA) !== 0) this.takeExtra(row);
    if (
      this.wantsDns &&
      this.detail < 2 &&
      leaf === LayerType.DNS &&
      layers.end > leafAt &&
      isLast(layers, sub)
    )
      readDnsLayer(this.extraOf(row), layers.bytes, leafAt, layers.end, timeMs, subMsNs);
    return row;
  }

  /** A new flow from the sub-packet and key at hand. */
  private bear(isLastOfPacket: boolean): number {
    const { layers, sub, key, rows, ids, options, timeMs } = this;
    if (rows.isFull) this.owner.evict();
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
    const network = writeEnds(rows, row, layers, sub);
    if (network) this.extraOf(row).network = network;
    if (isLastOfPacket) {
      decodePending(layers);
      sub.to = layers.count;
    }
    rows.words[at + R.W_PATH] = this.paths.takeOf(layers, sub.from, sub.to, this.applicationOf(row));
    this.bearExtra(row, isLastOfPacket);
    if (sub.tcp >= 0) finishAtBirth(rows, row, tcpFlagsOf(layers, sub));
    rows.due[row] = this.owner.firstVisit();
    if (this.rawPacketLimit > 0 || (options.reassembleTcp && sub.tcp >= 0))
      rows.words[at + R.W_FLAGS]! |= R.F_EXTRA | R.F_WATCH | (this.rawPacketLimit > 0 ? R.F_KEEP : 0);
    this.streams?.reserve(rows.used);
    return row;
  }

  /** What the options add to a new flow. */
  private bearExtra(row: number, isLastOfPacket: boolean): void {
    const { layers, sub, options, rows } = this;
    const flagsAt = row * R.ROW_WORDS + R.W_FLAGS;
    const flags = rows.words[flagsAt]!;
    if (options.extraTcpMetric && isTcp(flags)) this.extraOf(row).tcpMetric = createTCPMetric();
    if (!isLastOfPacket) return;
    if (this.defragmenter !== undefined && (flags & R.F_IPV4) !== 0) {
      rows.words[flagsAt]! |= R.F_IP_METRIC;
      if (this.isDefragmented)
        this.extraOf(row).ipMetric = {
          Fragments: this.defragmenter.earlierFragments,
          FragmentErrors: this.defragmenter.fragmentErrors,
        };
    }
    if (options.extraLayers) {
      const extra: FlowExtra = {};
      readApplicationLayer(extra, layers, sub, options.extraLayers);
      if (extra.dhcpv4 || extra.vrrpv2) Object.assign(this.extraOf(row), extra);
    }
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

  private extraOf(row: number): FlowExtra {
    let extra = this.extras[row];
    if (extra === undefined) {
      extra = {};
      this.extras[row] = extra;
      this.rows.words[row * R.ROW_WORDS + R.W_FLAGS]! |= R.F_EXTRA;
    }
    return extra;
  }

  /** The rarer work on a packet, in the reference's order: streams before flags. */
  private takeExtra(row: number): void {
    const { layers, sub, timeMs } = this;
    const extra = this.extraOf(row);
    const flags = this.rows.words[row * R.ROW_WORDS + R.W_FLAGS]!;
    // Of the flow, not of this packet: a tunnel between equal addresses can share the key of a connection.
    const isFollowed = this.streams !== undefined && isTcp(flags);
    if (sub.tcp >= 0 && sub.isTcpWhole) {
      const isForward = ((flags & R.F_SWAP) !== 0) === this.key.swap;
      if (this.streams && isFollowed && this.isFirstTransport())
        followStream(extra, this.streams, row, layers, sub, isForward, timeMs, this.subMsNs);
      followTcpFlags(extra, layers, sub, isForward, timeMs);
    }
    if (this.rawPacketLimit === 0) return;
    if (this.detail === 0) {
      this.takeRaw(extra);
      if ((extra.rawPacketsCaptured ?? 0) < this.rawPacketLimit) return;
    }
    this.rows.words[row * R.ROW_WORDS + R.W_FLAGS]! &= isFollowed ? ~R.F_KEEP : ~(R.F_KEEP | R.F_WATCH);
  }

  /** Only the first transport header of a packet is followed: what VXLAN carries is not. */
  private isFirstTransport(): boolean {
    const { layers, sub } = this;
    for (let i = 0; i < layers.count; i++) {
      const type = layers.types[i]!;
      if (type >= LayerType.TCP && type <= LayerType.UDPLite) return layers.starts[i] === sub.tcp;
    }
    return false;
  }

  /** Each packet has the link type of what it begins with, so that it can be read by itself. */
  private takeRaw(extra: FlowExtra): void {
    const { layers, sub } = this;
    const isInner = sub.from > 0;
    // Behind a reassembled header there are only the reassembled bytes.
    const bytes = isInner && this.isDefragmented ? layers.bytes : this.bytes;
    const from = isInner ? layers.starts[sub.from]! : this.start;
    const to = isInner && this.isDefragmented ? layers.bytes.length : this.end;
    const ofFirst = linkTypeOfLayer(layers.types[sub.from]!);
    const linkType = isInner || ofFirst !== 0 ? ofFirst : this.options.linkType || undefined;
    keepRawPacket(extra, this.rawPacketLimit, bytes, from, to, linkType, this.timeMs);
  }
}

function isTcp(flags: number): boolean {
  return (flags & R.F_TRANSPORT_MASK) === 1 << R.F_TRANSPORT_SHIFT;
}

/** 0 for what only the capture's own link type can announce. */
function linkTypeOfLayer(layer: number): number {
  switch (layer) {
    case LayerType.Ethernet:
      return LINK_TYPE_ETHERNET;
    case LayerType.IPv4:
      return LINK_TYPE_IPV4;
    case LayerType.IPv6:
      return LINK_TYPE_IPV6;
    default:
      return 0;
  }
}

function isLast(layers: Layers, sub: SubPacket): boolean {
  return sub.to === layers.count;
}
