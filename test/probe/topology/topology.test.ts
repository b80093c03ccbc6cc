/**
 * Discovery against the real kernel, with `ip -j` as the oracle. Everything made here is called tp…; other
 * interfaces of the machine may come and go meanwhile.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GraphEvent } from '../../../core/graph/element.ts';
import { tidOf, tidOfHost, tidOfNetns } from '../../../core/ids.ts';
import { createTopologyProbe, type TopologyProbe } from '../../../probe/topology/topology.ts';
import {
  edgesInto,
  eventually,
  ip,
  ipLinks,
  isRoot,
  layer2Of,
  nodeNamed,
  nodesNamed,
  ownersOf,
  textOf,
  tryIp,
  whyNot,
  type IpLink,
} from './live.ts';

const HOST = 'tp-host';
const NS1 = `tp-a-${process.pid}`;
const NS2 = `tp-b-${process.pid}`;
/** Names that no other run of this file has. */
const tag = process.pid.toString(36);
const named = (name: string): string => `tp${tag}${name}`;

/** What ours must say of what `ip` says. */
function expected(link: IpLink): Record<string, unknown> {
  const kind = link.linkinfo?.info_kind ?? 'device';
  const addresses = (family: string): string[] =>
    link.addr_info
      .filter((entry) => entry.family === family)
      .map((entry) => `${entry.local}/${entry.prefixlen}`);
  const mac = link.address === '00:00:00:00:00:00' ? undefined : link.address;
  return {
    Name: link.ifname,
    IfIndex: link.ifindex,
    MTU: link.mtu,
    State: link.operstate === 'LOWERLAYERDOWN' ? 'LOWER-LAYER-DOWN' : link.operstate,
    EncapType: link.link_type,
    Type: kind === 'tun' ? 'tuntap' : kind,
    MAC: mac,
    IPV4: addresses('inet').sort(),
    IPV6: addresses('inet6').sort(),
    // `ip` leaves out RUNNING and adds two that are no flags of the interface.
    flags: link.flags.filter((flag) => flag !== 'NO-CARRIER' && flag !== 'M-DOWN').sort(),
  };
}

function actual(probe: TopologyProbe, name: string, owner: string): Record<string, unknown> {
  const { metadata } = nodeNamed(probe.graph, name, owner);
  const flags = metadata['LinkFlags'] as string[];
  return {
    ...Object.fromEntries(
      ['Name', 'IfIndex', 'MTU', 'State', 'EncapType', 'Type', 'MAC'].map((key) => [key, metadata[key]]),
    ),
    IPV4: [...((metadata['IPV4'] as string[] | undefined) ?? [])].sort(),
    IPV6: [...((metadata['IPV6'] as string[] | undefined) ?? [])].sort(),
    flags: flags.filter((flag) => flag !== 'RUNNING').sort(),
  };
}

describe.skipIf(!isRoot)(`TopologyProbe (${whyNot})`, () => {
  let probe: TopologyProbe;
  let events: GraphEvent[];
  const logged: string[] = [];

  beforeAll(() => {
    ip(`netns add ${NS1}`);
    ip(`netns add ${NS2}`);
  });
  afterAll(() => {
    tryIp(`netns del ${NS1}`);
    tryIp(`netns del ${NS2}`);
  });
  beforeEach(async () => {
    events = [];
    probe = createTopologyProbe({ hostId: HOST, metricsUpdateMs: 300, log: (line) => logged.push(line) });
    probe.onChanges((batch) => events.push(...batch));
    await probe.start();
  });
  afterEach(() => {
    probe.stop();
    for (const name of ['v0', 'v1', 'br', 'vx', 'mv', 'tap', 'new']) tryIp(`link del ${named(name)}`);
    tryIp(`-n ${NS1} link del eth0`);
    tryIp(`-n ${NS1} link del ${named('v0')}`);
  });

  it('says of every kind of interface what ip says, while they are made and as found', async () => {
    ip(`link add ${named('v0')} type veth peer name ${named('v1')}`);
    ip(`link add ${named('br')} type bridge`);
    ip(`link add ${named('vx')} mtu 1400 type vxlan id 7 dstport 4789 remote 192.0.2.9`);
    ip(`link add ${named('mv')} link ${named('v1')} address 02:00:00:00:77:01 type macvlan mode bridge`);
    ip(`tuntap add ${named('tap')} mode tap`);
    ip(`link set ${named('v0')} master ${named('br')} up`);
    ip(`link set ${named('vx')} master ${named('br')}`);
    ip(`link set ${named('br')} up`);
    ip(`addr add 10.254.9.1/24 dev ${named('br')}`);
    ip(`addr add 10.254.9.2/24 dev ${named('br')}`);
    ip(`addr add 10.254.10.1 peer 10.254.10.2/32 dev ${named('br')}`);
    ip(`addr add fd00:77::1/64 dev ${named('br')} nodad`);
    const agrees = (which: TopologyProbe): void => {
      const links = ipLinks().filter((link) => link.ifname.startsWith(named('')) || link.ifname === 'lo');
      expect(links).toHaveLength(7);
      for (const link of links) expect(actual(which, link.ifname, HOST)).toEqual(expected(link));
    };
    await eventually(() => agrees(probe));
    const second = createTopologyProbe({ hostId: HOST, log: () => {} });
    await second.start();
    await eventually(() => agrees(second));
    expect(layer2Of(second.graph, nodeNamed(second.graph, named('br')))).toEqual([
      `${named('br')}>${named('v0')}`,
      `${named('br')}>${named('vx')}`,
    ]);
    const port = nodeNamed(second.graph, named('vx')).metadata;
    // The reference shows a bridge's vxlan port as "device".
    expect(port).toMatchObject({
      Type: 'vxlan',
      Driver: 'vxlan',
      MasterIndex: nodeNamed(second.graph, named('br')).metadata['IfIndex'],
    });
    expect(nodeNamed(second.graph, named('br')).metadata).toMatchObject({
      Driver: 'bridge',
      BusInfo: 'N/A',
      Features: { highdma: true },
    });
    expect(nodeNamed(second.graph, named('tap')).metadata).toMatchObject({
      Driver: 'tun',
      BusInfo: 'tap',
      Speed: 10_000,
    });
    second.stop();
  });

  it('owns interfaces by the host or their namespace, with the TIDs that the reference computes', () => {
    const hostTid = tidOfHost(HOST);
    const path = `/var/run/netns/${NS1}`;
    const host = nodeNamed(probe.graph, HOST);
    expect(host.metadata).toMatchObject({ Type: 'host', TID: hostTid, OS: 'linux' });
    const netns = nodeNamed(probe.graph, NS1);
    expect(netns).toMatchObject({
      host: HOST,
      origin: `agent.${HOST}`,
      metadata: { Type: 'netns', Path: path, TID: tidOfNetns(hostTid, path) },
    });
    expect(ownersOf(probe.graph, netns)).toEqual([HOST]);
    const inside = nodeNamed(probe.graph, 'lo', NS1);
    expect(inside.metadata).toMatchObject({
      TID: tidOf(tidOfNetns(hostTid, path), 'lo', 'device'),
      LinkFlags: ['LOOPBACK'],
      Type: 'device',
      EncapType: 'loopback',
    });
    expect(nodeNamed(probe.graph, 'lo', HOST).metadata['TID']).toBe(tidOf(hostTid, 'lo', 'device'));
    expect(probe.interfaceOf(inside.id)).toEqual({
      nodeId: inside.id,
      netnsPath: path,
      name: 'lo',
      ifIndex: 1,
      tid: inside.metadata['TID'],
      encapType: 'loopback',
      type: 'device',
      up: false,
    });
    expect(probe.interfaceOf(netns.id)).toBeUndefined();
  });

  it('joins a veth pair across namespaces, and pairs with equal indexes only with their own', async () => {
    ip(`link add ${named('v0')} type veth peer name eth0 netns ${NS1}`);
    await eventually(() =>
      expect(layer2Of(probe.graph, nodeNamed(probe.graph, named('v0')))).toHaveLength(1),
    );
    const outer = nodeNamed(probe.graph, named('v0'));
    const inner = nodeNamed(probe.graph, 'eth0', NS1);
    expect(outer.metadata).toMatchObject({ PeerIfIndex: inner.metadata['IfIndex'], LinkNetNsName: NS1 });
    expect(inner.metadata).toMatchObject({ PeerIfIndex: outer.metadata['IfIndex'], LinkNetNsName: '' });

    for (const [name, index] of [
      ['x', 771],
      ['y', 772],
    ] as const)
      ip(
        `-n ${NS1} link add ${name}0 index ${index} type veth peer name ${name}1 index ${index} netns ${NS2}`,
      );
    const joined = (name: string, owner: string): (string | undefined)[] =>
      layer2Of(probe.graph, nodeNamed(probe.graph, name, owner));
    await eventually(() => {
      // With equal indexes the direction is by node id: any, but one.
      expect(['x0>x1 veth', 'x1>x0 veth']).toContain(joined('x0', NS1).join());
      expect(['y0>y1 veth', 'y1>y0 veth']).toContain(joined('y1', NS2).join());
    });
    ip(`-n ${NS1} link del x0`);
    ip(`-n ${NS1} link del y0`);
    await eventually(() =>
      expect([...nodesNamed(probe.graph, 'x1'), ...nodesNamed(probe.graph, 'y1')]).toEqual([]),
    );
  });

  it('follows renames, MTU, MAC, addresses and up and down on the same node', async () => {
    ip(`link add ${named('v0')} type veth peer name ${named('v1')}`);
    await eventually(() => nodeNamed(probe.graph, named('v0')));
    const { id, metadata } = nodeNamed(probe.graph, named('v0'));
    ip(`link set ${named('v0')} name ${named('new')} address 02:00:00:00:77:02 mtu 1300 up`);
    ip(`addr add 10.254.9.1/24 dev ${named('new')}`);
    ip(`addr add 10.254.8.1/24 dev ${named('new')}`);
    ip(`addr del 10.254.9.1/24 dev ${named('new')}`);
    await eventually(() =>
      expect(probe.graph.node(id)?.metadata).toMatchObject({
        Name: named('new'),
        MAC: '02:00:00:00:77:02',
        MTU: 1300,
        IPV4: ['10.254.8.1/24'],
        // Flows of before point to it (topology notes, section 3).
        TID: metadata['TID'],
      }),
    );
    expect(probe.interfaceOf(id)).toMatchObject({ name: named('new'), up: true });
    ip(`link set ${named('new')} down`);
    ip(`addr flush dev ${named('new')}`);
    await eventually(() => {
      expect(probe.graph.node(id)?.metadata['LinkFlags']).not.toContain('UP');
      expect(probe.graph.node(id)?.metadata).not.toHaveProperty('IPV4');
    });
  });

  it('takes away what stops being true: the master, its edge', async () => {
    ip(`link add ${named('br')} type bridge`);
    ip(`link add ${named('v0')} type veth peer name ${named('v1')}`);
    ip(`link set ${named('v0')} master ${named('br')}`);
    const member = (): ReturnType<typeof nodeNamed> => nodeNamed(probe.graph, named('v0'));
    await eventually(() =>
      expect(layer2Of(probe.graph, member())).toContain(`${named('br')}>${named('v0')}`),
    );
    ip(`link set ${named('v0')} nomaster`);
    await eventually(() => {
      expect(member().metadata).not.toHaveProperty('MasterIndex');
      expect(layer2Of(probe.graph, member()).map((edge) => edge.split(' ')[1])).toEqual(['veth']);
    });
  });

  it('re-owns an interface that moves to another namespace and back, and keeps the edge to its peer', async () => {
    ip(`link add ${named('v0')} type veth peer name ${named('v1')}`);
    await eventually(() => nodeNamed(probe.graph, named('v0'), HOST));
    const before = nodeNamed(probe.graph, named('v0'));
    ip(`link set ${named('v0')} netns ${NS1}`);
    await eventually(() => {
      const moved = nodeNamed(probe.graph, named('v0'));
      expect(ownersOf(probe.graph, moved)).toEqual([NS1]);
      expect(moved.metadata['TID']).not.toBe(before.metadata['TID']);
      expect(layer2Of(probe.graph, moved)).toHaveLength(1);
      expect(nodeNamed(probe.graph, named('v1')).metadata['LinkNetNsName']).toBe(NS1);
    });
    ip(`-n ${NS1} link set ${named('v0')} netns 1`);
    await eventually(() => {
      const back = nodeNamed(probe.graph, named('v0'));
      expect(ownersOf(probe.graph, back)).toEqual([HOST]);
      expect(back.metadata['TID']).toBe(before.metadata['TID']);
      expect(layer2Of(probe.graph, back)).toHaveLength(1);
      expect(nodeNamed(probe.graph, named('v1')).metadata).not.toHaveProperty('LinkNetNsName');
    });
  });

  it('gives the same ids after a restart of the probe', async () => {
    ip(`link add ${named('v0')} type veth peer name eth0 netns ${NS1}`);
    await eventually(() =>
      expect(layer2Of(probe.graph, nodeNamed(probe.graph, named('v0')))).toHaveLength(1),
    );
    const second = createTopologyProbe({ hostId: HOST, log: () => {} });
    await second.start();
    for (const node of [
      nodeNamed(probe.graph, HOST),
      nodeNamed(probe.graph, NS1),
      nodeNamed(probe.graph, 'eth0', NS1),
    ]) {
      const again = second.graph.node(node.id);
      expect(again?.metadata['TID']).toBe(node.metadata['TID']);
      expect(edgesInto(second.graph, again!, 'ownership').map((edge) => edge.id)).toEqual(
        edgesInto(probe.graph, node, 'ownership').map((edge) => edge.id),
      );
    }
    second.stop();
    const stranger = createTopologyProbe({ hostId: 'tp-other', log: () => {} });
    await stranger.start();
    expect(stranger.graph.node(nodeNamed(probe.graph, 'lo', HOST).id)).toBeUndefined();
    stranger.stop();
  });

  it('announces an interface before its edges, and its edges gone before itself', async () => {
    ip(`link add ${named('v0')} type veth peer name ${named('v1')}`);
    await eventually(() =>
      expect(layer2Of(probe.graph, nodeNamed(probe.graph, named('v0')))).toHaveLength(1),
    );
    const { id } = nodeNamed(probe.graph, named('v0'));
    ip(`link del ${named('v0')}`);
    await eventually(() => expect(probe.graph.node(id)).toBeUndefined());
    await eventually(() =>
      expect(events.some((event) => event.kind === 'nodeDeleted' && event.node.id === id)).toBe(true),
    );
    const about = events.flatMap((event): string[] => {
      if ('node' in event) return event.node.id === id ? [event.kind] : [];
      const touches = [event.edge.parent, event.edge.child].includes(id);
      return touches ? [`${event.kind} ${textOf(event.edge, 'RelationType')}`] : [];
    });
    const order = about.filter((kind) => kind !== 'nodeUpdated');
    expect(order).toEqual([
      'nodeAdded',
      'edgeAdded ownership',
      'edgeAdded layer2',
      'edgeDeleted ownership',
      'edgeDeleted layer2',
      'nodeDeleted',
    ]);
  });

  it('measures counters at each tick: the sum, and what was added since the tick before', async () => {
    ip(`link add ${named('v0')} type veth peer name eth0 netns ${NS1}`);
    ip(`addr add 10.254.9.1/24 dev ${named('v0')}`);
    ip(`link set ${named('v0')} up`);
    ip(`-n ${NS1} link set eth0 up`);
    await eventually(() =>
      expect(nodeNamed(probe.graph, named('v0')).metadata).toHaveProperty('LastUpdateMetric'),
    );
    const { Metric, LastUpdateMetric } = nodeNamed(probe.graph, named('v0')).metadata as Record<
      string,
      Record<string, number>
    >;
    expect(Metric!['TxBytes']).toBeGreaterThanOrEqual(LastUpdateMetric!['TxBytes']!);
    expect(LastUpdateMetric!['Last']).toBe(Metric!['Last']);
    expect(Metric).not.toHaveProperty('Start');
    expect(LastUpdateMetric!['Start']).toBeLessThan(LastUpdateMetric!['Last']!);
    expect(Object.values(Metric!)).not.toContain(0);
  });

  it('shows what captures do on the node until they are gone', () => {
    const { id } = nodeNamed(probe.graph, 'lo', HOST);
    const state = {
      ID: 'c1',
      State: 'active',
      PacketsReceived: 1,
      PacketsDropped: 0,
      PacketsIfDropped: 0,
    } as const;
    probe.setCaptureStates(id, [state]);
    expect(probe.graph.node(id)?.metadata['Captures']).toEqual([state]);
    probe.setCaptureStates(id, []);
    expect(probe.graph.node(id)?.metadata).not.toHaveProperty('Captures');
    probe.setCaptureStates('unknown', [state]);
  });

  it('stays equal to the world while namespaces come and go quickly', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `tp-q-${tag}-${index}`);
    for (const [index, name] of names.entries()) {
      ip(`netns add ${name}`);
      ip(`link add ${named(`q${index}`)} type veth peer name eth0 netns ${name}`);
      if (index >= 10) ip(`netns del ${names[index - 10]}`);
    }
    await eventually(() => {
      const inWorld = ip('netns list')
        .split('\n')
        .map((line) => line.split(' ')[0]!)
        .filter((name) => names.includes(name));
      const inGraph = [...probe.graph.nodes()]
        .map((node) => textOf(node, 'Name'))
        .filter((name) => names.includes(name));
      expect(inGraph.sort()).toEqual(inWorld.sort());
      const links = ipLinks()
        .map((link) => link.ifname)
        .filter((name) => name.startsWith(named('q')));
      expect(links).toHaveLength(10);
      for (const link of links) expect(layer2Of(probe.graph, nodeNamed(probe.graph, link))).toHaveLength(1);
      expect(
        [...probe.graph.nodes()].filter((node) => textOf(node, 'Name').startsWith(named('q'))),
      ).toHaveLength(10);
    }, 2_000);
    for (const name of names.slice(-10)) ip(`netns del ${name}`);
    await eventually(() =>
      expect([...probe.graph.nodes()].filter((node) => names.includes(textOf(node, 'Name')))).toEqual([]),
    );
    expect(probe.status()['netlink']).toMatchObject({ state: 'running', failures: 0, lastError: null });
    // A veth may go while its driver is asked: told once.
    expect(logged.filter((line) => !line.includes('was gone before'))).toEqual([]);
  }, 20_000);
});
