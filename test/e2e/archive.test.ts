/** Flows in a folder of Parquet files, as `npm start -- --archive DIR` keeps them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, it } from 'vitest';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { root } from './harness/process.ts';

const state = mkdtempSync(join(tmpdir(), 'edgedive-archive-state-'));
const folder = mkdtempSync(join(tmpdir(), 'edgedive-archive-'));
let edgedive: Analyzer | undefined;
const start = async (): Promise<Analyzer> =>
  (edgedive = await startEdgedive({ probe: false, args: ['--state', state, '--archive', folder] }));

afterAll(async () => {
  await edgedive?.stop();
  for (const path of [state, folder]) rmSync(path, { recursive: true, force: true });
});

/** As if what the shard has had come two days ago. */
function ageLog(): void {
  const objects = join(state, 'do/edgedive-FlowShard');
  for (const file of readdirSync(objects).filter((name) => name.endsWith('.sqlite'))) {
    const database = new DatabaseSync(join(objects, file));
    const hasLog = database.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'log'").get()!['n'];
    if (hasLog === 1) database.exec('UPDATE log SET at_ms = at_ms - 172800000');
    database.close();
  }
}

interface Status {
  Edgedive: { FlowShards: { history: { rows: number; archive: { files: number; flows: number } } }[] };
}

it('keeps them when they are old, and answers from there', async () => {
  const first = await start();
  const file = readFileSync(join(root, 'test/pcap/dns-records.pcap'));
  await first.fetch('/api/pcap', { method: 'POST', body: file });
  const flows = await first.query<{ UUID: string; Start: number; Last: number }[]>("G.Flows().Sort('UUID')");
  expect(flows.length).toBeGreaterThan(3);
  const lastMs = Math.max(...flows.map(({ Last }) => Last));
  const then = `G.Context('${new Date(lastMs + 1_000).toUTCString()}', 3600).Flows().Sort('UUID')`;
  const before = await first.query(then);
  await first.stop();
  ageLog();
  const second = await start();
  await eventually(async () => {
    const status = (await (await second.get('/api/status')).json()) as Status;
    expect(status.Edgedive.FlowShards[0]!.history).toMatchObject({ rows: 0, archive: { files: 1 } });
  });
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.parquet'),
  );
  expect(files).toEqual([
    expect.stringMatching(/^fabric=main\/shard=0\/date=[\d-]+\/hour=\d\d\/flows-\d{12}-\d{12}\.parquet$/),
  ]);
  expect(await second.query(then)).toEqual(before);
});
