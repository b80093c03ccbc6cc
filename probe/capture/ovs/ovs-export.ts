/**
 * Capture types `ovssflow` and `ovsnetflow`: the bridge exports to a listener that is made for it, on the loopback of the
 * namespace that the switch runs in. A bridge has room for one export of a kind, and somebody else's is left alone.
 */
import { CaptureError, type CaptureHandle, type CaptureSpec, type ListenSpec } from '../capture-source.ts';
import { combineFilters } from '../own-traffic.ts';
import { textOf } from '../../topology/sources/json-read.ts';
import type { Opening, Shown } from './ovs-capture.ts';
import { madeUuid, OvsRefusal } from './ovs-database.ts';
import type { OvsTarget } from './ovs-target.ts';
import { CAPTURE_KEY, columnOf, exportOperations, type ExportTable } from './ovs-rows.ts';
import type { OvsSourceOptions } from './ovs-options.ts';

const LOOPBACK = '127.0.0.1';
/** The first port that is tried, as in the reference; it has eleven, and a host may have more bridges. */
const FIRST_PORT = { sFlow: 6_345, NetFlow: 6_365 } as const;
const PORTS_TRIED = { sFlow: 20, NetFlow: 100 } as const;

export async function openExport(
  spec: CaptureSpec & { readonly ovs: OvsTarget },
  opening: Opening,
  { exporters, devicesNamed }: OvsSourceOptions,
): Promise<Shown> {
  const table: ExportTable = spec.ovs.type === 'ovssflow' ? 'sFlow' : 'NetFlow';
  if (table === 'NetFlow' && spec.userFilter !== '')
    throw new CaptureError("ovsnetflow capture doesn't support BPF filtering");
  const [own] = devicesNamed(spec.interfaceName);
  const exclusion = table === 'sFlow' ? spec.exclusion : '';
  const base = {
    ...spec,
    netnsPath: own?.netnsPath ?? null,
    userFilter: combineFilters(spec.userFilter, exclusion),
  };
  let target = '';
  await opening.receive(async (lost) => {
    for (let port: number = FIRST_PORT[table]; ; port++) {
      const exporter = table === 'sFlow' ? 'sflow' : 'netflow';
      const listen: ListenSpec = { exporter, address: LOOPBACK, port };
      const isLast = port + 1 >= FIRST_PORT[table] + PORTS_TRIED[table];
      const handle = await listening(() => exporters.open({ ...base, listen }, lost), isLast);
      if (handle === undefined) continue;
      target = `${LOOPBACK}:${port}`;
      return handle;
    }
  });
  try {
    await opening.make(exportOperations(table, spec, target, opening.mark), 1, (results) => {
      return new Map([[table, [madeUuid(results[1])]]]);
    });
  } catch (error) {
    if (!(error instanceof OvsRefusal) || error.reason !== 'timed out') throw error;
    throw new CaptureError(await whyNot(table, spec, opening), { cause: error });
  }
  return table === 'sFlow' ? { socket: target } : {};
}

/** undefined: the port is another's, and there is one more to try. */
async function listening(
  open: () => Promise<CaptureHandle>,
  isLast: boolean,
): Promise<CaptureHandle | undefined> {
  try {
    return await open();
  } catch (error) {
    const isTaken = error instanceof CaptureError && error.message.includes('EADDRINUSE');
    if (isTaken && !isLast) return undefined;
    throw error;
  }
}

/** Why the bridge takes no export of ours. */
async function whyNot(
  table: ExportTable,
  { interfaceName, ovs }: CaptureSpec & { readonly ovs: OvsTarget },
  { database }: Opening,
): Promise<string> {
  const column = columnOf(table);
  const bridge = await database.row('Bridge', ovs.uuid);
  if (bridge === undefined) return `Open vSwitch has no bridge ${interfaceName} any more`;
  const [uuid = ''] = bridge.uuids(column);
  const other = uuid === '' ? undefined : await database.row(table, uuid);
  const capture = other?.map('external_ids')[CAPTURE_KEY];
  if (capture !== undefined) return `bridge ${interfaceName} exports ${table} to capture ${capture} already`;
  const targets = (other?.atoms('targets') ?? []).map(textOf).join(', ');
  return `bridge ${interfaceName} exports ${table} to ${targets} already, which is not ours to change`;
}
