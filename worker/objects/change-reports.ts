/** A shard's hints to Topology that its flows changed: only while alerts ask for flows, many changes in one hint. */
import { timings } from '../../core/limits.ts';
import type { ShardStore } from '../store/shard-store.ts';
import { topologyOf } from './stubs.ts';

export class ChangeReports {
  readonly #env: Env;
  readonly #store: ShardStore;
  readonly #waitUntil: (work: Promise<unknown>) => void;
  /** A report is on its way. */
  #isReporting = false;

  constructor(env: Env, store: ShardStore, waitUntil: (work: Promise<unknown>) => void) {
    this.#env = env;
    this.#store = store;
    this.#waitUntil = waitUntil;
  }

  /** Kept in the tables, for when the object wakes. */
  set isWanted(isWanted: boolean) {
    if (isWanted !== this.#store.reportsChanges) this.#store.reportsChanges = isWanted;
  }

  changed(): void {
    if (!this.#store.reportsChanges || this.#isReporting) return;
    this.#isReporting = true;
    setTimeout(() => {
      this.#isReporting = false;
      // It asks again when it wakes; what it missed was a hint.
      this.#waitUntil(
        topologyOf(this.#env)
          .flowsChanged()
          .catch(() => {}),
      );
    }, timings.alertFlowsMs);
  }
}
