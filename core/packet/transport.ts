/**
 * TCP, UDP, SCTP, UDPLite, RUDP, ICMPv4 and ICMPv6. TCP, UDP and SCTP count as layers even when their header is
 * cut; such a layer has no ports (its length below is less than the header's).
 *
 *   TCP   source 2 | destination 2 | seq 4 | ack 4 | offset, flags 2 | window 2 | checksum 2 | urgent 2 | options
 *   UDP   source 2 | destination 2 | length 2 | checksum 2
 *   ICMP  type 1 | code 1 | checksum 2 | id 2 | …
 */
import { DecodeStatus, LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

/** TCP payload is never decoded: paths end here. */
export function decodeTcp(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 20) {
    layers.push(LayerType.TCP, end - at);
    return layers.fail(DecodeStatus.Truncated);
  }
  const headerLength = (bytes[at + 12]! >> 4) * 4;
  if (headerLength < 20 || at + headerLength > end) {
    // The ports are there, so it keeps at least 20 bytes.
    layers.push(LayerType.TCP, end - at);
    return layers.fail(headerLength < 20 ? DecodeStatus.Malformed : DecodeStatus.Truncated);
  }
  layers.push(LayerType.TCP, headerLength);
  return LayerType.Payload;
}

/** UDP ports that name what they carry; the destination is asked first. */
function nextOfUdpPort(port: number, mplsPorts: ReadonlySet<number> | undefined): number {
  if (mplsPorts?.has(port)) return LayerType.MPLS;
  switch (port) {
    case 53:
      return LayerType.DNS;
    case 67:
    case 68:
      return LayerType.DHCPv4;
    case 123:
      return LayerType.NTP;
    case 546:
    case 547:
      return LayerType.DHCPv6;
    case 2152:
      return LayerType.GTPv1U;
    case 3784:
      return LayerType.BFD;
    case 4789:
    case 8472:
      return LayerType.VXLAN;
    case 5060:
      return LayerType.SIP;
    case 6081:
      return LayerType.Geneve;
    case 6343:
      return LayerType.SFlow;
    default:
      return LayerType.Payload;
  }
}

export function decodeUdp(layers: Layers, mplsPorts: ReadonlySet<number> | undefined): number {
  const { bytes, at, end } = layers;
  if (end - at < 8) {
    layers.push(LayerType.UDP, end - at);
    return layers.fail(DecodeStatus.Truncated);
  }
  const length = (bytes[at + 4]! << 8) | bytes[at + 5]!;
  layers.push(LayerType.UDP, 8);
  if (length !== 0) {
    if (length < 8) return layers.fail(DecodeStatus.Malformed);
    if (at + length < end) layers.end = at + length;
  }
  const next = nextOfUdpPort((bytes[at + 2]! << 8) | bytes[at + 3]!, mplsPorts);
  return next !== LayerType.Payload ? next : nextOfUdpPort((bytes[at]! << 8) | bytes[at + 1]!, mplsPorts);
}

export function decodeSctp(layers: Layers): number {
  if (layers.end - layers.at < 12) {
    layers.push(LayerType.SCTP, layers.end - layers.at);
    return layers.fail(DecodeStatus.Truncated);
  }
  layers.push(LayerType.SCTP, 12);
  return LayerType.SctpChunk;
}

export function decodeUdpLite(layers: Layers): number {
  if (layers.end - layers.at < 8) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.UDPLite, 8);
  return LayerType.Payload;
}

/** RFC 908's reliable datagrams, with one-byte ports. */
export function decodeRudp(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 18) return layers.fail(DecodeStatus.Truncated);
  const headerLength = bytes[at + 1]! * 2;
  if (headerLength < 18) return layers.fail(DecodeStatus.Malformed);
  const dataLength = (bytes[at + 4]! << 8) | bytes[at + 5]!;
  if (at + headerLength + dataLength > end) return layers.fail(DecodeStatus.Truncated);
  const isSyn = (bytes[at]! & 0x80) !== 0;
  const variable = headerLength - 18;
  if (isSyn && variable !== 6) return layers.fail(DecodeStatus.Malformed);
  if (!isSyn && (bytes[at]! & 0x20) !== 0 && variable % 4 !== 0) return layers.fail(DecodeStatus.Malformed);
  layers.push(LayerType.RUDP, headerLength);
  layers.end = layers.at + dataLength;
  return LayerType.Payload;
}

export function decodeIcmpv4(layers: Layers): number {
  if (layers.end - layers.at < 8) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.ICMPv4, 8);
  return LayerType.Payload;
}

export function decodeIcmpv6(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 4) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.ICMPv6, 4);
  switch (bytes[at]!) {
    case 128:
    case 129:
      return LayerType.ICMPv6Echo;
    case 130:
      // Version 2 queries differ from version 1 by their length only.
      return end - layers.at > 20
        ? LayerType.MLDv2MulticastListenerQuery
        : LayerType.MLDv1MulticastListenerQuery;
    case 131:
      return LayerType.MLDv1MulticastListenerReport;
    case 132:
      return LayerType.MLDv1MulticastListenerDone;
    case 133:
      return LayerType.ICMPv6RouterSolicitation;
    case 134:
      return LayerType.ICMPv6RouterAdvertisement;
    case 135:
      return LayerType.ICMPv6NeighborSolicitation;
    case 136:
      return LayerType.ICMPv6NeighborAdvertisement;
    case 137:
      return LayerType.ICMPv6Redirect;
    case 143:
      return LayerType.MLDv2MulticastListenerReport;
    default:
      return LayerType.Payload;
  }
}

/** Identifier and sequence number: the identifier is part of the flow's key. The data behind is not shown. */
export function decodeIcmpv6Echo(layers: Layers): number {
  if (layers.end - layers.at < 4) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.ICMPv6Echo, 4);
  return LayerType.None;
}
