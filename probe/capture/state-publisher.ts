/**
 * Decides when the states of a node's captures go into its metadata. A change of state goes at once. Counters that
 * keep running are told after 1, 2, 4, then every 8 seconds, and once more when they have come to rest: each telling
 * is a change of the graph that every subscriber gets and the analyzer keeps.
 */
import type { CaptureState } from '../../core/capture/capture.ts';

const INTERVAL_MS_MIN = 1_000;
const INTERVAL_MS_MAX = 8_000;

interface Published {
  /** As told last. */
  text: string;
  /** As seen at the last look, told or not. */
  seen: string;
  at: number;
  intervalMs: number;
}

export class StatePublisher {
  readonly #tell: (nodeId: string, states: CaptureState[]) => void;
  readonly #nowMs: () => number;
  readonly #nodes = new Map<string, Published>();

  constructor(tell: (nodeId: string, states: CaptureState[]) => void, nowMs: () => number = Date.now) {
    this.#tell = tell;
    this.#nowMs = nowMs;
  }

  /** Looks at the states of a node; called at each change of state (`now`) and about every second. */
  publish(nodeId: string, states: CaptureState[], now: boolean): void {
    const text = JSON.stringify(states);
    const last = this.#nodes.get(nodeId);
    if (last === undefined ? states.length === 0 : last.text === text) {
      if (last !== undefined) last.intervalMs = INTERVAL_MS_MIN;
      return;
    }
    const atMs = this.#nowMs();
    const resting = last?.seen === text;
    const due = last === undefined || atMs - last.at >= last.intervalMs - INTERVAL_MS_MIN / 2;
    if (!now && !due && !resting) {
      last.seen = text;
      return;
    }
    if (states.length === 0) this.#nodes.delete(nodeId);
    else {
      const intervalMs =
        now || resting || last === undefined
          ? INTERVAL_MS_MIN
          : Math.min(INTERVAL_MS_MAX, last.intervalMs * 2);
      this.#nodes.set(nodeId, { text, seen: text, at: atMs, intervalMs });
    }
    this.#tell(nodeId, states);
  }

  /** The node is gone and its metadata with it. */
  forget(nodeId: string): void {
    this.#nodes.delete(nodeId);
  }
}
