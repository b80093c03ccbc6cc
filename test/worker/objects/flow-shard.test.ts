/** The FlowShard object: batches exactly once, live flows, searches, recovery. */
import {
  abortAllDurableObjects,
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { FlowSearch } from '../../../core/flow/search.ts';
import { limits, timings } from '../../../core/limits.ts';
import { createRawPacket, decodeFlowSet, type Flow } from '../../../proto/gen/flow.ts';
import { createFlowBatch } from '../../../proto/gen/probe.ts';
import { bytesOf } from '../../../worker/objects/answer-stream.ts';
import { shardForHost, topologyOf } from '../../../worker/objects/stubs.ts';
import { connectProbe, openProbe, testFlow, type ProbeClient } from './socket-client.ts';

const shard = () => shardForHost(env, 'h1');

async function search(
  how: FlowSearch = {},
): Promise<{ flows: Flow[]; uuids: string[]; silent: readonly string[] }> {
  const answer = await shard().search(how);
  const { Flows } = decodeFlowSet(await bytesOf(answer.flows));
  return { flows: Flows, uuids: Flows.map(({ UUID }) => UUID).sort(), silent: answer.silentHosts };
}

/** What is live, without asking any probe. */
const liveFlows = async (): Promise<number> => (await shard().status()).liveFlows;
const counters = async () => (await shard().status()).counters;

/** Answers every flush, at once, after sending what `before` gives. */
function answerFlushes(probe: ProbeClient, before: () => void = () => {}): void {
  void (async () => {
    for (;;) {
      const { id } = await probe.nextOf('flush');
      before();
      probe.tell({ flush_done: { id } });
    }
  })().catch(() => {});
}

async function rowsOf(table: string): Promise<number> {
  return runInDurableObject(shard(), (_object, state) =>
    Number(state.storage.sql.exec(`SELECT count(*) AS n FROM ${table}`).one()['n']),
  );
}

async function age(sql: string): Promise<void> {
  await runInDurableObject(shard(), (_object, state) => void state.storage.sql.exec(sql));
  await evictDurableObject(shard());
  await shard().status();
  await runDurableObjectAlarm(shard());
}

beforeEach(async () => {
  await reset();
});

describe('batches', () => {
  test('are acknowledged when they are durable, several in one row', async () => {
    const [one, two] = await Promise.all([connectProbe('flow', 'h1'), connectProbe('flow', 'h2')]);
    one.batch(1, [testFlow('a')]);
    one.batch(2, [testFlow('b')]);
    two.batch(1, [testFlow('a')]);
    await Promise.all([one.acked(2), two.acked(1)]);
    expect(await rowsOf('log')).toBe(1);
    expect(await counters()).toMatchObject({ batches: 3, flowMessages: 3, commits: 1 });
    expect(await liveFlows()).toBe(3);
  });

  test('that come again are acknowledged again and not applied', async () => {
    const probe = await connectProbe('flow', 'h1');
    probe.batch(1, [testFlow('a', { Application: 'first' })]);
    await probe.acked(1);
    const back = await openProbe('flow', 'h1');
    expect((await back.hello('h1')).last_sequence).toBe(1);
    back.batch(1, [testFlow('a', { Application: 'again' })]);
    await back.acked(1);
    back.batch(2, [testFlow('b')]);
    await back.acked(2);
    expect((await search()).flows.map(({ Application }) => Application)).toEqual(['first', 'UDP']);
    expect(await counters()).toMatchObject({ batches: 2, batchesRepeated: 1 });
  });

  test('that are pending when the probe connects anew are written before the Welcome', async () => {
    const probe = await connectProbe('flow', 'h1');
    probe.batch(1, [testFlow('a')]);
    const back = await openProbe('flow', 'h1');
    expect((await back.hello('h1')).last_sequence).toBe(1);
  });

  test('a missing number closes 4002; after a new connection the probe may go on behind what it lost', async () => {
    const probe = await connectProbe('flow', 'h1');
    probe.batch(1, [testFlow('a')]);
    probe.batch(3, [testFlow('c')]);
    expect(await probe.closed()).toMatchObject({
      code: 4002,
      reason: expect.stringContaining('2') as string,
    });
    const back = await openProbe('flow', 'h1');
    expect((await back.hello('h1')).last_sequence).toBe(1);
    back.batch(3, [testFlow('c')]);
    await back.acked(3);
    expect(await counters()).toMatchObject({ batchesMissing: 1 });
  });

  test('a shard that never saw this incarnation takes it up anywhere', async () => {
    const probe = await connectProbe('flow', 'h1', 'old');
    probe.batch(700, [testFlow('a')]);
    await probe.acked(700);
    expect(await counters()).toMatchObject({ batchesMissing: 0 });
  });

  test('another incarnation begins at its own number and ends what the old one had', async () => {
    const old = await connectProbe('flow', 'h1', 'old');
    old.batch(1, [testFlow('a')]);
    await old.acked(1);
    const fresh = await openProbe('flow', 'h1');
    expect((await fresh.hello('h1', 'fresh')).last_sequence).toBe(0);
    expect(await liveFlows()).toBe(0);
    fresh.batch(1, [testFlow('b')]);
    await fresh.acked(1);
    await evictDurableObject(shard());
    expect((await search()).uuids).toEqual(['b']);
  });

  test('a batch larger than a row is divided, a packet that fits nowhere is left out', async () => {
    const probe = await connectProbe('flow', 'h1');
    const packet = (bytes: number) => createRawPacket({ Index: 1, Data: new Uint8Array(bytes), LinkType: 1 });
    const large = Array.from({ length: 9 }, (_, index) =>
      testFlow(`l${index}`, { LastRawPackets: [packet(400_000)] }),
    );
    probe.batch(1, [...large, testFlow('huge', { LastRawPackets: [packet(limits.rowBytesMax)] })], {
      ended: [{ uuid: 'l0', capture_id: 'c1' }],
    });
    await probe.acked(1);
    expect(await rowsOf('log')).toBeGreaterThan(3);
    expect(await counters()).toMatchObject({ packetsTooLarge: 1, flowsTooLarge: 0 });
    await evictDurableObject(shard());
    const { flows } = await search({ withRawPackets: true });
    expect(flows).toHaveLength(9);
    expect(flows.filter(({ LastRawPackets }) => LastRawPackets.length === 1)).toHaveLength(8);
    const back = await openProbe('flow', 'h1');
    expect((await back.hello('h1')).last_sequence).toBe(1);
  });

  test.each<[string, (probe: ProbeClient) => void, number]>([
    ['garbage', (probe) => probe.send(new Uint8Array([0x22, 0x05, 1])), 1007],
    ['text', (probe) => probe.send('{}'), 1003],
    ['a graph', (probe) => probe.tell({ sync: { sequence: 1, nodes: [], edges: [] } }), 1002],
    ['sequence 0', (probe) => probe.batch(0, []), 1002],
  ])('%s closes only its own connection', async (_what, wrong, code) => {
    const other = await connectProbe('flow', 'h2');
    const probe = await connectProbe('flow', 'h1');
    wrong(probe);
    expect((await probe.closed()).code).toBe(code);
    other.batch(1, [testFlow('a')]);
    await other.acked(1);
    expect((await counters()).probesClosedForFaults).toBe(1);
  });
});

describe('live flows', () => {
  test('the newest state of a flow counts, hosts apart, and ended ones leave', async () => {
    const [one, two] = await Promise.all([connectProbe('flow', 'h1'), connectProbe('flow', 'h2')]);
    one.batch(1, [testFlow('a'), testFlow('b')]);
    two.batch(1, [testFlow('a', { Application: 'other' })]);
    one.batch(2, [testFlow('a', { Application: 'newer' }), testFlow('b', { FinishType: 2 })], {
      ended: [{ uuid: 'b', capture_id: 'c1' }],
    });
    await Promise.all([one.acked(2), two.acked(1)]);
    const { flows } = await search();
    expect(flows.map(({ UUID, Application }) => `${UUID} ${Application}`).sort()).toEqual([
      'a newer',
      'a other',
    ]);
  });

  test('raw packets, which are sent once, stay with the flow and are shipped when asked for', async () => {
    const probe = await connectProbe('flow', 'h1');
    const packet = (Index: number) => createRawPacket({ Index, Data: new Uint8Array([Index]), LinkType: 1 });
    probe.batch(1, [testFlow('a', { LastRawPackets: [packet(1), packet(2)] })]);
    probe.batch(2, [testFlow('a', { LastRawPackets: [packet(3)] })]);
    probe.batch(3, [testFlow('a')]);
    await probe.acked(3);
    expect(
      (await search({ withRawPackets: true })).flows[0]?.LastRawPackets.map(({ Index }) => Index),
    ).toEqual([1, 2, 3]);
    expect((await search()).flows[0]?.LastRawPackets).toEqual([]);
  });

  test('of a host whose probe vanished stay for the grace, named as silent, and then go for good', async () => {
    const probe = await connectProbe('flow', 'h1');
    probe.batch(1, [testFlow('a')]);
    await probe.acked(1);
    probe.close(1001);
    expect(await probe.closed()).toMatchObject({ code: 1000 });
    await expect.poll(async () => (await shard().status()).probes.length).toBe(0);
    expect(await search()).toMatchObject({ uuids: ['a'], silent: ['h1'] });
    await age(`UPDATE gone SET at_ms = at_ms - ${timings.probeGraceMs - 5_000}`);
    expect(await liveFlows()).toBe(1);
    await age('UPDATE gone SET at_ms = at_ms - 5000');
    expect(await liveFlows()).toBe(0);
    expect((await counters()).flowsStale).toBe(1);
    await evictDurableObject(shard());
    expect(await search()).toMatchObject({ uuids: [], silent: [] });
  });

  test('go with Goodbye at once', async () => {
    const probe = await connectProbe('flow', 'h1');
    probe.batch(1, [testFlow('a')]);
    probe.tell({ goodbye: { reason: 'stopped' } });
    expect((await probe.closed()).code).toBe(1000);
    expect(await liveFlows()).toBe(0);
    await evictDurableObject(shard());
    expect(await liveFlows()).toBe(0);
  });

  test('statistics are kept by capture and host', async () => {
    const probe = await connectProbe('flow', 'h1');
    const stats = {
      CaptureID: 'c1',
      FlowCount: 2,
      FlowDropped: 0,
      KernelFlowDropped: 0,
      PacketsDropped: 1,
      PacketsReceived: 52,
    };
    probe.batch(1, [], { stats: [stats], flows_dropped: 7 });
    await probe.acked(1);
    expect((await shard().status()).stats).toEqual({ c1: { h1: stats } });
    expect((await counters()).flowsDroppedByProbes).toBe(7);
  });
});

describe('search', () => {
  test('sees what the probe flushes for it, without waiting for the group commit', async () => {
    const probe = await connectProbe('flow', 'h1');
    let sequence = 0;
    answerFlushes(probe, () => probe.batch(++sequence, [testFlow(`f${sequence}`)]));
    const { uuids, silent } = await search();
    expect(uuids).toEqual(['f1']);
    expect(silent).toEqual([]);
  });

  test('names a probe that does not answer in time, and asks it at most every half second', async () => {
    const mute = await connectProbe('flow', 'h1');
    const other = await connectProbe('flow', 'h2');
    answerFlushes(other);
    mute.batch(1, [testFlow('a')]);
    await mute.acked(1);
    const started = Date.now();
    expect(await search()).toMatchObject({ uuids: ['a'], silent: ['h1'] });
    expect(Date.now() - started).toBeLessThan(timings.flushWaitMs + 500);
    await search();
    expect((await mute.rest()).filter(({ flush }) => flush !== undefined)).toHaveLength(1);
  });

  test('asks only the probes of the hosts concerned', async () => {
    const [one, two] = await Promise.all([connectProbe('flow', 'h1'), connectProbe('flow', 'h2')]);
    answerFlushes(one);
    one.batch(1, [testFlow('a')]);
    two.batch(1, [testFlow('b')]);
    await Promise.all([one.acked(1), two.acked(1)]);
    expect(await search({ hosts: ['h1'] })).toMatchObject({ uuids: ['a'], silent: [] });
    expect((await two.rest()).filter(({ flush }) => flush !== undefined)).toEqual([]);
  });

  test('reaches Gremlin, with cost and silent hosts', async () => {
    const probe = await connectProbe('flow', 'h1');
    probe.batch(1, [testFlow('a'), testFlow('b', { Application: 'DNS' })]);
    await probe.acked(1);
    const answer = await topologyOf(env).query("G.Flows().Has('Application', 'DNS')", 'json');
    expect(answer).toMatchObject({ status: 200, cost: { shards: 1, silentHosts: ['h1'] } });
    if (answer.status === 200)
      expect((JSON.parse(answer.body as string) as Flow[]).map(({ UUID }) => UUID)).toEqual(['b']);
  });
});

describe('recovery', () => {
  test('an eviction loses nothing: flows, numbers and sockets go on', async () => {
    const probe = await connectProbe('flow', 'h1');
    probe.batch(1, [testFlow('a'), testFlow('b')]);
    probe.batch(2, [testFlow('b')], { ended: [{ uuid: 'b', capture_id: 'c1' }] });
    await probe.acked(2);
    await evictDurableObject(shard());
    expect((await search()).uuids).toEqual(['a']);
    probe.batch(3, [testFlow('c')]);
    await probe.acked(3);
    expect((await search()).uuids).toEqual(['a', 'c']);
    expect((await counters()).batchesRepeated).toBe(0);
  });

  test('a death before the commit makes the probe send again, and the batch counts once', async () => {
    const probe = await connectProbe('flow', 'h1');
    probe.batch(1, [testFlow('a')]);
    await probe.acked(1);
    probe.batch(2, [testFlow('b')]);
    await abortAllDurableObjects();
    const back = await openProbe('flow', 'h1');
    const { last_sequence } = await back.hello('h1');
    expect(last_sequence).toBe(1);
    back.batch(2, [testFlow('b')]);
    await back.acked(2);
    expect((await search()).uuids).toEqual(['a', 'b']);
  });

  test('a snapshot shortens the way back, and nothing is lost around it', async () => {
    const probe = await connectProbe('flow', 'h1');
    const padding = 'x'.repeat(5_000);
    let sequence = 0;
    const batches = Math.ceil((limits.snapshotTailBytesMin * 1.2) / (250 * padding.length));
    for (; sequence < batches;) {
      sequence++;
      probe.batch(
        sequence,
        Array.from({ length: 250 }, (_, index) =>
          testFlow(`f${index}`, { Application: `${padding}${sequence}` }),
        ),
      );
      await probe.acked(sequence);
    }
    probe.batch(++sequence, [testFlow('last')], { ended: [{ uuid: 'f0', capture_id: 'c1' }] });
    await probe.acked(sequence);
    expect(await rowsOf('snapshot')).toBeGreaterThan(0);
    await evictDurableObject(shard());
    const { uuids } = await search();
    expect(uuids).toHaveLength(250);
    expect(uuids).toContain('last');
    expect(uuids).not.toContain('f0');
    const back = await openProbe('flow', 'h1');
    expect((await back.hello('h1')).last_sequence).toBe(sequence);
  });

  test('history that is too old is deleted, but not what a woken shard needs', async () => {
    const probe = await connectProbe('flow', 'h1');
    probe.batch(1, [testFlow('a')]);
    await probe.acked(1);
    await age(`UPDATE log SET at_ms = at_ms - ${timings.historyMs + 1_000}`);
    expect(await rowsOf('log')).toBe(0);
    await evictDurableObject(shard());
    const back = await openProbe('flow', 'h1');
    expect((await back.hello('h1')).last_sequence).toBe(1);
  });
});

describe('a shard whose probes have to drop flows', () => {
  test('asks them for less, tells those that come later too, and says so', async () => {
    const [one, two] = await Promise.all([connectProbe('flow', 'h1'), connectProbe('flow', 'h2')]);
    let sequence = 0;
    const batch = async (): Promise<void> => {
      sequence++;
      one.tell({ flows: createFlowBatch({ sequence, flows: [testFlow('a')], flows_dropped: 5 }) });
      await one.acked(sequence);
    };
    await batch();
    await vi.waitFor(
      async () => {
        await batch();
        expect((await shard().status()).slowDown.stage).toBe(1);
      },
      { timeout: 10_000, interval: 300 },
    );
    const asked = { update_interval: 30_000, detail: 0, sampling: 1 };
    expect(await one.nextOf('slow_down')).toEqual(asked);
    expect(await two.nextOf('slow_down')).toEqual(asked);
    const late = await connectProbe('flow', 'h3');
    expect(await late.nextOf('slow_down')).toEqual(asked);
    await evictDurableObject(shard());
    expect((await shard().status()).slowDown).toEqual({
      stage: 1,
      raised: 0,
      updateMs: 30_000,
      detail: 0,
      sampling: 1,
    });
  });
});
