/**
 * pcap-filter(7) without libpcap: checks a filter text, and turns it into a predicate over packets.
 * Used where no libpcap is to be had (the Worker, the page) for capture requests and `RawPackets().BPF(…)`;
 * on the probe libpcap itself compiles. Held against libpcap 1.10.3 by scripts/bpf-differential.ts.
 */
import type { BpfExpression } from './ast.ts';
import { parse } from './parser.ts';

export type { BpfExpression } from './ast.ts';
export { BpfError } from './errors.ts';

/** Parses and checks; throws BpfError. '' and blank = match everything. */
export function parseBpf(expression: string): BpfExpression {
  return parse(expression);
}
