/**
 * In which flow shard a host's flows are: by jump hash, which moves as few hosts as possible when the number of shards changes. What
 * the earlier shards of a host have of the past stays there, so that the numbers of before are remembered as long as history is.
 */
import { FILES_HOST, isFilesHost } from './ids.ts';

/** A number of shards that was in force, and until when, ms since 1970. */
export interface EarlierCount {
  readonly shards: number;
  readonly untilMs: number;
}

export interface ShardCounts {
  readonly current: number;
  /** Oldest first. */
  readonly earlier: readonly EarlierCount[];
}

/** So many changes of the number are remembered; the oldest is forgotten first, and with it where flows of its time are. */
export const earlierCountsMax = 64;

/** What is known after a start with `current` shards. `keepMs`: how long flows of the past are kept. */
export function countsAfterStart(
  known: ShardCounts | undefined,
  current: number,
  nowMs: number,
  keepMs: number,
): ShardCounts {
  if (known === undefined) return { current, earlier: [] };
  const ended = known.current === current ? [] : [{ shards: known.current, untilMs: nowMs }];
  const earlier = [...known.earlier, ...ended].filter(({ untilMs }) => untilMs >= nowMs - keepMs);
  return { current, earlier: earlier.slice(-earlierCountsMax) };
}

/** The shard of a host among so many. */
export function shardOf(hostId: string, shards: number): number {
  return jumpHash(hashOf(isFilesHost(hostId) ? FILES_HOST : hostId), shards);
}

/**
 * The shards that may have flows of a time since `fromMs`, in ascending order, each once; of these hosts, or of any where none are named.
 */
export function shardsSince(counts: ShardCounts, fromMs: number, hosts?: readonly string[]): number[] {
  const numbers = [counts.current, ...countsSince(counts, fromMs)];
  if (hosts === undefined) return Array.from({ length: Math.max(...numbers) }, (_, index) => index);
  const indexes = numbers.flatMap((shards) => hosts.map((host) => shardOf(host, shards)));
  return [...new Set(indexes)].sort((a, b) => a - b);
}

/** Numbers that were in force at some time since, without the current one. */
export function countsSince({ earlier }: ShardCounts, fromMs: number): number[] {
  return earlier.filter(({ untilMs }) => untilMs >= fromMs).map(({ shards }) => shards);
}

/** FNV-1a, 64 bits, over the UTF-8 bytes. */
export function hashOf(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

/** Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (2014). A bucket from 0 to buckets - 1. */
export function jumpHash(key: bigint, buckets: number): number {
  let bucket = -1;
  let next = 0;
  let state = key;
  while (next < buckets) {
    bucket = next;
    state = BigInt.asUintN(64, state * 2862933555777941757n + 1n);
    next = Math.floor((bucket + 1) * (2 ** 31 / (Number(state >> 33n) + 1)));
  }
  return bucket;
}
