/** What only one kind of interface has to say, bridges' words on ports, virtual functions, rules: beside pyroute2's decoding. */
import { describe, expect, it } from 'vitest';
import {
  kindMetadata,
  portMetadata,
  virtualFunctionsMetadata,
} from '../../../../probe/topology/kind-metadata.ts';
import { parseBridgePort } from '../../../../probe/topology/rtnetlink/bridge-port.ts';
import type { KindData } from '../../../../probe/topology/rtnetlink/kind-data.ts';
import { LITTLE_ENDIAN } from '../../../../probe/topology/rtnetlink/netlink.ts';
import { parseRule } from '../../../../probe/topology/rtnetlink/rule.ts';
import {
  AF_BRIDGE,
  casesOf,
  linkCases,
  linkOf,
  messageOf,
  NEWRULE,
  only,
  portCases,
  type Attributes,
} from './recorded-messages.ts';

/** `IFLA_VXLAN_TTL` → `TTL`; pyroute2 has a prefix of its own for the same numbers of each kind. */
function shortNames(data: Attributes): Readonly<Record<string, Attributes[string]>> {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name.replace(/^IFLA_[A-Z0-9]+_/, ''), value]),
  );
}

const GRE_KEY = 0x2000;

/** What ours must be by pyroute2's word. */
function expectedData(kind: string, data: Attributes): unknown {
  const said = shortNames(data);
  const number = (name: string): number => Number(said[name] ?? 0);
  const address = (...names: string[]): unknown =>
    names
      .map((name) => said[name])
      .find((value) => value !== undefined && value !== '0.0.0.0' && value !== '::');
  const external = Boolean(said['COLLECT_METADATA']);
  const key = (flags: string, name: string): unknown =>
    kind.startsWith('vti') || (number(flags) & GRE_KEY) !== 0 ? said[name] || undefined : undefined;
  switch (kind) {
    case 'vlan':
      return { kind, id: said['ID'], protocol: said['PROTOCOL'] ?? 0x8100 };
    case 'bond':
      return { kind, mode: said['MODE'], activeIndex: number('ACTIVE_SLAVE') };
    case 'bridge': {
      const id = (name: string): string => {
        const { prio, addr } = said[name] as { prio: number; addr: string };
        // pyroute2 takes the two bytes of the priority for a number of the host.
        const priority = (((prio & 0xff) << 8) | (prio >> 8)).toString(16).padStart(4, '0');
        return `${priority}.${addr.replaceAll(':', '')}`;
      };
      return {
        kind,
        id: id('BRIDGE_ID'),
        rootId: id('ROOT_ID'),
        spanningTree: number('STP_STATE') === 1,
        multicastSnooping: number('MCAST_SNOOPING') === 1,
        vlanFiltering: said['VLAN_FILTERING'] === undefined ? undefined : said['VLAN_FILTERING'] === 1,
        vlanProtocol: said['VLAN_PROTOCOL'],
        defaultPvid: said['VLAN_DEFAULT_PVID'],
      };
    }
    case 'macvlan':
    case 'macvtap':
      // linux/if_link.h, MACVLAN_MODE_…
      return {
        kind: 'macvlan',
        mode: { private: 1, vepa: 2, bridge: 4, passthru: 8, source: 16 }[said['MODE'] as string],
      };
    case 'ipvlan':
      // pyroute2 does not know the flags.
      return { kind, mode: said['MODE'], flags: expect.any(Number) };
    case 'vrf':
      return { kind, table: said['TABLE'] };
    case 'tun':
      return { kind, tap: said['TYPE'] === 2, persistent: said['PERSIST'] === 1 };
    default:
      return {
        kind: 'tunnel',
        tunnel: {
          vni: external || !['vxlan', 'geneve'].includes(kind) ? undefined : said['ID'],
          inKey: key('IFLAGS', 'IKEY'),
          outKey: key('OFLAGS', 'OKEY'),
          interfaceId: said['IF_ID'],
          device: said['LINK'],
          local: address('LOCAL', 'LOCAL6'),
          remote: address('REMOTE', 'REMOTE6', 'GROUP', 'GROUP6'),
          ttl: number('TTL'),
          tos: number('TOS'),
          port: said['PORT'],
          external,
          learning: said['LEARNING'] === undefined ? undefined : said['LEARNING'] === 1,
        },
      };
  }
}

const withData = linkCases.filter(({ pyroute2 }) => pyroute2.data !== undefined);

describe.skipIf(!LITTLE_ENDIAN)('what a kind says of itself (recorded on a little-endian host)', () => {
  it.each(withData)('$case', ({ hex, case: name, pyroute2 }) => {
    expect(pyroute2.kind).toBeDefined();
    expect(linkOf(name).data).toEqual(expectedData(pyroute2.kind!, pyroute2.data!));
    expect(hex).not.toBe('');
  });

  it('is there for every kind that has something to say', () => {
    expect(new Set(withData.map(({ pyroute2 }) => pyroute2.kind))).toEqual(
      // prettier-ignore
      new Set(['bond', 'bridge', 'geneve', 'gre', 'gretap', 'ip6gre', 'ip6gretap', 'ip6tnl', 'ipip', 'ipvlan', 'macvlan', 'macvtap', 'sit', 'tun', 'vlan', 'vrf', 'vti', 'vti6', 'vxlan', 'xfrm']),
    );
  });

  it('is nothing for the others, which are known by their kind', () => {
    for (const name of ['dummy', 'ifb', 'nlmon', 'team', 'wireguard', 'can', 'netkit across namespaces'])
      expect(linkOf(name).data).toEqual({ kind: 'none' });
  });
});

describe.skipIf(!LITTLE_ENDIAN)("a bridge's word", () => {
  it.each(portCases)('$case', ({ case: name, pyroute2: expected }) => {
    const port = parseBridgePort(messageOf(name))!;
    const said = expected.port;
    expect(port).toMatchObject({
      index: expected.index,
      masterIndex: expected.master ?? 0,
      state: said?.['IFLA_BRPORT_STATE'],
      priority: said?.['IFLA_BRPORT_PRIORITY'] ?? 0,
      cost: said?.['IFLA_BRPORT_COST'] ?? 0,
      hairpin: said?.['IFLA_BRPORT_MODE'] === 1,
      isolated: said?.['IFLA_BRPORT_ISOLATED'] === 1,
    });
    // linux/if_bridge.h: 2 = PVID, 4 = untagged, 8 and 16 = begin and end of a range
    expect(port.pvid).toBe(expected.vlans?.find(({ flags }) => (flags & 2) !== 0)?.vid);
    const ends = expected.vlans?.filter(({ flags }) => (flags & 8) === 0) ?? [];
    expect(port.vlans.map(({ to, untagged }) => ({ to, untagged }))).toEqual(
      ends.map(({ vid, flags }) => ({ to: vid, untagged: (flags & 4) !== 0 })),
    );
    const begins = expected.vlans?.filter(({ flags }) => (flags & 16) === 0) ?? [];
    expect(port.vlans.map(({ from }) => from)).toEqual(begins.map(({ vid }) => vid));
  });

  it('is not about an interface that is no port: a network card answers the question too', () => {
    // IFLA_MASTER missing and no IFLA_AF_SPEC
    const bare = Uint8Array.from([
      32,
      0,
      0,
      0,
      16,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      AF_BRIDGE,
      ...Array<number>(15).fill(0),
    ]);
    expect(parseBridgePort(only(Buffer.from(bare).toString('hex')))).toBeUndefined();
    expect(parseBridgePort(messageOf('dummy'))).toBeUndefined();
  });
});

describe.skipIf(!LITTLE_ENDIAN)('virtual functions', () => {
  it('are those that pyroute2 reads', () => {
    const expected = linkCases.find((entry) => entry.pyroute2.functions !== undefined)!;
    expect(linkOf(expected.case).virtualFunctions).toEqual(
      expected.pyroute2.functions!.map((said) => ({
        id: said['IFLA_VF_MAC']!['vf'],
        mac: said['IFLA_VF_MAC']!['mac'],
        vlan: said['IFLA_VF_VLAN']!['vlan'],
        qos: said['IFLA_VF_VLAN']!['qos'],
        txRate: said['IFLA_VF_TX_RATE']!['tx_rate'],
        spoofCheck: said['IFLA_VF_SPOOFCHK']!['spoofchk'] === 1,
        linkState: said['IFLA_VF_LINK_STATE']!['link_state'],
      })),
    );
    expect(linkOf('card whose virtual functions are off').virtualFunctions).toEqual([]);
    expect(linkOf('a real device with counters beyond 32 bits').virtualFunctions).toBeUndefined();
  });
});

describe.skipIf(!LITTLE_ENDIAN)('rules', () => {
  const range = (value: unknown): unknown => {
    const [from, to] = typeof value === 'string' ? value.split(':').map(Number) : [];
    return from === undefined ? undefined : { from, to };
  };

  it.each(casesOf(NEWRULE))('$case', ({ hex, pyroute2: expected }) => {
    const said = expected.data!;
    const header = expected.rule!;
    const suppress = said['FRA_SUPPRESS_PREFIXLEN'];
    const prefix = (name: string, length: string): unknown =>
      said[name] === undefined ? undefined : `${said[name] as string}/${header[length]}`;
    expect(parseRule(only(hex))).toEqual({
      version: expected.family === 2 ? 4 : 6,
      priority: said['FRA_PRIORITY'],
      action: header['action'],
      table: said['FRA_TABLE'] ?? header['table'],
      goTo: said['FRA_GOTO'],
      inverted: (header['flags']! & 2) !== 0,
      source: prefix('FRA_SRC', 'src_len'),
      destination: prefix('FRA_DST', 'dst_len'),
      tos: header['tos'],
      inInterface: said['FRA_IIFNAME'],
      outInterface: said['FRA_OIFNAME'],
      mark: said['FRA_FWMARK'],
      markMask: said['FRA_FWMARK'] === undefined ? undefined : said['FRA_FWMASK'],
      vrf: said['FRA_L3MDEV'] === 1,
      users: range(said['FRA_UID_RANGE']),
      protocol: said['FRA_IP_PROTO'],
      sourcePorts: range(said['FRA_SPORT_RANGE']),
      destinationPorts: range(said['FRA_DPORT_RANGE']),
      suppressPrefixLength: suppress === 0xffff_ffff ? undefined : suppress,
      origin: said['FRA_PROTOCOL'] ?? 0,
    });
  });
});

describe('metadata of kinds', () => {
  const metadataOf = (name: string): unknown => kindMetadata(linkOf(name).data);

  it.skipIf(!LITTLE_ENDIAN).each<[string, unknown]>([
    ['dummy', {}],
    ['vlan on a device here', { Vlan: 42, VlanProtocol: '802.1Q' }],
    ['vlan with a service tag', { Vlan: 7, VlanProtocol: '802.1ad' }],
    ['bond, 802.3ad', { BondMode: '802.3ad' }],
    ['bond with an active member', { BondMode: 'active-backup', BondActiveIndex: 14 }],
    [
      'bridge with VLANs',
      {
        Bridge: {
          ID: '8000.02000000000a',
          RootID: '1000.020000000001',
          STP: true,
          MulticastSnooping: true,
          VlanFiltering: true,
          VlanProtocol: '802.1Q',
          DefaultPVID: 1,
        },
      },
    ],
    [
      'bridge without VLANs in it',
      {
        Bridge: {
          ID: '8000.02000000000a',
          RootID: '8000.02000000000a',
          STP: false,
          MulticastSnooping: false,
        },
      },
    ],
    ['macvlan in bridge mode', { MacvlanMode: 'bridge' }],
    ['macvlan in source mode', { MacvlanMode: 'source' }],
    ['macvtap', { MacvlanMode: 'bridge' }],
    ['ipvlan', { IpvlanMode: 'l2', IpvlanFlag: 'bridge' }],
    ['ipvlan in l3 mode', { IpvlanMode: 'l3', IpvlanFlag: 'private' }],
    ['vrf', { VrfTable: 10 }],
    ['tap', { TunType: 'tap', TunPersistent: true }],
    ['tun', { TunType: 'tun', TunPersistent: false }],
    [
      'vxlan to one end',
      {
        LocalIP: '172.30.0.1',
        RemoteIP: '172.30.0.2',
        Tunnel: { VNI: 100, Port: 4789, TTL: 16, TOS: 32, Learning: true },
      },
    ],
    [
      'vxlan to a group, over IPv6',
      { LocalIP: 'fd00::1', Tunnel: { VNI: 16_777_215, Group: 'ff05::100', Port: 8472, Learning: false } },
    ],
    ['vxlan without ends of its own', { Tunnel: { Port: 4789, External: true, Learning: true } }],
    [
      'gre with keys',
      { LocalIP: '10.0.0.1', RemoteIP: '10.0.0.2', Tunnel: { IKey: 7, OKey: 4_294_967_295, TTL: 64 } },
    ],
    ['gre without keys', { LocalIP: '10.0.0.1' }],
    ['geneve over IPv6', { RemoteIP: 'fd00::9', Tunnel: { VNI: 77, Port: 6081, TTL: 64 } }],
    ['ip6tnl with ends', { LocalIP: 'fd00::1', RemoteIP: 'fd00::2', Tunnel: { TTL: 64 } }],
    ['vti with keys', { LocalIP: '10.0.0.1', RemoteIP: '10.0.0.2', Tunnel: { IKey: 5, OKey: 6 } }],
    ['xfrm with an id', { Tunnel: { IfID: 42 } }],
  ])('%s', (name, expected) => {
    expect(metadataOf(name)).toEqual(expected);
  });

  it('names what is newer than this build by its number', () => {
    expect(kindMetadata({ kind: 'ipvlan', mode: 9, flags: 2 })).toEqual({
      IpvlanMode: 'unknown9',
      IpvlanFlag: 'vepa',
    });
    const vlan: KindData = { kind: 'vlan', id: 1, protocol: 0x9100 };
    expect(kindMetadata(vlan)).toEqual({ Vlan: 1, VlanProtocol: '0x9100' });
  });

  it.skipIf(!LITTLE_ENDIAN)('shows a port with its VLANs, a long run as one', () => {
    expect(portMetadata(parseBridgePort(messageOf('port of a bridge'))!)).toEqual({
      BridgePort: { State: 'FORWARDING', Priority: 32, Cost: 2, Hairpin: true },
      // prettier-ignore
      BridgeVlan: { PVID: 1, Vlans: [1, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 200], Untagged: [1] },
    });
    expect(portMetadata(parseBridgePort(messageOf('port that is blocked and isolated'))!)).toEqual({
      BridgePort: { State: 'BLOCKING', Priority: 16, Cost: 100, Isolated: true },
    });
    expect(portMetadata(parseBridgePort(messageOf('bridge on itself'))!)).toEqual({
      BridgeVlan: { PVID: 1, Vlans: [1], Untagged: [1] },
    });
    const trunk = {
      ...parseBridgePort(messageOf('port of a bridge'))!,
      vlans: [{ from: 2, to: 4094, untagged: false }],
    };
    expect(portMetadata(trunk)['BridgeVlan']).toEqual({ PVID: 1, Vlans: ['2-4094'] });
  });

  it.skipIf(!LITTLE_ENDIAN)('shows virtual functions in the form of the reference', () => {
    // Members that are 0, "" or false are left out there.
    expect(virtualFunctionsMetadata(linkOf('card with virtual functions').virtualFunctions!)).toEqual([
      { MAC: '02:00:00:00:0f:00' },
      { ID: 1, LinkState: 2, MAC: '02:00:00:00:0f:01', Qos: 3, Spoofchk: true, TxRate: 1000, Vlan: 42 },
    ]);
  });
});
