/**
 * The capture process: every libpcap handle of a probe with its flow table. A process of its own because `cap` lives
 * on libuv's default loop and does not yield under load, and because a crash in native code must not take the
 * topology along. Started by `child-host.ts`; packets end here as encoded flow messages.
 */
import { messageOf } from '../../core/errors.ts';
import { limits, timings } from '../../core/limits.ts';
import { BatchEncoder } from '../../core/wire/batch-encoder.ts';
import type { CaptureStats } from './capture-source.ts';
import type { FromChild, ToChild } from './child-protocol.ts';
import { PacketClock } from './packet-clock.ts';
import { PcapCapture } from './pcap-capture.ts';
import { loadCap } from './pcap-handle.ts';
import type { Pace } from '../link/flow-link.ts';

const TICK_MS = 100;
const STATISTICS_MS = 1_000;
/** Flow statistics go to the analyzer this often (flow model, section 13). */
const FLOW_STATS_MS = 10_000;
/** Packets between two looks at the time while `cap` does not yield. */
const LOOK_EVERY_PACKETS = 256;

const captures = new Map<number, PcapCapture>();
const clock = new PacketClock();
const encoder = new BatchEncoder((body) => sendBatch(body.bytes, body.flows));
let pace: Pace = { hold: false, updateMs: 0, detail: 0 };
/** Encoded flows handed to the channel and not taken by it yet. */
let channelBytes = 0;
let flowsDropped = 0;
let packets = 0;
let tickedAt = 0;
let statisticsAt = 0;
let flowStatsAt = 0;

function send(message: FromChild, sent?: () => void): void {
  if (process.connected) process.send!(message, undefined, undefined, () => sent?.());
}

function sendBatch(bytes: Uint8Array, flows: number): void {
  if (channelBytes + bytes.length > limits.captureIpcBytesMax) {
    flowsDropped += flows;
    return;
  }
  channelBytes += bytes.length;
  send({ kind: 'batch', bytes, flows }, () => (channelBytes -= bytes.length));
}

/** What the tables are told: nothing periodic while the probe or the channel cannot take it. */
function applyPace(): void {
  const hold = pace.hold || channelBytes > limits.captureIpcBytesMax / 2;
  const updateMs = hold ? Infinity : pace.updateMs || timings.flowUpdateMs;
  for (const capture of captures.values()) capture.table.setUpdateInterval(updateMs);
}

function tick(): void {
  tickedAt = performance.now();
  clock.follow();
  applyPace();
  const now = Date.now();
  for (const capture of captures.values()) {
    const { flows, ended } = capture.table.tick(now);
    encoder.add(flows, ended, pace.detail);
  }
  if (tickedAt - flowStatsAt >= FLOW_STATS_MS) {
    flowStatsAt = tickedAt;
    for (const capture of captures.values()) encoder.addStats(capture.takeFlowStats());
  }
  encoder.finish();
  if (tickedAt - statisticsAt >= STATISTICS_MS) readStatistics();
}

function readStatistics(): void {
  statisticsAt = performance.now();
  const figures: (CaptureStats & { id: number })[] = [];
  for (const [id, capture] of captures) {
    if (capture.readStatistics()) {
      figures.push({ id, ...capture.stats() });
    } else {
      end(id, capture);
      send({ kind: 'ended', id, error: 'libpcap stopped delivering: the interface was down' });
    }
  }
  send({ kind: 'stats', captures: figures, flowsDropped });
  flowsDropped = 0;
}

/** Called for each packet: under load timers do not run, so the tables are ticked from here. */
function looked(): void {
  if (++packets % LOOK_EVERY_PACKETS === 0 && performance.now() - tickedAt > 2 * TICK_MS) tick();
}

function open(message: Extract<ToChild, { kind: 'open' }>): void {
  try {
    captures.set(message.id, new PcapCapture(message.spec, message.bufferBytes, clock, looked));
    send({ kind: 'opened', id: message.id });
  } catch (error) {
    send({ kind: 'failed', id: message.id, error: messageOf(error) });
  }
}

/** Closes the handle and sends what its table held; the last figures go in front. */
function end(id: number, capture: PcapCapture): void {
  const { flows, ended } = capture.stop(Date.now());
  captures.delete(id);
  encoder.add(flows, ended, pace.detail);
  encoder.addStats(capture.takeFlowStats());
  encoder.finish();
  send({ kind: 'stats', captures: [{ id, ...capture.stats() }], flowsDropped });
  flowsDropped = 0;
}

function flush(): void {
  const now = Date.now();
  for (const capture of captures.values()) {
    const { flows, ended } = capture.table.flush(now);
    encoder.add(flows, ended, pace.detail);
  }
  encoder.finish();
}

function stop(): void {
  for (const [id, capture] of captures) end(id, capture);
  process.exitCode = 0;
  // Not before the channel has taken everything.
  send({ kind: 'stats', captures: [], flowsDropped: 0 }, () => process.exit(0));
}

function received(message: ToChild): void {
  switch (message.kind) {
    case 'open':
      open(message);
      return;
    case 'close': {
      const capture = captures.get(message.id);
      if (capture !== undefined) end(message.id, capture);
      send({ kind: 'closed', id: message.id });
      return;
    }
    case 'flush':
      flush();
      send({ kind: 'flushed', request: message.request });
      return;
    case 'pace':
      pace = message.pace;
      return;
    case 'stop':
      stop();
  }
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
  process.on('message', (message) => received(message as ToChild));
  setInterval(tick, TICK_MS);
  send({ kind: 'ready', missing: '' });
}

main();
