/**
 * Another number of flow shards at the next start: every flow is still there, live and in the past, a batch that comes again is
 * counted once, and a shard that does not answer is named.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shardOf } from '../../core/shard-place.ts';
import { createFlow, createFlowMetric, type Flow } from '../../proto/gen/flow.ts';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { ProbeLink } from './harness/probe-link.ts';

const HOSTS = Array.from({ length: 12 }, (_, index) => `host-${index}`);
const FLOWS_EACH = 5;
const incarnations = new Map(HOSTS.map((host) => [host, crypto.randomUUID()]));
const startedMs = Date.now();

/** `packets` in all, of which 10 are new with each batch. */
function flowsOf(host: string, packets: number): Flow[] {
  return Array.from({ length: FLOWS_EACH }, (_, index) => {
    const span = { Start: startedMs, Last: Date.now() };
    return createFlow({
      UUID: `${host}-${index}`,
      LayersPath: 'Ethernet/IPv4/UDP',
      Application: 'UDP',
      CaptureID: 'c1',
      NodeTID: host,
      ...span,
      Metric: createFlowMetric({ ABPackets: packets, ABBytes: packets * 100, ...span }),
      LastUpdateMetric: createFlowMetric({ ABPackets: 10, ABBytes: 1_000, ...span }),
    });
  });
}

describe('flow shards', () => {
  const state = mkdtempSync(join(tmpdir(), 'edgedive-reshard-'));
  let edgedive: Analyzer;
  let links: ProbeLink[] = [];

  const start = async (shards: number): Promise<void> => {
    const env = { EDGEDIVE_FLOW_SHARDS: String(shards) };
    edgedive = await startEdgedive({ probe: false, env, args: ['--state', state] });
  };
  const connect = async (): Promise<void> => {
    links = await Promise.all(
      HOSTS.map((host) => ProbeLink.open(edgedive.url, '/ws/probe/flow', host, incarnations.get(host))),
    );
  };
  const sendAll = async (packets: number): Promise<void> => {
    await Promise.all(
      links.map((link, index) =>
        link.tell((sequence) => ({
          flows: { sequence, flows: flowsOf(HOSTS[index]!, packets), stats: [], flows_dropped: 0, ended: [] },
        })),
      ),
    );
  };
  beforeAll(async () => {
    await start(2);
    await connect();
    await sendAll(10);
  });

  afterAll(async () => {
    for (const link of links) link.vanish();
    await edgedive?.stop();
    rmSync(state, { recursive: true, force: true });
  });

  for (const [round, shards] of [5, 1, 3].entries())
    it(`are ${shards} after the next start, and no flow is lost or counted twice`, async () => {
      const before = 10 * (round + 1);
      for (const link of links) link.vanish();
      await edgedive.stop();
      await start(shards);
      const all = HOSTS.length * FLOWS_EACH;
      // Live where they were, as long as their probes are away.
      expect(await edgedive.query('G.Flows().Count()')).toBe(all);
      await connect();
      expect(links.map((link) => link.lastSequence)).toEqual(HOSTS.map(() => round + 1));
      expect(await edgedive.query('G.Flows().Count()')).toBe(all);
      await sendAll(before + 10);
      expect(await edgedive.query('G.Flows().Count()')).toBe(all);
      expect(await edgedive.query("G.Flows().Sum('Metric.ABPackets')")).toBe(all * (before + 10));
      const past = `G.Context('${new Date(Date.now() + 1_000).toUTCString()}', 600).Flows()`;
      await eventually(async () =>
        expect(await edgedive.query(`${past}.Sum('Metric.ABPackets')`)).toBe(all * (before + 10)),
      );
      expect(await edgedive.query(`${past}.Metrics().Sum()`)).toMatchObject({
        ABPackets: all * (before + 10),
      });
      const status = (await (await edgedive.get('/api/status')).json()) as {
        Edgedive: { FlowShards: { liveFlows: number; counters: { hostsMovedHere: number } }[] };
      };
      const live = status.Edgedive.FlowShards.map(({ liveFlows }) => liveFlows);
      const wanted = Array.from({ length: shards }, () => 0);
      for (const host of HOSTS) wanted[shardOf(host, shards)]! += FLOWS_EACH;
      expect(live).toEqual(wanted);
    });
});
