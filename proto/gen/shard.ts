// Made by scripts/gen-proto.ts from the .proto file of the same name; do not edit.
import { Reader, Writer } from './runtime.ts';
import { decodeFlow, decodeFlowMetric, decodeRawPacket, encodeFlow, encodeFlowMetric, encodeRawPacket, type Flow, type FlowMetric, type RawPacket } from './flow.ts';

const NO_BYTES = new Uint8Array(0);

export interface LogRow {
  entries: LogEntry[];
}

export function createLogRow(init?: Partial<LogRow>): LogRow {
  const m: LogRow = {
    entries: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeLogRow(m: LogRow, writer: Writer = Writer.create()): Writer {
  for (const item of m.entries) encodeLogEntry(item, writer.uint32(10).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeLogRow(input: Reader | Uint8Array, length?: number): LogRow {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('LogRow is longer than the message around it');
  const m = createLogRow();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.entries.push(decodeLogEntry(reader, reader.uint32()));
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('LogRow ends inside a field');
  return m;
}

export interface LogEntry {
  host: string;
  incarnation: string;
  frame: Uint8Array;
}

export function createLogEntry(init?: Partial<LogEntry>): LogEntry {
  const m: LogEntry = {
    host: '',
    incarnation: '',
    frame: NO_BYTES,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeLogEntry(m: LogEntry, writer: Writer = Writer.create()): Writer {
  if (m.host !== '') writer.uint32(10).string(m.host);
  if (m.incarnation !== '') writer.uint32(18).string(m.incarnation);
  if (m.frame.length !== 0) writer.uint32(26).bytes(m.frame);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeLogEntry(input: Reader | Uint8Array, length?: number): LogEntry {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('LogEntry is longer than the message around it');
  const m = createLogEntry();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.host = reader.string();
        break;
      case 18:
        m.incarnation = reader.string();
        break;
      case 26:
        m.frame = reader.bytes().slice();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('LogEntry ends inside a field');
  return m;
}

export interface SnapshotPart {
  hosts: HostSnapshot[];
}

export function createSnapshotPart(init?: Partial<SnapshotPart>): SnapshotPart {
  const m: SnapshotPart = {
    hosts: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeSnapshotPart(m: SnapshotPart, writer: Writer = Writer.create()): Writer {
  for (const item of m.hosts) encodeHostSnapshot(item, writer.uint32(10).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeSnapshotPart(input: Reader | Uint8Array, length?: number): SnapshotPart {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('SnapshotPart is longer than the message around it');
  const m = createSnapshotPart();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.hosts.push(decodeHostSnapshot(reader, reader.uint32()));
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('SnapshotPart ends inside a field');
  return m;
}

export interface HostSnapshot {
  host: string;
  incarnation: string;
  sequence: number;
  flows: Flow[];
}

export function createHostSnapshot(init?: Partial<HostSnapshot>): HostSnapshot {
  const m: HostSnapshot = {
    host: '',
    incarnation: '',
    sequence: 0,
    flows: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeHostSnapshot(m: HostSnapshot, writer: Writer = Writer.create()): Writer {
  if (m.host !== '') writer.uint32(10).string(m.host);
  if (m.incarnation !== '') writer.uint32(18).string(m.incarnation);
  if (m.sequence !== 0) writer.uint32(24).uint64(m.sequence);
  for (const item of m.flows) encodeFlow(item, writer.uint32(34).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeHostSnapshot(input: Reader | Uint8Array, length?: number): HostSnapshot {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('HostSnapshot is longer than the message around it');
  const m = createHostSnapshot();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.host = reader.string();
        break;
      case 18:
        m.incarnation = reader.string();
        break;
      case 24:
        m.sequence = (reader.uint64() as unknown as number);
        break;
      case 34:
        m.flows.push(decodeFlow(reader, reader.uint32()));
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('HostSnapshot ends inside a field');
  return m;
}

export interface PastDetails {
  flows: PastFlow[];
}

export function createPastDetails(init?: Partial<PastDetails>): PastDetails {
  const m: PastDetails = {
    flows: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodePastDetails(m: PastDetails, writer: Writer = Writer.create()): Writer {
  for (const item of m.flows) encodePastFlow(item, writer.uint32(10).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodePastDetails(input: Reader | Uint8Array, length?: number): PastDetails {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('PastDetails is longer than the message around it');
  const m = createPastDetails();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.flows.push(decodePastFlow(reader, reader.uint32()));
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('PastDetails ends inside a field');
  return m;
}

export interface PastFlow {
  uuid: string;
  capture_id: string;
  metrics: FlowMetric[];
  packets: RawPacket[];
}

export function createPastFlow(init?: Partial<PastFlow>): PastFlow {
  const m: PastFlow = {
    uuid: '',
    capture_id: '',
    metrics: [],
    packets: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodePastFlow(m: PastFlow, writer: Writer = Writer.create()): Writer {
  if (m.uuid !== '') writer.uint32(10).string(m.uuid);
  if (m.capture_id !== '') writer.uint32(18).string(m.capture_id);
  for (const item of m.metrics) encodeFlowMetric(item, writer.uint32(26).fork()).ldelim();
  for (const item of m.packets) encodeRawPacket(item, writer.uint32(34).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodePastFlow(input: Reader | Uint8Array, length?: number): PastFlow {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('PastFlow is longer than the message around it');
  const m = createPastFlow();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.uuid = reader.string();
        break;
      case 18:
        m.capture_id = reader.string();
        break;
      case 26:
        m.metrics.push(decodeFlowMetric(reader, reader.uint32()));
        break;
      case 34:
        m.packets.push(decodeRawPacket(reader, reader.uint32()));
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('PastFlow ends inside a field');
  return m;
}
