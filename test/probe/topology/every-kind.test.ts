/**
 * Every kind of interface that `ip` can make, live where this kernel has it; a kind that it has not is skipped by
 * name. What such kinds become is tested from their messages (rtnetlink/kind-data.test.ts, interface-graph.test.ts).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopologyProbe, type TopologyProbe } from '../../../probe/topology/topology.ts';
import { eventually, ip, ipLinks, isRoot, layer2Of, nodeNamed, textOf, tryIp, whyNot } from './live.ts';

interface Kind {
  readonly kind: string;
  /** What follows `ip link add`; `low` is a veth that is up and has 10.254.3.1/24 and fd00:3::1/64. */
  readonly words: string;
  /** What the node must say beside what `ip` says of any interface. */
  readonly says: Readonly<Record<string, unknown>>;
  /** Its layer2 and underlay edges. */
  readonly edges?: readonly string[];
}

const tunnel = (kind: string): string[] => [`low>k0 underlay ${kind}`];
const ends = { LocalIP: '10.254.3.1', RemoteIP: '10.254.3.2' };
const ends6 = { LocalIP: 'fd00:3::1', RemoteIP: 'fd00:3::2' };
const outer = 'local 10.254.3.1 remote 10.254.3.2';
const outer6 = 'local fd00:3::1 remote fd00:3::2';

const KINDS: readonly Kind[] = [
  { kind: 'dummy', words: 'k0 type dummy', says: { Type: 'dummy', Driver: 'dummy' } },
  { kind: 'ifb', words: 'k0 type ifb', says: { Type: 'ifb', Driver: 'ifb' } },
  { kind: 'nlmon', words: 'k0 type nlmon', says: { Type: 'nlmon', EncapType: 'netlink' } },
  {
    kind: 'veth',
    words: 'k0 type veth peer name k1',
    says: { Type: 'veth', Driver: 'veth', Duplex: 'full' },
    edges: ['k0>k1 layer2 veth'],
  },
  {
    kind: 'netkit',
    words: 'k0 type netkit peer name k1',
    says: { Type: 'netkit' },
    edges: ['k0>k1 layer2 netkit'],
  },
  {
    kind: 'bridge',
    words: 'k0 type bridge stp_state 1',
    says: {
      Type: 'bridge',
      Driver: 'bridge',
      Bridge: { STP: true, ID: expect.stringMatching(/^8000\.[0-9a-f]{12}$/) },
    },
  },
  {
    kind: 'bridge with VLANs',
    words: 'k0 type bridge vlan_filtering 1 vlan_default_pvid 7',
    says: { Type: 'bridge', Bridge: { VlanFiltering: true, VlanProtocol: '802.1Q', DefaultPVID: 7 } },
  },
  {
    kind: 'vlan',
    words: 'link low name k0 type vlan id 42',
    says: { Type: 'vlan', Vlan: 42, VlanProtocol: '802.1Q' },
    edges: ['low>k0 layer2 vlan'],
  },
  {
    kind: 'macvlan',
    words: 'link low name k0 type macvlan mode private',
    says: { Type: 'macvlan', MacvlanMode: 'private' },
  },
  {
    kind: 'macvtap',
    words: 'link low name k0 type macvtap mode vepa',
    says: { Type: 'macvtap', MacvlanMode: 'vepa' },
  },
  {
    kind: 'ipvlan',
    words: 'link low name k0 type ipvlan mode l3',
    says: { Type: 'ipvlan', IpvlanMode: 'l3', IpvlanFlag: 'bridge' },
  },
  {
    kind: 'ipvtap',
    words: 'link low name k0 type ipvtap mode l2',
    says: { Type: 'ipvtap', IpvlanMode: 'l2' },
  },
  {
    kind: 'bond',
    words: 'k0 type bond mode active-backup',
    says: { Type: 'bond', BondMode: 'active-backup' },
  },
  { kind: 'team', words: 'k0 type team', says: { Type: 'team' } },
  { kind: 'vrf', words: 'k0 type vrf table 77', says: { Type: 'vrf', VrfTable: 77 } },
  {
    kind: 'vxlan',
    words: `k0 type vxlan id 5 dstport 4789 ttl 9 ${outer}`,
    says: { Type: 'vxlan', ...ends, Tunnel: { VNI: 5, Port: 4789, TTL: 9, Learning: true } },
    edges: tunnel('vxlan'),
  },
  {
    kind: 'vxlan with a device and a group',
    words: 'k0 type vxlan id 6 dstport 4789 group 239.1.1.1 dev low',
    says: { Type: 'vxlan', Tunnel: { VNI: 6, Group: '239.1.1.1' } },
    edges: tunnel('vxlan'),
  },
  {
    kind: 'vxlan over IPv6',
    words: `k0 type vxlan id 7 dstport 4789 ${outer6}`,
    says: { Type: 'vxlan', ...ends6 },
    edges: tunnel('vxlan'),
  },
  {
    kind: 'vxlan without ends of its own',
    words: 'k0 type vxlan external dstport 4789',
    says: { Type: 'vxlan', Tunnel: { External: true } },
    edges: [],
  },
  {
    kind: 'geneve',
    words: 'k0 type geneve id 5 remote 10.254.3.2',
    says: { Type: 'geneve', RemoteIP: '10.254.3.2', Tunnel: { VNI: 5, Port: 6081 } },
  },
  {
    kind: 'gre',
    words: `k0 type gre key 9 ${outer}`,
    says: { Type: 'gre', EncapType: 'gre', ...ends, Tunnel: { IKey: 9, OKey: 9 } },
    edges: tunnel('gre'),
  },
  {
    kind: 'gretap',
    words: `k0 type gretap ${outer}`,
    says: { Type: 'gretap', EncapType: 'ether', ...ends },
    edges: tunnel('gretap'),
  },
  {
    kind: 'ip6gre',
    words: `k0 type ip6gre ${outer6}`,
    says: { Type: 'ip6gre', EncapType: 'gre6', ...ends6 },
    edges: tunnel('ip6gre'),
  },
  {
    kind: 'ip6gretap',
    words: `k0 type ip6gretap ${outer6}`,
    says: { Type: 'ip6gretap', ...ends6 },
    edges: tunnel('ip6gretap'),
  },
  {
    kind: 'ipip',
    words: `k0 type ipip ${outer}`,
    says: { Type: 'ipip', EncapType: 'ipip', ...ends },
    edges: tunnel('ipip'),
  },
  {
    kind: 'sit',
    words: `k0 type sit ${outer}`,
    says: { Type: 'sit', EncapType: 'sit', ...ends },
    edges: tunnel('sit'),
  },
  {
    kind: 'ip6tnl',
    words: `k0 type ip6tnl ${outer6}`,
    says: { Type: 'ip6tnl', EncapType: 'tunnel6', ...ends6 },
    edges: tunnel('ip6tnl'),
  },
  {
    kind: 'vti',
    words: `k0 type vti key 4 ${outer}`,
    says: { Type: 'vti', ...ends, Tunnel: { IKey: 4, OKey: 4 } },
    edges: tunnel('vti'),
  },
  { kind: 'vti6', words: `k0 type vti6 ${outer6}`, says: { Type: 'vti6', ...ends6 }, edges: tunnel('vti6') },
  {
    kind: 'xfrm',
    words: 'k0 type xfrm dev low if_id 42',
    says: { Type: 'xfrm', Tunnel: { IfID: 42 } },
    edges: tunnel('xfrm'),
  },
  { kind: 'wireguard', words: 'k0 type wireguard', says: { Type: 'wireguard', EncapType: 'none' } },
];

describe.skipIf(!isRoot)(`every kind of interface (${whyNot})`, () => {
  const netns = `tp-k-${process.pid}`;
  const inside = (words: string): string => ip(`-n ${netns} ${words}`);
  const skipped: string[] = [];
  let probe: TopologyProbe;

  beforeAll(async () => {
    ip(`netns add ${netns}`);
    inside('link add name low type veth peer name low-peer');
    inside('addr add 10.254.3.1/24 dev low');
    inside('addr add fd00:3::1/64 dev low nodad');
    inside('link set dev low up');
    inside('link set dev low-peer up');
    probe = createTopologyProbe({ hostId: 'tp-host', log: () => {} });
    await probe.start();
  });
  afterAll(() => {
    probe.stop();
    tryIp(`netns del ${netns}`);
    if (skipped.length > 0) console.warn(`kinds that this kernel cannot make: ${skipped.join(', ')}`);
  });

  const edgesOf = (name: string): string[] => {
    const node = nodeNamed(probe.graph, name, netns);
    const of = (id: string): string => textOf(probe.graph.node(id)!, 'Name');
    return [...probe.graph.edgesOut(node.id), ...probe.graph.edgesIn(node.id)]
      .filter((edge) => edge.metadata['RelationType'] !== 'ownership')
      .map((edge) =>
        `${of(edge.parent)}>${of(edge.child)} ${textOf(edge, 'RelationType')} ${textOf(edge, 'Type')}`.trim(),
      );
  };

  it.for(KINDS)('$kind', async ({ kind, words, says, edges = [] }, { skip }) => {
    try {
      inside(`link add ${words}`);
    } catch (error) {
      skipped.push(kind);
      skip(`this kernel cannot make it: ${reasonOf(error)}`);
    }
    try {
      const said = ipLinks(netns).find((link) => link.ifname === 'k0');
      await eventually(() => {
        const { metadata } = nodeNamed(probe.graph, 'k0', netns);
        expect(metadata).toMatchObject({
          ...says,
          IfIndex: said!.ifindex,
          MTU: said!.mtu,
          EncapType: said!.link_type,
        });
        expect(edgesOf('k0')).toEqual(edges);
        if (words.startsWith('link low'))
          expect(metadata['ParentIndex']).toBe(nodeNamed(probe.graph, 'low', netns).metadata['IfIndex']);
      });
    } finally {
      inside('link del dev k0');
    }
    await eventually(() => expect(() => nodeNamed(probe.graph, 'k0', netns)).toThrow('0 nodes'));
  });

  it('members of a bridge say what the bridge says of them', async () => {
    inside('link add name k0 type bridge');
    inside('link set dev low master k0');
    inside('link set dev k0 up');
    const low = (): Readonly<Record<string, unknown>> => nodeNamed(probe.graph, 'low', netns).metadata;
    await eventually(() => expect(low()['BridgePort']).toMatchObject({ State: 'FORWARDING', Priority: 32 }));
    expect(layer2Of(probe.graph, nodeNamed(probe.graph, 'k0', netns))).toEqual(['k0>low']);
    // Only the bridge tells of this one, in a message about the port.
    inside('link set dev low type bridge_slave isolated on hairpin on cost 77');
    await eventually(() =>
      expect(low()['BridgePort']).toMatchObject({ Cost: 77, Hairpin: true, Isolated: true }),
    );
    inside('link set dev low nomaster');
    await eventually(() => expect(low()).not.toHaveProperty('BridgePort'));
    inside('link del dev k0');
  });

  it('names and descriptions of an interface are all shown', async () => {
    inside('link set dev low alias uplink-to-rack-7');
    inside('link property add dev low altname a-name-longer-than-fifteen');
    await eventually(() =>
      expect(nodeNamed(probe.graph, 'low', netns).metadata).toMatchObject({
        Alias: 'uplink-to-rack-7',
        AltNames: ['a-name-longer-than-fifteen'],
      }),
    );
    inside('link property del dev low altname a-name-longer-than-fifteen');
    await eventually(() =>
      expect(nodeNamed(probe.graph, 'low', netns).metadata).not.toHaveProperty('AltNames'),
    );
  });
});

function reasonOf(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  return (stderr ?? String(error)).trim().split('\n')[0]!;
}
