/**
 * RTM_NEWROUTE (rtnetlink(7), linux/rtnetlink.h): one route, with the interfaces it leaves by.
 *
 *     struct rtmsg: | family u8 | dst length u8 | src length u8 | tos u8 | table u8 | protocol u8 | scope u8 | type u8 |
 *                   | flags u32 | attributes …
 */
import { formatAddress } from './neighbour.ts';
import { buildRequest, NLM_F_DUMP, type NetlinkMessage, type Reader } from './netlink.ts';

export const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;

const RTMSG_BYTES = 12;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTA_VIA = 18;
const RTNEXTHOP_BYTES = 8;
/** A cached clone of another route. */
const RTM_F_CLONED = 0x200;
const AF_INET = 2;
const AF_INET6 = 10;

export interface RouteHop {
  /** The interface; 0 = none (blackhole and the like). */
  readonly index: number;
  readonly gateway: string | undefined;
}

export interface Route {
  readonly table: number;
  /** RTPROT_…: 2 kernel, 3 boot, 4 static, …. */
  readonly protocol: number;
  /** `10.0.0.0/24`; `0.0.0.0/0` or `::/0` for a default route. */
  readonly prefix: string;
  readonly priority: number;
  readonly source: string | undefined;
  readonly hops: readonly RouteHop[];
}

/** Asks for every route of the namespace. */
export function requestRoutes(sequence: number): Uint8Array {
  return buildRequest(RTM_GETROUTE, NLM_F_DUMP, sequence, new Uint8Array(RTMSG_BYTES));
}

/** undefined: not IP, or a cached clone. */
export function parseRoute(message: NetlinkMessage): Route | undefined {
  const { body } = message;
  const family = body.u8(0);
  if (body.length < RTMSG_BYTES || (family !== AF_INET && family !== AF_INET6)) return undefined;
  if ((body.u32(8) & RTM_F_CLONED) !== 0) return undefined;
  let destination = family === AF_INET ? '0.0.0.0' : '::';
  let table = body.u8(4);
  let priority = 0;
  let source: string | undefined;
  let index = 0;
  let gateway: string | undefined;
  let hops: RouteHop[] | undefined;
  for (const { type, value } of body.attributes(RTMSG_BYTES)) {
    switch (type) {
      case RTA_DST:
        destination = formatAddress(value) ?? destination;
        break;
      case RTA_TABLE:
        table = value.u32();
        break;
      case RTA_PRIORITY:
        priority = value.u32();
        break;
      case RTA_PREFSRC:
        source = formatAddress(value);
        break;
      case RTA_OIF:
        index = value.u32();
        break;
      case RTA_GATEWAY:
      case RTA_VIA:
        gateway = gatewayOf(type, value);
        break;
      case RTA_MULTIPATH:
        hops = parseHops(value);
        break;
    }
  }
  const prefix = `${destination}/${body.u8(1)}`;
  return { table, protocol: body.u8(5), prefix, priority, source, hops: hops ?? [{ index, gateway }] };
}

/** RTA_VIA is a gateway of the other family: its family, then the address. */
function gatewayOf(type: number, value: Reader): string | undefined {
  return formatAddress(type === RTA_VIA ? value.part(2, value.length) : value);
}

/** struct rtnexthop: | length u16 | flags u8 | weight u8 | index i32 | attributes … padded to 4 | */
function parseHops(value: Reader): RouteHop[] {
  const hops: RouteHop[] = [];
  let at = 0;
  while (at + RTNEXTHOP_BYTES <= value.length) {
    const length = value.u16(at);
    if (length < RTNEXTHOP_BYTES || at + length > value.length) break;
    let gateway: string | undefined;
    for (const attribute of value.part(at, at + length).attributes(RTNEXTHOP_BYTES))
      if (attribute.type === RTA_GATEWAY || attribute.type === RTA_VIA)
        gateway = gatewayOf(attribute.type, attribute.value);
    hops.push({ index: value.i32(at + 4), gateway });
    at += (length + 3) & ~3;
  }
  return hops;
}
