/**
 * What probes tell of themselves, as metrics: the numbers of their status report by their place in it. A report is
 * the probe's own text, so nothing is taken for granted: what is missing or no number is left out, and a probe can make
 * no more metrics than are listed here.
 */
import type { Family } from './exposition.ts';

export interface ProbeFigures {
  readonly hostId: string;
  readonly elements: number;
  /** JSON text, or "". */
  readonly status: string;
}

type Path = readonly string[];
type Row = readonly [name: string, type: 'counter' | 'gauge', help: string, path: Path];

const ROWS: readonly Row[] = [
  ['captures_active', 'gauge', 'Captures that run', ['captures', 'active']],
  ['captures_failed', 'gauge', 'Captures that cannot run', ['captures', 'failed']],
  [
    'packets_received_total',
    'counter',
    'Packets that all captures of a probe saw',
    ['captures', 'packetsReceived'],
  ],
  [
    'packets_dropped_total',
    'counter',
    'Packets that the kernel dropped before a probe saw them',
    ['captures', 'packetsDropped'],
  ],
  ['flows_live', 'gauge', 'Flows in the tables of a probe', ['captures', 'flows']],
  ['flows_sent_total', 'counter', 'Flow messages that a probe sent', ['links', 'flow', 'flowsSent']],
  [
    'flows_dropped_total',
    'counter',
    'Flow messages that a probe dropped because its outbox was full',
    ['links', 'flow', 'flowsDropped'],
  ],
  [
    'outbox_disk_bytes',
    'gauge',
    'What a probe keeps on disk until it is delivered',
    ['links', 'flow', 'spooledBytes'],
  ],
  [
    'outbox_disk_failures_total',
    'counter',
    'Batches that a probe could not write to or read from its disk',
    ['links', 'flow', 'spoolFailures'],
  ],
  ['outbox_bytes', 'gauge', 'What waits in a probe to be sent', ['links', 'flow', 'queuedBytes']],
  ['batches_in_flight', 'gauge', 'Batches sent and not acknowledged', ['links', 'flow', 'inFlight']],
  ['batches_resent_total', 'counter', 'Batches sent again', ['links', 'flow', 'batchesResent']],
  ['topology_connects_total', 'counter', 'Connections for the graph', ['links', 'topology', 'connects']],
  ['flow_connects_total', 'counter', 'Connections for flows', ['links', 'flow', 'connects']],
  ['ipfix_records_total', 'counter', 'Flow records that a probe told a collector', ['ipfix', 'records']],
  [
    'ipfix_messages_dropped_total',
    'counter',
    'IPFIX messages that could not be sent',
    ['ipfix', 'messagesDropped'],
  ],
  ['injected_packets_total', 'counter', 'Packets that injections sent', ['injections', 'packets']],
];

export function probeFamilies(probes: readonly ProbeFigures[]): Family[] {
  const reports = probes.map(({ hostId, status }) => ({ host: hostId, report: readReport(status) }));
  return [
    {
      name: 'edgedive_probe_elements',
      help: 'Nodes and edges that a probe tells of',
      type: 'gauge',
      samples: probes.map(({ hostId, elements }) => ({ labels: { host: hostId }, value: elements })),
    },
    ...ROWS.map(([name, type, help, path]) => ({
      name: `edgedive_probe_${name}`,
      help,
      type,
      samples: reports.flatMap(({ host, report }) => {
        const value = numberAt(report, path);
        return value === undefined ? [] : [{ labels: { host }, value }];
      }),
    })),
  ];
}

function readReport(status: string): unknown {
  if (status === '') return undefined;
  try {
    return JSON.parse(status);
  } catch {
    return undefined;
  }
}

function numberAt(report: unknown, path: Path): number | undefined {
  let at = report;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return typeof at === 'number' && Number.isFinite(at) ? at : undefined;
}
