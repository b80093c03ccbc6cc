/**
 * Flow messages on their way to the analyzer: encoded bodies come in, numbered batches go out and stay until the
 * analyzer says they are durable. Last stop of a packet's line in the probe; the socket is `flow-link.ts`.
 *
 * A batch gets its number when it is first sent, and what has a number is never dropped: the analyzer sees 1, 2, 3 …
 * without a hole however much had to be dropped before sending. After a reconnection everything unacknowledged goes
 * again, numbered from what the analyzer says it has (docs/design/probe.md tells why that is exactly once).
 *
 * With a spool (spool.ts) everything stands on disk too, until it is durable at the analyzer, and memory holds only some of it.
 */
import { limits } from '../../core/limits.ts';
import type { BatchBody } from '../../core/wire/batch-encoder.ts';
import { Writer } from '../../proto/gen/runtime.ts';
import type { Spool, SpooledBody } from './spool.ts';

export interface OutboxCounters {
  readonly queuedBytes: number;
  readonly inFlight: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly flowsSent: number;
  /** Flow messages dropped because the outbox was full. */
  readonly flowsDropped: number;
  /** Batches sent again after a reconnection. */
  readonly batchesResent: number;
  /** On disk; 0 without a spool. */
  readonly spooledBytes: number;
  /** Bodies that could not be written there, and are held in memory alone. */
  readonly spoolFailures: number;
}

export interface OutboxOptions {
  /** Of what waits; with a spool, on disk. */
  readonly bytesMax?: number;
  readonly spool?: Spool | undefined;
  readonly flowsPerBatchMax?: number;
  readonly batchBytesMax?: number;
  /** A batch that is not full waits until this long after the one before it. ms */
  readonly paceMs?: number;
}

/** In memory, on disk, or both. */
interface Held {
  readonly bytes: Uint8Array | undefined;
  readonly spooled: SpooledBody | undefined;
}

/** A batch to be; bodies are joined into it until it is full or sent. */
interface Entry {
  bodies: Held[];
  bytes: number;
  flows: number;
}

interface Numbered extends Entry {
  sequence: number;
  /** Dropped before this batch was numbered; told with it. */
  readonly flowsDropped: number;
}

export class Outbox {
  readonly #bytesMax: number;
  readonly #spool: Spool | undefined;
  #spoolFailures = 0;
  readonly #flowsPerBatchMax: number;
  readonly #batchBytesMax: number;
  readonly #paceMs: number;
  /** Not yet numbered, oldest first. */
  #queue: Entry[] = [];
  /** Sent and not acknowledged, oldest first; numbers without a hole. */
  #inFlight: Numbered[] = [];
  #bytes = 0;
  /** Entries ever queued, and of these sent or dropped: where a marker stands and whether it is passed. */
  #entriesQueued = 0;
  #entriesGone = 0;
  #markers: { readonly position: number; readonly passed: () => void }[] = [];
  #send: ((frame: Uint8Array) => void) | undefined;
  #inFlightMax: number = limits.batchesInFlightMax;
  #nextSequence = 1;
  #acknowledged = 0;
  #untoldDropped = 0;
  #flowsDropped = 0;
  #flowsSent = 0;
  #batchesResent = 0;
  #lastSentAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: OutboxOptions = {}) {
    this.#spool = options.spool;
    const bytesMax = options.spool === undefined ? limits.outboxBytesMax : limits.spoolBytesMax;
    this.#bytesMax = options.bytesMax ?? bytesMax;
    this.#flowsPerBatchMax = options.flowsPerBatchMax ?? limits.flowsPerBatchMax;
    this.#batchBytesMax = options.batchBytesMax ?? limits.flowBatchBytesMax;
    this.#paceMs = options.paceMs ?? 200;
  }

  get counters(): OutboxCounters {
    return {
      queuedBytes: this.#bytes,
      inFlight: this.#inFlight.length,
      sequence: this.#nextSequence - 1,
      acknowledged: this.#acknowledged,
      flowsSent: this.#flowsSent,
      flowsDropped: this.#flowsDropped,
      batchesResent: this.#batchesResent,
      spooledBytes: this.#spool?.bytes ?? 0,
      spoolFailures: this.#spoolFailures,
    };
  }

  /** Bytes waiting for acknowledgement or for being sent. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a body of at most one batch's flows. When that is too much for the outbox, the oldest unsent go. */
  add(body: BatchBody): void {
    const held = this.#hold(body);
    const tail = this.#queue.at(-1);
    this.#bytes += body.bytes.length;
    if (
      tail !== undefined &&
      tail.flows + body.flows <= this.#flowsPerBatchMax &&
      tail.bytes + body.bytes.length <= this.#batchBytesMax
    ) {
      tail.bodies.push(held);
      tail.bytes += body.bytes.length;
      tail.flows += body.flows;
    } else {
      this.#queue.push({ bodies: [held], bytes: body.bytes.length, flows: body.flows });
      this.#entriesQueued++;
    }
    this.#shed();
    this.#pump();
  }

  #hold({ bytes, flows }: BatchBody): Held {
    if (this.#spool === undefined) return { bytes, spooled: undefined };
    try {
      const spooled = this.#spool.add(bytes, flows);
      return { bytes: this.#bytes < limits.outboxHoldBytes ? bytes : undefined, spooled };
    } catch {
      this.#spoolFailures++;
      return { bytes, spooled: undefined };
    }
  }

  /** Takes up what an earlier run of this incarnation left on disk. Call once, before anything is added. */
  restore(): void {
    const { batches, waiting } = this.#spool?.load() ?? { batches: [], waiting: [] };
    const entryOf = (bodies: readonly SpooledBody[]): Entry => ({
      bodies: bodies.map((spooled) => ({ bytes: undefined, spooled })),
      bytes: bodies.reduce((sum, { bytes }) => sum + bytes, 0),
      flows: bodies.reduce((sum, { flows }) => sum + flows, 0),
    });
    for (const { sequence, bodies } of batches) {
      const entry = entryOf(bodies);
      this.#inFlight.push({ ...entry, sequence, flowsDropped: 0 });
      this.#bytes += entry.bytes;
      this.#nextSequence = sequence + 1;
    }
    for (const body of waiting) {
      this.#queue.push(entryOf([body]));
      this.#entriesQueued++;
      this.#bytes += body.bytes;
    }
  }

  /** Done with: its place on disk can go. */
  #release({ bodies }: Entry): void {
    for (const { spooled } of bodies) if (spooled !== undefined) this.#spool?.gone(spooled);
  }

  /** What cannot be read from the disk any more is lost, and counted. */
  #bytesOf(entry: Entry): Uint8Array[] {
    const bodies: Uint8Array[] = [];
    for (const { bytes, spooled } of entry.bodies) {
      try {
        bodies.push(bytes ?? this.#spool!.read(spooled!));
      } catch {
        this.#spoolFailures++;
        this.countDropped(spooled!.flows);
      }
    }
    return bodies;
  }

  /** Flow messages lost before they came here (by the capture process); told with the next batch like our own. */
  countDropped(flows: number): void {
    this.#flowsDropped += flows;
    this.#untoldDropped += flows;
  }

  /**
   * A connection: the analyzer has everything up to `lastSequence` of this incarnation. Sends again what it lacks,
   * then what waits. An analyzer that has less than it acknowledged (its state was lost) is counted on from what
   * it has.
   */
  connect(lastSequence: number, inFlightMax: number, send: (frame: Uint8Array) => void): void {
    this.disconnect();
    this.acknowledge(lastSequence);
    this.#acknowledged = lastSequence;
    this.#send = send;
    this.#inFlightMax =
      inFlightMax > 0 ? Math.min(inFlightMax, limits.batchesInFlightMax) : limits.batchesInFlightMax;
    let sequence = lastSequence;
    for (const batch of this.#inFlight) {
      batch.sequence = ++sequence;
      this.#batchesResent++;
      this.#number(batch);
      send(frameOf(batch, this.#bytesOf(batch)));
    }
    this.#nextSequence = sequence + 1;
    this.#pump();
  }

  /** Nothing can be sent until the next `connect`. Markers are forgotten: whoever asked is gone. */
  disconnect(): void {
    this.#send = undefined;
    this.#markers = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Everything up to this number is durable. A number above what was sent frees no more than what was sent. */
  acknowledge(sequence: number): void {
    let count = 0;
    while (count < this.#inFlight.length && this.#inFlight[count]!.sequence <= sequence) {
      this.#bytes -= this.#inFlight[count]!.bytes;
      this.#release(this.#inFlight[count]!);
      count++;
    }
    if (count > 0) {
      this.#acknowledged = this.#inFlight[count - 1]!.sequence;
      this.#inFlight.splice(0, count);
    }
    this.#pump();
    this.#checkEmpty();
  }

  /** Calls back once everything that is in the outbox now has been sent; at once if nothing waits. */
  afterQueued(passed: () => void): void {
    if (this.#send === undefined) return;
    this.#markers.push({ position: this.#entriesQueued, passed });
    this.#pump();
  }

  /** Resolves true when everything is acknowledged, false after the time. */
  drained(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#onEmpty = undefined;
        resolve(false);
      }, timeoutMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        this.#onEmpty = undefined;
        resolve(true);
      };
      this.#pump();
      this.#checkEmpty();
    });
  }

  #checkEmpty(): void {
    if (this.#queue.length === 0 && this.#inFlight.length === 0) this.#onEmpty?.();
  }

  #shed(): void {
    while (this.#bytes > this.#bytesMax && this.#queue.length > 0) {
      const oldest = this.#queue.shift()!;
      this.#entriesGone++;
      this.#bytes -= oldest.bytes;
      this.#release(oldest);
      this.countDropped(oldest.flows);
    }
  }

  #pump(): void {
    while (this.#send !== undefined && this.#queue.length > 0 && this.#inFlight.length < this.#inFlightMax) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.#pump();
        }, waitMs);
        break;
      }
      this.#sendOldest(this.#send);
    }
    while (this.#markers.length > 0 && this.#markers[0]!.position <= this.#entriesGone)
      this.#markers.shift()!.passed();
  }

  /** A lone batch that is not full waits for company, unless somebody waits for it. */
  #waitMs(): number {
    if (this.#queue.length > 1 || this.#markers.length > 0 || this.#onEmpty !== undefined) return 0;
    return Math.ceil(this.#lastSentAt + this.#paceMs - performance.now());
  }

  #sendOldest(send: (frame: Uint8Array) => void): void {
    const entry = this.#queue.shift()!;
    this.#entriesGone++;
    const batch: Numbered = { ...entry, sequence: this.#nextSequence++, flowsDropped: this.#untoldDropped };
    this.#untoldDropped = 0;
    this.#flowsSent += entry.flows;
    this.#inFlight.push(batch);
    this.#lastSentAt = performance.now();
    this.#number(batch);
    send(frameOf(batch, this.#bytesOf(batch)));
  }

  /** Which bodies have which number is on disk before the analyzer can hear of it. */
  #number({ bodies, sequence }: Numbered): void {
    const spooled = bodies.flatMap((body) => body.spooled ?? []);
    // A batch that is not on disk as a whole is sent anew, with another number, should the probe die.
    if (this.#spool === undefined || spooled.length < bodies.length) return;
    try {
      this.#spool.numbered(spooled, sequence);
    } catch {
      this.#spoolFailures++;
    }
  }
}

const FLOWS_OF_TO_ANALYZER = (4 << 3) | 2;
const SEQUENCE_OF_FLOW_BATCH = 1 << 3;
const DROPPED_OF_FLOW_BATCH = 4 << 3;

/** ToAnalyzer { flows: FlowBatch { sequence, …bodies, flows_dropped } }, put together around the encoded bodies. */
function frameOf(batch: Numbered, bodies: readonly Uint8Array[]): Uint8Array {
  const head = Writer.create().uint32(SEQUENCE_OF_FLOW_BATCH).uint64(batch.sequence);
  if (batch.flowsDropped > 0) head.uint32(DROPPED_OF_FLOW_BATCH).uint64(batch.flowsDropped);
  const headBytes = head.finish();
  const envelope = Writer.create()
    .uint32(FLOWS_OF_TO_ANALYZER)
    .uint32(bodies.reduce((sum, body) => sum + body.length, headBytes.length))
    .finish();
  return Buffer.concat([envelope, headBytes, ...bodies]);
}
