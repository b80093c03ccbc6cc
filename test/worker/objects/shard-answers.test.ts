/** A shard that throws or hangs is named, and the others' flows are told all the same. */
import { abortAllDurableObjects, reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { GremlinError } from '../../../core/gremlin/errors.ts';
import { timings } from '../../../core/limits.ts';
import { answersOf, noFlowCost, type Shard } from '../../../worker/objects/shard-answers.ts';
import { shardAt, topologyOf } from '../../../worker/objects/stubs.ts';
import { connectProbe, testFlow } from './socket-client.ts';

const named = (name: string): Shard => ({ name }) as Shard;
const three = ['a', 'b', 'c'].map(named);

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('answers of several shards', () => {
  test('come in the order of the shards, without the one that fails', async () => {
    const cost = noFlowCost();
    const answers = await answersOf(three, cost, async ({ name }) => {
      if (name === 'b') throw new Error('broken');
      if (name === 'a') await new Promise((resolve) => setTimeout(resolve, 20));
      return name;
    });
    expect(answers).toEqual(['a', 'c']);
    expect([cost.shards, [...cost.silentShards]]).toEqual([3, ['b']]);
  });

  test('do not wait for one that hangs', async () => {
    vi.useFakeTimers();
    const cost = noFlowCost();
    const asked = answersOf(three, cost, ({ name }) =>
      name === 'c' ? new Promise<string>(() => {}) : Promise.resolve(name ?? ''),
    );
    await vi.advanceTimersByTimeAsync(timings.shardAnswerMs);
    expect(await asked).toEqual(['a', 'b']);
    expect([...cost.silentShards]).toEqual(['c']);
  });

  test('a query that is at fault is refused', async () => {
    const refused = new GremlinError('exec', 'limit', 0, 'too much');
    await expect(answersOf(three, noFlowCost(), () => Promise.reject(refused))).rejects.toBe(refused);
  });
});

describe('a query over a shard that cannot be woken', () => {
  test('is answered with what there is, and the shard is named', async () => {
    await reset();
    const probe = await connectProbe('flow', 'h1');
    probe.batch(1, [testFlow('a')]);
    await probe.acked(1);
    await runInDurableObject(
      shardAt(env, 0),
      (_object, state) => void state.storage.sql.exec("UPDATE meta SET value = '99' WHERE key = 'schema'"),
    );
    await abortAllDurableObjects();
    const now = new Date().toUTCString();
    for (const [query, wanted] of [
      ['G.Flows()', []],
      ['G.Flows().Count()', 0],
      [`G.Context('${now}', 60).Flows().Count()`, 0],
      ['G.V().Count()', 0],
    ] as const) {
      const answer = await topologyOf(env).query(query, 'json');
      if (answer.status !== 200) throw new Error(answer.text);
      expect([query, await new Response(answer.body as BodyInit).json()]).toEqual([query, wanted]);
      expect([query, answer.cost.silentShards]).toEqual([
        query,
        query.includes('Flows') ? ['main/shard/0'] : [],
      ]);
    }
  });
});
