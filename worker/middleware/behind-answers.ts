/**
 * Work that waits behind the answers of one isolate, at most once a second: a storm of bad requests costs one call a second an
 * isolate, and no request pays for it.
 */
import type { AppContext } from '../app.ts';

const EVERY_MS = 1_000;
/** One that has not ended after this was cancelled with its request. */
const LOST_MS = 30_000;

export class BehindAnswers {
  readonly #work: (env: Env) => Promise<void>;
  #plannedAtMs = 0;

  constructor(work: (env: Env) => Promise<void>) {
    this.#work = work;
  }

  plan(c: AppContext): void {
    const nowMs = Date.now();
    if (nowMs - this.#plannedAtMs < LOST_MS) return;
    this.#plannedAtMs = nowMs;
    c.executionCtx.waitUntil(
      scheduler.wait(EVERY_MS).then(() => {
        this.#plannedAtMs = 0;
        return this.#work(c.env);
      }),
    );
  }
}
