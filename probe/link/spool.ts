/**
 * The outbox on disk: what a probe has to tell and was not told to be durable, so that a probe that dies loses nothing, and one whose analyzer is away for long needs no
 * memory for it. A folder for each run (incarnation), in it files of some megabytes, each deleted when nothing in it is wanted any more.
 *
 *   file:   `<index of its first body>.flows`, records one behind the other
 *   record: type(1), a(4), b(4), c(4), little-endian
 *           1 body:  a = bytes, b = flows, c = 0; then the bytes
 *           2 batch: a = number, b = index of its first body, c = how many bodies
 *
 * Nothing is forced to the disk: it survives the probe, not the machine. A record that is cut at the end of a file, by a death in the middle of writing, ends it.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

interface Segment {
  readonly path: string;
  readonly descriptor: number;
  bytes: number;
  /** Bodies in it that are still wanted. */
  wanted: number;
}

export interface SpooledBody {
  /** Counts all bodies of a run. */
  readonly index: number;
  readonly flows: number;
  readonly bytes: number;
  readonly segment: Segment;
  readonly offset: number;
}

export interface Spooled {
  readonly batches: readonly { readonly sequence: number; readonly bodies: readonly SpooledBody[] }[];
  /** In no batch yet. */
  readonly waiting: readonly SpooledBody[];
}

const HEAD_BYTES = 13;
const BODY = 1;
const BATCH = 2;
const SEGMENT_BYTES = 8 * 1_048_576;
const ENDING = '.flows';

/** Runs that have something left, the oldest first. */
export function leftoversIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => ({ name, ms: statSync(join(folder, name)).mtimeMs }))
      .toSorted((a, b) => a.ms - b.ms)
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

export class Spool {
  readonly #folder: string;
  readonly #segments: Segment[] = [];
  #nextIndex = 0;
  #bytes = 0;

  /** Throws when the folder cannot be made. */
  constructor(folder: string, incarnation: string) {
    this.#folder = join(folder, incarnation);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** On disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Throws when it cannot be written; then nothing of it is there. */
  add(body: Uint8Array, flows: number): SpooledBody {
    const segment = this.#open();
    const offset = segment.bytes + HEAD_BYTES;
    this.#write(segment, Buffer.concat([head(BODY, body.length, flows, 0), body]));
    segment.wanted++;
    return { index: this.#nextIndex++, flows, bytes: body.length, segment, offset };
  }

  /** These bodies are the batch of this number. Throws when it cannot be written. */
  numbered(bodies: readonly SpooledBody[], sequence: number): void {
    const [first] = bodies;
    if (first !== undefined) this.#write(this.#open(), head(BATCH, sequence, first.index, bodies.length));
  }

  /** Throws when it cannot be read. */
  read({ segment, offset, bytes }: SpooledBody): Uint8Array {
    const body = new Uint8Array(bytes);
    if (readSync(segment.descriptor, body, 0, bytes, offset) < bytes)
      throw new Error(`${segment.path} is cut`);
    return body;
  }

  /** Durable at the analyzer, or dropped. */
  gone({ segment }: SpooledBody): void {
    segment.wanted--;
    this.#tidy();
  }

  /** What an earlier run left. Call once, before anything is added. */
  load(): Spooled {
    const bodies = new Map<number, SpooledBody>();
    const batches: { sequence: number; first: number; count: number }[] = [];
    const names = readdirSync(this.#folder).filter((name) => name.endsWith(ENDING));
    for (const name of names.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)))
      this.#read(name, bodies, batches);
    // A batch that was sent again had another number: the last one counts.
    const latest = [...new Map(batches.map((batch) => [batch.first, batch])).values()];
    const told = latest
      .toSorted((x, y) => x.sequence - y.sequence)
      .flatMap(({ sequence, first, count }) => {
        const own = Array.from({ length: count }, (_, at) => bodies.get(first + at)).filter(
          (body) => body !== undefined,
        );
        for (const { index } of own) bodies.delete(index);
        // A body that is gone was durable, and so was its batch.
        return own.length === count ? [{ sequence, bodies: own }] : [];
      });
    return { batches: told, waiting: [...bodies.values()] };
  }

  /** The run is over; its folder goes when nothing is left in it. */
  close(): void {
    for (const segment of this.#segments) closeSync(segment.descriptor);
    if (this.#segments.every(({ wanted }) => wanted === 0))
      for (const { path } of this.#segments) rmSync(path, { force: true });
    this.#segments.length = 0;
    try {
      rmdirSync(this.#folder);
    } catch {
      // Something is left, for the next run.
    }
  }

  #open(): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.bytes < SEGMENT_BYTES) return last;
    const path = join(this.#folder, `${this.#nextIndex}${ENDING}`);
    const segment = { path, descriptor: openSync(path, 'a+', 0o600), bytes: 0, wanted: 0 };
    this.#segments.push(segment);
    return segment;
  }

  #write(segment: Segment, record: Uint8Array): void {
    let written = 0;
    try {
      while (written < record.length) written += writeSync(segment.descriptor, record, written);
    } catch (error) {
      // What is there of it would be read as the next record's.
      segment.bytes = SEGMENT_BYTES;
      throw error;
    }
    segment.bytes += record.length;
    this.#bytes += record.length;
  }

  #read(
    name: string,
    bodies: Map<number, SpooledBody>,
    batches: { sequence: number; first: number; count: number }[],
  ): void {
    const path = join(this.#folder, name);
    const content = readFileSync(path);
    const segment = { path, descriptor: openSync(path, 'r'), bytes: SEGMENT_BYTES, wanted: 0 };
    this.#segments.push(segment);
    this.#bytes += content.length;
    let index = Number.parseInt(name, 10);
    for (let at = 0; at + HEAD_BYTES <= content.length;) {
      const [type, a, b, c] = [
        content[at],
        ...[1, 5, 9].map((field) => content.readUInt32LE(at + field)),
      ] as [number, number, number, number];
      at += HEAD_BYTES;
      if (type === BATCH) batches.push({ sequence: a, first: b, count: c });
      else if (type === BODY && at + a <= content.length) {
        bodies.set(index, { index, flows: b, bytes: a, segment, offset: at });
        segment.wanted++;
        index++;
        at += a;
      } else break;
    }
    this.#nextIndex = Math.max(this.#nextIndex, index);
  }

  /** Files go in their order, all but the one that is written. */
  #tidy(): void {
    while (this.#segments.length > 1 && this.#segments[0]!.wanted === 0) {
      const { path, descriptor, bytes } = this.#segments.shift()!;
      closeSync(descriptor);
      rmSync(path, { force: true });
      this.#bytes = Math.max(0, this.#bytes - bytes);
    }
  }
}

function head(type: number, a: number, b: number, c: number): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES);
  bytes[0] = type;
  bytes.writeUInt32LE(a, 1);
  bytes.writeUInt32LE(b, 5);
  bytes.writeUInt32LE(c, 9);
  return bytes;
}
