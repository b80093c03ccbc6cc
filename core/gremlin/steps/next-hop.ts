/** NextHop: where a node sends packets for an address, from its metadata RoutingTables and Neighbors (Gremlin notes, section 7). */
import type { GraphNode, Json } from '../../graph/element.ts';
import { isJsonObject } from '../../graph/metadata.ts';
import type { Step } from '../ast.ts';
import { parseIp, parsePrefix, prefixContains } from '../ip.ts';
import type { IpAddress } from '../ip.ts';
import type { Run, ValueOf } from '../state.ts';

type JsonObject = { readonly [key: string]: Json };

/** Node id → `{Priority, IP, MAC?, IfIndex}`; nodes that know no way are left out. */
export function nextHops(run: Run, value: ValueOf<'nodes'>, step: Step): ValueOf<'nextHops'> {
  const [param] = step.params;
  const text = param?.kind === 'text' ? param.value : '';
  run.visit(step, value.nodes.length);
  const hops = new Map<string, Json>();
  for (const node of value.nodes) {
    const hop = nextHopOf(node, text);
    if (hop === undefined) continue;
    const { ip, mac, ifIndex } = hop;
    hops.set(node.id, { Priority: 0, IP: ip, ...(mac === undefined ? {} : { MAC: mac }), IfIndex: ifIndex });
  }
  return { kind: 'nextHops', hops };
}

interface Hop {
  readonly ip: string;
  readonly ifIndex: number;
}

export interface NextHop extends Hop {
  /** From the node's neighbours; undefined when they do not tell. */
  readonly mac: string | undefined;
}

/** Where the node sends what is for this address; undefined: no IP address, or the node knows no way. */
export function nextHopOf(node: GraphNode, text: string): NextHop | undefined {
  const address = parseIp(text);
  if (address === undefined) return undefined;
  for (const table of objectsIn(node.metadata['RoutingTables'])) {
    const hop = hopInTable(table, address, text);
    if (hop !== undefined) return { ...hop, mac: macOf(node, hop.ip) };
  }
  return undefined;
}

/** The first route with a gateway wins; else the last one to a direct link; else the default route's gateway. */
function hopInTable(table: JsonObject, address: IpAddress, text: string): Hop | undefined {
  let direct: Hop | undefined;
  let fallback: Hop | undefined;
  for (const route of objectsIn(table['Routes'])) {
    const prefix = typeof route['Prefix'] === 'string' ? parsePrefix(route['Prefix']) : undefined;
    const isDefault = prefix?.bits === 0;
    if (isDefault) fallback ??= hopsOf(route).find((hop) => hop.ip !== '');
    if (prefix === undefined || isDefault || !prefixContains(prefix, address)) continue;
    const hops = hopsOf(route);
    const gateway = hops.find((hop) => hop.ip !== '');
    if (gateway !== undefined) return gateway;
    const last = hops.at(-1);
    if (last !== undefined) direct = { ip: text, ifIndex: last.ifIndex };
  }
  return direct ?? fallback;
}

function hopsOf(route: JsonObject): readonly Hop[] {
  return objectsIn(route['NextHops']).map((hop) => ({
    ip: typeof hop['IP'] === 'string' ? hop['IP'] : '',
    ifIndex: typeof hop['IfIndex'] === 'number' ? hop['IfIndex'] : 0,
  }));
}

function macOf(node: GraphNode, ip: string): string | undefined {
  const neighbor = objectsIn(node.metadata['Neighbors']).find((entry) => entry['IP'] === ip);
  const mac = neighbor?.['MAC'];
  return typeof mac === 'string' && mac !== '' ? mac : undefined;
}

function objectsIn(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter((member) => isJsonObject(member)) : [];
}
