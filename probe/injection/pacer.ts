/** How many packets may go now: so many a second, no more than a tenth of a second's saved up. */
const BURST_SECONDS = 0.1;

export class Pacer {
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  #room: number;
  #at: number;

  constructor(perSecond: number, nowMs: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#at = nowMs();
    this.#room = perSecond * BURST_SECONDS;
  }

  /** True: one may go, and is counted. */
  take(): boolean {
    const now = this.#nowMs();
    const most = this.#perSecond * BURST_SECONDS;
    this.#room = Math.min(most, this.#room + ((now - this.#at) / 1_000) * this.#perSecond);
    this.#at = now;
    if (this.#room < 1) return false;
    this.#room--;
    return true;
  }
}
