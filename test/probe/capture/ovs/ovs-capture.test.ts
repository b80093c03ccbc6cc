/**
 * Captures on a real Open vSwitch, its datapath in user space: traffic between two ports of a bridge as a mirror, sFlow
 * and NetFlow show it, and what is left in the database afterwards.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Capture, CaptureState } from '../../../../core/capture/capture.ts';
import { ANY_TYPE } from '../../../../probe/capture/capture-plan.ts';
import { ExporterSource } from '../../../../probe/capture/exporter/exporter-source.ts';
import { CaptureManager } from '../../../../probe/capture/manager.ts';
import type { CaptureSpec } from '../../../../probe/capture/capture-source.ts';
import { OvsDatabase } from '../../../../probe/capture/ovs/ovs-database.ts';
import { exportOperations, mirrorOperations } from '../../../../probe/capture/ovs/ovs-rows.ts';
import { OVS_TYPES } from '../../../../probe/capture/ovs/ovs-target.ts';
import { OvsSource } from '../../../../probe/capture/ovs/ovs-source.ts';
import { packetSources } from '../../../../probe/capture/packet-sources.ts';
import { createLog } from '../../../../probe/log.ts';
import { readSourceSettings } from '../../../../probe/topology/sources/settings.ts';
import { createTopologyProbe, type TopologyProbe } from '../../../../probe/topology/topology.ts';
import { Row } from '../../../../probe/topology/sources/ovsdb-tables.ts';
import type { Flow } from '../../../../proto/gen/flow.ts';
import { decodeFlowBatch } from '../../../../proto/gen/probe.ts';
import { eventually, ip, textOf } from '../../topology/live.ts';
import { skipWithout } from '../exporter/exporter-lab.ts';
import { createOvsLab, type OvsLab } from './ovs-lab.ts';

const HOST = 'ovs-host';
const WAIT_MS = 8_000;

/** A probe's topology and captures, without an analyzer. */
class Probe {
  readonly topology: TopologyProbe;
  readonly flows: Flow[] = [];
  readonly lines: string[] = [];
  readonly #manager: CaptureManager;
  readonly #ovs: OvsSource;

  constructor(socket: string, hostId = HOST) {
    const sources = readSourceSettings(`ovsdb=${socket}`);
    this.topology = createTopologyProbe({ hostId, sources, log: () => {} });
    const log = createLog('capture', (line) => this.lines.push(line));
    const sink = {
      add: ({ bytes }: { bytes: Uint8Array }) => void this.flows.push(...decodeFlowBatch(bytes).flows),
      countDropped: (count: number) => {
        throw new Error(`${count} flow messages dropped`);
      },
    };
    const feeding = { sink, pace: { hold: false, updateMs: 0, detail: 0, sampling: 1 }, log };
    const packets = packetSources(feeding).sources;
    const exporters = new ExporterSource(feeding);
    this.#ovs = new OvsSource({
      place: socket,
      hostId,
      packets: packets.get(ANY_TYPE)!,
      exporters,
      devicesNamed: (name) => this.topology.interfacesNamed(name),
      log,
    });
    const ofOvs = OVS_TYPES.map((type) => [type, this.#ovs] as const);
    this.#manager = new CaptureManager({
      topology: this.topology,
      sources: new Map([...packets, ['sflow', exporters], ['netflow', exporters], ...ofOvs]),
      exclusion: () => '',
      log,
    });
    this.topology.onChanges((events) => this.#manager.topologyChanged(events));
  }

  async start(): Promise<void> {
    await this.topology.start();
    this.#ovs.tidy();
  }

  /** These run, and no other. */
  capture(...wanted: [uuid: string, nodeId: string, more?: Partial<Capture>][]): void {
    this.#manager.apply(
      wanted.map(([UUID, nodeId, more]) => ({
        capture: {
          UUID,
          GremlinQuery: 'G.V()',
          Count: 0,
          SamplingRate: 1,
          PollingInterval: 1,
          ExtraTCPMetric: false,
          IPDefrag: false,
          ReassembleTCP: false,
          ...more,
        },
        nodeIds: [nodeId],
      })),
    );
  }

  /** Resolves with the id of this node when topology has it. */
  async node(name: string, type: string): Promise<string> {
    const find = () =>
      [...this.topology.graph.nodesWith('Name', name)].find((n) => textOf(n, 'Type') === type);
    await eventually(() => expect(find(), `${type} ${name}`).toBeDefined(), WAIT_MS);
    return find()!.id;
  }

  tidOf(nodeId: string): string {
    return textOf(this.topology.graph.node(nodeId)!, 'TID');
  }

  states(nodeId: string): readonly CaptureState[] {
    const shown = this.topology.graph.node(nodeId)?.metadata['Captures'];
    return (shown ?? []) as unknown as readonly CaptureState[];
  }

  /** `active`, or the error, of the captures of a node. */
  shown(nodeId: string): string {
    return this.states(nodeId)
      .map(({ Error: error, State }) => error ?? State)
      .join('; ');
  }

  async active(nodeId: string): Promise<void> {
    await eventually(() => expect(this.shown(nodeId)).toBe('active'), WAIT_MS);
  }

  /** Packets of echo requests and replies that a capture has told of. */
  async pings(captureId: string): Promise<[requests: number, replies: number]> {
    await this.#manager.flush();
    let [requests, replies] = [0, 0];
    for (const { CaptureID, LayersPath, LastUpdateMetric: growth } of this.flows) {
      if (CaptureID !== captureId || !LayersPath.endsWith('IPv4/ICMPv4')) continue;
      requests += growth!.ABPackets;
      replies += growth!.BAPackets;
    }
    return [requests, replies];
  }

  async pingsReach(captureId: string, wanted: [number, number]): Promise<void> {
    const end = Date.now() + WAIT_MS;
    for (;;) {
      const now = await this.pings(captureId);
      if (now[0] >= wanted[0] && now[1] >= wanted[1]) {
        expect(now).toEqual(wanted);
        return;
      }
      if (Date.now() > end) throw new Error(`${now.join(', ')} packets of capture ${captureId}`);
      await new Promise((resolve) => void setTimeout(resolve, 50));
    }
  }

  /** As a probe that is told to end. */
  async stop(): Promise<void> {
    await this.#manager.stop();
    this.topology.stop();
  }
}

describe.skipIf(skipWithout('ping', 'ovs-vswitchd'))('captures of Open vSwitch', { timeout: 30_000 }, () => {
  let lab: OvsLab;
  let probe: Probe;

  beforeAll(async () => {
    lab = await createOvsLab();
  }, 30_000);
  afterAll(() => lab.remove());
  beforeEach(async () => {
    probe = new Probe(lab.socket);
    await probe.start();
  });
  afterEach(() => probe.stop());

  it('mirrors a port, untagged as the port is, and leaves nothing behind', async () => {
    const before = lab.rows();
    const port = await probe.node('p0', 'ovsport');
    probe.capture(['mirror', port]);
    await probe.active(port);
    expect(probe.states(port)).toMatchObject([{ ID: 'mirror', State: 'active', Type: 'ovsmirror' }]);
    await lab.ping(5);
    await probe.pingsReach('mirror', [5, 5]);
    const flow = probe.flows.find(({ LayersPath }) => LayersPath.endsWith('ICMPv4'));
    expect(flow).toMatchObject({
      LayersPath: 'Ethernet/IPv4/ICMPv4',
      NodeTID: probe.tidOf(port),
      Network: { A: lab.addresses[0], B: lab.addresses[1] },
    });
    const [made, ...more] = lab.rows().filter((row) => !before.includes(row) && row.startsWith('port'));
    expect(more).toEqual([]);
    const name = made!.slice('port '.length);
    expect(name).toMatch(/^mir[0-9a-f-]{12}$/);
    // Nothing but what the port had: the host's own packets through the device are not the port's.
    expect(probe.flows.every(({ NodeTID }) => NodeTID === probe.tidOf(port))).toBe(true);
    expect(probe.flows.some(({ LayersPath }) => LayersPath.includes('IPv6'))).toBe(false);
    // The copy follows the port to another VLAN.
    for (const each of ['p0', 'p1']) lab.vsctl('set', 'port', each, 'tag=9');
    await eventually(() => expect(lab.vsctl('--if-exists', 'get', 'port', name, 'tag')).toBe('9'), WAIT_MS);
    await probe.active(port);
    // The port that the capture made is shown, and a capture on everything leaves it alone.
    const output = await probe.node(name, 'ovsport');
    probe.capture(['mirror', port], ['all', output]);
    await new Promise((resolve) => void setTimeout(resolve, 200));
    expect(probe.states(output)).toEqual([]);
    probe.capture();
    await eventually(() => expect(lab.rows()).toEqual(before), WAIT_MS);
    await eventually(() => expect(ip(`-n ${lab.netns} -br link`)).not.toContain('mir'), WAIT_MS);
  });

  it('says so where a bridge has all the mirrors that the switch can do', async () => {
    const more = Array.from({ length: 32 }, (_, i) =>
      `-- --id=@m${i} create mirror name=m${i} -- add bridge br0 mirrors @m${i}`.split(' '),
    );
    lab.vsctl(...more.flat());
    const before = lab.rows();
    const port = await probe.node('p0', 'ovsport');
    probe.capture(['mirror', port]);
    const full = 'the bridge has 32 mirrors already, and Open vSwitch ignores further ones';
    await eventually(() => expect(probe.shown(port)).toBe(full), WAIT_MS);
    // It is tried again now and then.
    await eventually(() => expect(lab.rows()).toEqual(before), WAIT_MS);
    lab.vsctl('clear', 'bridge', 'br0', 'mirrors');
    await probe.active(port);
  });

  it('samples a bridge by sFlow, which shows where it listens', async () => {
    const before = lab.rows();
    const bridge = await probe.node('br0', 'ovsbridge');
    probe.capture(['sampled', bridge, { BPFFilter: 'icmp', HeaderSize: 96 }]);
    await probe.active(bridge);
    expect(probe.states(bridge)).toMatchObject([{ Type: 'ovssflow', SFlowSocket: '127.0.0.1:6345' }]);
    expect(lab.vsctl('get', 'sflow', '.', 'sampling', 'polling', 'header', 'targets').split('\n')).toEqual([
      '1',
      '1',
      '96',
      '["127.0.0.1:6345"]',
    ]);
    await lab.switchHasApplied();
    await lab.ping(4);
    await probe.pingsReach('sampled', [4, 4]);
    expect(probe.flows.map(({ LayersPath }) => LayersPath)).not.toContain('Ethernet/ARP');
    expect(probe.flows.every(({ NodeTID }) => NodeTID === probe.tidOf(bridge))).toBe(true);
    await probe.stop();
    expect(lab.rows()).toEqual(before);
  });

  it('takes NetFlow of a bridge', async () => {
    const before = lab.rows();
    const bridge = await probe.node('br0', 'ovsbridge');
    probe.capture(['filtered', bridge, { Type: 'ovsnetflow', BPFFilter: 'icmp' }]);
    const unfiltered = "ovsnetflow capture doesn't support BPF filtering";
    await eventually(() => expect(probe.shown(bridge)).toBe(unfiltered), WAIT_MS);
    probe.capture(['told', bridge, { Type: 'ovsnetflow' }]);
    await probe.active(bridge);
    await lab.switchHasApplied();
    await lab.ping(3);
    await eventually(() => {
      const told = probe.flows.find(({ Application }) => Application === 'ICMPv4');
      expect(told).toMatchObject({ NodeTID: probe.tidOf(bridge), CaptureID: 'told' });
    }, WAIT_MS);
    probe.capture();
    await eventually(() => expect(lab.rows()).toEqual(before), WAIT_MS);
  });

  it('leaves the export of others alone and says whose it is, until it is gone', async () => {
    lab.exportSflow('192.0.2.1:6343');
    const before = lab.rows();
    const bridge = await probe.node('br0', 'ovsbridge');
    probe.capture(['sampled', bridge]);
    const refused = 'bridge br0 exports sFlow to 192.0.2.1:6343 already, which is not ours to change';
    await eventually(() => expect(probe.shown(bridge)).toBe(refused), WAIT_MS);
    expect(probe.states(bridge)).toMatchObject([{ Type: 'ovssflow', State: 'error' }]);
    expect(lab.rows()).toEqual(before);
    lab.vsctl('clear', 'bridge', 'br0', 'sflow');
    await probe.active(bridge);
    probe.capture(['sampled', bridge], ['second', bridge, { BPFFilter: 'icmp' }]);
    const taken = 'active; bridge br0 exports sFlow to capture sampled already';
    await eventually(() => expect(probe.shown(bridge)).toBe(taken), WAIT_MS);
  });

  it('removes at its start what a killed probe left, and only that', async () => {
    const before = lab.rows();
    const other = new Probe(lab.socket, 'another-host');
    await other.start();
    const otherPort = await other.node('p0', 'ovsport');
    other.capture(['others', otherPort]);
    await other.active(otherPort);
    const withOthers = lab.rows();
    // Its connection ends and its rows stay, as when a probe is killed.
    const killed = new OvsDatabase({ place: lab.socket, hostId: HOST, log: createLog('killed') });
    const mark = { hostId: HOST, captureId: 'left', run: 'run-1' };
    const uuid = (table: string, name: string) => lab.vsctl('get', table, name, '_uuid');
    const spec = { captureId: 'left', headerBytes: 256 } as CaptureSpec;
    const target = { uuid: uuid('bridge', 'br0'), samplingRate: 1, pollingInterval: 1, activeTimeoutS: 1 };
    const sflow = { ...spec, ovs: { ...target, type: 'ovssflow' as const } };
    const mirror = mirrorOperations('mirleft', new Row(uuid('port', 'p1'), {}), mark);
    await killed.make('run-1', mirror, 2, () => {});
    await killed.make('run-2', exportOperations('sFlow', sflow, '127.0.0.1:1', mark), 1, () => {});
    killed.stop();
    expect(lab.rows().filter((row) => !withOthers.includes(row))).toEqual([
      'interface mirleft',
      'mirror mirleft',
      'port mirleft',
      'sflow 127.0.0.1:1',
    ]);
    const next = new Probe(lab.socket);
    await next.start();
    await eventually(() => expect(lab.rows()).toEqual(withOthers), WAIT_MS);
    const told = 'removed 3 rows from Open vSwitch that earlier captures left there';
    await eventually(() => expect(next.lines.join('')).toContain(told));
    expect(other.shown(otherPort)).toBe('active');
    await next.stop();
    await other.stop();
    expect(lab.rows()).toEqual(before);
  });

  it('shows an error while the database is away or its rows are removed, and recovers', async () => {
    const before = lab.rows();
    const port = await probe.node('p0', 'ovsport');
    probe.capture(['mirror', port]);
    await probe.active(port);
    lab.vsctl('clear', 'bridge', 'br0', 'mirrors');
    await eventually(
      () => expect(probe.shown(port)).toContain('somebody removed from Open vSwitch'),
      WAIT_MS,
    );
    await probe.active(port);
    await lab.killDatabase();
    await eventually(() => expect(probe.shown(port)).toContain(`Open vSwitch at ${lab.socket}: `), WAIT_MS);
    lab.startDatabase();
    await probe.active(port);
    await lab.ping(2);
    await probe.pingsReach('mirror', [2, 2]);
    probe.capture();
    await eventually(() => expect(lab.rows()).toEqual(before), WAIT_MS);
  });
});
