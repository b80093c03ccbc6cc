// Made by scripts/gen-proto.ts from the .proto file of the same name; do not edit.
import { Reader, Writer } from './runtime.ts';
import { decodeFlow, decodeStats, encodeFlow, encodeStats, type Flow, type Stats } from './flow.ts';


export interface ToAnalyzer {
  hello?: Hello | undefined;
  sync?: GraphSync | undefined;
  changes?: GraphChanges | undefined;
  flows?: FlowBatch | undefined;
  flush_done?: FlushDone | undefined;
  goodbye?: Goodbye | undefined;
  status?: ProbeStatus | undefined;
  injection?: InjectionReport | undefined;
}

export function createToAnalyzer(init?: Partial<ToAnalyzer>): ToAnalyzer {
  const m: ToAnalyzer = {
    hello: undefined,
    sync: undefined,
    changes: undefined,
    flows: undefined,
    flush_done: undefined,
    goodbye: undefined,
    status: undefined,
    injection: undefined,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeToAnalyzer(m: ToAnalyzer, writer: Writer = Writer.create()): Writer {
  if (m.hello !== undefined) encodeHello(m.hello, writer.uint32(10).fork()).ldelim();
  if (m.sync !== undefined) encodeGraphSync(m.sync, writer.uint32(18).fork()).ldelim();
  if (m.changes !== undefined) encodeGraphChanges(m.changes, writer.uint32(26).fork()).ldelim();
  if (m.flows !== undefined) encodeFlowBatch(m.flows, writer.uint32(34).fork()).ldelim();
  if (m.flush_done !== undefined) encodeFlushDone(m.flush_done, writer.uint32(42).fork()).ldelim();
  if (m.goodbye !== undefined) encodeGoodbye(m.goodbye, writer.uint32(50).fork()).ldelim();
  if (m.status !== undefined) encodeProbeStatus(m.status, writer.uint32(58).fork()).ldelim();
  if (m.injection !== undefined) encodeInjectionReport(m.injection, writer.uint32(66).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeToAnalyzer(input: Reader | Uint8Array, length?: number): ToAnalyzer {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('ToAnalyzer is longer than the message around it');
  const m = createToAnalyzer();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.hello = decodeHello(reader, reader.uint32());
        break;
      case 18:
        m.sync = decodeGraphSync(reader, reader.uint32());
        break;
      case 26:
        m.changes = decodeGraphChanges(reader, reader.uint32());
        break;
      case 34:
        m.flows = decodeFlowBatch(reader, reader.uint32());
        break;
      case 42:
        m.flush_done = decodeFlushDone(reader, reader.uint32());
        break;
      case 50:
        m.goodbye = decodeGoodbye(reader, reader.uint32());
        break;
      case 58:
        m.status = decodeProbeStatus(reader, reader.uint32());
        break;
      case 66:
        m.injection = decodeInjectionReport(reader, reader.uint32());
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('ToAnalyzer ends inside a field');
  return m;
}

export interface ToProbe {
  welcome?: Welcome | undefined;
  ack?: Ack | undefined;
  captures?: CaptureSet | undefined;
  flush?: FlushRequest | undefined;
  slow_down?: SlowDown | undefined;
  inject?: InjectionOrder | undefined;
  stop_injections?: InjectionStop | undefined;
}

export function createToProbe(init?: Partial<ToProbe>): ToProbe {
  const m: ToProbe = {
    welcome: undefined,
    ack: undefined,
    captures: undefined,
    flush: undefined,
    slow_down: undefined,
    inject: undefined,
    stop_injections: undefined,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeToProbe(m: ToProbe, writer: Writer = Writer.create()): Writer {
  if (m.welcome !== undefined) encodeWelcome(m.welcome, writer.uint32(10).fork()).ldelim();
  if (m.ack !== undefined) encodeAck(m.ack, writer.uint32(18).fork()).ldelim();
  if (m.captures !== undefined) encodeCaptureSet(m.captures, writer.uint32(26).fork()).ldelim();
  if (m.flush !== undefined) encodeFlushRequest(m.flush, writer.uint32(34).fork()).ldelim();
  if (m.slow_down !== undefined) encodeSlowDown(m.slow_down, writer.uint32(42).fork()).ldelim();
  if (m.inject !== undefined) encodeInjectionOrder(m.inject, writer.uint32(50).fork()).ldelim();
  if (m.stop_injections !== undefined) encodeInjectionStop(m.stop_injections, writer.uint32(58).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeToProbe(input: Reader | Uint8Array, length?: number): ToProbe {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('ToProbe is longer than the message around it');
  const m = createToProbe();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.welcome = decodeWelcome(reader, reader.uint32());
        break;
      case 18:
        m.ack = decodeAck(reader, reader.uint32());
        break;
      case 26:
        m.captures = decodeCaptureSet(reader, reader.uint32());
        break;
      case 34:
        m.flush = decodeFlushRequest(reader, reader.uint32());
        break;
      case 42:
        m.slow_down = decodeSlowDown(reader, reader.uint32());
        break;
      case 50:
        m.inject = decodeInjectionOrder(reader, reader.uint32());
        break;
      case 58:
        m.stop_injections = decodeInjectionStop(reader, reader.uint32());
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('ToProbe ends inside a field');
  return m;
}

export interface Hello {
  major: number;
  minor: number;
  host_id: string;
  incarnation: string;
  version: string;
  clock: number;
}

export function createHello(init?: Partial<Hello>): Hello {
  const m: Hello = {
    major: 0,
    minor: 0,
    host_id: '',
    incarnation: '',
    version: '',
    clock: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeHello(m: Hello, writer: Writer = Writer.create()): Writer {
  if (m.major !== 0) writer.uint32(8).uint32(m.major);
  if (m.minor !== 0) writer.uint32(16).uint32(m.minor);
  if (m.host_id !== '') writer.uint32(26).string(m.host_id);
  if (m.incarnation !== '') writer.uint32(34).string(m.incarnation);
  if (m.version !== '') writer.uint32(42).string(m.version);
  if (m.clock !== 0) writer.uint32(48).int64(m.clock);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeHello(input: Reader | Uint8Array, length?: number): Hello {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Hello is longer than the message around it');
  const m = createHello();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.major = reader.uint32();
        break;
      case 16:
        m.minor = reader.uint32();
        break;
      case 26:
        m.host_id = reader.string();
        break;
      case 34:
        m.incarnation = reader.string();
        break;
      case 42:
        m.version = reader.string();
        break;
      case 48:
        m.clock = (reader.int64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Hello ends inside a field');
  return m;
}

export interface Welcome {
  major: number;
  minor: number;
  host_id: string;
  clock: number;
  last_sequence: number;
  batches_in_flight_max: number;
}

export function createWelcome(init?: Partial<Welcome>): Welcome {
  const m: Welcome = {
    major: 0,
    minor: 0,
    host_id: '',
    clock: 0,
    last_sequence: 0,
    batches_in_flight_max: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeWelcome(m: Welcome, writer: Writer = Writer.create()): Writer {
  if (m.major !== 0) writer.uint32(8).uint32(m.major);
  if (m.minor !== 0) writer.uint32(16).uint32(m.minor);
  if (m.host_id !== '') writer.uint32(26).string(m.host_id);
  if (m.clock !== 0) writer.uint32(32).int64(m.clock);
  if (m.last_sequence !== 0) writer.uint32(40).uint64(m.last_sequence);
  if (m.batches_in_flight_max !== 0) writer.uint32(48).uint32(m.batches_in_flight_max);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeWelcome(input: Reader | Uint8Array, length?: number): Welcome {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Welcome is longer than the message around it');
  const m = createWelcome();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.major = reader.uint32();
        break;
      case 16:
        m.minor = reader.uint32();
        break;
      case 26:
        m.host_id = reader.string();
        break;
      case 32:
        m.clock = (reader.int64() as unknown as number);
        break;
      case 40:
        m.last_sequence = (reader.uint64() as unknown as number);
        break;
      case 48:
        m.batches_in_flight_max = reader.uint32();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Welcome ends inside a field');
  return m;
}

export interface GraphSync {
  sequence: number;
  nodes: string[];
  edges: string[];
}

export function createGraphSync(init?: Partial<GraphSync>): GraphSync {
  const m: GraphSync = {
    sequence: 0,
    nodes: [],
    edges: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeGraphSync(m: GraphSync, writer: Writer = Writer.create()): Writer {
  if (m.sequence !== 0) writer.uint32(8).uint64(m.sequence);
  for (const item of m.nodes) writer.uint32(18).string(item);
  for (const item of m.edges) writer.uint32(26).string(item);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeGraphSync(input: Reader | Uint8Array, length?: number): GraphSync {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('GraphSync is longer than the message around it');
  const m = createGraphSync();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.sequence = (reader.uint64() as unknown as number);
        break;
      case 18:
        m.nodes.push(reader.string());
        break;
      case 26:
        m.edges.push(reader.string());
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('GraphSync ends inside a field');
  return m;
}

export const ChangeKind = {
  NODE_ADDED: 0,
  NODE_UPDATED: 1,
  NODE_DELETED: 2,
  EDGE_ADDED: 3,
  EDGE_UPDATED: 4,
  EDGE_DELETED: 5,
} as const;
export type ChangeKind = (typeof ChangeKind)[keyof typeof ChangeKind];

export interface GraphChange {
  kind: ChangeKind;
  element: string;
}

export function createGraphChange(init?: Partial<GraphChange>): GraphChange {
  const m: GraphChange = {
    kind: 0,
    element: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeGraphChange(m: GraphChange, writer: Writer = Writer.create()): Writer {
  if (m.kind !== 0) writer.uint32(8).int32(m.kind);
  if (m.element !== '') writer.uint32(18).string(m.element);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeGraphChange(input: Reader | Uint8Array, length?: number): GraphChange {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('GraphChange is longer than the message around it');
  const m = createGraphChange();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.kind = reader.int32() as ChangeKind;
        break;
      case 18:
        m.element = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('GraphChange ends inside a field');
  return m;
}

export interface GraphChanges {
  sequence: number;
  changes: GraphChange[];
}

export function createGraphChanges(init?: Partial<GraphChanges>): GraphChanges {
  const m: GraphChanges = {
    sequence: 0,
    changes: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeGraphChanges(m: GraphChanges, writer: Writer = Writer.create()): Writer {
  if (m.sequence !== 0) writer.uint32(8).uint64(m.sequence);
  for (const item of m.changes) encodeGraphChange(item, writer.uint32(18).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeGraphChanges(input: Reader | Uint8Array, length?: number): GraphChanges {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('GraphChanges is longer than the message around it');
  const m = createGraphChanges();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.sequence = (reader.uint64() as unknown as number);
        break;
      case 18:
        m.changes.push(decodeGraphChange(reader, reader.uint32()));
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('GraphChanges ends inside a field');
  return m;
}

export interface FlowBatch {
  sequence: number;
  flows: Flow[];
  stats: Stats[];
  flows_dropped: number;
  ended: FlowEnd[];
}

export function createFlowBatch(init?: Partial<FlowBatch>): FlowBatch {
  const m: FlowBatch = {
    sequence: 0,
    flows: [],
    stats: [],
    flows_dropped: 0,
    ended: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeFlowBatch(m: FlowBatch, writer: Writer = Writer.create()): Writer {
  if (m.sequence !== 0) writer.uint32(8).uint64(m.sequence);
  for (const item of m.flows) encodeFlow(item, writer.uint32(18).fork()).ldelim();
  for (const item of m.stats) encodeStats(item, writer.uint32(26).fork()).ldelim();
  if (m.flows_dropped !== 0) writer.uint32(32).uint64(m.flows_dropped);
  for (const item of m.ended) encodeFlowEnd(item, writer.uint32(42).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeFlowBatch(input: Reader | Uint8Array, length?: number): FlowBatch {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('FlowBatch is longer than the message around it');
  const m = createFlowBatch();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.sequence = (reader.uint64() as unknown as number);
        break;
      case 18:
        m.flows.push(decodeFlow(reader, reader.uint32()));
        break;
      case 26:
        m.stats.push(decodeStats(reader, reader.uint32()));
        break;
      case 32:
        m.flows_dropped = (reader.uint64() as unknown as number);
        break;
      case 42:
        m.ended.push(decodeFlowEnd(reader, reader.uint32()));
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('FlowBatch ends inside a field');
  return m;
}

export interface FlowEnd {
  uuid: string;
  capture_id: string;
}

export function createFlowEnd(init?: Partial<FlowEnd>): FlowEnd {
  const m: FlowEnd = {
    uuid: '',
    capture_id: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeFlowEnd(m: FlowEnd, writer: Writer = Writer.create()): Writer {
  if (m.uuid !== '') writer.uint32(10).string(m.uuid);
  if (m.capture_id !== '') writer.uint32(18).string(m.capture_id);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeFlowEnd(input: Reader | Uint8Array, length?: number): FlowEnd {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('FlowEnd is longer than the message around it');
  const m = createFlowEnd();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.uuid = reader.string();
        break;
      case 18:
        m.capture_id = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('FlowEnd ends inside a field');
  return m;
}

export interface Ack {
  sequence: number;
}

export function createAck(init?: Partial<Ack>): Ack {
  const m: Ack = {
    sequence: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeAck(m: Ack, writer: Writer = Writer.create()): Writer {
  if (m.sequence !== 0) writer.uint32(8).uint64(m.sequence);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeAck(input: Reader | Uint8Array, length?: number): Ack {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Ack is longer than the message around it');
  const m = createAck();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.sequence = (reader.uint64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Ack ends inside a field');
  return m;
}

export interface CaptureSet {
  sequence: number;
  captures: CaptureOrder[];
}

export function createCaptureSet(init?: Partial<CaptureSet>): CaptureSet {
  const m: CaptureSet = {
    sequence: 0,
    captures: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeCaptureSet(m: CaptureSet, writer: Writer = Writer.create()): Writer {
  if (m.sequence !== 0) writer.uint32(8).uint64(m.sequence);
  for (const item of m.captures) encodeCaptureOrder(item, writer.uint32(18).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeCaptureSet(input: Reader | Uint8Array, length?: number): CaptureSet {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('CaptureSet is longer than the message around it');
  const m = createCaptureSet();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.sequence = (reader.uint64() as unknown as number);
        break;
      case 18:
        m.captures.push(decodeCaptureOrder(reader, reader.uint32()));
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('CaptureSet ends inside a field');
  return m;
}

export interface CaptureOrder {
  capture: string;
  node_ids: string[];
}

export function createCaptureOrder(init?: Partial<CaptureOrder>): CaptureOrder {
  const m: CaptureOrder = {
    capture: '',
    node_ids: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeCaptureOrder(m: CaptureOrder, writer: Writer = Writer.create()): Writer {
  if (m.capture !== '') writer.uint32(10).string(m.capture);
  for (const item of m.node_ids) writer.uint32(18).string(item);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeCaptureOrder(input: Reader | Uint8Array, length?: number): CaptureOrder {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('CaptureOrder is longer than the message around it');
  const m = createCaptureOrder();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.capture = reader.string();
        break;
      case 18:
        m.node_ids.push(reader.string());
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('CaptureOrder ends inside a field');
  return m;
}

export interface FlushRequest {
  id: number;
}

export function createFlushRequest(init?: Partial<FlushRequest>): FlushRequest {
  const m: FlushRequest = {
    id: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeFlushRequest(m: FlushRequest, writer: Writer = Writer.create()): Writer {
  if (m.id !== 0) writer.uint32(8).uint64(m.id);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeFlushRequest(input: Reader | Uint8Array, length?: number): FlushRequest {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('FlushRequest is longer than the message around it');
  const m = createFlushRequest();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.id = (reader.uint64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('FlushRequest ends inside a field');
  return m;
}

export interface FlushDone {
  id: number;
}

export function createFlushDone(init?: Partial<FlushDone>): FlushDone {
  const m: FlushDone = {
    id: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeFlushDone(m: FlushDone, writer: Writer = Writer.create()): Writer {
  if (m.id !== 0) writer.uint32(8).uint64(m.id);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeFlushDone(input: Reader | Uint8Array, length?: number): FlushDone {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('FlushDone is longer than the message around it');
  const m = createFlushDone();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.id = (reader.uint64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('FlushDone ends inside a field');
  return m;
}

export interface SlowDown {
  update_interval: number;
  detail: number;
  sampling: number;
}

export function createSlowDown(init?: Partial<SlowDown>): SlowDown {
  const m: SlowDown = {
    update_interval: 0,
    detail: 0,
    sampling: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeSlowDown(m: SlowDown, writer: Writer = Writer.create()): Writer {
  if (m.update_interval !== 0) writer.uint32(8).uint32(m.update_interval);
  if (m.detail !== 0) writer.uint32(16).uint32(m.detail);
  if (m.sampling !== 0) writer.uint32(24).uint32(m.sampling);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeSlowDown(input: Reader | Uint8Array, length?: number): SlowDown {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('SlowDown is longer than the message around it');
  const m = createSlowDown();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.update_interval = reader.uint32();
        break;
      case 16:
        m.detail = reader.uint32();
        break;
      case 24:
        m.sampling = reader.uint32();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('SlowDown ends inside a field');
  return m;
}

export interface Goodbye {
  reason: string;
}

export function createGoodbye(init?: Partial<Goodbye>): Goodbye {
  const m: Goodbye = {
    reason: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeGoodbye(m: Goodbye, writer: Writer = Writer.create()): Writer {
  if (m.reason !== '') writer.uint32(10).string(m.reason);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeGoodbye(input: Reader | Uint8Array, length?: number): Goodbye {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Goodbye is longer than the message around it');
  const m = createGoodbye();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.reason = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Goodbye ends inside a field');
  return m;
}

export interface ProbeStatus {
  json: string;
}

export function createProbeStatus(init?: Partial<ProbeStatus>): ProbeStatus {
  const m: ProbeStatus = {
    json: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeProbeStatus(m: ProbeStatus, writer: Writer = Writer.create()): Writer {
  if (m.json !== '') writer.uint32(10).string(m.json);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeProbeStatus(input: Reader | Uint8Array, length?: number): ProbeStatus {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('ProbeStatus is longer than the message around it');
  const m = createProbeStatus();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.json = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('ProbeStatus ends inside a field');
  return m;
}

export interface InjectionOrder {
  injection: string;
  node_id: string;
}

export function createInjectionOrder(init?: Partial<InjectionOrder>): InjectionOrder {
  const m: InjectionOrder = {
    injection: '',
    node_id: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeInjectionOrder(m: InjectionOrder, writer: Writer = Writer.create()): Writer {
  if (m.injection !== '') writer.uint32(10).string(m.injection);
  if (m.node_id !== '') writer.uint32(18).string(m.node_id);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeInjectionOrder(input: Reader | Uint8Array, length?: number): InjectionOrder {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('InjectionOrder is longer than the message around it');
  const m = createInjectionOrder();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.injection = reader.string();
        break;
      case 18:
        m.node_id = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('InjectionOrder ends inside a field');
  return m;
}

export interface InjectionStop {
  uuids: string[];
}

export function createInjectionStop(init?: Partial<InjectionStop>): InjectionStop {
  const m: InjectionStop = {
    uuids: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeInjectionStop(m: InjectionStop, writer: Writer = Writer.create()): Writer {
  for (const item of m.uuids) writer.uint32(10).string(item);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeInjectionStop(input: Reader | Uint8Array, length?: number): InjectionStop {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('InjectionStop is longer than the message around it');
  const m = createInjectionStop();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.uuids.push(reader.string());
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('InjectionStop ends inside a field');
  return m;
}

export const InjectionState = {
  INJECTION_ACTIVE: 0,
  INJECTION_DONE: 1,
  INJECTION_FAILED: 2,
} as const;
export type InjectionState = (typeof InjectionState)[keyof typeof InjectionState];

export interface InjectionReport {
  uuid: string;
  node_id: string;
  state: InjectionState;
  packets: number;
  error: string;
}

export function createInjectionReport(init?: Partial<InjectionReport>): InjectionReport {
  const m: InjectionReport = {
    uuid: '',
    node_id: '',
    state: 0,
    packets: 0,
    error: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeInjectionReport(m: InjectionReport, writer: Writer = Writer.create()): Writer {
  if (m.uuid !== '') writer.uint32(10).string(m.uuid);
  if (m.node_id !== '') writer.uint32(18).string(m.node_id);
  if (m.state !== 0) writer.uint32(24).int32(m.state);
  if (m.packets !== 0) writer.uint32(32).uint64(m.packets);
  if (m.error !== '') writer.uint32(42).string(m.error);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeInjectionReport(input: Reader | Uint8Array, length?: number): InjectionReport {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('InjectionReport is longer than the message around it');
  const m = createInjectionReport();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.uuid = reader.string();
        break;
      case 18:
        m.node_id = reader.string();
        break;
      case 24:
        m.state = reader.int32() as InjectionState;
        break;
      case 32:
        m.packets = (reader.uint64() as unknown as number);
        break;
      case 42:
        m.error = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('InjectionReport ends inside a field');
  return m;
}
