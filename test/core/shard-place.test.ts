/** In which shard a host is: evenly, rarely another when there are more, and where it was before is remembered. */
import { describe, expect, test } from 'vitest';
import {
  countsAfterStart,
  countsSince,
  earlierCountsMax,
  jumpHash,
  shardOf,
  shardsSince,
  type ShardCounts,
} from '../../core/shard-place.ts';

const keys = Array.from({ length: 10_000 }, (_, index) => BigInt(index) * 0x9e3779b97f4a7c15n);

describe('jumpHash', () => {
  test('spreads evenly', () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (const key of keys) counts[jumpHash(BigInt.asUintN(64, key), 10)]!++;
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  test('moves only what belongs to the added bucket', () => {
    for (const key of keys.slice(0, 1_000)) {
      const before = jumpHash(BigInt.asUintN(64, key), 7);
      const after = jumpHash(BigInt.asUintN(64, key), 8);
      expect(after === before || after === 7).toBe(true);
    }
  });
});

describe('numbers of shards', () => {
  const twice: ShardCounts = {
    current: 2,
    earlier: [
      { shards: 1, untilMs: 1_000 },
      { shards: 4, untilMs: 2_000 },
    ],
  };

  test('that were in force are remembered as long as history is', () => {
    expect(countsAfterStart(undefined, 3, 500, 1_000)).toEqual({ current: 3, earlier: [] });
    expect(countsAfterStart({ current: 3, earlier: [] }, 3, 500, 1_000)).toEqual({ current: 3, earlier: [] });
    expect(countsAfterStart({ current: 1, earlier: [] }, 4, 1_000, 5_000)).toEqual({
      current: 4,
      earlier: [{ shards: 1, untilMs: 1_000 }],
    });
    expect(countsAfterStart(twice, 2, 2_500, 1_000).earlier).toEqual([{ shards: 4, untilMs: 2_000 }]);
    expect(countsAfterStart(twice, 5, 9_000, 1_000)).toEqual({
      current: 5,
      earlier: [{ shards: 2, untilMs: 9_000 }],
    });
  });

  test('are bounded: of too many changes the oldest is forgotten', () => {
    let counts = countsAfterStart(undefined, 1, 0, 1e9);
    for (let at = 1; at <= earlierCountsMax + 5; at++) counts = countsAfterStart(counts, at + 1, at, 1e9);
    expect(counts.earlier).toHaveLength(earlierCountsMax);
    expect(counts.earlier.at(-1)).toEqual({ shards: earlierCountsMax + 5, untilMs: earlierCountsMax + 5 });
  });

  test('say which shards may have flows of a time', () => {
    expect(shardsSince(twice, 3_000)).toEqual([0, 1]);
    expect(shardsSince(twice, 2_000)).toEqual([0, 1, 2, 3]);
    expect(countsSince(twice, 1_500)).toEqual([4]);
    const hosts = Array.from({ length: 40 }, (_, index) => `host-${index}`);
    for (const host of hosts) {
      expect(shardsSince(twice, 3_000, [host])).toEqual([shardOf(host, 2)]);
      const both = [...new Set([shardOf(host, 2), shardOf(host, 4)])].sort((a, b) => a - b);
      expect(shardsSince(twice, 2_000, [host])).toEqual(both);
      expect(new Set(shardsSince(twice, 0, [host]))).toEqual(new Set([0, ...both]));
    }
    expect(shardsSince(twice, 3_000, hosts)).toEqual([0, 1]);
    expect(shardsSince(twice, 3_000, [])).toEqual([]);
  });

  test('flows of capture files are all in one', () => {
    expect(new Set(['pcap:a', 'pcap:b', 'pcap:'].map((host) => shardOf(host, 16))).size).toBe(1);
  });
});
