/**
 * Facts about a capture that the rules check recorded flows against, taken from the packets alone: the TCP headers of
 * each pair of ends, and the fragments before the one that completed a datagram.
 */
import { endOfSubPacket } from '../../core/flow/sub-packet.ts';
import { formatIpv4, formatIpv6 } from '../../core/ip.ts';
import { decodePacket, firstLayerOf } from '../../core/packet/decode.ts';
import { Defragmented, Ipv4Defragmenter } from '../../core/packet/defrag.ts';
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
  readonly packets: number;
  readonly bytes: number;
}

interface Header {
  readonly a: string;
  readonly b: string;
  readonly at: number;
  readonly ttl: number;
  readonly isIpv4: boolean;
}

/** The visible header of layers [from, to): the first IPv4, else the first IPv6. */
function headerOf(layers: Layers, from: number, to: number): Header | undefined {
  const { bytes, types, starts, lengths } = layers;
  const find = (type: number) => {
    for (let i = from; i < to; i++) if (types[i] === type) return i;
    return -1;
  };
  const ipv4 = find(LayerType.IPv4);
  if (ipv4 >= 0 && lengths[ipv4]! >= 20) {
    const at = starts[ipv4]!;
    const [a, b] = [formatIpv4(bytes, at + 12), formatIpv4(bytes, at + 16)];
    return { a, b, at, ttl: bytes[at + 8]!, isIpv4: true };
  }
  const ipv6 = find(LayerType.IPv6);
  if (ipv6 < 0 || lengths[ipv6]! < 40) return undefined;
  const at = starts[ipv6]!;
  const [a, b] = [formatIpv6(bytes, at + 8), formatIpv6(bytes, at + 24)];
  return { a, b, at, ttl: bytes[at + 7]!, isIpv4: false };
}

function decoded(packets: readonly PcapPacket[], linkType: number): { packet: PcapPacket; layers: Layers }[] {
  return packets.map((packet) => {
    const layers = new Layers();
    decodePacket(layers, packet.bytes, 0, packet.bytes.length, firstLayerOf(linkType));
    return { packet, layers };
  });
}

/** Whole TCP headers, in capture order: the first of each sub-packet with the addresses around it. */
export function tcpFacts(packets: readonly PcapPacket[], linkType: number): TcpFact[] {
  const facts: TcpFact[] = [];
  for (const { packet, layers } of decoded(packets, linkType)) {
    for (let from = 0; from < layers.count; from = endOfSubPacket(layers, from)) {
      const to = endOfSubPacket(layers, from);
      const header = headerOf(layers, from, to);
      const index = layers.types.subarray(from, to).indexOf(LayerType.TCP);
      if (header === undefined || index < 0 || layers.lengths[from + index]! < 20) continue;
      const at = layers.starts[from + index]!;
      const { bytes } = layers;
      facts.push({
        a: header.a,
        b: header.b,
        portA: (bytes[at]! << 8) | bytes[at + 1]!,
        portB: (bytes[at + 2]! << 8) | bytes[at + 3]!,
        flags: bytes[at + 13]!,
        ttl: header.ttl,
        timeMs: packet.timeMs,
      });
    }
  }
  return facts;
}

/** For each datagram that was completed, what came before the completing fragment. */
export function earlierFragments(packets: readonly PcapPacket[], linkType: number): FragmentFact[] {
  const defragmenter = new Ipv4Defragmenter();
  return decoded(packets, linkType).flatMap(({ packet, layers }): FragmentFact[] => {
    const header = headerOf(layers, 0, layers.count);
    // Behind Ethernet a packet is as long as on the wire, elsewhere as its IP header says.
    const total = linkType === 1 ? packet.wireLength : 0;
    const became = defragmenter.take(layers, packet.wireLength, total, packet.timeMs);
    if (became !== Defragmented.Complete || header === undefined) return [];
    const { earlierFragments: count, earlierBytes: bytes } = defragmenter;
    return [{ a: header.a, b: header.b, packets: count, bytes }];
  });
}
