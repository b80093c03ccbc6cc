/**
 * Facts about a capture that the rules check recorded flows against, taken from the packets alone: which SYNs there
 * are, and which fragments were followed by more of their datagram.
 */
import { formatIpv4, formatIpv6 } from '../../core/ip.ts';
import { decodePacket, firstLayerOf } from '../../core/packet/decode.ts';
import { LayerType, Layers } from '../../core/packet/layers.ts';
import type { PcapPacket } from '../../core/packet/pcap-file.ts';

export interface TcpFact {
  readonly a: string;
  readonly b: string;
  readonly portA: number;
  readonly portB: number;
  readonly flags: number;
  readonly ttl: number;
  readonly timeMs: number;
}

export interface FragmentFact {
  readonly a: string;
  readonly b: string;
  readonly wireLength: number;
}

interface Header {
  readonly a: string;
  readonly b: string;
  readonly at: number;
  readonly ttl: number;
  readonly isIpv4: boolean;
}

function firstHeader(layers: Layers): Header | undefined {
  for (let i = 0; i < layers.count; i++) {
    const at = layers.starts[i]!;
    const { bytes } = layers;
    if (layers.types[i] === LayerType.IPv4)
      return {
        a: formatIpv4(bytes, at + 12),
        b: formatIpv4(bytes, at + 16),
        at,
        ttl: bytes[at + 8]!,
        isIpv4: true,
      };
    if (layers.types[i] === LayerType.IPv6)
      return {
        a: formatIpv6(bytes, at + 8),
        b: formatIpv6(bytes, at + 24),
        at,
        ttl: bytes[at + 7]!,
        isIpv4: false,
      };
  }
  return undefined;
}

function decoded(packets: readonly PcapPacket[], linkType: number): { packet: PcapPacket; layers: Layers }[] {
  return packets.map((packet) => {
    const layers = new Layers();
    decodePacket(layers, packet.bytes, 0, packet.bytes.length, firstLayerOf(linkType));
    return { packet, layers };
  });
}

/** TCP packets with SYN, FIN or RST, in capture order. */
export function tcpFacts(packets: readonly PcapPacket[], linkType: number): TcpFact[] {
  const facts: TcpFact[] = [];
  for (const { packet, layers } of decoded(packets, linkType)) {
    const header = firstHeader(layers);
    if (header === undefined) continue;
    for (let i = 0; i < layers.count; i++) {
      if (layers.types[i] !== LayerType.TCP || layers.lengths[i]! < 20) continue;
      const at = layers.starts[i]!;
      const { bytes } = layers;
      const flags = bytes[at + 13]!;
      if ((flags & 7) === 0) continue;
      facts.push({
        a: header.a,
        b: header.b,
        portA: (bytes[at]! << 8) | bytes[at + 1]!,
        portB: (bytes[at + 2]! << 8) | bytes[at + 3]!,
        flags,
        ttl: header.ttl,
        timeMs: packet.timeMs,
      });
    }
  }
  return facts;
}

/** IPv4 fragments that did not complete their datagram because more of it followed. */
export function earlierFragments(packets: readonly PcapPacket[], linkType: number): FragmentFact[] {
  const byDatagram = new Map<string, FragmentFact[]>();
  for (const { packet, layers } of decoded(packets, linkType)) {
    const header = firstHeader(layers);
    if (!header?.isIpv4) continue;
    const { bytes } = layers;
    const isFragment = (bytes[header.at + 6]! & 0x3f) !== 0 || bytes[header.at + 7] !== 0;
    if (!isFragment) continue;
    const key = `${header.a} ${header.b} ${bytes[header.at + 4]} ${bytes[header.at + 5]}`;
    const list = byDatagram.get(key) ?? [];
    list.push({ a: header.a, b: header.b, wireLength: packet.wireLength });
    byDatagram.set(key, list);
  }
  return [...byDatagram.values()].flatMap((list) => list.slice(0, -1));
}
