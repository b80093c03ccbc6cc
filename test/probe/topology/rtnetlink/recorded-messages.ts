/** The messages of messages.json: bytes made by make-messages.py and what pyroute2 says they mean. */
import { expect } from 'vitest';
import { parseLink, type Link } from '../../../../probe/topology/rtnetlink/link.ts';
import { readMessages, type NetlinkMessage } from '../../../../probe/topology/rtnetlink/netlink.ts';
import messages from './messages.json' with { type: 'json' };

type Value = number | string | boolean | { readonly [member: string]: number | string };
export type Attributes = Readonly<Record<string, Value>>;

/** The members that pyroute2 gave; absent ones were not in the message. */
export interface Meaning {
  readonly event: number;
  readonly index?: number;
  readonly hardwareType?: number;
  readonly flags?: number;
  readonly name?: string;
  readonly altNames?: readonly string[];
  readonly alias?: string;
  readonly mtu?: number;
  readonly address?: string;
  /** Of an interface its name, of a neighbour the bits. */
  readonly state?: string | number;
  readonly master?: number;
  readonly link?: number;
  readonly linkNetnsId?: number;
  readonly kind?: string;
  readonly slaveKind?: string;
  /** IFLA_INFO_DATA, or the attributes of a rule, by their names in the kernel's headers. */
  readonly data?: Attributes;
  readonly rule?: Readonly<Record<string, number>>;
  readonly bondSlave?: Readonly<Record<string, number | string>>;
  readonly functionCount?: number;
  readonly functions?: readonly Readonly<Record<string, Readonly<Record<string, number | string>>>>[];
  readonly port?: Readonly<Record<string, number>>;
  readonly vlans?: readonly { readonly flags: number; readonly vid: number }[];
  readonly rxBytes?: number;
  readonly txBytes?: number;
  readonly txCompressed?: number;
  readonly family?: number;
  readonly prefix?: number;
  readonly local?: string;
  readonly table?: number;
  readonly protocol?: number;
  readonly destination?: string;
  readonly priority?: number;
  readonly source?: string;
  readonly hops?: readonly { readonly index: number; readonly gateway: string | null }[];
  readonly mac?: string;
  readonly vlan?: number;
  readonly vni?: number;
}

export interface Case {
  readonly case: string;
  readonly hex: string;
  readonly pyroute2: Meaning;
}

export const cases = messages as unknown as readonly Case[];
export const AF_BRIDGE = 7;
export const NEWLINK = 16;
export const DELLINK = 17;
export const NEWADDR = 20;
export const DELADDR = 21;
export const NEWROUTE = 24;
export const NEWNEIGH = 28;
export const NEWRULE = 32;

export function casesOf(...events: number[]): readonly Case[] {
  return cases.filter((entry) => events.includes(entry.pyroute2.event));
}

/** Messages about interfaces themselves, not a bridge's word on them. */
export const linkCases = casesOf(NEWLINK, DELLINK).filter((entry) => entry.pyroute2.family !== AF_BRIDGE);
export const portCases = casesOf(NEWLINK, DELLINK).filter((entry) => entry.pyroute2.family === AF_BRIDGE);

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** The one message in there. */
export function only(hex: string): NetlinkMessage {
  const all = [...readMessages(bytesOf(hex))];
  expect(all).toHaveLength(1);
  return all[0]!;
}

export function messageOf(name: string): NetlinkMessage {
  return only(cases.find((entry) => entry.case === name)!.hex);
}

export function linkOf(name: string): Link {
  return parseLink(messageOf(name))!;
}
