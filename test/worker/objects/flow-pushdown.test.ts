/**
 * What a query wants of flows is found where they are: the shard's own counters tell how many flows it looked at and how
 * many left it.
 */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import { createFlowLayer, createFlowMetric, FlowProtocol } from '../../../proto/gen/flow.ts';
import { shardForHost, topologyOf } from '../../../worker/objects/stubs.ts';
import { connectProbe, testFlow } from './socket-client.ts';

const FLOWS = 10_000;
const PER_BATCH = 1_000;
const SERVERS = 7;

/** Flow i: 2 * i bytes there and i back, to one of seven servers. */
const flow = (i: number) =>
  testFlow(`f${i}`, {
    TrackingID: `t${i % 5_000}`,
    Last: i,
    Network: createFlowLayer({
      Protocol: FlowProtocol.IPV4,
      A: `10.1.0.${i % 200}`,
      B: `10.0.0.${i % SERVERS}`,
    }),
    Metric: createFlowMetric({ ABBytes: 2 * i, BABytes: i, ABPackets: 1, Start: i, Last: i }),
  });

async function counters(): Promise<Readonly<Record<string, number>>> {
  return (await shardForHost(env, 'h1').status()).counters;
}

/** The answer, and by how much the shard's counters grew for it. */
async function ask(
  text: string,
): Promise<{ answer: unknown; searches: number; visited: number; shipped: number }> {
  const before = await counters();
  const answer = await topologyOf(env).query(text, 'json');
  if (answer.status !== 200) throw new Error(answer.text);
  const body = await new Response(answer.body as BodyInit).json();
  const after = await counters();
  const grown = (name: string): number => after[name]! - before[name]!;
  return {
    answer: body,
    searches: grown('searches'),
    visited: grown('searchFlowsVisited'),
    shipped: grown('searchFlowsShipped'),
  };
}

const sumTo = (n: number): number => (n * (n - 1)) / 2;

describe('of 10,000 flows', () => {
  beforeAll(async () => {
    await reset();
    const probe = await connectProbe('flow', 'h1');
    for (let batch = 0; batch < FLOWS / PER_BATCH; batch++)
      probe.batch(
        batch + 1,
        Array.from({ length: PER_BATCH }, (_, index) => flow(batch * PER_BATCH + index)),
      );
    await probe.acked(FLOWS / PER_BATCH);
    void (async () => {
      for (;;) probe.tell({ flush_done: { id: (await probe.nextOf('flush')).id } });
    })().catch(() => {});
  });

  test('Limit(1) ships one', async () => {
    const { answer, shipped } = await ask('G.Flows().Limit(1)');
    expect(answer).toMatchObject([{ UUID: 'f0' }]);
    expect(shipped).toBe(1);
  });

  test('the last by a sort is found there, and only it is shipped', async () => {
    const { answer, shipped } = await ask("G.Flows().Sort(DESC, 'Metric.ABBytes').Limit(1)");
    expect([(answer as { UUID: string }[])[0]?.UUID, shipped]).toEqual([`f${FLOWS - 1}`, 1]);
  });

  // Sums by arithmetic: of i below n, n(n-1)/2.
  test.each<[string, unknown]>([
    ['G.Flows().Count()', FLOWS],
    ["G.Flows().Has('Network.B', '10.0.0.3').Count()", 1_429],
    ['G.Flows().Dedup().Count()', 5_000],
    ["G.Flows().Sum('Metric.ABBytes')", 2 * sumTo(FLOWS)],
    ["G.Flows().Max('Metric.ABBytes', 'Metric.BABytes')", 3 * (FLOWS - 1)],
    ["G.Flows().Sort(DESC, 'Last').Limit(3).Values('Last')", [9_999, 9_998, 9_997]],
    ["G.Flows().Has('Last', Lt(2)).Metrics().Sum('BABytes')", 1],
    [
      "G.Flows().Group('Network.B').Sum('Metric.ABBytes').Limit(1)",
      // Flows i = 3 + 7k up to 9999: 1,429 of them; 2 * (1429 * 3 + 7 * 1428 * 1429 / 2).
      [{ 'Network.B': '10.0.0.3', Count: 1_429, Sum: 2 * (1_429 * 3 + 7 * sumTo(1_429)) }],
    ],
    ['G.Flows().Keys().Limit(1)', ['UUID']],
    ['G.Flows().Hops()', []],
  ])('%s ships none', async (text, expected) => {
    const { answer, searches, shipped } = await ask(text);
    expect(answer).toEqual(expected);
    expect([searches, shipped]).toEqual([1, 0]);
  });

  test('the plan tells what was asked for', async () => {
    const answer = await topologyOf(env).query(
      "G.Flows().Has('Network.B', '10.0.0.3').Sort('Last').Limit(5).Sum('Metric.ABBytes')",
      'explain',
    );
    if (answer.status !== 200) throw new Error(answer.text);
    expect(JSON.parse(answer.body as string)).toMatchObject({
      Steps: [
        { Step: 'Flows()', Folded: ["Has('Network.B', '10.0.0.3')", "Sort('Last')", 'Limit(5)'] },
        {
          Step: "Sum('Metric.ABBytes')",
          Flows: [
            {
              Filter: 'Network.B = "10.0.0.3"',
              Sort: 'Last ascending',
              Range: [0, 5],
              Ships: 'one row: count, sum, least and most of Metric.ABBytes',
            },
          ],
        },
      ],
      Result: { Kind: 'value', Count: 1 },
      Warnings: [],
      Cost: { shards: 1 },
    });
  });
});
