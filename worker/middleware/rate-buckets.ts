/**
 * Token buckets by name, so many at most. When there is no place for one more, a bucket goes that matters least: the fullest of the few that
 * were not used for longest. Whoever comes from many addresses makes buckets that are nearly full, and these push
 * each other out; one that was emptied stays until it has refilled.
 */
import { limits } from '../../core/limits.ts';
import { TokenBucket } from '../objects/rate-limit.ts';

export class RateBuckets {
  /** The longest unused first. */
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #most: number;

  constructor(most: number = limits.rateBucketsMax) {
    this.#most = most;
  }

  get size(): number {
    return this.#buckets.size;
  }

  of(key: string, burst: number, perSecond: number, nowMs: number): TokenBucket {
    const bucket = this.#buckets.get(key) ?? this.#make(burst, perSecond, nowMs);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #make(burst: number, perSecond: number, nowMs: number): TokenBucket {
    if (this.#buckets.size >= this.#most) this.#evict(nowMs);
    return new TokenBucket(burst, perSecond, nowMs);
  }

  /** Looks at a few only, so that no request pays for all. */
  #evict(nowMs: number): void {
    let fullest: string | undefined;
    let most = -1;
    let looked = 0;
    for (const [key, bucket] of this.#buckets) {
      const share = bucket.share(nowMs);
      if (share > most) [fullest, most] = [key, share];
      if (share >= 1 || ++looked >= limits.rateBucketsLookedAt) break;
    }
    if (fullest !== undefined) this.#buckets.delete(fullest);
  }
}
