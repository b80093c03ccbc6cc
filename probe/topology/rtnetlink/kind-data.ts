/**
 * IFLA_INFO_DATA of an interface (linux/if_link.h): what its kind, and only that, has to say. Only what is
 * configured is read: timers and counters in there change by themselves and would make every reading a change.
 */
import { attributeMap, type Reader } from './netlink.ts';
import { parseTunnel, type Tunnel } from './tunnel.ts';

export type KindData =
  /** A kind without data, or one that is not read. */
  | { readonly kind: 'none' }
  /** `protocol`: ethertype of the tag, 0x8100 or 0x88a8. */
  | { readonly kind: 'vlan'; readonly id: number; readonly protocol: number }
  /** BOND_MODE_…; `activeIndex` 0 = no member is the active one. */
  | { readonly kind: 'bond'; readonly mode: number; readonly activeIndex: number }
  /** Ids as `8000.0200000000b1`, priority and address. */
  | {
      readonly kind: 'bridge';
      readonly id: string;
      readonly rootId: string;
      readonly spanningTree: boolean;
      readonly multicastSnooping: boolean;
      /** undefined: a kernel without VLANs in bridges. */
      readonly vlanFiltering: boolean | undefined;
      readonly vlanProtocol: number | undefined;
      readonly defaultPvid: number | undefined;
    }
  /** MACVLAN_MODE_…, a bit; macvtap too. */
  | { readonly kind: 'macvlan'; readonly mode: number }
  /** IPVLAN_MODE_… and IPVLAN_F_…; ipvtap too. */
  | { readonly kind: 'ipvlan'; readonly mode: number; readonly flags: number }
  /** The routing table of its members. */
  | { readonly kind: 'vrf'; readonly table: number }
  | { readonly kind: 'tun'; readonly tap: boolean; readonly persistent: boolean }
  | { readonly kind: 'tunnel'; readonly tunnel: Tunnel };

const NONE: KindData = { kind: 'none' };
const ETHERTYPE_VLAN = 0x8100;
const TUN_TYPE_TAP = 2;

const PARSERS: Readonly<Record<string, (data: ReadonlyMap<number, Reader>) => KindData>> = {
  vlan: (data) => ({
    kind: 'vlan',
    id: data.get(1)?.u16() ?? 0,
    protocol: data.get(5)?.u16be() ?? ETHERTYPE_VLAN,
  }),
  bond: (data) => ({ kind: 'bond', mode: data.get(1)?.u8() ?? 0, activeIndex: data.get(2)?.u32() ?? 0 }),
  bridge: (data) => ({
    kind: 'bridge',
    id: bridgeId(data.get(11)),
    rootId: bridgeId(data.get(10)),
    spanningTree: (data.get(5)?.u32() ?? 0) !== 0,
    multicastSnooping: (data.get(23)?.u8() ?? 0) !== 0,
    vlanFiltering: data.has(7) ? data.get(7)!.u8() !== 0 : undefined,
    vlanProtocol: data.get(8)?.u16be(),
    defaultPvid: data.get(39)?.u16(),
  }),
  macvlan: (data) => ({ kind: 'macvlan', mode: data.get(1)?.u32() ?? 0 }),
  ipvlan: (data) => ({ kind: 'ipvlan', mode: data.get(1)?.u16() ?? 0, flags: data.get(2)?.u16() ?? 0 }),
  vrf: (data) => ({ kind: 'vrf', table: data.get(1)?.u32() ?? 0 }),
  tun: (data) => ({
    kind: 'tun',
    tap: data.get(3)?.u8() === TUN_TYPE_TAP,
    persistent: (data.get(6)?.u8() ?? 0) !== 0,
  }),
};
const SAME_DATA: Readonly<Record<string, string>> = { macvtap: 'macvlan', ipvtap: 'ipvlan' };

export function parseKindData(kind: string, data: Reader | undefined): KindData {
  if (data === undefined) return NONE;
  const tunnel = parseTunnel(kind, data);
  if (tunnel !== undefined) return { kind: 'tunnel', tunnel };
  const name = Object.hasOwn(SAME_DATA, kind) ? SAME_DATA[kind]! : kind;
  return Object.hasOwn(PARSERS, name) ? PARSERS[name]!(attributeMap(data)) : NONE;
}

/** struct ifla_bridge_id: | priority u8 u8 | address 6 bytes |, in this order on every host. */
function bridgeId(value: Reader | undefined): string {
  const hex = Array.from(value?.bytes() ?? [], (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 4)}.${hex.slice(4)}`;
}
