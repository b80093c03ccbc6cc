/** What some synthetic hosts make an analyzer use, by its own counters: the measured half of the cost model. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { archiveOf } from '../core/archive/archive-file.ts';
import type { Fabric, Measured } from '../core/cost/model.ts';
import { analyzerFrame } from '../core/wire/probe-frames.ts';
import { createFlowMetric } from '../proto/gen/flow.ts';
import { createFlowBatch } from '../proto/gen/probe.ts';
import { encodeLogRow } from '../proto/gen/shard.ts';
import { startEdgedive, type Analyzer } from '../test/e2e/harness/edgedive.ts';
import { bodyOf, CountingSubscriber, LoadProbe, loadFlow } from './edge-load.ts';

/** So many hosts of the fabric run; each counts for the others. */
const HOSTS = 20;
const SECONDS = 8;
/** Counters of interfaces, told every 30 s (timings.metricsUpdateMs), and some changes. */
const GRAPH_MESSAGES_PER_SECOND = 1 / 20;

interface Shard {
  readonly history: { readonly rows: number; readonly flows: number; readonly bytes: number };
  readonly counters: Readonly<Record<string, number>>;
}

async function shardOf(edgedive: Analyzer): Promise<Shard> {
  const status = (await (await edgedive.get('/api/status')).json()) as { Edgedive: { FlowShards: Shard[] } };
  return status.Edgedive.FlowShards[0]!;
}

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
    const probes = Array.from(
      { length: HOSTS },
      (_, index) => new LoadProbe(edgedive.address, `cost-${index}`),
    );
    await Promise.all(probes.map((probe) => probe.welcomed()));
    const before = await shardOf(edgedive);
    const startedMs = performance.now();
    await Promise.all(
      probes.map((probe, at) => run(probe, at, fabric, flowsPerBatch, startedMs + SECONDS * 1_000)),
    );
    const seconds = (performance.now() - startedMs) / 1_000;
    const after = await shardOf(edgedive);
    for (const one of subscribers) one.close();
    for (const probe of probes) probe.close();
    const grown = (name: string): number => after.counters[name]! - before.counters[name]!;
    const rows = after.history.rows - before.history.rows;
    return {
      flowsPerBatch: grown('flowMessages') / grown('batches'),
      bytesPerFlow:
        (after.history.bytes - before.history.bytes) / (after.history.flows - before.history.flows),
      rowsPerSecond: rows / seconds,
      publishedShare: grown('publishedRows') / rows,
      archivedShare: archivedShare(),
      graphMessagesPerSecond: GRAPH_MESSAGES_PER_SECOND,
    };
  } finally {
    await edgedive.stop();
  }
}

async function run(
  probe: LoadProbe,
  at: number,
  fabric: Fabric,
  flowsPerBatch: number,
  endMs: number,
): Promise<void> {
  const everyMs = (flowsPerBatch * fabric.updateSeconds * 1_000) / fabric.flowsPerHost;
  await new Promise((resolve) => setTimeout(resolve, (everyMs * at) / HOSTS));
  for (let sent = 0; performance.now() < endMs; sent++) {
    const now = Date.now();
    const flows = Array.from({ length: Math.round(flowsPerBatch) }, (_, index) =>
      loadFlow(`cost-${at}-`, (sent * flowsPerBatch + index) % fabric.flowsPerHost, sent, now),
    );
    await probe.send(bodyOf(flows));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await probe.drained();
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
