/**
 * `npm run bench -- parquet [--millions 1] [--keep FOLDER]`: a day of flow updates, told hour by hour to an analyzer on a clock of its own, which archives them as
 * Parquet; then DuckDB reads the files, and its totals have to be those that Gremlin gives. Exit status 1 when they are not.
 */
import { execFile, spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { createFlowMetric, type Flow } from '../proto/gen/flow.ts';
import { packageFile, root } from '../scripts/process/paths.ts';
import { ensurePython } from '../scripts/setup/test-tools.ts';
import { serveArchive } from '../scripts/start/archive-folder.ts';
import { bundleWorker } from '../scripts/start/bundle.ts';
import { readWranglerToml, workerdConfig } from '../scripts/start/workerd-config.ts';
import { freePort } from './edge-bare.ts';
import { bodyOf, loadFlow, LoadProbe } from './edge-load.ts';

const HOURS = 24;
const HOUR_MS = 3_600_000;
/** Flows of an hour; other hours have others. */
const FLOWS = 1_000;
/** In a batch. */
const BATCH = 200;
const HOST = 'parquet';

interface ClockedAnalyzer {
  readonly address: string;
  readonly archive: string;
  post(path: string, body: string): Promise<string>;
  stop(): void;
}

/** As `npm start` does it, with bench/clock-worker.ts in place of the Worker. */
async function startClocked(archive: string): Promise<ClockedAnalyzer> {
  const folder = mkdtempSync(join(tmpdir(), 'edgedive-parquet-'));
  const wrangler = readWranglerToml(readFileSync(join(root, 'wrangler.toml'), 'utf8'));
  const { code, wasm } = await bundleWorker('bench/clock-worker.ts');
  const storageDir = join(folder, 'do');
  mkdirSync(storageDir);
  writeFileSync(join(folder, 'worker.js'), code);
  for (const { name, file } of wasm) copyFileSync(file, join(folder, name));
  const address = `127.0.0.1:${await freePort()}`;
  const config = workerdConfig(wrangler, {
    address,
    moduleFile: 'worker.js',
    wasmModules: wasm.map(({ name }) => name),
    storageDir,
    archive: await serveArchive(archive),
    vars: { EDGEDIVE_AUTH: 'off', EDGEDIVE_HISTORY_HOT: '1h', EDGEDIVE_ALLOWED_HOSTS: '127.0.0.1' },
  });
  writeFileSync(join(folder, 'workerd.capnp'), config);
  const architecture = process.arch === 'x64' ? '64' : process.arch;
  const binary = packageFile(`@cloudflare/workerd-${process.platform}-${architecture}`, 'bin/workerd');
  const child = spawn(binary, ['serve', join(folder, 'workerd.capnp'), 'config'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const analyzer: ClockedAnalyzer = {
    address,
    archive,
    post: async (path, body) => {
      const answer = await fetch(`http://${address}${path}`, { method: 'POST', body });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
      return text;
    },
    stop: () => {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (let tries = 0; ; tries++) {
    try {
      await fetch(`http://${address}/api`);
      return analyzer;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** What the flows of an update carry, known beforehand: bytes of the flow `index` in its update `update`. */
const bytesOf = (index: number, update: number): number => 60 + ((index * 31 + update * 17) % 1_400);

function batch(hour: number, from: number, update: number, startMs: number, nowMs: number): Flow[] {
  return Array.from({ length: BATCH }, (_, at) => {
    const index = from + at;
    const growth = { ABPackets: 1, ABBytes: bytesOf(index, update), Start: nowMs - 1_000, Last: nowMs };
    return {
      ...loadFlow(`${HOST}-${hour}-`, index, update, nowMs),
      Start: startMs,
      LastUpdateMetric: createFlowMetric(growth),
    };
  });
}

interface Totals {
  readonly updates: number;
  readonly packets: number;
  readonly bytes: number;
}

/** Tells the hours one after the other, and lets each be archived behind the next. */
async function writeDay(
  analyzer: ClockedAnalyzer,
  day: number,
  updates: number,
): Promise<Totals & { seconds: number; archiving: number }> {
  const probe = new LoadProbe(analyzer.address, HOST);
  await probe.welcomed();
  let bytes = 0;
  let seconds = 0;
  let archiving = 0;
  for (let hour = 0; hour < HOURS; hour++) {
    const startMs = day + hour * HOUR_MS;
    const began = performance.now();
    for (let update = 1; update <= updates; update++) {
      const nowMs = startMs + Math.floor((update * (HOUR_MS - 60_000)) / updates / 2_000) * 2_000 + 1_000;
      await analyzer.post('/clock', String(nowMs));
      for (let from = 0; from < FLOWS; from += BATCH)
        await probe.send(bodyOf(batch(hour, from, update, startMs, nowMs)));
      for (let index = 0; index < FLOWS; index++) bytes += bytesOf(index, update);
    }
    // What comes is stamped with the hour of its arrival.
    await probe.drained();
    seconds += (performance.now() - began) / 1_000;
    archiving += await archiveAll(analyzer);
  }
  await analyzer.post('/clock', String(day + (HOURS + 3) * HOUR_MS));
  archiving += await archiveAll(analyzer);
  probe.close();
  const count = HOURS * FLOWS * updates;
  return { updates: count, packets: count, bytes, seconds, archiving };
}

/** Until nothing is left to move; how many seconds that took. */
async function archiveAll(analyzer: ClockedAnalyzer): Promise<number> {
  const began = performance.now();
  while ((await analyzer.post('/archive', 'main/shard/0')) === 'true');
  return (performance.now() - began) / 1_000;
}

const SCRIPT = `
import duckdb, json, sys
print(json.dumps(duckdb.execute(sys.argv[1]).fetchall(), default=int))
`;

async function duckDb(folder: string, sql: string): Promise<unknown[][]> {
  const outcome = await ensurePython();
  if ('reason' in outcome) throw new Error(`no DuckDB: ${outcome.reason}`);
  const files = `read_parquet('${folder}/**/*.parquet', hive_partitioning = true)`;
  const { stdout } = await promisify(execFile)(outcome.python, ['-c', SCRIPT, sql.replace('FILES', files)]);
  return JSON.parse(stdout) as unknown[][];
}

interface Summed {
  readonly ABPackets?: number;
  readonly ABBytes?: number;
}

async function gremlinSum(analyzer: ClockedAnalyzer, endMs: number, seconds: number): Promise<Summed> {
  const at = new Date(endMs).toUTCString();
  const GremlinQuery = `G.At('${at}', ${seconds}).Flows().Metrics().Sum()`;
  return JSON.parse(await analyzer.post('/api/topology', JSON.stringify({ GremlinQuery }))) as Summed;
}

/** In the longest slices that are answered: the past is bounded in what one answer may carry. */
async function gremlinTotals(
  analyzer: ClockedAnalyzer,
  day: number,
): Promise<{ readonly packets: number; readonly bytes: number; readonly how: string }> {
  for (const minutes of [24 * 60, 60, 15, 5]) {
    let [packets, bytes] = [0, 0];
    try {
      for (let begin = 0; begin < HOURS * 60; begin += minutes) {
        // Borders count: what was told at the full minute must not be asked for twice.
        const sum = await gremlinSum(analyzer, day + (begin + minutes) * 60_000 - 1_000, 60 * minutes - 1);
        packets += sum.ABPackets ?? 0;
        bytes += sum.ABBytes ?? 0;
      }
      return { packets, bytes, how: `${minutes} minutes at a time` };
    } catch (error) {
      console.log(`${minutes} minutes are refused: ${(error as Error).message.trim()}`);
    }
  }
  throw new Error('no slice is short enough');
}

function filesIn(folder: string): { readonly name: string; readonly bytes: number }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const name = join(entry.parentPath, entry.name);
      return { name, bytes: statSync(name).size };
    });
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { millions: { type: 'string', default: '1' }, keep: { type: 'string' } },
  });
  const updates = Math.ceil((Number(values.millions) * 1e6) / (HOURS * FLOWS));
  if (!(updates > 0)) throw new Error(`--millions: a number above 0, not '${values.millions}'`);
  const archive = values.keep ?? mkdtempSync(join(tmpdir(), 'edgedive-parquet-files-'));
  const analyzer = await startClocked(archive);
  try {
    // A day to come: no alarm rings before it is told to.
    const day = Math.ceil((Date.now() + 24 * HOUR_MS) / (24 * HOUR_MS)) * 24 * HOUR_MS;
    const told = await writeDay(analyzer, day, updates);
    const files = filesIn(archive);
    const hours = new Set(files.map(({ name }) => /hour=\d+/.exec(name)?.[0]));
    const size = files.reduce((sum, { bytes }) => sum + bytes, 0);
    console.log(
      `told        ${told.updates} updates of ${HOURS * FLOWS} flows: ${Math.round(told.updates / told.seconds)} a second (the baseline of what follows)`,
    );
    console.log(
      `archived    ${files.length} files of ${hours.size} hours, ${size} bytes, ${(size / told.updates).toFixed(1)} an update: ${Math.round(told.updates / told.archiving)} updates a second, ${(told.seconds / told.archiving).toFixed(2)} of telling`,
    );
    let began = performance.now();
    const sql =
      'SELECT count(*), sum(Update_ABPackets), sum(Update_ABBytes), count(DISTINCT UUID), count(DISTINCT hour) FROM FILES';
    const [row = []] = await duckDb(archive, sql);
    const duckSeconds = (performance.now() - began) / 1_000;
    console.log(`DuckDB      ${JSON.stringify(row)} in ${duckSeconds.toFixed(1)} s`);
    began = performance.now();
    const gremlin = await gremlinTotals(analyzer, day);
    const gremlinSeconds = (performance.now() - began) / 1_000;
    console.log(
      `Gremlin     ${gremlin.packets} packets, ${gremlin.bytes} bytes in ${gremlinSeconds.toFixed(1)} s (${gremlin.how}), ${(gremlinSeconds / duckSeconds).toFixed(1)} of DuckDB`,
    );
    const wanted = [told.updates, told.packets, told.bytes, HOURS * FLOWS, HOURS];
    const isEqual =
      JSON.stringify(row) === JSON.stringify(wanted) &&
      gremlin.packets === told.packets &&
      gremlin.bytes === told.bytes;
    console.log(isEqual ? 'equal' : `NOT EQUAL: told were ${JSON.stringify(wanted)}`);
    return isEqual ? 0 : 1;
  } finally {
    analyzer.stop();
    if (values.keep === undefined) rmSync(archive, { recursive: true, force: true });
  }
}
