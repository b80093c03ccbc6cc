/**
 * Tests of TCP, UDP and SCTP ports, in IPv4 (first fragments only) and IPv6 (directly after its header).
 * Sources: pcap-filter(7); RFC 791 (protocol at 9, fragment offset in the low 13 bits at 6), RFC 8200 (next header at 6).
 */
import type { Direction } from './ast.ts';
import { etherTypes } from './ethertypes.ts';
import { inDirection, refuseWireless } from './generate-host.ts';
import { linkProtocol } from './generate-link.ts';
import type { Base, Generator } from './generator.ts';
import * as bpf from './instructions.ts';
import type { Test } from './instructions.ts';

export const ipProtocols = { tcp: 6, udp: 17, sctp: 132 } as const;

/** One port, or an inclusive range in any order; `protocol` undefined = TCP, UDP or SCTP. */
export interface PortQuery {
  readonly first: number;
  readonly last: number;
  readonly isRange: boolean;
  readonly protocol: number | undefined;
  readonly direction: Direction | undefined;
  readonly offset: number;
}

/** An IPv4 packet that is not a later fragment: only these have a transport header. */
export const firstFragment = (generator: Generator): Test =>
  bpf.opposite(generator.hasBits('network', 6, 2, 0x1fff));

/** A port test over both IP versions, IPv6 first. Throws BpfError. */
export function port(generator: Generator, query: PortQuery): Test {
  // In this order, because the first of them names what is wrong with the direction.
  const over4 = port4(generator, query);
  return bpf.either(port6(generator, query), over4);
}

/** Over IPv4 alone. Throws BpfError. */
export function port4(generator: Generator, query: PortQuery): Test {
  const carried = linkProtocol(generator, etherTypes.ip, query.offset);
  const found = forProtocols(query, (protocol) => {
    const whole = bpf.both(generator.equals('network', 9, 1, protocol), firstFragment(generator));
    refuseWireless(query.direction, query.isRange ? 'port ranges' : 'ports', query.offset);
    return bpf.both(whole, sides(generator, 'transport of ip', query));
  });
  return bpf.both(carried, found);
}

/** Over IPv6 alone. Throws BpfError. */
export function port6(generator: Generator, query: PortQuery): Test {
  const carried = linkProtocol(generator, etherTypes.ip6, query.offset);
  const found = forProtocols(query, (protocol) =>
    bpf.both(generator.equals('network', 6, 1, protocol), sides(generator, 'transport of ip6', query)),
  );
  return bpf.both(carried, found);
}

function forProtocols(query: PortQuery, one: (protocol: number) => Test): Test {
  if (query.protocol !== undefined) return one(query.protocol);
  const tcpOrUdp = bpf.either(one(ipProtocols.tcp), one(ipProtocols.udp));
  return bpf.either(one(ipProtocols.sctp), tcpOrUdp);
}

/** Source port at 0, destination port at 2, in all three protocols. */
function sides(generator: Generator, base: Base, query: PortQuery): Test {
  const low = Math.min(query.first, query.last);
  const high = Math.max(query.first, query.last);
  return inDirection(query.direction, (which) => {
    const at = which === 'src' ? 0 : 2;
    if (!query.isRange) return generator.equals(base, at, 2, query.first);
    const above = generator.compare(bpf.JGE, base, at, 2, low);
    return bpf.both(above, bpf.opposite(generator.compare(bpf.JGT, base, at, 2, high)));
  });
}
