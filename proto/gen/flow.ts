// Made by scripts/gen-proto.ts from the .proto file of the same name; do not edit.
import { Reader, Writer } from './runtime.ts';

const NO_BYTES = new Uint8Array(0);

export const FlowProtocol = {
  ETHERNET: 0,
  IPV4: 1,
  TCP: 2,
  UDP: 3,
  SCTP: 4,
  IPV6: 5,
  ICMPV4: 6,
  ICMPV6: 7,
} as const;
export type FlowProtocol = (typeof FlowProtocol)[keyof typeof FlowProtocol];

export const FlowFinishType = {
  NOT_FINISHED: 0,
  TIMEOUT: 1,
  TCP_FIN: 2,
  TCP_RST: 3,
} as const;
export type FlowFinishType = (typeof FlowFinishType)[keyof typeof FlowFinishType];

export const ICMPType = {
  UNKNOWN: 0,
  DESTINATION_UNREACHABLE: 1,
  ECHO: 2,
  NEIGHBOR: 3,
  ADDRESS_MASK: 4,
  INFO: 5,
  PARAMETER_PROBLEM: 6,
  REDIRECT: 7,
  ROUTER: 8,
  SOURCE_QUENCH: 9,
  TIME_EXCEEDED: 10,
  TIMESTAMP: 11,
  PACKET_TOO_BIG: 12,
} as const;
export type ICMPType = (typeof ICMPType)[keyof typeof ICMPType];

export interface FlowLayer {
  Protocol: FlowProtocol;
  A: string;
  B: string;
  ID: number;
}

export function createFlowLayer(init?: Partial<FlowLayer>): FlowLayer {
  const m: FlowLayer = {
    Protocol: 0,
    A: '',
    B: '',
    ID: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeFlowLayer(m: FlowLayer, writer: Writer = Writer.create()): Writer {
  if (m.Protocol !== 0) writer.uint32(8).int32(m.Protocol);
  if (m.A !== '') writer.uint32(26).string(m.A);
  if (m.B !== '') writer.uint32(34).string(m.B);
  if (m.ID !== 0) writer.uint32(40).int64(m.ID);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeFlowLayer(input: Reader | Uint8Array, length?: number): FlowLayer {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('FlowLayer is longer than the message around it');
  const m = createFlowLayer();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.Protocol = reader.int32() as FlowProtocol;
        break;
      case 26:
        m.A = reader.string();
        break;
      case 34:
        m.B = reader.string();
        break;
      case 40:
        m.ID = (reader.int64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('FlowLayer ends inside a field');
  return m;
}

export interface TransportLayer {
  Protocol: FlowProtocol;
  A: number;
  B: number;
  ID: number;
}

export function createTransportLayer(init?: Partial<TransportLayer>): TransportLayer {
  const m: TransportLayer = {
    Protocol: 0,
    A: 0,
    B: 0,
    ID: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeTransportLayer(m: TransportLayer, writer: Writer = Writer.create()): Writer {
  if (m.Protocol !== 0) writer.uint32(8).int32(m.Protocol);
  if (m.A !== 0) writer.uint32(16).int64(m.A);
  if (m.B !== 0) writer.uint32(24).int64(m.B);
  if (m.ID !== 0) writer.uint32(32).int64(m.ID);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeTransportLayer(input: Reader | Uint8Array, length?: number): TransportLayer {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('TransportLayer is longer than the message around it');
  const m = createTransportLayer();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.Protocol = reader.int32() as FlowProtocol;
        break;
      case 16:
        m.A = (reader.int64() as unknown as number);
        break;
      case 24:
        m.B = (reader.int64() as unknown as number);
        break;
      case 32:
        m.ID = (reader.int64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('TransportLayer ends inside a field');
  return m;
}

export interface ICMPLayer {
  Type: ICMPType;
  Code: number;
  ID: number;
}

export function createICMPLayer(init?: Partial<ICMPLayer>): ICMPLayer {
  const m: ICMPLayer = {
    Type: 0,
    Code: 0,
    ID: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeICMPLayer(m: ICMPLayer, writer: Writer = Writer.create()): Writer {
  if (m.Type !== 0) writer.uint32(8).int32(m.Type);
  if (m.Code !== 0) writer.uint32(16).uint32(m.Code);
  if (m.ID !== 0) writer.uint32(24).uint32(m.ID);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeICMPLayer(input: Reader | Uint8Array, length?: number): ICMPLayer {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('ICMPLayer is longer than the message around it');
  const m = createICMPLayer();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.Type = reader.int32() as ICMPType;
        break;
      case 16:
        m.Code = reader.uint32();
        break;
      case 24:
        m.ID = reader.uint32();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('ICMPLayer ends inside a field');
  return m;
}

export interface FlowMetric {
  ABPackets: number;
  ABBytes: number;
  BAPackets: number;
  BABytes: number;
  Start: number;
  Last: number;
  RTT: number;
}

export function createFlowMetric(init?: Partial<FlowMetric>): FlowMetric {
  const m: FlowMetric = {
    ABPackets: 0,
    ABBytes: 0,
    BAPackets: 0,
    BABytes: 0,
    Start: 0,
    Last: 0,
    RTT: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeFlowMetric(m: FlowMetric, writer: Writer = Writer.create()): Writer {
  if (m.ABPackets !== 0) writer.uint32(16).int64(m.ABPackets);
  if (m.ABBytes !== 0) writer.uint32(24).int64(m.ABBytes);
  if (m.BAPackets !== 0) writer.uint32(32).int64(m.BAPackets);
  if (m.BABytes !== 0) writer.uint32(40).int64(m.BABytes);
  if (m.Start !== 0) writer.uint32(48).int64(m.Start);
  if (m.Last !== 0) writer.uint32(56).int64(m.Last);
  if (m.RTT !== 0) writer.uint32(64).int64(m.RTT);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeFlowMetric(input: Reader | Uint8Array, length?: number): FlowMetric {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('FlowMetric is longer than the message around it');
  const m = createFlowMetric();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 16:
        m.ABPackets = (reader.int64() as unknown as number);
        break;
      case 24:
        m.ABBytes = (reader.int64() as unknown as number);
        break;
      case 32:
        m.BAPackets = (reader.int64() as unknown as number);
        break;
      case 40:
        m.BABytes = (reader.int64() as unknown as number);
        break;
      case 48:
        m.Start = (reader.int64() as unknown as number);
        break;
      case 56:
        m.Last = (reader.int64() as unknown as number);
        break;
      case 64:
        m.RTT = (reader.int64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('FlowMetric ends inside a field');
  return m;
}

export interface IPMetric {
  Fragments: number;
  FragmentErrors: number;
}

export function createIPMetric(init?: Partial<IPMetric>): IPMetric {
  const m: IPMetric = {
    Fragments: 0,
    FragmentErrors: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeIPMetric(m: IPMetric, writer: Writer = Writer.create()): Writer {
  if (m.Fragments !== 0) writer.uint32(8).int64(m.Fragments);
  if (m.FragmentErrors !== 0) writer.uint32(16).int64(m.FragmentErrors);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeIPMetric(input: Reader | Uint8Array, length?: number): IPMetric {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('IPMetric is longer than the message around it');
  const m = createIPMetric();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.Fragments = (reader.int64() as unknown as number);
        break;
      case 16:
        m.FragmentErrors = (reader.int64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('IPMetric ends inside a field');
  return m;
}

export interface TCPMetric {
  ABSynStart: number;
  BASynStart: number;
  ABSynTTL: number;
  BASynTTL: number;
  ABFinStart: number;
  BAFinStart: number;
  ABRstStart: number;
  BARstStart: number;
  ABSegmentOutOfOrder: number;
  ABSegmentSkipped: number;
  ABSegmentSkippedBytes: number;
  ABPackets: number;
  ABBytes: number;
  ABSawStart: number;
  ABSawEnd: number;
  BASegmentOutOfOrder: number;
  BASegmentSkipped: number;
  BASegmentSkippedBytes: number;
  BAPackets: number;
  BABytes: number;
  BASawStart: number;
  BASawEnd: number;
}

export function createTCPMetric(init?: Partial<TCPMetric>): TCPMetric {
  const m: TCPMetric = {
    ABSynStart: 0,
    BASynStart: 0,
    ABSynTTL: 0,
    BASynTTL: 0,
    ABFinStart: 0,
    BAFinStart: 0,
    ABRstStart: 0,
    BARstStart: 0,
    ABSegmentOutOfOrder: 0,
    ABSegmentSkipped: 0,
    ABSegmentSkippedBytes: 0,
    ABPackets: 0,
    ABBytes: 0,
    ABSawStart: 0,
    ABSawEnd: 0,
    BASegmentOutOfOrder: 0,
    BASegmentSkipped: 0,
    BASegmentSkippedBytes: 0,
    BAPackets: 0,
    BABytes: 0,
    BASawStart: 0,
    BASawEnd: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeTCPMetric(m: TCPMetric, writer: Writer = Writer.create()): Writer {
  if (m.ABSynStart !== 0) writer.uint32(8).int64(m.ABSynStart);
  if (m.BASynStart !== 0) writer.uint32(16).int64(m.BASynStart);
  if (m.ABSynTTL !== 0) writer.uint32(24).uint32(m.ABSynTTL);
  if (m.BASynTTL !== 0) writer.uint32(32).uint32(m.BASynTTL);
  if (m.ABFinStart !== 0) writer.uint32(40).int64(m.ABFinStart);
  if (m.BAFinStart !== 0) writer.uint32(48).int64(m.BAFinStart);
  if (m.ABRstStart !== 0) writer.uint32(56).int64(m.ABRstStart);
  if (m.BARstStart !== 0) writer.uint32(64).int64(m.BARstStart);
  if (m.ABSegmentOutOfOrder !== 0) writer.uint32(72).int64(m.ABSegmentOutOfOrder);
  if (m.ABSegmentSkipped !== 0) writer.uint32(80).int64(m.ABSegmentSkipped);
  if (m.ABSegmentSkippedBytes !== 0) writer.uint32(88).int64(m.ABSegmentSkippedBytes);
  if (m.ABPackets !== 0) writer.uint32(96).int64(m.ABPackets);
  if (m.ABBytes !== 0) writer.uint32(104).int64(m.ABBytes);
  if (m.ABSawStart !== 0) writer.uint32(112).int64(m.ABSawStart);
  if (m.ABSawEnd !== 0) writer.uint32(120).int64(m.ABSawEnd);
  if (m.BASegmentOutOfOrder !== 0) writer.uint32(128).int64(m.BASegmentOutOfOrder);
  if (m.BASegmentSkipped !== 0) writer.uint32(136).int64(m.BASegmentSkipped);
  if (m.BASegmentSkippedBytes !== 0) writer.uint32(144).int64(m.BASegmentSkippedBytes);
  if (m.BAPackets !== 0) writer.uint32(152).int64(m.BAPackets);
  if (m.BABytes !== 0) writer.uint32(160).int64(m.BABytes);
  if (m.BASawStart !== 0) writer.uint32(168).int64(m.BASawStart);
  if (m.BASawEnd !== 0) writer.uint32(176).int64(m.BASawEnd);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeTCPMetric(input: Reader | Uint8Array, length?: number): TCPMetric {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('TCPMetric is longer than the message around it');
  const m = createTCPMetric();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.ABSynStart = (reader.int64() as unknown as number);
        break;
      case 16:
        m.BASynStart = (reader.int64() as unknown as number);
        break;
      case 24:
        m.ABSynTTL = reader.uint32();
        break;
      case 32:
        m.BASynTTL = reader.uint32();
        break;
      case 40:
        m.ABFinStart = (reader.int64() as unknown as number);
        break;
      case 48:
        m.BAFinStart = (reader.int64() as unknown as number);
        break;
      case 56:
        m.ABRstStart = (reader.int64() as unknown as number);
        break;
      case 64:
        m.BARstStart = (reader.int64() as unknown as number);
        break;
      case 72:
        m.ABSegmentOutOfOrder = (reader.int64() as unknown as number);
        break;
      case 80:
        m.ABSegmentSkipped = (reader.int64() as unknown as number);
        break;
      case 88:
        m.ABSegmentSkippedBytes = (reader.int64() as unknown as number);
        break;
      case 96:
        m.ABPackets = (reader.int64() as unknown as number);
        break;
      case 104:
        m.ABBytes = (reader.int64() as unknown as number);
        break;
      case 112:
        m.ABSawStart = (reader.int64() as unknown as number);
        break;
      case 120:
        m.ABSawEnd = (reader.int64() as unknown as number);
        break;
      case 128:
        m.BASegmentOutOfOrder = (reader.int64() as unknown as number);
        break;
      case 136:
        m.BASegmentSkipped = (reader.int64() as unknown as number);
        break;
      case 144:
        m.BASegmentSkippedBytes = (reader.int64() as unknown as number);
        break;
      case 152:
        m.BAPackets = (reader.int64() as unknown as number);
        break;
      case 160:
        m.BABytes = (reader.int64() as unknown as number);
        break;
      case 168:
        m.BASawStart = (reader.int64() as unknown as number);
        break;
      case 176:
        m.BASawEnd = (reader.int64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('TCPMetric ends inside a field');
  return m;
}

export interface RawPacket {
  Timestamp: number;
  Index: number;
  Data: Uint8Array;
  LinkType: number;
}

export function createRawPacket(init?: Partial<RawPacket>): RawPacket {
  const m: RawPacket = {
    Timestamp: 0,
    Index: 0,
    Data: NO_BYTES,
    LinkType: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeRawPacket(m: RawPacket, writer: Writer = Writer.create()): Writer {
  if (m.Timestamp !== 0) writer.uint32(8).int64(m.Timestamp);
  if (m.Index !== 0) writer.uint32(16).int64(m.Index);
  if (m.Data.length !== 0) writer.uint32(26).bytes(m.Data);
  if (m.LinkType !== 0) writer.uint32(32).uint32(m.LinkType);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeRawPacket(input: Reader | Uint8Array, length?: number): RawPacket {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('RawPacket is longer than the message around it');
  const m = createRawPacket();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.Timestamp = (reader.int64() as unknown as number);
        break;
      case 16:
        m.Index = (reader.int64() as unknown as number);
        break;
      case 26:
        m.Data = reader.bytes().slice();
        break;
      case 32:
        m.LinkType = reader.uint32();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('RawPacket ends inside a field');
  return m;
}

export interface Flow {
  UUID: string;
  LayersPath: string;
  Application: string;
  ParentUUID: string;
  Start: number;
  Last: number;
  Link?: FlowLayer | undefined;
  Network?: FlowLayer | undefined;
  Transport?: TransportLayer | undefined;
  ICMP?: ICMPLayer | undefined;
  LastUpdateMetric?: FlowMetric | undefined;
  Metric?: FlowMetric | undefined;
  NodeTID: string;
  CaptureID: string;
  LastRawPackets: RawPacket[];
  RawPacketsCaptured: number;
  TCPMetric?: TCPMetric | undefined;
  IPMetric?: IPMetric | undefined;
  TrackingID: string;
  L3TrackingID: string;
  FinishType: FlowFinishType;
  DHCPv4?: DHCPv4 | undefined;
  DNS?: DNS | undefined;
  VRRPv2?: VRRPv2 | undefined;
}

/** Field numbers of Flow, for decoding a few of them. */
export const flowFields = {
  UUID: 1,
  LayersPath: 2,
  Application: 3,
  ParentUUID: 6,
  Start: 10,
  Last: 11,
  Link: 20,
  Network: 21,
  Transport: 22,
  ICMP: 23,
  LastUpdateMetric: 31,
  Metric: 32,
  NodeTID: 33,
  CaptureID: 34,
  LastRawPackets: 36,
  RawPacketsCaptured: 37,
  TCPMetric: 38,
  IPMetric: 39,
  TrackingID: 50,
  L3TrackingID: 51,
  FinishType: 60,
  DHCPv4: 1000,
  DNS: 1001,
  VRRPv2: 1002,
} as const;

export function createFlow(init?: Partial<Flow>): Flow {
  const m: Flow = {
    UUID: '',
    LayersPath: '',
    Application: '',
    ParentUUID: '',
    Start: 0,
    Last: 0,
    Link: undefined,
    Network: undefined,
    Transport: undefined,
    ICMP: undefined,
    LastUpdateMetric: undefined,
    Metric: undefined,
    NodeTID: '',
    CaptureID: '',
    LastRawPackets: [],
    RawPacketsCaptured: 0,
    TCPMetric: undefined,
    IPMetric: undefined,
    TrackingID: '',
    L3TrackingID: '',
    FinishType: 0,
    DHCPv4: undefined,
    DNS: undefined,
    VRRPv2: undefined,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeFlow(m: Flow, writer: Writer = Writer.create()): Writer {
  if (m.UUID !== '') writer.uint32(10).string(m.UUID);
  if (m.LayersPath !== '') writer.uint32(18).string(m.LayersPath);
  if (m.Application !== '') writer.uint32(26).string(m.Application);
  if (m.ParentUUID !== '') writer.uint32(50).string(m.ParentUUID);
  if (m.Start !== 0) writer.uint32(80).int64(m.Start);
  if (m.Last !== 0) writer.uint32(88).int64(m.Last);
  if (m.Link !== undefined) encodeFlowLayer(m.Link, writer.uint32(162).fork()).ldelim();
  if (m.Network !== undefined) encodeFlowLayer(m.Network, writer.uint32(170).fork()).ldelim();
  if (m.Transport !== undefined) encodeTransportLayer(m.Transport, writer.uint32(178).fork()).ldelim();
  if (m.ICMP !== undefined) encodeICMPLayer(m.ICMP, writer.uint32(186).fork()).ldelim();
  if (m.LastUpdateMetric !== undefined) encodeFlowMetric(m.LastUpdateMetric, writer.uint32(250).fork()).ldelim();
  if (m.Metric !== undefined) encodeFlowMetric(m.Metric, writer.uint32(258).fork()).ldelim();
  if (m.NodeTID !== '') writer.uint32(266).string(m.NodeTID);
  if (m.CaptureID !== '') writer.uint32(274).string(m.CaptureID);
  for (const item of m.LastRawPackets) encodeRawPacket(item, writer.uint32(290).fork()).ldelim();
  if (m.RawPacketsCaptured !== 0) writer.uint32(296).int64(m.RawPacketsCaptured);
  if (m.TCPMetric !== undefined) encodeTCPMetric(m.TCPMetric, writer.uint32(306).fork()).ldelim();
  if (m.IPMetric !== undefined) encodeIPMetric(m.IPMetric, writer.uint32(314).fork()).ldelim();
  if (m.TrackingID !== '') writer.uint32(402).string(m.TrackingID);
  if (m.L3TrackingID !== '') writer.uint32(410).string(m.L3TrackingID);
  if (m.FinishType !== 0) writer.uint32(480).int32(m.FinishType);
  if (m.DHCPv4 !== undefined) encodeDHCPv4(m.DHCPv4, writer.uint32(8002).fork()).ldelim();
  if (m.DNS !== undefined) encodeDNS(m.DNS, writer.uint32(8010).fork()).ldelim();
  if (m.VRRPv2 !== undefined) encodeVRRPv2(m.VRRPv2, writer.uint32(8018).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped, with `only` all but these. */
export function decodeFlow(input: Reader | Uint8Array, length?: number, only?: ReadonlySet<number>): Flow {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Flow is longer than the message around it');
  const m = createFlow();
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (only !== undefined && !only.has(tag >>> 3)) {
      reader.skipType(tag & 7);
      continue;
    }
    switch (tag) {
      case 10:
        m.UUID = reader.string();
        break;
      case 18:
        m.LayersPath = reader.string();
        break;
      case 26:
        m.Application = reader.string();
        break;
      case 50:
        m.ParentUUID = reader.string();
        break;
      case 80:
        m.Start = (reader.int64() as unknown as number);
        break;
      case 88:
        m.Last = (reader.int64() as unknown as number);
        break;
      case 162:
        m.Link = decodeFlowLayer(reader, reader.uint32());
        break;
      case 170:
        m.Network = decodeFlowLayer(reader, reader.uint32());
        break;
      case 178:
        m.Transport = decodeTransportLayer(reader, reader.uint32());
        break;
      case 186:
        m.ICMP = decodeICMPLayer(reader, reader.uint32());
        break;
      case 250:
        m.LastUpdateMetric = decodeFlowMetric(reader, reader.uint32());
        break;
      case 258:
        m.Metric = decodeFlowMetric(reader, reader.uint32());
        break;
      case 266:
        m.NodeTID = reader.string();
        break;
      case 274:
        m.CaptureID = reader.string();
        break;
      case 290:
        m.LastRawPackets.push(decodeRawPacket(reader, reader.uint32()));
        break;
      case 296:
        m.RawPacketsCaptured = (reader.int64() as unknown as number);
        break;
      case 306:
        m.TCPMetric = decodeTCPMetric(reader, reader.uint32());
        break;
      case 314:
        m.IPMetric = decodeIPMetric(reader, reader.uint32());
        break;
      case 402:
        m.TrackingID = reader.string();
        break;
      case 410:
        m.L3TrackingID = reader.string();
        break;
      case 480:
        m.FinishType = reader.int32() as FlowFinishType;
        break;
      case 8002:
        m.DHCPv4 = decodeDHCPv4(reader, reader.uint32());
        break;
      case 8010:
        m.DNS = decodeDNS(reader, reader.uint32());
        break;
      case 8018:
        m.VRRPv2 = decodeVRRPv2(reader, reader.uint32());
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Flow ends inside a field');
  return m;
}

export interface Stats {
  CaptureID: string;
  FlowCount: number;
  FlowDropped: number;
  KernelFlowDropped: number;
  PacketsDropped: number;
  PacketsReceived: number;
}

export function createStats(init?: Partial<Stats>): Stats {
  const m: Stats = {
    CaptureID: '',
    FlowCount: 0,
    FlowDropped: 0,
    KernelFlowDropped: 0,
    PacketsDropped: 0,
    PacketsReceived: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeStats(m: Stats, writer: Writer = Writer.create()): Writer {
  if (m.CaptureID !== '') writer.uint32(10).string(m.CaptureID);
  if (m.FlowCount !== 0) writer.uint32(16).int64(m.FlowCount);
  if (m.FlowDropped !== 0) writer.uint32(24).int64(m.FlowDropped);
  if (m.KernelFlowDropped !== 0) writer.uint32(32).int64(m.KernelFlowDropped);
  if (m.PacketsDropped !== 0) writer.uint32(40).int64(m.PacketsDropped);
  if (m.PacketsReceived !== 0) writer.uint32(48).int64(m.PacketsReceived);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeStats(input: Reader | Uint8Array, length?: number): Stats {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Stats is longer than the message around it');
  const m = createStats();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.CaptureID = reader.string();
        break;
      case 16:
        m.FlowCount = (reader.int64() as unknown as number);
        break;
      case 24:
        m.FlowDropped = (reader.int64() as unknown as number);
        break;
      case 32:
        m.KernelFlowDropped = (reader.int64() as unknown as number);
        break;
      case 40:
        m.PacketsDropped = (reader.int64() as unknown as number);
        break;
      case 48:
        m.PacketsReceived = (reader.int64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Stats ends inside a field');
  return m;
}

export interface Message {
  Flows: Flow[];
  Stats?: Stats | undefined;
}

export function createMessage(init?: Partial<Message>): Message {
  const m: Message = {
    Flows: [],
    Stats: undefined,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeMessage(m: Message, writer: Writer = Writer.create()): Writer {
  for (const item of m.Flows) encodeFlow(item, writer.uint32(10).fork()).ldelim();
  if (m.Stats !== undefined) encodeStats(m.Stats, writer.uint32(18).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeMessage(input: Reader | Uint8Array, length?: number): Message {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Message is longer than the message around it');
  const m = createMessage();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.Flows.push(decodeFlow(reader, reader.uint32()));
        break;
      case 18:
        m.Stats = decodeStats(reader, reader.uint32());
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Message ends inside a field');
  return m;
}

export interface FlowSet {
  Flows: Flow[];
  Start: number;
  End: number;
}

export function createFlowSet(init?: Partial<FlowSet>): FlowSet {
  const m: FlowSet = {
    Flows: [],
    Start: 0,
    End: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeFlowSet(m: FlowSet, writer: Writer = Writer.create()): Writer {
  for (const item of m.Flows) encodeFlow(item, writer.uint32(10).fork()).ldelim();
  if (m.Start !== 0) writer.uint32(16).int64(m.Start);
  if (m.End !== 0) writer.uint32(24).int64(m.End);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeFlowSet(input: Reader | Uint8Array, length?: number): FlowSet {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('FlowSet is longer than the message around it');
  const m = createFlowSet();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.Flows.push(decodeFlow(reader, reader.uint32()));
        break;
      case 16:
        m.Start = (reader.int64() as unknown as number);
        break;
      case 24:
        m.End = (reader.int64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('FlowSet ends inside a field');
  return m;
}

export interface DHCPv4 {
  contents: Uint8Array;
  payload: Uint8Array;
  hardware_len: number;
  hardware_opts: number;
  xid: number;
  secs: number;
  flags: number;
  server_name: Uint8Array;
  file: Uint8Array;
}

export function createDHCPv4(init?: Partial<DHCPv4>): DHCPv4 {
  const m: DHCPv4 = {
    contents: NO_BYTES,
    payload: NO_BYTES,
    hardware_len: 0,
    hardware_opts: 0,
    xid: 0,
    secs: 0,
    flags: 0,
    server_name: NO_BYTES,
    file: NO_BYTES,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeDHCPv4(m: DHCPv4, writer: Writer = Writer.create()): Writer {
  if (m.contents.length !== 0) writer.uint32(10).bytes(m.contents);
  if (m.payload.length !== 0) writer.uint32(18).bytes(m.payload);
  if (m.hardware_len !== 0) writer.uint32(24).uint32(m.hardware_len);
  if (m.hardware_opts !== 0) writer.uint32(32).uint32(m.hardware_opts);
  if (m.xid !== 0) writer.uint32(40).uint32(m.xid);
  if (m.secs !== 0) writer.uint32(48).uint32(m.secs);
  if (m.flags !== 0) writer.uint32(56).uint32(m.flags);
  if (m.server_name.length !== 0) writer.uint32(66).bytes(m.server_name);
  if (m.file.length !== 0) writer.uint32(74).bytes(m.file);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeDHCPv4(input: Reader | Uint8Array, length?: number): DHCPv4 {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('DHCPv4 is longer than the message around it');
  const m = createDHCPv4();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.contents = reader.bytes().slice();
        break;
      case 18:
        m.payload = reader.bytes().slice();
        break;
      case 24:
        m.hardware_len = reader.uint32();
        break;
      case 32:
        m.hardware_opts = reader.uint32();
        break;
      case 40:
        m.xid = reader.uint32();
        break;
      case 48:
        m.secs = reader.uint32();
        break;
      case 56:
        m.flags = reader.uint32();
        break;
      case 66:
        m.server_name = reader.bytes().slice();
        break;
      case 74:
        m.file = reader.bytes().slice();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('DHCPv4 ends inside a field');
  return m;
}

export interface VRRPv2 {
  contents: Uint8Array;
  payload: Uint8Array;
  version: number;
  VirtualRtrID: number;
  priority: number;
  CountIPAddr: number;
  adver_int: number;
  checksum: number;
}

export function createVRRPv2(init?: Partial<VRRPv2>): VRRPv2 {
  const m: VRRPv2 = {
    contents: NO_BYTES,
    payload: NO_BYTES,
    version: 0,
    VirtualRtrID: 0,
    priority: 0,
    CountIPAddr: 0,
    adver_int: 0,
    checksum: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeVRRPv2(m: VRRPv2, writer: Writer = Writer.create()): Writer {
  if (m.contents.length !== 0) writer.uint32(10).bytes(m.contents);
  if (m.payload.length !== 0) writer.uint32(18).bytes(m.payload);
  if (m.version !== 0) writer.uint32(24).uint32(m.version);
  if (m.VirtualRtrID !== 0) writer.uint32(32).uint32(m.VirtualRtrID);
  if (m.priority !== 0) writer.uint32(40).uint32(m.priority);
  if (m.CountIPAddr !== 0) writer.uint32(48).uint32(m.CountIPAddr);
  if (m.adver_int !== 0) writer.uint32(56).uint32(m.adver_int);
  if (m.checksum !== 0) writer.uint32(64).uint32(m.checksum);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeVRRPv2(input: Reader | Uint8Array, length?: number): VRRPv2 {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('VRRPv2 is longer than the message around it');
  const m = createVRRPv2();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.contents = reader.bytes().slice();
        break;
      case 18:
        m.payload = reader.bytes().slice();
        break;
      case 24:
        m.version = reader.uint32();
        break;
      case 32:
        m.VirtualRtrID = reader.uint32();
        break;
      case 40:
        m.priority = reader.uint32();
        break;
      case 48:
        m.CountIPAddr = reader.uint32();
        break;
      case 56:
        m.adver_int = reader.uint32();
        break;
      case 64:
        m.checksum = reader.uint32();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('VRRPv2 ends inside a field');
  return m;
}

export interface Timestamp {
  seconds: number;
  nanos: number;
}

export function createTimestamp(init?: Partial<Timestamp>): Timestamp {
  const m: Timestamp = {
    seconds: 0,
    nanos: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeTimestamp(m: Timestamp, writer: Writer = Writer.create()): Writer {
  if (m.seconds !== 0) writer.uint32(8).int64(m.seconds);
  if (m.nanos !== 0) writer.uint32(16).int32(m.nanos);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeTimestamp(input: Reader | Uint8Array, length?: number): Timestamp {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Timestamp is longer than the message around it');
  const m = createTimestamp();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.seconds = (reader.int64() as unknown as number);
        break;
      case 16:
        m.nanos = reader.int32();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Timestamp ends inside a field');
  return m;
}

export interface DNS {
  ID: number;
  QR: boolean;
  op_code: string;
  AA: boolean;
  TC: boolean;
  RD: boolean;
  RA: boolean;
  z: number;
  response_code: string;
  QDCount: number;
  ANCount: number;
  NSCount: number;
  ARCount: number;
  questions: DNSQuestion[];
  answers: DNSResourceRecord[];
  authorities: DNSResourceRecord[];
  additionals: DNSResourceRecord[];
  timestamp?: Timestamp | undefined;
}

export function createDNS(init?: Partial<DNS>): DNS {
  const m: DNS = {
    ID: 0,
    QR: false,
    op_code: '',
    AA: false,
    TC: false,
    RD: false,
    RA: false,
    z: 0,
    response_code: '',
    QDCount: 0,
    ANCount: 0,
    NSCount: 0,
    ARCount: 0,
    questions: [],
    answers: [],
    authorities: [],
    additionals: [],
    timestamp: undefined,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeDNS(m: DNS, writer: Writer = Writer.create()): Writer {
  if (m.ID !== 0) writer.uint32(8).uint32(m.ID);
  if (m.QR) writer.uint32(16).bool(m.QR);
  if (m.op_code !== '') writer.uint32(26).string(m.op_code);
  if (m.AA) writer.uint32(32).bool(m.AA);
  if (m.TC) writer.uint32(40).bool(m.TC);
  if (m.RD) writer.uint32(48).bool(m.RD);
  if (m.RA) writer.uint32(56).bool(m.RA);
  if (m.z !== 0) writer.uint32(64).uint32(m.z);
  if (m.response_code !== '') writer.uint32(74).string(m.response_code);
  if (m.QDCount !== 0) writer.uint32(80).uint32(m.QDCount);
  if (m.ANCount !== 0) writer.uint32(88).uint32(m.ANCount);
  if (m.NSCount !== 0) writer.uint32(96).uint32(m.NSCount);
  if (m.ARCount !== 0) writer.uint32(104).uint32(m.ARCount);
  for (const item of m.questions) encodeDNSQuestion(item, writer.uint32(114).fork()).ldelim();
  for (const item of m.answers) encodeDNSResourceRecord(item, writer.uint32(122).fork()).ldelim();
  for (const item of m.authorities) encodeDNSResourceRecord(item, writer.uint32(130).fork()).ldelim();
  for (const item of m.additionals) encodeDNSResourceRecord(item, writer.uint32(138).fork()).ldelim();
  if (m.timestamp !== undefined) encodeTimestamp(m.timestamp, writer.uint32(146).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeDNS(input: Reader | Uint8Array, length?: number): DNS {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('DNS is longer than the message around it');
  const m = createDNS();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.ID = reader.uint32();
        break;
      case 16:
        m.QR = reader.bool();
        break;
      case 26:
        m.op_code = reader.string();
        break;
      case 32:
        m.AA = reader.bool();
        break;
      case 40:
        m.TC = reader.bool();
        break;
      case 48:
        m.RD = reader.bool();
        break;
      case 56:
        m.RA = reader.bool();
        break;
      case 64:
        m.z = reader.uint32();
        break;
      case 74:
        m.response_code = reader.string();
        break;
      case 80:
        m.QDCount = reader.uint32();
        break;
      case 88:
        m.ANCount = reader.uint32();
        break;
      case 96:
        m.NSCount = reader.uint32();
        break;
      case 104:
        m.ARCount = reader.uint32();
        break;
      case 114:
        m.questions.push(decodeDNSQuestion(reader, reader.uint32()));
        break;
      case 122:
        m.answers.push(decodeDNSResourceRecord(reader, reader.uint32()));
        break;
      case 130:
        m.authorities.push(decodeDNSResourceRecord(reader, reader.uint32()));
        break;
      case 138:
        m.additionals.push(decodeDNSResourceRecord(reader, reader.uint32()));
        break;
      case 146:
        m.timestamp = decodeTimestamp(reader, reader.uint32());
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('DNS ends inside a field');
  return m;
}

export interface DNSQuestion {
  name: string;
  type: string;
  class: string;
}

export function createDNSQuestion(init?: Partial<DNSQuestion>): DNSQuestion {
  const m: DNSQuestion = {
    name: '',
    type: '',
    class: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeDNSQuestion(m: DNSQuestion, writer: Writer = Writer.create()): Writer {
  if (m.name !== '') writer.uint32(10).string(m.name);
  if (m.type !== '') writer.uint32(18).string(m.type);
  if (m.class !== '') writer.uint32(26).string(m.class);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeDNSQuestion(input: Reader | Uint8Array, length?: number): DNSQuestion {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('DNSQuestion is longer than the message around it');
  const m = createDNSQuestion();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.name = reader.string();
        break;
      case 18:
        m.type = reader.string();
        break;
      case 26:
        m.class = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('DNSQuestion ends inside a field');
  return m;
}

export interface DNSResourceRecord {
  name: string;
  type: string;
  class: string;
  TTL: number;
  data_length: number;
  IP: string;
  NS: string;
  CNAME: string;
  PTR: string;
  TXTs: string[];
  SOA?: DNSSOA | undefined;
  SRV?: DNSSRV | undefined;
  MX?: DNSMX | undefined;
  OPT: DNSOPT[];
}

export function createDNSResourceRecord(init?: Partial<DNSResourceRecord>): DNSResourceRecord {
  const m: DNSResourceRecord = {
    name: '',
    type: '',
    class: '',
    TTL: 0,
    data_length: 0,
    IP: '',
    NS: '',
    CNAME: '',
    PTR: '',
    TXTs: [],
    SOA: undefined,
    SRV: undefined,
    MX: undefined,
    OPT: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeDNSResourceRecord(m: DNSResourceRecord, writer: Writer = Writer.create()): Writer {
  if (m.name !== '') writer.uint32(10).string(m.name);
  if (m.type !== '') writer.uint32(18).string(m.type);
  if (m.class !== '') writer.uint32(26).string(m.class);
  if (m.TTL !== 0) writer.uint32(32).uint32(m.TTL);
  if (m.data_length !== 0) writer.uint32(40).uint32(m.data_length);
  if (m.IP !== '') writer.uint32(50).string(m.IP);
  if (m.NS !== '') writer.uint32(58).string(m.NS);
  if (m.CNAME !== '') writer.uint32(66).string(m.CNAME);
  if (m.PTR !== '') writer.uint32(74).string(m.PTR);
  for (const item of m.TXTs) writer.uint32(82).string(item);
  if (m.SOA !== undefined) encodeDNSSOA(m.SOA, writer.uint32(90).fork()).ldelim();
  if (m.SRV !== undefined) encodeDNSSRV(m.SRV, writer.uint32(98).fork()).ldelim();
  if (m.MX !== undefined) encodeDNSMX(m.MX, writer.uint32(106).fork()).ldelim();
  for (const item of m.OPT) encodeDNSOPT(item, writer.uint32(114).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeDNSResourceRecord(input: Reader | Uint8Array, length?: number): DNSResourceRecord {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('DNSResourceRecord is longer than the message around it');
  const m = createDNSResourceRecord();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.name = reader.string();
        break;
      case 18:
        m.type = reader.string();
        break;
      case 26:
        m.class = reader.string();
        break;
      case 32:
        m.TTL = reader.uint32();
        break;
      case 40:
        m.data_length = reader.uint32();
        break;
      case 50:
        m.IP = reader.string();
        break;
      case 58:
        m.NS = reader.string();
        break;
      case 66:
        m.CNAME = reader.string();
        break;
      case 74:
        m.PTR = reader.string();
        break;
      case 82:
        m.TXTs.push(reader.string());
        break;
      case 90:
        m.SOA = decodeDNSSOA(reader, reader.uint32());
        break;
      case 98:
        m.SRV = decodeDNSSRV(reader, reader.uint32());
        break;
      case 106:
        m.MX = decodeDNSMX(reader, reader.uint32());
        break;
      case 114:
        m.OPT.push(decodeDNSOPT(reader, reader.uint32()));
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('DNSResourceRecord ends inside a field');
  return m;
}

export interface DNSSOA {
  MName: string;
  RName: string;
  serial: number;
  refresh: number;
  retry: number;
  expire: number;
  minimum: number;
}

export function createDNSSOA(init?: Partial<DNSSOA>): DNSSOA {
  const m: DNSSOA = {
    MName: '',
    RName: '',
    serial: 0,
    refresh: 0,
    retry: 0,
    expire: 0,
    minimum: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeDNSSOA(m: DNSSOA, writer: Writer = Writer.create()): Writer {
  if (m.MName !== '') writer.uint32(10).string(m.MName);
  if (m.RName !== '') writer.uint32(18).string(m.RName);
  if (m.serial !== 0) writer.uint32(24).uint32(m.serial);
  if (m.refresh !== 0) writer.uint32(32).uint32(m.refresh);
  if (m.retry !== 0) writer.uint32(40).uint32(m.retry);
  if (m.expire !== 0) writer.uint32(48).uint32(m.expire);
  if (m.minimum !== 0) writer.uint32(56).uint32(m.minimum);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeDNSSOA(input: Reader | Uint8Array, length?: number): DNSSOA {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('DNSSOA is longer than the message around it');
  const m = createDNSSOA();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.MName = reader.string();
        break;
      case 18:
        m.RName = reader.string();
        break;
      case 24:
        m.serial = reader.uint32();
        break;
      case 32:
        m.refresh = reader.uint32();
        break;
      case 40:
        m.retry = reader.uint32();
        break;
      case 48:
        m.expire = reader.uint32();
        break;
      case 56:
        m.minimum = reader.uint32();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('DNSSOA ends inside a field');
  return m;
}

export interface DNSSRV {
  priority: number;
  weight: number;
  port: number;
  name: string;
}

export function createDNSSRV(init?: Partial<DNSSRV>): DNSSRV {
  const m: DNSSRV = {
    priority: 0,
    weight: 0,
    port: 0,
    name: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeDNSSRV(m: DNSSRV, writer: Writer = Writer.create()): Writer {
  if (m.priority !== 0) writer.uint32(8).uint32(m.priority);
  if (m.weight !== 0) writer.uint32(16).uint32(m.weight);
  if (m.port !== 0) writer.uint32(24).uint32(m.port);
  if (m.name !== '') writer.uint32(34).string(m.name);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeDNSSRV(input: Reader | Uint8Array, length?: number): DNSSRV {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('DNSSRV is longer than the message around it');
  const m = createDNSSRV();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.priority = reader.uint32();
        break;
      case 16:
        m.weight = reader.uint32();
        break;
      case 24:
        m.port = reader.uint32();
        break;
      case 34:
        m.name = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('DNSSRV ends inside a field');
  return m;
}

export interface DNSMX {
  preference: number;
  name: string;
}

export function createDNSMX(init?: Partial<DNSMX>): DNSMX {
  const m: DNSMX = {
    preference: 0,
    name: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeDNSMX(m: DNSMX, writer: Writer = Writer.create()): Writer {
  if (m.preference !== 0) writer.uint32(8).uint32(m.preference);
  if (m.name !== '') writer.uint32(18).string(m.name);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeDNSMX(input: Reader | Uint8Array, length?: number): DNSMX {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('DNSMX is longer than the message around it');
  const m = createDNSMX();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.preference = reader.uint32();
        break;
      case 18:
        m.name = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('DNSMX ends inside a field');
  return m;
}

export interface DNSOPT {
  Code: string;
  Data: string;
}

export function createDNSOPT(init?: Partial<DNSOPT>): DNSOPT {
  const m: DNSOPT = {
    Code: '',
    Data: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeDNSOPT(m: DNSOPT, writer: Writer = Writer.create()): Writer {
  if (m.Code !== '') writer.uint32(10).string(m.Code);
  if (m.Data !== '') writer.uint32(18).string(m.Data);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeDNSOPT(input: Reader | Uint8Array, length?: number): DNSOPT {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('DNSOPT is longer than the message around it');
  const m = createDNSOPT();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.Code = reader.string();
        break;
      case 18:
        m.Data = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('DNSOPT ends inside a field');
  return m;
}
