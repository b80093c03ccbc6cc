/**
 * The frames of an injection, one after the other: echo requests, TCP SYNs or UDP datagrams with all checksums, or the
 * packets of a capture file (topology notes, section 22). Nothing here sends; the probe does.
 */
import { parseIp } from '../gremlin/ip.ts';
import { PcapReader } from '../packet/pcap-file.ts';
import { fromBase64 } from '../wire/go-json.ts';
import type { InjectionSpec } from './injection.ts';
import { parseMac } from './validate.ts';

export interface FrameOptions {
  /** False for interfaces that carry IP without a link header. */
  readonly linkHeader: boolean;
  /** 0 up to 1, not 1. */
  readonly random: () => number;
}

/** The injection cannot be made into frames: `message` is meant for people. */
export class InjectionError extends Error {
  override readonly name = 'InjectionError';
}

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERNET_BYTES = 14;
const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;
const TTL_DEFAULT = 64;
const PAYLOAD_LETTERS = 56;
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const TCP_SYN = 0x02;
const TCP_WINDOW = 14_600;
/** pcap link types: Ethernet, and raw IP in its two spellings. */
const LINK_ETHERNET = 1;
const LINK_RAW: ReadonlySet<number> = new Set([12, 101]);

/** How many there are to be; for a capture file they are only known at the end. */
export function frameCountOf(spec: InjectionSpec): number | undefined {
  return spec.Pcap === null ? Math.max(1, spec.Count) : undefined;
}

/** Throws InjectionError when a packet of the file does not fit the interface. */
export function* framesOf(
  spec: InjectionSpec,
  options: FrameOptions,
): Generator<Uint8Array, void, undefined> {
  if (spec.Pcap === null) yield* forged(spec, options);
  else yield* replayed(spec.Pcap, options);
}

function* replayed(pcap: string, { linkHeader }: FrameOptions): Generator<Uint8Array, void, undefined> {
  for (const { bytes, linkType } of new PcapReader().push(fromBase64(pcap))) {
    if (linkHeader ? linkType !== LINK_ETHERNET : !LINK_RAW.has(linkType))
      throw new InjectionError(`packets of link type ${linkType} do not fit this interface`);
    yield bytes;
  }
}

function* forged(spec: InjectionSpec, { linkHeader, random }: FrameOptions): Generator<Uint8Array, void> {
  const letters = (count: number) =>
    Uint8Array.from({ length: count }, () => LETTERS.charCodeAt(Math.floor(random() * LETTERS.length)));
  let payload: Uint8Array =
    spec.Payload === '' ? letters(PAYLOAD_LETTERS) : new TextEncoder().encode(spec.Payload);
  let { ICMPID, SrcPort } = spec;
  const count = Math.max(1, spec.Count);
  for (let i = 0; i < count; i++) {
    if (i > 0 && spec.Mode === 'random') {
      ICMPID = 1 + Math.floor(random() * 0xffff);
      SrcPort = 1_024 + Math.floor(random() * 64_511);
    }
    const packet = packetOf({ ...spec, ICMPID, SrcPort }, payload, i, random);
    yield linkHeader ? framed(spec, packet) : packet;
    if (spec.IncrementPayload > 0) payload = concat(payload, letters(spec.IncrementPayload));
  }
}

function framed({ SrcMAC, DstMAC, Type }: InjectionSpec, packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(ETHERNET_BYTES + packet.length);
  frame.set(macBytes(DstMAC), 0);
  frame.set(macBytes(SrcMAC), 6);
  new DataView(frame.buffer).setUint16(12, Type.endsWith('6') ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
  frame.set(packet, ETHERNET_BYTES);
  return frame;
}

function macBytes(text: string): Uint8Array {
  const bytes = parseMac(text);
  if (bytes === undefined) throw new InjectionError(`not a MAC address: ${text}`);
  return bytes;
}

/** IP header, transport header, payload. */
function packetOf(spec: InjectionSpec, payload: Uint8Array, index: number, random: () => number): Uint8Array {
  const isIpv6 = spec.Type.endsWith('6');
  const addresses = concat(addressBytes(spec.SrcIP, isIpv6), addressBytes(spec.DstIP, isIpv6));
  const ttl = spec.TTL || TTL_DEFAULT;
  const { protocol, segment, checksumAt } = segmentOf(spec, payload, index, random);
  const view = new DataView(segment.buffer);
  // ICMP over IPv4 alone has no pseudo header.
  const pseudo = protocol === PROTOCOL.icmp ? 0 : sumOf(addresses) + protocol + segment.length;
  const checksum = folded(pseudo + sumOf(segment));
  // In UDP 0 means that there is none.
  view.setUint16(checksumAt, checksum === 0 && protocol === PROTOCOL.udp ? 0xffff : checksum);
  const header = isIpv6
    ? ipv6Header(addresses, segment.length, protocol, ttl)
    : ipv4Header(addresses, segment.length, protocol, ttl, index);
  return concat(header, segment);
}

interface Segment {
  readonly protocol: number;
  readonly segment: Uint8Array;
  readonly checksumAt: number;
}

function segmentOf(spec: InjectionSpec, payload: Uint8Array, index: number, random: () => number): Segment {
  const { Type, SrcPort, DstPort, ICMPID } = spec;
  const headerBytes = Type.startsWith('tcp') ? 20 : 8;
  const segment = new Uint8Array(headerBytes + payload.length);
  segment.set(payload, headerBytes);
  const view = new DataView(segment.buffer);
  switch (Type) {
    case 'icmp4':
    case 'icmp6': {
      // Echo request: type, code, checksum, identifier, sequence number.
      view.setUint8(0, Type === 'icmp4' ? 8 : 128);
      view.setUint16(4, ICMPID);
      view.setUint16(6, (index + 1) & 0xffff);
      const protocol = Type === 'icmp4' ? PROTOCOL.icmp : PROTOCOL.icmpv6;
      return { protocol, segment, checksumAt: 2 };
    }
    case 'tcp4':
    case 'tcp6':
      view.setUint16(0, SrcPort);
      view.setUint16(2, DstPort);
      view.setUint32(4, Math.floor(random() * 0x1_0000_0000));
      view.setUint8(12, 5 << 4);
      view.setUint8(13, TCP_SYN);
      view.setUint16(14, TCP_WINDOW);
      return { protocol: PROTOCOL.tcp, segment, checksumAt: 16 };
    case 'udp4':
    case 'udp6':
      view.setUint16(0, SrcPort);
      view.setUint16(2, DstPort);
      view.setUint16(4, segment.length);
      return { protocol: PROTOCOL.udp, segment, checksumAt: 6 };
  }
}

function ipv4Header(
  addresses: Uint8Array,
  length: number,
  protocol: number,
  ttl: number,
  index: number,
): Uint8Array {
  const header = new Uint8Array(20);
  const view = new DataView(header.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, header.length + length);
  view.setUint16(4, (index + 1) & 0xffff);
  view.setUint8(8, ttl);
  view.setUint8(9, protocol);
  header.set(addresses, 12);
  view.setUint16(10, folded(sumOf(header)));
  return header;
}

function ipv6Header(addresses: Uint8Array, length: number, protocol: number, ttl: number): Uint8Array {
  const header = new Uint8Array(40);
  const view = new DataView(header.buffer);
  view.setUint8(0, 0x60);
  view.setUint16(4, length);
  view.setUint8(6, protocol);
  view.setUint8(7, ttl);
  header.set(addresses, 8);
  return header;
}

function addressBytes(text: string, isIpv6: boolean): Uint8Array {
  const address = parseIp(text);
  if (address?.family !== (isIpv6 ? 6 : 4))
    throw new InjectionError(`not an IPv${isIpv6 ? 6 : 4} address: ${text}`);
  const bytes = new Uint8Array(isIpv6 ? 16 : 4);
  let rest = address.value;
  for (let i = bytes.length - 1; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** The 16-bit words added up; an odd byte is the high half of a last word (RFC 1071). */
function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  return sum;
}

/** The complement of the sum with its carries added in. */
function folded(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x1_0000);
  return ~rest & 0xffff;
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const joined = new Uint8Array(one.length + other.length);
  joined.set(one);
  joined.set(other, one.length);
  return joined;
}
