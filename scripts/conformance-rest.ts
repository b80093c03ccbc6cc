/**
 * Replays recorded REST scenarios against a running analyzer: `--base URL --cases DIR|FILE`, by default the copies in
 * test/conformance/data/rest against http://127.0.0.1:8082. Each file is a scenario for a fresh server without a probe; the runner
 * removes what it finds and loads the graph that the scenario shows. Prints each failing request with its difference and each
 * divergent one with the rule that explains it, then how often each rule did; the last line counts them.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inOrder, labIn } from '../test/conformance/recorded-lab.ts';
import { RestReplay } from '../test/conformance/rest-replay.ts';

const DATA = fileURLToPath(new URL('../test/conformance/data/rest', import.meta.url));

interface Options {
  readonly base: string;
  readonly cases: string;
}

function optionsIn(args: readonly string[]): Options {
  return parseArgs({
    args: [...args],
    options: {
      base: { type: 'string', default: 'http://127.0.0.1:8082' },
      cases: { type: 'string', default: DATA },
    },
  }).values;
}

async function filesIn(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith('.jsonl')).sort();
  return names.map((name) => join(path, name));
}

async function linesIn(file: string): Promise<unknown[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}

function importsFile(lines: readonly unknown[]): boolean {
  return lines.some((line) => (line as { request?: { path?: string } }).request?.path === '/api/pcap');
}

/** Exit status: 0 when no request failed, 1 when one did, 2 for wrong arguments and unreadable files. */
export async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  let scenarios: (readonly [name: string, lines: readonly unknown[]])[];
  try {
    options = optionsIn(args);
    const files = await filesIn(options.cases);
    scenarios = await Promise.all(
      files.map(async (file) => [basename(file, '.jsonl'), inOrder(await linesIn(file))] as const),
    );
  } catch (error) {
    console.error(`cannot read the cases: ${String(error)}`);
    return 2;
  }
  const counts = { passed: 0, failed: 0, divergent: 0, skipped: 0 };
  const skipped = new Map<string, number>();
  const explained = new Map<string, number>();
  // Flows of a capture file stay with the analyzer, in the way of scenarios that ask for all flows.
  scenarios.sort(([, a], [, b]) => Number(importsFile(a)) - Number(importsFile(b)));
  const replay = new RestReplay(options.base);
  const lab = labIn(scenarios.map(([, lines]) => lines));
  for (const [name, lines] of scenarios) {
    try {
      for await (const [recorded, verdict] of replay.play(lines, lab)) {
        counts[verdict.kind]++;
        const title = `${name}/${recorded.case} ${recorded.request?.method} ${recorded.request?.path}`;
        if (verdict.kind === 'skipped')
          skipped.set(`${name}: ${verdict.reason}`, (skipped.get(`${name}: ${verdict.reason}`) ?? 0) + 1);
        if (verdict.kind === 'failed') console.log(`FAIL ${title}\n     ${verdict.difference}`);
        if (verdict.kind === 'divergent') {
          console.log(`diff ${title}\n     ${verdict.rule}`);
          explained.set(verdict.rule, (explained.get(verdict.rule) ?? 0) + 1);
        }
      }
    } catch (error) {
      console.error(`${name}: cannot be played at ${options.base}: ${String(error)}`);
      return 2;
    }
  }
  for (const [rule, count] of [...explained].sort(([, a], [, b]) => b - a))
    console.log(`rule ${String(count).padStart(4)} ${rule}`);
  for (const [reason, count] of skipped) console.log(`skip ${count} of ${reason}`);
  const also = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.divergent} divergent${also}`);
  return counts.failed === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
