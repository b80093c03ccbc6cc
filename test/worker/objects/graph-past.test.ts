/** The graph's past in the Topology object: what queries see of it, across evictions, clock jumps, retention and schemas. */
import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { limits, timings } from '../../../core/limits.ts';
import type { EdgeJson, NodeJson } from '../../../core/wire/element-json.ts';
import { ChangeKind } from '../../../proto/gen/probe.ts';
import { topologyOf } from '../../../worker/objects/stubs.ts';
import { Topology } from '../../../worker/objects/topology.ts';
import { connectProbe, type ProbeClient } from './socket-client.ts';

const HOUR = 3_600_000;
const topology = () => topologyOf(env);

async function query<T = NodeJson[]>(text: string): Promise<T> {
  const answer = await topology().query(text, 'json');
  if (answer.status !== 200) throw new Error(`${text}: ${answer.text}`);
  return JSON.parse(answer.body as string) as T;
}

async function refusalOf(text: string): Promise<string | undefined> {
  const answer = await topology().query(text, 'json');
  return answer.status === 200 ? undefined : answer.text;
}

const node = (id: string, metadata: object = {}) => ({ ID: id, Metadata: { Name: id, ...metadata } });
const edge = (parent: string, child: string) => ({
  ID: `${parent}-${child}`,
  Parent: parent,
  Child: child,
  Metadata: { RelationType: 'ownership' },
});

/** A moment with nothing else in it. */
async function moment(): Promise<number> {
  const started = Date.now();
  await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(started + 1);
  const at = Date.now();
  await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(at + 1);
  return at;
}

async function sqlIn(
  statement: string,
  ...parameters: (string | number)[]
): Promise<Record<string, unknown>[]> {
  return runInDurableObject(topology(), (_object, state) =>
    state.storage.sql.exec(statement, ...parameters).toArray(),
  );
}

/** An object on the same storage, under other variables. */
function withVariables<T>(variables: object, work: (object: Topology) => Promise<T>): Promise<T> {
  return runInDurableObject(topology(), async (_object, state) => {
    const object = new Topology(state, { ...env, ...variables });
    // Behind its waking.
    await state.blockConcurrencyWhile(async () => {});
    return work(object);
  });
}

let probe: ProbeClient;
let sequence: number;
const change = (...changes: [kind: (typeof ChangeKind)[keyof typeof ChangeKind], element: unknown][]) =>
  probe.changes(++sequence, changes);

beforeEach(async () => {
  await reset();
  probe = await connectProbe('topology', 'h1');
  sequence = 1;
  await probe.sync(1, [node('a', { N: 1 }), node('b')], [edge('a', 'b')]);
});

describe('At a moment', () => {
  test('the graph is as it was, its times and revisions too', async () => {
    const first = await moment();
    await change([ChangeKind.NODE_UPDATED, node('a', { N: 2 })]);
    const second = await moment();
    await change([ChangeKind.NODE_DELETED, { ID: 'b' }], [ChangeKind.NODE_ADDED, node('c')]);
    await moment();
    const then = await query(`G.At(${first}).V().Sort('Name')`);
    expect(then.map(({ ID, Revision, DeletedAt }) => [ID, Revision, DeletedAt])).toEqual([
      ['a', 1, null],
      ['b', 1, null],
    ]);
    expect(then[0]!.UpdatedAt).toBe(then[0]!.CreatedAt);
    expect(await query(`G.At(${first}).E()`)).toHaveLength(1);
    expect(await query(`G.At(${second}).V('a').Values('N')`)).toEqual([2]);
    expect(await query(`G.At(${second}).V('a').Out().Values('Name')`)).toEqual(['b']);
    expect(await query(`G.At(${first - 3_600_000}).V()`)).toEqual([]);
    expect(await query("G.At(NOW).V().Sort('Name').Values('Name')")).toEqual(['a', 'c']);
    expect(await refusalOf(`G.At(${second}).V('c')`)).toBe("Node 'c' does not exist");
  });

  test('of its end an element is still there, deleted; a slice shows each of its states', async () => {
    const before = await moment();
    await change([ChangeKind.NODE_UPDATED, node('b', { N: 2 })]);
    await moment();
    await change([ChangeKind.NODE_DELETED, { ID: 'b' }]);
    const after = await moment();
    const states = await query(`G.At(${after}, ${Math.ceil((after - before) / 1_000)}).V().Has('Name', 'b')`);
    expect(states.map(({ Metadata, Revision }) => [Metadata['N'], Revision])).toEqual([
      [undefined, 1],
      [2, 2],
    ]);
    const end = states[1]!.DeletedAt!;
    expect(end).toBeGreaterThan(before);
    expect(await query(`G.At(${end}).V('b')`)).toMatchObject([{ DeletedAt: end }]);
    expect(await refusalOf(`G.At(${end + 1}).V('b')`)).toBe("Node 'b' does not exist");
  });

  test('everything that ends in one write of the graph is one row, beside the current ones', async () => {
    const many = Array.from({ length: 300 }, (_, index) => node(`m${index}`));
    await change(...many.map((one) => [ChangeKind.NODE_ADDED, one] as [0, unknown]));
    const at = await moment();
    await change(
      ...many.map((one) => [ChangeKind.NODE_UPDATED, { ...one, Metadata: { N: 1 } }] as [1, unknown]),
    );
    const { history } = await topology().status();
    expect(history).toMatchObject({ rows: 1, revisions: 300, keepMs: timings.historyMs, faults: [] });
    expect(history.oldestMs).toBeGreaterThan(at);
    expect(await query(`G.At(${at}).V().Has('N', 1).Count()`)).toBe(1); // `a`
    expect(await query(`G.At(${at}).V().Count()`)).toBe(302);
  });

  test('a probe whose clock is ahead has no element from the future', async () => {
    const ahead = Date.now() + 3_600_000;
    await change([ChangeKind.NODE_ADDED, { ...node('late'), CreatedAt: ahead, UpdatedAt: ahead }]);
    expect(await query(`G.At(${await moment()}).V().Has('Name', 'late')`)).toHaveLength(1);
  });

  test('asked again it is not read again, and what a probe tells late is seen all the same', async () => {
    const at = await moment();
    await change([ChangeKind.NODE_UPDATED, node('a', { N: 2 })]);
    const reads = async () => (await topology().status()).counters.pastReads;
    await query(`G.At(${at}).V()`);
    await query(`G.At(${at}).V().Count()`);
    expect(await reads()).toBe(1);
    await change([ChangeKind.NODE_UPDATED, node('a', { N: 3 })]);
    expect(await query(`G.At(${at}).V('a').Values('N')`)).toEqual([1]);
    expect(await reads()).toBe(1);
    await change([ChangeKind.NODE_ADDED, { ...node('old'), CreatedAt: at - 10, UpdatedAt: at - 10 }]);
    expect(await query(`G.At(${at}).V().Has('Name', 'old')`)).toHaveLength(1);
    expect(await reads()).toBe(2);
  });

  test('and what is read too much of is refused, named and counted', async () => {
    const at = await moment();
    const text = 'x'.repeat(400_000);
    const states = Math.ceil(limits.pastGraphCharsMax / text.length) + 1;
    await runInDurableObject(topology(), (_object, state) => {
      const json = JSON.stringify([
        { ...node('big', { text }), CreatedAt: 1, UpdatedAt: 1, DeletedAt: null },
      ]);
      for (let number = 0; number < states; number++)
        state.storage.sql.exec(
          'INSERT INTO past (level, to_ms, number, from_ms, revisions, chars, json) VALUES (22, ?, ?, 1, 1, ?, ?)',
          at + 1,
          1_000 + number,
          json.length,
          json,
        );
    });
    expect(await refusalOf(`G.At(${at}).V().Count()`)).toMatch(
      /^The time asked for reads more of the graph's past than 20971520 characters at once \(pastGraphCharsMax\): /,
    );
    expect((await topology().status()).counters.pastRefused).toBe(1);
    // What is looked up is found all the same, in a slice that is too long to be read whole.
    expect(await query(`G.At(${at}, '1h').V().Has('Name', 'a').Count()`)).toBe(1);
    expect(await query(`G.At(${at}, '1h').V('b').Values('Name')`)).toEqual(['b']);
  });

  test('from before what is kept is refused instead of shown by halves; a slice may begin there', async () => {
    const long = timings.historyMs + HOUR;
    const old = Date.now() - long;
    expect(await refusalOf(`G.At(${old}).V()`)).toMatch(
      /^No graph is kept from before 20\d\d-[\dT:.-]+Z \(EDGEDIVE_HISTORY\)$/,
    );
    expect(await query(`G.At(${old}).Flows()`)).toEqual([]);
    expect(await query(`G.At(NOW, ${long / 1_000}).V().Count()`)).toBe(2);
    expect(await query('G.At(NOW, FOREVER).V().Count()')).toBe(2);
  });

  test('for flows alone is not read', async () => {
    await query("G.At(NOW, '1h').Flows()");
    await query('G.At(NOW).Flows().Count()');
    expect((await topology().status()).counters.pastReads).toBe(0);
    await query("G.At(NOW, '1h').V().Flows()");
    expect((await topology().status()).counters.pastReads).toBe(1);
  });
});

describe('the past', () => {
  test('of random edits is the same at every moment, also after evictions', async () => {
    let seed = 20_261_126;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (seed >> 8) % below;
    };
    const shown = (list: (NodeJson | EdgeJson)[] | null): string[] =>
      (list ?? []).map((one) => JSON.stringify(one)).sort();
    const whole = async () => JSON.parse((await topology().graphJson()) as string) as Graph;
    type Graph = { Nodes: NodeJson[] | null; Edges: EdgeJson[] | null };
    const kept: { at: number; graph: Graph }[] = [];
    for (let round = 0; round < 40; round++) {
      const id = `n${random(6)}`;
      const other = `n${random(6)}`;
      const what = random(5);
      if (what === 0) await change([ChangeKind.NODE_DELETED, { ID: id }]);
      else if (what === 1) await change([ChangeKind.EDGE_DELETED, { ID: `${id}-${other}` }]);
      else if (what === 2)
        await change(
          [ChangeKind.NODE_ADDED, node(id)],
          [ChangeKind.NODE_ADDED, node(other)],
          [ChangeKind.EDGE_ADDED, edge(id, other)],
        );
      else await change([ChangeKind.NODE_UPDATED, node(id, { V: random(3) })]);
      kept.push({ at: await moment(), graph: await whole() });
      if (round % 13 === 12) await evictDurableObject(topology());
    }
    await evictDurableObject(topology());
    for (const { at, graph } of kept) {
      const [then] = await query<[Graph]>(`G.At(${at})`);
      expect(shown(then.Nodes)).toEqual(shown(graph.Nodes));
      expect(shown(then.Edges)).toEqual(shown(graph.Edges));
    }
    expect((await topology().status()).counters.pastReads).toBe(40);
  });

  test('older than it is kept goes with the alarm, and its size is told', async () => {
    await change([ChangeKind.NODE_UPDATED, node('a', { N: 2 })]);
    const kept = await moment();
    await change([ChangeKind.NODE_UPDATED, node('a', { N: 3 })]);
    const age = timings.historyMs + 60_000;
    await sqlIn('UPDATE past SET to_ms = to_ms - ? WHERE number = 1', age);
    await runDurableObjectAlarm(topology());
    const { history, counters } = await topology().status();
    expect(history).toMatchObject({ rows: 1, revisions: 1 });
    expect(counters.revisionsForgotten).toBe(1);
    expect(await query(`G.At(${kept}).V('a').Values('N')`)).toEqual([2]);
    const [{ chars }] = (await sqlIn('SELECT sum(chars) AS chars FROM past')) as [{ chars: number }];
    expect(history.bytes).toBe(chars);
  });

  test('beyond its size loses the oldest first', async () => {
    const text = 'x'.repeat(200_000);
    for (let n = 0; n < 20; n++) await change([ChangeKind.NODE_UPDATED, node('a', { text, n })]);
    const { history, forgotten } = await withVariables({ EDGEDIVE_HISTORY_BYTES: '2MB' }, async (small) => {
      small.alarm();
      const status = small.status();
      return { history: status.history, forgotten: status.counters.revisionsForgotten };
    });
    expect(history.bytes).toBeLessThanOrEqual(2_000_000);
    // 200,000 characters a state, and what is cut goes by time: half of what fits must still be there.
    expect(history.revisions).toBeGreaterThanOrEqual(5);
    expect(history.revisions + forgotten).toBe(20);
    const [first] = await sqlIn('SELECT json FROM past ORDER BY to_ms LIMIT 1');
    expect((JSON.parse(first!['json'] as string) as NodeJson[])[0]!.Metadata['n']).toBe(
      20 - history.revisions - 1,
    );
  });

  test('switched off is no history, and what there was of it goes', async () => {
    await change([ChangeKind.NODE_UPDATED, node('a', { N: 2 })]);
    await withVariables({ EDGEDIVE_HISTORY: '0' }, async (off) => {
      expect(await off.query('G.At(NOW).V()', 'json')).toMatchObject({
        status: 400,
        text: 'Backend does not support history',
      });
      expect(await off.query('G.V().Count()', 'json')).toMatchObject({ status: 200 });
      off.alarm();
      expect(off.status().history).toMatchObject({ keepMs: 0, rows: 0, revisions: 0, oldestMs: null });
    });
  });

  test('with settings that are none is kept as by default, and the status says what is wrong', async () => {
    const variables = { EDGEDIVE_HISTORY: '7d', EDGEDIVE_HISTORY_BYTES: 'much' };
    const { history } = await withVariables(variables, async (object) => object.status());
    expect(history).toMatchObject({
      keepMs: timings.historyMs,
      bytesMax: limits.historyBytesMax,
      faults: [
        'EDGEDIVE_HISTORY: time: unknown unit "d" in duration "7d"',
        'EDGEDIVE_HISTORY_BYTES: "much" is no size, as 2GiB or 500000000 are',
      ],
    });
  });

  test('of the first schema, a row a state, is taken over', async () => {
    await change([ChangeKind.NODE_UPDATED, node('a', { N: 2 })]);
    await moment();
    await change([ChangeKind.NODE_DELETED, { ID: 'b' }], [ChangeKind.NODE_UPDATED, node('a', { N: 3 })]);
    const at = await moment();
    const slice = `G.At(${at}, 3600)`;
    const before = [await query(`${slice}.V()`), await query(`${slice}.E()`)];
    await runInDurableObject(topology(), (_object, { storage: { sql } }) => {
      const packs = sql.exec<{ to_ms: number; json: string }>('SELECT to_ms, json FROM past').toArray();
      sql.exec(`CREATE TABLE revision (
        row INTEGER PRIMARY KEY, kind TEXT NOT NULL, element TEXT NOT NULL,
        from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, json TEXT NOT NULL)`);
      for (const { to_ms, json } of packs)
        for (const state of JSON.parse(json) as (NodeJson & { Parent?: string })[])
          sql.exec(
            'INSERT INTO revision (kind, element, from_ms, to_ms, json) VALUES (?, ?, ?, ?, ?)',
            state.Parent === undefined ? 'node' : 'edge',
            state.ID,
            state.UpdatedAt,
            to_ms,
            JSON.stringify(state),
          );
      // More than are read at once, all of another element.
      for (let n = 0; n < 2_500; n++)
        sql.exec(
          `INSERT INTO revision (kind, element, from_ms, to_ms, json) VALUES ('node', 'x', 1, 2, '{"ID":"x"}')`,
        );
      // Whatever later schemas added.
      for (const { name } of sql
        .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
        .toArray())
        if (!/^(node|edge|revision|capture|probe|meta|_cf.*|sqlite.*)$/.test(name))
          sql.exec(`DROP TABLE ${name}`);
      sql.exec("DELETE FROM meta WHERE key <> 'counters'");
      sql.exec("INSERT INTO meta (key, value) VALUES ('schema', '1')");
    });
    await evictDurableObject(topology());
    expect([await query(`${slice}.V()`), await query(`${slice}.E()`)]).toEqual(before);
    const { history } = await topology().status();
    expect(history).toMatchObject({ revisions: 2_504 });
    const [{ chars, rows }] = (await sqlIn('SELECT sum(chars) AS chars, count(*) AS rows FROM past')) as [
      { chars: number; rows: number },
    ];
    expect(history).toMatchObject({ bytes: chars, rows });
    await change([ChangeKind.NODE_UPDATED, node('a', { N: 4 })]);
    expect(await query(`G.At(${at}).V('a').Values('N')`)).toEqual([3]);
  });
});
