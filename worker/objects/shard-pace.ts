/**
 * Watches whether a shard keeps up and asks its probes for less when it does not (core/flow/slow-down.ts). How late a write comes tells
 * it: whatever else the object does, the timer of the group commit waits for it.
 */
import { log } from '../log.ts';
import { SLOWNESS, SlowDownControl } from '../../core/flow/slow-down.ts';
import { timings } from '../../core/limits.ts';
import type { SlowDown } from '../../proto/gen/probe.ts';
import type { ProbeSockets } from './probe-sockets.ts';

export interface ShardPaceStatus {
  /** 0: probes tell all they have. */
  readonly stage: number;
  readonly raised: number;
  /** ms between two updates of a flow, 0 for the probes' own; what is left out; one flow of so many. */
  readonly updateMs: number;
  readonly detail: number;
  readonly sampling: number;
}

export class ShardPace {
  readonly #sockets: ProbeSockets;
  readonly #keep: (stage: number) => void;
  readonly #control = new SlowDownControl();
  #lateMs = 0;
  #dropped = 0;
  #lookedMs = 0;

  /** `stage` is what `keep` was given last. */
  constructor(sockets: ProbeSockets, stage: number, keep: (stage: number) => void) {
    this.#sockets = sockets;
    this.#keep = keep;
    this.#control.restore(stage);
  }

  /** Batches were written, so much later than they should have been. */
  wrote(lateMs: number, liveShare: number): void {
    this.#lateMs = Math.max(this.#lateMs, lateMs);
    const nowMs = Date.now();
    if (nowMs - this.#lookedMs < timings.slowDownLookMs) return;
    this.#lookedMs = nowMs;
    const load = { lateMs: this.#lateMs, droppedByProbes: this.#dropped, liveShare };
    this.#lateMs = this.#dropped = 0;
    if (!this.#control.look(load, nowMs)) return;
    const { stage } = this.#control;
    log('warn', 'flow shard', 'asks its probes for less', { stage, of: SLOWNESS.length - 1 });
    this.#keep(stage);
    for (const [socket] of this.#sockets.live()) this.#tell(socket);
  }

  /** Probes had to drop so many flow messages. */
  dropped(flows: number): void {
    this.#dropped += flows;
  }

  /** A probe was welcomed: without a word it tells all it has. */
  welcomed(socket: WebSocket): void {
    if (this.#control.stage > 0) this.#tell(socket);
  }

  #tell(socket: WebSocket): void {
    this.#sockets.send(socket, { slow_down: this.#order() });
  }

  #order(): SlowDown {
    const { updateMs, detail, sampling } = SLOWNESS[this.#control.stage]!;
    return { update_interval: updateMs, detail, sampling };
  }

  status(): ShardPaceStatus {
    const { stage, raised } = this.#control;
    return { stage, raised, ...SLOWNESS[stage]! };
  }
}
