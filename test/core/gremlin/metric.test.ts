import { array, assert, asyncProperty, integer, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFlow, createFlowMetric } from '../../../proto/gen/flow.ts';
import { contextOf, errorOf, graphOf, json, node } from './world.ts';

const interfaces = graphOf([
  node('a', { LastUpdateMetric: { RxBytes: 100, RxPackets: 3, Start: 0, Last: 30_000 } }),
  node('b', { LastUpdateMetric: { RxBytes: 7, TxBytes: 1, Start: 10_000, Last: 40_000 } }),
  node('c', { Name: 'no metric' }),
]);

describe('Metrics', () => {
  it('are shown per node without what is zero', async () => {
    expect(await json(contextOf(interfaces), 'G.V().Metrics()')).toEqual([
      {
        a: [{ RxBytes: 100, RxPackets: 3, Last: 30_000 }],
        b: [{ RxBytes: 7, TxBytes: 1, Start: 10_000, Last: 40_000 }],
      },
    ]);
  });

  it('add up to one, from the first start to the last end', async () => {
    expect(await json(contextOf(interfaces), 'G.V().Metrics().Sum()')).toEqual({
      RxBytes: 107,
      RxPackets: 3,
      TxBytes: 1,
      Last: 40_000,
    });
    expect(await json(contextOf(interfaces), "G.V().Metrics().Sum('RxBytes')")).toBe(107);
    expect((await errorOf(contextOf(interfaces), "G.V().Metrics().Sum('ABBytes')")).message).toBe(
      'Field not found',
    );
  });

  it('lose the round-trip time when flows are added, and keep it alone', async () => {
    const flow = (uuid: string) =>
      createFlow({ UUID: uuid, Metric: createFlowMetric({ ABBytes: 1, RTT: 9, Start: 1, Last: 2 }) });
    const context = contextOf(graphOf([]), [flow('x'), flow('y')]);
    expect(await json(context, "G.Flows().Has('UUID','x').Metrics().Sum()")).toMatchObject({ RTT: 9 });
    expect(await json(context, 'G.Flows().Metrics().Sum()')).not.toHaveProperty('RTT');
    expect(await json(context, 'G.Flows().Metrics().Keys()')).toEqual(
      'ABPackets ABBytes BAPackets BABytes Start Last RTT'.split(' '),
    );
  });
});

describe('Aggregates', () => {
  it('split at the borders of slices and give the remainder to the last part', async () => {
    // 100 bytes over 30 s: 33 in the first 10 s, half of the other 67 in the next, the rest in the last.
    expect(
      await json(contextOf(graphOf([...interfaces.nodes()].slice(0, 1))), 'G.V().Metrics().Aggregates(10)'),
    ).toEqual([
      {
        Aggregated: [
          { RxBytes: 33, RxPackets: 1, Last: 10_000 },
          { RxBytes: 33, RxPackets: 1, Start: 10_000, Last: 20_000 },
          { RxBytes: 34, RxPackets: 1, Start: 20_000, Last: 30_000 },
        ],
      },
    ]);
  });

  it('lose nothing, whatever the metrics and the length of a slice', async () => {
    const metric = tuple(
      integer({ min: 0, max: 50 }),
      integer({ min: 1, max: 40 }),
      integer({ min: 1, max: 1000 }),
    );
    await assert(
      asyncProperty(
        array(metric, { minLength: 1, maxLength: 5 }),
        integer({ min: 1, max: 30 }),
        async (metrics, length) => {
          const nodes = metrics.map(([start, span, bytes], i) =>
            node(`n${i}`, {
              LastUpdateMetric: {
                RxBytes: bytes,
                Start: 1000 * (1 + start),
                Last: 1000 * (1 + start + span),
              },
            }),
          );
          const context = contextOf(graphOf(nodes));
          const query = `G.V().Metrics().Aggregates(${length}).Sum('RxBytes')`;
          expect(await json(context, query)).toBe(metrics.reduce((sum, [, , bytes]) => sum + bytes, 0));
        },
      ),
    );
  });

  it('refuse lengths that are none, and more slices than the bound', async () => {
    const context = contextOf(interfaces);
    for (const length of ['0', '-1', "'x'", '1.5'])
      expect((await errorOf(context, `G.V().Metrics().Aggregates(${length})`)).message).toBe(
        'Aggregates parameter has to be a positive number',
      );
    const years = graphOf([node('a', { LastUpdateMetric: { RxBytes: 1, Start: 0, Last: 20_000_000 } })]);
    expect((await errorOf(contextOf(years), 'G.V().Metrics().Aggregates(1)')).message).toBe(
      'Aggregates available slices exceeded: 20000/10000',
    );
  });
});
