/**
 * The capture process: every libpcap handle of a probe with its flow table. A process of its own because `cap` lives
 * on libuv's default loop and does not yield under load, and because a crash in native code must not take the
 * topology along. Started by `child-host.ts`; packets end here as encoded flow messages.
 */
import { messageOf } from '../../core/errors.ts';
import { CaptureRunner, TICK_MS } from './capture-runner.ts';
import type { FromChild, ToChild } from './child-protocol.ts';
import { PcapCapture } from './pcap-capture.ts';
import { loadCap } from './pcap-handle.ts';

/** Packets between two looks at the time while `cap` does not yield. */
const LOOK_EVERY_PACKETS = 256;
/** Time enough for the event loop to read what lies in libpcap's buffer. */
const SETTLE_MS = 10;

/** Encoded flows handed to the channel and not taken by it yet. */
let channelBytes = 0;
let packets = 0;

function send(message: FromChild, sent?: () => void): void {
  if (process.connected) process.send!(message, undefined, undefined, () => sent?.());
}

const runner = new CaptureRunner({
  channel: {
    send,
    sendBatch: ({ bytes, flows }) => {
      channelBytes += bytes.length;
      send({ kind: 'batch', bytes, flows }, () => (channelBytes -= bytes.length));
    },
    get waitingBytes() {
      return channelBytes;
    },
  },
  open: (spec, bufferBytes) => new PcapCapture(spec, bufferBytes, looked),
  settleMs: SETTLE_MS,
  between: () => {},
  onStop: () => {
    process.exitCode = 0;
    // Not before the channel has taken everything.
    send({ kind: 'flushed', request: 0 }, () => process.exit(0));
  },
});

/** Called for each packet: under load timers do not run, so the tables are ticked from here. */
function looked(): void {
  if (++packets % LOOK_EVERY_PACKETS === 0 && runner.sinceTickMs > 2 * TICK_MS) runner.tick();
}

function main(): void {
  // A Ctrl-C reaches the whole process group; the probe decides when captures end.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  process.on('disconnect', () => process.exit(0));
  try {
    loadCap();
  } catch (error) {
    send({ kind: 'ready', missing: messageOf(error) }, () => process.exit(0));
    return;
  }
  process.on('message', (message) => runner.receive(message as ToChild));
  setInterval(() => runner.tick(), TICK_MS);
  send({ kind: 'ready', missing: '' });
}

main();
