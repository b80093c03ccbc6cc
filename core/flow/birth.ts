/**
 * A flow is born from its first sub-packet: the fields that never change again are written into its row (flow model
 * notes, section 6). A and B are the ends of this first packet as seen, not client and server.
 */
import { LayerType } from '../packet/layers.ts';
import type { Layers } from '../packet/layers.ts';
import { formatIpv4, formatIpv6 } from '../ip.ts';
import { greKeyAt, vniAt } from '../packet/tunnel.ts';
import { ICMPType } from '../../proto/gen/flow.ts';
import type { FlowExtra } from './extra.ts';
import { icmpv4TypeOf, icmpv6TypeOf } from './icmp.ts';
import {
  D_LINK_ID,
  F_ICMP,
  F_IPV4,
  F_IPV6,
  F_LINK,
  F_NETWORK_EXTRA,
  F_NO_ADDRESSES,
  F_TRANSPORT_SHIFT,
  ROW_DOUBLES,
  ROW_WORDS,
  W_FLAGS,
  W_ICMP,
  W_MACS,
  W_NETWORK_ID,
  W_PORTS,
} from './rows.ts';
import type { FlowRows } from './rows.ts';
import type { SubPacket } from './sub-packet.ts';

/** More tags than this do not fit into the 53 bits of a JavaScript integer: the innermost are left out. */
const VLAN_TAGS_MAX = 4;

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** VLAN ids, 12 bits each, the innermost in the highest place. */
function linkIdOf(layers: Layers, sub: SubPacket): number {
  let id = 0;
  let place = 1;
  let tags = 0;
  for (let i = sub.from; i < sub.to && tags < VLAN_TAGS_MAX; i++) {
    if (layers.types[i] !== LayerType.Dot1Q) continue;
    const at = layers.starts[i]!;
    id += (((layers.bytes[at]! & 0x0f) << 8) | layers.bytes[at + 1]!) * place;
    place *= 4096;
    tags++;
  }
  return id;
}

/** VXLAN or Geneve network id or GRE key of the last such header. */
function networkIdOf(layers: Layers, sub: SubPacket): number {
  for (let i = sub.to - 1; i >= sub.from; i--) {
    const type = layers.types[i];
    const at = layers.starts[i]!;
    if (type === LayerType.VXLAN || type === LayerType.Geneve) return vniAt(layers.bytes, at);
    if (type === LayerType.GRE) return greKeyAt(layers.bytes, at);
  }
  return 0;
}

function writeLink(rows: FlowRows, row: number, layers: Layers, sub: SubPacket): void {
  const { bytes } = layers;
  const destination = sub.ethernet;
  const source = destination + 6;
  const at = row * ROW_WORDS + W_MACS;
  rows.words[at] = word(bytes, source);
  rows.words[at + 1] =
    (bytes[source + 4]! << 24) |
    (bytes[source + 5]! << 16) |
    (bytes[destination]! << 8) |
    bytes[destination + 1]!;
  rows.words[at + 2] = word(bytes, destination + 2);
  rows.doubles[row * ROW_DOUBLES + D_LINK_ID] = linkIdOf(layers, sub);
}

/** Type, code and id as shown; 0 flags when the visible network has no such header. */
function writeIcmp(rows: FlowRows, row: number, layers: Layers, sub: SubPacket): number {
  const { bytes } = layers;
  const at = row * ROW_WORDS + W_ICMP;
  if (sub.ipv4 >= 0) {
    if (sub.icmpv4 < 0) return 0;
    const id = (bytes[sub.icmpv4 + 4]! << 8) | bytes[sub.icmpv4 + 5]!;
    rows.words[at] = (icmpv4TypeOf(bytes[sub.icmpv4]!) << 24) | (bytes[sub.icmpv4 + 1]! << 16) | id;
    return F_ICMP;
  }
  if (sub.icmpv6 < 0) return 0;
  const type = icmpv6TypeOf(bytes[sub.icmpv6]!);
  const echo = type === ICMPType.ECHO ? sub.icmpv6Echo : -1;
  const id = echo >= 0 ? (bytes[echo]! << 8) | bytes[echo + 1]! : 0;
  rows.words[at] = (type << 24) | (bytes[sub.icmpv6 + 1]! << 16) | id;
  return F_ICMP;
}

/** TCP before UDP before SCTP; 0 when there is none. Ports stay 0 where they were cut off. */
function writeTransport(rows: FlowRows, row: number, layers: Layers, sub: SubPacket): number {
  let kind = 0;
  let at = -1;
  if (sub.tcp >= 0) {
    kind = 1;
    if (sub.isTcpWhole) at = sub.tcp;
  } else if (sub.udp >= 0) {
    kind = 2;
    if (sub.isUdpWhole) at = sub.udp;
  } else if (sub.sctp >= 0) {
    kind = 3;
    if (sub.isSctpWhole) at = sub.sctp;
  }
  if (at >= 0) rows.words[row * ROW_WORDS + W_PORTS] = word(layers.bytes, at);
  return kind << F_TRANSPORT_SHIFT;
}

/**
 * Writes link, network, transport and ICMP fields and their flags. Returns the addresses apart when the visible
 * network layer is not the one of the key (IPv4 inside IPv6 shows the IPv4 addresses but is keyed by the IPv6 ones).
 */
export function writeEnds(rows: FlowRows, row: number, layers: Layers, sub: SubPacket): FlowExtra['network'] {
  const flagsAt = row * ROW_WORDS + W_FLAGS;
  let flags = rows.words[flagsAt]!;
  let apart: FlowExtra['network'];
  if (sub.ethernet >= 0) {
    flags |= F_LINK;
    writeLink(rows, row, layers, sub);
  }
  if (sub.ipv4 >= 0 || sub.ipv6 >= 0) {
    const isIpv4 = sub.ipv4 >= 0;
    flags |= isIpv4 ? F_IPV4 : F_IPV6;
    rows.words[row * ROW_WORDS + W_NETWORK_ID] = networkIdOf(layers, sub);
    const at = isIpv4 ? sub.ipv4 : sub.ipv6;
    if (!(isIpv4 ? sub.isIpv4Whole : sub.isIpv6Whole)) {
      flags |= F_NO_ADDRESSES;
    } else if (at !== sub.keyNetworkAt) {
      flags |= F_NETWORK_EXTRA;
      apart = isIpv4
        ? { a: formatIpv4(layers.bytes, at + 12), b: formatIpv4(layers.bytes, at + 16) }
        : { a: formatIpv6(layers.bytes, at + 8), b: formatIpv6(layers.bytes, at + 24) };
    }
    flags |= writeIcmp(rows, row, layers, sub) | writeTransport(rows, row, layers, sub);
  }
  rows.words[flagsAt] = flags;
  return apart;
}
