/**
 * Raw packets as a capture file (REST notes, section 16). All of one link type: the classic little-endian file, version
 * 2.4, snap length 4096 unless a packet is longer, as the reference writes it, but with the packets' own link type and
 * lengths. Packets of several link types: pcapng, which has an interface for each; the reference leaves out what is not
 * Ethernet.
 *
 *   pcap    header 24, then per packet: seconds 4 | microseconds 4 | captured 4 | length 4 | bytes
 *   pcapng  section header 28, an interface block 32 a link type, then per packet a block:
 *           6 | length | interface | time high, low | captured | length | bytes, padded to 4 | length
 */
import type { RawPacket } from '../../proto/gen/flow.ts';
import type { QueryResult } from '../gremlin/context.ts';
import { GremlinError } from '../gremlin/errors.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const SECTION_BYTES = 28;
const INTERFACE_BYTES = 32;
const PACKET_BLOCK_BYTES = 32;
const SNAP_LENGTH = 4096;
const ETHERNET = 1;

/** No bytes at all when there are no packets. Throws GremlinError of stage `encode` when the answer is no packets. */
export function resultToPcap(result: QueryResult): Uint8Array {
  if (result.kind !== 'packets')
    throw new GremlinError('encode', 'bad-output', 0, 'Only RawPackets step result can be outputted as pcap');
  const packets = [...result.packets.values()].flatMap((list) => list ?? []);
  if (packets.length === 0) return new Uint8Array(0);
  const linkTypes = [...new Set(packets.map(linkTypeOf))];
  return linkTypes.length === 1 ? toPcap(packets, linkTypes[0]!) : toPcapng(packets, linkTypes);
}

function linkTypeOf({ LinkType }: RawPacket): number {
  return LinkType === 0 ? ETHERNET : LinkType;
}

function snapLengthOf(packets: readonly RawPacket[]): number {
  return packets.reduce((longest, { Data }) => Math.max(longest, Data.length), SNAP_LENGTH);
}

function toPcap(packets: readonly RawPacket[], linkType: number): Uint8Array {
  let size = FILE_HEADER_BYTES;
  for (const { Data } of packets) size += RECORD_HEADER_BYTES + Data.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, snapLengthOf(packets), true);
  view.setUint32(20, linkType, true);
  let at = FILE_HEADER_BYTES;
  for (const { Timestamp: ms, Data: data } of packets) {
    view.setUint32(at, Math.floor(ms / 1000), true);
    view.setUint32(at + 4, (ms % 1000) * 1000, true);
    view.setUint32(at + 8, data.length, true);
    view.setUint32(at + 12, data.length, true);
    bytes.set(data, at + RECORD_HEADER_BYTES);
    at += RECORD_HEADER_BYTES + data.length;
  }
  return bytes;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

function toPcapng(packets: readonly RawPacket[], linkTypes: readonly number[]): Uint8Array {
  let size = SECTION_BYTES + INTERFACE_BYTES * linkTypes.length;
  for (const { Data } of packets) size += PACKET_BLOCK_BYTES + padded(Data.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  /** Type and both lengths of the block that begins at `at`; its other words by their place behind these. */
  const block = (type: number, length: number, words: readonly number[]): void => {
    view.setUint32(at, type, true);
    view.setUint32(at + 4, length, true);
    for (const [index, word] of words.entries()) view.setUint32(at + 8 + 4 * index, word, true);
    view.setUint32(at + length - 4, length, true);
    at += length;
  };
  // Byte order, version 1.0, a section of unknown length.
  block(0x0a0d0d0a, SECTION_BYTES, [0x1a2b3c4d, 1, 0xffffffff, 0xffffffff]);
  // Option 9, one byte: times count in 10^-3 s; then the end of options.
  for (const linkType of linkTypes)
    block(1, INTERFACE_BYTES, [linkType, snapLengthOf(packets), 9 | (1 << 16), 3, 0]);
  for (const packet of packets) {
    const { Timestamp: ms, Data: data } = packet;
    bytes.set(data, at + PACKET_BLOCK_BYTES - 4);
    const high = Math.floor(ms / 2 ** 32);
    block(6, PACKET_BLOCK_BYTES + padded(data.length), [
      linkTypes.indexOf(linkTypeOf(packet)),
      high,
      ms - high * 2 ** 32,
      data.length,
      data.length,
    ]);
  }
  return bytes;
}
