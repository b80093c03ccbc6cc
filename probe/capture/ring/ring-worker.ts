/**
 * The worker thread of the packet rings: all rings with their flow tables, off the thread that serves topology and
 * sockets. It sleeps in poll(2), reads what is there, ticks the tables, and lets messages in between two turns.
 * Started by `worker-host.ts`; packets end here as encoded flow messages.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant, messageOf } from '../../../core/errors.ts';
import { CaptureRunner, TICK_MS } from '../capture-runner.ts';
import type { FromChild, ToChild } from '../child-protocol.ts';
import { SETTLE_MS } from './packet-ring.ts';
import type { RingCapture } from './ring-capture.ts';
import { RingLedger } from './ring-ledger.ts';
import { RingSet } from './ring-set.ts';

/** This long after the last packet all births have been told; what is left to tell may come a little later. */
const QUIET_AFTER_MS = 1_000;
const QUIET_TICK_MS = 500;
/** Rings are looked at this often while the tables of many captures are ticked. */
const BETWEEN_MS = 5;
/** While something waits for the last packets, timers must get their turn. */
const SETTLING_WAIT_MS = 5;

function main(): void {
  invariant(parentPort !== null, 'a worker thread');
  const port = parentPort;
  const ledger = new RingLedger(workerData as SharedArrayBuffer);
  const send = (message: FromChild, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  /** Captures that were told lost and still hand over what they saw. */
  const lost = new WeakSet<RingCapture>();
  let rings: RingSet;
  try {
    rings = new RingSet(ledger, (capture, error) => {
      if (lost.has(capture)) return;
      lost.add(capture);
      runner.lost(capture, error);
    });
  } catch (error) {
    send({ kind: 'ready', missing: messageOf(error) });
    return;
  }
  let turning = false;
  let lookedAt = 0;
  function look(): void {
    lookedAt = performance.now();
    rings.read();
  }

  const runner = new CaptureRunner({
    channel: {
      send,
      sendBatch: ({ bytes, flows }) => {
        // The encoder's memory may be a slice of a pool, which cannot change hands.
        const own = new Uint8Array(bytes);
        ledger.addWaiting(own.length);
        send({ kind: 'batch', bytes: own, flows }, [own.buffer]);
      },
      get waitingBytes() {
        return ledger.waitingBytes;
      },
    },
    open: (spec, bufferBytes) => {
      const capture = rings.open(spec, bufferBytes);
      if (!turning) setImmediate(turn);
      turning = true;
      return capture;
    },
    settleMs: SETTLE_MS,
    between: () => {
      if (performance.now() - lookedAt > BETWEEN_MS) look();
    },
    onStop: () => port.close(),
  });

  let more = false;
  let readAt = 0;
  function turn(): void {
    turning = !rings.isEmpty;
    if (!turning) return;
    const tickMs = performance.now() - readAt > QUIET_AFTER_MS ? QUIET_TICK_MS : TICK_MS;
    const untilTickMs = Math.max(0, Math.ceil(tickMs - runner.sinceTickMs));
    more = rings.wait(more ? 0 : Math.min(untilTickMs, runner.isSettling ? SETTLING_WAIT_MS : tickMs));
    lookedAt = performance.now();
    if (rings.takeBlocks() > 0) readAt = lookedAt;
    if (runner.sinceTickMs >= tickMs) runner.tick(tickMs);
    setImmediate(turn);
  }

  port.on('message', (message) => runner.receive(message as ToChild));
  send({ kind: 'ready', missing: '' });
}

main();
