/**
 * Routes and neighbours as the graph shows them on their interface: metadata RoutingTables, Neighbors and FDB
 * (topology notes, section 8). Pure. A default route is `0.0.0.0/0` or `::/0` by its own family; the reference
 * went by its gateway's (section 26).
 */
import type { Json, Metadata } from '../../core/graph/element.ts';
import { limits } from '../../core/limits.ts';
import type { Neighbour } from './rtnetlink/neighbour.ts';
import type { Route } from './rtnetlink/route.ts';

/** NUD_… by bit. */
const STATE_NAMES = [
  'NUD_INCOMPLETE',
  'NUD_REACHABLE',
  'NUD_STALE',
  'NUD_DELAY',
  'NUD_PROBE',
  'NUD_FAILED',
  'NUD_NOARP',
  'NUD_PERMANENT',
] as const;

/** NTF_… by bit. */
const FLAG_NAMES = [
  'NTF_USE',
  'NTF_SELF',
  'NTF_MASTER',
  'NTF_PROXY',
  'NTF_EXT_LEARNED',
  'NTF_OFFLOADED',
  'NTF_STICKY',
  'NTF_ROUTER',
] as const;

function namesOf(bits: number, names: readonly string[]): string[] {
  return names.filter((_, bit) => ((bits >>> bit) & 1) === 1);
}

export interface TableMetadata {
  /** Keys RoutingTables, Neighbors and FDB by interface index, each only where there is something. */
  readonly byIndex: ReadonlyMap<number, Metadata>;
  /** An interface had more than `limits.tableEntriesPerNodeMax` of one of them. */
  readonly cut: boolean;
}

export function tableMetadata(routes: readonly Route[], neighbours: readonly Neighbour[]): TableMetadata {
  const byIndex = new Map<number, Record<string, Json>>();
  const of = (index: number): Record<string, Json> => {
    let metadata = byIndex.get(index);
    if (metadata === undefined) byIndex.set(index, (metadata = {}));
    return metadata;
  };
  const { tables: tablesByIndex, cut: routesCut } = routingTables(routes);
  let cut = routesCut;
  for (const [index, tables] of tablesByIndex) of(index)['RoutingTables'] = tables;
  for (const neighbour of neighbours) {
    const key = neighbour.forwarding ? 'FDB' : 'Neighbors';
    const metadata = of(neighbour.index);
    const list = metadata[key] as Json[] | undefined;
    if (list === undefined) metadata[key] = [neighbourJson(neighbour)];
    else if (list.length < limits.tableEntriesPerNodeMax) list.push(neighbourJson(neighbour));
    else cut = true;
  }
  return { byIndex, cut };
}

function neighbourJson(neighbour: Neighbour): Json {
  const flags = namesOf(neighbour.flags, FLAG_NAMES);
  const state = namesOf(neighbour.state, STATE_NAMES);
  return {
    ...(flags.length > 0 ? { Flags: flags } : {}),
    ...(neighbour.mac === undefined ? {} : { MAC: neighbour.mac }),
    ...(neighbour.ip === undefined ? {} : { IP: neighbour.ip }),
    ...(state.length > 0 ? { State: state } : {}),
    ...(neighbour.vlan === undefined ? {} : { Vlan: neighbour.vlan }),
    ...(neighbour.vni === undefined ? {} : { VNI: neighbour.vni }),
    IfIndex: neighbour.index,
  };
}

interface Table {
  /** Of the first route, as in the reference. */
  readonly source: string | null;
  /** By protocol and prefix: routes that differ in the next hop only are one. */
  readonly routes: Map<string, { Protocol: number; Prefix: string; NextHops: Json[] }>;
}

/** By interface: its tables by number. */
function routingTables(routes: readonly Route[]): { tables: Map<number, Json>; cut: boolean } {
  const byIndex = new Map<number, { tables: Map<number, Table>; hops: number }>();
  let cut = false;
  for (const route of routes) {
    for (const { index, gateway } of route.hops) {
      if (index === 0) continue;
      let own = byIndex.get(index);
      if (own === undefined) byIndex.set(index, (own = { tables: new Map(), hops: 0 }));
      if (own.hops++ >= limits.tableEntriesPerNodeMax) {
        cut = true;
        continue;
      }
      let table = own.tables.get(route.table);
      if (table === undefined)
        own.tables.set(route.table, (table = { source: route.source ?? null, routes: new Map() }));
      const key = `${route.protocol} ${route.prefix}`;
      let entry = table.routes.get(key);
      if (entry === undefined)
        table.routes.set(key, (entry = { Protocol: route.protocol, Prefix: route.prefix, NextHops: [] }));
      const ip = gateway === undefined ? {} : { IP: gateway };
      entry.NextHops.push({ Priority: route.priority, ...ip, IfIndex: index });
    }
  }
  const tables = new Map(
    [...byIndex].map(([index, own]): [number, Json] => [
      index,
      [...own.tables]
        .sort(([a], [b]) => a - b)
        .map(([id, table]) => ({ ID: id, Src: table.source, Routes: [...table.routes.values()] })),
    ]),
  );
  return { tables, cut };
}
