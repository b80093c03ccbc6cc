/**
 * NetFlow version 5: a header of 24 bytes and up to 30 records of 48 bytes, IPv4 only
 * (Cisco, "NetFlow Export Datagram Format", version 5).
 *
 *   header: version(2) count(2) sysUptime(4, ms) seconds(4) nanoseconds(4) sequence(4) engine(2) sampling(2)
 *   record: src(4) dst(4) nextHop(4) input(2) output(2) packets(4) octets(4) first(4, uptime ms) last(4)
 *           srcPort(2) dstPort(2) pad(1) flags(1) protocol(1) tos(1) srcAs(2) dstAs(2) masks(2) pad(2)
 */
import { formatIpv4 } from '../ip.ts';
import { DatagramReader, ExportStatus, type ExportedRecord } from './datagram.ts';

const RECORD_BYTES = 48;
const RECORDS_MAX = 30;

/**
 * `nowMs` is the time of arrival: a record's times are its uptimes moved to it, as the reference does, so that a
 * router with a wrong clock does not put flows into the past. Returns the records read before a fault.
 */
export function decodeNetflow5(
  datagram: Uint8Array,
  nowMs: number,
): { status: ExportStatus; records: ExportedRecord[]; sequence: number } {
  const reader = new DatagramReader(datagram);
  const records: ExportedRecord[] = [];
  if (reader.u16() !== 5) return { status: ExportStatus.version, records, sequence: 0 };
  const count = reader.u16();
  const uptimeMs = reader.u32();
  reader.skip(8);
  const sequence = reader.u32();
  reader.skip(4);
  if (reader.failed) return { status: ExportStatus.truncated, records, sequence: 0 };
  if (count > RECORDS_MAX) return { status: ExportStatus.malformed, records, sequence };
  for (let i = 0; i < count; i++) {
    if (reader.left < RECORD_BYTES) return { status: ExportStatus.truncated, records, sequence };
    records.push(readRecord(reader, nowMs, uptimeMs));
  }
  return { status: ExportStatus.ok, records, sequence };
}

function readRecord(reader: DatagramReader, nowMs: number, uptimeMs: number): ExportedRecord {
  const { bytes, at } = reader;
  reader.skip(16); // the two addresses, next hop, interfaces
  const packets = reader.u32();
  const octets = reader.u32();
  const first = reader.u32();
  const last = reader.u32();
  const sourcePort = reader.u16();
  const destinationPort = reader.u16();
  reader.skip(1);
  const tcpFlags = reader.u8();
  const protocol = reader.u8();
  reader.skip(9);
  return {
    sourceAddress: formatIpv4(bytes, at),
    destinationAddress: formatIpv4(bytes, at + 4),
    ipVersion: 4,
    sourceMac: '',
    destinationMac: '',
    vlan: 0,
    protocol,
    sourcePort,
    destinationPort,
    tcpFlags,
    packets,
    bytes: octets,
    startMs: nowMs - ((uptimeMs - first) >>> 0),
    lastMs: nowMs - ((uptimeMs - last) >>> 0),
  };
}
