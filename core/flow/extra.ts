/**
 * What only some captures ask for, kept beside the rows: TCP metrics and reassembly, fragments, raw packets, decoded
 * DNS, DHCPv4 and VRRP layers (flow model notes, sections 9 to 12).
 */
import { readDhcpv4 } from '../packet/dhcp.ts';
import { readDns } from '../packet/dns.ts';
import { LayerType } from '../packet/layers.ts';
import type { Layers } from '../packet/layers.ts';
import { createTCPMetric, createVRRPv2 } from '../../proto/gen/flow.ts';
import type { DHCPv4, DNS, IPMetric, RawPacket, TCPMetric, VRRPv2 } from '../../proto/gen/flow.ts';
import type { TcpStreams } from './reassembly.ts';
import type { SubPacket } from './sub-packet.ts';
import { countTcpMetric, tcpFlagsOf } from './update.ts';

export interface FlowExtra {
  tcpMetric?: TCPMetric;
  ipMetric?: IPMetric;
  /** Not yet sent. */
  rawPackets?: RawPacket[];
  rawPacketsCaptured?: number;
  dns?: DNS;
  dhcpv4?: DHCPv4;
  vrrpv2?: VRRPv2;
  /** The addresses where the visible network layer is not the one of the key. */
  network?: { readonly a: string; readonly b: string };
}

/** Bits of the option `extraLayers`. */
export const EXTRA_VRRP = 1;
export const EXTRA_DNS = 2;
export const EXTRA_DHCPV4 = 4;

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;

/** At most one application layer, looked for in this order, from the first packet. DNS is read with every packet. */
export function readApplicationLayer(extra: FlowExtra, layers: Layers, sub: SubPacket, wanted: number): void {
  for (let i = sub.from; i < layers.count; i++) {
    const at = layers.starts[i]!;
    if (layers.types[i] === LayerType.DHCPv4 && (wanted & EXTRA_DHCPV4) !== 0) {
      extra.dhcpv4 = readDhcpv4(layers.bytes, at);
      return;
    }
    if (layers.types[i] === LayerType.VRRP && (wanted & EXTRA_VRRP) !== 0) {
      extra.vrrpv2 = createVRRPv2({
        version: layers.bytes[at]! >> 4,
        VirtualRtrID: layers.bytes[at + 1]!,
        priority: layers.bytes[at + 2]!,
        adver_int: layers.bytes[at + 5]!,
      });
      return;
    }
  }
}

/** The newest DNS packet of a flow replaces the one before. A malformed one is left out. */
export function readDnsLayer(
  extra: FlowExtra,
  bytes: Uint8Array,
  at: number,
  end: number,
  timeMs: number,
  subMsNs: number,
): void {
  const dns = readDns(bytes, at, end, timeMs, subMsNs);
  if (dns) extra.dns = dns;
}

const LINK_TYPE_LOOP = 108;

/**
 * Keeps bytes[from, to) as one of the first `limit` packets of a flow. `linkType`: what they begin with; 0 = nobody
 * knows, undefined = a BSD loopback header in the order of the capturing host.
 */
export function keepRawPacket(
  extra: FlowExtra,
  limit: number,
  bytes: Uint8Array,
  from: number,
  to: number,
  linkType: number | undefined,
  timeMs: number,
): void {
  const captured = extra.rawPacketsCaptured ?? 0;
  if (captured >= limit) return;
  extra.rawPacketsCaptured = captured + 1;
  const data = bytes.slice(from, to);
  // Its link type is 0, which says nothing here; the same header in network order has a number of its own.
  if (linkType === undefined && data[0] !== 0) data.subarray(0, 4).reverse();
  (extra.rawPackets ??= []).push({
    Timestamp: timeMs,
    Index: captured + 1,
    Data: data,
    LinkType: linkType ?? LINK_TYPE_LOOP,
  });
}

function ttlOf(layers: Layers, sub: SubPacket): number {
  if (sub.ipv4 >= 0) return sub.isIpv4Whole ? layers.bytes[sub.ipv4 + 8]! : 0;
  return sub.ipv6 >= 0 && sub.isIpv6Whole ? layers.bytes[sub.ipv6 + 7]! : 0;
}

/** Counts SYN, FIN and RST of a TCP packet, if the flow has TCP metrics. */
export function followTcpFlags(
  extra: FlowExtra,
  layers: Layers,
  sub: SubPacket,
  isForward: boolean,
  timeMs: number,
): void {
  const tcp = tcpFlagsOf(layers, sub);
  if (extra.tcpMetric && tcp !== 0)
    countTcpMetric(extra.tcpMetric, tcp, isForward, timeMs, ttlOf(layers, sub));
}

/** Payload bytes of a TCP header at `at` whose packet ends at `end`. */
function payloadOf(bytes: Uint8Array, at: number, end: number): number {
  const headerLength = (bytes[at + 12]! >> 4) * 4;
  return headerLength >= 20 ? Math.max(end - at - headerLength, 0) : 0;
}

/** Follows the stream of a TCP packet; its numbers reach the flow when it completes. */
export function followStream(
  extra: FlowExtra,
  streams: TcpStreams,
  row: number,
  layers: Layers,
  sub: SubPacket,
  isForward: boolean,
  timeMs: number,
  subMsNs: number,
): void {
  const { bytes } = layers;
  const at = sub.tcp;
  const length = payloadOf(bytes, at, layers.end);
  const flags = bytes[at + 13]!;
  if ((flags & (SYN | FIN | RST)) === 0 && length === 0) return;
  const side = isForward ? 0 : 1;
  const seq = (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
  const isEnd = (flags & (FIN | RST)) !== 0;
  if (streams.take(row, side, seq, length, (flags & SYN) !== 0, isEnd, timeMs, subMsNs))
    completeStream(extra, streams, row, side);
}

/** Completes the streams of a flow that were silent since `sinceMs` (Infinity: all). True when one did. */
export function flushStreams(extra: FlowExtra, streams: TcpStreams, row: number, sinceMs: number): boolean {
  let isChanged = false;
  for (const side of [0, 1]) {
    if (!streams.isOpen(row, side) || !streams.isSilentSince(row, side, sinceMs)) continue;
    completeStream(extra, streams, row, side);
    isChanged = true;
  }
  return isChanged;
}

/** Copies what a stream counted into the flow's TCP metrics and forgets it. */
function completeStream(extra: FlowExtra, streams: TcpStreams, row: number, side: number): void {
  const counts = streams.close(row, side);
  const metric = (extra.tcpMetric ??= createTCPMetric());
  if (side === 0) {
    metric.ABSegmentOutOfOrder = counts.outOfOrder;
    metric.ABSegmentSkipped = counts.skipped;
    metric.ABSegmentSkippedBytes = counts.skippedBytes;
    metric.ABPackets = counts.packets;
    metric.ABBytes = counts.bytes;
    if (counts.sawStart) metric.ABSawStart = 1;
    if (counts.sawEnd) metric.ABSawEnd = 1;
  } else {
    metric.BASegmentOutOfOrder = counts.outOfOrder;
    metric.BASegmentSkipped = counts.skipped;
    metric.BASegmentSkippedBytes = counts.skippedBytes;
    metric.BAPackets = counts.packets;
    metric.BABytes = counts.bytes;
    if (counts.sawStart) metric.BASawStart = 1;
    if (counts.sawEnd) metric.BASawEnd = 1;
  }
}
