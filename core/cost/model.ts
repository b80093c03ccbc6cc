/**
 * The monthly bill of a fabric on Cloudflare, from what a run used a second and the prices of one dated table. Everything that a host brings is
 * linear in hosts; what an object costs by being awake is not.
 */
import { limits, timings } from '../limits.ts';
import { MESSAGES_PER_REQUEST, MONTH_SECONDS, OBJECT_GB, platform, prices, type Price } from './prices.ts';

/** What is asked about. */
export interface Fabric {
  readonly hosts: number;
  readonly flowsPerHost: number;
  /** Each with counters, told every 30 s. */
  readonly interfacesPerHost: number;
  /** Seconds between two updates of a flow that changes. */
  readonly updateSeconds: number;
  readonly subscribers: number;
  readonly shards: number;
  readonly hubs: number;
  /** Days that archived flows are kept. */
  readonly archiveDays: number;
  /** Queries of people and programs a second. */
  readonly queriesPerSecond: number;
}

/** What a run measured that put as much on one shard and on the graph as the fabric would. */
export interface Measured {
  /** Flow messages in a batch of a probe. */
  readonly flowsPerBatch: number;
  /** Bytes that the log keeps of a flow message. */
  readonly bytesPerFlow: number;
  /** Rows of the log of one shard a second. */
  readonly rowsPerSecond: number;
  /** Rows that the shard wrote for these, as the platform counts them, a second. Each row of the log is deleted once, which is one more. */
  readonly shardWritesPerSecond: number;
  /** Rows that the graph's object wrote a second, for the counters of all interfaces. */
  readonly graphWritesPerSecond: number;
  /** Of those, which lie in the past and are deleted once. */
  readonly pastRowsPerSecond: number;
  /** Memory of a live flow. */
  readonly bytesPerLiveFlow: number;
  /** Of those, which were sent on to a hub, 0 to 1. */
  readonly publishedShare: number;
  /** Bytes of an archived file for each byte of the log. */
  readonly archivedShare: number;
}

/** Graph messages of a host a second: the counters of its interfaces. Other changes are rare beside them. */
export const GRAPH_MESSAGES_PER_SECOND = 1_000 / timings.metricsUpdateMs;

export interface Line {
  readonly component: string;
  /** In a month. */
  readonly amount: number;
  readonly unit: string;
  readonly usd: number;
}

export interface Bill {
  readonly lines: readonly Line[];
  readonly usd: number;
  readonly usdPerHost: number;
  /** What is met next, the tightest first. */
  readonly limits: readonly { readonly what: string; readonly share: number }[];
}

export function billOf(fabric: Fabric, measured: Measured): Bill {
  const { hosts, shards, hubs } = fabric;
  const updates = (hosts * fabric.flowsPerHost) / fabric.updateSeconds;
  const batches = updates / measured.flowsPerBatch;
  const graphMessages = hosts * GRAPH_MESSAGES_PER_SECOND;
  const rows = shards * measured.rowsPerSecond;
  const flowWrites = shards * measured.shardWritesPerSecond + rows;
  const graphWrites = measured.graphWritesPerSecond + measured.pastRowsPerSecond;
  const bytes = updates * measured.bytesPerFlow;
  const calls = rows * measured.publishedShare * (fabric.subscribers > 0 ? hubs : 0);
  // A query is a request to the Worker, one to Topology and one to each shard.
  const queries = fabric.queriesPerSecond;
  const awake = shards + (fabric.subscribers > 0 ? hubs : 0) + 1;
  // What an object has room for is archived at the latest when it is full.
  const hotSeconds = Math.min(86_400, (shards * limits.historyBytesMax * limits.archiveFullShare) / bytes);
  const files = bytes / limits.archiveFileLogBytesMax;
  const archivedGb = (bytes * measured.archivedShare * fabric.archiveDays * 86_400) / 1e9;
  const monthly = (perSecond: number): number => perSecond * MONTH_SECONDS;
  const lines: Line[] = [
    { component: 'plan', amount: 1, unit: 'month', usd: prices.planUsd },
    line('requests to the Worker', monthly(queries), 'requests', prices.workerRequests),
    line(
      'flow and graph messages of probes',
      monthly((batches + graphMessages) / MESSAGES_PER_REQUEST),
      'requests (20 messages each)',
      prices.objectRequests,
    ),
    line('shards to hubs', monthly(calls), 'requests', { ...prices.objectRequests, included: 0 }),
    line('queries inside', monthly(queries * (1 + shards)), 'requests', {
      ...prices.objectRequests,
      included: 0,
    }),
    line('objects awake', monthly(awake * OBJECT_GB), 'GB-s', prices.objectGbSeconds),
    line('rows of flows', monthly(flowWrites), 'rows', prices.rowsWritten),
    line('rows of the graph', monthly(graphWrites), 'rows', { ...prices.rowsWritten, included: 0 }),
    line('flows in the objects', (bytes * hotSeconds) / 1e9, 'GB', prices.objectStorageGb),
    line('archived flows', archivedGb, 'GB', prices.bucketStorageGb),
    line('archived files written', monthly(files), 'operations', prices.bucketClassA),
  ];
  const usd = lines.reduce((sum, { usd: one }) => sum + one, 0);
  const shares = [
    {
      what: 'events of a shard a second (batches, calls)',
      share:
        (batches / shards + measured.rowsPerSecond * measured.publishedShare) /
        platform.objectEventsPerSecond,
    },
    {
      what: 'events of Topology a second (graph messages, queries)',
      share: (graphMessages + queries) / platform.objectEventsPerSecond,
    },
    {
      what: 'live flows of a shard (shardLiveBytesMax)',
      share: ((hosts * fabric.flowsPerHost) / shards / limits.shardLiveBytesMax) * measured.bytesPerLiveFlow,
    },
    {
      what: 'storage of a shard (10 GB)',
      share: (bytes * hotSeconds) / 1e9 / shards / platform.objectStorageGb,
    },
    { what: 'sockets of probes on an object (probeSocketsMax)', share: hosts / limits.probeSocketsMax },
    {
      what: 'subscribers of a hub (subscribersPerHubMax)',
      share: fabric.subscribers / hubs / limits.subscribersPerHubMax,
    },
  ];
  return { lines, usd, usdPerHost: usd / hosts, limits: shares.toSorted((a, b) => b.share - a.share) };
}

function line(component: string, amount: number, unit: string, { included, usd }: Price): Line {
  return { component, amount, unit, usd: Math.max(0, amount - included) * usd };
}
