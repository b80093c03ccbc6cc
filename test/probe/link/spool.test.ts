/** The outbox on disk: a probe that dies at any moment loses nothing and tells nothing twice; files go when nothing in them is wanted. */
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BatchEncoder, NOTHING_LEFT_OUT, type BatchBody } from '../../../core/wire/batch-encoder.ts';
import { readProbeFrame } from '../../../core/wire/probe-frames.ts';
import { Outbox } from '../../../probe/link/outbox.ts';
import { leftoversIn, Spool } from '../../../probe/link/spool.ts';
import { createFlow } from '../../../proto/gen/flow.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgedive-spool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function bodyOf(id: number): BatchBody {
  let made: BatchBody | undefined;
  const encoder = new BatchEncoder((body) => (made = body));
  encoder.add([createFlow({ UUID: String(id) })], [], NOTHING_LEFT_OUT);
  encoder.finish();
  return made!;
}

/** As the analyzer keeps it: a batch counts once, by its number. */
class Durable {
  last = 0;
  readonly ids: number[] = [];

  take(frame: Uint8Array): number {
    const message = readProbeFrame(frame);
    if (message.kind !== 'flows') throw new Error(message.kind);
    if (message.batch.sequence === this.last + 1) {
      this.last++;
      for (const { UUID } of message.batch.flows) this.ids.push(Number(UUID));
    }
    return this.last;
  }
}

const open = (): Outbox => {
  const outbox = new Outbox({ paceMs: 0, flowsPerBatchMax: 3, spool: new Spool(folder, 'run') });
  outbox.restore();
  return outbox;
};

describe('an outbox on disk', () => {
  it('has everything once at the analyzer, whenever the probe dies', () => {
    const step = fc.constantFrom('tell', 'tell', 'tell', 'acknowledge', 'lose', 'connect', 'die');
    let run = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        folder = mkdtempSync(join(tmpdir(), `edgedive-spool-${run++}-`));
        const durable = new Durable();
        let outbox = open();
        let told = 0;
        let acks: number[] = [];
        const connect = (): void =>
          outbox.connect(durable.last, 4, (frame) => acks.push(durable.take(frame)));
        for (const one of steps) {
          if (one === 'tell') outbox.add(bodyOf(++told));
          if (one === 'acknowledge') for (const ack of acks.splice(0)) outbox.acknowledge(ack);
          if (one === 'lose') {
            outbox.disconnect();
            acks = [];
          }
          if (one === 'connect') connect();
          if (one === 'die') {
            outbox.disconnect();
            acks = [];
            outbox = open();
          }
        }
        connect();
        for (let turn = 0; turn < 200 && outbox.bytes > 0; turn++)
          for (const ack of acks.splice(0)) outbox.acknowledge(ack);
        expect(durable.ids).toEqual(Array.from({ length: told }, (_, index) => index + 1));
        rmSync(folder, { recursive: true, force: true });
      }),
      { seed: 20_261_127, numRuns: 200 },
    );
  });

  it('deletes what is delivered, and the folder with the last of it', () => {
    const spool = new Spool(folder, 'run');
    const outbox = new Outbox({ paceMs: 0, spool });
    for (let id = 0; id < 50; id++) outbox.add(bodyOf(id));
    expect(outbox.counters.spooledBytes).toBeGreaterThan(0);
    expect(leftoversIn(folder)).toEqual(['run']);
    outbox.connect(0, 16, () => {});
    outbox.acknowledge(1_000);
    outbox.disconnect();
    spool.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('reads what is there of a file that a death cut', () => {
    const spool = new Spool(folder, 'run');
    for (let id = 1; id <= 3; id++) spool.add(bodyOf(id).bytes, 1);
    const [name] = readdirSync(join(folder, 'run'));
    const path = join(folder, 'run', name!);
    truncateSync(path, statSync(path).size - 1);
    expect(new Spool(folder, 'run').load().waiting).toHaveLength(2);
    appendFileSync(path, Buffer.alloc(40, 255));
    expect(new Spool(folder, 'run').load().waiting.length).toBeLessThanOrEqual(3);
  });

  it('goes on in memory where nothing can be written, and counts that', () => {
    const spool = new Spool(folder, 'run');
    rmSync(join(folder, 'run'), { recursive: true });
    const outbox = new Outbox({ paceMs: 0, spool });
    const durable = new Durable();
    for (let id = 1; id <= 5; id++) outbox.add(bodyOf(id));
    outbox.connect(0, 16, (frame) => durable.take(frame));
    expect(durable.ids).toEqual([1, 2, 3, 4, 5]);
    expect(outbox.counters.spoolFailures).toBe(5);
  });
});
