/**
 * What a question to several shards costs, and their answers in the order of the shards: one that fails or takes too long is
 * named instead of holding up or failing the others.
 */
import { GremlinError } from '../../core/gremlin/errors.ts';
import { timings } from '../../core/limits.ts';
import { shardsSince, type ShardCounts } from '../../core/shard-place.ts';
import type { FlowShard } from './flow-shard.ts';
import { shardAt } from './stubs.ts';
import { log } from '../log.ts';

/** What asking for flows cost, of one query. */
export interface FlowCost {
  visited: number;
  shards: number;
  /** Hosts whose flows may be older than the question. */
  readonly silentHosts: Set<string>;
  /** Names of shards that did not answer: their flows are missing. */
  readonly silentShards: Set<string>;
}

export function noFlowCost(): FlowCost {
  return { visited: 0, shards: 0, silentHosts: new Set(), silentShards: new Set() };
}

export type Shard = DurableObjectStub<FlowShard>;

/** The shards that may have flows since `fromMs`, of these hosts where some are named. */
export function shardsToAsk(
  env: Env,
  counts: ShardCounts,
  fromMs: number,
  hosts: readonly string[] | undefined,
): Shard[] {
  return shardsSince(counts, fromMs, hosts).map((index) => shardAt(env, index));
}

/** Rejects with a GremlinError that a shard's answer was: the query is at fault, not the shard. */
export async function answersOf<T>(
  shards: readonly Shard[],
  cost: FlowCost,
  ask: (shard: Shard) => Promise<T>,
): Promise<T[]> {
  cost.shards += shards.length;
  const answers = await Promise.all(shards.map((shard) => answerOf(shard, cost, ask)));
  return answers.flatMap((answer) => (answer === undefined ? [] : [answer.value]));
}

async function answerOf<T>(
  shard: Shard,
  cost: FlowCost,
  ask: (shard: Shard) => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<never>((_resolve, reject) => {
    const text = `no answer within ${timings.shardAnswerMs} ms`;
    timer = setTimeout(() => reject(new Error(text)), timings.shardAnswerMs);
  });
  try {
    return { value: await Promise.race([ask(shard), late]) };
  } catch (error) {
    if (error instanceof GremlinError) throw error;
    log('error', 'query', 'a flow shard did not answer', { shard: shard.name, error });
    cost.silentShards.add(shard.name ?? '');
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
