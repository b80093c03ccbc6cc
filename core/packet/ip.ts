/**
 * IPv4 (RFC 791), IPv6 (RFC 8200) with its extension headers, and the IPsec authentication header (RFC 4302).
 * An IP layer counts even when its header is cut or contradictory: the flow is then known by what is there.
 */
import { DecodeStatus, LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

/** What an IP protocol number announces. */
function nextOfProtocol(layers: Layers, protocol: number): number {
  switch (protocol) {
    case 6:
      return LayerType.TCP;
    case 17:
      return LayerType.UDP;
    case 1:
      return LayerType.ICMPv4;
    case 58:
      return LayerType.ICMPv6;
    case 0:
      return LayerType.IPv6HopByHop;
    case 2:
      return LayerType.IGMP;
    case 4:
    case 94:
      return LayerType.IPv4;
    case 27:
      return LayerType.RUDP;
    case 41:
      return LayerType.IPv6;
    case 43:
      return LayerType.IPv6Routing;
    case 44:
      return LayerType.IPv6Fragment;
    case 47:
      return LayerType.GRE;
    case 50:
      return LayerType.IPSecESP;
    case 51:
      return LayerType.IPSecAH;
    case 59:
      return LayerType.Payload;
    case 60:
      return LayerType.IPv6Destination;
    case 89:
      return LayerType.OSPF;
    case 97:
      return LayerType.EtherIP;
    case 112:
      return LayerType.VRRP;
    case 132:
      return LayerType.SCTP;
    case 136:
      return LayerType.UDPLite;
    case 137:
      return LayerType.MPLS;
    default:
      return layers.fail(DecodeStatus.Unsupported);
  }
}

/** Walks IPv4 options; a wrong length ends decoding, as in the reference. */
function hasSoundOptions(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to) {
    const kind = bytes[at]!;
    if (kind === 0) return true;
    if (kind === 1) {
      at++;
      continue;
    }
    const length = at + 1 < to ? bytes[at + 1]! : 0;
    if (length <= 2 || at + length > to) return false;
    at += length;
  }
  return true;
}

/** What follows an IPv4 header that is not a fragment; also asked by the defragmenter. */
export function nextOfIpv4(layers: Layers, headerAt: number): number {
  return nextOfProtocol(layers, layers.bytes[headerAt + 9]!);
}

export function decodeIpv4(layers: Layers): number {
  const { bytes, at, end } = layers;
  const available = end - at;
  if (available < 20) {
    layers.push(LayerType.IPv4, available);
    return layers.fail(DecodeStatus.Truncated);
  }
  const headerLength = (bytes[at]! & 0x0f) * 4;
  // 0 where the network card segments later: everything there is counts.
  const totalLength = (bytes[at + 2]! << 8) | bytes[at + 3]! || available & 0xffff;
  if (headerLength < 20 || headerLength > totalLength) {
    layers.push(LayerType.IPv4, available);
    return layers.fail(DecodeStatus.Malformed);
  }
  if (headerLength > available) {
    layers.push(LayerType.IPv4, available);
    return layers.fail(DecodeStatus.Truncated);
  }
  layers.push(LayerType.IPv4, headerLength);
  if (totalLength < available) layers.end = at + totalLength;
  if (headerLength > 20 && !hasSoundOptions(bytes, at + 20, at + headerLength))
    return layers.fail(DecodeStatus.Malformed);
  // More fragments, or an offset.
  if ((bytes[at + 6]! & 0x3f) !== 0 || bytes[at + 7] !== 0) return LayerType.Fragment;
  return nextOfProtocol(layers, bytes[at + 9]!);
}

/** The payload length that a jumbogram's hop-by-hop option tells; 0 when there is none, -1 when it is malformed. */
function jumboLength(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  let length = 0;
  while (at < to) {
    if (bytes[at] === 0) {
      at++;
      continue;
    }
    if (at + 2 > to) return -1;
    const next = at + 2 + bytes[at + 1]!;
    if (next > to) return -1;
    if (bytes[at] === 0xc2) {
      if (bytes[at + 1] !== 4 || length !== 0) return -1;
      length =
        ((bytes[at + 2]! << 24) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!) >>> 0;
      if (length <= 65_535) return -1;
    }
    at = next;
  }
  return length;
}

/** `isBare`: behind MPLS, where the reference shows no layer for the hop-by-hop header. */
export function decodeIpv6(layers: Layers, isBare = false): number {
  const { bytes, at, end } = layers;
  if (end - at < 40) {
    layers.push(LayerType.IPv6, end - at);
    return layers.fail(DecodeStatus.Truncated);
  }
  const payloadLength = (bytes[at + 4]! << 8) | bytes[at + 5]!;
  const next = bytes[at + 6]!;
  layers.push(LayerType.IPv6, 40);
  if (next === 0) return decodeHopByHopOfIpv6(layers, payloadLength, isBare);
  if (payloadLength === 0) return layers.fail(DecodeStatus.Malformed);
  if (at + 40 + payloadLength < end) layers.end = at + 40 + payloadLength;
  return nextOfProtocol(layers, next);
}

/** The hop-by-hop header directly behind an IPv6 header, which may tell the length of a jumbogram. */
function decodeHopByHopOfIpv6(layers: Layers, payloadLength: number, isBare: boolean): number {
  const { bytes, at, end } = layers;
  const length = extensionLength(layers);
  if (length < 0) return layers.fail(DecodeStatus.Truncated);
  const jumbo = jumboLength(bytes, at + 2, at + length);
  const next = bytes[at]!;
  if (isBare) layers.at += length;
  else layers.push(LayerType.IPv6HopByHop, length);
  if (jumbo < 0 || (jumbo === 0) !== (payloadLength !== 0)) return layers.fail(DecodeStatus.Malformed);
  const payload = jumbo === 0 ? payloadLength : jumbo;
  if (at + payload < end) layers.end = at + payload;
  return nextOfProtocol(layers, next);
}

/** Length of an extension header whose second byte counts units of 8 bytes; -1 when it is cut. */
function extensionLength(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 2) return -1;
  const length = bytes[at + 1]! * 8 + 8;
  return end - at < length ? -1 : length;
}

/** Options of the form type, length, value, with single zero bytes between; false when one is cut. */
function hasSoundTlvs(bytes: Uint8Array, from: number, to: number, end: number): boolean {
  let at = from;
  while (at < to) {
    if (bytes[at] === 0) at++;
    else if (at + 1 >= end) return false;
    else at += 2 + bytes[at + 1]!;
  }
  // One that runs over the header's end, but not the packet's, is let pass.
  return at <= end;
}

/** Hop-by-hop headers elsewhere in the chain, and destination options. A cut one still has its name in the path. */
export function decodeIpv6Options(layers: Layers, type: number): number {
  const { bytes, at, end } = layers;
  const length = extensionLength(layers);
  if (length < 0) {
    layers.push(type, 0);
    return layers.fail(DecodeStatus.Truncated);
  }
  if (!hasSoundTlvs(bytes, at + 2, at + length, end)) return layers.fail(DecodeStatus.Malformed);
  const next = bytes[at]!;
  layers.push(type, length);
  return nextOfProtocol(layers, next);
}

/** Only type 0 routing headers are followed, as in the reference; others end the path before them. */
export function decodeIpv6Routing(layers: Layers): number {
  const { bytes, at } = layers;
  const length = extensionLength(layers);
  if (length < 0) return layers.fail(DecodeStatus.Truncated);
  if (bytes[at + 2] !== 0) return layers.fail(DecodeStatus.Unsupported);
  if ((length - 8) % 16 !== 0) return layers.fail(DecodeStatus.Malformed);
  const next = bytes[at]!;
  layers.push(LayerType.IPv6Routing, length);
  return nextOfProtocol(layers, next);
}

export function decodeIpv6Fragment(layers: Layers): number {
  if (layers.end - layers.at < 8) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.IPv6Fragment, 8);
  return LayerType.Fragment;
}

export function decodeIpsecAh(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 12) return layers.fail(DecodeStatus.Truncated);
  const length = (bytes[at + 1]! + 2) * 4;
  if (length < 12) return layers.fail(DecodeStatus.Malformed);
  if (end - at < length) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.IPSecAH, length);
  return nextOfProtocol(layers, bytes[at]!);
}

/** A packet of a raw IP link, or what follows GTP: the first nibble is the version. */
export function decodeRawIp(layers: Layers): number {
  const version = layers.end > layers.at ? layers.bytes[layers.at]! >> 4 : 0;
  if (version === 4) return LayerType.IPv4;
  if (version === 6) return LayerType.IPv6;
  return layers.fail(layers.end > layers.at ? DecodeStatus.Unsupported : DecodeStatus.Truncated);
}
