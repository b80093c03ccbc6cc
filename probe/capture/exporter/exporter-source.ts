/**
 * Capture types `sflow` and `netflow`: UDP listeners on request, all in one worker thread, which starts with the first
 * of them. `docs/design/probe.md` tells what becomes flows and what the exporter has to be set to.
 */
import type { Pace } from '../../link/flow-link.ts';
import type { Log } from '../../log.ts';
import { CaptureHost, type Runner, type RunnerCounters } from '../capture-host.ts';
import type { CaptureError, CaptureHandle, CaptureSource, CaptureSpec, FlowSink } from '../capture-source.ts';
import type { ExporterFigures } from './exporter-counters.ts';
import { startExporterThread } from './exporter-thread.ts';

export interface ExporterSourceOptions {
  readonly sink: FlowSink;
  readonly pace: Pace;
  readonly log: Log;
}

export class ExporterSource implements CaptureSource {
  readonly #host: CaptureHost;
  readonly #counters: RunnerCounters = { starts: 0, crashes: 0 };
  #figures: ExporterFigures | undefined;
  #runner: Runner | undefined;

  constructor({ sink, pace, log }: ExporterSourceOptions) {
    this.#host = new CaptureHost({
      name: 'exporter thread',
      start: (events) =>
        (this.#runner = startExporterThread(log, events, (figures) => (this.#figures = figures))),
      sink,
      pace,
      log,
      counters: this.#counters,
      // Its sockets have buffers of one size.
      bufferBytesMin: 0,
    });
  }

  open(spec: CaptureSpec, lost: (error: CaptureError) => void): Promise<CaptureHandle> {
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

  /** `sflow` and `netflow`: datagrams by what became of them, since the thread started. */
  status(): Readonly<Record<string, unknown>> {
    return {
      listeners: this.#host.openCount,
      ...this.#counters,
      ...this.#figures,
      overload: this.#host.overload ?? null,
    };
  }
}
