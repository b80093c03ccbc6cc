/**
 * The time of a sampled packet as we take it (its datagram tells none): wall-clock ms that never run
 * backwards, with the nanoseconds inside the ms. The monotonic clock counts between two looks at the wall clock,
 * so that a round trip is measured finer than a ms and a corrected clock does not disorder a flow.
 */
const STEP_MS = 5;

export class PacketClock {
  readonly #wallMs: () => number;
  readonly #monotonicMs: () => number;
  #offsetMs: number;
  #last = 0;

  /** ms since 1970, whole. */
  ms = 0;
  /** Nanoseconds inside that ms, 0–999,999. */
  subMsNs = 0;

  constructor(wallMs: () => number = Date.now, monotonicMs: () => number = () => performance.now()) {
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
    this.#offsetMs = wallMs() - monotonicMs();
  }

  /** Sets `ms` and `subMsNs` to now. */
  read(): void {
    const now = Math.max(this.#last, this.#monotonicMs() + this.#offsetMs);
    this.#last = now;
    this.ms = Math.floor(now);
    this.subMsNs = Math.floor((now - this.ms) * 1_000_000);
  }

  /** Follows the wall clock when it was set: a step of more than 5 ms. Called now and then, not per packet. */
  follow(): void {
    const offsetMs = this.#wallMs() - this.#monotonicMs();
    if (Math.abs(offsetMs - this.#offsetMs) <= STEP_MS) return;
    this.#offsetMs = offsetMs;
    // Set back by much (an operator, not NTP): standing still for as long would be worse than one step back.
    if (this.#last - this.#wallMs() > 1_000) this.#last = 0;
  }
}
