/**
 * The analyzer dies and comes back: what was acknowledged is there, what was not is sent again, and nothing is
 * counted twice. `kill -9` is the only way it dies here.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { createLab, skipUnlessRoot, type Lab } from './harness/lab.ts';

interface FlowJson {
  UUID: string;
  LayersPath: string;
  Metric: { ABPackets: number; ABBytes: number; BAPackets: number; BABytes: number };
}

interface Status {
  Edgedive: { FlowShards: { counters: { flowsDroppedByProbes: number; flowsEvicted: number } }[] };
}

/** Everything that could make flows go missing between a probe and a query. */
function droppedIn(status: Status): number {
  const counters = status.Edgedive.FlowShards.map((shard) => shard.counters);
  return counters.reduce(
    (sum, { flowsDroppedByProbes, flowsEvicted }) => sum + flowsDroppedByProbes + flowsEvicted,
    0,
  );
}

describe.skipIf(skipUnlessRoot())('an analyzer killed with SIGKILL', () => {
  let lab: Lab;
  let edgedive: Analyzer;

  beforeAll(async () => {
    lab = createLab('rec');
    edgedive = await startEdgedive({ supervised: false });
  });

  afterAll(async () => {
    await edgedive?.stop();
    lab?.remove();
  });

  it('keeps captures and topology, and counts every packet of a flow that went on meanwhile', async () => {
    const created = await edgedive.post('/api/capture', {
      GremlinQuery: `G.V().Has('Name','${lab.port1}')`,
      BPFFilter: 'icmp',
    });
    const capture = (await created.json()) as { UUID: string };
    const count = async () =>
      ((await (await edgedive.get('/api/capture')).json()) as Record<string, { Count: number }>)[capture.UUID]
        ?.Count;
    await eventually(async () => expect(await count()).toBe(1));

    const ping = spawn('ip', ['netns', 'exec', lab.vm1, 'ping', '-q', '-c', '60', '-i', '0.1', lab.address2]);
    await eventually(async () =>
      expect(await edgedive.query<FlowJson[]>("G.Flows().Has('Application','ICMPv4')")).toHaveLength(1),
    );
    await edgedive.kill9Analyzer();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await edgedive.startAnalyzer();

    expect(await edgedive.query(`G.V().Has('Name','${lab.bridge}').Count()`)).toBe(1);
    expect(Object.keys((await (await edgedive.get('/api/capture')).json()) as object)).toEqual([
      capture.UUID,
    ]);
    await once(ping, 'exit');
    await eventually(async () => expect(await count()).toBe(1));
    await eventually(async () => {
      const [flow, ...rest] = await edgedive.query<FlowJson[]>("G.Flows().Has('Application','ICMPv4')");
      expect(rest).toEqual([]);
      expect(flow?.Metric).toMatchObject({
        ABPackets: 60,
        ABBytes: 60 * 98,
        BAPackets: 60,
        BABytes: 60 * 98,
      });
    });
    const status = (await (await edgedive.get('/api/status')).json()) as Status;
    expect(droppedIn(status)).toBe(0);
  });

  it('is away for 60 s under 1,000 new flows a second, and no flow is dropped', async () => {
    const created = await edgedive.post('/api/capture', {
      GremlinQuery: `G.V().Has('Name','${lab.port2}')`,
      BPFFilter: 'udp',
    });
    const capture = (await created.json()) as { UUID: string };
    await eventually(async () => {
      const list = (await (await edgedive.get('/api/capture')).json()) as Record<string, { Count: number }>;
      expect(list[capture.UUID]?.Count).toBe(1);
    });

    const flows = 60_000;
    const sender = lab.sendUdpFlows({ from: lab.vm1, to: lab.address2, flows, perSecond: 1_000 });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await edgedive.kill9Analyzer();
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    await sender;
    await edgedive.startAnalyzer();

    await eventually(
      async () => {
        const udp = `G.Flows().Has('CaptureID','${capture.UUID}','Transport.Protocol','UDP')`;
        expect(await edgedive.query(`${udp}.Count()`)).toBe(flows);
        expect(await edgedive.query(`${udp}.Sum('Metric.ABPackets')`)).toBe(flows);
      },
      { timeoutMs: 30_000 },
    );
    const status = (await (await edgedive.get('/api/status')).json()) as Status;
    expect(droppedIn(status)).toBe(0);
  });
});
