/**
 * The analyzer's clock is set forward and back by hours while flows come: what was acknowledged stays, can be asked for at the times that its flows tell of, is archived
 * once, and queries of now go on.
 */
import { abortAllDurableObjects, reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFlowMetric } from '../../../proto/gen/flow.ts';
import { ChangeKind } from '../../../proto/gen/probe.ts';
import type { FlowShard } from '../../../worker/objects/flow-shard.ts';
import { shardForHost, topologyOf } from '../../../worker/objects/stubs.ts';
import { connectProbe, testFlow, type ProbeClient } from './socket-client.ts';

const HOUR = 3_600_000;
const T0 = Date.UTC(2026, 10, 20, 12, 1);
const shard = () => shardForHost(env, 'h1');
const setClock = (ms: number): void => void vi.setSystemTime(ms);

async function query<T>(text: string): Promise<T> {
  const answer = await topologyOf(env).query(text, 'json');
  if (answer.status !== 200) throw new Error(answer.text);
  return (await new Response(answer.body as BodyInit).json()) as T;
}

let flows: ProbeClient;
let sequence: number;
/** One packet, at a time of the probe's clock. */
async function tell(uuid: string, lastMs: number): Promise<void> {
  const metric = createFlowMetric({ ABPackets: 1, ABBytes: 100, Start: lastMs - 1_000, Last: lastMs });
  const flow = testFlow(uuid, {
    Start: lastMs - 1_000,
    Last: lastMs,
    Metric: metric,
    LastUpdateMetric: metric,
  });
  flows.batch(++sequence, [flow], { ended: [{ uuid, capture_id: 'c1' }] });
  await flows.acked(sequence);
}
const packetsIn = async (fromMs: number, toMs: number): Promise<number | undefined> =>
  (
    await query<{ ABPackets?: number } | null>(
      `G.Context('${new Date(toMs).toUTCString()}', ${(toMs - fromMs) / 1_000}).Flows().Metrics().Sum()`,
    )
  )?.ABPackets;

beforeEach(async () => {
  await reset();
  await env.EDGEDIVE_ARCHIVE!.fetch('http://archive/', { method: 'DELETE' });
  vi.useFakeTimers({ toFake: ['Date'], now: T0 });
  flows = await connectProbe('flow', 'h1');
  sequence = 0;
});
afterEach(async () => {
  await runInDurableObject(shard(), (_object, state) => state.storage.deleteAlarm());
  vi.useRealTimers();
});

describe.each([
  ['forward', 5 * HOUR],
  ['back', -5 * HOUR],
])('a clock that is set %s', (_where, jumpMs) => {
  test('loses no flow: not from the past, not in a crash, not on the way to the archive', async () => {
    // The probe's clock is right all the time.
    await tell('a', T0);
    setClock(T0 + jumpMs);
    await tell('b', T0 + 10_000);
    await abortAllDurableObjects();
    flows = await connectProbe('flow', 'h1', 'two');
    sequence = 0;
    await tell('c', T0 + 20_000);
    setClock(T0 + 30_000);
    await tell('d', T0 + 30_000);
    const [from, to] = [T0 - 60_000, T0 + 60_000];
    expect(await packetsIn(from, to)).toBe(4);
    // Days later all of it is in the archive, once.
    setClock(T0 + 72 * HOUR);
    // Its own alarm, set by a clock of the past, may be under way.
    await expect
      .poll(
        async () => {
          await runInDurableObject(shard(), (object: FlowShard) => object.alarm());
          const { history } = await shard().status();
          return [history.flows, history.archive!.flows];
        },
        { timeout: 10_000 },
      )
      .toEqual([0, 4]);
    expect(await packetsIn(from, to)).toBe(4);
  });

  test('leaves the graph whole: what is now, and what was before', async () => {
    const probe = await connectProbe('topology', 'h1');
    const node = (n: number) => ({ ID: 'a', Metadata: { Name: 'a', N: n } });
    await probe.sync(1, [node(1)]);
    setClock(T0 + jumpMs);
    await probe.changes(2, [[ChangeKind.NODE_UPDATED, node(2)]]);
    setClock(T0 + 60_000);
    await probe.changes(3, [[ChangeKind.NODE_UPDATED, node(3)]]);
    setClock(T0 + 120_000);
    expect(await query("G.V('a').Values('N')")).toEqual([3]);
    expect(await query(`G.At('${new Date(T0 + 90_000).toUTCString()}').V('a').Values('N')`)).toEqual([3]);
    await abortAllDurableObjects();
    expect(await query("G.V('a').Values('N')")).toEqual([3]);
  });
});
