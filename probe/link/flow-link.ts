/**
 * The flow socket: batches go up as the outbox numbers them, acknowledgements, flush requests and slow-downs come
 * down. While it is away, or when the analyzer falls behind, periodic updates of living flows are held back: their
 * table keeps the sums, and the next message of each flow carries the whole difference.
 */
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { BatchBody } from '../../core/wire/batch-encoder.ts';
import { analyzerFrame } from '../../core/wire/probe-frames.ts';
import type { SlowDown, ToProbe, Welcome } from '../../proto/gen/probe.ts';
import type { Log } from '../log.ts';
import { AnalyzerSocket, type ProbeIdentity, type SocketStatus } from './analyzer-socket.ts';
import type { Backoff } from './backoff.ts';
import { Outbox, type OutboxCounters } from './outbox.ts';

/** How much the captures are to say. */
export interface Pace {
  /** Periodic updates wait; births and ends go on. */
  readonly hold: boolean;
  /** ms between two updates of a flow; 0 = the default. */
  readonly updateMs: number;
  /** 0 everything, 1 no raw packets, 2 no application layers either. */
  readonly detail: number;
  /** One flow of so many is told. */
  readonly sampling: number;
}

export interface FlowLinkOptions {
  /** `ws://host:port`, without a path. */
  readonly analyzer: string;
  readonly identity: ProbeIdentity;
  readonly log: Log;
  readonly outbox?: Outbox;
  readonly backoff?: Backoff;
  /** Brings what changed in the flow tables into `add`; resolves when it is there. */
  readonly flush: () => Promise<void>;
  readonly onPace: (pace: Pace) => void;
}

const INITIAL_PACE: Pace = { hold: true, updateMs: 0, detail: 0, sampling: 1 };

export class FlowLink {
  readonly #options: FlowLinkOptions;
  readonly #socket: AnalyzerSocket;
  readonly #outbox: Outbox;
  #pace = INITIAL_PACE;
  #flushes = 0;

  constructor(options: FlowLinkOptions) {
    this.#options = options;
    this.#outbox = options.outbox ?? new Outbox();
    const handler = {
      welcomed: (welcome: Welcome) => this.#welcomed(welcome),
      received: (message: ToProbe) => this.#received(message),
      lost: () => this.#lost(),
    };
    const url = `${options.analyzer}/ws/probe/flow`;
    this.#socket = new AnalyzerSocket(url, options.identity, options.log, handler, options.backoff);
  }

  get status(): SocketStatus & OutboxCounters & { flushes: number; pace: Pace } {
    return { ...this.#socket.status, ...this.#outbox.counters, flushes: this.#flushes, pace: this.#pace };
  }

  get pace(): Pace {
    return this.#pace;
  }

  start(): void {
    this.#socket.start();
  }

  /** Waits up to `drainMs` until what was added is durable at the analyzer, then closes. */
  async stop(reason: string, drainMs: number): Promise<void> {
    if (this.#socket.connected) await this.#outbox.drained(drainMs);
    await this.#socket.stop(reason);
    this.#outbox.disconnect();
  }

  add(body: BatchBody): void {
    this.#outbox.add(body);
    this.#considerHold();
  }

  /** Flow messages that the capture process had to drop. */
  countDropped(flows: number): void {
    this.#outbox.countDropped(flows);
  }

  #welcomed(welcome: Welcome): void {
    this.#outbox.connect(
      welcome.last_sequence,
      welcome.batches_in_flight_max,
      (frame) => void this.#socket.send(frame),
    );
    this.#considerHold();
  }

  /** Another analyzer, or the same one later, says anew how much it can take. */
  #lost(): void {
    this.#outbox.disconnect();
    this.#pace = { ...this.#pace, updateMs: 0, detail: 0, sampling: 1 };
    this.#considerHold();
  }

  #received(message: ToProbe): void {
    if (message.ack !== undefined) {
      this.#outbox.acknowledge(message.ack.sequence);
      this.#considerHold();
    }
    if (message.flush !== undefined) void this.#answerFlush(message.flush.id);
    if (message.slow_down !== undefined) this.#slowDown(message.slow_down);
  }

  /** FlushDone goes behind the batches that the flush made, whatever else happens meanwhile. */
  async #answerFlush(id: number): Promise<void> {
    this.#flushes++;
    try {
      await this.#options.flush();
    } catch (error) {
      this.#options.log.warn(`flush failed: ${messageOf(error)}`);
    }
    this.#outbox.afterQueued(() => void this.#socket.send(analyzerFrame({ flush_done: { id } })));
  }

  #slowDown(order: SlowDown): void {
    const asked = { updateMs: order.update_interval, detail: order.detail, sampling: order.sampling || 1 };
    const { updateMs, detail, sampling } = this.#pace;
    if (updateMs !== asked.updateMs || detail !== asked.detail || sampling !== asked.sampling)
      this.#options.log.info(
        `the analyzer asks for an update interval of ${asked.updateMs} ms, detail ${asked.detail}, one flow of ${asked.sampling}`,
      );
    this.#setPace({ ...this.#pace, ...asked });
  }

  #considerHold(): void {
    const hold = !this.#socket.connected || this.#outbox.bytes > limits.outboxHoldBytes;
    if (hold !== this.#pace.hold) this.#setPace({ ...this.#pace, hold });
  }

  #setPace(pace: Pace): void {
    this.#pace = pace;
    this.#options.onPace(pace);
  }
}
