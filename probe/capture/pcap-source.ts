/**
 * Capture type `pcap`: libpcap by the package `cap`, all handles in one child process. Without koffi that process
 * cannot enter namespaces, so each namespace gets a process of its own, started inside it by nsenter(1).
 */
import type { Pace } from '../link/flow-link.ts';
import type { Log } from '../log.ts';
import { CaptureHost, type RunnerCounters } from './capture-host.ts';
import type { CaptureError, CaptureHandle, CaptureSource, CaptureSpec, FlowSink } from './capture-source.ts';
import { startChild } from './child-host.ts';
import { hasKoffi } from './pcap-handle.ts';

/** libpcap needs room for the largest packets. */
const BUFFER_BYTES_MIN = 2 * 1_048_576;

export interface PcapSourceOptions {
  readonly sink: FlowSink;
  readonly pace: Pace;
  readonly log: Log;
  /** A process for each namespace even where one could enter them all. */
  readonly processPerNetns?: boolean;
}

export class PcapSource implements CaptureSource {
  readonly #options: PcapSourceOptions;
  readonly #processPerNetns: boolean;
  readonly #hosts = new Map<string | null, CaptureHost>();
  readonly #counters: RunnerCounters = { starts: 0, crashes: 0 };
  #pace: Pace;

  constructor(options: PcapSourceOptions) {
    this.#options = options;
    this.#processPerNetns = options.processPerNetns ?? !hasKoffi();
    this.#pace = options.pace;
  }

  /** Starts the process ahead of the first capture; rejects with CaptureError when nothing can be captured here. */
  warmUp(): Promise<void> {
    return this.#host(null).start();
  }

  async open(spec: CaptureSpec, lost: (error: CaptureError) => void): Promise<CaptureHandle> {
    const netnsPath = this.#processPerNetns ? spec.netnsPath : null;
    const host = this.#host(netnsPath);
    const handle = await host.open(spec, lost);
    const close = async () => {
      await handle.close();
      if (netnsPath === null || host.openCount > 0 || this.#hosts.get(netnsPath) !== host) return;
      this.#hosts.delete(netnsPath);
      await host.stop();
    };
    return { stats: () => handle.stats(), close };
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.flush()));
  }

  setPace(pace: Pace): void {
    this.#pace = pace;
    for (const host of this.#hosts.values()) host.setPace(pace);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.stop()));
  }

  status(): Readonly<Record<string, unknown>> {
    const hosts = [...this.#hosts.values()];
    return {
      processes: hosts.filter((host) => host.isRunning).length,
      captures: hosts.reduce((sum, host) => sum + host.openCount, 0),
      ...this.#counters,
      kernelDropCounters: hasKoffi(),
      overload: hosts.flatMap((host) => host.overload ?? []),
    };
  }

  /** Process ids, for tests that end one. */
  get pids(): number[] {
    return [...this.#hosts.values()].flatMap((host) => host.pid ?? []);
  }

  #host(netnsPath: string | null): CaptureHost {
    let host = this.#hosts.get(netnsPath);
    if (host === undefined) {
      const { sink, log } = this.#options;
      host = new CaptureHost({
        name: 'capture process',
        start: (events) => startChild(netnsPath, log, events),
        sink,
        pace: this.#pace,
        log,
        counters: this.#counters,
        bufferBytesMin: BUFFER_BYTES_MIN,
      });
      this.#hosts.set(netnsPath, host);
    }
    return host;
  }
}
