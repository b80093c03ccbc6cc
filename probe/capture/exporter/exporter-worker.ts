/**
 * The worker thread of the exporters' listeners: sockets, decoders and flow tables, off the thread that serves
 * topology and the analyzer. Started by `exporter-thread.ts`; datagrams end here as encoded flow messages.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../../../core/errors.ts';
import { CaptureRunner, TICK_MS } from '../capture-runner.ts';
import { CaptureError } from '../capture-source.ts';
import type { ToChild } from '../child-protocol.ts';
import { ExporterCapture } from './exporter-capture.ts';
import { noCounters } from './exporter-counters.ts';
import { WaitingBytes, type FromExporters } from './exporter-thread.ts';

/** Time enough for the event loop to read what lies in the sockets. */
const SETTLE_MS = 20;

function main(): void {
  invariant(parentPort !== null, 'a worker thread');
  const port = parentPort;
  const waiting = new WaitingBytes(workerData as SharedArrayBuffer);
  const figures = { sflow: noCounters(), netflow: noCounters() };
  const post = (message: FromExporters, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

  const runner = new CaptureRunner({
    channel: {
      send: (message) => {
        post(message);
        if (message.kind === 'stats') post({ kind: 'figures', figures });
      },
      sendBatch: ({ bytes, flows }) => {
        // The encoder's memory may be a slice of a pool, which cannot change hands.
        const own = new Uint8Array(bytes);
        waiting.add(own.length);
        post({ kind: 'batch', bytes: own, flows }, [own.buffer]);
      },
      get waitingBytes() {
        return waiting.value;
      },
    },
    open: (spec) => {
      if (spec.listen === undefined) throw new CaptureError('this type of capture listens for no exporter');
      return new ExporterCapture(spec, figures[spec.listen.exporter]);
    },
    settleMs: SETTLE_MS,
    between: () => {},
    onStop: () => {
      clearInterval(ticking);
      port.close();
    },
  });

  const ticking = setInterval(() => runner.tick(), TICK_MS);
  port.on('message', (message) => runner.receive(message as ToChild));
  post({ kind: 'ready', missing: '' });
}

main();
