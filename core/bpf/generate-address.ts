/**
 * An address with its qualifiers → the test it stands for: which of host, net, port, portrange, proto it is, in
 * what form it may then be written, and the refusals. Names of hosts and networks are never looked up.
 * Source: pcap-filter(7).
 */
import { parseDecnet, parseIpv4Parts, parseIpv6, parseMac } from './addresses.ts';
import type { BpfExpression, ProtocolName, Qualifiers } from './ast.ts';
import { BpfError } from './errors.ts';
import { host4, host6, macHost } from './generate-host.ts';
import type { HostQuery } from './generate-host.ts';
import { ipProtocols, port } from './generate-port.ts';
import { isoProtocolNumbers, protocolNumber } from './generate-protocol.ts';
import { protocolChain } from './generate-protochain.ts';
import type { Generator } from './generator.ts';
import type { Test } from './instructions.ts';
import { etherProtocols, ipProtocolNumbers, portOfName, portRangeOfName } from './names.ts';

type AddressNode = Extract<BpfExpression, { kind: 'address' }>;
const full = 0xffffffff;
/** The link layers with MAC addresses, as libpcap lists them; of these only Ethernet is known here. */
const macLinks = 'ethernet/FDDI/token ring/802.11/ATM LANE/Fibre Channel';
const noQualifiers: Qualifiers = { protocol: undefined, direction: undefined, type: undefined };

/** Throws BpfError. */
export function address(generator: Generator, node: AddressNode): Test {
  const { address: written, offset } = node;
  const qualifiers = node.qualifiers ?? noQualifiers;
  const orphan = node.qualifiers === undefined;
  switch (written.form) {
    case 'name':
      if (orphan) throw new BpfError('syntax error in filter expression', offset);
      return byName(generator, written.text, qualifiers, offset);
    case 'number':
      if (orphan) throw new BpfError('syntax error in filter expression', offset);
      return byNumber(generator, written.value, qualifiers, offset);
    case 'ipv4':
      return byIpv4(generator, written.text, orphan ? undefined : qualifiers, offset);
    case 'ipv4-prefix':
    case 'ipv4-mask':
      return byNetwork(generator, written, qualifiers, offset);
    case 'ipv6':
      return byIpv6(generator, written.text, 128, orphan ? undefined : qualifiers, offset);
    case 'ipv6-prefix':
      return byIpv6(generator, written.text, written.bits, orphan ? undefined : qualifiers, offset);
    case 'mac':
      if (qualifiers.protocol !== 'link' || !isHost(qualifiers)) {
        throw new BpfError('ethernet address used in non-ether expression', offset);
      }
      if (generator.layer !== 'ethernet') {
        throw new BpfError(`ethernet addresses supported only on ${macLinks}`, offset);
      }
      return macHost(generator, parseMac(written.text), qualifiers.direction, offset);
    case 'arcnet':
      throw new BpfError('aid supported only on ARCnet', offset);
  }
}

const isHost = ({ type }: Qualifiers): boolean => type === undefined || type === 'host';

const hostQuery = ({ protocol, direction, type }: Qualifiers, offset: number): HostQuery => ({
  protocol,
  direction,
  noun: type === 'net' ? 'net' : 'host',
  offset,
});

/** The transport protocol a port is looked for in. Throws BpfError for any other protocol qualifier. */
function transportOf({ protocol, type }: Qualifiers, offset: number): number | undefined {
  if (protocol === undefined) return undefined;
  if (protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp') return ipProtocols[protocol];
  throw new BpfError(`illegal qualifier of '${type}'`, offset);
}

function byName(generator: Generator, name: string, qualifiers: Qualifiers, offset: number): Test {
  const { protocol } = qualifiers;
  switch (qualifiers.type) {
    case undefined:
    case 'host':
      throw new BpfError(unknownHost(generator, name, protocol), offset);
    case 'net':
      throw new BpfError(`unknown network '${name}' (names are not looked up, give an address)`, offset);
    case 'port':
    case 'portrange':
      return portByName(generator, name, qualifiers, offset);
    case 'gateway':
      throw new BpfError("'gateway' not supported in this configuration", offset);
    case 'proto':
      return protocolNumber(generator, protocolOfName(name, protocol, offset), protocol, offset);
    case 'protochain':
      return protocolChain(generator, protocolOfName(name, protocol, offset), protocol, offset);
  }
}

function unknownHost(generator: Generator, name: string, protocol: ProtocolName | undefined): string {
  const advice = '(names are not looked up, give an address)';
  if (protocol === 'decnet') return `decnet name support not included, '${name}' cannot be translated`;
  if (protocol !== 'link') return `unknown host '${name}' ${advice}`;
  return generator.layer === 'ethernet'
    ? `unknown ether host '${name}' ${advice}`
    : `only ${macLinks} supports link-level host name`;
}

function portByName(generator: Generator, name: string, qualifiers: Qualifiers, offset: number): Test {
  const wanted = transportOf(qualifiers, offset);
  const isRange = qualifiers.type === 'portrange';
  const found = isRange ? portRangeOfName(name) : portOfName(name);
  if (found === undefined) {
    throw new BpfError(isRange ? `unknown port in range '${name}'` : `unknown port '${name}'`, offset);
  }
  if (wanted !== undefined && found.protocol !== undefined && found.protocol !== wanted) {
    const is = found.protocol === ipProtocols.tcp ? 'tcp' : 'udp';
    throw new BpfError(`${isRange ? 'port in range' : 'port'} '${name}' is ${is}`, offset);
  }
  for (const bound of [found.first, found.last]) refusePort(bound, offset);
  const { first, last } = found;
  const { direction } = qualifiers;
  return port(generator, { first, last, isRange, protocol: wanted ?? found.protocol, direction, offset });
}

function refusePort(value: number, offset: number): void {
  if (value > 65_535) throw new BpfError(`illegal port number ${value} > 65535`, offset);
  if (value < 0) throw new BpfError(`illegal port number ${value} < 0`, offset);
}

/** The tables of names, by what carries the protocol: what messages call it, and its numbers. */
const protocolTables = new Map<ProtocolName | undefined, readonly [string, ReadonlyMap<string, number>]>([
  [undefined, ['ip', ipProtocolNumbers]],
  ['ip', ['ip', ipProtocolNumbers]],
  ['ip6', ['ip', ipProtocolNumbers]],
  ['link', ['ether', etherProtocols]],
  ['iso', ['osi', isoProtocolNumbers]],
]);

function protocolOfName(name: string, outer: ProtocolName | undefined, offset: number): number {
  const named = protocolTables.get(outer);
  if (named === undefined) throw new BpfError(`unknown protocol: ${name}`, offset);
  const number = named[1].get(name);
  if (number === undefined) throw new BpfError(`unknown ${named[0]} proto '${name}'`, offset);
  return number;
}

function byNumber(generator: Generator, value: number, qualifiers: Qualifiers, offset: number): Test {
  const { protocol, direction } = qualifiers;
  switch (qualifiers.type) {
    case undefined:
    case 'host':
    case 'net': {
      if (protocol === 'link') throw new BpfError('illegal link layer address', offset);
      // `net 10` is 10.0.0.0/8; `host 10` is 0.0.0.10.
      const isNet = qualifiers.type === 'net' && protocol !== 'decnet';
      const [number, mask] = isNet ? leadingBytes(value) : [value, full];
      return host4(generator, number, mask, hostQuery(qualifiers, offset));
    }
    case 'port':
    case 'portrange': {
      const transport = transportOf(qualifiers, offset);
      refusePort(value, offset);
      const isRange = qualifiers.type === 'portrange';
      return port(generator, { first: value, last: value, isRange, protocol: transport, direction, offset });
    }
    case 'gateway':
      throw new BpfError("'gateway' requires a name", offset);
    case 'proto':
      return protocolNumber(generator, value, protocol, offset);
    case 'protochain':
      return protocolChain(generator, value, protocol, offset);
  }
}

function byIpv4(
  generator: Generator,
  text: string,
  qualifiers: Qualifiers | undefined,
  offset: number,
): Test {
  if (qualifiers === undefined) throw new BpfError('syntax error in filter expression', offset);
  const { type, protocol } = qualifiers;
  if (type === 'port' || type === 'portrange' || type === 'proto' || type === 'protochain') {
    throw new BpfError(`'${type}' modifier applied to ip host`, offset);
  }
  if (protocol === 'decnet') {
    const decnet = parseDecnet(text);
    if (decnet === undefined) throw new BpfError(`malformed decnet address '${text}'`, offset);
    if (type === 'gateway') throw new BpfError("'gateway' requires a name", offset);
    return host4(generator, decnet, full, hostQuery(qualifiers, offset));
  }
  const parsed = parseIpv4Parts(text);
  if (parsed === undefined) throw new BpfError(`invalid IPv4 address '${text}'`, offset);
  if (type === 'gateway') throw new BpfError("'gateway' requires a name", offset);
  if (protocol === 'link') throw new BpfError('illegal link layer address', offset);
  return host4(generator, parsed.value, prefixMask(parsed.bits), hostQuery(qualifiers, offset));
}

/** A number as the leading bytes of a network: 10 → 10.0.0.0/8, 0xac10 → 172.16.0.0/16. 0 stays a whole address. */
function leadingBytes(value: number): [number: number, mask: number] {
  let [number, mask] = [value, full];
  while (number !== 0 && number <= 0xffffff) {
    [number, mask] = [(number << 8) >>> 0, (mask << 8) >>> 0];
  }
  return [number, mask];
}

/** The leading `bits` of 32 set. */
const prefixMask = (bits: number): number => (bits === 0 ? 0 : (full << (32 - bits)) >>> 0);

function byNetwork(
  generator: Generator,
  written: Extract<AddressNode['address'], { form: 'ipv4-prefix' | 'ipv4-mask' }>,
  qualifiers: Qualifiers,
  offset: number,
): Test {
  const parsed = parseIpv4Parts(written.text);
  if (parsed === undefined) throw new BpfError(`invalid IPv4 address '${written.text}'`, offset);
  let mask: number;
  let text: string;
  if (written.form === 'ipv4-mask') {
    const parsedMask = parseIpv4Parts(written.mask);
    if (parsedMask === undefined) throw new BpfError(`invalid IPv4 address '${written.mask}'`, offset);
    mask = parsedMask.value;
    text = `${written.text} mask ${written.mask}`;
  } else {
    if (written.bits > 32) throw new BpfError('mask length must be <= 32', offset);
    mask = prefixMask(written.bits);
    text = `${written.text}/${written.bits}`;
  }
  if ((parsed.value & ~mask) !== 0) {
    throw new BpfError(`non-network bits set in "${text}"`, offset);
  }
  if (qualifiers.type !== 'net') throw new BpfError('Mask syntax for networks only', offset);
  return host4(generator, parsed.value, mask, hostQuery(qualifiers, offset));
}

function byIpv6(
  generator: Generator,
  text: string,
  bits: number,
  qualifiers: Qualifiers | undefined,
  offset: number,
): Test {
  const words = parseIpv6(text)!;
  if (bits > 128) throw new BpfError('mask length must be <= 128', offset);
  const mask = [0, 32, 64, 96].map((first) => prefixMask(Math.min(32, Math.max(0, bits - first))));
  if (words.some((word, index) => (word & ~mask[index]!) !== 0)) {
    throw new BpfError(`non-network bits set in "${text}/${bits}"`, offset);
  }
  if (qualifiers === undefined || !(isHost(qualifiers) || qualifiers.type === 'net')) {
    throw new BpfError('invalid qualifier against IPv6 address', offset);
  }
  if (isHost(qualifiers) && bits !== 128) throw new BpfError('Mask syntax for networks only', offset);
  return host6(generator, words, mask, hostQuery(qualifiers, offset));
}
