/** The bill: its arithmetic by hand, and what moves it. */
import { describe, expect, test } from 'vitest';
import { billOf, type Fabric, type Measured } from '../../../core/cost/model.ts';
import { MONTH_SECONDS, prices } from '../../../core/cost/prices.ts';

const fabric: Fabric = {
  hosts: 1_000,
  flowsPerHost: 200,
  interfacesPerHost: 10,
  updateSeconds: 10,
  subscribers: 5,
  shards: 2,
  hubs: 1,
  archiveDays: 30,
  queriesPerSecond: 0.1,
};
const measured: Measured = {
  flowsPerBatch: 20,
  bytesPerFlow: 290,
  rowsPerSecond: 10,
  shardWritesPerSecond: 20,
  graphWritesPerSecond: 1,
  pastRowsPerSecond: 0.5,
  bytesPerLiveFlow: 600,
  publishedShare: 1,
  archivedShare: 0.2,
};

const usdOf = (bill: ReturnType<typeof billOf>, component: string): number =>
  bill.lines.find((line) => line.component === component)!.usd;

describe('a bill', () => {
  const bill = billOf(fabric, measured);

  test('is the sum of its lines, each what is used beyond what is included', () => {
    expect(bill.usd).toBeCloseTo(
      bill.lines.reduce((sum, { usd }) => sum + usd, 0),
      9,
    );
    expect(bill.usdPerHost).toBeCloseTo(bill.usd / 1_000, 12);
    const messages = ((1_000 + 1_000 / 30) * MONTH_SECONDS) / 20;
    expect(usdOf(bill, 'flow and graph messages of probes')).toBeCloseTo((messages - 1e6) * 0.15e-6, 6);
    expect(usdOf(bill, 'objects awake')).toBeCloseTo((4 * 0.128 * MONTH_SECONDS - 400_000) * 12.5e-6, 6);
    expect(usdOf(bill, 'requests to the Worker')).toBe(0);
    const archived = (20_000 * 290 * 0.2 * 30 * 86_400) / 1e9;
    expect(usdOf(bill, 'archived flows')).toBeCloseTo((archived - 10) * prices.bucketStorageGb.usd, 6);
  });

  test('counts each row when it is written and when it goes', () => {
    const flows = (2 * (20 + 10) * MONTH_SECONDS - 50e6) * 1e-6;
    expect(usdOf(bill, 'rows of flows')).toBeCloseTo(flows, 6);
    expect(usdOf(bill, 'rows of the graph')).toBeCloseTo(1.5 * MONTH_SECONDS * 1e-6, 6);
  });

  test('changes with the size of batches: half of it, twice the messages', () => {
    const half = billOf(fabric, { ...measured, flowsPerBatch: 10 });
    const [one, two] = [bill, half].map((each) => each.lines[2]!.amount) as [number, number];
    expect(two / one).toBeGreaterThan(1.9);
    expect(half.usd).toBeGreaterThan(bill.usd);
  });

  test('of one host is the plan, and objects that are awake and write', () => {
    const idle = billOf(
      {
        ...fabric,
        hosts: 1,
        flowsPerHost: 1,
        subscribers: 0,
        shards: 1,
        archiveDays: 0,
        queriesPerSecond: 0,
      },
      measured,
    );
    const charged = idle.lines.filter(({ usd }) => usd > 0).map(({ component }) => component);
    expect(charged).toEqual(['plan', 'objects awake', 'rows of flows', 'rows of the graph']);
  });

  test('tells the limit that is met next', () => {
    expect(bill.limits[0]!.share).toBeGreaterThanOrEqual(bill.limits[1]!.share);
    const many = billOf({ ...fabric, hosts: 10_000, shards: 20 }, measured);
    expect(many.limits[0]!.share).toBeGreaterThan(0);
  });
});
