/**
 * Addresses as the reference prints them: IPv4 dotted, IPv6 as Go does (RFC 5952: lower case, the longest run of
 * zero groups compressed, IPv4-mapped ones as IPv4), MAC with colons; and IPv4 ranges for queries.
 */

/** The IPv4 address in bytes[at .. at+3]. */
export function formatIpv4(bytes: Uint8Array, at = 0): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** The IPv6 address in bytes[at .. at+15]. */
export function formatIpv6(bytes: Uint8Array, at = 0): string {
  const words: number[] = [];
  for (let i = at; i < at + 16; i += 4)
    words.push((bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!);
  return formatIpv6Words(words);
}

/** The MAC in bytes[at .. at+5]. */
export function formatMac(bytes: Uint8Array, at = 0): string {
  const parts: string[] = [];
  for (let i = at; i < at + 6; i++) parts.push(HEX[bytes[i]!]!);
  return parts.join(':');
}

/** The IPv4 address in a 32-bit word of network order. */
export function formatIpv4Word(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** The IPv6 address in words[at .. at+3], network order. */
export function formatIpv6Words(words: ArrayLike<number>, at = 0): string {
  // Go prints an IPv4-mapped address as the IPv4 address that it is.
  if (words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0xffff)
    return formatIpv4Word(words[at + 3]!);
  const groups: number[] = [];
  for (let i = 0; i < 4; i++) groups.push(words[at + i]! >>> 16, words[at + i]! & 0xffff);
  let runAt = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > runLength) {
      runAt = i;
      runLength = end - i;
    }
    if (end > i) i = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (runAt < 0) return hex.join(':');
  return `${hex.slice(0, runAt).join(':')}::${hex.slice(runAt + runLength).join(':')}`;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The MAC whose first two bytes are the low half of `high`, the other four `low`. */
export function formatMacWords(high: number, low: number): string {
  return `${HEX[(high >>> 8) & 255]}:${HEX[high & 255]}:${HEX[low >>> 24]}:${HEX[(low >>> 16) & 255]}:${
    HEX[(low >>> 8) & 255]
  }:${HEX[low & 255]}`;
}

/** The word of a dotted IPv4 address as Go parses it (no leading zeros); undefined when it is none. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let word = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    word = (word << 8) | Number(part);
  }
  return word;
}

/** An IPv4 range in CIDR notation; host bits are masked off. Undefined when the text is none. */
export function parseIpv4Cidr(text: string): { word: number; mask: number } | undefined {
  const slash = text.indexOf('/');
  const word = parseIpv4(text.slice(0, Math.max(slash, 0)));
  const bits = text.slice(slash + 1);
  if (slash < 0 || word === undefined || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined;
  const mask = Number(bits) === 0 ? 0 : -1 << (32 - Number(bits));
  return { word: word & mask, mask };
}
