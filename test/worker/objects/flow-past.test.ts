/** Flows of the past through the whole: probes tell them, shards keep them, `At` finds them. */
import { evictDurableObject, reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { limits, timings } from '../../../core/limits.ts';
import { createFlowMetric, createRawPacket, type Flow } from '../../../proto/gen/flow.ts';
import { FlowShard } from '../../../worker/objects/flow-shard.ts';
import { shardForHost, topologyOf } from '../../../worker/objects/stubs.ts';
import { connectProbe, testFlow, type ProbeClient } from './socket-client.ts';

const HOUR = 3_600_000;
const shard = () => shardForHost(env, 'h1');

async function ask(text: string) {
  const answer = await topologyOf(env).query(text, 'json');
  if (answer.status !== 200) throw new Error(`${text}: ${answer.text}`);
  return { value: JSON.parse(answer.body as string) as unknown, cost: answer.cost };
}
const query = async <T = unknown>(text: string): Promise<T> => (await ask(text)).value as T;
const uuids = async (text: string): Promise<string[]> =>
  (await query<Flow[]>(text)).map(({ UUID }) => UUID).sort();

let probe: ProbeClient;
let sequence: number;
async function tell(flows: readonly Flow[], ended: readonly string[] = []): Promise<void> {
  const ends = ended.map((uuid) => ({ uuid, capture_id: 'c1' }));
  probe.batch(++sequence, flows, { ended: ends });
  await probe.acked(sequence);
}

/** A flow that began some seconds before `last` and grew by one packet in the `grown` ms before it. */
function told(uuid: string, last: number, packets: number, more: Partial<Flow> = {}): Flow {
  const start = last - packets * 10_000;
  return testFlow(uuid, {
    Start: start,
    Last: last,
    Metric: createFlowMetric({ ABPackets: packets, ABBytes: 100 * packets, Start: start, Last: last }),
    LastUpdateMetric: createFlowMetric({ ABPackets: 1, ABBytes: 100, Start: last - 10_000, Last: last }),
    ...more,
  });
}

beforeEach(async () => {
  await reset();
  probe = await connectProbe('flow', 'h1');
  sequence = 0;
});

describe('a flow that ended an hour ago', () => {
  const then = Math.floor(Date.now() / 1_000) * 1_000 - HOUR;

  beforeEach(async () => {
    for (let n = 1; n <= 6; n++)
      await tell(
        [
          told('a', then - 60_000 + n * 10_000, n, {
            LastRawPackets: [
              createRawPacket({ Timestamp: then - 60_000 + n * 10_000, Index: n, Data: new Uint8Array([n]) }),
            ],
            RawPacketsCaptured: n,
          }),
          ...(n === 2 ? [told('b', then - 40_000, 1, { Application: 'DNS', NodeTID: 'tid-2' })] : []),
        ],
        n === 6 ? ['a'] : [],
      );
    await tell([told('now', Date.now(), 1)]);
  });

  test('is found at its time and is not live, however often the shard was evicted', async () => {
    expect(await uuids('G.Flows()')).toEqual(['b', 'now']);
    for (let round = 0; round < 2; round++) {
      expect(await uuids(`G.At(${then}).Flows()`)).toEqual(['a', 'b']);
      expect(await uuids(`G.Context(${then}, '1m').Flows().Has('Application', 'UDP')`)).toEqual(['a']);
      expect(await uuids(`G.At(${then - 2 * HOUR}).Flows()`)).toEqual([]);
      expect(await uuids(`G.At('-1h', '10m').Flows().Has('Application', 'DNS')`)).toEqual(['b']);
      expect(await uuids('G.At(NOW, FOREVER).Flows()')).toEqual(['a', 'b', 'now']);
      await evictDurableObject(shard());
    }
  });

  test('is as it was then, with the metrics and packets of the time', async () => {
    const at = then - 30_000;
    expect(await query(`G.At(${at}).Flows().Has('UUID', 'a')`)).toMatchObject([
      { Last: at, Metric: { ABPackets: 3 } },
    ]);
    // Gremlin notes, section 9.3: a moment has all records until then, a slice those that lie in it.
    type Metrics = [Record<string, { Last: number }[]>];
    const [moment] = await query<Metrics>(`G.At(${at}).Flows().Metrics()`);
    expect(moment['a']!.map(({ Last }) => Last)).toEqual([at - 20_000, at - 10_000, at]);
    expect(await query(`G.At(${then}, 30).Flows().Has('UUID', 'a').Metrics().Sum('ABBytes')`)).toBe(300);
    const [packets] = await query<[Record<string, { Index: number }[]>]>(
      `G.At(${then}, 15).Flows().RawPackets()`,
    );
    expect(Object.entries(packets).map(([uuid, list]) => [uuid, list.map(({ Index }) => Index)])).toEqual([
      ['a', [5, 6]],
    ]);
  });

  test('is sorted, cut and counted as live ones are, and the cost is told', async () => {
    expect(await query(`G.At(${then}).Flows().Sort(DESC, 'Last').Limit(1).Values('UUID')`)).toEqual(['a']);
    const { value, cost } = await ask(`G.At(${then}).Flows().Dedup('Application').Count()`);
    expect(value).toBe(2);
    expect(cost).toMatchObject({ shards: 1, silentHosts: [] });
    expect(cost.visited).toBeGreaterThanOrEqual(7);
    expect((await shard().status()).counters).toMatchObject({ pastSearches: 2, pastRefused: 0 });
    // What is asked up to now asks the probes first; this one does not answer.
    expect((await ask('G.At(NOW).Flows()')).cost.silentHosts).toEqual(['h1']);
  });

  test('is found on the nodes that it was captured on, as they were then', async () => {
    const graph = await connectProbe('topology', 'h1');
    const node = (TID: string) => ({ ID: TID, Metadata: { Name: TID, Type: 'device', TID } });
    const times = { CreatedAt: then - HOUR, UpdatedAt: then - HOUR };
    await graph.sync(1, [
      { ...node('tid'), ...times },
      { ...node('tid-2'), ...times },
    ]);
    await graph.sync(2, [{ ...node('tid-2'), ...times }]);
    expect(await query("G.V().Values('Name')")).toEqual(['tid-2']);
    expect(await uuids(`G.At(${then}).V().Has('Name', 'tid').Flows()`)).toEqual(['a']);
    expect(await query(`G.At(${then}).Flows().Has('UUID', 'a').CaptureNode().Values('Name')`)).toEqual([
      'tid',
    ]);
  });
});

describe('the log of a shard', () => {
  const rows = async (): Promise<Record<string, unknown>[]> =>
    runInDurableObject(shard(), (_object, state) =>
      state.storage.sql.exec('SELECT * FROM zone ORDER BY last_row').toArray(),
    );

  /** Writes rows of the log as group commits would have made them, an hour ago and so many seconds apart. */
  async function fill(count: number, first: number): Promise<void> {
    await tell([told('seed', Date.now(), 1)]);
    await runInDurableObject(shard(), (_object, { storage: { sql } }) => {
      const seed = sql.exec<{ blob: ArrayBuffer }>('SELECT blob FROM log LIMIT 1').one();
      for (let n = 0; n < count; n++)
        sql.exec(
          'INSERT INTO log (at_ms, from_ms, to_ms, flows, blob) VALUES (?, ?, ?, 1, ?)',
          first + n * 1_000,
          first + n * 1_000 - 500,
          first + n * 1_000,
          seed.blob,
        );
    });
    await evictDurableObject(shard());
  }

  test('is indexed a row for 256, also one that was written before there were zones', async () => {
    const first = Date.now() - HOUR;
    await fill(1_100, first);
    await runInDurableObject(shard(), (_object, { storage: { sql } }) => {
      // Whatever later schemas added.
      for (const { name } of sql
        .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
        .toArray())
        if (!/^(log|snapshot|gone|meta|_cf.*|sqlite.*)$/.test(name)) sql.exec(`DROP TABLE ${name}`);
      sql.exec("UPDATE meta SET value = '1' WHERE key = 'schema'");
    });
    await evictDurableObject(shard());
    await shard().status();
    const zones = await rows();
    expect(zones).toHaveLength(4);
    expect(zones[1]).toMatchObject({ first_row: 257, last_row: 512, flows: 256, to_ms: first + 510_000 });
    const { history } = await shard().status();
    expect(history).toMatchObject({ rows: 1_101, flows: 1_101, keepMs: timings.historyMs });
    // Ten minutes of history before the moment, for flows that are silent: 601 rows of one second each.
    const before = (await shard().status()).counters.pastRowsRead;
    await query(`G.At(${first + 700_000}).Flows()`);
    expect((await shard().status()).counters.pastRowsRead - before).toBe(601);
  });

  test('loses what is too old row by row, and its index and size follow', async () => {
    const first = Date.now() - HOUR;
    await fill(600, first);
    await runInDurableObject(shard(), (_object, { storage: { sql } }) => {
      sql.exec('UPDATE log SET at_ms = at_ms - ? WHERE row <= 300', timings.historyMs);
    });
    const { history, counters } = await runInDurableObject(shard(), async (_object, state) => {
      const { EDGEDIVE_ARCHIVE: _archive, ...without } = env;
      const plain = new FlowShard(state, without);
      await state.blockConcurrencyWhile(async () => {});
      await plain.alarm();
      return plain.status();
    });
    expect(history).toMatchObject({ rows: 301, flows: 301, archive: null });
    expect(counters.rowsForgotten).toBe(300);
    expect(await rows()).toMatchObject([{ first_row: 301, last_row: 512, flows: 212 }]);
    const summed = await runInDurableObject(shard(), (_object, { storage: { sql } }) =>
      sql.exec('SELECT sum(length(blob)) AS bytes, min(at_ms) AS oldest FROM log').one(),
    );
    expect(history).toMatchObject({ bytes: summed['bytes'], oldestMs: summed['oldest'] });
  });

  test('with rows that cannot be read leaves them out, and counts them', async () => {
    const then = Date.now() - HOUR;
    await tell([told('a', then, 1)]);
    await runInDurableObject(shard(), (_object, { storage: { sql } }) => {
      sql.exec(
        'INSERT INTO log (at_ms, from_ms, to_ms, flows, blob) VALUES (?, ?, ?, 1, ?)',
        then,
        then,
        then,
        new Uint8Array([0x0a, 0xff, 0x01]),
      );
    });
    await evictDurableObject(shard());
    expect(await uuids(`G.At(${then}).Flows()`)).toEqual(['a']);
    expect((await shard().status()).counters.pastRowsUnreadable).toBe(1);
  });

  test('with history switched off keeps what a woken shard needs and nothing else', async () => {
    const then = Date.now() - HOUR;
    await tell([told('a', then, 1)], ['a']);
    await tell([told('b', Date.now(), 1)]);
    const history = await runInDurableObject(shard(), async (_object, state) => {
      const off = new FlowShard(state, { ...env, EDGEDIVE_HISTORY: '0s' });
      await state.blockConcurrencyWhile(async () => {});
      await off.alarm();
      return off.status().history;
    });
    expect(history).toMatchObject({ keepMs: 0, rows: 0, flows: 0, bytes: 0, oldestMs: null });
    await evictDurableObject(shard());
    expect(await uuids('G.Flows()')).toEqual(['b']);
  });

  test('answers so many searches of the past after one another, and refuses more by the name of the limit', async () => {
    const slice = { fromMs: Date.now() - HOUR, toMs: Date.now() - HOUR };
    const answers = await runInDurableObject(shard(), (object) =>
      Promise.all(
        Array.from({ length: limits.pastSearchesWaitingMax + 8 }, () => object.searchPast({}, slice)),
      ),
    );
    const refused = answers.filter((answer) => 'refused' in answer);
    expect(refused).toHaveLength(8);
    expect(refused[0]).toMatchObject({
      refused: expect.stringContaining('(pastSearchesWaitingMax)') as string,
    });
    expect((await shard().status()).counters.pastRefused).toBe(8);
  });
});
