/** Open vSwitch: a real one, its datapath in user space, as its bridges change and as its database goes and comes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GraphNode, Json } from '../../../../core/graph/element.ts';
import { tidOfHost, uuidV5 } from '../../../../core/ids.ts';
import { readSourceSettings } from '../../../../probe/topology/sources/settings.ts';
import { createTopologyProbe, type TopologyProbe } from '../../../../probe/topology/topology.ts';
import { edgesInto, eventually, ip, isRoot, layer2Of, ownersOf, textOf } from '../live.ts';
import { hasCommand } from './commands.ts';
import { OvsSwitch } from './ovs-switch.ts';

const HOST = 'ovs-host';
const NETNS = `ov-${process.pid}`;
const TIMEOUT_MS = 10_000;
const canRun = isRoot && hasCommand('ovs-vswitchd');

describe.skipIf(!canRun)(
  'OvsdbSource with ovs-vswitchd (needs root and openvswitch-switch)',
  { timeout: 30_000 },
  () => {
    let ovs: OvsSwitch;
    let probe: TopologyProbe;
    const status = (): Record<string, Json> => probe.status()['ovsdb'] as Record<string, Json>;
    /** The node of this name and type; throws when there is none. */
    const node = (name: string, type: string): GraphNode => {
      const found = [...probe.graph.nodesWith('Name', name)].filter((each) => each.metadata['Type'] === type);
      if (found.length !== 1) throw new Error(`${found.length} nodes ${name} of type ${type}`);
      return found[0]!;
    };
    const has = (name: string, type: string): boolean =>
      [...probe.graph.nodesWith('Name', name)].some((each) => each.metadata['Type'] === type);

    beforeAll(async () => {
      ovs = new OvsSwitch(NETNS);
      probe = createTopologyProbe({
        hostId: HOST,
        sources: readSourceSettings(`ovsdb=${ovs.socket}`),
        log: () => {},
      });
      ovs.start();
      await probe.start();
      // As the service's start script does.
      ovs.vsctl('set', 'open_vswitch', '.', 'ovs_version=3.1.0', 'db_version=8.3.1');
      ip(`-n ${NETNS} link add ovp type veth peer name ovq`);
      ip(`-n ${NETNS} link set ovp up`);
      ovs.vsctl(
        'add-br',
        'ovbr',
        '--',
        'set',
        'bridge',
        'ovbr',
        'datapath_type=netdev',
        'protocols=OpenFlow13',
      );
      ovs.vsctl(
        'set',
        'bridge',
        'ovbr',
        'other_config:hwaddr=02:00:00:00:00:77',
        'external_ids:team.name=red',
      );
      ovs.vsctl(
        'add-port',
        'ovbr',
        'ovp',
        'tag=7',
        '--',
        'set',
        'interface',
        'ovp',
        'external_ids:iface-id=port-1',
      );
    }, 30_000);
    afterAll(async () => {
      probe.stop();
      await ovs.stop();
    });

    it('shows a bridge with its versions, settings and the TID of its UUID', async () => {
      await eventually(() => expect(node('ovbr', 'ovsbridge').metadata['ExtID']).toBeDefined(), TIMEOUT_MS);
      const uuid = ovs.vsctl('get', 'bridge', 'ovbr', '_uuid');
      expect(node('ovbr', 'ovsbridge').metadata).toEqual({
        Name: 'ovbr',
        Type: 'ovsbridge',
        UUID: uuid,
        TID: uuidV5(`${tidOfHost(HOST)}${uuid}ovsbridge`),
        Ovs: {
          Version: '3.1.0',
          DBVersion: '8.3.1',
          OtherConfig: { hwaddr: '02:00:00:00:00:77' },
          Protocols: ['OpenFlow13'],
        },
        ExtID: { team: { name: 'red' } },
      });
      expect(ownersOf(probe.graph, node('ovbr', 'ovsbridge'))).toEqual([HOST]);
    });

    it('joins bridge, port and the kernel’s interface, which keeps its owner and gets keys', async () => {
      await eventually(() => expect(node('ovp', 'veth').metadata['OfPort']).toBe(1), TIMEOUT_MS);
      expect(node('ovp', 'ovsport').metadata).toMatchObject({
        Vlans: 7,
        UUID: ovs.vsctl('get', 'port', 'ovp', '_uuid'),
      });
      expect(ownersOf(probe.graph, node('ovp', 'ovsport'))).toEqual(['ovbr']);
      expect(layer2Of(probe.graph, node('ovp', 'ovsport'))).toEqual(['ovbr>ovp', 'ovp>ovp']);
      const device = node('ovp', 'veth');
      expect(device.metadata).toMatchObject({
        UUID: ovs.vsctl('get', 'interface', 'ovp', '_uuid'),
        Driver: 'veth',
        ExtID: { 'iface-id': 'port-1' },
      });
      expect(ownersOf(probe.graph, device)).toEqual([NETNS]);
      // The bridge's own interface is a tap device here.
      await eventually(
        () => expect(ownersOf(probe.graph, node('ovbr', 'internal'))).toEqual([NETNS]),
        TIMEOUT_MS,
      );
      expect(node('ovbr', 'internal').metadata).toMatchObject({ OfPort: 65_534, MAC: '02:00:00:00:00:77' });
      await eventually(() =>
        expect(node('ovs-netdev', 'tuntap').metadata['Ovs']).toEqual({
          Version: '3.1.0',
          DBVersion: '8.3.1',
        }),
      );
    });

    it('shows tunnels and patch ports, which the kernel does not know, as nodes of the bridge', async () => {
      ovs.vsctl(
        'add-port',
        'ovbr',
        'ovvx',
        '--',
        'set',
        'interface',
        'ovvx',
        'type=vxlan',
        'options:remote_ip=192.0.2.9',
        'options:key=42',
      );
      ovs.vsctl('add-br', 'ovbr2', '--', 'set', 'bridge', 'ovbr2', 'datapath_type=netdev');
      ovs.vsctl('add-port', 'ovbr', 'ova', '--', 'set', 'interface', 'ova', 'type=patch', 'options:peer=ovb');
      ovs.vsctl(
        'add-port',
        'ovbr2',
        'ovb',
        '--',
        'set',
        'interface',
        'ovb',
        'type=patch',
        'options:peer=ova',
      );
      await eventually(
        () => expect(layer2Of(probe.graph, node('ova', 'patch'))).toEqual(['ova>ova', 'ova>ovb patch']),
        TIMEOUT_MS,
      );
      expect(ownersOf(probe.graph, node('ovb', 'patch'))).toEqual(['ovbr2']);
      await eventually(() =>
        expect(node('ovvx', 'vxlan').metadata).toMatchObject({
          Driver: 'openvswitch',
          RemoteIP: '192.0.2.9',
          Options: { remote_ip: '192.0.2.9', key: '42' },
        }),
      );
      expect(ownersOf(probe.graph, node('ovvx', 'vxlan'))).toEqual(['ovbr']);
    });

    it('shows a mirror, trunks, a bond, and the error of a port without a device', async () => {
      ovs.vsctl('add-port', 'ovbr', 'ovnone', 'trunks=3,5');
      ovs.vsctl(
        '--',
        '--id=@p',
        'get',
        'port',
        'ovp',
        '--',
        '--id=@o',
        'get',
        'port',
        'ovnone',
        '--',
        '--id=@m',
        'create',
        'mirror',
        'name=m',
        'select_src_port=@p',
        'select_dst_port=@p',
        'output_port=@o',
        '--',
        'set',
        'bridge',
        'ovbr',
        'mirrors=@m',
      );
      await eventually(
        () => expect(edgesInto(probe.graph, node('ovnone', 'ovsport'), 'mirroring')).toHaveLength(1),
        TIMEOUT_MS,
      );
      const [mirror] = edgesInto(probe.graph, node('ovnone', 'ovsport'), 'mirroring');
      expect(mirror!.parent).toBe(node('ovp', 'ovsport').id);
      expect(node('ovnone', 'ovsport').metadata['Vlans']).toEqual([3, 5]);
      await eventually(
        () => expect(textOf(node('ovnone', 'device'), 'Driver')).toBe('openvswitch'),
        TIMEOUT_MS,
      );
      expect(node('ovnone', 'device').metadata['Ovs']).toMatchObject({
        Error: expect.stringContaining('ovnone') as string,
      });
    });

    it('writes its keys again when the device was made anew', async () => {
      ip(`-n ${NETNS} link del ovp`);
      await eventually(() => expect(has('ovp', 'veth')).toBe(false));
      ip(`-n ${NETNS} link add ovp type veth peer name ovq`);
      await eventually(
        () => expect(node('ovp', 'veth').metadata).toMatchObject({ ExtID: { 'iface-id': 'port-1' } }),
        TIMEOUT_MS,
      );
      await eventually(() => expect(has('ovp', 'device')).toBe(false), TIMEOUT_MS);
      expect(layer2Of(probe.graph, node('ovp', 'ovsport'))).toEqual(['ovbr>ovp', 'ovp>ovp']);
    });

    it('keeps the switch while its database is away, and takes up what changed meanwhile', async () => {
      await ovs.killDatabase();
      await eventually(() => expect(status()).toMatchObject({ state: 'error' }));
      expect(status()['lastError']).toMatch(/ended the connection|ECONNREFUSED|ENOENT/);
      expect(has('ovbr', 'ovsbridge')).toBe(true);
      expect(probe.status()['netlink']).toMatchObject({ state: 'running', lastError: null });
      ovs.startDatabase();
      ovs.vsctl('--retry', 'del-br', 'ovbr2');
      await eventually(() => expect(status()).toMatchObject({ state: 'running' }), TIMEOUT_MS);
      await eventually(() => expect(has('ovbr2', 'ovsbridge')).toBe(false), TIMEOUT_MS);
    });

    it('takes everything back when the bridge goes, also from the kernel’s node', async () => {
      ovs.vsctl('del-br', 'ovbr');
      await eventually(() => expect(has('ovbr', 'ovsbridge')).toBe(false), TIMEOUT_MS);
      for (const [name, type] of [
        ['ovp', 'ovsport'],
        ['ova', 'patch'],
        ['ovvx', 'vxlan'],
        ['ovnone', 'device'],
      ] as const)
        expect(has(name, type)).toBe(false);
      const { metadata } = node('ovp', 'veth');
      for (const key of ['UUID', 'OfPort', 'ExtID']) expect(metadata).not.toHaveProperty(key);
      expect(metadata).toMatchObject({ Name: 'ovp', Driver: 'veth' });
      expect(status()).toMatchObject({ nodes: 0 });
    });
  },
);
