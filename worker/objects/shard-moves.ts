/**
 * A host whose shard is another one since the number of shards changed: its new shard takes over what the old one knows of it
 * (the last durable batch, the live flows), keeps it, and only then tells the old one to let go. A death in between repeats it.
 */
import { shardOf } from '../../core/shard-place.ts';
import { decodeSnapshotPart, type HostSnapshot } from '../../proto/gen/shard.ts';
import { bytesOf } from './answer-stream.ts';
import { shardAt, shardCount, topologyOf } from './stubs.ts';

export class ShardMoves {
  readonly #env: Env;
  /** Takes it over; resolves when it is durable. */
  readonly #adopt: (pieces: readonly HostSnapshot[]) => Promise<void>;
  /** Numbers of shards that were in force before; they change only with the settings, when every object starts anew. */
  #earlier: Promise<readonly number[]> | undefined;
  /** Hosts that were asked for since this object woke. */
  readonly #brought = new Set<string>();

  constructor(env: Env, adopt: (pieces: readonly HostSnapshot[]) => Promise<void>) {
    this.#env = env;
    this.#adopt = adopt;
  }

  /** Resolves when what other shards knew of the host is known here. Rejects when one of them cannot be asked. */
  async bring(host: string): Promise<void> {
    if (this.#brought.has(host)) return;
    this.#earlier ??= topologyOf(this.#env).earlierShardCounts();
    let earlier: readonly number[];
    try {
      earlier = await this.#earlier;
    } catch (error) {
      this.#earlier = undefined;
      throw error;
    }
    const own = shardOf(host, shardCount(this.#env));
    const others = new Set(earlier.map((shards) => shardOf(host, shards)).filter((index) => index !== own));
    for (const index of others) {
      const shard = shardAt(this.#env, index);
      const { hosts } = decodeSnapshotPart(await bytesOf(await shard.handOver(host)));
      if (hosts.length === 0) continue;
      await this.#adopt(hosts);
      await shard.letGo(host);
    }
    this.#brought.add(host);
  }
}
