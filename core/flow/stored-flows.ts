/**
 * The flow messages in a row of a shard's log (proto/shard.proto), found without decoding them: a search of the past goes by
 * hundreds of thousands whose time or flow is not asked for, and reads four members of each.
 */
import { Reader } from '../../proto/gen/runtime.ts';

/** Where a flow message lies in its row, and what decides whether it is looked at. Reused from one to the next. */
export interface StoredFlow {
  host: string;
  /** The message is row[at, end). */
  at: number;
  end: number;
  /** ms since 1970. */
  start: number;
  last: number;
  /** Texts are [at, end) in the row, because most are never made. */
  uuidAt: number;
  uuidEnd: number;
  captureAt: number;
  captureEnd: number;
  hasPackets: boolean;
}

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

interface Span {
  readonly at: number;
  readonly end: number;
}

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
  const found = emptyFlow();
  for (const entry of membersOf(reader, 0, row.length, ROW_ENTRIES).reverse()) {
    const { host, frames } = readEntry(reader, entry);
    if (!isWanted(host)) continue;
    found.host = host;
    for (const frame of frames.reverse())
      for (const batch of membersOf(reader, frame.at, frame.end, FRAME_FLOWS).reverse())
        for (const flow of membersOf(reader, batch.at, batch.end, BATCH_FLOWS).reverse()) {
          readHead(reader, flow, found);
          take(found);
        }
  }
}

function readEntry(reader: Reader, { at, end }: Span): { host: string; frames: Span[] } {
  reader.pos = at;
  let host = '';
  const frames: Span[] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ENTRY_HOST) host = reader.string();
    else if (tag === ENTRY_FRAME) frames.push(spanAt(reader));
    else reader.skipType(tag & 7);
  }
  return { host, frames };
}

/** Where the members of one kind lie in the message row[at, end). */
function membersOf(reader: Reader, at: number, end: number, wanted: number): Span[] {
  const spans: Span[] = [];
  reader.pos = at;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === wanted) spans.push(spanAt(reader));
    else reader.skipType(tag & 7);
  }
  return spans;
}

function spanAt(reader: Reader): Span {
  const length = reader.uint32();
  const at = reader.pos;
  reader.skip(length);
  return { at, end: at + length };
}

function readHead(reader: Reader, { at, end }: Span, into: StoredFlow): void {
  into.at = at;
  into.end = end;
  into.start = 0;
  into.last = 0;
  into.uuidAt = into.uuidEnd = at;
  into.captureAt = into.captureEnd = at;
  into.hasPackets = false;
  reader.pos = at;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === FLOW_UUID) {
      const span = spanAt(reader);
      into.uuidAt = span.at;
      into.uuidEnd = span.end;
    } else if (tag === FLOW_CAPTURE) {
      const span = spanAt(reader);
      into.captureAt = span.at;
      into.captureEnd = span.end;
    } else if (tag === FLOW_START) into.start = reader.int64() as unknown as number;
    else if (tag === FLOW_LAST) into.last = reader.int64() as unknown as number;
    else {
      if (tag === FLOW_PACKETS) into.hasPackets = true;
      reader.skipType(tag & 7);
    }
  }
}

const decoder = new TextDecoder();

export function uuidOf(row: Uint8Array, { uuidAt, uuidEnd }: StoredFlow): string {
  return decoder.decode(row.subarray(uuidAt, uuidEnd));
}

export function captureOf(row: Uint8Array, { captureAt, captureEnd }: StoredFlow): string {
  return decoder.decode(row.subarray(captureAt, captureEnd));
}

function emptyFlow(): StoredFlow {
  return {
    host: '',
    at: 0,
    end: 0,
    start: 0,
    last: 0,
    uuidAt: 0,
    uuidEnd: 0,
    captureAt: 0,
    captureEnd: 0,
    hasPackets: false,
  };
}
