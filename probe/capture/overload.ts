/**
 * What is left out when packets come faster than they can be taken: raw packets first, then application layers,
 * then updates of living flows become rarer. Flows and their counters stay to the last; packets that the kernel had
 * to drop are counted by it. Looked at once a second; a stage is left again after some calm.
 */
import type { Pace } from '../link/flow-link.ts';

export interface OverloadCounters {
  /** Now: 0 nothing is left out, 1 raw packets, 2 application layers too, 3 updates are rarer too. */
  readonly stage: number;
  /** Times a stage was gone up. */
  readonly raised: number;
  /** Seconds in which something was left out. */
  readonly seconds: number;
}

/** What a capture process leaves out, and why. */
export interface RunnerLoss extends OverloadCounters {
  /** Flow messages that were not told because the analyzer asked for some flows only. */
  readonly flowsSampledOut: number;
}

const STAGE_MAX = 3;
/** Packets may be dropped in one second (a burst); what is dropped in two in a row is too much. */
const OVERLOADED_SECONDS = 2;
const CALM_SECONDS = 10;
/** A tick that comes later than this tells that the thread is never idle. */
const LATE_MS = 500;
const RARE_UPDATE_MS = 30_000;

export class Overload {
  #stage = 0;
  #raised = 0;
  #seconds = 0;
  #overloaded = 0;
  #calm = 0;

  get counters(): OverloadCounters {
    return { stage: this.#stage, raised: this.#raised, seconds: this.#seconds };
  }

  /** Once a second: packets dropped in it, and how late the latest tick was. */
  look(dropped: number, lateMs: number): void {
    if (this.#stage > 0) this.#seconds++;
    if (dropped > 0 || lateMs > LATE_MS) {
      this.#calm = 0;
      if (++this.#overloaded < OVERLOADED_SECONDS || this.#stage === STAGE_MAX) return;
      this.#stage++;
      this.#raised++;
      return;
    }
    this.#overloaded = 0;
    if (this.#stage > 0 && ++this.#calm >= CALM_SECONDS) {
      this.#calm = 0;
      this.#stage--;
    }
  }

  /** The pace asked for, less what the stage leaves out. */
  slow(asked: Pace): Pace {
    if (this.#stage === 0) return asked;
    return {
      hold: asked.hold,
      updateMs: this.#stage === STAGE_MAX ? Math.max(asked.updateMs, RARE_UPDATE_MS) : asked.updateMs,
      detail: Math.max(asked.detail, Math.min(this.#stage, 2)),
      sampling: asked.sampling,
    };
  }
}
