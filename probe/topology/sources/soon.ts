/**
 * Runs an action once for many askings: a little later, so that what comes together is shown together, and so seldom
 * that it takes at most a tenth of the time. An action that throws ends the follower through `failed`.
 */
import { timings } from '../../../core/limits.ts';

const SHARE = 10;

export class Soon {
  /** Rejects when the action throws; never resolves. For `Promise.race` with what is being followed. */
  readonly failed: Promise<never>;
  readonly #action: () => void;
  readonly #signal: AbortSignal;
  readonly #afterMs: number;
  #timer: NodeJS.Timeout | undefined;
  #restUntilMs = 0;
  #reject: (error: unknown) => void = () => {};

  constructor(action: () => void, signal: AbortSignal, afterMs: number = timings.sourceSettleMs) {
    this.#action = action;
    this.#signal = signal;
    this.#afterMs = afterMs;
    this.failed = new Promise<never>((_resolve, reject) => (this.#reject = reject));
    // Whoever follows races it; before and after that nobody may listen.
    this.failed.catch(() => {});
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  ask(): void {
    if (this.#timer !== undefined || this.#signal.aborted) return;
    const restMs = this.#restUntilMs - performance.now();
    this.#timer = setTimeout(() => this.#run(), Math.max(this.#afterMs, restMs));
  }

  #run(): void {
    this.#timer = undefined;
    // CPU of this thread: a busy machine makes an action last, not cost.
    const before = cpuMs();
    try {
      this.#action();
    } catch (error) {
      this.#reject(error);
    }
    this.#restUntilMs = performance.now() + (cpuMs() - before) * (SHARE - 1);
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
