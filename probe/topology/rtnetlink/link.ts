/**
 * RTM_NEWLINK and RTM_DELLINK (rtnetlink(7), linux/if_link.h): one interface of a namespace, as the kernel says it.
 *
 *     struct ifinfomsg: | family u8 | pad | hardware type u16 | index i32 | flags u32 | change u32 | attributes …
 */
import { parseCounters, type Counters } from './link-stats.ts';
import { buildRequest, NLM_F_DUMP, u32Bytes, type NetlinkMessage, type Reader } from './netlink.ts';

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
const IFLA_STATS64 = 23;
const IFLA_LINK_NETNSID = 37;
const INFO_KIND = 1;
const INFO_DATA = 2;
const INFO_SLAVE_KIND = 4;
const INFO_SLAVE_DATA = 5;
const VLAN_ID = 1;
const BOND_MODE = 1;
const SLAVE_STATE = 1;
const SLAVE_MII_STATUS = 2;
const SLAVE_LINK_FAILURE_COUNT = 3;
const SLAVE_PERM_HWADDR = 4;
const SLAVE_QUEUE_ID = 5;
const SLAVE_AD_AGGREGATOR_ID = 6;
const SLAVE_AD_ACTOR_OPER_PORT_STATE = 7;
const SLAVE_AD_PARTNER_OPER_PORT_STATE = 8;

/** Numbers as the kernel has them; `probe/topology/link-names.ts` names them. */
export interface BondSlave {
  readonly state: number;
  readonly miiStatus: number;
  readonly linkFailureCount: number;
  readonly permMac: string | undefined;
  readonly queueId: number;
  readonly aggregatorId: number | undefined;
  readonly actorPortState: number | undefined;
  readonly partnerPortState: number | undefined;
}

export interface Link {
  readonly index: number;
  /** ARPHRD_… of linux/if_arp.h. */
  readonly hardwareType: number;
  /** IFF_… of linux/if.h. */
  readonly flags: number;
  readonly name: string;
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
  /** Kind of the master, as the member says it. */
  readonly slaveKind: string;
  readonly vlanId: number | undefined;
  readonly bondMode: number | undefined;
  readonly bondSlave: BondSlave | undefined;
  /** undefined when the message had none. */
  readonly counters: Counters | undefined;
}

/** Asks for every interface of the namespace, or for one. */
export function requestLinks(sequence: number, index = 0): Uint8Array {
  const header = new Uint8Array(IFINFO_BYTES);
  header.set(u32Bytes(index), 4);
  return buildRequest(RTM_GETLINK, index === 0 ? NLM_F_DUMP : 0, sequence, header);
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
    mtu: 0,
    mac: undefined as string | undefined,
    operState: 0,
    masterIndex: 0,
    parentIndex: 0,
    parentNetnsId: undefined as number | undefined,
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

type LinkInfo = Pick<Link, 'kind' | 'slaveKind' | 'vlanId' | 'bondMode' | 'bondSlave'>;

const NO_INFO: LinkInfo = {
  kind: '',
  slaveKind: '',
  vlanId: undefined,
  bondMode: undefined,
  bondSlave: undefined,
};

/** IFLA_LINKINFO: the kinds come before the data whose meaning they decide, but nothing promises it. */
function parseInfo(info: Reader): LinkInfo {
  const parts = new Map<number, Reader>();
  for (const { type, value } of info.attributes()) parts.set(type, value);
  const kind = parts.get(INFO_KIND)?.text() ?? '';
  const slaveKind = parts.get(INFO_SLAVE_KIND)?.text() ?? '';
  const data = parts.get(INFO_DATA);
  const slaveData = parts.get(INFO_SLAVE_DATA);
  return {
    kind,
    slaveKind,
    vlanId: kind === 'vlan' ? find(data, VLAN_ID)?.u16() : undefined,
    bondMode: kind === 'bond' ? find(data, BOND_MODE)?.u8() : undefined,
    bondSlave: slaveKind === 'bond' && slaveData !== undefined ? parseBondSlave(slaveData) : undefined,
  };
}

function parseBondSlave(data: Reader): BondSlave {
  const permMac = find(data, SLAVE_PERM_HWADDR);
  return {
    state: find(data, SLAVE_STATE)?.u8() ?? 0,
    miiStatus: find(data, SLAVE_MII_STATUS)?.u8() ?? 0,
    linkFailureCount: find(data, SLAVE_LINK_FAILURE_COUNT)?.u32() ?? 0,
    permMac: permMac && hardwareAddress(permMac),
    queueId: find(data, SLAVE_QUEUE_ID)?.u16() ?? 0,
    aggregatorId: find(data, SLAVE_AD_AGGREGATOR_ID)?.u16(),
    actorPortState: find(data, SLAVE_AD_ACTOR_OPER_PORT_STATE)?.u8(),
    partnerPortState: find(data, SLAVE_AD_PARTNER_OPER_PORT_STATE)?.u16(),
  };
}

function find(data: Reader | undefined, wanted: number): Reader | undefined {
  if (data === undefined) return undefined;
  for (const { type, value } of data.attributes()) if (type === wanted) return value;
  return undefined;
}

function hardwareAddress(value: Reader): string | undefined {
  const bytes = value.bytes();
  if (bytes.every((byte) => byte === 0)) return undefined;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
