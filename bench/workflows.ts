/**
 * Scripts, through HTTP to plain workerd: what a call costs beside a request that runs none, what a script's own computing costs beside
 * the same code in Node, and what others notice while one computes. Rounds of both sides take turns in one run. `--json FILE`
 * writes the rows.
 */
import { writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { startEdgedive, type Analyzer } from '../test/e2e/harness/edgedive.ts';

interface Row {
  readonly what: string;
  readonly medianMs: number;
  readonly baseline: string;
  readonly baselineMs: number;
}

const ROUNDS = 200;
const COMPUTING_ROUNDS = 10;

/** The same text runs in both: sums over an array of objects, texts and sorting. */
const COMPUTE = `function compute(n) {
  const rows = [];
  for (let i = 0; i < n; i++) rows.push({ name: 'eth' + (i % 97), bytes: (i * 7919) % 10007 });
  const sums = new Map();
  for (const { name, bytes } of rows) sums.set(name, (sums.get(name) ?? 0) + bytes);
  return [...sums].sort((a, b) => b[1] - a[1]).slice(0, 3).map(([name, sum]) => name + '=' + sum).join();
}`;
const COMPUTE_N = 100_000;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function timed(run: () => unknown): Promise<number> {
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
}

async function compare(
  what: string,
  baseline: string,
  rounds: number,
  run: () => unknown,
  base: () => unknown,
): Promise<Row> {
  const [own, other]: [number[], number[]] = [[], []];
  for (let round = -5; round < rounds; round++) {
    const ms = [await timed(run), await timed(base)] as const;
    if (round < 0) continue;
    own.push(ms[0]);
    other.push(ms[1]);
  }
  return { what, medianMs: median(own), baseline, baselineMs: median(other) };
}

class Scripts {
  readonly #analyzer: Analyzer;
  #made = 0;

  constructor(analyzer: Analyzer) {
    this.#analyzer = analyzer;
  }

  /** A function that calls a new workflow and gives its result's text. */
  async of(Source: string): Promise<(...Params: unknown[]) => Promise<string>> {
    const answer = await this.#analyzer.post('/api/workflow', { Name: `bench${++this.#made}`, Source });
    const { UUID } = (await answer.json()) as { UUID: string };
    return async (...Params) => {
      const called = await this.#analyzer.post(`/api/workflow/${UUID}/call`, { Params });
      const text = await called.text();
      if (!called.ok) throw new Error(text);
      return text;
    };
  }
}

/** Exit status: 0. */
export async function main(args: readonly string[]): Promise<number> {
  const { json } = parseArgs({ args: [...args], options: { json: { type: 'string' } } }).values;
  const analyzer = await startEdgedive({ probe: false, env: { EDGEDIVE_WORKFLOW_TIME: '30s' } });
  try {
    const scripts = new Scripts(analyzer);
    const rows: Row[] = [];
    const get = async (): Promise<string> => (await analyzer.get('/api/workflow/nope')).text();
    const trivial = await scripts.of('() => 1');
    const firstMs = await timed(trivial);
    rows.push(await compare('call of () => 1', 'GET of a workflow that there is not', ROUNDS, trivial, get));
    const query = async (): Promise<unknown> => analyzer.query('G.V().Count()');
    const asking = await scripts.of('() => JSON.parse(Gremlin("G.V().Count()"))');
    rows.push(await compare('a script that asks one query', 'the query', ROUNDS, asking, query));
    const ten = await scripts.of('() => { for (let i = 0; i < 10; i++) Gremlin("G.V().Count()") }');
    const tenQueries = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) await query();
    };
    rows.push(
      await compare('a script that asks ten queries', 'the ten over HTTP', ROUNDS / 4, ten, tenQueries),
    );
    const compute = await scripts.of(COMPUTE);
    const file = new URL(`data:text/javascript,${encodeURIComponent(`export default ${COMPUTE}`)}`);
    const native = ((await import(file.href)) as { default: (n: number) => string }).default;
    if (JSON.parse(await compute(COMPUTE_N)) !== native(COMPUTE_N)) throw new Error('results differ');
    rows.push(
      await compare(
        `computing over ${COMPUTE_N} objects`,
        'the same in Node',
        COMPUTING_ROUNDS,
        async () => compute(COMPUTE_N),
        () => native(COMPUTE_N),
      ),
    );
    const long = await scripts.of('() => { for (const until = Date.now() + 3000; Date.now() < until; ); }');
    const quiet = await waits(get, 100);
    const busyCall = long();
    const busy = await waits(get, 100);
    await busyCall;
    rows.push({
      what: 'another request while a script computes',
      medianMs: busy,
      baseline: 'without',
      baselineMs: quiet,
    });
    for (const { what, medianMs, baseline, baselineMs } of rows)
      console.log(
        `${what.padEnd(42)} ${medianMs.toFixed(2).padStart(8)} ms   ${baseline}: ${baselineMs.toFixed(2)} ms`,
      );
    console.log(`the first call after a start ${firstMs.toFixed(1)} ms`);
    if (json !== undefined) await writeFile(json, `${JSON.stringify({ firstMs, rows }, null, 2)}\n`);
  } finally {
    await analyzer.stop();
  }
  return 0;
}

async function waits(ask: () => Promise<unknown>, times: number): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < times; i++) all.push(await timed(ask));
  return median(all);
}
