/**
 * RTM_NEWLINK and RTM_DELLINK (rtnetlink(7), linux/if_link.h): one interface of a namespace, as the kernel says it.
 *
 *     struct ifinfomsg: | family u8 | pad | hardware type u16 | index i32 | flags u32 | change u32 | attributes …
 */
import { parseBondSlave, type BondSlave } from './bond-member.ts';
import { hardwareAddress } from './hardware-address.ts';
import { parseKindData, type KindData } from './kind-data.ts';
import { parseCounters, type Counters } from './link-stats.ts';
import {
  attributeMap,
  buildRequest,
  NLM_F_DUMP,
  u32Bytes,
  type NetlinkMessage,
  type Reader,
} from './netlink.ts';
import { parseVirtualFunctions, type VirtualFunction } from './vf.ts';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
const RTM_GETLINK = 18;

const IFINFO_BYTES = 16;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_WIRELESS = 11;
const IFLA_OPERSTATE = 16;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_NUM_VF = 21;
const IFLA_VFINFO_LIST = 22;
const IFLA_STATS64 = 23;
const IFLA_EXT_MASK = 29;
const IFLA_LINK_NETNSID = 37;
const IFLA_PROP_LIST = 52;
const IFLA_ALT_IFNAME = 53;
const INFO_KIND = 1;
const INFO_DATA = 2;
const INFO_SLAVE_KIND = 4;
const INFO_SLAVE_DATA = 5;
const RTEXT_FILTER_VF = 1;

export interface Link {
  readonly index: number;
  /** ARPHRD_… of linux/if_arp.h. */
  readonly hardwareType: number;
  /** IFF_… of linux/if.h. */
  readonly flags: number;
  readonly name: string;
  /** Further names. */
  readonly altNames: readonly string[];
  /** What its owner wrote on it; "" = nothing. */
  readonly alias: string;
  readonly mtu: number;
  /** Lower case with colons, of whatever length the hardware has; undefined when empty or all zero. */
  readonly mac: string | undefined;
  /** IF_OPER_…; 0 = unknown. */
  readonly operState: number;
  /** 0 = none. */
  readonly masterIndex: number;
  /** The lower device, or the peer of a veth; 0 = none. */
  readonly parentIndex: number;
  /** The namespace of `parentIndex` by this namespace's own numbering; undefined = this one, -1 = has no number. */
  readonly parentNetnsId: number | undefined;
  /** "" for real devices and loopback. */
  readonly kind: string;
  readonly data: KindData;
  /** Kind of the master, as the member says it. */
  readonly slaveKind: string;
  readonly bondSlave: BondSlave | undefined;
  /** undefined when the message did not speak of them, as events never do. */
  readonly virtualFunctions: readonly VirtualFunction[] | undefined;
  /** undefined when the message had none. */
  readonly counters: Counters | undefined;
}

/** Asks for every interface of the namespace, or for one. */
export function requestLinks(sequence: number, index = 0): Uint8Array {
  const header = new Uint8Array(IFINFO_BYTES);
  header.set(u32Bytes(index), 4);
  return buildRequest(RTM_GETLINK, index === 0 ? NLM_F_DUMP : 0, sequence, header, [
    { type: IFLA_EXT_MASK, value: u32Bytes(RTEXT_FILTER_VF) },
  ]);
}

/**
 * The interface of a message; undefined when the message is not about the interface itself: the bridge's word on
 * one of its ports (family AF_BRIDGE, also sent as "deleted" when a port leaves), or a wireless event.
 */
export function parseLink(message: NetlinkMessage): Link | undefined {
  const { body } = message;
  if (body.length < IFINFO_BYTES || body.u8(0) !== 0) return undefined;
  const link = {
    index: body.i32(4),
    hardwareType: body.u16(2),
    flags: body.u32(8),
    name: '',
    altNames: NO_NAMES,
    alias: '',
    mtu: 0,
    mac: undefined as string | undefined,
    operState: 0,
    masterIndex: 0,
    parentIndex: 0,
    parentNetnsId: undefined as number | undefined,
    virtualFunctions: undefined as readonly VirtualFunction[] | undefined,
    counters: undefined as Counters | undefined,
    ...NO_INFO,
  };
  for (const { type, value } of body.attributes(IFINFO_BYTES)) {
    switch (type) {
      case IFLA_WIRELESS:
        return undefined;
      case IFLA_IFNAME:
        link.name = value.text();
        break;
      case IFLA_ADDRESS:
        link.mac = hardwareAddress(value);
        break;
      case IFLA_MTU:
        link.mtu = value.u32();
        break;
      case IFLA_LINK:
        link.parentIndex = value.u32();
        break;
      case IFLA_LINK_NETNSID:
        link.parentNetnsId = value.i32();
        break;
      case IFLA_MASTER:
        link.masterIndex = value.u32();
        break;
      case IFLA_OPERSTATE:
        link.operState = value.u8();
        break;
      case IFLA_IFALIAS:
        link.alias = value.text();
        break;
      case IFLA_PROP_LIST:
        link.altNames = alternativeNames(value);
        break;
      case IFLA_NUM_VF:
        link.virtualFunctions ??= [];
        break;
      case IFLA_VFINFO_LIST:
        link.virtualFunctions = parseVirtualFunctions(value);
        break;
      case IFLA_STATS64:
        link.counters = parseCounters(value);
        break;
      case IFLA_LINKINFO:
        Object.assign(link, parseInfo(value));
        break;
    }
  }
  return link;
}

/**
 * The lower device, or the peer; undefined = none. The kernel says it of every interface alike, but of a VXLAN only
 * among what is a VXLAN's own.
 */
export function lowerIndexOf(link: Link): number | undefined {
  if (link.parentIndex !== 0) return link.parentIndex;
  return link.data.kind === 'tunnel' ? link.data.tunnel.device : undefined;
}

type LinkInfo = Pick<Link, 'kind' | 'data' | 'slaveKind' | 'bondSlave'>;

const NO_NAMES: readonly string[] = [];
const NO_INFO: LinkInfo = { kind: '', data: { kind: 'none' }, slaveKind: '', bondSlave: undefined };

/** IFLA_LINKINFO: the kinds come before the data whose meaning they decide, but nothing promises it. */
function parseInfo(info: Reader): LinkInfo {
  const parts = attributeMap(info);
  const kind = parts.get(INFO_KIND)?.text() ?? '';
  const slaveKind = parts.get(INFO_SLAVE_KIND)?.text() ?? '';
  const slaveData = parts.get(INFO_SLAVE_DATA);
  return {
    kind,
    data: parseKindData(kind, parts.get(INFO_DATA)),
    slaveKind,
    bondSlave: slaveKind === 'bond' && slaveData !== undefined ? parseBondSlave(slaveData) : undefined,
  };
}

function alternativeNames(list: Reader): readonly string[] {
  const names: string[] = [];
  for (const { type, value } of list.attributes()) if (type === IFLA_ALT_IFNAME) names.push(value.text());
  return names;
}
