import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { flowFieldNames } from '../../core/flow/fields.ts';
import { runFlowConformance } from '../../scripts/conformance-flows.ts';
import { differingFields, flowsOf, linkTypeOf, optionsOf, readCapture } from './flows-case.ts';
import type { FlowCase, Json } from './flows-case.ts';
import { judge } from './flows-judge.ts';
import { ruleFor } from './flows-rules.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const CASES = here('data/flow-cases.json');
const PCAPS = here('../pcap');
const SHARED = here('../../../shared');
/** What the reference's tests set unless they say otherwise. */
const USUAL_OPTIONS = { ExtraTCPMetric: true, IPDefrag: true, ReassembleTCP: true };
const hasShared = existsSync(join(SHARED, 'conformance/flow-cases.json'));

describe('recorded flows of the generated captures', () => {
  it('are those of our table, or differ by a known rule', () => {
    const result = runFlowConformance(CASES, PCAPS);
    expect(result.lines.filter((line) => line.startsWith('failed'))).toEqual([]);
    expect(result.lines.at(-1)).toBe(`${result.passed} passed, 0 failed, ${result.divergent} divergent`);
    const { cases } = JSON.parse(readFileSync(CASES, 'utf8')) as { cases: FlowCase[] };
    const runs = cases.reduce((sum, flowCase) => sum + (flowCase.recorded?.length ?? 0), 0);
    expect(result.passed + result.divergent).toBe(runs);
    expect(result.passed).toBeGreaterThan(result.divergent);
  });

  /** The cases with one thing changed, judged again: how many runs fail. */
  function failures(change: (cases: { cases: Json[] }) => void): number {
    const cases = JSON.parse(readFileSync(CASES, 'utf8')) as { cases: Json[] };
    change(cases);
    const file = join(mkdtempSync(join(tmpdir(), 'flows-')), 'cases.json');
    writeFileSync(file, JSON.stringify(cases));
    return runFlowConformance(file, PCAPS).failed;
  }

  it('fail when any recorded value is corrupted, also where a rule excuses a difference', () => {
    const corrupt = (value: unknown): unknown =>
      typeof value === 'number' ? value + 1 : typeof value === 'string' ? `${value}x` : value;
    const { cases } = JSON.parse(readFileSync(CASES, 'utf8')) as { cases: FlowCase[] };
    for (const [c, flowCase] of cases.entries())
      for (const [r, run] of (flowCase.recorded ?? []).entries()) {
        const changed = structuredClone(run);
        const first = (changed.flows ?? changed.ids)?.[0];
        if (first === undefined) continue;
        // Another member each time.
        const fields = Object.keys(first);
        const field = fields[(c + r) % fields.length]!;
        const value = first[field];
        if (typeof value === 'object') {
          const [name, inner] = Object.entries(value as Json).find(
            ([, member]) => typeof member !== 'object',
          )!;
          (value as Json)[name] = corrupt(inner);
        } else first[field] = corrupt(value);
        expect([flowCase.pcap, run.run, field, judge(flowCase, changed, PCAPS).kind]).toEqual([
          flowCase.pcap,
          run.run,
          field,
          'failed',
        ]);
      }
  });

  it('fail when a flow is missing or too many, or when the case is not understood', () => {
    const first = (changed: { cases: Json[] }) => (changed.cases[0]!['recorded'] as Json[])[0]!;
    expect(failures((changed) => (first(changed)['flows'] as Json[]).pop())).toBe(1);
    expect(failures((changed) => (first(changed)['flows'] as Json[]).push({ UUID: 'x' }))).toBe(1);
    expect(failures((changed) => ((first(changed)['options'] as Json)['Sampling'] = 5))).toBe(1);
    expect(failures((changed) => (first(changed)['timers'] = {}))).toBe(1);
    expect(failures((changed) => delete first(changed)['flows'])).toBe(1);
    const all = (changed: { cases: Json[] }) => (changed.cases[0]!['recorded'] as Json[]).length;
    let runs = 0;
    const count = failures((changed) => {
      runs = all(changed);
      changed.cases[0]!['pcap'] = 'nosuch.pcap';
    });
    expect(count).toBe(runs);
  });
});

describe('flows of random captures, as the reference makes them', () => {
  it('are those of our table, or differ by a known rule', () => {
    const result = runFlowConformance(here('data/random-cases.json'), join(PCAPS, 'random'));
    expect(result.lines.filter((line) => line.startsWith('failed'))).toEqual([]);
    expect(result.passed + result.divergent).toBe(160);
    expect(result.passed).toBeGreaterThan(50);
  });
});

describe.skipIf(!hasShared)(
  `recorded flows of all captures${hasShared ? '' : ' (../shared is not there)'}`,
  () => {
    const casesFile = join(SHARED, 'conformance/flow-cases.json');
    const pcapDir = join(SHARED, 'pcap');

    it('are those of our table, or differ by a known rule', () => {
      const result = runFlowConformance(casesFile, pcapDir);
      expect(result.lines.filter((line) => line.startsWith('failed'))).toEqual([]);
      expect(result.passed).toBeGreaterThan(140);
    });

    it("hold what the reference project's own tests assert", () => {
      const { cases } = JSON.parse(readFileSync(casesFile, 'utf8')) as { cases: FlowCase[] };
      for (const flowCase of cases)
        for (const fact of flowCase.unitTests ?? []) {
          const options = (fact['options'] ?? USUAL_OPTIONS) as Json;
          // BPF is tested with the filters, LLDP with the topology.
          if (
            options['bpf'] !== undefined ||
            String(fact['rule']).includes('BPF') ||
            flowCase.pcap.startsWith('lldp')
          )
            continue;
          const packets = readCapture(join(pcapDir, flowCase.pcap));
          const base = optionsOf(options, linkTypeOf(flowCase, packets));
          // A fact that names no port holds with the ports of the case's notes registered as MPLS.
          const port = /UDP port (\d+) registered as MPLS/.exec(flowCase.notes ?? '')?.[1];
          const table = port === undefined ? base : { ...base, mplsUdpPorts: [Number(port)] };
          const actual = flowsOf(packets, table);
          if (typeof fact['flowCount'] === 'number')
            expect([fact['test'], actual.length]).toEqual([fact['test'], fact['flowCount']]);
          for (const wanted of (fact['contains'] ?? []) as Json[]) {
            const match = actual.some((flow) => {
              const context = {
                expected: wanted,
                actual: flow,
                expectedFlows: [wanted],
                actualFlows: [flow],
                options: table,
                packets,
              };
              return listedFields(wanted, flow).every((field) => ruleFor(field, context) !== undefined);
            });
            expect([fact['test'], wanted, match]).toEqual([fact['test'], wanted, true]);
          }
        }
    });

    it('have the fields that the reference lists for its flows, Go time internals apart', () => {
      const line = readFileSync(join(SHARED, 'conformance/recordings/flows-fresh.jsonl'), 'utf8')
        .split('\n')
        .find((text) => text.includes('G.Flows().Keys()'))!;
      const recorded = JSON.parse(
        (JSON.parse(line) as { response: { body: string } }).response.body,
      ) as string[];
      const named = recorded.filter((name) => !name.startsWith('DNS.Timestamp.'));
      expect(flowFieldNames.filter((name) => name !== 'DNS.Timestamp')).toEqual(named);
    });
  },
);

/** Differing fields that the fact lists. */
function listedFields(wanted: Json, flow: Json): string[] {
  const listed = new Set(differingFields(wanted, {}));
  return differingFields(wanted, flow).filter((field) => listed.has(field));
}
