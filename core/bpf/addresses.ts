/**
 * Addresses as the filter language writes them, turned into numbers.
 * Sources: RFC 4291 §2.2 (IPv6 text), pcap-filter(7) (IPv4 with one to four parts, MAC spellings).
 */

/** A number of the language: decimal, 0octal or 0xhex, at most 32 bits; otherwise the reason it is none. */
export function parseNumber(text: string): number | string {
  const hex = /^0x/i.test(text);
  const octal = !hex && text.startsWith('0');
  if (octal && /[89]/.test(text)) return `number ${text} contains non-octal digit`;
  // Beyond 2^53 the value is inexact, but it stays far above 32 bits.
  const value = Number.parseInt(text, hex ? 16 : octal ? 8 : 10);
  if (value > 0xffffffff) return `number ${text} overflows 32 bits`;
  return value;
}

/** Eight 16-bit groups, or undefined when the text is not an IPv6 address. */
function ipv6Groups(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const parsed: number[][] = [];
  for (const [index, half] of halves.entries()) {
    const groups: number[] = [];
    const parts = half === '' ? [] : half.split(':');
    for (const [position, part] of parts.entries()) {
      const last = index === halves.length - 1 && position === parts.length - 1;
      if (last && part.includes('.')) {
        const quad = dottedQuad(part);
        if (quad === undefined) return undefined;
        groups.push(quad >>> 16, quad & 0xffff);
      } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
        groups.push(Number.parseInt(part, 16));
      } else {
        return undefined;
      }
    }
    parsed.push(groups);
  }
  const [head, tail] = [parsed[0]!, parsed[1]];
  if (tail === undefined) return head.length === 8 ? head : undefined;
  const missing = 8 - head.length - tail.length;
  if (missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** Strictly four decimal parts without leading zeroes, each at most 255. */
function dottedQuad(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

/** An IPv6 address as four 32-bit words in host order, or undefined. */
export function parseIpv6(text: string): readonly number[] | undefined {
  const groups = ipv6Groups(text);
  if (groups === undefined) return undefined;
  return [0, 2, 4, 6].map((index) => ((groups[index]! << 16) | groups[index + 1]!) >>> 0);
}

/**
 * Two to four decimal numbers with dots, as the leading bytes of an IPv4 address: its 32-bit value and how many bits
 * were written. Hexadecimal parts are refused although the lexer lets them through, as libpcap does.
 */
export function parseIpv4Parts(text: string): { value: number; bits: number } | undefined {
  let value = 0;
  let bits = 0;
  for (const part of text.split('.')) {
    if (!/^[0-9]+$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
    bits += 8;
  }
  return { value: value * 2 ** (32 - bits), bits };
}

/** A DECnet address `area.node`: six and ten bits. What follows the second number is ignored, as libpcap does. */
export function parseDecnet(text: string): number | undefined {
  const match = /^([0-9]+)\.([0-9]+)/.exec(text);
  if (match === null) return undefined;
  return ((Number(match[1]) << 10) & 0xfc00) | (Number(match[2]) & 0x3ff);
}

/** A MAC address in any of the language's spellings (the lexer has checked the shape): six bytes. */
export function parseMac(text: string): readonly number[] {
  const separator = /[:.-]/.exec(text)?.[0];
  const parts = separator === undefined ? [text] : text.split(separator);
  // Without six parts the digits stand in full: xxxx.xxxx.xxxx or xxxxxxxxxxxx.
  const pairs = parts.length === 6 ? parts : (parts.join('').match(/../g) ?? []);
  return pairs.map((pair) => Number.parseInt(pair, 16));
}
