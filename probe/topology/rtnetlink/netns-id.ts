/**
 * RTM_GETNSID (linux/net_namespace.h): which number one namespace gives another. IFLA_LINK_NETNSID of an interface
 * is such a number; it means something in that interface's own namespace only.
 */
import { buildRequest, u32Bytes, type NetlinkMessage } from './netlink.ts';

export const RTM_NEWNSID = 88;
export const RTM_DELNSID = 89;
const RTM_GETNSID = 90;

const RTGEN_BYTES = 4;
const NETNSA_NSID = 1;
const NETNSA_FD = 3;

/** Asks for the number of the namespace that this open file is. */
export function requestNetnsId(sequence: number, namespaceFd: number): Uint8Array {
  return buildRequest(RTM_GETNSID, 0, sequence, new Uint8Array(RTGEN_BYTES), [
    { type: NETNSA_FD, value: u32Bytes(namespaceFd) },
  ]);
}

/** undefined: that namespace has no number here (the kernel says -1). */
export function parseNetnsId(message: NetlinkMessage): number | undefined {
  for (const { type, value } of message.body.attributes(RTGEN_BYTES))
    if (type === NETNSA_NSID) return value.i32() < 0 ? undefined : value.i32();
  return undefined;
}
