/**
 * ICMPv6 messages behind the four common bytes: neighbour discovery (RFC 4861) and multicast listeners (RFC 2710,
 * RFC 3810). They only name the end of the path, so only their lengths are checked. Runs when a flow is born.
 */
import { LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

/** Options: type 1, length 1 in units of eight bytes. */
function hasSoundOptions(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end) {
    const length = at + 1 < end ? bytes[at + 1]! * 8 : 0;
    if (length === 0 || at + length > end) return false;
    at += length;
  }
  return true;
}

/** Address records of a listener report. */
function hasSoundRecords(bytes: Uint8Array, from: number, end: number, count: number): boolean {
  let at = from;
  for (let i = 0; i < count; i++) {
    if (at + 20 > end) return false;
    at += 20 + ((bytes[at + 2]! << 8) | bytes[at + 3]!) * 16 + bytes[at + 1]! * 4;
    if (at > end) return false;
  }
  return true;
}

/** True when bytes[at, end) is a whole message of this kind. */
function isWhole(bytes: Uint8Array, at: number, end: number, kind: number): boolean {
  const length = end - at;
  switch (kind) {
    case LayerType.ICMPv6RouterSolicitation:
      return length >= 4 && hasSoundOptions(bytes, at + 4, end);
    case LayerType.ICMPv6RouterAdvertisement:
      return length >= 12 && hasSoundOptions(bytes, at + 12, end);
    case LayerType.ICMPv6NeighborSolicitation:
    case LayerType.ICMPv6NeighborAdvertisement:
      return length >= 20 && hasSoundOptions(bytes, at + 20, end);
    case LayerType.ICMPv6Redirect:
      return length >= 36 && hasSoundOptions(bytes, at + 36, end);
    case LayerType.MLDv1MulticastListenerQuery:
    case LayerType.MLDv1MulticastListenerReport:
    case LayerType.MLDv1MulticastListenerDone:
      return length >= 20;
    case LayerType.MLDv2MulticastListenerQuery:
      return length >= 24 && length >= 24 + ((bytes[at + 22]! << 8) | bytes[at + 23]!) * 16;
    case LayerType.MLDv2MulticastListenerReport:
      return length >= 4 && hasSoundRecords(bytes, at + 4, end, (bytes[at + 2]! << 8) | bytes[at + 3]!);
    default:
      return false;
  }
}

export function decodeIcmpv6Message(layers: Layers, kind: number): void {
  const { bytes, at, end } = layers;
  if (isWhole(bytes, at, end, kind)) layers.push(kind, end - at);
}
