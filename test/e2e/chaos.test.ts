/**
 * Probes killed and restarted at random under traffic, on the laboratory: afterwards the graph is the world, each capture
 * runs once, and what subscribers were told adds up. 30 s in the suite; `EDGEDIVE_CHAOS_SECONDS=600 npm test --
 * test/e2e/chaos.test.ts` for ten minutes. The seed is printed; EDGEDIVE_CHAOS_SEED repeats its choices.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDataCentre, containers, type DataCentre } from '../../scripts/lab/data-centre.ts';
import type { LabHost } from '../../scripts/lab/lab-host.ts';
import { LabProbe } from '../../scripts/lab/lab-probe.ts';
import { waitForProbes } from '../../scripts/lab/look.ts';
import { Traffic } from '../../scripts/lab/traffic.ts';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { skipUnlessRoot } from './harness/lab.ts';
import { subscribe, type Subscriber } from './harness/subscriber.ts';

interface Element {
  ID: string;
  Host: string;
  Metadata: Record<string, unknown>;
}
interface Edge extends Element {
  Parent: string;
  Child: string;
}
interface Counters {
  ABPackets: number;
  ABBytes: number;
  BAPackets: number;
  BABytes: number;
}
interface Flow {
  UUID: string;
  CaptureID: string;
  NodeTID: string;
  Metric: Counters;
  LastUpdateMetric?: Counters;
}

const { web, db } = containers;
const SECONDS = Number(process.env['EDGEDIVE_CHAOS_SECONDS'] ?? 30);
const SEED = Number(process.env['EDGEDIVE_CHAOS_SEED'] ?? Date.now() % 1_000_000);
const COUNTERS = ['ABPackets', 'ABBytes', 'BAPackets', 'BABytes'] as const;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Mulberry32: 0 up to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe.skipIf(skipUnlessRoot())('probes that are killed and restarted under traffic', () => {
  let dataCentre: DataCentre;
  let edgedive: Analyzer;
  let traffic: Traffic;
  let subscriber: Subscriber;
  let capture: string;
  const probes: LabProbe[] = [];
  const endings = { SIGKILL: 0, SIGTERM: 0 };

  beforeAll(
    async () => {
      [dataCentre, edgedive] = await Promise.all([buildDataCentre(), startEdgedive({ probe: false })]);
      const url = new URL(edgedive.url);
      for (const host of [dataCentre.rack1, dataCentre.rack2]) probes.push(new LabProbe(host, url));
      await waitForProbes(url, ['rack1', 'rack2']);
      subscriber = await subscribe(edgedive.address, { 'X-Websocket-Namespace': 'flow' });
      const created = await edgedive.post('/api/capture', {
        GremlinQuery: `G.V().Has('MAC', Within('${web.mac}','${db.mac}'))`,
      });
      ({ UUID: capture } = (await created.json()) as { UUID: string });
      traffic = await Traffic.start(dataCentre);
      traffic.keepOn();

      console.log(`chaos: ${SECONDS} s, seed ${SEED}`);
      const random = randomOf(SEED);
      const endAt = Date.now() + SECONDS * 1_000;
      while (Date.now() < endAt) {
        await sleep(random() * 2_000);
        const probe = probes[random() < 0.5 ? 0 : 1]!;
        const signal = random() < 0.7 ? 'SIGKILL' : 'SIGTERM';
        await probe.kill(signal);
        endings[signal]++;
        // Sometimes at once, sometimes after others noticed.
        await sleep(random() < 0.5 ? 0 : random() * 1_500);
        probe.start();
      }
      console.log(`chaos: ${endings.SIGKILL} times SIGKILL, ${endings.SIGTERM} times SIGTERM`);
    },
    SECONDS * 1_000 + 60_000,
  );

  afterAll(async () => {
    subscriber?.close();
    await traffic?.stop();
    await Promise.all(probes.map((probe) => probe.stop()));
    await edgedive?.stop();
    await dataCentre?.remove();
  });

  /** `rack1  br0`, `rack1 web eth0`: what the kernel says there is. */
  function world(host: LabHost, netns: string): string[] {
    const names = (words: string[]) =>
      (JSON.parse(host.run('ip', ...words)) as { ifname: string }[]).map(({ ifname }) => ifname);
    return [
      ...names(['-j', 'link']).map((name) => `${host.name}  ${name}`),
      ...names(['-n', netns, '-j', 'link']).map((name) => `${host.name} ${netns} ${name}`),
    ];
  }

  it('leave a graph that is the world, without orphans', async () => {
    const { rack1, rack2 } = dataCentre;
    const real = [...world(rack1, web.name), ...world(rack2, db.name)].sort();
    await eventually(async () => {
      const [graph] = await edgedive.query<{ Nodes: Element[]; Edges: Edge[] }[]>('G');
      const { Nodes: nodes, Edges: edges } = graph!;
      const byId = new Map(nodes.map((node) => [node.ID, node]));
      expect(byId.size).toBe(nodes.length);
      for (const edge of edges) expect([byId.has(edge.Parent), byId.has(edge.Child)]).toEqual([true, true]);
      const owners = new Map(
        edges
          .filter(({ Metadata }) => Metadata['RelationType'] === 'ownership')
          .map(({ Parent, Child }) => [Child, byId.get(Parent)!]),
      );
      const interfaces: string[] = [];
      for (const node of nodes) {
        const owner = owners.get(node.ID);
        if (node.Metadata['Type'] === 'host') expect(owner).toBeUndefined();
        else expect(owner, JSON.stringify(node)).toBeDefined();
        if (owner === undefined || node.Metadata['Type'] === 'netns') continue;
        const netns = owner.Metadata['Type'] === 'netns' ? String(owner.Metadata['Name']) : '';
        interfaces.push(`${node.Host} ${netns} ${String(node.Metadata['Name'])}`);
      }
      expect(interfaces.sort()).toEqual(real);
    });
  });

  it('run each capture once', async () => {
    // What the kernel says: one packet socket in each container, nothing left of the dead. Asked first, because what
    // a dead probe said of itself stands in the graph until the next one speaks.
    const socketsIn = (host: LabHost, netns: string) =>
      host.run('ip', 'netns', 'exec', netns, 'cat', '/proc/net/packet').trim().split('\n').slice(1);
    await eventually(() => {
      expect(socketsIn(dataCentre.rack1, web.name)).toHaveLength(1);
      expect(socketsIn(dataCentre.rack2, db.name)).toHaveLength(1);
    });
    await eventually(async () => {
      const captured = await edgedive.query<Element[]>("G.V().HasKey('Captures')");
      expect(new Set(captured.map(({ Metadata }) => Metadata['MAC']))).toEqual(new Set([web.mac, db.mac]));
      expect(captured).toHaveLength(2);
      for (const { Metadata } of captured)
        expect(Metadata['Captures']).toMatchObject([{ ID: capture, State: 'active' }]);
    });
  });

  it('lose and double nothing that was told', async () => {
    // Ten packets after the storm are ten on both ends.
    const injected = await edgedive.post('/api/injectpacket', {
      Src: `G.V().Has('MAC','${web.mac}')`,
      Dst: `G.V().Has('MAC','${db.mac}')`,
      Type: 'udp4',
      DstPort: 4242,
      Count: 10,
    });
    expect(injected.status).toBe(201);
    await eventually(async () => {
      const flows = await edgedive.query<Flow[]>("G.Flows().Has('UDP.B',4242)");
      expect(flows.map(({ Metric }) => Metric.ABPackets)).toEqual([10, 10]);
    });

    const told = new Map<string, { sum: Counters; last: Counters }>();
    for (const message of subscriber.messages) {
      const { Namespace, Obj } = JSON.parse(message.toString()) as { Namespace: string; Obj: Flow[] };
      if (Namespace !== 'flow') continue;
      for (const { UUID, CaptureID, Metric, LastUpdateMetric } of Obj) {
        const key = `${CaptureID} ${UUID}`;
        const sum = told.get(key)?.sum ?? { ABPackets: 0, ABBytes: 0, BAPackets: 0, BABytes: 0 };
        for (const name of COUNTERS) sum[name] += LastUpdateMetric?.[name] ?? 0;
        told.set(key, { sum, last: Metric });
      }
    }
    expect(told.size).toBeGreaterThan(endings.SIGKILL);
    for (const [key, { sum, last }] of told)
      expect(sum, key).toEqual(Object.fromEntries(COUNTERS.map((name) => [name, last[name]])));
    const status = (await (await edgedive.get('/api/status')).json()) as {
      Edgedive: { FlowShards: { counters: Record<string, number> }[] };
    };
    expect(status.Edgedive.FlowShards.length).toBeGreaterThan(0);
    for (const { counters } of status.Edgedive.FlowShards)
      expect(counters).toMatchObject({ batchesMissing: 0, flowsDroppedByProbes: 0, flowsTooLarge: 0 });
  });
});
