/**
 * What runs captures off the main thread, as the probe sees it: a process (`child-host.ts`) or a thread
 * (`ring/worker-host.ts`) that is started, asked, and when it dies, mourned once for each capture it held. Whoever owns
 * the captures opens them again; this only keeps a dying runner from being restarted without pause.
 */
import { totalmem } from 'node:os';
import { limits } from '../../core/limits.ts';
import type { Pace } from '../link/flow-link.ts';
import type { Log } from '../log.ts';
import {
  CaptureError,
  CaptureUnavailable,
  type CaptureHandle,
  type CaptureSpec,
  type CaptureStats,
  type FlowSink,
} from './capture-source.ts';
import type { FromChild, ToChild } from './child-protocol.ts';
import type { RunnerLoss } from './overload.ts';

/** A runner that lives this long is healthy: the next crash begins with the shortest pause. */
const HEALTHY_MS = 60_000;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 10_000;
/** A runner that is overloaded does not answer at once; this long, then what it has must do. */
const FLUSH_MS_MAX = 1_000;
const STOP_MS_MAX = 800;

/** The far end: a process or a thread. */
export interface Runner {
  readonly pid?: number | undefined;
  /** Nothing happens when the far end is gone. */
  send(message: ToChild): void;
  /** Ends it without asking. */
  kill(): void;
}

export interface RunnerEvents {
  received(message: FromChild): void;
  /** Called once. `how` it ended (`ended with SIGKILL`); undefined = in order. */
  ended(how: string | undefined): void;
}

export interface RunnerCounters {
  starts: number;
  crashes: number;
}

export interface CaptureHostOptions {
  /** `capture process`, in texts. */
  readonly name: string;
  readonly start: (events: RunnerEvents) => Runner;
  readonly sink: FlowSink;
  readonly pace: Pace;
  readonly log: Log;
  readonly counters: RunnerCounters;
  /** The least that a capture gets, whatever the others have. */
  readonly bufferBytesMin: number;
}

interface OpenCapture {
  readonly lost: (error: CaptureError) => void;
  bufferBytes: number;
  stats: CaptureStats;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: CaptureError) => void;
}

const NO_STATS: CaptureStats = { packetsReceived: 0, packetsDropped: 0, flows: 0 };

export class CaptureHost {
  readonly #options: CaptureHostOptions;
  #runner: Runner | undefined;
  /** Of the runner that runs or is about to; undefined when there is none. */
  #ready: Promise<void> | undefined;
  #stopped = false;
  #startedAt = 0;
  #pauseMs = 0;
  #nextId = 1;
  #pace: Pace;
  #overload: RunnerLoss | undefined;
  #gone: () => void = () => {};
  readonly #open = new Map<number, OpenCapture>();
  /** Answers awaited, by what is asked: `open 3`, `close 3`, `flush 7`. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: CaptureHostOptions) {
    this.#options = options;
    this.#pace = options.pace;
  }

  get pid(): number | undefined {
    return this.#runner?.pid;
  }

  get isRunning(): boolean {
    return this.#runner !== undefined;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** What was left out because packets came faster than they could be taken; undefined before the first figures. */
  get overload(): RunnerLoss | undefined {
    return this.#overload;
  }

  /** Kernel buffers of the captures that are open. */
  get bufferBytes(): number {
    let sum = 0;
    for (const { bufferBytes } of this.#open.values()) sum += bufferBytes;
    return sum;
  }

  /** Starts the runner unless it runs; resolves when it can open captures. Rejects with CaptureError. */
  start(): Promise<void> {
    return (this.#ready ??= this.#startRunner());
  }

  async open(spec: CaptureSpec, lost: (error: CaptureError) => void): Promise<CaptureHandle> {
    await this.start();
    const id = this.#nextId++;
    const bufferBytes = this.#kernelBufferBytes();
    const capture: OpenCapture = { lost, bufferBytes, stats: NO_STATS };
    this.#open.set(id, capture);
    try {
      await this.#ask(`open ${id}`, { kind: 'open', id, spec, bufferBytes });
    } catch (error) {
      this.#open.delete(id);
      throw error;
    }
    return { stats: () => capture.stats, close: () => this.#close(id) };
  }

  /** Everything that changed is in the sink when this resolves; after a second at the latest. */
  async flush(): Promise<void> {
    if (this.#open.size === 0) return;
    const request = this.#nextId++;
    await within(FLUSH_MS_MAX, this.#ask(`flush ${request}`, { kind: 'flush', request }));
  }

  setPace(pace: Pace): void {
    this.#pace = pace;
    this.#runner?.send({ kind: 'pace', pace });
  }

  /** Ends every capture and the runner. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const runner = this.#runner;
    if (runner === undefined) return;
    this.#open.clear();
    const gone = new Promise<void>((resolve) => (this.#gone = resolve));
    runner.send({ kind: 'stop' });
    if (await within(STOP_MS_MAX, gone)) return;
    runner.kill();
    await gone;
  }

  async #close(id: number): Promise<void> {
    if (!this.#open.has(id)) return;
    await within(FLUSH_MS_MAX, this.#ask(`close ${id}`, { kind: 'close', id }));
    this.#open.delete(id);
  }

  /** The first captures get the most, of half the bound (or of a sixteenth of the memory); all others the least. */
  #kernelBufferBytes(): number {
    const bytesMax = Math.min(limits.captureBuffersBytesMax, totalmem() / 16);
    const share = Math.floor((bytesMax / 2 - this.bufferBytes) / 8);
    return Math.max(this.#options.bufferBytesMin, Math.min(limits.captureBufferBytesMax, share));
  }

  #startRunner(): Promise<void> {
    const ready = new Promise<void>((resolve, reject) => {
      const run = () => {
        if (this.#stopped) reject(new CaptureError('the probe is ending'));
        else this.#run({ resolve, reject });
      };
      if (this.#pauseMs === 0) run();
      else setTimeout(run, this.#pauseMs);
    });
    // Whoever opens hears of it; a start ahead of need has nobody to tell.
    ready.catch(() => {});
    return ready;
  }

  #run(ready: Waiting): void {
    this.#startedAt = Date.now();
    this.#options.counters.starts++;
    this.#waiting.set('ready', ready);
    const runner = this.#options.start({
      received: (message) => this.#received(message),
      ended: (how) => this.#ended(runner, how),
    });
    this.#runner = runner;
  }

  #ended(runner: Runner, how: string | undefined): void {
    if (this.#runner !== runner) return;
    const { name, counters, log } = this.#options;
    this.#runner = undefined;
    this.#ready = undefined;
    this.#overload = undefined;
    if (how === undefined || this.#stopped) {
      this.#fail(new CaptureError(`the ${name} has ended`));
    } else {
      counters.crashes++;
      const quick = Date.now() - this.#startedAt < HEALTHY_MS;
      this.#pauseMs = quick
        ? Math.min(RESTART_MS_MAX, Math.max(RESTART_MS_MIN, this.#pauseMs * 2))
        : RESTART_MS_MIN;
      log.error(`the ${name} ${how}; its captures lost what they had not sent`);
      this.#fail(new CaptureError(`the ${name} ${how}`));
    }
    this.#gone();
  }

  /** Nothing that was asked will be answered, and no capture lives. */
  #fail(error: CaptureError): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    const lost = [...this.#open.values()];
    this.#open.clear();
    for (const capture of lost) capture.lost(error);
  }

  #received(message: FromChild): void {
    switch (message.kind) {
      case 'ready':
        this.#becameReady(message.missing);
        return;
      case 'opened':
        this.#opened(message.id, message.bufferBytes);
        return;
      case 'failed': {
        const kind = message.unavailable ? CaptureUnavailable : CaptureError;
        this.#answer(`open ${message.id}`, new kind(message.error));
        return;
      }
      case 'closed':
        this.#answer(`close ${message.id}`);
        return;
      case 'ended': {
        const capture = this.#open.get(message.id);
        this.#open.delete(message.id);
        capture?.lost(new CaptureError(message.error));
        return;
      }
      case 'batch':
        this.#options.sink.add(message);
        return;
      case 'flushed':
        this.#answer(`flush ${message.request}`);
        return;
      case 'stats':
        this.#takeStats(message);
    }
  }

  #becameReady(missing: string): void {
    if (missing === '') this.#runner?.send({ kind: 'pace', pace: this.#pace });
    this.#answer('ready', missing === '' ? undefined : new CaptureUnavailable(missing));
  }

  #opened(id: number, bufferBytes: number): void {
    const capture = this.#open.get(id);
    if (capture !== undefined) capture.bufferBytes = bufferBytes;
    this.#answer(`open ${id}`);
  }

  #takeStats({ captures, flowsDropped, overload }: Extract<FromChild, { kind: 'stats' }>): void {
    for (const { id, ...stats } of captures) {
      const capture = this.#open.get(id);
      if (capture !== undefined) capture.stats = stats;
    }
    if (flowsDropped > 0) this.#options.sink.countDropped(flowsDropped);
    this.#overload = overload;
  }

  #ask(question: string, message: ToChild): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#runner === undefined) {
        reject(new CaptureError(`the ${this.#options.name} has ended`));
        return;
      }
      this.#waiting.set(question, { resolve, reject });
      this.#runner.send(message);
    });
  }

  #answer(question: string, error?: CaptureError): void {
    const waiting = this.#waiting.get(question);
    this.#waiting.delete(question);
    if (error === undefined) waiting?.resolve();
    else waiting?.reject(error);
  }
}

/** False when it took longer; what it waited for may fail in peace. */
async function within(ms: number, done: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  const good = done.then(
    () => true,
    () => true,
  );
  const result = await Promise.race([good, late]);
  clearTimeout(timer);
  return result;
}
