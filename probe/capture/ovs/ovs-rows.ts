/**
 * What captures write into an Open vSwitch database, as operations of RFC 7047 section 5.2. Every row carries whose it
 * is, so that what a killed probe left behind is known again. Pure.
 */
import type { Json, Metadata } from '../../../core/graph/element.ts';
import { uuidV5 } from '../../../core/ids.ts';
import type { Row } from '../../topology/sources/ovsdb-tables.ts';
import type { CaptureSpec } from '../capture-source.ts';
import type { OvsTarget } from './ovs-target.ts';

export type Operation = Metadata;
export type ExportTable = 'sFlow' | 'NetFlow';

/** Keys of external ids; the second is looked for in metadata too. */
const HOST_KEY = 'edgedive-host';
export const CAPTURE_KEY = 'edgedive-capture';
const RUN_KEY = 'edgedive-run';

/** Whose a row is. */
export interface Mark {
  readonly hostId: string;
  readonly captureId: string;
  /** Of one opening of one capture on one node. */
  readonly run: string;
}

/** Tables whose rows carry marks, and the column of bridges that holds them. */
export const MARKED = [
  ['Port', 'ports'],
  ['Mirror', 'mirrors'],
  ['sFlow', 'sflow'],
  ['NetFlow', 'netflow'],
] as const;

/** sFlow's own bound is the datagram of 1,400 bytes. */
const SFLOW_HEADER_BYTES_MAX = 1_024;
/** "Never", as the reference has it: counters only. */
const SAMPLING_NEVER = 0xffff_ffff;

export const uuidOf = (uuid: string): Json => ['uuid', uuid];
const named = (name: string): Json => ['named-uuid', name];
const setOf = (...members: Json[]): Json => ['set', members];
const NOTHING = setOf();

/** At most 15 characters, as the kernel has it: the reference's `mir` and the port's UUID, then the capture's. */
export function mirrorName({ captureId, ovs }: { captureId: string; ovs: OvsTarget }): string {
  return `mir${ovs.uuid.slice(0, 5)}${uuidV5(`${captureId}/${ovs.uuid}`).slice(0, 7)}`;
}

function markOf({ hostId, captureId, run }: Mark): Json {
  const pairs = { [HOST_KEY]: hostId, [CAPTURE_KEY]: captureId, [RUN_KEY]: run };
  return ['map', Object.entries(pairs)];
}

export const isOfHost = (hostId: string): Json => [
  ['external_ids', 'includes', ['map', [[HOST_KEY, hostId]]]],
];
/** "" = not ours. */
export const runOf = (externalIds: Readonly<Record<string, string>>): string => externalIds[RUN_KEY] ?? '';

/**
 * A mirror of what enters and leaves the port, to an internal port of its own beside it. The copy
 * has its VLAN settings, or frames would come with another tag than the port's. The rows are the answers 0
 * (interface), 1 (port), 2 (mirror); answer 3 counts bridges, 4 has the bridge's mirrors.
 */
export function mirrorOperations(name: string, port: Row, mark: Mark): Operation[] {
  const tag = port.integer('tag') ?? NOTHING;
  const vlan_mode = port.text('vlan_mode') || NOTHING;
  const external_ids = markOf(mark);
  const selected = setOf(uuidOf(port.uuid));
  const bridge = { table: 'Bridge', where: [['ports', 'includes', selected]] };
  const insert = (table: string, name: string, row: Operation): Operation => ({
    op: 'insert',
    table,
    'uuid-name': name,
    row: { ...row, external_ids },
  });
  return [
    insert('Interface', 'i', { name, type: 'internal' }),
    insert('Port', 'p', { name, interfaces: named('i'), tag, vlan_mode }),
    insert('Mirror', 'm', {
      name,
      select_src_port: selected,
      select_dst_port: selected,
      output_port: named('p'),
    }),
    {
      op: 'mutate',
      ...bridge,
      mutations: [
        ['ports', 'insert', setOf(named('p'))],
        ['mirrors', 'insert', setOf(named('m'))],
      ],
    },
    { op: 'select', ...bridge, columns: ['mirrors'] },
  ];
}

/** Refused with `timed out` when the bridge exports already. The row is answer 1; answer 2 counts bridges. */
export function exportOperations(
  table: ExportTable,
  spec: CaptureSpec & { readonly ovs: OvsTarget },
  target: string,
  mark: Mark,
): Operation[] {
  const { ovs, headerBytes } = spec;
  const column = columnOf(table);
  const bridge = { table: 'Bridge', where: [['_uuid', '==', uuidOf(ovs.uuid)]] };
  const settings =
    table === 'sFlow'
      ? {
          sampling: ovs.samplingRate || SAMPLING_NEVER,
          polling: ovs.pollingInterval,
          header: Math.min(headerBytes, SFLOW_HEADER_BYTES_MAX),
          // The datagram names its sender; a switch that has no other address has this one.
          agent: 'lo',
        }
      : { active_timeout: ovs.activeTimeoutS };
  return [
    { op: 'wait', timeout: 0, ...bridge, columns: [column], until: '==', rows: [{ [column]: NOTHING }] },
    {
      op: 'insert',
      table,
      'uuid-name': 'e',
      row: { targets: target, ...settings, external_ids: markOf(mark) },
    },
    { op: 'update', ...bridge, row: { [column]: named('e') } },
  ];
}

/** Takes rows, by table, from the bridges that hold them; the database deletes what nobody holds. */
export function removeOperations(rows: ReadonlyMap<string, readonly string[]>): Operation[] {
  return MARKED.flatMap(([table, column]): Operation[] => {
    const uuids = (rows.get(table) ?? []).map(uuidOf);
    if (uuids.length === 0) return [];
    return [{ op: 'mutate', table: 'Bridge', where: [], mutations: [[column, 'delete', setOf(...uuids)]] }];
  });
}

export function columnOf(table: ExportTable): 'sflow' | 'netflow' {
  return table === 'sFlow' ? 'sflow' : 'netflow';
}
