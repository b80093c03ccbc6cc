/**
 * RTM_NEWADDR and RTM_DELADDR (rtnetlink(7), linux/if_addr.h): one address of an interface.
 *
 *     struct ifaddrmsg: | family u8 | prefix length u8 | flags u8 | scope u8 | index u32 | attributes …
 */
import { formatIpv4, formatIpv6 } from '../../../core/ip.ts';
import { buildRequest, NLM_F_DUMP, type NetlinkMessage } from './netlink.ts';

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
const RTM_GETADDR = 22;

const IFADDR_BYTES = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const AF_INET = 2;
const AF_INET6 = 10;

export interface Address {
  readonly index: number;
  readonly version: 4 | 6;
  /** The interface's own address, `10.0.0.1/24`. */
  readonly cidr: string;
  /** Tells it from the interface's other addresses: the same one may stand there towards several peers. */
  readonly key: string;
}

/** Asks for every address of the namespace. */
export function requestAddresses(sequence: number): Uint8Array {
  return buildRequest(RTM_GETADDR, NLM_F_DUMP, sequence, new Uint8Array(IFADDR_BYTES));
}

/** undefined: not IP, or without an address. */
export function parseAddress(message: NetlinkMessage): Address | undefined {
  const { body } = message;
  const family = body.u8(0);
  const format = family === AF_INET ? formatIpv4 : family === AF_INET6 ? formatIpv6 : undefined;
  if (format === undefined || body.length < IFADDR_BYTES) return undefined;
  const bytesNeeded = family === AF_INET ? 4 : 16;
  let address: string | undefined;
  let local: string | undefined;
  for (const { type, value } of body.attributes(IFADDR_BYTES)) {
    if (value.length < bytesNeeded) continue;
    if (type === IFA_ADDRESS) address = format(value.bytes());
    else if (type === IFA_LOCAL) local = format(value.bytes());
  }
  // With a peer, IFA_ADDRESS is the peer's and IFA_LOCAL ours; IPv6 without a peer has IFA_ADDRESS alone.
  const own = local ?? address;
  if (own === undefined) return undefined;
  const cidr = `${own}/${body.u8(1)}`;
  return {
    index: body.u32(4),
    version: family === AF_INET ? 4 : 6,
    cidr,
    key: `${cidr} ${address ?? own}`,
  };
}
