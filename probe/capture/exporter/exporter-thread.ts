/** The worker thread of the exporters' listeners as a runner of captures, and what crosses beside a runner's messages. */
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../../core/errors.ts';
import type { Log } from '../../log.ts';
import type { Runner, RunnerEvents } from '../capture-host.ts';
import type { FromChild } from '../child-protocol.ts';
import type { ExporterFigures } from './exporter-counters.ts';

export type FromExporters =
  | FromChild
  /** Behind the figures of the captures, about every second. */
  | { readonly kind: 'figures'; readonly figures: ExporterFigures };

const WORKER_FILE = new URL('exporter-worker.ts', import.meta.url);

/** Bytes of batches sent by the thread and not taken by the probe yet, in memory that both see. */
export class WaitingBytes {
  readonly #word: Int32Array;

  constructor(memory = new SharedArrayBuffer(4)) {
    this.#word = new Int32Array(memory);
  }

  get memory(): SharedArrayBuffer {
    return this.#word.buffer as SharedArrayBuffer;
  }

  get value(): number {
    return Atomics.load(this.#word, 0);
  }

  add(bytes: number): void {
    Atomics.add(this.#word, 0, bytes);
  }
}

export function startExporterThread(
  log: Log,
  events: RunnerEvents,
  onFigures: (figures: ExporterFigures) => void,
): Runner {
  const waiting = new WaitingBytes();
  const worker = new Worker(WORKER_FILE, {
    workerData: waiting.memory,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    name: 'exporters',
  });
  let failure: string | undefined;
  worker.on('message', (message: FromExporters) => {
    if (message.kind === 'figures') {
      onFigures(message.figures);
      return;
    }
    events.received(message);
    if (message.kind === 'batch') waiting.add(-message.bytes.length);
  });
  worker.on('error', (error) => {
    failure = `failed: ${messageOf(error)}`;
    log.error(`exporter thread: ${error instanceof Error ? error.stack : String(error)}`);
  });
  worker.on('exit', (code) => events.ended(failure ?? (code === 0 ? undefined : `ended with ${code}`)));
  return {
    send: (message) => worker.postMessage(message),
    kill: () => void worker.terminate(),
  };
}
