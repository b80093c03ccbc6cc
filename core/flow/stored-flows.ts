/**
 * The flow messages in a row of a shard's log (proto/shard.proto), found without decoding them: a search of the past goes by
 * hundreds of thousands whose time or flow is not asked for, and reads a few members of each.
 */
import { Reader } from '../../proto/gen/runtime.ts';

/** Wire tags (number << 3 | type) of what is followed; proto/shard.proto, probe.proto, flow.proto. */
const ROW_ENTRIES = (1 << 3) | 2;
const ENTRY_HOST = (1 << 3) | 2;
const ENTRY_FRAME = (3 << 3) | 2;
const FRAME_FLOWS = (4 << 3) | 2;
const BATCH_FLOWS = (2 << 3) | 2;
const FLOW_UUID = (1 << 3) | 2;
const FLOW_START = (10 << 3) | 0;
const FLOW_LAST = (11 << 3) | 0;
const FLOW_CAPTURE = (34 << 3) | 2;
const FLOW_PACKETS = (36 << 3) | 2;

/** A flow message, and what decides whether it is looked at. One object stands for one after the other. */
export class StoredFlow {
  readonly #row: Uint8Array;
  readonly #reader: Reader;
  host = '';
  /** ms since 1970. */
  start = 0;
  last = 0;
  hasPackets = false;
  #at = 0;
  #end = 0;
  #uuidAt = -1;
  #captureAt = -1;

  constructor(row: Uint8Array, reader: Reader) {
    this.#row = row;
    this.#reader = reader;
  }

  /** The whole message; part of the row. */
  get bytes(): Uint8Array {
    return this.#row.subarray(this.#at, this.#end);
  }

  /** Texts are made when they are asked for: most never are. */
  get uuid(): string {
    return this.#textAt(this.#uuidAt);
  }

  get capture(): string {
    return this.#textAt(this.#captureAt);
  }

  #textAt(at: number): string {
    if (at < 0) return '';
    this.#reader.pos = at;
    return this.#reader.string();
  }

  moveTo(at: number, end: number): void {
    const reader = this.#reader;
    this.#at = at;
    this.#end = end;
    this.start = this.last = 0;
    this.hasPackets = false;
    this.#uuidAt = this.#captureAt = -1;
    reader.pos = at;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === FLOW_START) this.start = reader.int64() as unknown as number;
      else if (tag === FLOW_LAST) this.last = reader.int64() as unknown as number;
      else {
        if (tag === FLOW_UUID) this.#uuidAt = reader.pos;
        else if (tag === FLOW_CAPTURE) this.#captureAt = reader.pos;
        else if (tag === FLOW_PACKETS) this.hasPackets = true;
        reader.skipType(tag & 7);
      }
    }
  }
}

/** Pairs of begin and end. */
type Spans = readonly number[];

/**
 * Hands the flow messages of the hosts wanted to `take`, the newest first, each valid until the next. Throws RangeError or Error
 * when the row is none.
 */
export function eachStoredFlow(
  row: Uint8Array,
  isWanted: (host: string) => boolean,
  take: (flow: StoredFlow) => void,
): void {
  const reader = Reader.create(row);
  const flow = new StoredFlow(row, reader);
  backwards(spansOf(reader, 0, row.length, ROW_ENTRIES), (entryAt, entryEnd) => {
    flow.host = hostOf(reader, entryAt, entryEnd);
    if (!isWanted(flow.host)) return;
    backwards(spansOf(reader, entryAt, entryEnd, ENTRY_FRAME), (frameAt, frameEnd) => {
      backwards(spansOf(reader, frameAt, frameEnd, FRAME_FLOWS), (batchAt, batchEnd) => {
        backwards(spansOf(reader, batchAt, batchEnd, BATCH_FLOWS), (at, end) => {
          flow.moveTo(at, end);
          take(flow);
        });
      });
    });
  });
}

function backwards(spans: Spans, work: (at: number, end: number) => void): void {
  for (let index = spans.length - 2; index >= 0; index -= 2) work(spans[index]!, spans[index + 1]!);
}

function hostOf(reader: Reader, at: number, end: number): string {
  reader.pos = at;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ENTRY_HOST) return reader.string();
    reader.skipType(tag & 7);
  }
  return '';
}

/** Where the members of one kind lie in the message [at, end). */
function spansOf(reader: Reader, at: number, end: number, wanted: number): Spans {
  const spans: number[] = [];
  reader.pos = at;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === wanted) {
      const length = reader.uint32();
      spans.push(reader.pos, reader.pos + length);
      reader.skip(length);
    } else reader.skipType(tag & 7);
  }
  return spans;
}
