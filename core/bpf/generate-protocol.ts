/**
 * Tests of protocols: a keyword alone (`tcp`), `ip proto 47`, `ether proto 0x88cc`, `iso proto esis`.
 * Sources: pcap-filter(7); IANA protocol numbers; ISO 10589 (IS-IS PDU types), ISO 8473, ISO 9542.
 */
import type { ProtocolName } from './ast.ts';
import { BpfError } from './errors.ts';
import { etherTypes, servicePoints } from './ethertypes.ts';
import { linkProtocol } from './generate-link.ts';
import type { Generator } from './generator.ts';
import * as bpf from './instructions.ts';
import type { Test } from './instructions.ts';

const isoProtocols = { clnp: 0x81, esis: 0x82, isis: 0x83 } as const;
/** First byte of the protocol number of ISO packets, by name. */
export const isoProtocolNumbers: ReadonlyMap<string, number> = new Map(Object.entries(isoProtocols));

/** Keywords that name an EtherType or an 802.2 service access point. */
const linkKeywords: ReadonlyMap<ProtocolName, number> = new Map<ProtocolName, number>([
  ['ip', etherTypes.ip],
  ['ip6', etherTypes.ip6],
  ['arp', etherTypes.arp],
  ['rarp', etherTypes.rarp],
  ['atalk', etherTypes.atalk],
  ['aarp', etherTypes.aarp],
  ['decnet', etherTypes.decnet],
  ['sca', etherTypes.sca],
  ['lat', etherTypes.lat],
  ['mopdl', etherTypes.mopdl],
  ['moprc', etherTypes.moprc],
  ['iso', servicePoints.iso],
  ['stp', servicePoints.stp],
  ['ipx', servicePoints.ipx],
  ['netbeui', servicePoints.netbeui],
]);

/** Keywords that name a protocol over IP; the second part is the only IP version it is looked for in. */
const ipKeywords: ReadonlyMap<ProtocolName, readonly [number, 'ip' | 'ip6' | undefined]> = new Map<
  ProtocolName,
  readonly [number, 'ip' | 'ip6' | undefined]
>([
  ['tcp', [6, undefined]],
  ['udp', [17, undefined]],
  ['sctp', [132, undefined]],
  ['pim', [103, undefined]],
  ['ah', [51, undefined]],
  ['esp', [50, undefined]],
  ['icmp', [1, 'ip']],
  ['igmp', [2, 'ip']],
  ['igrp', [9, 'ip']],
  ['vrrp', [112, 'ip']],
  ['carp', [112, 'ip']],
  ['icmp6', [58, 'ip6']],
]);

/** IS-IS PDU types (ISO 10589 §9): hello, link state, complete and partial sequence numbers, of level 1 and 2. */
const [hello1, hello2, helloPoint] = [15, 16, 17];
const [state1, state2, complete1, complete2, partial1, partial2] = [18, 20, 24, 25, 26, 27];
/** In the order in which libpcap tests them. */
const isisKeywords: ReadonlyMap<ProtocolName, readonly number[]> = new Map<ProtocolName, readonly number[]>([
  ['l1', [partial1, complete1, state1, hello1, helloPoint]],
  ['l2', [partial2, complete2, state2, hello2, helloPoint]],
  ['iih', [helloPoint, hello1, hello2]],
  ['lsp', [state1, state2]],
  ['snp', [partial2, partial1, complete1, complete2]],
  ['csnp', [complete1, complete2]],
  ['psnp', [partial1, partial2]],
]);

/** A protocol keyword that stands alone. Throws BpfError. */
export function protocolKeyword(generator: Generator, protocol: ProtocolName, offset: number): Test {
  const type = linkKeywords.get(protocol);
  if (type !== undefined) return linkProtocol(generator, type, offset);
  const ip = ipKeywords.get(protocol);
  if (ip !== undefined) return protocolNumber(generator, ip[0], ip[1], offset);
  const pduTypes = isisKeywords.get(protocol);
  if (pduTypes !== undefined) {
    const tests = pduTypes.map((pduType) => protocolNumber(generator, pduType, 'isis', offset));
    return tests.reduceRight((rest, first) => bpf.either(first, rest));
  }
  if (protocol === 'clnp' || protocol === 'esis' || protocol === 'isis') {
    return protocolNumber(generator, isoProtocols[protocol], 'iso', offset);
  }
  const reason =
    protocol === 'radio' ? "'radio' is not a valid protocol type" : 'link layer applied in wrong context';
  throw new BpfError(reason, offset);
}

/** Protocols that carry no further protocol, with the words of the refusal. */
const refusals: ReadonlyMap<ProtocolName, string> = new Map<ProtocolName, string>([
  ['arp', 'arp does not encapsulate another protocol'],
  ['rarp', 'rarp does not encapsulate another protocol'],
  ['atalk', 'AppleTalk encapsulation is not specifiable'],
  ['decnet', 'DECNET encapsulation is not specifiable'],
  ['lat', 'LAT does not encapsulate another protocol'],
  ['sca', 'SCA does not encapsulate another protocol'],
  ['moprc', 'MOPRC does not encapsulate another protocol'],
  ['mopdl', 'MOPDL does not encapsulate another protocol'],
  ['clnp', "'clnp proto' is not supported"],
]);

/** `<outer> proto <number>`; without `outer` over IPv4 and IPv6. Throws BpfError. */
export function protocolNumber(
  generator: Generator,
  number: number,
  outer: ProtocolName | undefined,
  offset: number,
): Test {
  if (outer === undefined) {
    const over4 = protocolNumber(generator, number, 'ip', offset);
    return bpf.either(over4, protocolNumber(generator, number, 'ip6', offset));
  }
  if (outer === 'link') return linkProtocol(generator, number, offset);
  if (outer === 'ip') {
    const carried = linkProtocol(generator, etherTypes.ip, offset);
    return bpf.both(carried, generator.equals('network', 9, 1, number));
  }
  if (outer === 'ip6') {
    // Next header directly, or behind one fragment header (44), whose first byte is the next header.
    const carried = linkProtocol(generator, etherTypes.ip6, offset);
    const fragment = generator.equals('network', 6, 1, 44);
    const inFragment = bpf.both(fragment, generator.equals('network', 40, 1, number));
    const direct = generator.equals('network', 6, 1, number);
    return bpf.both(carried, bpf.either(direct, inFragment));
  }
  if (outer === 'iso') {
    const carried = linkProtocol(generator, servicePoints.iso, offset);
    return bpf.both(carried, generator.equals('network without snap', 0, 1, number));
  }
  if (outer === 'isis') {
    const carried = protocolNumber(generator, isoProtocols.isis, 'iso', offset);
    return bpf.both(carried, generator.equals('network without snap', 4, 1, number));
  }
  throw new BpfError(refusals.get(outer) ?? `'${outer} proto' is bogus`, offset);
}
