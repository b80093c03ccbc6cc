/**
 * Runs recorded flow cases against the flow table: `--cases FILE --pcap DIR`, by default the copies under test/.
 * Prints each failing run with its differing fields and each divergent one with the rules that explain it; the last
 * line counts them. The three counts add up to the recorded runs of the file.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf } from '../core/errors.ts';
import type { FlowCase, RecordedRun } from '../test/conformance/flows-case.ts';
import { judge } from '../test/conformance/flows-judge.ts';

export interface ConformanceResult {
  readonly passed: number;
  readonly failed: number;
  readonly divergent: number;
  readonly lines: readonly string[];
}

/** Judges every recorded run of the file. Throws when the file cannot be read as cases. */
export function runFlowConformance(casesFile: string, pcapDir: string): ConformanceResult {
  const { cases } = JSON.parse(readFileSync(casesFile, 'utf8')) as { cases: FlowCase[] };
  if (!Array.isArray(cases)) throw new Error(`${casesFile} has no list "cases"`);
  const lines: string[] = [];
  const counts = { passed: 0, failed: 0, divergent: 0 };
  for (const flowCase of cases) {
    const runs: readonly RecordedRun[] = flowCase.recorded ?? [];
    for (const run of runs) {
      const verdict = judge(flowCase, run, pcapDir);
      counts[verdict.kind]++;
      const title = `${flowCase.pcap} ${run.run}`;
      if (verdict.kind === 'divergent') lines.push(`divergent ${title}: ${verdict.rules.join(', ')}`);
      if (verdict.kind === 'failed')
        lines.push(`failed ${title}`, ...verdict.differences.map((difference) => `  ${difference}`));
    }
  }
  lines.push(`${counts.passed} passed, ${counts.failed} failed, ${counts.divergent} divergent`);
  return { ...counts, lines };
}

/** Exit status: 0 when no run failed, 1 when one did, 2 when the files cannot be read. */
export async function main(args: readonly string[]): Promise<number> {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { cases: { type: 'string' }, pcap: { type: 'string' } },
  });
  const casesFile = values.cases ?? positionals[0] ?? here('../test/conformance/data/flow-cases.json');
  const pcapDir = values.pcap ?? positionals[1] ?? here('../test/pcap');
  try {
    const { lines, failed } = runFlowConformance(casesFile, pcapDir);
    await new Promise<void>((resolve) => {
      process.stdout.write(`${lines.join('\n')}\n`, () => resolve());
    });
    return failed > 0 ? 1 : 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 2;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
