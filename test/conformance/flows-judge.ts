/** The verdict on one recorded run: passed, divergent by named rules, or failed with every differing field. */
import { join } from 'node:path';
import { compileBpf } from '../../core/bpf/bpf.ts';
import type { PcapPacket } from '../../core/packet/pcap-file.ts';
import {
  NotUnderstood,
  differingFields,
  flowsOf,
  linkTypeOf,
  misunderstanding,
  optionsOf,
  readCapture,
} from './flows-case.ts';
import type { FlowCase, Json, RecordedRun } from './flows-case.ts';
import { mplsRetry, retriesOf } from './flows-rules-mpls.ts';
import { ruleFor } from './flows-rules.ts';
import type { FlowTableOptions } from '../../core/flow/table.ts';

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'divergent'; readonly rules: readonly string[] }
  | { readonly kind: 'failed'; readonly differences: readonly string[] };

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function at(flow: Json, field: string): unknown {
  return field.split('.').reduce<unknown>((value, name) => (value as Json | undefined)?.[name], flow);
}

/** Compares whole flows; what differs is explained by a rule or reported. */
function compareFlows(
  expected: readonly Json[],
  actual: readonly Json[],
  options: FlowTableOptions,
  packets: readonly PcapPacket[],
): Verdict {
  const differences: string[] = [];
  const names = new Set<string>();
  const byId = new Map(actual.map((flow) => [flow['UUID'], flow]));
  // Some of them have another id than ours.
  const retries = new Set<Json>();
  for (const flow of actual) {
    const found = retriesOf(flow, { expectedFlows: expected });
    for (const wanted of found) retries.add(wanted);
    if (found.length > 0) names.add(mplsRetry.name);
    if (found.length > 0 && !expected.some(({ UUID }) => UUID === flow['UUID'])) byId.delete(flow['UUID']);
  }
  for (const wanted of expected) {
    const found = byId.get(wanted['UUID']);
    byId.delete(wanted['UUID']);
    const title = `${show(wanted['UUID'])} ${show(wanted['LayersPath'])}`;
    if (found === undefined) {
      if (retries.has(wanted)) continue;
      differences.push(`${title}: missing`);
      continue;
    }
    const context = {
      expected: wanted,
      actual: found,
      expectedFlows: expected,
      actualFlows: actual,
      options,
      packets,
    };
    for (const field of differingFields(wanted, found)) {
      const rule = ruleFor(field, context);
      if (rule) names.add(rule.name);
      else
        differences.push(
          `${title}: ${field} is ${show(at(found, field))}, recorded ${show(at(wanted, field))}`,
        );
    }
  }
  for (const flow of byId.values())
    differences.push(`${show(flow['UUID'])} ${show(flow['LayersPath'])}: not recorded`);
  if (differences.length > 0) return { kind: 'failed', differences };
  return names.size > 0 ? { kind: 'divergent', rules: [...names] } : { kind: 'passed' };
}

/** Compares the few members that a run recorded of each flow. */
function compareIds(expected: readonly Json[], actual: readonly Json[]): Verdict {
  const differences: string[] = [];
  const byId = new Map(actual.map((flow) => [flow['UUID'], flow]));
  for (const wanted of expected) {
    const found = byId.get(wanted['UUID']);
    byId.delete(wanted['UUID']);
    if (found === undefined) differences.push(`${show(wanted['UUID'])}: missing`);
    else
      for (const [name, value] of Object.entries(wanted))
        if (found[name] !== value)
          differences.push(
            `${show(wanted['UUID'])}: ${name} is ${show(found[name])}, recorded ${show(value)}`,
          );
  }
  for (const id of byId.keys()) differences.push(`${show(id)}: not recorded`);
  return differences.length > 0 ? { kind: 'failed', differences } : { kind: 'passed' };
}

/** Packets that the run's filter lets pass. Throws NotUnderstood. */
function matching(packets: readonly PcapPacket[], filter: unknown, linkType: number): readonly PcapPacket[] {
  if (filter === '') return packets;
  if (typeof filter !== 'string') throw new NotUnderstood('BPFFilter');
  const matches = compileBpf(filter, linkType);
  return packets.filter(({ bytes, wireLength }) => matches(bytes, 0, bytes.length, wireLength));
}

/**
 * Judges one run of a case; `pcapDir` holds its capture. `make` makes flows of it: the library, unless they came another
 * way. Never throws for what a case holds.
 */
export function judge(
  flowCase: FlowCase,
  run: RecordedRun,
  pcapDir: string,
  make: typeof flowsOf = flowsOf,
): Verdict {
  const strange = misunderstanding(flowCase, run);
  if (strange !== undefined) return { kind: 'failed', differences: [`not understood: ${strange}`] };
  try {
    const captured = readCapture(join(pcapDir, flowCase.pcap));
    const { BPFFilter: filter = '', ...others } = run.options;
    const options = optionsOf(others, linkTypeOf(flowCase, captured));
    const packets = matching(captured, filter, options.linkType ?? 1);
    const actual = make(packets, options);
    const expected = run.flows ?? run.ids ?? [];
    if (run.flowCount !== undefined && run.flowCount !== expected.length)
      return {
        kind: 'failed',
        differences: [`flowCount is ${run.flowCount}, but ${expected.length} are recorded`],
      };
    return run.flows ? compareFlows(expected, actual, options, packets) : compareIds(expected, actual);
  } catch (error) {
    const what = error instanceof NotUnderstood ? `not understood: ${error.message}` : String(error);
    return { kind: 'failed', differences: [what] };
  }
}
