/**
 * `protochain`: follows the chain of IP headers to a protocol. The one test with a loop.
 * Sources: pcap-filter(7), RFC 8200 §4 (extension headers: next header, length in 8-byte units less one),
 * RFC 4302 (AH: length in 4-byte units less two).
 *
 * As in libpcap 1.10.3, the step over AH sets the place to the AH's own length instead of adding it. Only chains
 * with AH are concerned; the same packets match, but a chain that never ends is given up (see evaluate.ts).
 */
import type { ProtocolName } from './ast.ts';
import { BpfError } from './errors.ts';
import { etherTypes } from './ethertypes.ts';
import { linkProtocol } from './generate-link.ts';
import type { Generator } from './generator.ts';
import * as bpf from './instructions.ts';
import type { Block, Statement, Test } from './instructions.ts';

const noNextHeader = 59;
const authentication = 51;
/** Hop-by-hop options, destination options, routing, fragment. */
const extensionHeaders = [0, 60, 43, 44];

/** Throws BpfError. `outer` undefined: IPv4 or IPv6. */
export function protocolChain(
  generator: Generator,
  number: number,
  outer: ProtocolName | undefined,
  offset: number,
): Test {
  const scratch = generator.allocate(offset);
  if (outer === undefined) {
    // libpcap keeps this word for good; so do we, to run out of words at the same filter.
    const over4 = protocolChain(generator, number, 'ip', offset);
    return bpf.either(over4, protocolChain(generator, number, 'ip6', offset));
  }
  if (outer !== 'ip' && outer !== 'ip6') {
    throw new BpfError("bad protocol applied for 'protochain'", offset);
  }
  if (generator.linkPayload.variable) {
    throw new BpfError("'protochain' not supported with variable length headers", offset);
  }
  generator.noOptimize = true;
  const carried = linkProtocol(generator, outer === 'ip' ? etherTypes.ip : etherTypes.ip6, offset);
  const chain = walk(generator, number, outer, scratch);
  generator.release(scratch);
  return bpf.both(carried, chain);
}

/** A holds the protocol, X where its header begins, counted from the network header. */
function walk(generator: Generator, number: number, outer: 'ip' | 'ip6', scratch: number): Test {
  const { statement } = bpf;
  const network = generator.linkPayload.constant + generator.network;
  const begin: Statement[] =
    outer === 'ip'
      ? [
          statement(bpf.LD | bpf.ABS | bpf.BYTE, network + 9),
          statement(bpf.LDX | bpf.MSH | bpf.BYTE, network),
        ]
      : [statement(bpf.LD | bpf.ABS | bpf.BYTE, network + 6), statement(bpf.LDX | bpf.IMM, 40)];
  const start = bpf.always(begin);
  const isWanted = bpf.test(bpf.JEQ, number, []);
  const isLast = bpf.test(bpf.JEQ, noNextHeader, []);
  const isAuthentication = bpf.test(bpf.JEQ, authentication, []);
  const verdict = bpf.test(bpf.JEQ, number, []);
  const overAuthentication = bpf.always(authenticationStep(network, scratch));

  connectTo(isWanted.head, start);
  bpf.connect(isWanted.whenTrue, verdict.head);
  bpf.connect(isWanted.whenFalse, isLast.head);
  bpf.connect(isLast.whenTrue, verdict.head);
  bpf.connect(isAuthentication.whenTrue, overAuthentication.head);
  bpf.connect(isAuthentication.whenFalse, verdict.head);
  connectTo(isWanted.head, overAuthentication);
  let next = isAuthentication.head;
  if (outer === 'ip6') {
    const overExtension = bpf.always(extensionStep(network, scratch));
    connectTo(isWanted.head, overExtension);
    for (const header of extensionHeaders.toReversed()) {
      const isExtension = bpf.test(bpf.JEQ, header, []);
      bpf.connect(isExtension.whenTrue, overExtension.head);
      bpf.connect(isExtension.whenFalse, next);
      next = isExtension.head;
    }
  }
  bpf.connect(isLast.whenFalse, next);
  return { ...verdict, head: start.head };
}

function connectTo(target: Block, from: Test): void {
  bpf.connect(from.whenTrue, target);
}

/** A = next header, X = X + (length + 1) * 8. */
function extensionStep(network: number, scratch: number): Statement[] {
  const { statement } = bpf;
  return [
    statement(bpf.LD | bpf.IND | bpf.BYTE, network),
    statement(bpf.ST, scratch),
    statement(bpf.LD | bpf.IND | bpf.BYTE, network + 1),
    statement(bpf.ALU | bpf.ADD | bpf.K, 1),
    statement(bpf.ALU | bpf.MUL | bpf.K, 8),
    statement(bpf.ALU | bpf.ADD | bpf.X),
    statement(bpf.MISC | bpf.TAX),
    statement(bpf.LD | bpf.MEM, scratch),
  ];
}

/** A = next header, X = (length + 2) * 4. */
function authenticationStep(network: number, scratch: number): Statement[] {
  const { statement } = bpf;
  return [
    statement(bpf.LD | bpf.IND | bpf.BYTE, network),
    statement(bpf.ST, scratch),
    statement(bpf.MISC | bpf.TXA),
    statement(bpf.ALU | bpf.ADD | bpf.K, 1),
    statement(bpf.MISC | bpf.TAX),
    statement(bpf.LD | bpf.IND | bpf.BYTE, network),
    statement(bpf.ALU | bpf.ADD | bpf.K, 2),
    statement(bpf.ALU | bpf.MUL | bpf.K, 4),
    statement(bpf.MISC | bpf.TAX),
    statement(bpf.LD | bpf.MEM, scratch),
  ];
}
