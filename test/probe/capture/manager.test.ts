/** The manager with real captures on a real veth pair; topology is a table that the test changes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Capture, CaptureState } from '../../../core/capture/capture.ts';
import type { GraphNode } from '../../../core/graph/element.ts';
import { decodeFlowBatch } from '../../../proto/gen/probe.ts';
import type { Flow } from '../../../proto/gen/flow.ts';
import { limits } from '../../../core/limits.ts';
import type { CapturedInterface } from '../../../probe/capture/captured-interface.ts';
import type { CaptureSource } from '../../../probe/capture/capture-source.ts';
import { CaptureManager } from '../../../probe/capture/manager.ts';
import { PcapSource } from '../../../probe/capture/pcap-source.ts';
import type { CaptureOrder } from '../../../probe/link/topology-link.ts';
import { createLog } from '../../../probe/log.ts';
import { until } from '../link/fake-analyzer.ts';
import { createVethLab, skipCaptures, type VethLab } from './veth-lab.ts';

function nodeOf(id: string, revision = 1): GraphNode {
  const metadata = { Name: id, Type: 'veth' };
  return { id, metadata, host: 'h', origin: 'o', createdAt: 0, updatedAt: 0, deletedAt: null, revision };
}

function orderOf(uuid: string, nodeIds: string[], more: Partial<Capture> = {}): CaptureOrder {
  const capture: Capture = {
    UUID: uuid,
    GremlinQuery: 'G.V()',
    Count: 0,
    SamplingRate: 0,
    PollingInterval: 0,
    ExtraTCPMetric: false,
    IPDefrag: false,
    ReassembleTCP: false,
    ...more,
  };
  return { capture, nodeIds };
}

class TableTopology {
  readonly nodes = new Map<string, GraphNode>();
  readonly interfaces = new Map<string, CapturedInterface>();
  readonly states = new Map<string, CaptureState[]>();
  published = 0;
  readonly graph = { node: (id: string) => this.nodes.get(id) };
  manager: CaptureManager | undefined;

  interfaceOf(nodeId: string): CapturedInterface | undefined {
    return this.interfaces.get(nodeId);
  }

  setCaptureStates(nodeId: string, states: CaptureState[]): void {
    this.published++;
    if (states.length === 0) this.states.delete(nodeId);
    else this.states.set(nodeId, states);
  }

  setLearnt(): void {}

  put(id: string, found: CapturedInterface): void {
    const node = nodeOf(id);
    const before = this.nodes.get(id);
    this.nodes.set(id, node);
    this.interfaces.set(id, found);
    this.manager?.topologyChanged([
      before === undefined ? { kind: 'nodeAdded', node } : { kind: 'nodeUpdated', node, before },
    ]);
  }

  drop(id: string): void {
    const node = this.nodes.get(id)!;
    this.nodes.delete(id);
    this.interfaces.delete(id);
    this.states.delete(id);
    this.manager?.topologyChanged([{ kind: 'nodeDeleted', node }]);
  }

  /** `active`, or the error, of each capture on a node. */
  shown(id: string): string {
    return (this.states.get(id) ?? []).map((state) => `${state.ID} ${state.Error ?? state.State}`).join('; ');
  }
}

describe.skipIf(skipCaptures())('CaptureManager on a veth pair', () => {
  let lab: VethLab;
  let topology: TableTopology;
  let source: PcapSource;
  let manager: CaptureManager;
  let flows: Flow[];
  let lines: string[];

  const interfaceIn = (netns: string): CapturedInterface => {
    const { ifIndex, interfaceName, netnsPath } = lab.spec(netns);
    return { name: interfaceName, ifIndex, netnsPath, tid: `tid-${netns}`, encapType: 'ether', up: true };
  };

  beforeEach(async () => {
    lab = createVethLab();
    flows = [];
    lines = [];
    topology = new TableTopology();
    topology.put('a', interfaceIn(lab.a));
    topology.put('b', interfaceIn(lab.b));
    source = new PcapSource({
      sink: { add: (body) => flows.push(...decodeFlowBatch(body.bytes).flows), countDropped: () => {} },
      pace: { hold: false, updateMs: 0, detail: 0, sampling: 1 },
      log: createLog('capture', (line) => lines.push(line)),
    });
    manager = new CaptureManager({
      topology,
      sources: new Map([['pcap', source]]),
      exclusion: () => '',
      log: createLog('capture', (line) => lines.push(line)),
    });
    topology.manager = manager;
    await source.warmUp();
  });

  afterEach(async () => {
    await manager.stop();
    lab.remove();
  });

  const packets = (captureId: string) =>
    flows
      .filter((flow) => flow.CaptureID === captureId && flow.LayersPath === 'Ethernet/IPv4/ICMPv4')
      .reduce((sum, { LastUpdateMetric: last }) => sum + last!.ABPackets + last!.BAPackets, 0);

  /** Packets are what makes the kernel count and the captures speak. */
  const pingUntil = async (what: string, condition: () => boolean) => {
    const end = Date.now() + 10_000;
    while (!condition()) {
      if (Date.now() > end) throw new Error(`not within 10 s: ${what}; shown: ${topology.shown('b')}`);
      await lab.ping(1);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  it('starts what is wanted at once, and says so on each node', async () => {
    manager.apply([orderOf('u1', ['a', 'b'], { Name: 'both', BPFFilter: 'icmp' }), orderOf('u2', ['a'])]);
    await until(
      'active',
      () => topology.shown('a') === 'u1 active; u2 active' && topology.shown('b') === 'u1 active',
      1_000,
    );
    expect(topology.states.get('b')).toEqual([
      {
        ID: 'u1',
        State: 'active',
        Name: 'both',
        BPFFilter: 'icmp',
        Type: 'pcap',
        PacketsReceived: 0,
        PacketsDropped: 0,
        PacketsIfDropped: 0,
      },
    ]);
    await lab.ping(3);
    await manager.flush();
    expect([packets('u1'), packets('u2')]).toEqual([12, 6]);
    await until('counted', () => topology.states.get('b')![0]!.PacketsReceived === 6, 4_000);
    expect(manager.status()).toMatchObject({ wanted: 3, active: 3, failed: 0 });
  });

  it('stops what is no longer wanted and leaves the rest alone', async () => {
    manager.apply([orderOf('u1', ['a', 'b']), orderOf('u2', ['a'])]);
    await until('active', () => manager.status()['active'] === 3);
    await lab.ping(2);
    manager.apply([orderOf('u2', ['a'])]);
    await until('stopped', () => topology.shown('a') === 'u2 active' && topology.shown('b') === '');
    await until('ended', () => packets('u1') === 8);
    await lab.ping(1);
    await manager.flush();
    expect([packets('u1'), packets('u2')]).toEqual([8, 6]);
    manager.apply([]);
    await until('nothing', () => topology.states.size === 0);
    await until('closed', () => source.status()['captures'] === 0);
  });

  it('ends with the interface going down, and begins again when it comes up', async () => {
    manager.apply([orderOf('u1', ['a']), orderOf('u2', ['b'])]);
    await until('active', () => manager.status()['active'] === 2);
    lab.in(lab.b, 'link', 'set', 'eth0', 'down');
    topology.put('b', { ...interfaceIn(lab.b), up: false });
    await until('down', () => topology.shown('b') === "u2 Can't start capture on node down eth0");
    lab.in(lab.b, 'link', 'set', 'eth0', 'up');
    topology.put('b', interfaceIn(lab.b));
    await until('up', () => topology.shown('b') === 'u2 active' && topology.shown('a') === 'u1 active');
    await lab.ping(4);
    await manager.flush();
    expect(packets('u2')).toBe(8);
  });

  it('finds out that a capture went silent because its interface was down for a moment that nobody told', async () => {
    manager.apply([orderOf('u2', ['b'])]);
    await until('active', () => manager.status()['active'] === 1);
    lab.in(lab.b, 'link', 'set', 'eth0', 'down');
    lab.in(lab.b, 'link', 'set', 'eth0', 'up');
    await pingUntil(
      'captured again',
      () => Number(manager.status()['reopened']) > 0 && topology.shown('b') === 'u2 active',
    );
    await manager.flush();
    const before = packets('u2');
    await lab.ping(3);
    await manager.flush();
    expect(packets('u2')).toBe(before + 6);
  }, 20_000);

  it('follows an interface that is renamed, that is gone, and that comes back', async () => {
    manager.apply([orderOf('u1', ['b'])]);
    await until('active', () => topology.shown('b') === 'u1 active');
    lab.in(lab.b, 'link', 'set', 'eth0', 'down');
    lab.in(lab.b, 'link', 'set', 'eth0', 'name', 'lan0');
    lab.in(lab.b, 'link', 'set', 'lan0', 'up');
    const { ifIndex, netnsPath } = topology.interfaces.get('b')!;
    topology.put('b', { name: 'lan0', ifIndex, netnsPath, tid: 'renamed', encapType: 'ether', up: true });
    await pingUntil('packets under the new name', () => flows.some((flow) => flow.NodeTID === 'renamed'));
    topology.drop('b');
    await until('closed', () => source.status()['captures'] === 0);
    topology.put('b', { name: 'lan0', ifIndex, netnsPath, tid: 'back', encapType: 'ether', up: true });
    await until('active again', () => topology.shown('b') === 'u1 active');
  });

  it('captures a node that appears after the order', async () => {
    topology.drop('b');
    manager.apply([orderOf('u1', ['b'])]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(manager.status()).toMatchObject({ wanted: 1, active: 0, failed: 0 });
    topology.put('b', interfaceIn(lab.b));
    await until('active', () => topology.shown('b') === 'u1 active');
  });

  it('opens everything again after the capture process died, and says what happened meanwhile', async () => {
    manager.apply([orderOf('u1', ['a']), orderOf('u2', ['b'])]);
    await until('active', () => manager.status()['active'] === 2);
    await lab.ping(2);
    await manager.flush();
    process.kill(source.pids[0]!, 'SIGKILL');
    const died = 'the capture process ended with SIGKILL';
    await until('said', () => topology.shown('a') === `u1 ${died}` && topology.shown('b') === `u2 ${died}`);
    await until('active again', () => manager.status()['active'] === 2);
    expect(topology.shown('a')).toBe('u1 active');
    await lab.ping(3);
    await manager.flush();
    expect([packets('u1'), packets('u2')]).toEqual([10, 10]);
    expect(manager.status()).toMatchObject({ reopened: 2, sources: { pcap: { crashes: 1 } } });
  });

  it('says on the node why a capture cannot run, and tries again', async () => {
    manager.apply([
      orderOf('u1', ['a'], { BPFFilter: 'not a filter' }),
      orderOf('u2', ['a'], { Type: 'sflow' }),
    ]);
    await until('failed', () => manager.status()['failed'] === 2);
    expect(topology.shown('a')).toMatch(
      /^u1 capture on eth0 failed: .*syntax error.*; u2 Capture type sflow not available on this probe: it has pcap$/,
    );
    await until('tried again', () => Number(manager.status()['reopened']) >= 2);
    expect(lines.filter((line) => line.includes('u1 on node a: capture on eth0 failed'))).toHaveLength(1);
  });

  it('does not flood the graph with counters', async () => {
    manager.apply([orderOf('u1', ['a'])]);
    await until('active', () => manager.status()['active'] === 1);
    const before = topology.published;
    for (let round = 0; round < 4; round++) {
      await lab.ping(5);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(topology.published - before).toBeLessThanOrEqual(3);
  });
});

describe('CaptureManager', () => {
  it('refuses more captures than the bound, each with an error on its node', async () => {
    let opened = 0;
    const source: CaptureSource = {
      open: () => {
        opened++;
        return new Promise(() => {});
      },
      flush: () => Promise.resolve(),
      setPace: () => {},
      stop: () => Promise.resolve(),
      status: () => ({}),
    };
    const topology = new TableTopology();
    topology.put('a', { name: 'a', ifIndex: 1, netnsPath: null, tid: 't', encapType: 'ether', up: true });
    const manager = new CaptureManager({
      topology,
      sources: new Map([['pcap', source]]),
      exclusion: () => '',
      log: createLog('capture', (line) => void line),
    });
    manager.apply(
      Array.from({ length: limits.captureHandlesMax + 2 }, (_, index) => orderOf(`u${index}`, ['a'])),
    );
    await until(
      'refused',
      () => topology.states.get('a')?.length === 2 && opened === limits.captureHandlesMax,
    );
    for (const state of topology.states.get('a')!)
      expect(state.Error).toBe(`more than ${limits.captureHandlesMax} captures on this host`);
    manager.apply([]);
    await manager.stop();
  });
});
