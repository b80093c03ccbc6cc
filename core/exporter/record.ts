/** One data record of NetFlow 9 or IPFIX read by its template; a biflow (RFC 5103) yields a record each way. */
import { formatIpv4, formatIpv6, formatMac } from '../ip.ts';
import { isIcmp, type DatagramReader, type ExportedRecord } from './datagram.ts';
import { Element, REVERSE_ENTERPRISE, VARIABLE_LENGTH, type Template } from './template.ts';

export interface RecordClock {
  /** Time of arrival, ms since 1970. */
  readonly nowMs: number;
  /** The exporter's uptime in the datagram's header, ms; IPFIX has none. */
  readonly uptimeMs: number | undefined;
  /** Start of that uptime in ms since 1970, where an options record told it. */
  initMs: number | undefined;
}

/** Seconds between the NTP era (1900) and 1970, for the micro- and nanosecond times of RFC 7011 section 6.1.9. */
const NTP_OFFSET_S = 2_208_988_800;

const UPTIME_PERIOD_MS = 2 ** 32;

interface Draft {
  record: ExportedRecord;
  reversePackets: number;
  reverseBytes: number;
  /** Uptime of the exporter's start in ms since 1970, when it says so. */
  initMs: number | undefined;
  startUptime: number | undefined;
  lastUptime: number | undefined;
  hasAddresses: boolean;
}

/** Empty when the record has no addresses, that is, when it describes no IP flow. */
export function readRecord(reader: DatagramReader, template: Template, clock: RecordClock): ExportedRecord[] {
  const draft: Draft = {
    record: {
      sourceAddress: '',
      destinationAddress: '',
      ipVersion: 4,
      sourceMac: '',
      destinationMac: '',
      vlan: 0,
      protocol: 0,
      sourcePort: 0,
      destinationPort: 0,
      tcpFlags: 0,
      packets: 0,
      bytes: 0,
      startMs: clock.nowMs,
      lastMs: clock.nowMs,
    },
    reversePackets: 0,
    reverseBytes: 0,
    initMs: undefined,
    startUptime: undefined,
    lastUptime: undefined,
    hasAddresses: false,
  };
  for (const field of template.fields) {
    const length = field.length === VARIABLE_LENGTH ? variableLength(reader) : field.length;
    const next = reader.at + length;
    if (next > reader.end) reader.failed = true;
    if (reader.failed) return [];
    if (field.enterprise === 0) takeField(reader, field.id, length, draft, clock);
    else if (field.enterprise === REVERSE_ENTERPRISE) takeReverse(reader, field.id, length, draft);
    reader.at = next;
  }
  return finish(draft, clock);
}

/** systemInitTimeMilliseconds of an options record (softflowd tells it so), or undefined. */
export function readInitMs(reader: DatagramReader, template: Template): number | undefined {
  let initMs: number | undefined;
  for (const field of template.fields) {
    const length = field.length === VARIABLE_LENGTH ? variableLength(reader) : field.length;
    const next = reader.at + length;
    if (next > reader.end) reader.failed = true;
    if (reader.failed) return undefined;
    if (field.enterprise === 0 && field.id === Element.systemInitTimeMilliseconds && length === 8)
      initMs = reader.unsigned(length);
    reader.at = next;
  }
  return initMs;
}

function variableLength(reader: DatagramReader): number {
  const short = reader.u8();
  return short < 255 ? short : reader.u16();
}

function takeReverse(reader: DatagramReader, id: number, length: number, draft: Draft): void {
  if (id === Element.packetDeltaCount || id === Element.packetTotalCount)
    draft.reversePackets = reader.unsigned(Math.min(length, 8));
  else if (id === Element.octetDeltaCount || id === Element.octetTotalCount)
    draft.reverseBytes = reader.unsigned(Math.min(length, 8));
}

/** Addresses, which have one length each; another length is left unread. */
function takeAddress(reader: DatagramReader, id: number, length: number, draft: Draft): boolean {
  const { record } = draft;
  const { bytes, at } = reader;
  switch (id) {
    case Element.sourceIPv4Address:
      if (length === 4) record.sourceAddress = formatIpv4(bytes, at);
      break;
    case Element.destinationIPv4Address:
      if (length === 4) record.destinationAddress = formatIpv4(bytes, at);
      break;
    case Element.sourceIPv6Address:
      if (length === 16) takeIpv6(draft, 'sourceAddress', bytes, at);
      break;
    case Element.destinationIPv6Address:
      if (length === 16) takeIpv6(draft, 'destinationAddress', bytes, at);
      break;
    case Element.sourceMacAddress:
      if (length === 6) record.sourceMac = formatMac(bytes, at);
      break;
    case Element.destinationMacAddress:
      if (length === 6) record.destinationMac = formatMac(bytes, at);
      break;
    // As it left the exporter: what records of outgoing traffic have instead.
    case Element.postSourceMacAddress:
      if (length === 6) record.sourceMac ||= formatMac(bytes, at);
      break;
    case Element.postDestinationMacAddress:
      if (length === 6) record.destinationMac ||= formatMac(bytes, at);
      break;
    default:
      return false;
  }
  draft.hasAddresses = record.sourceAddress !== '' && record.destinationAddress !== '';
  return true;
}

/** Exporters of both families fill the unused one with zeros. */
function takeIpv6(
  draft: Draft,
  member: 'sourceAddress' | 'destinationAddress',
  bytes: Uint8Array,
  at: number,
): void {
  let any = 0;
  for (let i = 0; i < 16; i++) any |= bytes[at + i]!;
  if (any === 0 && draft.record[member] !== '') return;
  draft.record[member] = formatIpv6(bytes, at);
  draft.record.ipVersion = 6;
}

function takeField(
  reader: DatagramReader,
  id: number,
  length: number,
  draft: Draft,
  clock: RecordClock,
): void {
  if (takeAddress(reader, id, length, draft)) return;
  if (length > 8 || length === 0) return;
  if (takeTime(reader, id, length, draft, clock)) return;
  const { record } = draft;
  const value = reader.unsigned(length);
  switch (id) {
    case Element.octetDeltaCount:
    case Element.octetTotalCount:
      record.bytes = value;
      break;
    case Element.packetDeltaCount:
    case Element.packetTotalCount:
      record.packets = value;
      break;
    case Element.protocolIdentifier:
      record.protocol = value & 0xff;
      break;
    case Element.tcpControlBits:
      record.tcpFlags = value & 0xff;
      break;
    case Element.sourceTransportPort:
      record.sourcePort = value & 0xffff;
      break;
    case Element.destinationTransportPort:
    case Element.icmpTypeCodeIPv4:
    case Element.icmpTypeCodeIPv6:
      // ICMP has no ports: its type and code stand where version 5 put them.
      record.destinationPort = value & 0xffff;
      break;
    case Element.icmpTypeIPv4:
    case Element.icmpTypeIPv6:
      record.destinationPort = ((value & 0xff) << 8) | (record.destinationPort & 0xff);
      break;
    case Element.icmpCodeIPv4:
    case Element.icmpCodeIPv6:
      record.destinationPort = (record.destinationPort & 0xff00) | (value & 0xff);
      break;
    case Element.vlanId:
      record.vlan = value & 0xfff;
      break;
  }
}

function takeTime(
  reader: DatagramReader,
  id: number,
  length: number,
  draft: Draft,
  clock: RecordClock,
): boolean {
  const { record } = draft;
  switch (id) {
    case Element.flowStartSysUpTime:
      draft.startUptime = reader.unsigned(length);
      return true;
    case Element.flowEndSysUpTime:
      draft.lastUptime = reader.unsigned(length);
      return true;
    case Element.systemInitTimeMilliseconds:
      draft.initMs = reader.unsigned(length);
      return true;
    case Element.flowStartSeconds:
      record.startMs = reader.unsigned(length) * 1000;
      return true;
    case Element.flowEndSeconds:
      record.lastMs = reader.unsigned(length) * 1000;
      return true;
    case Element.flowStartMilliseconds:
      record.startMs = reader.unsigned(length);
      return true;
    case Element.flowEndMilliseconds:
      record.lastMs = reader.unsigned(length);
      return true;
    case Element.flowStartMicroseconds:
    case Element.flowStartNanoseconds:
      record.startMs = ntpMs(reader, length) ?? record.startMs;
      return true;
    case Element.flowEndMicroseconds:
    case Element.flowEndNanoseconds:
      record.lastMs = ntpMs(reader, length) ?? record.lastMs;
      return true;
    case Element.flowStartDeltaMicroseconds:
      record.startMs = clock.nowMs - Math.trunc(reader.unsigned(length) / 1000);
      return true;
    case Element.flowEndDeltaMicroseconds:
      record.lastMs = clock.nowMs - Math.trunc(reader.unsigned(length) / 1000);
      return true;
    default:
      return false;
  }
}

/** Seconds since 1900 and a binary fraction, 8 bytes. */
function ntpMs(reader: DatagramReader, length: number): number | undefined {
  if (length !== 8) return undefined;
  const seconds = reader.u32();
  const fraction = reader.u32();
  return (seconds - NTP_OFFSET_S) * 1000 + Math.trunc((fraction / 2 ** 32) * 1000);
}

function finish(draft: Draft, clock: RecordClock): ExportedRecord[] {
  const { record } = draft;
  if (!draft.hasAddresses) return [];
  if (draft.startUptime !== undefined) record.startMs = timeOf(draft.startUptime, draft, clock);
  if (draft.lastUptime !== undefined) record.lastMs = timeOf(draft.lastUptime, draft, clock);
  if (draft.reversePackets === 0) return [record];
  const reverse: ExportedRecord = {
    ...record,
    sourceAddress: record.destinationAddress,
    destinationAddress: record.sourceAddress,
    sourceMac: record.destinationMac,
    destinationMac: record.sourceMac,
    ...(!isIcmp(record.protocol) && {
      sourcePort: record.destinationPort,
      destinationPort: record.sourcePort,
    }),
    packets: draft.reversePackets,
    bytes: draft.reverseBytes,
  };
  return [record, reverse];
}

/** A time that the exporter gave by its uptime, which begins anew after 2^32 ms; the arrival when nothing tells it. */
function timeOf(uptime: number, draft: Draft, clock: RecordClock): number {
  const { nowMs, uptimeMs } = clock;
  const initMs = draft.initMs ?? clock.initMs;
  if (uptimeMs !== undefined && draft.initMs === undefined) return nowMs - ((uptimeMs - uptime) >>> 0);
  if (initMs === undefined) return nowMs;
  return initMs + uptime + Math.round((nowMs - initMs - uptime) / UPTIME_PERIOD_MS) * UPTIME_PERIOD_MS;
}
