/**
 * Follows the two directions of TCP connections and counts what arrived in which order (flow model notes, section 9):
 * segments delivered, their bytes, gaps and bytes skipped, late ones. Only lengths are kept, never the data.
 * Counting follows the reference's stream assembler: a segment ahead of a gap waits, repeated bytes count once, a
 * stream is complete with FIN or RST, or when it was silent for 30 s.
 *
 * State lies beside the flow rows, 40 bytes a direction, so that a segment in order touches one cache line; waiting
 * segments, which are rare, are objects.
 */
import { limits } from '../limits.ts';

/** Segments of one stream that wait for a gap to close; with more the gap is skipped. */
const WAITING_MAX = limits.segmentsWaitingMax;
/** Segments of one stream that wait for a start that may have been before the capture. */
const WAITING_FOR_START_MAX = 16;
/** Segments that wait in all streams of a table; beyond, a stream skips its gap at once. */
const WAITING_TOTAL_MAX = limits.segmentsWaitingTotalMax;
/** The reference keeps waiting bytes in pages of this size and counts each as a segment. */
const PAGE_BYTES = 1900;

/** Doubles and words of one direction. */
const SIDE_DOUBLES = 5;
const SIDE_WORDS = 10;
const D_BYTES = 2;
/** Time of the latest delivery. */
const D_LATEST = 3;
const W_NEXT = 0;
const W_FLAGS = 1;
const W_PACKETS = 2;
const W_LATE = 3;
const W_LATEST_SUB = 8;

/** Somebody follows this direction. */
const OPEN = 1;
/** `next` is known. */
const RUNNING = 2;
const SAW_START = 4;
const SAW_END = 8;
/** There is an entry in `behind`. */
const HAS_WAITING = 16;

interface Waiting {
  readonly seq: number;
  readonly length: number;
  readonly isEnd: boolean;
  readonly timeMs: number;
  readonly subMsNs: number;
}

/** What a stream with a gap has besides its words. */
interface Behind {
  waiting: Waiting[];
  skipped: number;
  skippedBytes: number;
}

/** What a complete stream counted. */
export interface StreamCounts {
  readonly packets: number;
  readonly bytes: number;
  readonly outOfOrder: number;
  readonly skipped: number;
  readonly skippedBytes: number;
  readonly sawStart: boolean;
  readonly sawEnd: boolean;
}

/** b - a on the circle of 32-bit sequence numbers. */
function difference(a: number, b: number): number {
  return (b - a) | 0;
}

/** The streams of a table; a stream is named by its flow's row and its side: 0 from A, 1 from B. */
export class TcpStreams {
  private doubles = new Float64Array(0);
  private words = new Int32Array(0);
  private readonly behind = new Map<number, Behind>();
  private waitingTotal = 0;

  /** Makes room for rows below `rows`. */
  reserve(rows: number): void {
    const doubles = rows * 2 * SIDE_DOUBLES;
    if (doubles <= this.doubles.length) return;
    const grown = new Float64Array(Math.max(doubles, 2 * this.doubles.length));
    grown.set(this.doubles);
    this.doubles = grown;
    this.words = new Int32Array(grown.buffer);
  }

  isOpen(row: number, side: number): boolean {
    return (this.words[(2 * row + side) * SIDE_WORDS + W_FLAGS]! & OPEN) !== 0;
  }

  /**
   * Takes a segment that continues its stream without SYN, FIN or RST, the common case. False when it needs `take`.
   */
  takeNext(row: number, side: number, seq: number, length: number, timeMs: number, subMsNs: number): boolean {
    const stream = 2 * row + side;
    const { words, doubles } = this;
    const at = stream * SIDE_WORDS;
    const isNext = (words[at + W_FLAGS]! & (OPEN | RUNNING | HAS_WAITING)) === (OPEN | RUNNING);
    if (!isNext || words[at + W_NEXT] !== seq) return false;
    words[at + W_NEXT] = (seq + length) | 0;
    words[at + W_PACKETS]! += 1;
    doubles[stream * SIDE_DOUBLES + D_BYTES]! += length;
    this.stamp(stream, timeMs, subMsNs);
    return true;
  }

  /**
   * Takes a segment with payload, SYN, FIN or RST. Opens the stream if need be; the end of one that nobody follows is
   * no stream. Returns true when the stream is complete: `close` then tells what it counted.
   */
  take(
    row: number,
    side: number,
    seq: number,
    length: number,
    isSyn: boolean,
    isEnd: boolean,
    timeMs: number,
    subMsNs: number,
  ): boolean {
    const stream = 2 * row + side;
    const flagsAt = stream * SIDE_WORDS + W_FLAGS;
    if ((this.words[flagsAt]! & OPEN) === 0) {
      if (!isSyn && length === 0) return false;
      this.open(stream);
    }
    if ((this.words[flagsAt]! & RUNNING) === 0) {
      if (!isSyn) return this.wait(stream, { seq, length, isEnd, timeMs, subMsNs });
      this.deliver(stream, length, timeMs, subMsNs);
      this.words[flagsAt]! |= SAW_START | RUNNING;
      this.words[stream * SIDE_WORDS + W_NEXT] = (seq + length + 1) | 0;
      // A start never ends its stream; what waited behind it may.
      return this.addContiguous(stream, false);
    }
    if (difference(this.words[stream * SIDE_WORDS + W_NEXT]!, seq) > 0)
      return this.wait(stream, { seq, length, isEnd, timeMs, subMsNs });
    this.advance(stream, seq, length, timeMs, subMsNs);
    if (isEnd) this.words[flagsAt]! |= SAW_END;
    return this.addContiguous(stream, isEnd);
  }

  private open(stream: number): void {
    this.doubles.fill(0, stream * SIDE_DOUBLES, (stream + 1) * SIDE_DOUBLES);
    this.doubles[stream * SIDE_DOUBLES + D_LATEST] = -Infinity;
    this.words[stream * SIDE_WORDS + W_FLAGS] = OPEN;
  }

  /** Delivers a segment that starts at or before the expected number: only its new bytes. */
  private advance(stream: number, seq: number, length: number, timeMs: number, subMsNs: number): void {
    const at = stream * SIDE_WORDS;
    const isRunning = (this.words[at + W_FLAGS]! & RUNNING) !== 0;
    const known = isRunning ? difference(seq, this.words[at + W_NEXT]!) : 0;
    const fresh = known <= 0 ? length : Math.max(length - known, 0);
    this.deliver(stream, fresh, timeMs, subMsNs);
    if (known <= 0 || length >= known) this.words[at + W_NEXT] = (seq + length) | 0;
    this.words[at + W_FLAGS]! |= RUNNING;
  }

  private deliver(stream: number, length: number, timeMs: number, subMsNs: number): void {
    this.words[stream * SIDE_WORDS + W_PACKETS]! += 1;
    this.doubles[stream * SIDE_DOUBLES + D_BYTES]! += length;
    this.stamp(stream, timeMs, subMsNs);
  }

  /** A delivery that was captured before an earlier one is late. */
  private stamp(stream: number, timeMs: number, subMsNs: number): void {
    const latestAt = stream * SIDE_DOUBLES + D_LATEST;
    const subAt = stream * SIDE_WORDS + W_LATEST_SUB;
    const latest = this.doubles[latestAt]!;
    if (timeMs < latest || (timeMs === latest && subMsNs < this.words[subAt]!)) {
      this.words[stream * SIDE_WORDS + W_LATE]! += 1;
    } else {
      this.doubles[latestAt] = timeMs;
      this.words[subAt] = subMsNs;
    }
  }

  private behindOf(stream: number): Behind {
    let behind = this.behind.get(stream);
    if (behind === undefined) {
      behind = { waiting: [], skipped: 0, skippedBytes: 0 };
      this.behind.set(stream, behind);
    }
    return behind;
  }

  private wait(stream: number, segment: Waiting): boolean {
    const behind = this.behindOf(stream);
    this.words[stream * SIDE_WORDS + W_FLAGS]! |= HAS_WAITING;
    let rest = segment.length;
    let seq = segment.seq;
    do {
      const length = Math.min(rest, PAGE_BYTES);
      rest -= length;
      this.insert(behind, { ...segment, seq, length, isEnd: segment.isEnd && rest === 0 });
      seq = (seq + length) | 0;
    } while (rest > 0);
    let isComplete = false;
    while (!isComplete && this.mustSkip(stream, behind)) isComplete = this.skip(stream, behind);
    return isComplete;
  }

  private mustSkip(stream: number, behind: Behind): boolean {
    const { length } = behind.waiting;
    if (length === 0) return false;
    const isRunning = (this.words[stream * SIDE_WORDS + W_FLAGS]! & RUNNING) !== 0;
    return (
      length > (isRunning ? WAITING_MAX : WAITING_FOR_START_MAX) || this.waitingTotal > WAITING_TOTAL_MAX
    );
  }

  /** Behind the last one that is not after it. */
  private insert(behind: Behind, segment: Waiting): void {
    const { waiting } = behind;
    let index = waiting.length;
    while (index > 0 && difference(waiting[index - 1]!.seq, segment.seq) < 0) index--;
    waiting.splice(index, 0, segment);
    this.waitingTotal++;
  }

  /** Delivers what waits and fits; true when the last one delivered ends the stream. */
  private addContiguous(stream: number, isEnd: boolean): boolean {
    if ((this.words[stream * SIDE_WORDS + W_FLAGS]! & HAS_WAITING) === 0) return isEnd;
    const behind = this.behindOf(stream);
    let ends = isEnd;
    while (behind.waiting.length > 0) {
      if (difference(this.words[stream * SIDE_WORDS + W_NEXT]!, behind.waiting[0]!.seq) > 0) break;
      ends = this.addFirst(stream, behind);
    }
    if (behind.waiting.length === 0) this.words[stream * SIDE_WORDS + W_FLAGS]! &= ~HAS_WAITING;
    return ends;
  }

  private addFirst(stream: number, behind: Behind): boolean {
    const first = behind.waiting.shift()!;
    this.waitingTotal--;
    const at = stream * SIDE_WORDS;
    const isRunning = (this.words[at + W_FLAGS]! & RUNNING) !== 0;
    const gap = isRunning ? difference(this.words[at + W_NEXT]!, first.seq) : 0;
    if (gap > 0 || !isRunning) {
      // Without a start nobody knows how much is missing.
      behind.skipped++;
      behind.skippedBytes += gap;
    }
    this.advance(stream, first.seq, first.length, first.timeMs, first.subMsNs);
    if (first.isEnd) this.words[at + W_FLAGS]! |= SAW_END;
    return first.isEnd;
  }

  /** Gives up the gap before the first waiting segment. */
  private skip(stream: number, behind: Behind): boolean {
    return this.addContiguous(stream, this.addFirst(stream, behind));
  }

  /** True when nothing came since before `timeMs`. */
  isSilentSince(row: number, side: number, timeMs: number): boolean {
    const stream = 2 * row + side;
    if (this.doubles[stream * SIDE_DOUBLES + D_LATEST]! >= timeMs) return false;
    return !this.behind.get(stream)?.waiting.some((segment) => segment.timeMs >= timeMs);
  }

  /** Ends a stream, delivering all that waits over its gaps, and tells what it counted. */
  close(row: number, side: number): StreamCounts {
    const stream = 2 * row + side;
    const at = stream * SIDE_WORDS;
    const behind = this.behind.get(stream);
    const { words } = this;
    let isComplete = (words[at + W_FLAGS]! & SAW_END) !== 0;
    if (behind !== undefined) {
      while (behind.waiting.length > 0 && !isComplete) isComplete = this.skip(stream, behind);
      this.waitingTotal -= behind.waiting.length;
    }
    this.behind.delete(stream);
    const flags = words[at + W_FLAGS]!;
    words[at + W_FLAGS] = 0;
    return {
      packets: words[at + W_PACKETS]!,
      bytes: this.doubles[stream * SIDE_DOUBLES + D_BYTES]!,
      outOfOrder: words[at + W_LATE]!,
      skipped: behind?.skipped ?? 0,
      skippedBytes: behind?.skippedBytes ?? 0,
      sawStart: (flags & SAW_START) !== 0,
      sawEnd: (flags & SAW_END) !== 0,
    };
  }
}
