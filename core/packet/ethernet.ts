/**
 * Link headers: Ethernet II and 802.3, 802.1Q and QinQ, LLC and SNAP, Linux cooked (SLL and SLL2), BSD loopback.
 * Each function reads the header at `layers.at`, pushes its layer and returns what comes next (a LayerType).
 *
 *   Ethernet   dst 6 | src 6 | type or length 2        Dot1Q   tag 2 | type 2
 *   SLL        kind 2 | arphrd 2 | length 2 | address 8 | type 2
 *   SLL2       type 2 | 0 2 | ifindex 4 | arphrd 2 | kind 1 | length 1 | address 8
 */
import { DecodeStatus, LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

/** An ethertype below it is the length of an 802.3 frame. */
const ETHERTYPE_MIN = 0x0600;

/** What an ethertype announces; Failure for an unknown one (the path ends there). */
export function nextOfEtherType(layers: Layers, etherType: number): number {
  switch (etherType) {
    case 0x0800:
      return LayerType.IPv4;
    case 0x86dd:
      return LayerType.IPv6;
    case 0x0806:
      return LayerType.ARP;
    case 0x8100:
    case 0x88a8:
      return LayerType.Dot1Q;
    case 0x8847:
    case 0x8848:
      return LayerType.MPLS;
    case 0x8863:
    case 0x8864:
      return LayerType.PPPoE;
    case 0x880b:
      return LayerType.PPP;
    case 0x6558:
      return LayerType.Ethernet;
    case 0x88be:
      return LayerType.Erspan;
    case 0x0000:
      return LayerType.LLC;
    case 0x88cc:
      return LayerType.LinkLayerDiscovery;
    case 0x888e:
      return LayerType.EAPOL;
    case 0x2000:
      return LayerType.CiscoDiscovery;
    case 0x01a2:
      return LayerType.NortelDiscovery;
    case 0x9000:
      return LayerType.EthernetCTP;
    default:
      return layers.fail(DecodeStatus.Unsupported);
  }
}

export function decodeEthernet(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 14) return layers.fail(DecodeStatus.Truncated);
  const etherType = (bytes[at + 12]! << 8) | bytes[at + 13]!;
  layers.push(LayerType.Ethernet, 14);
  if (etherType >= ETHERTYPE_MIN) return nextOfEtherType(layers, etherType);
  // 802.3: what lies behind the length is padding.
  if (layers.at + etherType < end) layers.end = layers.at + etherType;
  return LayerType.LLC;
}

export function decodeDot1Q(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 4) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.Dot1Q, 4);
  return nextOfEtherType(layers, (bytes[at + 2]! << 8) | bytes[at + 3]!);
}

export function decodeLlc(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 3) return layers.fail(DecodeStatus.Truncated);
  const control = bytes[at + 2]!;
  // Information and supervisory frames have two control bytes, unnumbered ones have one.
  const length = (control & 1) === 0 || (control & 3) === 1 ? 4 : 3;
  if (end - at < length) return layers.fail(DecodeStatus.Truncated);
  const dsap = bytes[at]! & 0xfe;
  const ssap = bytes[at + 1]! & 0xfe;
  layers.push(LayerType.LLC, length);
  if (dsap === 0xaa && ssap === 0xaa) return LayerType.SNAP;
  if (dsap === 0x42 && ssap === 0x42) return LayerType.STP;
  return layers.fail(DecodeStatus.Unsupported);
}

export function decodeSnap(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 5) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.SNAP, 5);
  return nextOfEtherType(layers, (bytes[at + 3]! << 8) | bytes[at + 4]!);
}

export function decodeLinuxSll(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 16) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.LinuxSLL, 16);
  return nextOfEtherType(layers, (bytes[at + 14]! << 8) | bytes[at + 15]!);
}

/** The newer cooked header (link type 276) that `tcpdump -i any` writes today; shown like the older one. */
export function decodeLinuxSll2(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 20) return layers.fail(DecodeStatus.Truncated);
  layers.push(LayerType.LinuxSLL, 20);
  return nextOfEtherType(layers, (bytes[at]! << 8) | bytes[at + 1]!);
}

export function decodeLoopback(layers: Layers): number {
  const { bytes, at, end } = layers;
  if (end - at < 4) return layers.fail(DecodeStatus.Truncated);
  // The family is in the byte order of the capturing host, and below 256: see which half is zero.
  const bigEndian = bytes[at] === 0 && bytes[at + 1] === 0;
  const family = bigEndian ? bytes[at + 3]! : bytes[at]!;
  const rest = bigEndian ? bytes[at + 2]! : bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!;
  if (rest !== 0) return layers.fail(DecodeStatus.Malformed);
  layers.push(LayerType.Loopback, 4);
  if (family === 2) return LayerType.IPv4;
  // IPv6 on Linux, BSD, FreeBSD and Darwin.
  if (family === 10 || family === 24 || family === 28 || family === 30) return LayerType.IPv6;
  return layers.fail(DecodeStatus.Unsupported);
}
