/** The worker thread of the packet rings as a runner; what it leaves open when it dies is closed here. */
import { Worker } from 'node:worker_threads';
import type { Log } from '../../log.ts';
import { messageOf } from '../../../core/errors.ts';
import type { Runner, RunnerEvents } from '../capture-host.ts';
import type { FromChild } from '../child-protocol.ts';
import { wake } from './poll-set.ts';
import { RingLedger } from './ring-ledger.ts';

const WORKER_FILE = new URL('ring-worker.ts', import.meta.url);

export function startWorker(log: Log, events: RunnerEvents): Runner {
  const ledger = new RingLedger();
  const worker = new Worker(WORKER_FILE, {
    workerData: ledger.memory,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    name: 'capture rings',
  });
  let failure: string | undefined;
  worker.on('message', (message: FromChild) => {
    events.received(message);
    if (message.kind === 'batch') ledger.addWaiting(-message.bytes.length);
  });
  worker.on('error', (error) => {
    failure = `failed: ${messageOf(error)}`;
    log.error(`capture thread: ${error instanceof Error ? error.stack : String(error)}`);
  });
  worker.on('exit', (code) => {
    ledger.release();
    events.ended(failure ?? (code === 0 ? undefined : `ended with ${code}`));
  });
  return {
    send: (message) => {
      worker.postMessage(message);
      if (ledger.wakeFd >= 0) wake(ledger.wakeFd);
    },
    kill: () => void worker.terminate(),
  };
}
