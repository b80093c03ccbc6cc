/**
 * pcap-filter(7) without libpcap: checks a filter text, and turns it into a predicate over packets.
 * Used where no libpcap is to be had (the Worker, the page) for capture requests and `RawPackets().BPF(…)`;
 * on the probe libpcap itself compiles. Line of data: lexer → parser (frozen expression) → generate (graph of
 * blocks) → optimize → evaluate (closures). Held against libpcap 1.10.3 by scripts/bpf-differential.ts.
 */
import type { BpfExpression } from './ast.ts';
import { BpfError } from './errors.ts';
import { evaluator } from './evaluate.ts';
import { generate } from './generate.ts';
import type { Block } from './instructions.ts';
import { layoutOf } from './link-types.ts';
import { optimize } from './optimize.ts';
import { parse } from './parser.ts';

export type { BpfExpression } from './ast.ts';
export { BpfError } from './errors.ts';

/** LINKTYPE_ETHERNET. */
const ethernet = 1;

/**
 * Parses and checks as libpcap does for an interface of this link type; throws BpfError.
 * '' and blank = match everything.
 */
export function parseBpf(expression: string, linkType: number = ethernet): BpfExpression {
  const parsed = parse(expression);
  program(parsed, linkType, true);
  return parsed;
}

/**
 * A predicate over packets of one link type. Throws BpfError when the expression is invalid or has no meaning for
 * that link type (`inbound` in stored Ethernet packets: nothing in them tells it).
 * The predicate never throws: reading past the captured bytes makes the packet not match, as in the BPF machine.
 */
export function compileBpf(
  expression: string,
  linkType: number,
): (packet: Uint8Array, offset: number, capturedLength: number, wireLength: number) => boolean {
  return evaluator(program(parse(expression), linkType, false));
}

function program(expression: BpfExpression, linkType: number, live: boolean): Block {
  const layout = layoutOf(linkType);
  if (layout === undefined) {
    throw new BpfError(`filters are not supported on link type ${linkType}`, 0);
  }
  const made = generate(expression, layout, live);
  return made.canOptimize ? optimize(made.root) : made.root;
}
