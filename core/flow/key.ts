/**
 * The key of a flow: exactly what the reference hashes (flow model notes, section 5), as 32-bit words in network order.
 * Words decide which flow a packet belongs to; the ids that others store are made from the same words once, at the
 * flow's birth (ids.ts). VLAN tags, the ethertype and GRE keys are not part of it.
 *
 *   word 0   which parts follow (bits below)
 *   network  2 (IPv4) or 8 (IPv6) words, first address then second
 *   ports    1 word; behind VXLAN and Geneve the network id and the destination port instead, 2 words
 *   ICMP     1 word: type, code, id
 *   link     3 words: first MAC, second MAC
 *   parent   2 words: the UUID of the flow around it
 */
import { LayerType } from '../packet/layers.ts';
import type { Layers } from '../packet/layers.ts';
import { vniAt } from '../packet/tunnel.ts';
import { icmpv4TypeOf, icmpv6TypeOf } from './icmp.ts';
import type { SubPacket } from './sub-packet.ts';
import { ICMPType } from '../../proto/gen/flow.ts';

/** Bits of word 0. */
export const KEY_IPV4 = 1;
export const KEY_IPV6 = 2;
export const KEY_NO_ADDRESSES = 4;
/** Bits 3–6: the reference's endpoint type of the ports (TCP 4, UDP 5, SCTP 6, RUDP 7, UDPLite 8), 9 a network id. */
export const KEY_TRANSPORT_SHIFT = 3;
export const KEY_TRANSPORT_MASK = 15;
export const KEY_VNI = 9;
export const KEY_NO_PORTS = 128;
export const KEY_ICMP = 256;
export const KEY_LINK = 512;
export const KEY_PARENT = 1024;

/** Words of the longest key: IPv6, network id, ICMP, link and parent. */
export const KEY_WORDS_MAX = 20;

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function short(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Compares two fields of the same length byte by byte: negative, 0 or positive. */
function compare(bytes: Uint8Array, a: number, b: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const difference = bytes[a + i]! - bytes[b + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The reused key of the sub-packet at hand. */
export class FlowKey {
  readonly words = new Int32Array(KEY_WORDS_MAX);
  length = 0;
  /** True when the second end of the packet stands first in the words. */
  swap = false;
  hash = 0;
  private readonly seed: number;
  private readonly useLink: boolean;

  /** `useLink`: layer key mode L2. `seed` makes the table's hash differ from process to process. */
  constructor(useLink: boolean, seed: number) {
    this.useLink = useLink;
    this.seed = seed | 0;
  }

  /**
   * Fills the key from a sub-packet that has an Ethernet header or a key network. `parentHigh`, `parentLow`: UUID of
   * the flow around it, both 0 for the outermost.
   */
  build(layers: Layers, sub: SubPacket, parentHigh: number, parentLow: number): void {
    const { bytes } = layers;
    const { words } = this;
    const hasLink = sub.ethernet >= 0 && (this.useLink || sub.keyNetworkAt < 0);
    const swap = this.swapOf(layers, sub, hasLink);
    this.swap = swap;
    let kind = 0;
    let n = 1;
    if (sub.keyNetworkAt >= 0) {
      const isIpv4 = sub.keyNetwork === LayerType.IPv4;
      kind = isIpv4 ? KEY_IPV4 : KEY_IPV6;
      if (!sub.hasAddresses) kind |= KEY_NO_ADDRESSES;
      else n = isIpv4 ? this.putIpv4(bytes, sub.keyNetworkAt, n) : this.putIpv6(bytes, sub.keyNetworkAt, n);
    }
    if (sub.keyTransportAt >= 0) {
      if (isKeyedByVni(sub)) {
        // The source port only spreads load over paths.
        kind |= KEY_VNI << KEY_TRANSPORT_SHIFT;
        words[n++] = vniOf(layers, sub);
        words[n++] = short(bytes, sub.keyTransportAt + 2);
      } else {
        kind |= (sub.keyTransport - LayerType.TCP + 4) << KEY_TRANSPORT_SHIFT;
        if (sub.hasPorts) words[n++] = this.ports(bytes, sub);
        else kind |= KEY_NO_PORTS;
      }
    }
    if (sub.icmpv4 >= 0 || sub.icmpv6 >= 0) {
      kind |= KEY_ICMP;
      words[n++] = icmpWord(bytes, sub);
    }
    if (hasLink) {
      kind |= KEY_LINK;
      const destination = sub.ethernet;
      const source = destination + 6;
      const first = swap ? destination : source;
      const second = swap ? source : destination;
      words[n] = word(bytes, first);
      words[n + 1] = (short(bytes, first + 4) << 16) | short(bytes, second);
      words[n + 2] = word(bytes, second + 2);
      n += 3;
    }
    if ((parentHigh | parentLow) !== 0) {
      kind |= KEY_PARENT;
      words[n++] = parentHigh;
      words[n++] = parentLow;
    }
    words[0] = kind;
    this.length = n;
    this.hash = hashWords(words, n, this.seed);
  }

  private putIpv4(bytes: Uint8Array, at: number, n: number): number {
    const { words, swap } = this;
    words[n] = word(bytes, swap ? at + 16 : at + 12);
    words[n + 1] = word(bytes, swap ? at + 12 : at + 16);
    return n + 2;
  }

  private putIpv6(bytes: Uint8Array, at: number, n: number): number {
    const { words, swap } = this;
    const first = swap ? at + 24 : at + 8;
    const second = swap ? at + 8 : at + 24;
    for (let i = 0; i < 4; i++) {
      words[n + i] = word(bytes, first + 4 * i);
      words[n + 4 + i] = word(bytes, second + 4 * i);
    }
    return n + 8;
  }

  private ports(bytes: Uint8Array, sub: SubPacket): number {
    const at = sub.keyTransportAt;
    // RUDP has ports of one byte, at the bytes 2 and 3.
    const isRudp = sub.keyTransport === LayerType.RUDP;
    const source = isRudp ? bytes[at + 2]! : short(bytes, at);
    const destination = isRudp ? bytes[at + 3]! : short(bytes, at + 2);
    return this.swap ? (destination << 16) | source : (source << 16) | destination;
  }

  /** Which end stands first: by MAC, by address when the MACs are equal or do not count, then by port. */
  private swapOf(layers: Layers, sub: SubPacket, hasLink: boolean): boolean {
    const { bytes } = layers;
    if (hasLink) {
      const order = compare(bytes, sub.ethernet + 6, sub.ethernet, 6);
      if (order !== 0 || sub.keyNetworkAt < 0) return order > 0;
    }
    if (sub.hasAddresses) {
      const at = sub.keyNetworkAt;
      const order =
        sub.keyNetwork === LayerType.IPv4
          ? compare(bytes, at + 12, at + 16, 4)
          : compare(bytes, at + 8, at + 24, 16);
      if (order !== 0) return order > 0;
    }
    return sub.keyTransportAt >= 0 && sub.hasPorts && isSourcePortLarger(layers, sub);
  }
}

/** Behind UDP, the id of a VXLAN or Geneve header that ends the sub-packet replaces the ports. */
function isKeyedByVni(sub: SubPacket): boolean {
  return (
    (sub.last === LayerType.VXLAN || sub.last === LayerType.Geneve) && sub.keyTransport === LayerType.UDP
  );
}

function vniOf(layers: Layers, sub: SubPacket): number {
  return vniAt(layers.bytes, layers.starts[sub.to - 1]!);
}

function isSourcePortLarger(layers: Layers, sub: SubPacket): boolean {
  const { bytes } = layers;
  const at = sub.keyTransportAt;
  if (sub.keyTransport === LayerType.RUDP) return bytes[at + 2]! > bytes[at + 3]!;
  if (isKeyedByVni(sub)) {
    // The reference compares the four bytes of the id with the two of the port: arbitrary but constant.
    const port = short(bytes, at + 2);
    return port < 256 && vniOf(layers, sub) >> 16 >= port;
  }
  return short(bytes, at) > short(bytes, at + 2);
}

/** The word of an ICMP header: type<<24 | code<<16 | id, with the types of the flow model. */
export function icmpWord(bytes: Uint8Array, sub: SubPacket): number {
  if (sub.icmpv4 >= 0) {
    const at = sub.icmpv4;
    return (icmpv4TypeOf(bytes[at]!) << 24) | (bytes[at + 1]! << 16) | short(bytes, at + 4);
  }
  if (sub.icmpv6Echo >= 0) return (ICMPType.ECHO << 24) | short(bytes, sub.icmpv6Echo);
  const at = sub.icmpv6;
  return (icmpv6TypeOf(bytes[at]!) << 24) | (bytes[at + 1]! << 16);
}

/** One step of MurmurHash3 over whole words; only this table ever sees the hash. */
export function mixWord(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const mixed = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** Its last step, which spreads every bit. */
export function finishHash(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hashWords(words: Int32Array, length: number, seed: number): number {
  let hash = seed;
  for (let i = 0; i < length; i++) hash = mixWord(hash, words[i]!);
  return finishHash(hash);
}
