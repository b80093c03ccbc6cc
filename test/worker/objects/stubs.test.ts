/** Which object a host or a subscriber belongs to: always the same one, evenly, and rarely another when there are more. */
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import {
  hubsOf,
  jumpHash,
  shardForHost,
  shardsForHosts,
  shardsOf,
  topologyOf,
} from '../../../worker/objects/stubs.ts';

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

describe('names', () => {
  const four: Env = { ...env, EDGEDIVE_FLOW_SHARDS: '4', EDGEDIVE_FLOW_HUBS: '2' };

  test('begin with the fabric, so that fabrics share nothing', () => {
    expect(topologyOf(env).name).toBe('main/topology');
    expect(topologyOf({ ...env, EDGEDIVE_FABRIC: 'other' }).name).toBe('other/topology');
    expect(shardsOf(four).map(({ name }) => name)).toEqual(
      [0, 1, 2, 3].map((index) => `main/shard/${index}`),
    );
    expect(hubsOf(four)).toHaveLength(2);
  });

  test('a host always meets the same shard, and each shard is asked once', () => {
    const hosts = Array.from({ length: 50 }, (_, index) => `host-${index}`);
    expect(new Set(hosts.map((host) => shardForHost(four, host).name)).size).toBe(4);
    expect(shardForHost(four, 'host-1').name).toBe(shardForHost(four, 'host-1').name);
    expect(shardsForHosts(four, hosts)).toHaveLength(4);
    expect(shardsForHosts(four, [])).toEqual([]);
  });

  test('a number that makes no sense counts as one', () => {
    for (const wrong of ['', '0', '-1', 'many', '1.5'])
      expect(shardsOf({ ...env, EDGEDIVE_FLOW_SHARDS: wrong })).toHaveLength(1);
  });
});
