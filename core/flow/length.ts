/**
 * How many bytes a packet counts for (flow model notes, sections 4 and 7): the length on the wire, less the headers
 * around for a tunnelled packet; where that is not known, what the headers tell.
 */
import { LayerType } from '../packet/layers.ts';
import type { Layers } from '../packet/layers.ts';
import type { SubPacket } from './sub-packet.ts';

function short(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Total length of an IPv4 header at an offset; all there is where a network card left it 0. */
function ipv4Length(layers: Layers, at: number, packetEnd: number): number {
  return short(layers.bytes, at + 2) || (packetEnd - at) & 0xffff;
}

/** Length of the whole packet; 0 when its first header does not tell. `packetEnd`: end of what was captured. */
export function packetLength(layers: Layers, wireLength: number, packetEnd: number): number {
  if (layers.count === 0) return 0;
  const at = layers.starts[0]!;
  switch (layers.types[0]!) {
    case LayerType.Ethernet:
      return wireLength > 0 ? wireLength : ethernetLength(layers, at, packetEnd);
    case LayerType.IPv4:
      return layers.lengths[0]! >= 20 ? ipv4Length(layers, at, packetEnd) : 0;
    case LayerType.IPv6:
      // Without the 40 bytes of the header, as in the reference.
      return layers.lengths[0]! >= 40 ? short(layers.bytes, at + 4) : 0;
    default:
      return 0;
  }
}

function ethernetLength(layers: Layers, at: number, packetEnd: number): number {
  const length = short(layers.bytes, at + 12);
  return 14 + (length > 0 && length < 0x0600 ? length : packetEnd - at - 14);
}

/** Length field of the own IP header, 0 without one. */
function networkLength(layers: Layers, sub: SubPacket, packetEnd: number): number {
  if (sub.ipv4 >= 0) return sub.isIpv4Whole ? ipv4Length(layers, sub.ipv4, packetEnd) : 0;
  if (sub.ipv6 >= 0) return sub.isIpv6Whole ? short(layers.bytes, sub.ipv6 + 4) : 0;
  return 0;
}

/**
 * What a sub-packet counts for. `length`: of the packet less the headers around it; 0 or less when not known.
 * In layer key mode L2 a sub-packet without Ethernet counts its IP length, so that padding is left out.
 */
export function subPacketSize(
  layers: Layers,
  sub: SubPacket,
  length: number,
  useLink: boolean,
  packetEnd: number,
): number {
  if (sub.ethernet >= 0) return length > 0 ? length : ethernetLength(layers, sub.ethernet, packetEnd);
  const network = networkLength(layers, sub, packetEnd);
  if (useLink) return network > 0 ? network : Math.max(length, 0);
  return length > 0 ? length : network;
}
