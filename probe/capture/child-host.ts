/**
 * One capture process as the probe sees it: started, asked, and when it dies, mourned once for each capture it held.
 * Whoever owns the captures opens them again; this only keeps a dying process from being restarted without pause.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { totalmem } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { limits } from '../../core/limits.ts';
import type { Pace } from '../link/flow-link.ts';
import type { Log } from '../log.ts';
import {
  CaptureError,
  type CaptureHandle,
  type CaptureSpec,
  type CaptureStats,
  type FlowSink,
} from './capture-source.ts';
import type { FromChild, ToChild } from './child-protocol.ts';

const CHILD_FILE = fileURLToPath(new URL('pcap-child.ts', import.meta.url));
/** A child that lives this long is healthy: the next crash begins with the shortest pause. */
const HEALTHY_MS = 60_000;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 10_000;
/** A child that is overloaded does not answer at once; this long, then what it has must do. */
const FLUSH_MS_MAX = 1_000;
const STOP_MS_MAX = 800;
const KERNEL_BUFFER_BYTES_MIN = 2 * 1_048_576;
/** What libpcap says through `cap` of an interface without an IPv4 address: of no meaning here. */
const NOISE = /This may not actually work/;

export interface ChildCounters {
  starts: number;
  crashes: number;
}

interface OpenCapture {
  readonly lost: (error: CaptureError) => void;
  readonly bufferBytes: number;
  stats: CaptureStats;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: CaptureError) => void;
}

const NO_STATS: CaptureStats = { packetsReceived: 0, packetsDropped: 0, flows: 0 };

export class ChildHost {
  /** Namespace the whole process lives in, entered by nsenter; null = ours. */
  readonly #netnsPath: string | null;
  readonly #sink: FlowSink;
  readonly #log: Log;
  readonly #counters: ChildCounters;
  #child: ChildProcess | undefined;
  /** Of the process that runs or is about to; undefined when there is none. */
  #ready: Promise<void> | undefined;
  #stopped = false;
  #startedAt = 0;
  #pauseMs = 0;
  #nextId = 1;
  #pace: Pace;
  readonly #open = new Map<number, OpenCapture>();
  /** Answers awaited, by what is asked: `open 3`, `close 3`, `flush 7`. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(netnsPath: string | null, sink: FlowSink, pace: Pace, log: Log, counters: ChildCounters) {
    this.#netnsPath = netnsPath;
    this.#sink = sink;
    this.#pace = pace;
    this.#log = log;
    this.#counters = counters;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Starts the process unless it runs; resolves when it can open captures. Rejects with CaptureError. */
  start(): Promise<void> {
    return (this.#ready ??= this.#spawn());
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
    await this.#within(FLUSH_MS_MAX, this.#ask(`flush ${request}`, { kind: 'flush', request }));
  }

  setPace(pace: Pace): void {
    this.#pace = pace;
    this.#tell({ kind: 'pace', pace });
  }

  /** Ends every capture and the process. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#child;
    if (child === undefined) return;
    this.#open.clear();
    const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
    this.#tell({ kind: 'stop' });
    if (await this.#within(STOP_MS_MAX, gone)) return;
    child.kill('SIGKILL');
    await gone;
  }

  async #close(id: number): Promise<void> {
    if (!this.#open.has(id)) return;
    await this.#within(FLUSH_MS_MAX, this.#ask(`close ${id}`, { kind: 'close', id }));
    this.#open.delete(id);
  }

  /** The first captures get the most; together they stay within the bound and a sixteenth of the memory. */
  #kernelBufferBytes(): number {
    let used = 0;
    for (const { bufferBytes } of this.#open.values()) used += bufferBytes;
    const bytesMax = Math.min(limits.captureBuffersBytesMax, totalmem() / 16);
    const share = Math.floor((bytesMax - used) / 8);
    return Math.max(KERNEL_BUFFER_BYTES_MIN, Math.min(limits.captureBufferBytesMax, share));
  }

  #spawn(): Promise<void> {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', CHILD_FILE];
    const command = this.#netnsPath === null ? node : ['nsenter', `--net=${this.#netnsPath}`, '--', ...node];
    const ready = new Promise<void>((resolve, reject) => {
      const run = () => {
        if (this.#stopped) reject(new CaptureError('the probe is ending'));
        else this.#run(command, { resolve, reject });
      };
      if (this.#pauseMs === 0) run();
      else setTimeout(run, this.#pauseMs);
    });
    // Whoever opens hears of it; a start ahead of need has nobody to tell.
    ready.catch(() => {});
    return ready;
  }

  #run(command: readonly string[], ready: Waiting): void {
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#child = child;
    this.#startedAt = Date.now();
    this.#counters.starts++;
    this.#waiting.set('ready', ready);
    child.on('message', (message) => this.#received(message as FromChild));
    child.on('error', (error) => {
      this.#log.error(`capture process: ${error.message}`);
      // A process that never was has no end either.
      if (child.pid === undefined) this.#exited(child, null, null);
    });
    child.on('close', (code, signal) => this.#exited(child, code, signal));
    createInterface({ input: child.stderr! }).on('line', (line) => {
      if (!NOISE.test(line)) this.#log.warn(`capture process: ${line}`);
    });
  }

  #exited(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#ready = undefined;
    if (code === 0) {
      this.#fail(new CaptureError('the capture process has ended'));
      return;
    }
    this.#counters.crashes++;
    const quick = Date.now() - this.#startedAt < HEALTHY_MS;
    this.#pauseMs = quick
      ? Math.min(RESTART_MS_MAX, Math.max(RESTART_MS_MIN, this.#pauseMs * 2))
      : RESTART_MS_MIN;
    const how = child.pid === undefined ? 'could not be started' : `ended with ${signal ?? code}`;
    this.#log.error(`the capture process ${how}; its captures lost what they had not sent`);
    this.#fail(new CaptureError(`the capture process ${how}`));
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
        this.#answer(`open ${message.id}`);
        return;
      case 'failed':
        this.#answer(`open ${message.id}`, new CaptureError(message.error));
        return;
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
        this.#sink.add(message);
        return;
      case 'flushed':
        this.#answer(`flush ${message.request}`);
        return;
      case 'stats':
        this.#takeStats(message);
    }
  }

  #becameReady(missing: string): void {
    if (missing === '') this.#tell({ kind: 'pace', pace: this.#pace });
    this.#answer('ready', missing === '' ? undefined : new CaptureError(missing));
  }

  #takeStats({ captures, flowsDropped }: Extract<FromChild, { kind: 'stats' }>): void {
    for (const { id, ...stats } of captures) {
      const capture = this.#open.get(id);
      if (capture !== undefined) capture.stats = stats;
    }
    if (flowsDropped > 0) this.#sink.countDropped(flowsDropped);
  }

  #ask(question: string, message: ToChild): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(question, { resolve, reject });
      this.#tell(message);
    });
  }

  #answer(question: string, error?: CaptureError): void {
    const waiting = this.#waiting.get(question);
    this.#waiting.delete(question);
    if (error === undefined) waiting?.resolve();
    else waiting?.reject(error);
  }

  #tell(message: ToChild): void {
    // A channel that just broke is told by the close event.
    if (this.#child?.connected === true) this.#child.send(message, () => {});
  }

  /** False when it took longer; what it waited for may fail in peace. */
  async #within(ms: number, done: Promise<void>): Promise<boolean> {
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
}
