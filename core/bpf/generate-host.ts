/**
 * Tests of host and network addresses: IPv4 (also inside ARP), IPv6, DECnet, MAC.
 * Sources: pcap-filter(7); field places per RFC 791, RFC 826, RFC 8200; DECnet routing layer headers, long and short.
 */
import type { Direction, ProtocolName } from './ast.ts';
import { BpfError } from './errors.ts';
import { etherTypes } from './ethertypes.ts';
import { innerFrameCheck, linkProtocol } from './generate-link.ts';
import type { Generator } from './generator.ts';
import * as bpf from './instructions.ts';
import type { Test } from './instructions.ts';

/** Where a test stands in the text and what its qualifiers ask for. */
export interface HostQuery {
  readonly protocol: ProtocolName | undefined;
  readonly direction: Direction | undefined;
  /** How messages call it. */
  readonly noun: 'host' | 'net';
  readonly offset: number;
}

const wirelessOnly = new Map<Direction, string>([
  ...([1, 2, 3, 4] as const).map(
    (n) => [`addr${n}`, `'addr${n}' and 'address${n}' are`] as [Direction, string],
  ),
  ['ra', "'ra' is"],
  ['ta', "'ta' is"],
]);

/** Refuses the 802.11 directions. `kind`: what they are not valid for. Throws BpfError. */
export function refuseWireless(direction: Direction | undefined, kind: string, offset: number): void {
  const subject = direction === undefined ? undefined : wirelessOnly.get(direction);
  if (subject === undefined) return;
  const article = subject.endsWith('is') ? 'not a valid qualifier' : 'not valid qualifiers';
  throw new BpfError(`${subject} ${article} for ${kind}`, offset);
}

/** The same test on the source and the destination side, combined as the direction asks. */
export function inDirection(direction: Direction | undefined, side: (which: 'src' | 'dst') => Test): Test {
  if (direction === 'src' || direction === 'dst') return side(direction);
  if (direction === 'src and dst') return bpf.both(side('src'), side('dst'));
  return bpf.either(side('src'), side('dst'));
}

/** Protocols with an upper-case name of their own in the refusal. */
const notImplemented = new Map<ProtocolName, string>([
  ['atalk', 'AppleTalk'],
  ['lat', 'LAT'],
  ['sca', 'SCA'],
  ['moprc', 'MOPRC'],
  ['mopdl', 'MOPDL'],
  ['aarp', 'AARP'],
  ['iso', 'ISO'],
  ['ipx', 'IPX'],
]);

/** An IPv4 address under a mask, in IP, ARP and RARP unless the query names one of them. Throws BpfError. */
export function host4(generator: Generator, address: number, mask: number, query: HostQuery): Test {
  const { protocol, noun, offset } = query;
  const within = (type: number, source: number, target: number): Test => {
    refuseWireless(query.direction, 'addresses other than 802.11 MAC addresses', offset);
    return inDirection(query.direction, (which) => {
      const carried = linkProtocol(generator, type, offset);
      const at = which === 'src' ? source : target;
      return bpf.both(carried, generator.equalsMasked('network', at, 4, address, mask));
    });
  };
  if (protocol === undefined) {
    const inIp = within(etherTypes.ip, 12, 16);
    // Under MPLS labels there is nothing but IP.
    if (generator.labelDepth > 0) return inIp;
    const inArp = within(etherTypes.arp, 14, 24);
    return bpf.either(bpf.either(inIp, inArp), within(etherTypes.rarp, 14, 24));
  }
  if (protocol === 'ip') return within(etherTypes.ip, 12, 16);
  if (protocol === 'arp') return within(etherTypes.arp, 14, 24);
  if (protocol === 'rarp') return within(etherTypes.rarp, 14, 24);
  if (protocol === 'decnet') return decnetHost(generator, address, query);
  throw new BpfError(refusalOf(protocol, noun), offset);
}

/** libpcap's own words. */
function refusalOf(protocol: ProtocolName, noun: string): string {
  if (protocol === 'link') return `link-layer modifier applied to ${noun}`;
  if (protocol === 'ip6') return "'ip6' modifier applied to ip host";
  // Families that libpcap itself names, but filters no hosts of, in any release: its refusal is ours, and nothing is left out here.
  const family = notImplemented.get(protocol);
  return family === undefined
    ? `'${protocol}' modifier applied to ${noun}`
    : `${family} host filtering not implemented`;
}

/** An IPv6 address (four words) under a mask. Throws BpfError. */
export function host6(
  generator: Generator,
  address: readonly number[],
  mask: readonly number[],
  query: HostQuery,
): Test {
  const { protocol, direction, noun, offset } = query;
  if (protocol !== undefined && protocol !== 'ip6') {
    const modifier =
      protocol === 'link' ? 'link-layer' : protocol === 'atalk' ? 'AppleTalk' : `'${protocol}'`;
    throw new BpfError(`${modifier} modifier applied to ip6 ${noun}`, offset);
  }
  refuseWireless(direction, 'addresses other than 802.11 MAC addresses', offset);
  return inDirection(direction, (which) => {
    const at = which === 'src' ? 8 : 24;
    let whole = linkProtocol(generator, etherTypes.ip6, offset);
    for (let word = 0; word < 4; word++) {
      const part = generator.equalsMasked('network', at + 4 * word, 4, address[word]!, mask[word]!);
      whole = bpf.both(whole, part);
    }
    return whole;
  });
}

/** Little-endian, as DECnet writes its 16-bit fields. */
const swapped = (value: number): number => ((value & 0xff) << 8) | ((value >> 8) & 0xff);

/** The four header forms of DECnet: short and long, each perhaps behind one byte of padding. */
function decnetHost(generator: Generator, address: number, query: HostQuery): Test {
  const { direction, offset } = query;
  refuseWireless(direction, 'addresses other than 802.11 MAC addresses', offset);
  const value = swapped(address);
  return inDirection(direction, (which) => {
    const short = which === 'dst' ? 1 : 3;
    const long = which === 'dst' ? 7 : 15;
    const carried = linkProtocol(generator, etherTypes.decnet, offset);
    const plain = (flags: number, at: number): Test =>
      bpf.both(
        generator.equalsMasked('network', 2, 1, flags, 0x07),
        generator.equals('network', 2 + at, 2, value),
      );
    const padded = (flags: number, at: number): Test =>
      bpf.both(
        generator.equalsMasked('network', 2, 2, 0x8100 | flags, 0xff07),
        generator.equals('network', 3 + at, 2, value),
      );
    const longForms = bpf.either(plain(0x06, long), padded(0x06, long));
    const forms = bpf.either(plain(0x02, short), bpf.either(padded(0x02, short), longForms));
    return bpf.both(carried, forms);
  });
}

/** A MAC address on Ethernet. Throws BpfError on other link layers. */
export function macHost(
  generator: Generator,
  address: readonly number[],
  direction: Direction | undefined,
  offset: number,
): Test {
  const subject = direction === undefined ? undefined : wirelessOnly.get(direction);
  if (subject !== undefined) {
    throw new BpfError(`${subject} only supported on 802.11 with 802.11 headers`, offset);
  }
  const check = innerFrameCheck(generator);
  const found = inDirection(direction, (which) =>
    generator.equalsBytes('link header', which === 'src' ? 6 : 0, address),
  );
  return check === undefined ? found : bpf.both(check, found);
}
