/**
 * PPP (RFC 1661, with or without the HDLC address and control bytes) and PPPoE (RFC 2516).
 *
 *   PPPoE   version 4 bit | type 4 bit | code 1 | session 2 | length 2      PPP   [ff 03] | protocol 1 or 2
 */
import { DecodeStatus, LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

export function decodePpp(layers: Layers): number {
  const { bytes, end } = layers;
  let { at } = layers;
  if (end - at >= 2 && bytes[at] === 0xff && bytes[at + 1] === 0x03) at += 2;
  if (end - at < 1) return layers.fail(DecodeStatus.Truncated);
  let protocol = bytes[at]!;
  let length = 1;
  if ((protocol & 1) === 0) {
    if (end - at < 2) return layers.fail(DecodeStatus.Truncated);
    protocol = (protocol << 8) | bytes[at + 1]!;
    length = 2;
    if ((protocol & 1) === 0) return layers.fail(DecodeStatus.Malformed);
  }
  layers.at = at;
  layers.push(LayerType.PPP, length);
  switch (protocol) {
    case 0x21:
      return LayerType.IPv4;
    case 0x57:
      return LayerType.IPv6;
    case 0x281:
    case 0x283:
      return LayerType.MPLS;
    default:
      return layers.fail(DecodeStatus.Unsupported);
  }
}

export function decodePppoe(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 6) return layers.fail(DecodeStatus.Truncated);
  const code = bytes[at + 1]!;
  const length = (bytes[at + 4]! << 8) | bytes[at + 5]!;
  if (at + 6 + length > end) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.PPPoE, 6);
  layers.end = at + 6 + length;
  // Any other code is discovery, whose tags nobody decodes.
  return code === 0 ? LayerType.PPP : layers.fail(DecodeStatus.Unsupported);
}
