/** What some synthetic hosts make an analyzer use, by its own counters: the measured half of the cost model. */
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { archiveOf } from '../core/archive/archive-file.ts';
import { GRAPH_MESSAGES_PER_SECOND, type Fabric, type Measured } from '../core/cost/model.ts';
import { timings } from '../core/limits.ts';
import { analyzerFrame } from '../core/wire/probe-frames.ts';
import { createFlowMetric } from '../proto/gen/flow.ts';
import { ChangeKind, createFlowBatch } from '../proto/gen/probe.ts';
import { encodeLogRow } from '../proto/gen/shard.ts';
import { startEdgedive, type Analyzer } from '../test/e2e/harness/edgedive.ts';
import { bodyOf, CountingSubscriber, LoadProbe, loadFlow } from './edge-load.ts';

/** Sockets of each kind; each stands for its part of the hosts. */
const SOCKETS = 20;
const SECONDS = 20;
/** Hosts whose graph is run; what a larger fabric writes is in proportion. */
const GRAPH_HOSTS_MAX = 2_000;

interface Shard {
  readonly liveFlows: number;
  readonly liveBytes: number;
  readonly history: { readonly rows: number; readonly flows: number; readonly bytes: number };
  readonly counters: Readonly<Record<string, number>>;
}

interface Graph {
  readonly history: { readonly rows: number };
  readonly counters: Readonly<Record<string, number>>;
}

interface Seen {
  readonly atMs: number;
  readonly shard: Shard;
  readonly graph: Graph;
}

async function look(edgedive: Analyzer): Promise<Seen> {
  const { Edgedive } = (await (await edgedive.get('/api/status')).json()) as {
    Edgedive: { FlowShards: Shard[]; Topology: Graph };
  };
  return { atMs: performance.now(), shard: Edgedive.FlowShards[0]!, graph: Edgedive.Topology };
}

/** Puts on one shard what each shard of the fabric gets, and on the graph what all hosts tell. */
export async function measureCost(fabric: Fabric, flowsPerBatch: number): Promise<Measured> {
  const edgedive = await startEdgedive({ probe: false });
  try {
    const subscribers = await Promise.all(
      Array.from({ length: Math.min(fabric.subscribers, 5) }, (_, index) =>
        CountingSubscriber.open(edgedive.address, '/ws/subscriber/flow', {
          'X-Client-Type': 'cost',
          'X-Host-ID': `cost-${index}`,
          'X-Websocket-Namespace': 'flow',
        }),
      ),
    );
    const graphHosts = Math.min(fabric.hosts, GRAPH_HOSTS_MAX);
    const flowHosts = fabric.hosts / fabric.shards;
    const flowProbes = sockets(edgedive, Math.min(SOCKETS, Math.ceil(flowHosts)), '/ws/probe/flow');
    const graphProbes = sockets(edgedive, Math.min(SOCKETS, graphHosts), '/ws/probe/topology');
    await Promise.all([...flowProbes, ...graphProbes].map((probe) => probe.welcomed()));
    const end = new AbortController();
    const runs = [
      ...flowProbes.map((probe, at) =>
        runFlows(probe, at, fabric, flowsPerBatch, flowHosts / flowProbes.length, end.signal),
      ),
      ...graphProbes.map((probe, at) =>
        runGraph(probe, at, Math.ceil(graphHosts / graphProbes.length), fabric.interfacesPerHost, end.signal),
      ),
    ];
    // Until every host has told its graph.
    await sleep(timings.statisticsHeldMs);
    const before = await look(edgedive);
    await sleep(SECONDS * 1_000);
    const after = await look(edgedive);
    end.abort();
    await Promise.all(runs);
    for (const one of subscribers) one.close();
    for (const probe of [...flowProbes, ...graphProbes]) probe.close();
    return measuredOf(before, after, fabric.hosts / graphHosts);
  } finally {
    await edgedive.stop();
  }
}

function measuredOf(before: Seen, after: Seen, graphScale: number): Measured {
  const seconds = (after.atMs - before.atMs) / 1_000;
  const grown = (name: string): number => after.shard.counters[name]! - before.shard.counters[name]!;
  const [then, now] = [before.shard.history, after.shard.history];
  const rows = now.rows - then.rows;
  const graphWrites = after.graph.counters['rowsWritten']! - before.graph.counters['rowsWritten']!;
  const pastRows = after.graph.history.rows - before.graph.history.rows;
  return {
    flowsPerBatch: grown('flowMessages') / grown('batches'),
    bytesPerFlow: (now.bytes - then.bytes) / (now.flows - then.flows),
    rowsPerSecond: rows / seconds,
    shardWritesPerSecond: grown('rowsWritten') / seconds,
    graphWritesPerSecond: (graphScale * graphWrites) / seconds,
    pastRowsPerSecond: (graphScale * pastRows) / seconds,
    bytesPerLiveFlow: after.shard.liveBytes / after.shard.liveFlows,
    publishedShare: grown('publishedRows') / rows,
    archivedShare: archivedShare(),
  };
}

function sockets(edgedive: Analyzer, count: number, path: string): LoadProbe[] {
  return Array.from({ length: count }, (_, index) => new LoadProbe(edgedive.address, `cost-${index}`, path));
}

/** Batches as so many hosts send them. */
async function runFlows(
  probe: LoadProbe,
  at: number,
  fabric: Fabric,
  flowsPerBatch: number,
  hosts: number,
  end: AbortSignal,
): Promise<void> {
  const everyMs = (flowsPerBatch * fabric.updateSeconds * 1_000) / fabric.flowsPerHost / hosts;
  const size = Math.round(flowsPerBatch);
  const flows = Math.max(1, Math.round(fabric.flowsPerHost * hosts));
  const startedMs = performance.now() + (everyMs * at) / SOCKETS;
  for (let sent = 0; !end.aborted; sent++) {
    await sleep(Math.max(0, startedMs + sent * everyMs - performance.now()));
    const now = Date.now();
    const batch = Array.from({ length: size }, (_, index) =>
      loadFlow(`cost-${at}-`, (sent * size + index) % flows, sent, now),
    );
    await probe.send(bodyOf(batch));
  }
}

/** The graph of so many hosts; each tells the counters of its interfaces every half a minute. */
async function runGraph(
  probe: LoadProbe,
  at: number,
  hosts: number,
  interfaces: number,
  end: AbortSignal,
): Promise<void> {
  const nodesOf = (host: number, round: number): string[] =>
    Array.from({ length: interfaces }, (_, index) =>
      JSON.stringify(interfaceNode(`${at}-${host}-${index}`, round)),
    );
  const all = Array.from({ length: hosts }, (_, host) => nodesOf(host, 0)).flat();
  probe.tell((sequence) => ({ sync: { sequence, nodes: all, edges: [] } }));
  const everyMs = 1_000 / (hosts * GRAPH_MESSAGES_PER_SECOND);
  const startedMs = performance.now() + (everyMs * at) / SOCKETS;
  for (let sent = 1; !end.aborted; sent++) {
    await sleep(Math.max(0, startedMs + sent * everyMs - performance.now()));
    const changes = nodesOf(sent % hosts, sent).map((element) => ({
      kind: ChangeKind.NODE_UPDATED,
      element,
    }));
    probe.tell((sequence) => ({ changes: { sequence, changes } }));
  }
}

/** About what a probe tells of an interface. */
function interfaceNode(id: string, round: number): object {
  const packets = 1_000 * round;
  const metric = { RxPackets: packets, RxBytes: 700 * packets, TxPackets: packets, TxBytes: 90 * packets };
  return {
    ID: `cost-${id}`,
    Metadata: {
      Name: `eth-${id}`,
      Type: 'device',
      TID: `${id}-9ab1-5a33-a3a4-25a57c99a0c8`,
      Driver: 'virtio_net',
      EncapType: 'ether',
      IfIndex: 2,
      MAC: '02:00:00:00:00:01',
      MTU: 1500,
      State: 'UP',
      Speed: 10_000,
      IPV4: ['10.0.0.1/24'],
      IPV6: ['fe80::1/64'],
      RoutingTables: [{ ID: 254, Routes: [{ Prefix: '10.0.0.0/24', NextHops: [{ IfIndex: 2 }] }] }],
      Metric: { ...metric, Last: round },
      LastUpdateMetric: { ...metric, Start: round, Last: round },
    },
  };
}

/**
 * An archived file beside what the log had of its flows. Ids, addresses and counters as different as those of real flows are: what repeats in a bench would
 * compress as nothing does in a network.
 */
function archivedShare(): number {
  const hex = (): string => randomBytes(8).toString('hex');
  const ids = Array.from({ length: 2_000 }, () => ({
    UUID: hex(),
    TrackingID: hex(),
    L3TrackingID: hex(),
    NodeTID: randomUUID(),
  }));
  const rows = Array.from({ length: 100 }, (_, row) => {
    const now = 1_795_440_000_000 + 1_000 * row;
    const flows = Array.from({ length: 200 }, (_unused, index) => {
      const flow = loadFlow('h', randomInt(65_536), randomInt(1e6), now - randomInt(10_000));
      const counters = {
        ABPackets: randomInt(1_000),
        ABBytes: randomInt(1e6),
        BAPackets: randomInt(1_000),
        BABytes: randomInt(1e6),
        RTT: randomInt(1e8),
      };
      const growth = createFlowMetric({ ...counters, Start: now - randomInt(10_000), Last: flow.Last });
      return { ...flow, ...ids[(row * 200 + index) % ids.length]!, LastUpdateMetric: growth };
    });
    const frame = analyzerFrame({ flows: createFlowBatch({ sequence: row + 1, flows }) });
    return {
      row,
      atMs: now,
      blob: encodeLogRow({ entries: [{ host: 'h', incarnation: 'i', frame }] }).finish(),
    };
  });
  const file = archiveOf(rows, { compress: (bytes) => gzipSync(bytes), decompress: (bytes) => bytes })!;
  return file.length / rows.reduce((sum, { blob }) => sum + blob.length, 0);
}
