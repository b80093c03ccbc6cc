/** From messages to nodes and edges, for kinds and sizes that the machine of a test may not have. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { GraphEvent } from '../../../core/graph/element.ts';
import { limits } from '../../../core/limits.ts';
import { NO_DRIVER, type DriverFacts } from '../../../probe/linux/ethtool.ts';
import { LITTLE_ENDIAN } from '../../../probe/topology/rtnetlink/netlink.ts';
import { attribute, ip4, macBytes, MessageWorld, nested, textBytes, u16, u32, u8 } from './message-world.ts';

const driver = (facts: Partial<DriverFacts>): DriverFacts => ({ ...NO_DRIVER, ...facts });
const pci = (place: string): DriverFacts => driver({ driver: 'mlx5_core', busInfo: place });

describe.skipIf(!LITTLE_ENDIAN)('InterfaceGraph', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('links members to their bond and their VRF, and says so on both', () => {
    const world = new MessageWorld();
    const root = world.namespace('root');
    const bondSlave = (state: number): ReturnType<typeof attribute> =>
      attribute(18, nested(attribute(4, textBytes('bond')), attribute(5, nested(attribute(1, u8(state))))));
    root.link(10, 'eth0', { master: 12, more: [bondSlave(0)] });
    root.link(11, 'eth1', { master: 12, more: [bondSlave(1)] });
    root.link(12, 'bond0', { kind: 'bond', data: [attribute(1, u8(1)), attribute(2, u32(10))], master: 20 });
    root.link(20, 'blue', { kind: 'vrf', data: [attribute(1, u32(100))] });
    world.settle();
    expect(world.edges).toEqual([
      'root/12>root/10 layer2',
      'root/12>root/11 layer2',
      'root/20>root/12 layer2',
    ]);
    expect(world.metadata('root/12')).toMatchObject({
      Type: 'bond',
      BondMode: 'active-backup',
      BondActiveIndex: 10,
    });
    expect(world.metadata('root/11')).toMatchObject({
      Type: 'device',
      MasterIndex: 12,
      BondSlave: { Type: 'bond', State: 'BACKUP' },
    });
    expect(world.metadata('root/20')).toMatchObject({ Type: 'vrf', VrfTable: 100 });
    root.link(11, 'eth1');
    world.settle();
    expect(world.edges).toEqual(['root/12>root/10 layer2', 'root/20>root/12 layer2']);
    expect(world.metadata('root/11')).not.toHaveProperty('BondSlave');
    expect(world.metadata('root/11')).not.toHaveProperty('MasterIndex');
  });

  it('links a vlan to its parent in another namespace; a macvlan and an ipvlan only name theirs', () => {
    const world = new MessageWorld();
    const [root, vm1] = [world.namespace('root'), world.namespace('vm1')];
    vm1.numbers.set(3, root);
    root.link(2, 'eth0');
    vm1.link(2, 'eth0.7', { kind: 'vlan', link: 2, linkNetnsId: 3, data: [attribute(1, u16(7))] });
    vm1.link(3, 'mv0', { kind: 'macvlan', link: 2, linkNetnsId: 3, data: [attribute(1, u32(4))] });
    vm1.link(4, 'iv0', { kind: 'ipvlan', link: 2, linkNetnsId: 3 });
    world.settle();
    expect(world.edges).toEqual(['root/2>vm1/2 layer2 vlan']);
    for (const index of [2, 3, 4])
      expect(world.metadata(`vm1/${index}`)).toMatchObject({
        ParentIndex: 2,
        LinkNetNsID: 3,
        LinkNetNsName: '',
      });
    expect(world.metadata('vm1/2')).toMatchObject({ Vlan: 7 });
  });

  it('joins pairs of newer kinds like veths', () => {
    const world = new MessageWorld();
    const [root, vm1] = [world.namespace('root'), world.namespace('vm1')];
    root.numbers.set(0, vm1);
    vm1.numbers.set(0, root);
    root.link(5, 'nk0', { kind: 'netkit', link: 5, linkNetnsId: 0 });
    vm1.link(5, 'nk1', { kind: 'netkit', link: 5, linkNetnsId: 0 });
    world.settle();
    expect(world.edges).toEqual(['vm1/5>root/5 layer2 netkit']);
    expect(world.metadata('root/5')).toMatchObject({ PeerIfIndex: 5, LinkNetNsName: 'vm1' });
  });

  describe('what carries a tunnel', () => {
    const vxlan = (local: string): ReturnType<typeof attribute>[] => [
      attribute(1, u32(100)),
      attribute(2, ip4('10.0.0.2')),
      attribute(4, ip4(local)),
    ];

    it('is its device, when it has one', () => {
      const world = new MessageWorld();
      const [root, vm1] = [world.namespace('root'), world.namespace('vm1')];
      vm1.numbers.set(1, root);
      root.link(2, 'eth0');
      root.link(9, 'gre1', { kind: 'gre', link: 2, data: [attribute(6, ip4('10.9.9.9'))] });
      // Made in root and moved: its outer packets still leave there.
      const data = [...vxlan('10.9.9.9'), attribute(3, u32(2))];
      vm1.link(9, 'vx0', { kind: 'vxlan', linkNetnsId: 1, data });
      world.settle();
      // The kernel has a VXLAN's device among its own data only.
      expect(world.metadata('vm1/9')).toMatchObject({ ParentIndex: 2, LinkNetNsID: 1 });
      expect(world.edges).toEqual(['root/2>root/9 underlay gre', 'root/2>vm1/9 underlay vxlan']);
    });

    it('is whoever has its address, now', () => {
      const world = new MessageWorld();
      const [root, vm1] = [world.namespace('root'), world.namespace('vm1')];
      for (const index of [2, 3]) root.link(index, `eth${index}`);
      root.link(9, 'vx0', { kind: 'vxlan', data: vxlan('10.0.0.1') });
      vm1.link(2, 'eth0');
      vm1.address(2, '10.0.0.1/24');
      world.settle();
      expect(world.edges).toEqual([]);
      root.address(2, '10.0.0.1/24');
      world.settle();
      expect(world.edges).toEqual(['root/2>root/9 underlay vxlan']);
      root.address(2, '10.0.0.1/24', true);
      root.address(3, '10.0.0.1/32');
      world.settle();
      expect(world.edges).toEqual(['root/3>root/9 underlay vxlan']);
      root.onRefresh.set(9, () => root.link(9, 'vx0', { kind: 'vxlan', data: vxlan('10.0.0.1') }));
      root.unlink(3);
      world.settle();
      expect(world.edges).toEqual([]);
      expect(world.metadata('root/9')).toMatchObject({
        LocalIP: '10.0.0.1',
        RemoteIP: '10.0.0.2',
        Tunnel: { VNI: 100 },
      });
    });
  });

  describe('virtual functions', () => {
    const card = '0000:3b:00.0';
    const list = (...macs: string[]): ReturnType<typeof attribute>[] => [
      attribute(21, u32(macs.length)),
      attribute(
        22,
        nested(
          ...macs.map((address, id) =>
            attribute(
              1,
              nested(attribute(1, new Uint8Array([...u32(id), ...macBytes(address), ...new Uint8Array(26)]))),
            ),
          ),
        ),
      ),
    ];

    it('are on their card, joined to it, and numbered, also in other namespaces', () => {
      const world = new MessageWorld();
      const [root, vm1] = [world.namespace('root'), world.namespace('vm1')];
      world.drivers.set('ens1', pci(card));
      world.drivers.set('ens1v0', pci('0000:3b:00.2'));
      world.drivers.set('eth7', pci('0000:3b:00.3'));
      world.functions.set(
        card,
        new Map([
          ['0000:3b:00.2', 0],
          ['0000:3b:00.3', 1],
        ]),
      );
      vm1.link(7, 'eth7');
      root.link(2, 'ens1', { more: list('02:00:00:00:0f:00', '02:00:00:00:0f:01') });
      root.link(3, 'ens1v0');
      world.settle();
      expect(world.edges).toEqual(['root/2>root/3 vf', 'root/2>vm1/7 vf']);
      expect(world.metadata('root/2')['Vfs']).toEqual([
        { MAC: '02:00:00:00:0f:00' },
        { ID: 1, MAC: '02:00:00:00:0f:01' },
      ]);
      expect(world.metadata('root/2')).not.toHaveProperty('VfID');
      expect(world.metadata('root/3')).toMatchObject({ VfID: 0, BusInfo: '0000:3b:00.2' });
      expect(world.metadata('vm1/7')).toMatchObject({ VfID: 1 });
      // An event, which never speaks of them.
      root.link(2, 'ens1', { more: [attribute(20, textBytes('uplink'))] });
      world.settle();
      expect(world.metadata('root/2')).toMatchObject({ Alias: 'uplink', Vfs: [{}, {}] });
      root.unlink(2);
      world.settle();
      expect(world.edges).toEqual([]);
      expect(world.metadata('root/3')).not.toHaveProperty('VfID');
    });

    it('that are switched on without a word of the card are seen when they come', () => {
      const world = new MessageWorld();
      const root = world.namespace('root');
      world.drivers.set('ens1', pci(card));
      world.drivers.set('ens1v0', pci('0000:3b:00.2'));
      world.functions.set(card, new Map());
      root.link(2, 'ens1', { more: list() });
      world.settle();
      world.functions.set(card, new Map([['0000:3b:00.2', 0]]));
      root.onRefresh.set(2, () => root.link(2, 'ens1', { more: list('02:00:00:00:0f:00') }));
      root.link(3, 'ens1v0');
      world.settle();
      expect(world.edges).toEqual(['root/2>root/3 vf']);
      expect(world.metadata('root/2')['Vfs']).toEqual([{ MAC: '02:00:00:00:0f:00' }]);
      // … and switched off.
      world.functions.set(card, new Map());
      root.unlink(3);
      root.link(2, 'ens1', { more: list() });
      world.settle();
      expect(world.edges).toEqual([]);
      expect(world.metadata('root/2')).not.toHaveProperty('Vfs');
    });
  });

  it('reads an interface anew that is gone when its driver is asked; says so once, and counts', () => {
    const world = new MessageWorld();
    const root = world.namespace('root');
    for (const name of ['gone1', 'gone2', 'old']) world.drivers.set(name, undefined);
    world.drivers.set('new', driver({ driver: 'veth', speed: 10_000 }));
    root.link(2, 'gone1');
    root.link(3, 'gone2');
    root.link(4, 'old');
    root.onRefresh.set(4, () => root.link(4, 'new'));
    world.settle();
    expect(world.host.graph.node('root/2')).toBeUndefined();
    expect(world.host.graph.node('root/3')).toBeUndefined();
    expect(world.metadata('root/4')).toMatchObject({ Name: 'new', Driver: 'veth', Speed: 10_000 });
    expect(world.interfaces.vanished).toBe(3);
    expect(world.log).toEqual([expect.stringContaining('gone1 was gone')]);
  });

  it('follows what drivers say without a word of the kernel', () => {
    const world = new MessageWorld();
    const root = world.namespace('root');
    world.drivers.set(
      'eth0',
      driver({ driver: 'e1000', speed: 100, duplex: 'half', features: { highdma: true } }),
    );
    root.link(2, 'eth0');
    world.settle();
    const revision = world.host.graph.node('root/2')!.revision;
    world.interfaces.refreshFacts(root, [2, 99]);
    expect(world.host.graph.node('root/2')!.revision).toBe(revision);
    world.drivers.set(
      'eth0',
      driver({ driver: 'e1000', speed: 1_000, duplex: 'full', features: { highdma: false } }),
    );
    world.interfaces.refreshFacts(root, [2]);
    expect(world.metadata('root/2')).toMatchObject({
      Speed: 1_000,
      Duplex: 'full',
      Features: { highdma: false },
    });
    expect(world.host.graph.node('root/2')!.revision).toBe(revision + 1);
  });

  it('announces and takes back in the order of the reference', () => {
    // topology notes, section 5
    const world = new MessageWorld();
    const root = world.namespace('root');
    world.host.flush();
    const events: GraphEvent[] = [];
    world.host.onChanges((batch) => events.push(...batch));
    const said = (): string[] => {
      world.host.flush();
      return events
        .splice(0)
        .map((event) =>
          'node' in event
            ? `${event.kind} ${event.node.id}`
            : `${event.kind} ${event.edge.metadata['RelationType'] as string} ${event.edge.child}`,
        );
    };
    root.link(2, 'br0', { kind: 'bridge' });
    root.link(3, 'p0', { kind: 'veth', master: 2, link: 4 });
    root.link(4, 'p1', { kind: 'veth', link: 3 });
    world.settle();
    expect(said()).toEqual([
      ...[2, 3, 4].flatMap((index) => [`nodeAdded root/${index}`, `edgeAdded ownership root/${index}`]),
      'edgeAdded layer2 root/3',
      'edgeAdded layer2 root/3',
    ]);
    root.unlink(2);
    root.onRefresh.set(3, () => root.link(3, 'p0', { kind: 'veth', link: 4 }));
    world.settle();
    expect(said()).toEqual([
      'edgeDeleted ownership root/2',
      'edgeDeleted layer2 root/3',
      'nodeDeleted root/2',
      'nodeUpdated root/3',
    ]);
  });

  describe('ten thousand interfaces', () => {
    const COUNT = 10_000;

    it('become as many nodes and edges, and a change of one is a change of one', () => {
      const world = new MessageWorld();
      const root = world.namespace('root');
      root.link(2, 'br0', { kind: 'bridge' });
      for (let index = 10; index < COUNT + 10; index++)
        root.link(index, `p${index}`, { kind: 'dummy', master: 2 });
      world.settle();
      expect(world.interfaces.count).toBe(COUNT + 1);
      expect(world.edges).toHaveLength(COUNT);
      world.host.flush();
      let events = 0;
      world.host.onChanges((batch) => (events += batch.length));
      const startedMs = performance.now();
      // A bridge says something each time a port joins or leaves: that must not cost what its ports cost.
      for (let mtu = 0; mtu < 1_000; mtu++) {
        root.link(2, 'br0', { kind: 'bridge', more: [attribute(4, u32(2_000 + mtu))] });
        world.settle();
      }
      world.host.flush();
      expect(events).toBe(1_000);
      // 40 ms where this was written; with the ports it would be 10 million lookups, and minutes.
      expect(performance.now() - startedMs).toBeLessThan(5_000);
    }, 30_000);

    it('that do not fit are counted, said once, and taken when there is room', () => {
      const world = new MessageWorld();
      const root = world.namespace('root');
      root.link(2, 'a');
      world.settle();
      const free = 4;
      const held = world.host.graph.nodeCount + world.host.graph.edgeCount;
      vi.spyOn(limits, 'elementsPerHostMax', 'get').mockReturnValue((held + free) as never);
      for (const index of [3, 4, 5, 6]) root.link(index, `b${index}`);
      world.settle();
      expect(world.interfaces.count).toBe(3);
      expect(world.host.refused).toBeGreaterThanOrEqual(2);
      expect(world.log).toHaveLength(1);
      vi.restoreAllMocks();
      world.interfaces.refreshFacts(root, [...root.table.indexes()]);
      world.interfaces.settle();
      expect(world.interfaces.count).toBe(5);
    });
  });
});
