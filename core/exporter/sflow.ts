/**
 * sFlow version 5 (sflow.org, "sFlow Version 5", July 2004): a datagram holds samples, a flow sample holds the first
 * bytes of a packet. As in the reference only raw packet headers become flows, each with its length on the wire
 * minus what the sampler stripped and the time of arrival; counters are not multiplied by the sampling rate.
 *
 *   datagram: version(4) addressType(4) agent(4|16) subAgent(4) sequence(4) uptime(4) samples(4) sample…
 *   sample:   enterprise<<12|format (4) length(4) …
 *   record:   enterprise<<12|format (4) length(4) …
 */
import { DatagramReader, ExportStatus } from './datagram.ts';

/** One counter record, by the names of the reference's metadata `SFlow`. */
export type SflowCounters = Readonly<Record<string, number>>;

export interface SflowSink {
  /** bytes[offset, offset+length) is the start of a packet that had `wireLength` bytes; `linkType` as in pcap. */
  packet(bytes: Uint8Array, offset: number, length: number, wireLength: number, linkType: number): void;
  /**
   * `source` is the exporter's index of what it counted, `format` the kind of record: 1 is a network interface and
   * `source` its ifIndex.
   */
  counters(source: number, format: number, counters: SflowCounters): void;
}

export interface SflowResult {
  readonly status: ExportStatus;
  readonly samples: number;
  /** Records and samples of no use here. */
  readonly skipped: number;
}

const FLOW_SAMPLE = 1;
const COUNTER_SAMPLE = 2;
const EXPANDED_FLOW_SAMPLE = 3;
const EXPANDED_COUNTER_SAMPLE = 4;
const RAW_PACKET = 1;
export const GENERIC_INTERFACE = 1;

/** pcap link type by sFlow header protocol: Ethernet, PPP, IPv4, IPv6. */
const LINK_TYPES: Readonly<Record<number, number>> = { 1: 1, 7: 9, 11: 228, 12: 229 };

type CounterFields = readonly (readonly [name: string, bytes: number])[];
const words = (prefix: string, names: string): CounterFields =>
  names.split(' ').map((name) => [`${prefix}${name}`, 4]);
/** Read past. */
const SKIPPED = '';

/** By the format of the counter record. 2203 is sFlow Host Structures' application resources, 2207 Open vSwitch's. */
const COUNTER_RECORDS: Readonly<Record<number, CounterFields>> = {
  [GENERIC_INTERFACE]: [
    [SKIPPED, 4], // ifIndex
    [SKIPPED, 4], // type
    [SKIPPED, 8], // speed
    [SKIPPED, 4], // direction
    [SKIPPED, 4], // status
    ['IfInOctets', 8],
    ...words('IfIn', 'UcastPkts MulticastPkts BroadcastPkts Discards Errors UnknownProtos'),
    ['IfOutOctets', 8],
    ...words('IfOut', 'UcastPkts MulticastPkts BroadcastPkts Discards Errors'),
  ],
  2: words(
    'Eth',
    'AlignmentErrors FCSErrors SingleCollisionFrames MultipleCollisionFrames SQETestErrors DeferredTransmissions ' +
      'LateCollisions ExcessiveCollisions InternalMacTransmitErrors CarrierSenseErrors FrameTooLongs ' +
      'InternalMacReceiveErrors SymbolErrors',
  ),
  5: [
    [SKIPPED, 4], // VLAN id
    ['VlanOctets', 8],
    ...words('Vlan', 'UcastPkts MulticastPkts BroadcastPkts Discards'),
  ],
  2203: [
    [SKIPPED, 4], // user time
    [SKIPPED, 4], // system time
    ['OvsAppMemUsed', 8],
    ['OvsAppMemMax', 8],
    ...words('OvsApp', 'FdOpen FdMax ConnOpen ConnMax'),
  ],
  2207: words('OvsDpN', 'Hit Missed Lost MaskHit Flows Masks'),
};

/** Decodes one datagram; never throws. Samples before a fault have been given to the sink. */
export function decodeSflow(datagram: Uint8Array, sink: SflowSink): SflowResult {
  const reader = new DatagramReader(datagram);
  if (reader.u32() !== 5) return { status: ExportStatus.version, samples: 0, skipped: 0 };
  const addressType = reader.u32();
  if (addressType !== 1 && addressType !== 2)
    return { status: ExportStatus.malformed, samples: 0, skipped: 0 };
  reader.skip((addressType === 1 ? 4 : 16) + 12);
  const announced = reader.u32();
  let samples = 0;
  let skipped = 0;
  while (samples < announced && !reader.failed) {
    const format = reader.u32();
    const length = reader.u32();
    const next = reader.at + length;
    if (reader.failed || next > datagram.length) return { status: ExportStatus.truncated, samples, skipped };
    reader.end = next;
    skipped += readSample(reader, format, sink);
    if (reader.failed) return { status: ExportStatus.malformed, samples, skipped };
    reader.end = datagram.length;
    reader.at = next;
    samples++;
  }
  return { status: reader.failed ? ExportStatus.truncated : ExportStatus.ok, samples, skipped };
}

function readSample(reader: DatagramReader, format: number, sink: SflowSink): number {
  switch (format) {
    case FLOW_SAMPLE:
      reader.skip(7 * 4); // sequence, source, rate, pool, drops, input, output
      return readRecords(reader, sink, readFlowRecord);
    case EXPANDED_FLOW_SAMPLE:
      reader.skip(10 * 4); // the same with source, input and output in two words each
      return readRecords(reader, sink, readFlowRecord);
    case COUNTER_SAMPLE:
      reader.skip(4);
      return readCounters(reader, reader.u32() & 0xff_ffff, sink);
    case EXPANDED_COUNTER_SAMPLE:
      reader.skip(2 * 4);
      return readCounters(reader, reader.u32(), sink);
    default:
      return 1;
  }
}

function readCounters(reader: DatagramReader, source: number, sink: SflowSink): number {
  return readRecords(reader, sink, (_reader, format) => readCounterRecord(reader, source, format, sink));
}

type RecordReader = (reader: DatagramReader, format: number, sink: SflowSink) => boolean;

/** Returns how many records were of no use. */
function readRecords(reader: DatagramReader, sink: SflowSink, read: RecordReader): number {
  const sampleEnd = reader.end;
  let skipped = 0;
  for (let left = reader.u32(); left > 0 && !reader.failed; left--) {
    const format = reader.u32();
    const length = reader.u32();
    const next = reader.at + length;
    if (reader.failed || next > sampleEnd) {
      reader.failed = true;
      return skipped;
    }
    reader.end = next;
    if (!read(reader, format, sink)) skipped++;
    if (reader.failed) return skipped;
    reader.end = sampleEnd;
    reader.at = next;
  }
  return skipped;
}

function readFlowRecord(reader: DatagramReader, format: number, sink: SflowSink): boolean {
  if (format !== RAW_PACKET) return false;
  const linkType = LINK_TYPES[reader.u32()];
  const frameLength = reader.u32();
  const stripped = reader.u32();
  const headerLength = reader.u32();
  if (headerLength > reader.left) {
    reader.failed = true;
    return false;
  }
  if (reader.failed || linkType === undefined) return false;
  const wireLength = Math.max(headerLength, frameLength - stripped);
  sink.packet(reader.bytes, reader.at, headerLength, wireLength, linkType);
  return true;
}

function readCounterRecord(reader: DatagramReader, source: number, format: number, sink: SflowSink): boolean {
  const fields = Object.hasOwn(COUNTER_RECORDS, format) ? COUNTER_RECORDS[format] : undefined;
  if (fields === undefined) return false;
  const ifIndex =
    format === GENERIC_INTERFACE && reader.left >= 4 ? reader.view.getUint32(reader.at) : source;
  const counters: Record<string, number> = {};
  for (const [name, bytes] of fields) {
    const value = reader.unsigned(bytes);
    if (name !== SKIPPED) counters[name] = value;
  }
  if (reader.failed) return false;
  sink.counters(ifIndex, format, counters);
  return true;
}
