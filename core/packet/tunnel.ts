/**
 * Headers that carry other packets: GRE (RFC 2784, 2890), ERSPAN II, VXLAN (RFC 7348), Geneve (RFC 8926), GTPv1-U,
 * MPLS (RFC 3032) and EtherIP. GRE, VXLAN, Geneve and MPLS start a new sub-packet behind them.
 *
 *   GRE     C R K S s … flags 2 | protocol 2 | [checksum, offset 4] [key 4] [sequence 4] [routing] [ack 4]
 *   VXLAN   flags 1 | reserved 3 | vni 3 | reserved 1
 *   Geneve  version, option length 1 | flags 1 | protocol 2 | vni 3 | reserved 1 | options
 *   MPLS    label 20 bit | class 3 bit | bottom 1 bit | ttl 8 bit
 */
import { nextOfEtherType } from './ethernet.ts';
import { DecodeStatus, LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

const CHECKSUM = 0x80;
const ROUTING = 0x40;
const KEY = 0x20;
const SEQUENCE = 0x10;
const ACK = 0x80;

/** Skips source route entries up to the empty one that ends them; -1 when one is cut. */
function skipGreRouting(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at + 4 <= end) {
    const length = bytes[at + 3]!;
    const isLast = length === 0 && bytes[at] === 0 && bytes[at + 1] === 0;
    at += 4 + length;
    if (at > end) return -1;
    if (isLast) return at;
  }
  return -1;
}

export function decodeGre(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 4) return layers.fail(DecodeStatus.Truncated);
  const flags = bytes[at]!;
  let behind = at + 4;
  if ((flags & (CHECKSUM | ROUTING)) !== 0) behind += 4;
  if ((flags & KEY) !== 0) behind += 4;
  if ((flags & SEQUENCE) !== 0) behind += 4;
  if ((flags & ROUTING) !== 0) {
    behind = behind > end ? -1 : skipGreRouting(bytes, behind, end);
    if (behind < 0) return layers.fail(DecodeStatus.Truncated);
  }
  if ((bytes[at + 1]! & ACK) !== 0) behind += 4;
  if (behind > end) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.GRE, behind - at);
  layers.plain = false;
  return nextOfEtherType(layers, (bytes[at + 2]! << 8) | bytes[at + 3]!);
}

/** The key of the GRE header at an offset, 0 when it has none. */
export function greKeyAt(bytes: Uint8Array, at: number): number {
  const flags = bytes[at]!;
  if ((flags & KEY) === 0) return 0;
  const keyAt = at + 4 + ((flags & (CHECKSUM | ROUTING)) !== 0 ? 4 : 0);
  return (
    ((bytes[keyAt]! << 24) | (bytes[keyAt + 1]! << 16) | (bytes[keyAt + 2]! << 8) | bytes[keyAt + 3]!) >>> 0
  );
}

/** The network id of the VXLAN or Geneve header at an offset: both have it in bytes 4 to 6. */
export function vniAt(bytes: Uint8Array, at: number): number {
  return (bytes[at + 4]! << 16) | (bytes[at + 5]! << 8) | bytes[at + 6]!;
}

/** The ERSPAN II header is skipped without a layer of its own, and not subtracted from lengths. */
export function decodeErspan(layers: Layers): number {
  if (layers.end - layers.at < 8) return layers.fail(DecodeStatus.Truncated);
  layers.at += 8;
  return LayerType.Ethernet;
}

export function decodeVxlan(layers: Layers): number {
  if (layers.end - layers.at < 8) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.VXLAN, 8);
  layers.plain = false;
  return LayerType.Ethernet;
}

export function decodeGeneve(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 8) return layers.fail(DecodeStatus.Truncated);
  const length = 8 + (bytes[at]! & 0x3f) * 4;
  if (end - at < length) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.Geneve, length);
  layers.plain = false;
  return nextOfEtherType(layers, (bytes[at + 2]! << 8) | bytes[at + 3]!);
}

export function decodeGtp(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 8) return layers.fail(DecodeStatus.Truncated);
  const flags = bytes[at]!;
  if (at + 8 + ((bytes[at + 2]! << 8) | bytes[at + 3]!) > end) return layers.fail(DecodeStatus.Truncated);
  let behind = at + 8;
  if ((flags & 0x07) !== 0) {
    behind += 4;
    if (behind > end) return layers.fail(DecodeStatus.Truncated);
    // Extension headers: units of four bytes, the last byte of each tells whether another follows.
    let more = (flags & 0x04) !== 0;
    while (more) {
      const length = behind < end ? bytes[behind]! * 4 : 0;
      if (length === 0) return layers.fail(DecodeStatus.Malformed);
      behind += length;
      if (behind > end) return layers.fail(DecodeStatus.Truncated);
      more = bytes[behind - 1] !== 0;
    }
  }
  layers.push(LayerType.GTPv1U, behind - at);
  if (behind >= end) return LayerType.None;
  const version = bytes[behind]! >> 4;
  return version === 4 ? LayerType.IPv4 : version === 6 ? LayerType.IPv6 : LayerType.PPP;
}

export function decodeEtherIp(layers: Layers): number {
  if (layers.end - layers.at < 2) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.EtherIP, 2);
  return LayerType.Ethernet;
}

export function decodeMpls(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 4) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.MPLS, 4);
  layers.plain = false;
  return (bytes[at + 2]! & 1) !== 0 ? LayerType.MplsPayload : LayerType.MPLS;
}

/** Behind the last label nothing tells the kind: IP when it can be an IP header, a cut one too; Ethernet otherwise. */
export function decodeMplsPayload(layers: Layers): number {
  const first = layers.bytes[layers.at]!;
  const version = first >> 4;
  if (version === 4 && (first & 0x0f) >= 5) return LayerType.IPv4;
  if (version === 6) return LayerType.BareIpv6;
  return LayerType.Ethernet;
}
