/**
 * Something that is done again whenever the graph changed: many changes in a row cost one run, runs never overlap, and the dearer
 * the last one was, the longer the next one waits, so that about a tenth of the time is spent at most.
 */
import { log } from '../log.ts';

/** An element costs about 0.1 µs to look at (docs/design/objects.md). */
const VISITS_PER_MS_OF_WAIT = 1_000;

export class PacedRuns {
  readonly #run: () => Promise<number>;
  readonly #leastMs: number;
  readonly #mostMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  /** Elements that the last run looked at. */
  #visited = 0;

  /** `run` resolves to the number of elements it looked at. */
  constructor(run: () => Promise<number>, leastMs: number, mostMs: number) {
    this.#run = run;
    this.#leastMs = leastMs;
    this.#mostMs = mostMs;
  }

  soon(): void {
    const waitMs = Math.min(this.#mostMs, Math.max(this.#leastMs, this.#visited / VISITS_PER_MS_OF_WAIT));
    this.#timer ??= setTimeout(() => {
      this.now().catch((error: unknown) => log('error', 'topology', 'evaluation failed', { error }));
    }, waitMs);
  }

  /** Resolves when a run that began after the call has ended; a call during a run asks for another behind it. */
  async now(): Promise<void> {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running !== undefined) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#runUntilQuiet();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  async #runUntilQuiet(): Promise<void> {
    do {
      this.#again = false;
      this.#visited = await this.#run();
    } while (this.#again);
  }
}
