/** Flows that leave their shard for the archive: nothing is lost or counted twice, everybody can read them, failures keep what there was. */
import { reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readArchiveSettings } from '../../../core/archive/archive-settings.ts';
import { createFlowLayer, createFlowMetric, FlowProtocol, type Flow } from '../../../proto/gen/flow.ts';
import { FlowArchive, type ArchiveCounter } from '../../../worker/objects/flow-archive.ts';
import { shardForHost, topologyOf } from '../../../worker/objects/stubs.ts';
import { archiveIn, type Archive } from '../../../worker/store/archive.ts';
import { ShardStore } from '../../../worker/store/shard-store.ts';
import { connectProbe, testFlow, type ProbeClient } from './socket-client.ts';

interface TestEnv extends Env {
  readonly TEST_BUCKET: R2Bucket;
  readonly TEST_DUCKDB: Fetcher;
}
const tools = env as unknown as TestEnv;

const HOUR = 3_600_000;
/** The first minute of an hour. */
const T0 = Date.UTC(2026, 10, 20, 0, 1);
const shard = () => shardForHost(env, 'h1');

async function query<T = unknown>(text: string): Promise<T> {
  const answer = await topologyOf(env).query(text, 'json');
  if (answer.status !== 200) throw new Error(answer.text);
  return (await new Response(answer.body as BodyInit).json()) as T;
}

const status = async () => (await shard().status()).history;
const counters = async () => (await shard().status()).counters;
const logRows = (): Promise<number> =>
  runInDurableObject(shard(), (_object, state) =>
    Number(state.storage.sql.exec('SELECT count(*) AS n FROM log').one()['n']),
  );

let probe: ProbeClient;
let sequence: number;

/** The clock of the analyzer. */
const setClock = (ms: number): void => void vi.setSystemTime(ms);

/** `count` flows of this hour, each told `updates` times, in the minute of the clock. */
async function tellHour(count: number, updates: number): Promise<void> {
  const begin = Date.now();
  const hour = Math.floor(begin / HOUR);
  for (let update = 1; update <= updates; update++) {
    setClock(begin + update * 10_000);
    const last = Date.now();
    const flows = Array.from({ length: count }, (_, index): Flow => {
      const bytes = (index + 1) * 100;
      return testFlow(`${hour}-${index}`, {
        Start: begin,
        Last: last,
        Network: createFlowLayer({ Protocol: FlowProtocol.IPV4, A: `10.0.0.${index % 250}`, B: '10.1.0.1' }),
        Metric: createFlowMetric({ ABPackets: update, ABBytes: update * bytes, Start: begin, Last: last }),
        LastUpdateMetric: createFlowMetric({
          ABPackets: 1,
          ABBytes: bytes,
          Start: last - 10_000,
          Last: last,
        }),
      });
    });
    const ended =
      update === updates ? flows.map(({ UUID: uuid, CaptureID }) => ({ uuid, capture_id: CaptureID })) : [];
    probe.batch(++sequence, flows, { ended });
    await probe.acked(sequence);
  }
}

/** Alarms until there is nothing more to move. */
async function archiveAll(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) {
    const before = (await status()).archive!.files;
    await runDurableObjectAlarm(shard());
    if ((await status()).archive!.files === before) return;
  }
}

beforeEach(async () => {
  await reset();
  await env.EDGEDIVE_ARCHIVE!.fetch('http://archive/', { method: 'DELETE' });
  vi.useFakeTimers({ toFake: ['Date'], now: T0 });
  probe = await connectProbe('flow', 'h1');
  sequence = 0;
});
afterEach(async () => {
  // Set by a clock of the past it would ring at once, in the middle of the reset.
  await runInDurableObject(shard(), (_object, state) => state.storage.deleteAlarm());
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('flows of a day', () => {
  test('are read back by the analyzer and by DuckDB, with the same totals', async () => {
    const [flows, updates] = [50, 4];
    for (let hour = 0; hour < 24; hour++) {
      setClock(T0 + hour * HOUR);
      await tellHour(flows, updates);
    }
    setClock(T0 + 25 * HOUR);
    const whole = `G.Context('${new Date(T0 + 24 * HOUR).toUTCString()}', 86400).Flows()`;
    const sum = await query<Record<string, number>>(`${whole}.Metrics().Sum()`);
    const [packets, bytes] = [24 * flows * updates, (24 * updates * 100 * flows * (flows + 1)) / 2];
    expect(sum).toMatchObject({ ABPackets: packets, ABBytes: bytes });
    const noon = `G.Context('${new Date(T0 + 12 * HOUR + 25_000).toUTCString()}').Flows()`;
    const before = await query(`${noon}.Sort('UUID')`);
    expect(before).toHaveLength(flows);
    // Two days later all of it has left the shard.
    setClock(T0 + 49 * HOUR);
    await archiveAll();
    expect(await logRows()).toBe(0);
    expect((await status()).archive).toMatchObject({ files: 24, flows: 24 * flows * updates });
    expect(await query(`${whole}.Metrics().Sum()`)).toEqual(sum);
    expect(await query(`${whole}.Count()`)).toBe(24 * flows);
    expect(await query(`${noon}.Sort('UUID')`)).toEqual(before);
    expect(await query(`${whole}.Has('Network.A', '10.0.0.7').Count()`)).toBe(24);
    const answer = await tools.TEST_DUCKDB.fetch('http://duckdb/', {
      method: 'POST',
      body: `SELECT count(*), sum(Update_ABPackets), sum(Update_ABBytes), count(DISTINCT hour), count(DISTINCT UUID),
               min(fabric), sum(CASE WHEN Network_A = '10.0.0.7' THEN 1 ELSE 0 END) FROM FILES`,
    });
    expect([answer.status, await answer.json()]).toEqual([
      200,
      [[24 * flows * updates, packets, bytes, 24, 24 * flows, 'main', 24 * updates]],
    ]);
  });

  test('that are recent stay, and a slice over both is whole', async () => {
    await tellHour(10, 2);
    setClock(T0 + 30 * HOUR);
    await tellHour(10, 2);
    await archiveAll();
    expect([(await status()).archive!.files, (await logRows()) > 0]).toEqual([1, true]);
    const both = `G.Context('${new Date(T0 + 31 * HOUR).toUTCString()}', ${32 * 3_600}).Flows()`;
    expect(await query(`${both}.Count()`)).toBe(20);
    expect(await query(`${both}.Metrics().Sum()`)).toMatchObject({ ABPackets: 40 });
  });

  test('go when they are too old, file by file', async () => {
    for (const hour of [0, 1]) {
      setClock(T0 + hour * HOUR);
      await tellHour(5, 1);
    }
    setClock(T0 + 48 * HOUR);
    await archiveAll();
    expect((await status()).archive!.files).toBe(2);
    setClock(T0 + readArchiveSettings({}).keepMs + HOUR / 2);
    await runInDurableObject(shard(), (_object, state) => state.storage.setAlarm(Date.now()));
    await runDurableObjectAlarm(shard());
    expect((await status()).archive!.files).toBe(1);
    expect((await counters()).archiveFilesDeleted).toBe(1);
  });

  test('whose file is gone are not answered without it: the query names the file', async () => {
    await tellHour(5, 1);
    setClock(T0 + 48 * HOUR);
    await archiveAll();
    await env.EDGEDIVE_ARCHIVE!.fetch('http://archive/', { method: 'DELETE' });
    const then = `G.Context('${new Date(T0 + 60_000).toUTCString()}', 120).Flows()`;
    await expect(query(then)).rejects.toThrow(
      /archived file fabric=main\/shard=0\/date=2026-11-20\/hour=00\/.* cannot be read: it is not there/,
    );
    expect(await query('G.Flows().Count()')).toBe(0);
  });
});

describe('an archive that fails', () => {
  /** The archive of the shard's store, beside the object. */
  const withArchive = <T>(
    archive: Archive,
    work: (flows: FlowArchive, store: ShardStore, counted: ArchiveCounter[]) => Promise<T>,
  ) =>
    runInDurableObject(shard(), async (_object, state) => {
      const store = new ShardStore(state.storage);
      store.writeSnapshot([]);
      const counted: ArchiveCounter[] = [];
      const place = { fabric: 'main', shard: 0 };
      return work(
        new FlowArchive(archive, store, readArchiveSettings({}), place, (name) => counted.push(name)),
        store,
        counted,
      );
    });

  test('keeps what there was, and takes it later under the same name', async () => {
    await tellHour(5, 2);
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const later = T0 + 48 * HOUR;
    const names: string[] = [];
    const good = archiveIn(env)!;
    // Full, then written but nobody was told, then well.
    const fates: ((name: string, bytes: Uint8Array) => Promise<void>)[] = [
      () => Promise.reject(new Error('no space')),
      async (name, bytes) => {
        await good.put(name, bytes);
        throw new Error('the answer was lost');
      },
      (name, bytes) => good.put(name, bytes),
    ];
    const flaky: Archive = {
      ...good,
      put: (name, bytes) => {
        names.push(name);
        return fates.shift()!(name, bytes);
      },
    };
    await withArchive(flaky, async (flows, store, counted) => {
      for (const files of [0, 0, 1]) {
        expect(await flows.run(later, false)).toBe(false);
        expect(store.archive.size().files).toBe(files);
      }
      expect(counted.filter((name) => name === 'archiveFailures')).toHaveLength(2);
    });
    expect(new Set(names).size).toBe(1);
    expect(await logRows()).toBe(0);
    const then = `G.Context('${new Date(T0 + 60_000).toUTCString()}', 120).Flows()`;
    expect(await query(`${then}.Metrics().Sum()`)).toMatchObject({ ABPackets: 10 });
  });

  test('a row of the log that cannot be read is left out, and told', async () => {
    await tellHour(5, 2);
    vi.spyOn(console, 'error').mockImplementation(() => {});
    await withArchive(archiveIn(env)!, async (flows, store, counted) => {
      await runInDurableObject(shard(), (_object, state) => {
        state.storage.sql.exec("UPDATE log SET blob = x'ffff' WHERE row = (SELECT min(row) FROM log)");
      });
      expect(await flows.run(T0 + 48 * HOUR, false)).toBe(false);
      expect(store.archive.size().files).toBe(1);
      expect(counted).toContain('archiveRowsUnreadable');
    });
  });
});

test('a bucket of R2 is an archive too', async () => {
  const archive = archiveIn({ ...env, EDGEDIVE_ARCHIVE_BUCKET: tools.TEST_BUCKET })!;
  expect(await archive.get('a/b')).toBeUndefined();
  await archive.put('a/b', Uint8Array.of(1, 2));
  await archive.put('a/b', Uint8Array.of(3));
  expect(await archive.get('a/b')).toEqual(Uint8Array.of(3));
  await archive.delete('a/b');
  await archive.delete('a/b');
  expect(await archive.get('a/b')).toBeUndefined();
});
