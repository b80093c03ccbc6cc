/**
 * Raw packets as a capture file: the classic little-endian header (version 2.4, snap length 4096, Ethernet), one
 * record a packet with its true lengths (REST notes, section 16; the reference writes 4096 as every original length).
 * Packets of another link type cannot stand in such a file and are left out.
 */
import type { QueryResult } from '../gremlin/context.ts';
import { GremlinError } from '../gremlin/errors.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const SNAP_LENGTH = 4096;
const ETHERNET = 1;

/** No bytes at all when there are no packets. Throws GremlinError of stage `encode` when the answer is no packets. */
export function resultToPcap(result: QueryResult): Uint8Array {
  if (result.kind !== 'packets')
    throw new GremlinError('encode', 'bad-output', 0, 'Only RawPackets step result can be outputted as pcap');
  const packets = [...result.packets.values()]
    .flatMap((list) => list ?? [])
    .filter((packet) => packet.LinkType === ETHERNET || packet.LinkType === 0);
  if (packets.length === 0) return new Uint8Array(0);
  let size = FILE_HEADER_BYTES;
  for (const packet of packets) size += RECORD_HEADER_BYTES + packet.Data.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAP_LENGTH, true);
  view.setUint32(20, ETHERNET, true);
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
