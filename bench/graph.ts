/**
 * How fast the graph answers, on seeded graphs of three sizes: each query in the library (parse, run, the answer as JSON)
 * and through HTTP (plain workerd, loopback), median and 99th percentile. Baselines, in the same run: in the library the
 * plainest code that answers the same question, through HTTP a request that no object sees. Then elements a second over a
 * probe's socket, memory an element, and the time from a cold start to the first answer.
 *
 *   npm run bench -- graph [--json FILE] [--sizes 1000,10019,100000] [--no-http] [--milliseconds N]
 */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RevisionStore } from '../core/graph/history.ts';
import type { QueryContext } from '../core/gremlin/context.ts';
import { parseQuery, runQuery } from '../core/gremlin/gremlin.ts';
import { resultToJsonChunks } from '../core/wire/gremlin-json.ts';
import { BenchAnalyzer } from './graph-analyzer.ts';
import { questionsFor } from './graph-questions.ts';
import { benchSockets } from './graph-socket.ts';
import { makeWorld, SEED } from './graph-world.ts';
import type { World } from './graph-world.ts';

interface Row {
  readonly nodes: number;
  readonly edges: number;
  readonly where: 'library' | 'HTTP';
  readonly query: string;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly baseline: string;
  readonly baselineMs: number;
  /** Ours divided by the baseline's. */
  readonly ratio: number;
  readonly bytes: number;
}

interface Figure {
  readonly nodes: number;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
}

/** The reference was measured with twice the edges, and some more. */
const EDGES: Readonly<Record<number, number>> = { 10_019: 20_024 };
const SAMPLES_MIN = 5;
const SAMPLES_MAX = 1_000;
const UPDATES = 20_000;

interface Times {
  readonly median: number;
  readonly p99: number;
}

/** Runs for about so long, at least five times. */
async function timesOf(work: () => unknown, milliseconds: number): Promise<Times> {
  await work();
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  while (times.length < SAMPLES_MIN || (performance.now() < end && times.length < SAMPLES_MAX)) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1]!, p99: times[Math.floor((times.length - 1) * 0.99)]! };
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function contextOf({ graph, nodes, edges }: World): QueryContext {
  const current = <E>(elements: Iterable<E>) =>
    [...elements].map((element) => ({ element, archivedAt: null }));
  const store = new RevisionStore(current(nodes.values()), current(edges.values()));
  return {
    graph,
    flows: { search: () => Promise.resolve([]) },
    history: {
      at: (slice) => store.at(slice),
      revisions: (slice) => store.revisions(slice),
    },
    now: Date.now,
  };
}

async function answer(context: QueryContext, query: string): Promise<number> {
  const { result } = await runQuery(parseQuery(query), context);
  let bytes = 0;
  for (const chunk of resultToJsonChunks(result)) bytes += chunk.length;
  return bytes;
}

function show(row: Row): void {
  console.log(
    `${row.where.padEnd(7)} ${row.query.padEnd(62)} ${String(row.medianMs).padStart(7)} ms  p99 ${String(row.p99Ms).padStart(7)}  ` +
      `${String(row.bytes).padStart(9)} B   ${row.baseline}: ${row.baselineMs} ms, ratio ${row.ratio}`,
  );
}

async function inLibrary(world: World, milliseconds: number): Promise<Row[]> {
  const context = contextOf(world);
  const rows: Row[] = [];
  for (const { query, baseline, loop } of questionsFor(world)) {
    const bytes = await answer(context, query);
    const ours = await timesOf(() => answer(context, query), milliseconds);
    const plain = await timesOf(() => loop(world), milliseconds);
    rows.push({
      nodes: world.nodes.size,
      edges: world.edges.size,
      where: 'library',
      query,
      medianMs: round(ours.median),
      p99Ms: round(ours.p99),
      baseline,
      baselineMs: round(plain.median),
      ratio: round(ours.median / plain.median),
      bytes,
    });
    show(rows.at(-1)!);
  }
  return rows;
}

async function throughHttp(world: World, milliseconds: number): Promise<{ rows: Row[]; figures: Figure[] }> {
  const analyzer = new BenchAnalyzer();
  const rows: Row[] = [];
  const figures: Figure[] = [];
  const { size: nodes } = world.nodes;
  const elements = nodes + world.edges.size;
  const tell = (figure: string, value: number, unit: string): void => {
    figures.push({ nodes, figure, value: round(value), unit });
    console.log(`${figure}: ${round(value)} ${unit}`);
  };
  try {
    await analyzer.start();
    await analyzer.ask('G.V().Count()');
    const emptyRss = analyzer.rssBytes;
    tell('elements loaded over a socket', elements / ((await analyzer.load(world)) / 1000), 'a second');
    const counted = await analyzer.ask('G.V().Count()');
    if (counted.text.trim() !== String(nodes))
      throw new Error(`the analyzer has ${counted.text.trim()} of ${nodes} nodes`);
    const { median: emptyMs } = await timesOf(() => analyzer.askNothing(), milliseconds);
    for (const { query } of questionsFor(world)) {
      const first = await analyzer.ask(query);
      if (first.status !== 200) {
        console.log(`HTTP    ${query.padEnd(62)} refused: ${first.text.trim()}`);
        continue;
      }
      const times = await timesOf(() => analyzer.ask(query), milliseconds);
      rows.push({
        nodes,
        edges: world.edges.size,
        where: 'HTTP',
        query,
        medianMs: round(times.median),
        p99Ms: round(times.p99),
        baseline: 'empty request',
        baselineMs: round(emptyMs),
        ratio: round(times.median / emptyMs),
        bytes: first.text.length,
      });
      show(rows.at(-1)!);
    }
    tell(
      'updates applied over a socket',
      UPDATES / ((await analyzer.update(world, UPDATES)) / 1000),
      'a second',
    );
    await analyzer.stop();
    await analyzer.start();
    const coldMs = performance.now();
    await analyzer.ask('G.V().Count()');
    tell('cold object to its first answer', performance.now() - coldMs, 'ms');
    tell('process without a graph', emptyRss / 1e6, 'MB');
    tell('process with this graph, woken', analyzer.rssBytes / 1e6, 'MB');
    tell('memory a node with its edges', (analyzer.rssBytes - emptyRss) / nodes, 'bytes');
  } finally {
    await analyzer.end();
  }
  return { rows, figures };
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'string' },
      sizes: { type: 'string', default: '1000,10019,100000' },
      'no-http': { type: 'boolean', default: false },
      milliseconds: { type: 'string', default: '400' },
    },
  });
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}, seed ${SEED}`,
  );
  const rows: Row[] = [];
  const figures: Figure[] = [];
  const milliseconds = Number(values.milliseconds);
  for (const nodeCount of values.sizes.split(',').map(Number)) {
    const world = makeWorld(nodeCount, EDGES[nodeCount] ?? 2 * nodeCount);
    console.log(`\n${world.nodes.size} nodes, ${world.edges.size} edges`);
    rows.push(...(await inLibrary(world, milliseconds)));
    if (values['no-http']) continue;
    const http = await throughHttp(world, milliseconds);
    rows.push(...http.rows);
    figures.push(...http.figures);
  }
  const sockets = values['no-http'] ? [] : await benchSockets();
  if (values.json !== undefined)
    await writeFile(values.json, `${JSON.stringify({ rows, figures, sockets }, null, 2)}\n`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
