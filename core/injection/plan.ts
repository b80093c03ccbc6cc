/**
 * Fills in what a client left out of an injection, for one node that is to send (topology notes, section 22): addresses
 * from the nodes, the destination's MAC by the node's routes and neighbours. Pure: what the graph knows is handed in.
 */
import { nextHopOf } from '../gremlin/steps/next-hop.ts';
import { parseIp } from '../gremlin/ip.ts';
import type { GraphNode, Json } from '../graph/element.ts';
import { getField } from '../graph/metadata.ts';
import { parseMac } from './validate.ts';
import type { InjectionRequest, InjectionSpec } from './injection.ts';

/** What the plan may ask beside the two nodes. */
export interface InjectionWorld {
  /** The MAC of the only node that has this IP address. */
  macOfAddress(address: string): string | undefined;
  /** 0 up to 1, not 1. */
  random(): number;
}

export type PlannedInjection =
  | { readonly ok: true; readonly spec: InjectionSpec }
  | { readonly ok: false; readonly text: string };

const PORT_RANDOM_MIN = 1_024;
const PORT_RANDOM_MAX = 65_534;

/** `order` is the node's place among those that send: in mode unique each has an id or port of its own. */
export function planInjection(
  uuid: string,
  request: InjectionRequest,
  source: GraphNode,
  destination: GraphNode | undefined,
  order: number,
  world: InjectionWorld,
): PlannedInjection {
  const { Src: _src, Dst: _dst, StartTime: _start, ...rest } = request;
  if (request.Pcap !== null) return { ok: true, spec: { ...rest, UUID: uuid } };
  const family = request.Type.endsWith('6') ? 6 : 4;
  const refuse = (text: string): PlannedInjection => ({ ok: false, text });
  const srcIp = bare(request.SrcIP) || addressOf(source, family);
  if (srcIp === undefined) return refuse('No source IP in node');
  if (destination === undefined && request.DstIP === '') return refuse('No destination node and IP');
  const dstIp = bare(request.DstIP) || (destination && addressOf(destination, family));
  if (dstIp === undefined) return refuse('No destination IP in node');
  const needsMac = hasLinkHeader(source);
  const srcMac = request.SrcMAC || macOf(source);
  if (needsMac && srcMac === undefined) return refuse('No source MAC in node');
  const dstMac = request.DstMAC || destinationMac(source, destination, dstIp, world);
  if (needsMac && dstMac === undefined) return refuse('Failed to resolve destination MAC address');
  const isTcp = request.Type.startsWith('tcp');
  const isIcmp = request.Type.startsWith('icmp');
  const randomPort = () =>
    PORT_RANDOM_MIN + Math.floor(world.random() * (PORT_RANDOM_MAX - PORT_RANDOM_MIN + 1));
  return {
    ok: true,
    spec: {
      ...rest,
      UUID: uuid,
      SrcIP: srcIp,
      DstIP: dstIp,
      SrcMAC: srcMac ?? '',
      DstMAC: dstMac ?? '',
      SrcPort: isIcmp ? request.SrcPort : numbered(request.SrcPort, order),
      DstPort: request.DstPort === 0 && isTcp ? randomPort() : request.DstPort,
      ICMPID: isIcmp ? numbered(request.ICMPID, order) : request.ICMPID,
    },
  };
}

/** From the value given, or 1, one more for each node; never 0. */
function numbered(given: number, order: number): number {
  return (((given || 1) - 1 + order) % 0xffff) + 1;
}

/** `10.0.0.1` of `10.0.0.1/24`; "" stays. */
function bare(text: string): string {
  return text.replace(/\/\d+$/, '');
}

/** Interfaces that carry IP and nothing around it. */
export function hasLinkHeader({ metadata }: GraphNode): boolean {
  const type = metadata['EncapType'];
  return typeof type !== 'string' || ['', 'ether', 'loopback'].includes(type);
}

function addressOf({ metadata }: GraphNode, family: 4 | 6): string | undefined {
  for (const key of [`Neutron.IPV${family}`, `IPV${family}`]) {
    const list = getField(metadata, key);
    const first = Array.isArray(list) ? (list as readonly Json[])[0] : list;
    if (typeof first === 'string' && parseIp(bare(first))?.family === family) return bare(first);
  }
  return undefined;
}

function macOf({ metadata }: GraphNode): string | undefined {
  for (const key of ['ExtID.attached-mac', 'MAC']) {
    const mac = getField(metadata, key);
    if (typeof mac === 'string' && parseMac(mac) !== undefined) return mac;
  }
  return undefined;
}

/** The MAC of the next hop by the source's own tables; else of the destination, when nothing stands between. */
function destinationMac(
  source: GraphNode,
  destination: GraphNode | undefined,
  address: string,
  world: InjectionWorld,
): string | undefined {
  const hop = nextHopOf(source, address);
  if (hop?.mac !== undefined) return hop.mac;
  const isBehindGateway = hop !== undefined && hop.ip !== address;
  if (isBehindGateway) return world.macOfAddress(hop.ip);
  return (destination && macOf(destination)) ?? world.macOfAddress(address);
}
