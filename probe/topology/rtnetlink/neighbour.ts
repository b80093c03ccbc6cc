/**
 * RTM_NEWNEIGH (rtnetlink(7), linux/neighbour.h): one entry of the ARP and NDP tables, or of a bridge's forwarding
 * table (family AF_BRIDGE).
 *
 *     struct ndmsg: | family u8 | pad u8 | pad u16 | index i32 | state u16 | flags u8 | type u8 | attributes …
 */
import { formatIpv4, formatIpv6, formatMac } from '../../../core/ip.ts';
import { buildRequest, NLM_F_DUMP, type NetlinkMessage, type Reader } from './netlink.ts';

export const RTM_NEWNEIGH = 28;
const RTM_GETNEIGH = 30;

const NDMSG_BYTES = 12;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NDA_VLAN = 5;
const NDA_VNI = 7;
const AF_INET = 2;
const AF_INET6 = 10;
export const AF_UNSPEC = 0;
export const AF_BRIDGE = 7;

export interface Neighbour {
  readonly index: number;
  /** true: an entry of a forwarding table, false: of the ARP or NDP table. */
  readonly forwarding: boolean;
  /** NUD_… and NTF_… bits; `stateNames`, `flagNames` of `table-metadata.ts` name them. */
  readonly state: number;
  readonly flags: number;
  readonly mac: string | undefined;
  /** Of a forwarding entry: the tunnel's far end. */
  readonly ip: string | undefined;
  readonly vlan: number | undefined;
  readonly vni: number | undefined;
}

/** Asks for one of the two: AF_UNSPEC = ARP and NDP, AF_BRIDGE = forwarding tables. */
export function requestNeighbours(sequence: number, family: number): Uint8Array {
  const header = new Uint8Array(NDMSG_BYTES);
  header[0] = family;
  return buildRequest(RTM_GETNEIGH, NLM_F_DUMP, sequence, header);
}

/** undefined: of another family. */
export function parseNeighbour(message: NetlinkMessage): Neighbour | undefined {
  const { body } = message;
  const family = body.u8(0);
  if (body.length < NDMSG_BYTES || ![AF_INET, AF_INET6, AF_BRIDGE].includes(family)) return undefined;
  let mac: string | undefined;
  let ip: string | undefined;
  let vlan: number | undefined;
  let vni: number | undefined;
  for (const { type, value } of body.attributes(NDMSG_BYTES)) {
    if (type === NDA_DST) ip = formatAddress(value);
    else if (type === NDA_LLADDR && value.length === 6) mac = formatMac(value.bytes());
    else if (type === NDA_VLAN) vlan = value.u16();
    else if (type === NDA_VNI) vni = value.u32();
  }
  return {
    index: body.i32(4),
    forwarding: family === AF_BRIDGE,
    state: body.u16(8),
    flags: body.u8(10),
    mac,
    ip,
    vlan,
    vni,
  };
}

/** An IP address by its length; undefined when it is neither. */
export function formatAddress(value: Reader): string | undefined {
  if (value.length === 4) return formatIpv4(value.bytes());
  return value.length === 16 ? formatIpv6(value.bytes()) : undefined;
}
