/**
 * What an OVSDB server has said of the tables that we watch: rows by UUID, values as RFC 7047 section 5.1 spells them
 * (`["uuid", …]`, `["set", […]]`, `["map", [[k, v], …]]`, or an atom, which is a set of one).
 */
import type { Json, Metadata } from '../../../core/graph/element.ts';
import { integerOf, listOf, objectOf, textOf } from './json-read.ts';

/** Table → columns that say something about the topology; none that counts. */
export const COLUMNS = {
  Open_vSwitch: ['ovs_version', 'db_version'],
  Bridge: ['name', 'ports', 'mirrors', 'protocols', 'other_config', 'external_ids'],
  Port: ['name', 'interfaces', 'tag', 'trunks', 'bond_mode', 'lacp', 'external_ids'],
  Interface: [
    'name',
    'type',
    'ofport',
    'ifindex',
    'mac_in_use',
    'link_state',
    'mtu',
    'error',
    'options',
    'external_ids',
    'status',
  ],
  Mirror: ['name', 'select_all', 'select_src_port', 'select_dst_port', 'output_port'],
} as const;

export type TableName = keyof typeof COLUMNS;

export class Row {
  readonly uuid: string;
  readonly #columns: Metadata;

  constructor(uuid: string, columns: Metadata) {
    this.uuid = uuid;
    this.#columns = columns;
  }

  /** "" when there is none. */
  text(column: string): string {
    return textOf(this.atoms(column)[0]);
  }

  /** undefined when there is none. */
  integer(column: string): number | undefined {
    const atom = this.atoms(column)[0];
    return typeof atom === 'number' ? integerOf(atom) : undefined;
  }

  isTrue(column: string): boolean {
    return this.#columns[column] === true;
  }

  atoms(column: string): readonly Json[] {
    const value = this.#columns[column];
    if (value === undefined) return [];
    const list = listOf(value);
    return list[0] === 'set' ? listOf(list[1]) : [value];
  }

  uuids(column: string): readonly string[] {
    return this.atoms(column).flatMap((atom) => {
      const [kind, uuid] = listOf(atom);
      return kind === 'uuid' && typeof uuid === 'string' ? [uuid] : [];
    });
  }

  map(column: string): Readonly<Record<string, string>> {
    const [kind, pairs] = listOf(this.#columns[column]);
    const map: Record<string, string> = {};
    if (kind !== 'map') return map;
    for (const pair of listOf(pairs)) {
      const [key, value] = listOf(pair);
      if (typeof key === 'string' && typeof value === 'string') map[key] = value;
    }
    return map;
  }
}

export class OvsdbTables {
  readonly #tables = new Map<string, Map<string, Row>>(Object.keys(COLUMNS).map((name) => [name, new Map()]));

  /** Rows as they were said, first to last. */
  rows(table: TableName): Iterable<Row> {
    return this.#tables.get(table)!.values();
  }

  row(table: TableName, uuid: string): Row | undefined {
    return this.#tables.get(table)!.get(uuid);
  }

  /** Takes table updates (RFC 7047 section 4.1.6); what is none is passed over. The number of rows that changed. */
  apply(updates: Json): number {
    let changed = 0;
    for (const [name, rows] of Object.entries(objectOf(updates))) {
      const table = this.#tables.get(name);
      if (table === undefined) continue;
      for (const [uuid, update] of Object.entries(objectOf(rows))) {
        changed++;
        const after = objectOf(update)['new'];
        if (after === undefined || after === null) table.delete(uuid);
        else table.set(uuid, new Row(uuid, objectOf(after)));
      }
    }
    return changed;
  }
}

/** The columns to be monitored, of those that this server's schema has. */
export function monitorRequest(schema: Json): Record<string, Json> {
  const tables = objectOf(objectOf(schema)['tables']);
  const request: Record<string, Json> = {};
  for (const [table, wanted] of Object.entries(COLUMNS)) {
    const columns = objectOf(objectOf(tables[table])['columns']);
    const there = wanted.filter((column) => Object.hasOwn(columns, column));
    if (there.length > 0) request[table] = { columns: there };
  }
  return request;
}
