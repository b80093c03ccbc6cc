/** Statistics of a probe's nodes are written late and together; queries, the past and a woken object notice nothing of it. */
import { abortAllDurableObjects, reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../../../core/limits.ts';
import type { NodeJson } from '../../../core/wire/element-json.ts';
import { ChangeKind } from '../../../proto/gen/probe.ts';
import { FabricGraph } from '../../../worker/objects/fabric-graph.ts';
import { topologyOf } from '../../../worker/objects/stubs.ts';
import type { Topology } from '../../../worker/objects/topology.ts';
import { TopologyStore } from '../../../worker/store/topology-store.ts';
import { connectProbe, type ProbeClient } from './socket-client.ts';

const topology = () => topologyOf(env);
const nodes = ['a', 'b', 'c'];

async function query<T = NodeJson[]>(text: string): Promise<T> {
  const answer = await topology().query(text, 'json');
  if (answer.status !== 200) throw new Error(`${text}: ${answer.text}`);
  return JSON.parse(answer.body as string) as T;
}

const element = (id: string, bytes: number, more: object = {}) => ({
  ID: id,
  Metadata: { Name: id, Type: 'device', Metric: { RxBytes: bytes }, ...more },
});
const bytesAt = (atMs: number) => query<number[]>(`G.At(${atMs}).V().Sort('Name').Values('Metric.RxBytes')`);
const bytesNow = () => query<number[]>("G.V().Sort('Name').Values('Metric.RxBytes')");

let probe: ProbeClient;
let sequence: number;
const tell = (bytes: number, more: object = {}) =>
  probe.changes(
    ++sequence,
    nodes.map((id) => [ChangeKind.NODE_UPDATED, element(id, bytes, more)]),
  );

/** A moment with nothing else in it. */
async function moment(): Promise<number> {
  const started = Date.now();
  await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(started + 1);
  const at = Date.now();
  await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(at + 1);
  return at;
}

const rowsWritten = async () => (await topology().status()).counters.rowsWritten;
const table = (name: string): Promise<number> =>
  runInDurableObject(
    topology(),
    (_object, state) => state.storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${name}`).one().n,
  );
/** As if the time had come. */
const writeLate = (): Promise<void> =>
  runInDurableObject(topology(), (object: Topology) => object.writeLate());

async function connect(bytes: number): Promise<void> {
  probe = await connectProbe('topology', 'h1', crypto.randomUUID());
  sequence = 1;
  await probe.sync(
    1,
    nodes.map((id) => element(id, bytes)),
  );
}

beforeEach(async () => {
  await reset();
  await connect(0);
});

describe('statistics', () => {
  test('write no row until they are written together, and are seen at once, in the past too', async () => {
    const before = await rowsWritten();
    const first = await moment();
    await tell(1);
    const second = await moment();
    await tell(2);
    expect(await rowsWritten()).toBe(before);
    expect(await bytesNow()).toEqual([2, 2, 2]);
    expect(await bytesAt(first)).toEqual([0, 0, 0]);
    expect(await bytesAt(second)).toEqual([1, 1, 1]);
    expect((await topology().status()).history).toMatchObject({ rows: 0, revisions: 6 });
    await writeLate();
    expect((await topology().status()).history.revisions).toBe(6);
    // Of three nodes and six states: a row or two of the past and its size, one of what is now, and the counters.
    expect((await rowsWritten()) - before).toBeLessThanOrEqual(6);
    expect(await bytesAt(first)).toEqual([0, 0, 0]);
    expect(await bytesAt(second)).toEqual([1, 1, 1]);
    expect(await query<number[]>(`G.At(${second}).V().Sort('Name').Values('@Revision')`)).toEqual([2, 2, 2]);
  });

  test('are there again after a crash, once they were written', async () => {
    await tell(1);
    await tell(2);
    await writeLate();
    await tell(3);
    await abortAllDurableObjects();
    // What was not written is gone; the past has no hole and nothing twice.
    expect(await bytesNow()).toEqual([2, 2, 2]);
    const at = await moment();
    await connect(4);
    await writeLate();
    expect(await bytesAt(at)).toEqual([2, 2, 2]);
    await abortAllDurableObjects();
    expect(await bytesNow()).toEqual([4, 4, 4]);
    expect(await bytesAt(at)).toEqual([2, 2, 2]);
    expect(await query<number[]>("G.V('a').Values('@Revision')")).toEqual([4]);
  });

  test('go with a change that is more, and leave no gap', async () => {
    const first = await moment();
    await tell(1);
    const second = await moment();
    await tell(2, { State: 'UP' });
    await abortAllDurableObjects();
    expect(await bytesNow()).toEqual([2, 2, 2]);
    expect(await bytesAt(first)).toEqual([0, 0, 0]);
    expect(await bytesAt(second)).toEqual([1, 1, 1]);
    await connect(2);
    await probe.changes(
      ++sequence,
      nodes.map((id) => [ChangeKind.NODE_DELETED, { ID: id }]),
    );
    await abortAllDurableObjects();
    expect(await query('G.V()')).toEqual([]);
    expect(await bytesAt(second)).toEqual([1, 1, 1]);
  });

  test('that came before a node was made anew are not laid over it', async () => {
    await tell(1);
    await writeLate();
    await probe.changes(++sequence, [[ChangeKind.NODE_DELETED, { ID: 'a' }]]);
    await probe.changes(++sequence, [[ChangeKind.NODE_ADDED, element('a', 77)]]);
    await abortAllDurableObjects();
    expect(await bytesNow()).toEqual([77, 1, 1]);
  });

  test('of publishers are written at once: nobody tells them again', async () => {
    await runInDurableObject(topology(), (_object, state) => {
      const open = (): FabricGraph => new FabricGraph(new TopologyStore(state.storage), () => {});
      const fabric = open();
      const made = { createdAt: 1, updatedAt: 1, deletedAt: null, host: '', origin: 'client.p' };
      fabric.write(1, undefined, (graph) =>
        graph.addNode({ ...made, id: 'p', metadata: { Metric: { N: 1 } }, revision: 1 }),
      );
      fabric.write(2, undefined, (graph) =>
        graph.updateNode({ ...made, id: 'p', metadata: { Metric: { N: 2 } }, updatedAt: 2, revision: 2 }),
      );
      expect(open().graph.node('p')?.metadata).toEqual({ Metric: { N: 2 } });
    });
  });
});

test('what lies over the nodes stays small, however often it is written', async () => {
  for (let round = 1; round <= 150; round++) {
    await tell(round);
    await writeLate();
  }
  expect(await table('late')).toBeLessThanOrEqual(65);
  await abortAllDurableObjects();
  expect(await bytesNow()).toEqual([150, 150, 150]);
});

test('with too many waiting they are written without waiting longer', async () => {
  const before = await table('past');
  for (let round = 1; round * nodes.length <= limits.statisticsHeldMax; round += 100)
    await probe.changes(
      ++sequence,
      Array.from({ length: 100 }, (_, index) => index).flatMap((index) =>
        nodes.map((id): [typeof ChangeKind.NODE_UPDATED, unknown] => [
          ChangeKind.NODE_UPDATED,
          element(id, round + index),
        ]),
      ),
    );
  expect(await table('past')).toBeGreaterThan(before);
});
