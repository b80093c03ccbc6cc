/**
 * An analyzer that is killed at random times while flows come: what it has in the end is what the probe was told that it has, each
 * message once. `EDGEDIVE_KILLS=50` for a longer run.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BatchEncoder, NOTHING_LEFT_OUT, type BatchBody } from '../../core/wire/batch-encoder.ts';
import { createFlow, createFlowMetric } from '../../proto/gen/flow.ts';
import { Backoff } from '../../probe/link/backoff.ts';
import { FlowLink } from '../../probe/link/flow-link.ts';
import { createLog } from '../../probe/log.ts';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';

const KILLS = Number(process.env['EDGEDIVE_KILLS'] ?? '4');
const FLOWS_PER_BODY = 5;

let edgedive: Analyzer;
beforeAll(async () => {
  edgedive = await startEdgedive({ probe: false });
});
afterAll(async () => {
  await edgedive?.stop();
});

/** A flow of one packet, told once. */
function bodyOf(from: number): BatchBody {
  const now = Date.now();
  const metric = createFlowMetric({ ABPackets: 1, ABBytes: 100, Start: now, Last: now });
  const flows = Array.from({ length: FLOWS_PER_BODY }, (_, index) =>
    createFlow({
      UUID: (from + index).toString(16).padStart(16, '0'),
      LayersPath: 'Ethernet/IPv4/UDP',
      CaptureID: 'c',
      NodeTID: 't',
      Start: now,
      Last: now,
      Metric: metric,
      LastUpdateMetric: metric,
    }),
  );
  const bodies: BatchBody[] = [];
  const encoder = new BatchEncoder((body) => bodies.push(body));
  encoder.add(flows, [], NOTHING_LEFT_OUT);
  encoder.finish();
  return bodies[0]!;
}

interface Status {
  Edgedive: {
    FlowShards: { history: { flows: number }; counters: Readonly<Record<string, number>> }[];
  };
}

it(
  `has every flow message once after ${KILLS} kills`,
  async () => {
    const link = new FlowLink({
      analyzer: edgedive.url.replace('http', 'ws'),
      identity: { hostId: 'killed', incarnation: crypto.randomUUID(), version: '1', token: undefined },
      log: createLog('flows', () => {}),
      backoff: new Backoff(Math.random, 0.1),
      flush: () => Promise.resolve(),
      onPace: () => {},
    });
    link.start();
    let told = 0;
    const over = new AbortController();
    const load = (async () => {
      while (!over.signal.aborted) {
        link.add(bodyOf(told));
        told += FLOWS_PER_BODY;
        await delay(20);
      }
    })();
    const lost: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      await delay(100 + Math.random() * 900);
      const { acknowledged } = link.status;
      await edgedive.kill9Analyzer();
      await edgedive.startAnalyzer();
      // What it said it has, it has.
      const { acknowledged: after } = link.status;
      if (after < acknowledged) lost.push(acknowledged - after);
    }
    over.abort();
    await load;
    await eventually(() => expect(link.status).toMatchObject({ inFlight: 0, queuedBytes: 0 }));
    await link.stop('the test is over', 0);
    expect(lost).toEqual([]);
    expect(link.status.flowsDropped).toBe(0);
    const status = (await (await edgedive.get('/api/status')).json()) as Status;
    const [shard] = status.Edgedive.FlowShards;
    expect(shard!.history.flows).toBe(told);
    expect(shard!.counters['batchesMissing']).toBe(0);
    const past = `G.Context('${new Date(Date.now() + 1_000).toUTCString()}', 3600).Flows()`;
    expect(await edgedive.query(`${past}.Metrics().Sum()`)).toMatchObject({ ABPackets: told });
    expect(told).toBeGreaterThan(100);
  },
  60_000 + KILLS * 10_000,
);
