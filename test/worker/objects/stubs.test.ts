/** Which object a host or a subscriber belongs to: always the same one. */
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { hubsOf, shardForHost, shardsOf, topologyOf } from '../../../worker/objects/stubs.ts';

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

  test('a host always meets the same shard', () => {
    const hosts = Array.from({ length: 50 }, (_, index) => `host-${index}`);
    expect(new Set(hosts.map((host) => shardForHost(four, host).name)).size).toBe(4);
    expect(shardForHost(four, 'host-1').name).toBe(shardForHost(four, 'host-1').name);
  });

  test('a number that makes no sense counts as one', () => {
    for (const wrong of ['', '0', '-1', 'many', '1.5'])
      expect(shardsOf({ ...env, EDGEDIVE_FLOW_SHARDS: wrong })).toHaveLength(1);
  });
});
