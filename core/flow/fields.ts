/**
 * The public field names of a flow, once: what queries, filters, sorts and `Values` may name, and how each is
 * read. Names are those of the reference (Gremlin notes, section 8.1) with its gaps mended: protocol aliases look
 * at the protocol and carry ports (`TCP.B`), `FinishType`, `RawPacketsCaptured`, `VRRPv2.*` and the members of
 * lists (`DNS.Questions.Name`) can be read.
 */
import { flowFields, FlowProtocol } from '../../proto/gen/flow.ts';
import type { Flow } from '../../proto/gen/flow.ts';
import {
  icmpToObject,
  icmpTypeName,
  ipMetricToObject,
  layerToObject,
  metricToObject,
  protocolName,
  tcpMetricToObject,
  transportToObject,
} from '../wire/flow-json.ts';
import { dhcpv4ToObject, dnsToObject, formatTimestamp, vrrpToObject } from '../wire/flow-layers-json.ts';

/**
 * What a field holds: text, integer, boolean (DNS flags), an object in its JSON form, `null` for an object that
 * the flow does not have, or an array for the members of a list (a predicate holds when one member satisfies it).
 */
export type FieldValue = string | number | boolean | object | null;
export type FieldReader = (flow: Flow) => FieldValue | undefined;

const METRIC = words('ABPackets ABBytes BAPackets BABytes Start Last RTT');
const LAYER = words('Protocol A B ID');
const TCP_METRIC = words(
  'ABSynStart BASynStart ABSynTTL BASynTTL ABFinStart BAFinStart ABRstStart BARstStart ' +
    'ABSegmentOutOfOrder ABSegmentSkipped ABSegmentSkippedBytes ABPackets ABBytes ABSawStart ABSawEnd ' +
    'BASegmentOutOfOrder BASegmentSkipped BASegmentSkippedBytes BAPackets BABytes BASawStart BASawEnd',
);
const DNS_RECORD = words(
  'Name Type Class TTL DataLength IP NS CNAME PTR TXTs ' +
    'SOA.MName SOA.RName SOA.Serial SOA.Refresh SOA.Retry SOA.Expire SOA.Minimum ' +
    'SRV.Priority SRV.Weight SRV.Port SRV.Name MX.Preference MX.Name OPT OPT.Code OPT.Data',
);
const DHCPV4 = words('Contents Payload HardwareLen HardwareOpts Xid Secs Flags ServerName File');
const DNS = words('ID QR OpCode AA TC RD RA Z ResponseCode QDCount ANCount NSCount ARCount Questions').concat(
  under('Questions', words('Name Type Class')),
  ['Answers'].concat(under('Answers', DNS_RECORD)),
  ['Authorities'].concat(under('Authorities', DNS_RECORD)),
  ['Additionals'].concat(under('Additionals', DNS_RECORD)),
  'Timestamp',
);
const VRRP = words('Contents Payload Version VirtualRtrID Priority CountIPAddr AdverInt Checksum');

function words(text: string): string[] {
  return text.split(' ');
}

function under(prefix: string, names: readonly string[]): string[] {
  return names.map((name) => `${prefix}.${name}`);
}

/** Every field name, dotted, in the order of the flow message: the answer of the query step `Keys`. */
export const flowFieldNames: readonly string[] = words('UUID LayersPath Application').concat(
  ['Link', 'Network', 'Transport'].flatMap((layer) => under(layer, LAYER)),
  under('ICMP', words('Type Code ID')),
  under('DHCPv4', DHCPV4),
  under('DNS', DNS),
  under('VRRPv2', VRRP),
  under('LastUpdateMetric', METRIC),
  under('Metric', METRIC),
  under('TCPMetric', TCP_METRIC),
  under('IPMetric', words('Fragments FragmentErrors')),
  words('Start Last TrackingID L3TrackingID ParentUUID NodeTID CaptureID LastRawPackets'),
  under('LastRawPackets', words('Timestamp Index Data LinkType')),
  words('RawPacketsCaptured FinishType'),
);

/** Alias prefix → the layer it stands for and the protocol that layer must have. */
const ALIASES: Readonly<Record<string, readonly ['Link' | 'Network' | 'Transport', FlowProtocol]>> = {
  ETHERNET: ['Link', FlowProtocol.ETHERNET],
  IPV4: ['Network', FlowProtocol.IPV4],
  IPV6: ['Network', FlowProtocol.IPV6],
  TCP: ['Transport', FlowProtocol.TCP],
  UDP: ['Transport', FlowProtocol.UDP],
  SCTP: ['Transport', FlowProtocol.SCTP],
};

const TEXTS = [
  'UUID',
  'LayersPath',
  'Application',
  'TrackingID',
  'L3TrackingID',
  'ParentUUID',
  'NodeTID',
  'CaptureID',
] as const;
const INTEGERS = ['Start', 'Last', 'RawPacketsCaptured', 'FinishType'] as const;
const LAYER_MEMBERS: ReadonlySet<string> = new Set(LAYER);

/** `A`, `ID`… of a layer; protocols read as their names. */
function readLayer(
  flow: Flow,
  layer: 'Link' | 'Network' | 'Transport',
  member: string,
): FieldValue | undefined {
  const value = flow[layer];
  if (value === undefined) return undefined;
  if (member === 'Protocol') return protocolName(value.Protocol);
  return LAYER_MEMBERS.has(member) ? value[member as 'A' | 'B' | 'ID'] : undefined;
}

function readMetric(metric: object | undefined, member: string): FieldValue | undefined {
  if (metric === undefined || !Object.hasOwn(metric, member)) return undefined;
  return (metric as Record<string, number>)[member];
}

/** `ResponseCode` and `response_code` are the same member. */
function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

/** A member of an optional layer, by Go or JSON name, through lists: the values of all that have it. */
function readPath(value: unknown, path: readonly string[]): FieldValue | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return value ?? undefined;
  if (Array.isArray(value)) {
    const found = value.map((member) => readPath(member, path)).filter((member) => member !== undefined);
    return found.flat();
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  for (const [member, inner] of Object.entries(value))
    if (plain(member) === plain(name)) {
      if (plain(name) === 'timestamp' && rest.length === 0) return formatTimestamp(inner);
      return readPath(inner, rest);
    }
  return undefined;
}

/** The objects that exist on every flow, `null` where the flow has none; and those that exist only when there. */
function objectReader(name: string): FieldReader | undefined {
  switch (name) {
    case 'Link':
    case 'Network':
      return (flow) => (flow[name] ? layerToObject(flow[name]) : null);
    case 'Transport':
      return (flow) => (flow.Transport ? transportToObject(flow.Transport) : null);
    case 'ICMP':
      return (flow) => (flow.ICMP ? icmpToObject(flow.ICMP) : null);
    case 'Metric':
    case 'LastUpdateMetric':
      return (flow) => (flow[name] ? metricToObject(flow[name]) : null);
    case 'TCPMetric':
      return (flow) => (flow.TCPMetric ? tcpMetricToObject(flow.TCPMetric) : null);
    case 'IPMetric':
      return (flow) => (flow.IPMetric ? ipMetricToObject(flow.IPMetric) : null);
    case 'DNS':
      return (flow) => flow.DNS && dnsToObject(flow.DNS);
    case 'DHCPv4':
      return (flow) => flow.DHCPv4 && dhcpv4ToObject(flow.DHCPv4);
    case 'VRRP':
    case 'VRRPv2':
      return (flow) => flow.VRRPv2 && vrrpToObject(flow.VRRPv2);
    default:
      return undefined;
  }
}

function memberReader(prefix: string, member: string): FieldReader | undefined {
  const alias = ALIASES[prefix];
  if (alias !== undefined && Object.hasOwn(ALIASES, prefix)) {
    const [layer, protocol] = alias;
    return (flow) => (flow[layer]?.Protocol === protocol ? readLayer(flow, layer, member) : undefined);
  }
  switch (prefix) {
    case 'Link':
    case 'Network':
    case 'Transport':
      return (flow) => readLayer(flow, prefix, member);
    case 'ICMP':
      if (member === 'Type') return (flow) => flow.ICMP && icmpTypeName(flow.ICMP.Type);
      return (flow) => readMetric(flow.ICMP, member);
    case 'Metric':
    case 'LastUpdateMetric':
    case 'TCPMetric':
    case 'IPMetric':
      return (flow) => readMetric(flow[prefix], member);
    case 'DNS':
    case 'DHCPv4':
      return (flow) => readPath(flow[prefix], member.split('.'));
    case 'VRRP':
    case 'VRRPv2':
      return (flow) => readPath(flow.VRRPv2, member.split('.'));
    default:
      return undefined;
  }
}

/** The member of the flow record that a key reads from; undefined when no flow can have such a field. */
export function flowMemberOf(key: string): keyof typeof flowFields | undefined {
  const dot = key.indexOf('.');
  const prefix = dot < 0 ? key : key.slice(0, dot);
  if (Object.hasOwn(ALIASES, prefix)) return ALIASES[prefix]![0];
  if (prefix === 'VRRP') return 'VRRPv2';
  return Object.hasOwn(flowFields, prefix) ? (prefix as keyof typeof flowFields) : undefined;
}

/** How a field is read, or undefined when no flow can have such a field. Make it once, use it per flow. */
export function fieldReader(key: string): FieldReader | undefined {
  const dot = key.indexOf('.');
  const prefix = dot < 0 ? key : key.slice(0, dot);
  // A root field ignores what follows it, as in the reference: `UUID.x` is `UUID`.
  const text = TEXTS.find((name) => name === prefix);
  if (text !== undefined) return (flow) => flow[text];
  const integer = INTEGERS.find((name) => name === prefix);
  if (integer !== undefined) return (flow) => flow[integer];
  return dot < 0 ? objectReader(key) : memberReader(prefix, key.slice(dot + 1));
}

/** The value of a field of one flow; undefined when the flow has no such field. */
export function readField(flow: Flow, key: string): FieldValue | undefined {
  return fieldReader(key)?.(flow);
}
