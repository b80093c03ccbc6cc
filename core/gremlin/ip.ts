/**
 * IP addresses and prefixes of both families as bits, for `NextHop`. Accepts what Go's net package accepts: dotted
 * decimal without leading zeros, IPv6 with one `::` and an optional dotted tail.
 */
import { parseIpv4 } from '../ip.ts';

export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface IpPrefix extends IpAddress {
  /** Number of leading bits that count. */
  readonly bits: number;
}

export function parseIp(text: string): IpAddress | undefined {
  const four = parseIpv4(text);
  if (four !== undefined) return { family: 4, value: BigInt(four >>> 0) };
  const groups = ipv6Groups(text);
  if (groups === undefined) return undefined;
  let value = 0n;
  for (const group of groups) value = (value << 16n) | BigInt(group);
  // An IPv4 address in IPv6 clothes is the IPv4 address.
  if (value >> 32n === 0xffffn) return { family: 4, value: value & 0xffff_ffffn };
  return { family: 6, value };
}

export function isIpAddress(text: string): boolean {
  return parseIp(text) !== undefined;
}

/** `address/bits`, host bits cleared; undefined when it is none. */
export function parsePrefix(text: string): IpPrefix | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9][0-9]{0,2})$/.test(length)) return undefined;
  const width = address.family === 4 ? 32 : 128;
  const bits = Number(length);
  if (bits > width) return undefined;
  const shift = BigInt(width - bits);
  return { family: address.family, value: (address.value >> shift) << shift, bits };
}

export function prefixContains(prefix: IpPrefix, address: IpAddress): boolean {
  if (prefix.family !== address.family) return false;
  const shift = BigInt((prefix.family === 4 ? 32 : 128) - prefix.bits);
  return prefix.value >> shift === address.value >> shift;
}

function ipv6Groups(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : undefined;
  return missing > 0 ? [...head, ...Array<number>(missing).fill(0), ...tail] : undefined;
}

/** Groups of one side of `::`; only the last side may end in a dotted address. */
function groupsOf(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (mayEndDotted && index === parts.length - 1 && part.includes('.')) {
      const four = parseIpv4(part);
      if (four === undefined) return undefined;
      groups.push(four >>> 16, four & 0xffff);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups.push(parseInt(part, 16));
    else return undefined;
  }
  return groups;
}
