/**
 * How long to wait before the next attempt to reach the analyzer. Exponential with jitter, so that the probes of a
 * fleet do not come back in step; the first wait is 100–300 ms. How far it grows depends on what failed:
 * a port that nobody listens on costs next to nothing to ask again, a refusal by the analyzer's rules will not
 * change by itself.
 */
export type FailureKind =
  /** The host answered that nobody listens: the analyzer is being restarted. */
  | 'closed'
  /** No answer, a broken connection, an error of the server. */
  | 'failed'
  /** Refused by a rule: credential, host id, protocol version. */
  | 'refused';

const FIRST_MS = 200;
const WAIT_MS_MAX: Readonly<Record<FailureKind, number>> = { closed: 1_000, failed: 8_000, refused: 30_000 };
/** A connection that held this long proves that the other end works; the waits begin anew. */
const STABLE_MS = 2_000;

export class Backoff {
  #failures = 0;
  readonly #random: () => number;
  readonly #scale: number;

  /** `scale` multiplies every wait. */
  constructor(random: () => number = Math.random, scale = 1) {
    this.#random = random;
    this.#scale = scale;
  }

  get failures(): number {
    return this.#failures;
  }

  /** ms to wait after this failure: half to one and a half of the current step. */
  next(kind: FailureKind): number {
    const most = WAIT_MS_MAX[kind];
    const step = kind === 'refused' ? most : Math.min(most, FIRST_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures++;
    return Math.round(step * (0.5 + this.#random()) * this.#scale);
  }

  /** Tells how long the connection that just ended had worked. */
  worked(forMs: number): void {
    if (forMs >= STABLE_MS) this.#failures = 0;
  }
}
