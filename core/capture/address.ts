/**
 * The address rule of a capture's Target (REST section 7 of the reference notes): `host:port`, `:port` or a bare port;
 * the port a number or the name of a service. The reference asks the resolver for names; here a
 * well-formed host name is enough, and the probe that sends there resolves it.
 */

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

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** Groups of an IPv6 text without `::`, each 1 to 4 hex digits, or -1. */
function countGroups(text: string): number {
  if (text === '') return 0;
  const groups = text.split(':');
  const last = groups.at(-1) ?? '';
  const withIpv4 = last.includes('.');
  if (withIpv4 && !isIpv4(last)) return -1;
  const plain = withIpv4 ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[\da-f]{1,4}$/i.test(group))) return -1;
  return plain.length + (withIpv4 ? 2 : 0);
}

function isIpv6(text: string): boolean {
  // A zone (`fe80::1%eth0`) names an interface of the sender.
  const [address = '', zone, ...more] = text.split('%');
  if (zone === '' || more.length > 0) return false;
  const halves = address.split('::');
  const counts = halves.map(countGroups);
  if (counts.includes(-1)) return false;
  if (halves.length === 1) return counts[0] === 8;
  return halves.length === 2 && counts[0]! + counts[1]! <= 7;
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
  return host === '' || isIpv4(host!) || isHostName(host!);
}
