import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readProbeFrame } from '../../../core/wire/probe-frames.ts';
import { createFlow } from '../../../proto/gen/flow.ts';
import type { FlowBatch } from '../../../proto/gen/probe.ts';
import { BatchEncoder, NOTHING_LEFT_OUT, type BatchBody } from '../../../core/wire/batch-encoder.ts';
import { Outbox, type OutboxOptions } from '../../../probe/link/outbox.ts';

/** Bodies as the capture process makes them; flows are named by number. */
function bodyOf(...ids: readonly number[]): BatchBody {
  let made: BatchBody | undefined;
  const encoder = new BatchEncoder((body) => (made = body));
  encoder.add(
    ids.map((id) => createFlow({ UUID: String(id) })),
    [],
    NOTHING_LEFT_OUT,
  );
  encoder.finish();
  return made!;
}

function batchOf(frame: Uint8Array): FlowBatch {
  const message = readProbeFrame(frame);
  if (message.kind !== 'flows') throw new Error(message.kind);
  return message.batch;
}

const idsOf = (batches: readonly FlowBatch[]) =>
  batches.flatMap((batch) => batch.flows.map((flow) => Number(flow.UUID)));

/** Number and flows of a batch. */
const numbered = (batch: FlowBatch) => [batch.sequence].concat(idsOf([batch]));

/** A connected outbox and what it sends. */
function connected(options: OutboxOptions = {}, lastSequence = 0, inFlightMax = 16) {
  const outbox = new Outbox({ paceMs: 0, ...options });
  const sent: FlowBatch[] = [];
  outbox.connect(lastSequence, inFlightMax, (frame) => sent.push(batchOf(frame)));
  return { outbox, sent };
}

describe('Outbox', () => {
  it('numbers batches from 1 and sends no more than may be in flight', () => {
    const { outbox, sent } = connected({ flowsPerBatchMax: 1 }, 0, 2);
    for (const id of [1, 2, 3]) outbox.add(bodyOf(id));
    expect(sent.map((batch) => batch.sequence)).toEqual([1, 2]);
    outbox.acknowledge(1);
    expect(sent.map((batch) => batch.sequence)).toEqual([1, 2, 3]);
    expect(outbox.counters).toMatchObject({ inFlight: 2, acknowledged: 1, flowsSent: 3 });
    outbox.acknowledge(3);
    expect(outbox.counters).toMatchObject({ inFlight: 0, queuedBytes: 0 });
  });

  it('joins what waits into batches of at most the flows and bytes of one', () => {
    const outbox = new Outbox({ flowsPerBatchMax: 5, paceMs: 0 });
    for (let id = 1; id <= 12; id += 2) outbox.add(bodyOf(id, id + 1));
    const sent: FlowBatch[] = [];
    outbox.connect(0, 16, (frame) => sent.push(batchOf(frame)));
    expect(sent.map((batch) => batch.flows.length)).toEqual([4, 4, 4]);
    expect(idsOf(sent)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('sends after a reconnection what is not durable, under the same numbers', () => {
    const { outbox, sent } = connected({ flowsPerBatchMax: 1 });
    for (const id of [1, 2, 3]) outbox.add(bodyOf(id));
    outbox.disconnect();
    outbox.add(bodyOf(4));
    const again: FlowBatch[] = [];
    outbox.connect(1, 16, (frame) => again.push(batchOf(frame)));
    expect(sent).toHaveLength(3);
    expect(again.map(numbered)).toEqual([
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    expect(outbox.counters.batchesResent).toBe(2);
  });

  it('counts on from what an analyzer has that lost its state', () => {
    const { outbox } = connected({ flowsPerBatchMax: 1 });
    for (const id of [1, 2, 3]) outbox.add(bodyOf(id));
    outbox.acknowledge(2);
    const again: FlowBatch[] = [];
    outbox.connect(0, 16, (frame) => again.push(batchOf(frame)));
    outbox.add(bodyOf(4));
    expect(again.map(numbered)).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it('goes on behind a number above its own, and loses nothing that was never sent', () => {
    const outbox = new Outbox({ flowsPerBatchMax: 1, paceMs: 0 });
    outbox.add(bodyOf(1));
    const sent: FlowBatch[] = [];
    outbox.connect(7, 16, (frame) => sent.push(batchOf(frame)));
    expect(sent.map(numbered)).toEqual([[8, 1]]);
  });

  it('drops the oldest unsent beyond its bound, counts them, and tells the number once, without a hole', () => {
    const bytes = bodyOf(1).bytes.length;
    const { outbox, sent } = connected({ flowsPerBatchMax: 1, bytesMax: 5 * bytes }, 0, 2);
    for (const id of [1, 2, 3, 4, 5, 6, 7, 8]) outbox.add(bodyOf(id));
    expect(outbox.counters).toMatchObject({ flowsDropped: 3, queuedBytes: 5 * bytes, inFlight: 2 });
    outbox.acknowledge(2);
    outbox.acknowledge(4);
    outbox.acknowledge(5);
    expect(sent.map((batch) => numbered(batch).concat(batch.flows_dropped))).toEqual([
      [1, 1, 0],
      [2, 2, 0],
      [3, 6, 3],
      [4, 7, 0],
      [5, 8, 0],
    ]);
  });

  it('tells flows that the capture process had to drop like its own', () => {
    const { outbox, sent } = connected();
    outbox.countDropped(11);
    outbox.add(bodyOf(1));
    expect(sent[0]!.flows_dropped).toBe(11);
    expect(outbox.counters.flowsDropped).toBe(11);
  });

  it('calls a marker back behind everything that was added before it, at once when nothing waits', () => {
    const { outbox, sent } = connected({ flowsPerBatchMax: 1 }, 0, 2);
    const seen: string[] = [];
    outbox.afterQueued(() => seen.push(`empty after ${sent.length}`));
    for (const id of [1, 2, 3]) outbox.add(bodyOf(id));
    outbox.afterQueued(() => seen.push(`after ${sent.length}`));
    outbox.acknowledge(1);
    outbox.add(bodyOf(4));
    expect(seen).toEqual(['empty after 0', 'after 3']);
  });

  it('lets a small batch wait for company, but not when somebody waits for it', async () => {
    const { outbox, sent } = connected({ paceMs: 60 });
    outbox.add(bodyOf(1));
    outbox.add(bodyOf(2));
    outbox.add(bodyOf(3));
    expect(idsOf(sent)).toEqual([1]);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(sent.map((batch) => idsOf([batch]))).toEqual([[1], [2, 3]]);
    outbox.add(bodyOf(4));
    outbox.afterQueued(() => {});
    expect(idsOf(sent)).toEqual([1, 2, 3, 4]);
  });

  it('is drained when everything is acknowledged, and says so when it is not', async () => {
    const { outbox } = connected();
    expect(await outbox.drained(1)).toBe(true);
    outbox.add(bodyOf(1));
    expect(await outbox.drained(20)).toBe(false);
    const drained = outbox.drained(1_000);
    outbox.acknowledge(1);
    expect(await drained).toBe(true);
  });

  it('delivers each flow exactly once or counts it, whatever is cut when', () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('add'), flows: fc.integer({ min: 1, max: 5 }) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('commit'), count: fc.integer({ min: 1, max: 4 }) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('cut'), arrived: fc.integer({ min: 0, max: 20 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('reconnect') }) },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.integer({ min: 300, max: 3_000 }),
        (steps, bytesMax) => {
          const outbox = new Outbox({ paceMs: 0, flowsPerBatchMax: 5, bytesMax });
          const shard = new Shard();
          let wire: FlowBatch[] | undefined;
          let id = 0;
          const reconnect = () => {
            const fresh: FlowBatch[] = [];
            wire = fresh;
            outbox.connect(shard.last, 4, (frame) => fresh.push(batchOf(frame)));
          };
          const commit = (count: number) => {
            for (const batch of wire?.splice(0, count) ?? []) shard.take(batch);
            if (wire !== undefined) outbox.acknowledge(shard.last);
          };
          for (const step of steps) {
            if ('flows' in step) outbox.add(bodyOf(...Array.from({ length: step.flows }, () => ++id)));
            else if ('count' in step) commit(step.count);
            else if ('arrived' in step) {
              // What is on the wire arrives in part, its acknowledgement is lost.
              for (const batch of wire?.splice(0, step.arrived) ?? []) shard.take(batch);
              wire = undefined;
              outbox.disconnect();
            } else reconnect();
          }
          reconnect();
          for (let round = 0; round < 200; round++) commit(1);
          const got = shard.ids;
          expect(new Set(got).size).toBe(got.length);
          expect([...got].sort((a, b) => a - b)).toEqual(got);
          const untold = outbox.counters.flowsDropped - shard.dropped;
          expect(got.length + outbox.counters.flowsDropped).toBe(id);
          // Drops are told with the next batch; only those behind the last batch can be untold.
          expect(untold).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** The shard's rule: each number once, in order, none missing. */
class Shard {
  last = 0;
  dropped = 0;
  readonly ids: number[] = [];

  take(batch: FlowBatch): void {
    if (batch.sequence <= this.last) return;
    expect(batch.sequence).toBe(this.last + 1);
    this.last = batch.sequence;
    this.dropped += batch.flows_dropped;
    this.ids.push(...idsOf([batch]));
  }
}
