/**
 * What an analyzer asks of its probes when more flows come than it can take: rarer updates first, then less detail, last only some of the
 * flows. One stage at a time and not too fast, because probes need a while until what they send becomes less; back after some calm.
 */
import { timings } from '../limits.ts';

/** How a shard is doing, since it was looked at last. */
export interface ShardLoad {
  /** How late the write of what was collected came, ms: the object was busy with something else. */
  readonly lateMs: number;
  /** Flow messages that probes had to drop because theirs were not taken. */
  readonly droppedByProbes: number;
  /** Of the bytes that live flows may have, 0 to 1. */
  readonly liveShare: number;
}

/** A SlowDown of the probe protocol. */
export interface Slowness {
  /** ms between two updates of a flow; 0: the probe's default. */
  readonly updateMs: number;
  /** 0 everything, 1 no raw packets, 2 no application layers either. */
  readonly detail: number;
  /** One flow of so many is told. */
  readonly sampling: number;
}

export const SLOWNESS: readonly Slowness[] = [
  { updateMs: 0, detail: 0, sampling: 1 },
  { updateMs: 3 * timings.flowUpdateMs, detail: 0, sampling: 1 },
  { updateMs: 6 * timings.flowUpdateMs, detail: 1, sampling: 1 },
  { updateMs: 6 * timings.flowUpdateMs, detail: 2, sampling: 1 },
  { updateMs: 6 * timings.flowUpdateMs, detail: 2, sampling: 4 },
  { updateMs: 6 * timings.flowUpdateMs, detail: 2, sampling: 16 },
];

const LATE_MS = 1_000;
const CALM_LATE_MS = 200;
/** Live flows beyond this are too many; below the second there is room again. */
const FULL = 0.95;
const ROOMY = 0.8;
/** Two bad looks in a row are too much; one is a burst. */
const BAD_LOOKS = 2;

export class SlowDownControl {
  #stage = 0;
  #raised = 0;
  #bad = 0;
  #changedMs = -Infinity;
  #calmSinceMs: number | undefined;

  get stage(): number {
    return this.#stage;
  }

  /** Times that a stage was gone up. */
  get raised(): number {
    return this.#raised;
  }

  /** To be called about once a second while flows come; true when the stage has changed. */
  look(load: ShardLoad, nowMs: number): boolean {
    const isBad = load.lateMs > LATE_MS || load.droppedByProbes > 0 || load.liveShare > FULL;
    const isCalm = !isBad && load.lateMs <= CALM_LATE_MS && load.liveShare <= ROOMY;
    this.#bad = isBad ? this.#bad + 1 : 0;
    this.#calmSinceMs = isCalm ? (this.#calmSinceMs ?? nowMs) : undefined;
    if (this.#bad >= BAD_LOOKS && nowMs - this.#changedMs >= timings.slowDownRaiseMs)
      return this.#to(this.#stage + 1, nowMs);
    const calmMs = this.#calmSinceMs === undefined ? 0 : nowMs - this.#calmSinceMs;
    if (calmMs >= timings.slowDownCalmMs) return this.#to(this.#stage - 1, nowMs);
    return false;
  }

  /** A shard that wakes goes on where it was. */
  restore(stage: number): void {
    this.#stage = Math.max(0, Math.min(stage, SLOWNESS.length - 1));
  }

  #to(stage: number, nowMs: number): boolean {
    if (SLOWNESS[stage] === undefined) return false;
    if (stage > this.#stage) this.#raised++;
    this.#stage = stage;
    this.#changedMs = nowMs;
    this.#bad = 0;
    // Each step down needs a calm of its own.
    this.#calmSinceMs = undefined;
    return true;
  }
}

/** Whether a flow is told when one of `sampling` is: by its UUID (hexadecimal), so that all messages of a flow are told or none. */
export function isSampled(uuid: string, sampling: number): boolean {
  if (sampling <= 1) return true;
  const number = Number.parseInt(uuid.slice(-7), 16);
  return Number.isNaN(number) || number % sampling === 0;
}
