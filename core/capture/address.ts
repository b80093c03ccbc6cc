/**
 * The address rule of a capture's Target (REST section 7 of the reference notes): `host:port`, `:port` or a bare port;
 * the port a number or the name of a service. The reference asks the resolver for names; here a
 * well-formed host name is enough, and the probe that sends there resolves it.
 */
import { isIpAddress } from '../gremlin/ip.ts';

/** UDP services that collectors of flows and mirrored packets listen on, by their names in RFC 6335's registry. */
const SERVICES: Readonly<Record<string, number>> = {
  domain: 53,
  tftp: 69,
  ntp: 123,
  snmp: 161,
  snmptrap: 162,
  syslog: 514,
  netflow: 2055,
  ipfix: 4739,
  vxlan: 4789,
  sflow: 6343,
  geneve: 6081,
};

function isPort(text: string): boolean {
  if (/^\d{1,5}$/.test(text)) return Number(text) <= 65_535;
  return Object.hasOwn(SERVICES, text.toLowerCase());
}

function isIpv6(text: string): boolean {
  // A zone (`fe80::1%eth0`) names an interface of the sender.
  const [address = '', zone, ...more] = text.split('%');
  return zone !== '' && more.length === 0 && address.includes(':') && isIpAddress(address);
}

function isHostName(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name.length === 0 || name.length > 253) return false;
  const labels = name.split('.');
  if (!labels.every((label) => /^[\da-z_]([\da-z_-]{0,61}[\da-z_])?$/i.test(label))) return false;
  // RFC 3696 section 2: the last label is not all digits, so that `1.2.3.999` is not taken for a name.
  return !/^\d+$/.test(labels.at(-1) ?? '');
}

/** True when the text is `host:port`, `[ipv6]:port`, `:port` or a bare port. */
export function isAddress(text: string): boolean {
  if (!/[.:]/.test(text)) return isPort(text);
  const bracketed = /^\[([^\]]*)\]:(.*)$/.exec(text);
  if (bracketed !== null) return isIpv6(bracketed[1]!) && isPort(bracketed[2]!);
  const [host, port, ...more] = text.split(':');
  if (port === undefined || more.length > 0 || !isPort(port)) return false;
  return host === '' || isIpAddress(host!) || isHostName(host!);
}
