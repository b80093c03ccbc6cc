/** A token bucket: `burst` at once, refilled by `perSecond`. The clock comes as an argument. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #atMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** True when one more is allowed now. */
  take(nowMs: number): boolean {
    if (!this.has(nowMs)) return false;
    this.#tokens--;
    return true;
  }

  /** What was taken turned out not to count. */
  giveBack(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1);
  }

  /** Whether one more would be allowed now. */
  has(nowMs: number): boolean {
    const refill = (Math.max(0, nowMs - this.#atMs) / 1_000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + refill);
    this.#atMs = nowMs;
    return this.#tokens >= 1;
  }

  /** How full it is now, 0 to 1: a full one is as good as none. */
  share(nowMs: number): number {
    this.has(nowMs);
    return this.#tokens / this.#burst;
  }

  /** How long until one more is allowed. */
  waitMs(nowMs: number): number {
    return this.has(nowMs) ? 0 : ((1 - this.#tokens) / this.#perSecond) * 1_000;
  }
}
