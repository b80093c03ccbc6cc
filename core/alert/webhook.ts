/**
 * What an alert's action is sent, and to whom it may be sent. The signature is that of Standard Webhooks
 * (standardwebhooks.com): a receiver can tell that a message is ours, unchanged and not an old one sent again.
 */
import { parseIpv6 } from '../bpf/addresses.ts';
import { parseIpv4 } from '../ip.ts';

/** After each failure the next attempt waits so long; behind the last one it is given up. */
export const WEBHOOK_RETRY_MS: readonly number[] = [1_000, 5_000, 30_000, 120_000, 600_000];

export interface WebhookRules {
  /** Also addresses of private networks and this machine. */
  readonly allowsPrivate: boolean;
  /** Only these; empty: any. `name` or `*.name`. */
  readonly hosts: readonly string[];
}

/** Why the URL may not be told; undefined when it may. A name that leads to a private address is for the network to refuse. */
export function webhookFault(text: string, { allowsPrivate, hosts }: WebhookRules): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return 'it is no http(s) URL';
  if (url.username !== '' || url.password !== '') return 'it has credentials in it';
  // URLs spell every form of an IPv4 address (octal, one number …) as four decimal numbers.
  const host = url.hostname.toLowerCase().replace(/\.$/, '');
  if (hosts.length > 0 && !hosts.some((allowed) => fits(allowed, host)))
    return `host '${host}' is not among those that may be told`;
  if (!allowsPrivate && isPrivateHost(host)) return `'${host}' is a private address`;
  return undefined;
}

function fits(allowed: string, host: string): boolean {
  return allowed.startsWith('*.') ? host.endsWith(allowed.slice(1)) : allowed === host;
}

const PRIVATE_NAMES = /(^|\.)(localhost|local|internal|localdomain|home\.arpa)$/;
/** IANA special-purpose registry: prefix, bits. */
const PRIVATE_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
];

function isPrivateHost(host: string): boolean {
  if (host.startsWith('[')) {
    const words = parseIpv6(host.slice(1, -1));
    return words === undefined || isPrivateV6(words);
  }
  const address = parseIpv4(host);
  // A name without a dot is looked up in the network's own domain.
  return address === undefined ? PRIVATE_NAMES.test(host) || !host.includes('.') : isPrivateV4(address);
}

function isPrivateV4(address: number): boolean {
  return PRIVATE_V4.some(([prefix, bits]) => {
    const shift = 32 - bits;
    return address >>> shift === (parseIpv4(prefix) ?? 0) >>> shift;
  });
}

function isPrivateV6(words: readonly number[]): boolean {
  const [first = 0, second = 0, third = 0, fourth = 0] = words.map((word) => word >>> 0);
  // Loopback, unspecified, IPv4-mapped and -compatible: what counts is the IPv4 address.
  if (first === 0 && second === 0 && (third === 0 || third === 0xffff))
    return third === 0 && fourth <= 1 ? true : isPrivateV4(fourth);
  // NAT64 (RFC 6052) leads to the IPv4 address at its end.
  if (first === 0x0064_ff9b && second === 0 && third === 0) return isPrivateV4(fourth);
  const top = first >>> 24;
  const isUniqueLocal = (top & 0xfe) === 0xfc;
  const isLinkLocal = first >>> 22 === 0xfe80 >>> 6;
  const isSiteLocal = first >>> 22 === 0xfec0 >>> 6;
  return isUniqueLocal || isLinkLocal || isSiteLocal || top === 0xff;
}

/** What is signed: RFC 2104 HMAC-SHA256 over it, in base64. */
export function signedText(id: string, timestampS: number, body: string): string {
  return `${id}.${timestampS}.${body}`;
}
