/**
 * One captured packet is a sequence of sub-packets, outermost first; each feeds one flow. A sub-packet ends behind a
 * GRE, VXLAN, Geneve or MPLS header (flow model notes, section 4). This file finds the borders and, inside one,
 * the headers that decide the flow: offsets into `layers.bytes`, -1 for none, in a reused record.
 */
import { LayerType } from '../packet/layers.ts';
import type { Layers } from '../packet/layers.ts';

/** Header bytes without which a header has no addresses or ports. */
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const TCP_BYTES = 20;
const UDP_BYTES = 8;
const SCTP_BYTES = 12;

/** Index of the layer behind the sub-packet that starts at layer `from`. */
export function endOfSubPacket(layers: Layers, from: number): number {
  const { types, count } = layers;
  for (let i = from; i < count; i++) {
    const type = types[i];
    if (type === LayerType.VXLAN || type === LayerType.Geneve) return i + 1;
    if (type === LayerType.GRE) {
      // GRE with MPLS behind is one tunnel, provided something more follows.
      const more = i + 2 < count || layers.pending !== LayerType.None;
      if (types[i + 1] !== LayerType.MPLS || i + 1 >= count || !more) return i + 1;
    } else if (type === LayerType.MPLS) {
      // A stack of labels is one tunnel; the reference crashes on the second.
      if (i + 1 >= count || types[i + 1] !== LayerType.MPLS) return i + 1;
    }
  }
  return count;
}

/** Header bytes of the layers [from, to): what is subtracted from the length of the next sub-packet. */
export function headerBytes(layers: Layers, from: number, to: number): number {
  let bytes = 0;
  for (let i = from; i < to; i++) bytes += layers.lengths[i]!;
  return bytes;
}

export class SubPacket {
  /** Layers [from, to) of the packet. */
  from = 0;
  to = 0;
  /** Own headers: the first of each kind. */
  ethernet = -1;
  ipv4 = -1;
  ipv6 = -1;
  tcp = -1;
  udp = -1;
  sctp = -1;
  icmpv4 = -1;
  icmpv6 = -1;
  icmpv6Echo = -1;
  /** LayerType of the network and transport headers that enter the key, and their offsets; None and -1. */
  keyNetwork = 0;
  keyNetworkAt = -1;
  keyTransport = 0;
  keyTransportAt = -1;
  /** False where that header was cut before its addresses or ports. */
  hasAddresses = true;
  hasPorts = true;
  /** The same for the own headers. */
  isIpv4Whole = false;
  isIpv6Whole = false;
  isTcpWhole = false;
  isUdpWhole = false;
  isSctpWhole = false;
  /** LayerType of the last layer. */
  last = 0;

  /**
   * Reads layers [from, to). The outermost sub-packet is keyed by the first network and transport header of the
   * whole packet, even behind its tunnel header; the others by their own.
   */
  scan(layers: Layers, from: number, to: number, isOutermost: boolean): void {
    this.from = from;
    this.to = to;
    this.ethernet = this.ipv4 = this.ipv6 = this.tcp = this.udp = this.sctp = -1;
    this.icmpv4 = this.icmpv6 = this.icmpv6Echo = -1;
    this.keyNetwork = this.keyTransport = LayerType.None;
    this.keyNetworkAt = this.keyTransportAt = -1;
    this.hasAddresses = this.hasPorts = true;
    this.last = to > from ? layers.types[to - 1]! : LayerType.None;
    for (let i = from; i < to; i++) this.take(layers, i, isOutermost);
    if (isOutermost) {
      for (let i = to; i < layers.count; i++) this.takeKey(layers, i);
    } else {
      this.chooseOwn(layers);
    }
  }

  private take(layers: Layers, index: number, isOutermost: boolean): void {
    const at = layers.starts[index]!;
    const length = layers.lengths[index]!;
    const type = layers.types[index]!;
    switch (type) {
      case LayerType.Ethernet:
        if (this.ethernet < 0) this.ethernet = at;
        return;
      case LayerType.IPv4:
        if (this.ipv4 < 0) {
          this.ipv4 = at;
          this.isIpv4Whole = length >= IPV4_BYTES;
        }
        break;
      case LayerType.IPv6:
        if (this.ipv6 < 0) {
          this.ipv6 = at;
          this.isIpv6Whole = length >= IPV6_BYTES;
        }
        break;
      case LayerType.TCP:
        if (this.tcp < 0) {
          this.tcp = at;
          this.isTcpWhole = length >= TCP_BYTES;
        }
        break;
      case LayerType.UDP:
        if (this.udp < 0) {
          this.udp = at;
          this.isUdpWhole = length >= UDP_BYTES;
        }
        break;
      case LayerType.SCTP:
        if (this.sctp < 0) {
          this.sctp = at;
          this.isSctpWhole = length >= SCTP_BYTES;
        }
        break;
      case LayerType.ICMPv4:
        if (this.icmpv4 < 0) this.icmpv4 = at;
        return;
      case LayerType.ICMPv6:
        if (this.icmpv6 < 0) this.icmpv6 = at;
        return;
      case LayerType.ICMPv6Echo:
        if (this.icmpv6Echo < 0) this.icmpv6Echo = at;
        return;
      case LayerType.RUDP:
      case LayerType.UDPLite:
        break;
      default:
        return;
    }
    if (isOutermost) this.takeKey(layers, index);
  }

  private takeKey(layers: Layers, index: number): void {
    const type = layers.types[index]!;
    if (type === LayerType.IPv4 || type === LayerType.IPv6) {
      if (this.keyNetworkAt < 0) this.setNetwork(layers, index, type);
    } else if (type >= LayerType.TCP && type <= LayerType.UDPLite && this.keyTransportAt < 0) {
      this.setTransport(layers, index, type);
    }
  }

  /** An inner sub-packet looks for IPv4 before IPv6, and for UDP, TCP, SCTP in this order. */
  private chooseOwn(layers: Layers): void {
    const network = this.ipv4 >= 0 ? LayerType.IPv4 : this.ipv6 >= 0 ? LayerType.IPv6 : LayerType.None;
    const transport =
      this.udp >= 0
        ? LayerType.UDP
        : this.tcp >= 0
          ? LayerType.TCP
          : this.sctp >= 0
            ? LayerType.SCTP
            : LayerType.None;
    if (network === LayerType.None && transport === LayerType.None) return;
    for (let i = this.to - 1; i >= this.from; i--) {
      const type = layers.types[i]!;
      if (type === network) this.setNetwork(layers, i, type);
      else if (type === transport) this.setTransport(layers, i, type);
    }
  }

  private setNetwork(layers: Layers, index: number, type: number): void {
    this.keyNetwork = type;
    this.keyNetworkAt = layers.starts[index]!;
    this.hasAddresses = layers.lengths[index]! >= (type === LayerType.IPv4 ? IPV4_BYTES : IPV6_BYTES);
  }

  private setTransport(layers: Layers, index: number, type: number): void {
    this.keyTransport = type;
    this.keyTransportAt = layers.starts[index]!;
    const least = type === LayerType.TCP ? TCP_BYTES : type === LayerType.SCTP ? SCTP_BYTES : UDP_BYTES;
    this.hasPorts = layers.lengths[index]! >= least;
  }
}
