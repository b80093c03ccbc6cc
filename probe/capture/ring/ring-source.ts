/**
 * Capture type `afpacket`: mapped packet rings, all in one worker thread. Needs koffi, CAP_NET_RAW and a kernel with
 * AF_PACKET; where one of them is missing `open` rejects with CaptureUnavailable.
 */
import { messageOf } from '../../../core/errors.ts';
import { loadKoffi } from '../../linux/libc.ts';
import type { Pace } from '../../link/flow-link.ts';
import type { Log } from '../../log.ts';
import { CaptureHost, type RunnerCounters } from '../capture-host.ts';
import {
  CaptureUnavailable,
  type CaptureError,
  type CaptureHandle,
  type CaptureSource,
  type CaptureSpec,
  type FlowSink,
} from '../capture-source.ts';
import { RING_BYTES_MIN } from './ring-set.ts';
import { startWorker } from './worker-host.ts';
import type { Runner } from '../capture-host.ts';

export interface RingSourceOptions {
  readonly sink: FlowSink;
  readonly pace: Pace;
  readonly log: Log;
  /** Throws when this host cannot have rings; only tests say anything but koffi's own answer. */
  readonly require?: () => void;
}

export class RingSource implements CaptureSource {
  readonly #require: () => void;
  readonly #host: CaptureHost;
  readonly #counters: RunnerCounters = { starts: 0, crashes: 0 };
  #runner: Runner | undefined;

  constructor({ sink, pace, log, require = loadKoffi }: RingSourceOptions) {
    this.#require = require;
    this.#host = new CaptureHost({
      name: 'capture thread',
      start: (events) => (this.#runner = startWorker(log, events)),
      sink,
      pace,
      log,
      counters: this.#counters,
      bufferBytesMin: RING_BYTES_MIN,
    });
  }

  /** Starts the thread ahead of the first capture; rejects with CaptureError when there are no rings here. */
  async warmUp(): Promise<void> {
    try {
      this.#require();
    } catch (error) {
      throw new CaptureUnavailable(`no packet ring: ${messageOf(error).split('\n')[0]}`, { cause: error });
    }
    await this.#host.start();
  }

  async open(spec: CaptureSpec, lost: (error: CaptureError) => void): Promise<CaptureHandle> {
    await this.warmUp();
    return this.#host.open(spec, lost);
  }

  flush(): Promise<void> {
    return this.#host.flush();
  }

  setPace(pace: Pace): void {
    this.#host.setPace(pace);
  }

  stop(): Promise<void> {
    return this.#host.stop();
  }

  /** Ends the thread as a crash would; for tests. */
  crash(): void {
    this.#runner?.kill();
  }

  status(): Readonly<Record<string, unknown>> {
    return {
      captures: this.#host.openCount,
      ringBytes: this.#host.bufferBytes,
      ...this.#counters,
      overload: this.#host.overload ?? null,
    };
  }
}
