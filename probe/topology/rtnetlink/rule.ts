/**
 * RTM_NEWRULE (linux/fib_rules.h): one rule of policy routing, which says what routing table a packet is looked up in.
 *
 *     struct fib_rule_hdr: | family u8 | dst length u8 | src length u8 | tos u8 | table u8 | pad u16 | action u8 |
 *                          | flags u32 | attributes …
 */
import { formatAddress } from './neighbour.ts';
import { attributeMap, buildRequest, NLM_F_DUMP, type NetlinkMessage, type Reader } from './netlink.ts';

export const RTM_NEWRULE = 32;
const RTM_GETRULE = 34;

const HEADER_BYTES = 12;
const FIB_RULE_INVERT = 2;
const AF_INET = 2;
const AF_INET6 = 10;

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Members that are undefined do not restrict. */
export interface Rule {
  readonly version: 4 | 6;
  /** The smallest is asked first. */
  readonly priority: number;
  /** FR_ACT_…: 1 look up, 2 go to another rule, 3 nothing, 6 blackhole, 7 unreachable, 8 prohibit. */
  readonly action: number;
  readonly table: number;
  readonly goTo: number | undefined;
  /** The rule is for packets that do *not* match. */
  readonly inverted: boolean;
  readonly source: string | undefined;
  readonly destination: string | undefined;
  readonly tos: number;
  readonly inInterface: string | undefined;
  readonly outInterface: string | undefined;
  readonly mark: number | undefined;
  readonly markMask: number | undefined;
  /** The table is that of the VRF which the packet belongs to. */
  readonly vrf: boolean;
  readonly users: PortRange | undefined;
  /** IPPROTO_…. */
  readonly protocol: number | undefined;
  readonly sourcePorts: PortRange | undefined;
  readonly destinationPorts: PortRange | undefined;
  /** Routes with a shorter or equal prefix do not count; undefined = all count. */
  readonly suppressPrefixLength: number | undefined;
  /** RTPROT_…: who made it, 2 = the kernel. */
  readonly origin: number;
}

/** Asks for the rules of both families. */
export function requestRules(sequence: number): Uint8Array {
  return buildRequest(RTM_GETRULE, NLM_F_DUMP, sequence, new Uint8Array(HEADER_BYTES));
}

/** undefined: not IP. */
export function parseRule(message: NetlinkMessage): Rule | undefined {
  const { body } = message;
  const family = body.u8(0);
  if (body.length < HEADER_BYTES || (family !== AF_INET && family !== AF_INET6)) return undefined;
  const attributes = attributeMap(body, HEADER_BYTES);
  const mark = attributes.get(10)?.u32();
  const suppress = attributes.get(14)?.i32() ?? -1;
  return {
    version: family === AF_INET ? 4 : 6,
    priority: attributes.get(6)?.u32() ?? 0,
    action: body.u8(7),
    table: attributes.get(15)?.u32() ?? body.u8(4),
    goTo: attributes.get(4)?.u32(),
    inverted: (body.u32(8) & FIB_RULE_INVERT) !== 0,
    source: prefix(attributes.get(2), body.u8(2)),
    destination: prefix(attributes.get(1), body.u8(1)),
    tos: body.u8(3),
    inInterface: attributes.get(3)?.text(),
    outInterface: attributes.get(17)?.text(),
    mark,
    markMask: mark === undefined ? undefined : attributes.get(16)?.u32(),
    vrf: (attributes.get(19)?.u8() ?? 0) !== 0,
    users: range(attributes.get(20), (value, at) => value.u32(at * 2)),
    protocol: attributes.get(22)?.u8(),
    sourcePorts: range(attributes.get(23), (value, at) => value.u16(at)),
    destinationPorts: range(attributes.get(24), (value, at) => value.u16(at)),
    suppressPrefixLength: suppress < 0 ? undefined : suppress,
    origin: attributes.get(21)?.u8() ?? 0,
  };
}

function prefix(value: Reader | undefined, length: number): string | undefined {
  const address = value && formatAddress(value);
  return address === undefined ? undefined : `${address}/${length}`;
}

function range(
  value: Reader | undefined,
  at: (value: Reader, offset: 0 | 2) => number,
): PortRange | undefined {
  return value && { from: at(value, 0), to: at(value, 2) };
}
