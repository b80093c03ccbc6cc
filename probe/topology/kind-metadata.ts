/**
 * What only interfaces of one kind have, as metadata. `Vlan`, `BondMode` and the tunnels' `LocalIP` and `RemoteIP`
 * are the reference's keys (topology notes, sections 8 and 13); the others are ours, because people ask for them
 * (docs/design/discovery.md lists them).
 */
import type { Json, Metadata } from '../../core/graph/element.ts';
import { bondModeName, nameAt } from './link-names.ts';
import type { BridgePort, VlanRange } from './rtnetlink/bridge-port.ts';
import type { KindData } from './rtnetlink/kind-data.ts';
import type { Tunnel } from './rtnetlink/tunnel.ts';
import type { VirtualFunction } from './rtnetlink/vf.ts';

/** MACVLAN_MODE_…, one bit each. */
const MACVLAN_MODES: ReadonlyMap<number, string> = new Map([
  [1, 'private'],
  [2, 'vepa'],
  [4, 'bridge'],
  [8, 'passthru'],
  [16, 'source'],
]);
const IPVLAN_MODES = ['l2', 'l3', 'l3s'];
const IPVLAN_PRIVATE = 1;
const IPVLAN_VEPA = 2;
const PORT_STATES = ['DISABLED', 'LISTENING', 'LEARNING', 'FORWARDING', 'BLOCKING'];
const ETHERTYPES: ReadonlyMap<number, string> = new Map([
  [0x8100, '802.1Q'],
  [0x88a8, '802.1ad'],
]);

export function kindMetadata(data: KindData): Metadata {
  switch (data.kind) {
    case 'none':
      return {};
    case 'vlan':
      return { Vlan: data.id, VlanProtocol: ethertypeName(data.protocol) };
    case 'bond':
      return {
        BondMode: bondModeName(data.mode),
        ...(data.activeIndex === 0 ? {} : { BondActiveIndex: data.activeIndex }),
      };
    case 'bridge':
      return { Bridge: bridgeMetadata(data) };
    case 'macvlan':
      return { MacvlanMode: MACVLAN_MODES.get(data.mode) ?? `unknown${data.mode}` };
    case 'ipvlan':
      return { IpvlanMode: nameAt(IPVLAN_MODES, data.mode), IpvlanFlag: ipvlanFlag(data.flags) };
    case 'vrf':
      return { VrfTable: data.table };
    case 'tun':
      return { TunType: data.tap ? 'tap' : 'tun', TunPersistent: data.persistent };
    case 'tunnel':
      return tunnelMetadata(data.tunnel);
  }
}

function ethertypeName(ethertype: number): string {
  return ETHERTYPES.get(ethertype) ?? `0x${ethertype.toString(16).padStart(4, '0')}`;
}

function ipvlanFlag(flags: number): string {
  if ((flags & IPVLAN_PRIVATE) !== 0) return 'private';
  return (flags & IPVLAN_VEPA) === 0 ? 'bridge' : 'vepa';
}

function bridgeMetadata(data: KindData & { readonly kind: 'bridge' }): Json {
  return compact({
    ID: data.id,
    RootID: data.rootId,
    STP: data.spanningTree,
    MulticastSnooping: data.multicastSnooping,
    VlanFiltering: data.vlanFiltering,
    VlanProtocol: data.vlanProtocol === undefined ? undefined : ethertypeName(data.vlanProtocol),
    DefaultPVID: data.defaultPvid,
  });
}

function tunnelMetadata(tunnel: Tunnel): Metadata {
  const isGroup = tunnel.remote !== undefined && isMulticast(tunnel.remote);
  const details = compact({
    VNI: tunnel.vni,
    IKey: tunnel.inKey,
    OKey: tunnel.outKey,
    IfID: tunnel.interfaceId,
    Group: isGroup ? tunnel.remote : undefined,
    Port: tunnel.port,
    // 0 and 1 stand for "as the inner packet".
    TTL: tunnel.ttl || undefined,
    TOS: tunnel.tos > 1 ? tunnel.tos : undefined,
    External: tunnel.external || undefined,
    Learning: tunnel.learning,
  });
  return compact({
    LocalIP: tunnel.local,
    RemoteIP: isGroup ? undefined : tunnel.remote,
    Tunnel: Object.keys(details).length > 0 ? details : undefined,
  });
}

function isMulticast(address: string): boolean {
  if (address.includes(':')) return address.startsWith('ff');
  const first = Number.parseInt(address, 10);
  return first >= 224 && first < 240;
}

/** A port's VLANs come one by one, but in a longer run than this as one text: `2-4094`. */
const RUN_LISTED_MAX = 32;

/** Metadata of a bridge's port; of a bridge itself only what VLANs it takes part in. */
export function portMetadata(port: BridgePort): Metadata {
  const vlans = compact({
    PVID: port.pvid,
    Vlans: vlanList(port.vlans),
    Untagged: vlanList(port.vlans.filter((range) => range.untagged)),
  });
  if (port.state === undefined) return Object.keys(vlans).length > 0 ? { BridgeVlan: vlans } : {};
  return {
    BridgePort: {
      State: nameAt(PORT_STATES, port.state),
      Priority: port.priority,
      Cost: port.cost,
      ...compact({ Hairpin: port.hairpin || undefined, Isolated: port.isolated || undefined }),
    },
    ...(Object.keys(vlans).length > 0 ? { BridgeVlan: vlans } : {}),
  };
}

function vlanList(ranges: readonly VlanRange[]): Json | undefined {
  if (ranges.length === 0) return undefined;
  return ranges.flatMap(({ from, to }): Json[] =>
    to - from >= RUN_LISTED_MAX
      ? [`${from}-${to}`]
      : Array.from({ length: Math.max(0, to - from + 1) }, (_, offset) => from + offset),
  );
}

/** Metadata `Vfs`: what is 0, "" or false is left out, as in the reference. */
export function virtualFunctionsMetadata(functions: readonly VirtualFunction[]): Json {
  return functions.map(({ id, linkState, mac, qos, spoofCheck, txRate, vlan }) =>
    compact({
      ID: id || undefined,
      LinkState: linkState || undefined,
      MAC: mac,
      Qos: qos || undefined,
      Spoofchk: spoofCheck || undefined,
      TxRate: txRate || undefined,
      Vlan: vlan || undefined,
    }),
  );
}

/** Without the members that are undefined. */
function compact(members: { readonly [key: string]: Json | undefined }): { [key: string]: Json } {
  const kept: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(members)) if (value !== undefined) kept[key] = value;
  return kept;
}
