/**
 * What a packet of an interface begins with, by its EncapType (flow model, section 3): Ethernet, or an IP header where
 * the kernel's device has no link layer. Interfaces of other kinds (PPP, InfiniBand, 802.11 …) are left to libpcap,
 * which knows how to read them; the reference took them for Ethernet.
 */
import { CaptureUnavailable } from '../capture-source.ts';

const ETHERNET = 1;
/** IPv4 or IPv6, as the first nibble says; what libpcap calls DLT_RAW on Linux. */
const RAW_IP = 12;

const LINK_TYPES: ReadonlyMap<string, number> = new Map([
  ['ether', ETHERNET],
  ['loopback', ETHERNET],
  ['none', RAW_IP],
  ['gre', RAW_IP],
  ['gre6', RAW_IP],
  ['ipip', RAW_IP],
  ['sit', RAW_IP],
  ['tunnel6', RAW_IP],
  ['rawip', RAW_IP],
]);

/** Throws CaptureUnavailable. */
export function ringLinkType(encapType: string): number {
  const linkType = LINK_TYPES.get(encapType);
  if (linkType === undefined)
    throw new CaptureUnavailable(`packet rings do not read interfaces of EncapType ${encapType}`);
  return linkType;
}
