/**
 * Asks the query engine nonsense for as long as wanted: `npm run fuzz -- gremlin --seconds 60 [--seed N] [--round N]`.
 * Queries come from the grammar, from the recorded conformance cases with pieces changed, and from random characters;
 * they run on the fixture of those cases and are spelled in every format. What must hold: nothing but GremlinError is
 * thrown, no answer takes over a second, what parses prints as a query that parses to the same. Prints the seed; exit
 * status 1 with the query that broke a rule. A round that never ends is named by a watching thread.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../core/errors.ts';
import type { QueryResult } from '../core/gremlin/context.ts';
import { GremlinError } from '../core/gremlin/errors.ts';
import { parseQuery, printQuery, runQuery } from '../core/gremlin/gremlin.ts';
import { resultToDot } from '../core/wire/gremlin-dot.ts';
import { resultToJson } from '../core/wire/gremlin-json.ts';
import { resultToPcap } from '../core/wire/gremlin-pcap.ts';
import { makeWorld } from '../test/conformance/gremlin-world.ts';
import type { Fixture, World } from '../test/conformance/gremlin-world.ts';
import { QueryMaker, randomOf } from './fuzz-gremlin-grammar.ts';

const DATA = new URL('../test/conformance/data/', import.meta.url);
/** An answer that takes longer on the fixture is an attack that works. */
const ANSWER_MS_MAX = 1_000;
/** Slower ones are asked again: a busy machine can stop anything for a while, and the quickest time counts. */
const ASK_AGAIN_MS = 20;
const TRIES = 4;
const HANG_MS = 20_000;

const STORES = [undefined, 'none', 'noflow'] as const;
const ENCODERS: readonly ((result: QueryResult) => unknown)[] = [
  (result) => JSON.parse(resultToJson(result)) as unknown,
  resultToDot,
  resultToPcap,
];

interface Counts {
  parsed: number;
  answered: number;
  slowestMs: number;
  slowest: string;
}

/** Ends the process when the round's number stands still. */
function watch(seed: number): { round: (number: number) => void; end: () => Promise<number> } {
  const shared = new SharedArrayBuffer(8);
  const cell = new Int32Array(shared);
  const code = `
    const { workerData: { shared, hangMs, seed } } = require('node:worker_threads');
    const cell = new Int32Array(shared);
    let last = -1;
    setInterval(() => {
      const now = Atomics.load(cell, 0);
      if (now === last) {
        require('node:fs').writeSync(2, 'seed ' + seed + ', round ' + now + ' does not end\\n');
        process.kill(process.pid, 'SIGKILL');
      }
      last = now;
    }, hangMs);`;
  const worker = new Worker(code, { eval: true, workerData: { shared, hangMs: HANG_MS, seed } });
  worker.unref();
  return {
    round: (number) => {
      Atomics.store(cell, 0, number);
    },
    end: () => worker.terminate(),
  };
}

/** Everything that happens to one text. Throws with a reason when a rule is broken. Returns the ms it took. */
async function tryQuery(world: World, text: string, pick: number, counts: Counts): Promise<number> {
  const startedMs = performance.now();
  try {
    const query = parseQuery(text);
    counts.parsed++;
    const printed = printQuery(query);
    const again = printQuery(parseQuery(printed));
    if (again !== printed) throw new Error(`prints as ${printed}, which is read as ${again}`);
    const { result } = await runQuery(query, world.context(STORES[pick % STORES.length]));
    counts.answered++;
    for (const encode of ENCODERS)
      try {
        encode(result);
      } catch (error) {
        if (!(error instanceof GremlinError)) throw error;
      }
  } catch (error) {
    if (!(error instanceof GremlinError)) throw error;
    if (error.offset < 0 || error.offset > text.length)
      throw new Error(`offset ${error.offset} of "${error.message}" lies outside the query`, {
        cause: error,
      });
  }
  return performance.now() - startedMs;
}

/** The query alone, without what else the machine does. */
async function timeQuery(world: World, text: string, pick: number, counts: Counts): Promise<void> {
  let ms = await tryQuery(world, text, pick, counts);
  for (let i = 1; i < TRIES && ms > ASK_AGAIN_MS; i++)
    ms = Math.min(ms, await tryQuery(world, text, pick, { ...counts }));
  if (ms > ANSWER_MS_MAX) throw new Error(`took ${Math.round(ms)} ms`);
  if (ms <= counts.slowestMs) return;
  counts.slowestMs = ms;
  counts.slowest = text;
}

/** Exit status: 0, or 1 when a rule was broken. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '30' },
      seed: { type: 'string' },
      round: { type: 'string' },
    },
  });
  const world = makeWorld(JSON.parse(readFileSync(new URL('gremlin-fixture.json', DATA), 'utf8')) as Fixture);
  const cases = JSON.parse(readFileSync(new URL('gremlin-cases.json', DATA), 'utf8')) as { query: string }[];
  const maker = new QueryMaker(cases.map(({ query }) => query));
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  process.stdout.write(`seed ${seed}, ${cases.length} queries to start from\n`);
  const counts: Counts = { parsed: 0, answered: 0, slowestMs: 0, slowest: '' };
  const watcher = watch(seed);
  const first = values.round === undefined ? 0 : Number(values.round);
  const endMs = performance.now() + Number(values.seconds) * 1000;
  let round = first;
  for (; performance.now() < endMs && (values.round === undefined || round === first); round++) {
    watcher.round(round);
    const random = randomOf(seed + round * 7919);
    const text = maker.make(random);
    const pick = random(STORES.length);
    try {
      await timeQuery(world, text, pick, counts);
    } catch (error) {
      process.stderr.write(`seed ${seed}, round ${round}: ${messageOf(error)}\n${JSON.stringify(text)}\n`);
      process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
      await watcher.end();
      return 1;
    }
    // Promises alone never let the event loop, and with it signals, through.
    if (round % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await watcher.end();
  process.stdout.write(
    `${round - first} queries, ${counts.parsed} parsed, ${counts.answered} answered, no rule broken; ` +
      `slowest ${Math.round(counts.slowestMs)} ms: ${counts.slowest.slice(0, 300)}\n`,
  );
  return 0;
}
