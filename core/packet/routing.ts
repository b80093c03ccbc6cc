/**
 * Protocols directly on IP that only name the end of a path: IGMP (RFC 3376), OSPF (RFC 2328, 5340), VRRP version 2
 * (RFC 3768), ESP (RFC 4303). Runs when a flow is born; lengths are checked as the reference does.
 */
import { LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

function short(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function decodeIgmp(layers: Layers): void {
  const { bytes, at, end } = layers;
  const length = end - at;
  let isWhole = false;
  switch (bytes[at]!) {
    case 0x11:
      // Versions 1 and 2 have eight bytes, version 3 at least twelve.
      isWhole = length === 8 || length >= 12;
      break;
    case 0x12:
    case 0x16:
    case 0x17:
      isWhole = length >= 8;
      break;
    case 0x22:
      isWhole = true;
      break;
    default:
  }
  if (isWhole) layers.push(LayerType.IGMP, length);
}

/** Least bytes by version and packet type (hello, description, request, update, acknowledgement). */
const OSPF_LEAST: Readonly<Record<number, readonly number[]>> = {
  2: [24, 44, 32, 24, 28, 24],
  3: [16, 36, 28, 16, 20, 16],
};
/** Bytes of the repeated part of each packet type; updates hold records that tell their own length. */
const OSPF_UNIT = [0, 4, 20, 12, 0, 20];

export function decodeOspf(layers: Layers): void {
  const { bytes, at, end } = layers;
  if (end - at < 16) return;
  const least = OSPF_LEAST[bytes[at]!];
  if (least === undefined) return;
  const kind = bytes[at + 1]!;
  const head = least[kind] ?? least[0]!;
  if (end - at < least[0]! || end - at < head) return;
  const unit = OSPF_UNIT[kind] ?? 0;
  const told = short(bytes, at + 2);
  // What the length field promises has to be there, in whole units.
  if (unit > 0 && told >= head + unit) {
    const whole = head + Math.floor((told - head) / unit) * unit;
    if (at + whole > end) return;
  }
  if (kind === 4 && !hasSoundLsas(bytes, at + head, end)) return;
  layers.push(LayerType.OSPF, end - at);
}

/** Link state records: twenty bytes of header, whose last two tell the length; their count stands before them. */
function hasSoundLsas(bytes: Uint8Array, from: number, end: number): boolean {
  const countAt = from - 4;
  const count =
    ((bytes[countAt]! << 24) |
      (bytes[countAt + 1]! << 16) |
      (bytes[countAt + 2]! << 8) |
      bytes[countAt + 3]!) >>>
    0;
  let at = from;
  for (let i = 0; i < count; i++) {
    if (at + 20 > end) return false;
    const length = short(bytes, at + 18);
    if (length < 20 || at + length > end) return false;
    at += length;
  }
  return true;
}

export function decodeVrrp(layers: Layers): void {
  const { bytes, at, end } = layers;
  if (end - at < 8 || (bytes[at]! & 0x0f) !== 1) return;
  const addresses = bytes[at + 3]!;
  if (addresses >= 1 && end - at >= 8 + 4 * addresses) layers.push(LayerType.VRRP, end - at);
}

export function decodeEsp(layers: Layers): void {
  if (layers.end - layers.at >= 8) layers.push(LayerType.IPSecESP, layers.end - layers.at);
}
