import { describe, expect, test } from 'vitest';
import { limits } from '../../../core/limits.ts';
import { countedOf, joined, seriesOf, type Counted } from '../../../ui/model/metric-series.ts';

const counted = (Start: number, RxBytes = 0): Counted => ({
  RxBytes,
  TxBytes: 5,
  Start,
  Last: Start + 2_000,
});

describe('the series of an interface', () => {
  test('rates are what was counted over how long it took, at its end', () => {
    // 3,000 bytes in 2 s.
    expect(seriesOf([counted(10_000, 3_000)], 'Bytes')).toEqual([[12], [1_500], [2.5]]);
    expect(seriesOf([counted(10_000)], 'Packets')).toEqual([[12], [0], [0]]);
  });

  test('what comes twice is there once, and the oldest leave', () => {
    const known = [counted(0), counted(2_000)];
    expect(joined(known, [counted(2_000)])).toBe(known);
    expect(joined(known, [counted(2_000), counted(4_000)])).toEqual([...known, counted(4_000)]);
    const many = Array.from({ length: limits.pageChartPointsMax }, (_, index) => counted(index * 2_000));
    const more = joined(many, [counted(1e9)]);
    expect([more.length, more[0]]).toEqual([limits.pageChartPointsMax, counted(2_000)]);
  });

  test('reads what the step Metrics yields, and nothing else', () => {
    expect(countedOf([{ id: [counted(0), { RxBytes: 1 }, { Start: 5, Last: 5 }] }], 'id')).toEqual([
      counted(0),
    ]);
    for (const answer of [undefined, [], [null], [{ other: [] }], { id: [] }])
      expect(countedOf(answer, 'id')).toEqual([]);
  });
});
