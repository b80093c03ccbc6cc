/**
 * Reads a flow from its JSON form (flow-json.ts). Accepts the DNS and VRRP member names of later releases too, ignores
 * members it does not know, and refuses the wrong ones by name; an unknown protocol or ICMP type is refused with the
 * reference's text.
 */
import {
  FlowProtocol,
  ICMPType,
  createDHCPv4,
  createDNS,
  createDNSQuestion,
  createDNSResourceRecord,
  createFlow,
  createFlowLayer,
  createFlowMetric,
  createICMPLayer,
  createIPMetric,
  createTCPMetric,
  createTransportLayer,
  createVRRPv2,
} from '../../proto/gen/flow.ts';
import type { DNS, DNSResourceRecord, Flow } from '../../proto/gen/flow.ts';
import { parseTimestamp } from './flow-layers-json.ts';
import { fromBase64 } from './go-json.ts';

/** The JSON is no flow; the message names the member. */
export class FlowJsonError extends Error {
  override readonly name = 'FlowJsonError';
}

const INVALID = 'FlowProtocol invalid';
const NAMES_LATER: Readonly<Record<string, string>> = {
  q_d_count: 'QDCount',
  a_n_count: 'ANCount',
  n_s_count: 'NSCount',
  a_r_count: 'ARCount',
  c_name: 'CNAME',
  m_name: 'MName',
  r_name: 'RName',
  code: 'Code',
  data: 'Data',
  virtual_rtrID: 'VirtualRtrID',
  count_ipaddr: 'CountIPAddr',
};

type Json = Record<string, unknown>;

function asObject(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FlowJsonError(`${name} is not an object`);
  return value as Json;
}

function asList(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw new FlowJsonError(`${name} is not a list`);
  return value;
}

/** Copies the members of `json` that the message has, each of the kind that the message's default has. */
function fill<T extends object>(message: T, json: Json, name: string, skip: readonly string[] = []): T {
  const target = message as Record<string, unknown>;
  for (const [key, value] of Object.entries(json)) {
    const member = NAMES_LATER[key] ?? key;
    if (skip.includes(member) || value === null || !Object.hasOwn(target, member)) continue;
    const kind = target[member];
    if (kind instanceof Uint8Array && typeof value === 'string')
      target[member] = bytesOf(value, `${name}.${member}`);
    else if (typeof value === typeof kind) target[member] = value;
    else
      throw new FlowJsonError(
        `${name}.${member} is not a ${kind instanceof Uint8Array ? 'string' : typeof kind}`,
      );
  }
  return message;
}

function bytesOf(text: string, name: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new FlowJsonError(`${name} is not base64`, { cause });
  }
}

function enumOf<T extends number>(names: Readonly<Record<string, T>>, value: unknown): T {
  const found = typeof value === 'string' && Object.hasOwn(names, value) ? names[value] : undefined;
  if (found === undefined) throw new FlowJsonError(INVALID);
  return found;
}

/** A layer of the flow whose enum member stands as a name. */
function layer<T extends { Protocol: FlowProtocol }>(message: T, value: unknown, name: string): T {
  const json = asObject(value, name);
  message.Protocol = enumOf(FlowProtocol, json['Protocol']);
  return fill(message, json, name, ['Protocol']);
}

function recordFrom(value: unknown): DNSResourceRecord {
  const json = asObject(value, 'DNS record');
  const record = fill(createDNSResourceRecord(), json, 'DNS record', ['TXTs', 'SOA', 'SRV', 'MX', 'OPT']);
  if (json['TXTs']) record.TXTs = asList(json['TXTs'], 'DNS record.TXTs').map(String);
  if (json['SOA']) {
    const soa = { MName: '', RName: '', serial: 0, refresh: 0, retry: 0, expire: 0, minimum: 0 };
    record.SOA = fill(soa, asObject(json['SOA'], 'SOA'), 'SOA');
  }
  if (json['SRV'])
    record.SRV = fill({ priority: 0, weight: 0, port: 0, name: '' }, asObject(json['SRV'], 'SRV'), 'SRV');
  if (json['MX']) record.MX = fill({ preference: 0, name: '' }, asObject(json['MX'], 'MX'), 'MX');
  if (json['OPT'])
    record.OPT = asList(json['OPT'], 'OPT').map((option) =>
      fill({ Code: '', Data: '' }, asObject(option, 'OPT'), 'OPT'),
    );
  return record;
}

function dnsFrom(value: unknown): DNS {
  const json = asObject(value, 'DNS');
  const lists = ['questions', 'answers', 'authorities', 'additionals', 'timestamp'];
  const dns = fill(createDNS(), json, 'DNS', lists);
  if (json['questions'])
    dns.questions = asList(json['questions'], 'DNS.questions').map((question) =>
      fill(createDNSQuestion(), asObject(question, 'DNS question'), 'DNS question'),
    );
  for (const name of ['answers', 'authorities', 'additionals'] as const)
    if (json[name]) dns[name] = asList(json[name], `DNS.${name}`).map(recordFrom);
  dns.timestamp = timestampOf(json['timestamp']);
  return dns;
}

/** A text of this release, or the object of later ones. */
function timestampOf(value: unknown): DNS['timestamp'] {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object')
    return fill({ seconds: 0, nanos: 0 }, asObject(value, 'DNS.timestamp'), 'DNS.timestamp');
  if (typeof value !== 'string') throw new FlowJsonError('DNS.timestamp is not a time');
  try {
    return parseTimestamp(value);
  } catch (cause) {
    throw new FlowJsonError('DNS.timestamp is not a time', { cause });
  }
}

const APART =
  'Link Network Transport ICMP DHCPv4 DNS VRRPv2 LastUpdateMetric Metric TCPMetric IPMetric LastRawPackets'.split(
    ' ',
  );

/** The flow of a parsed JSON value. Throws {@link FlowJsonError}. */
export function flowFromObject(value: unknown): Flow {
  const json = asObject(value, 'flow');
  const flow = fill(createFlow(), json, 'flow', APART);
  if (json['Link']) flow.Link = layer(createFlowLayer(), json['Link'], 'Link');
  if (json['Network']) flow.Network = layer(createFlowLayer(), json['Network'], 'Network');
  if (json['Transport']) flow.Transport = layer(createTransportLayer(), json['Transport'], 'Transport');
  if (json['ICMP']) {
    const icmp = asObject(json['ICMP'], 'ICMP');
    flow.ICMP = fill(createICMPLayer({ Type: enumOf(ICMPType, icmp['Type']) }), icmp, 'ICMP', ['Type']);
  }
  for (const name of ['LastUpdateMetric', 'Metric'] as const)
    if (json[name]) flow[name] = fill(createFlowMetric(), asObject(json[name], name), name);
  if (json['TCPMetric'])
    flow.TCPMetric = fill(createTCPMetric(), asObject(json['TCPMetric'], 'TCPMetric'), 'TCPMetric');
  if (json['IPMetric'])
    flow.IPMetric = fill(createIPMetric(), asObject(json['IPMetric'], 'IPMetric'), 'IPMetric');
  if (json['DNS']) flow.DNS = dnsFrom(json['DNS']);
  if (json['DHCPv4']) flow.DHCPv4 = fill(createDHCPv4(), asObject(json['DHCPv4'], 'DHCPv4'), 'DHCPv4');
  if (json['VRRPv2']) flow.VRRPv2 = fill(createVRRPv2(), asObject(json['VRRPv2'], 'VRRPv2'), 'VRRPv2');
  return flow;
}

/** The flow of a JSON text. Throws {@link FlowJsonError}, or SyntaxError for a text that is no JSON. */
export function flowFromJson(text: string): Flow {
  return flowFromObject(JSON.parse(text));
}
