/**
 * The columns of an archived flow update, as SQL sees them: one table. Times are ms since 1970; what an update added is in
 * `Update_*`, so that sums over any rows are true, and the totals of the flow so far in `Metric_*`. `Message` is the whole message
 * (flow.proto, Flow), from which the analyzer itself reads; everything else is there for other readers.
 */
import type { Flow, FlowMetric } from '../../proto/gen/flow.ts';
import { isFilesHost } from '../ids.ts';
import { protocolName } from '../wire/flow-json.ts';

/** What an archived update is made of. */
export interface ArchivedUpdate {
  readonly host: string;
  /** When the analyzer took it, ms since 1970. */
  readonly atMs: number;
  /** Of the shard's log: updates that were written together share it. */
  readonly row: number;
  readonly flow: Flow;
  /** The flow, encoded. */
  readonly message: Uint8Array;
}

type Column =
  | { readonly type: 'STRING'; readonly of: (update: ArchivedUpdate) => string }
  | { readonly type: 'INT64'; readonly of: (update: ArchivedUpdate) => number }
  | { readonly type: 'INT32'; readonly of: (update: ArchivedUpdate) => number }
  | { readonly type: 'BYTE_ARRAY'; readonly of: (update: ArchivedUpdate) => Uint8Array };

const METRIC = ['ABPackets', 'ABBytes', 'BAPackets', 'BABytes', 'Start', 'Last', 'RTT'] as const;

/** What this update added: for a flow of a capture file, which is told once, all of it. */
function growth({ flow, host }: ArchivedUpdate): FlowMetric | undefined {
  return flow.LastUpdateMetric ?? (isFilesHost(host) ? flow.Metric : undefined);
}

const columns: Record<string, Column> = {
  At: { type: 'INT64', of: ({ atMs }) => atMs },
  Host: { type: 'STRING', of: ({ host }) => host },
  Row: { type: 'INT64', of: ({ row }) => row },
};
for (const name of [
  'UUID',
  'LayersPath',
  'Application',
  'ParentUUID',
  'TrackingID',
  'L3TrackingID',
  'NodeTID',
  'CaptureID',
] as const)
  columns[name] = { type: 'STRING', of: ({ flow }) => flow[name] };
for (const name of ['Start', 'Last'] as const)
  columns[name] = { type: 'INT64', of: ({ flow }) => flow[name] };
for (const name of ['Link', 'Network'] as const) {
  columns[`${name}_Protocol`] = { type: 'STRING', of: ({ flow }) => nameOf(flow[name]?.Protocol) };
  columns[`${name}_A`] = { type: 'STRING', of: ({ flow }) => flow[name]?.A ?? '' };
  columns[`${name}_B`] = { type: 'STRING', of: ({ flow }) => flow[name]?.B ?? '' };
  columns[`${name}_ID`] = { type: 'INT64', of: ({ flow }) => flow[name]?.ID ?? 0 };
}
columns['Transport_Protocol'] = { type: 'STRING', of: ({ flow }) => nameOf(flow.Transport?.Protocol) };
columns['Transport_A'] = { type: 'INT32', of: ({ flow }) => flow.Transport?.A ?? 0 };
columns['Transport_B'] = { type: 'INT32', of: ({ flow }) => flow.Transport?.B ?? 0 };
columns['FinishType'] = { type: 'INT32', of: ({ flow }) => flow.FinishType };
for (const name of METRIC) {
  columns[`Update_${name}`] = { type: 'INT64', of: (update) => growth(update)?.[name] ?? 0 };
  columns[`Metric_${name}`] = { type: 'INT64', of: ({ flow }) => flow.Metric?.[name] ?? 0 };
}
columns['Message'] = { type: 'BYTE_ARRAY', of: ({ message }) => message };

/** By name, in their order in a file. */
export const ARCHIVE_COLUMNS: Readonly<Record<string, Column>> = columns;

function nameOf(protocol: number | undefined): string {
  return protocol === undefined ? '' : protocolName(protocol as Parameters<typeof protocolName>[0]);
}
