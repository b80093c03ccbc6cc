/**
 * The JSON form of a flow, release 0.28.0: member names and their order, what is left out when empty, enums as
 * names except FinishType, bytes as base64 (flow model notes, section 2). Escaping of `<>&` is the caller's,
 * once for a whole body (`escapeHtml` of go-json.ts).
 */
import { FlowProtocol, ICMPType } from '../../proto/gen/flow.ts';
import type {
  Flow,
  FlowLayer,
  FlowMetric,
  ICMPLayer,
  IPMetric,
  RawPacket,
  TCPMetric,
  TransportLayer,
} from '../../proto/gen/flow.ts';
import { toBase64 } from './go-json.ts';
import { dhcpv4ToObject, dnsToObject, vrrpToObject } from './flow-layers-json.ts';

export { flowFromJson, flowFromObject } from './flow-json-read.ts';

/** Any JSON object; the members of each are listed by the functions below. */
export type JsonObject = Record<string, unknown>;

const PROTOCOL_NAMES = namesOf(FlowProtocol);
const ICMP_NAMES = namesOf(ICMPType);

function namesOf(values: Readonly<Record<string, number>>): string[] {
  const names: string[] = [];
  for (const [name, value] of Object.entries(values)) names[value] = name;
  return names;
}

/** The name of a protocol; a number of a newer release is shown as its digits. */
export function protocolName(protocol: FlowProtocol): string {
  return PROTOCOL_NAMES[protocol] ?? String(protocol);
}

export function icmpTypeName(type: ICMPType): string {
  return ICMP_NAMES[type] ?? String(type);
}

export function layerToObject(layer: FlowLayer): JsonObject {
  const json: JsonObject = { Protocol: protocolName(layer.Protocol) };
  if (layer.A !== '') json['A'] = layer.A;
  if (layer.B !== '') json['B'] = layer.B;
  json['ID'] = layer.ID;
  return json;
}

export function transportToObject(layer: TransportLayer): JsonObject {
  return { Protocol: protocolName(layer.Protocol), A: layer.A, B: layer.B, ID: layer.ID };
}

export function icmpToObject(layer: ICMPLayer): JsonObject {
  const json: JsonObject = { Type: icmpTypeName(layer.Type) };
  if (layer.Code !== 0) json['Code'] = layer.Code;
  if (layer.ID !== 0) json['ID'] = layer.ID;
  return json;
}

export function metricToObject(metric: FlowMetric): JsonObject {
  const json: JsonObject = {
    ABPackets: metric.ABPackets,
    ABBytes: metric.ABBytes,
    BAPackets: metric.BAPackets,
    BABytes: metric.BABytes,
    Start: metric.Start,
    Last: metric.Last,
  };
  if (metric.RTT !== 0) json['RTT'] = metric.RTT;
  return json;
}

export function tcpMetricToObject(metric: TCPMetric): JsonObject {
  const json: JsonObject = {};
  for (const [name, value] of Object.entries(metric)) {
    if (value === 0 && (name === 'ABSynTTL' || name === 'BASynTTL')) continue;
    json[name] = value;
  }
  return json;
}

export function ipMetricToObject(metric: IPMetric): JsonObject {
  return { Fragments: metric.Fragments, FragmentErrors: metric.FragmentErrors };
}

/** Raw packets are never part of a flow's JSON; the query step `RawPackets` shows them like this. */
export function rawPacketToObject(packet: RawPacket): JsonObject {
  const json: JsonObject = {
    Timestamp: packet.Timestamp,
    Index: packet.Index,
    Data: toBase64(packet.Data),
  };
  if (packet.LinkType !== 0) json['LinkType'] = packet.LinkType;
  return json;
}

/** A flow as the object whose JSON is the flow's JSON. */
export function flowToObject(flow: Flow): JsonObject {
  const json: JsonObject = {};
  if (flow.UUID !== '') json['UUID'] = flow.UUID;
  if (flow.LayersPath !== '') json['LayersPath'] = flow.LayersPath;
  if (flow.Application !== '') json['Application'] = flow.Application;
  if (flow.Link) json['Link'] = layerToObject(flow.Link);
  if (flow.Network) json['Network'] = layerToObject(flow.Network);
  if (flow.Transport) json['Transport'] = transportToObject(flow.Transport);
  if (flow.ICMP) json['ICMP'] = icmpToObject(flow.ICMP);
  if (flow.DHCPv4) json['DHCPv4'] = dhcpv4ToObject(flow.DHCPv4);
  if (flow.DNS) json['DNS'] = dnsToObject(flow.DNS);
  if (flow.VRRPv2) json['VRRPv2'] = vrrpToObject(flow.VRRPv2);
  if (flow.LastUpdateMetric) json['LastUpdateMetric'] = metricToObject(flow.LastUpdateMetric);
  if (flow.Metric) json['Metric'] = metricToObject(flow.Metric);
  if (flow.TCPMetric) json['TCPMetric'] = tcpMetricToObject(flow.TCPMetric);
  if (flow.IPMetric) json['IPMetric'] = ipMetricToObject(flow.IPMetric);
  json['Start'] = flow.Start;
  json['Last'] = flow.Last;
  if (flow.TrackingID !== '') json['TrackingID'] = flow.TrackingID;
  if (flow.L3TrackingID !== '') json['L3TrackingID'] = flow.L3TrackingID;
  json['ParentUUID'] = flow.ParentUUID;
  if (flow.NodeTID !== '') json['NodeTID'] = flow.NodeTID;
  if (flow.CaptureID !== '') json['CaptureID'] = flow.CaptureID;
  json['RawPacketsCaptured'] = flow.RawPacketsCaptured;
  if (flow.FinishType !== 0) json['FinishType'] = flow.FinishType;
  return json;
}

/** The JSON text of a flow. */
export function flowToJson(flow: Flow): string {
  return JSON.stringify(flowToObject(flow));
}
