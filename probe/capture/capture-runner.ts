/**
 * The far end of `capture-host.ts`, the same in the capture process of libpcap and in the worker thread of the packet
 * rings: opens captures, ticks their flow tables, sends encoded flows and figures, ends captures. How packets come to
 * the tables is not its business.
 */
import { messageOf } from '../../core/errors.ts';
import type { FlowTable } from '../../core/flow/table.ts';
import { limits, timings } from '../../core/limits.ts';
import { BatchEncoder, type BatchBody } from '../../core/wire/batch-encoder.ts';
import type { Stats } from '../../proto/gen/flow.ts';
import type { Pace } from '../link/flow-link.ts';
import { CaptureUnavailable, type CaptureSpec, type CaptureStats } from './capture-source.ts';
import type { FromChild, ToChild } from './child-protocol.ts';
import { Overload } from './overload.ts';

export const TICK_MS = 100;
const STATISTICS_MS = 1_000;
/** Flow statistics go to the analyzer this often (flow model, section 13). */
const FLOW_STATS_MS = 10_000;

/** The flow tables of a capture, seen as one; `CaptureTable` is the usual one. */
export interface CaptureFlows {
  readonly table: Pick<FlowTable, 'setUpdateInterval' | 'setDetail' | 'tick' | 'flush' | 'stop'>;
  /** What happened since the last call, for the flow statistics of the analyzer. */
  takeFlowStats(stats: CaptureStats): Stats;
}

/** An open capture with its flows. */
export interface RunningCapture {
  readonly flows: CaptureFlows;
  /** Kernel memory of its own. */
  readonly bufferBytes: number;
  stats(): CaptureStats;
  /** Brings the figures up to date, about every second; the reason when it takes no more packets. */
  check(): string | undefined;
  /** No packets from here on; the figures stay. */
  close(): void;
}

/** The way to the probe. */
export interface RunnerChannel {
  send(message: FromChild): void;
  sendBatch(body: BatchBody): void;
  /** Bytes of batches that the probe has not taken yet. */
  readonly waitingBytes: number;
}

export interface CaptureRunnerOptions {
  readonly channel: RunnerChannel;
  /** Throws CaptureError. */
  readonly open: (spec: CaptureSpec, bufferBytes: number) => RunningCapture;
  /** Packets seen but not handed over yet come within this; captures are flushed and ended behind them. */
  readonly settleMs: number;
  /** Called between two tables, so that reading goes on while many flows are sent. */
  readonly between: () => void;
  /** All captures are ended, and told. */
  readonly onStop: () => void;
}

export class CaptureRunner {
  readonly #options: CaptureRunnerOptions;
  readonly #captures = new Map<number, RunningCapture>();
  readonly #encoder: BatchEncoder;
  readonly #overload = new Overload();
  #pace: Pace = { hold: false, updateMs: 0, detail: 0, sampling: 1 };
  #flowsDropped = 0;
  #tickedAt = performance.now();
  #statisticsAt = 0;
  #flowStatsAt = 0;
  #lateMs = 0;
  #dropped = 0;
  #settling = 0;

  constructor(options: CaptureRunnerOptions) {
    this.#options = options;
    this.#encoder = new BatchEncoder((body) => this.#sendBatch(body));
  }

  /** ms since the last tick. */
  get sinceTickMs(): number {
    return performance.now() - this.#tickedAt;
  }

  /** Something waits for `settleMs` to go by. */
  get isSettling(): boolean {
    return this.#settling > 0;
  }

  receive(message: ToChild): void {
    switch (message.kind) {
      case 'open':
        this.#open(message);
        return;
      case 'close':
        this.#settled(() => {
          const capture = this.#captures.get(message.id);
          if (capture !== undefined) this.#end(message.id, capture);
          this.#options.channel.send({ kind: 'closed', id: message.id });
        });
        return;
      case 'flush':
        this.#settled(() => {
          this.#flush();
          this.#options.channel.send({ kind: 'flushed', request: message.request });
        });
        return;
      case 'pace':
        this.#pace = message.pace;
        return;
      case 'stop':
        this.#settled(() => {
          for (const [id, capture] of this.#captures) this.#end(id, capture);
          this.#options.onStop();
        });
    }
  }

  /** To be called about every TICK_MS, or when it was agreed: `periodMs` after the last one. */
  tick(periodMs = TICK_MS): void {
    const { between, channel } = this.#options;
    const atMs = performance.now();
    this.#lateMs = Math.max(this.#lateMs, atMs - this.#tickedAt - periodMs);
    this.#tickedAt = atMs;
    const pace = this.#overload.slow(this.#pace);
    // Nothing periodic while the probe or the channel cannot take it.
    const hold = pace.hold || channel.waitingBytes > limits.captureIpcBytesMax / 2;
    const updateMs = hold ? Infinity : pace.updateMs || timings.flowUpdateMs;
    for (const { flows } of this.#captures.values()) {
      flows.table.setUpdateInterval(updateMs);
      flows.table.setDetail(pace.detail);
      const output = flows.table.tick(Date.now());
      this.#encoder.add(output.flows, output.ended, pace);
      between();
    }
    if (atMs - this.#flowStatsAt >= FLOW_STATS_MS) {
      this.#flowStatsAt = atMs;
      for (const capture of this.#captures.values())
        this.#encoder.addStats(capture.flows.takeFlowStats(capture.stats()));
    }
    this.#encoder.finish();
    if (atMs - this.#statisticsAt >= STATISTICS_MS) this.#readStatistics();
  }

  /** An open capture that takes no more packets; it is closed and told, once what it saw is handed over. */
  lost(capture: RunningCapture, error: string): void {
    this.#settled(() => {
      for (const [id, other] of this.#captures) {
        if (other !== capture) continue;
        this.#end(id, capture);
        this.#options.channel.send({ kind: 'ended', id, error });
      }
    });
  }

  #settled(then: () => void): void {
    if (this.#options.settleMs === 0) {
      then();
      return;
    }
    this.#settling++;
    setTimeout(() => {
      this.#settling--;
      then();
    }, this.#options.settleMs);
  }

  #open({ id, spec, bufferBytes }: Extract<ToChild, { kind: 'open' }>): void {
    const { channel } = this.#options;
    // Nobody ticks where nothing is open.
    if (this.#captures.size === 0) this.#tickedAt = performance.now();
    try {
      const capture = this.#options.open(spec, bufferBytes);
      this.#captures.set(id, capture);
      channel.send({ kind: 'opened', id, bufferBytes: capture.bufferBytes });
    } catch (error) {
      const unavailable = error instanceof CaptureUnavailable;
      channel.send({ kind: 'failed', id, error: messageOf(error), unavailable });
    }
  }

  /** Closes the capture and sends what its table held; the last figures go in front. */
  #end(id: number, capture: RunningCapture): void {
    capture.close();
    this.#captures.delete(id);
    const { flows, ended } = capture.flows.table.stop(Date.now());
    this.#encoder.add(flows, ended, this.#overload.slow(this.#pace));
    this.#encoder.addStats(capture.flows.takeFlowStats(capture.stats()));
    this.#encoder.finish();
    this.#sendStats([{ id, ...capture.stats() }]);
  }

  #flush(): void {
    const pace = this.#overload.slow(this.#pace);
    for (const { flows } of this.#captures.values()) {
      const output = flows.table.flush(Date.now());
      this.#encoder.add(output.flows, output.ended, pace);
      this.#options.between();
    }
    this.#encoder.finish();
  }

  #readStatistics(): void {
    this.#statisticsAt = performance.now();
    const figures: (CaptureStats & { id: number })[] = [];
    let dropped = 0;
    for (const [id, capture] of this.#captures) {
      const dead = capture.check();
      const stats = capture.stats();
      dropped += stats.packetsDropped;
      if (dead === undefined) {
        figures.push({ id, ...stats });
      } else {
        this.#end(id, capture);
        this.#options.channel.send({ kind: 'ended', id, error: dead });
      }
    }
    // A capture that ended takes its drops along: less than before is no news.
    this.#overload.look(Math.max(0, dropped - this.#dropped), this.#lateMs);
    this.#dropped = dropped;
    this.#lateMs = 0;
    this.#sendStats(figures);
  }

  #sendStats(captures: readonly (CaptureStats & { readonly id: number })[]): void {
    const overload = { ...this.#overload.counters, flowsSampledOut: this.#encoder.sampledOut };
    this.#options.channel.send({ kind: 'stats', captures, flowsDropped: this.#flowsDropped, overload });
    this.#flowsDropped = 0;
  }

  #sendBatch(body: BatchBody): void {
    const { channel } = this.#options;
    if (channel.waitingBytes + body.bytes.length > limits.captureIpcBytesMax)
      this.#flowsDropped += body.flows;
    else channel.sendBatch(body);
  }
}
