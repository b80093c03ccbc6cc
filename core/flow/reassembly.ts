/**
 * Follows one direction of a TCP connection and counts what arrived in which order (flow model notes, section 9):
 * segments delivered, their bytes, gaps and bytes skipped, late ones. Only lengths are kept, never the data.
 * Counting follows the reference's stream assembler: a segment ahead of a gap waits, repeated bytes count once, the
 * stream is complete with FIN or RST, or when it was silent for 30 s.
 */

/** Segments that wait for a gap to close; with more the gap is skipped. */
const WAITING_MAX = 1024;
/** The reference keeps waiting bytes in pages of this size and counts each as a segment. */
const PAGE_BYTES = 1900;

interface Waiting {
  readonly seq: number;
  readonly length: number;
  readonly isEnd: boolean;
  readonly timeMs: number;
  readonly subMsNs: number;
}

/** b - a on the circle of 32-bit sequence numbers. */
function difference(a: number, b: number): number {
  return (b - a) | 0;
}

export class TcpStream {
  packets = 0;
  bytes = 0;
  outOfOrder = 0;
  skipped = 0;
  skippedBytes = 0;
  sawStart = false;
  sawEnd = false;
  isComplete = false;
  /** ms of the last packet. */
  lastMs = 0;
  /** Sequence number expected next; undefined until the start was seen. */
  private next: number | undefined;
  private waiting: Waiting[] = [];
  /** Time of the latest delivery. */
  private latestMs = -Infinity;
  private latestSubNs = 0;

  /** A packet with payload, SYN, FIN or RST. */
  take(seq: number, length: number, isSyn: boolean, isEnd: boolean, timeMs: number, subMsNs: number): void {
    if (timeMs > this.lastMs) this.lastMs = timeMs;
    if (this.next === undefined) {
      if (isSyn) {
        this.deliver(length, timeMs, subMsNs);
        this.sawStart = true;
        this.next = (seq + length + 1) | 0;
        // The reference ends a stream with the last of what it delivers at once: a start never ends it.
        this.addContiguous(false);
      } else {
        this.wait(seq, length, isEnd, timeMs, subMsNs);
      }
    } else if (difference(this.next, seq) > 0) {
      this.wait(seq, length, isEnd, timeMs, subMsNs);
    } else {
      this.advance(seq, length, timeMs, subMsNs);
      if (isEnd) this.sawEnd = true;
      this.addContiguous(isEnd);
    }
  }

  /** Delivers a segment that starts at or before the expected number: only its new bytes. */
  private advance(seq: number, length: number, timeMs: number, subMsNs: number): void {
    const span = this.next === undefined ? 0 : difference(seq, this.next);
    if (span <= 0) {
      this.deliver(length, timeMs, subMsNs);
      this.next = (seq + length) | 0;
    } else if (length < span) {
      this.deliver(0, timeMs, subMsNs);
    } else {
      this.deliver(length - span, timeMs, subMsNs);
      this.next = (seq + length) | 0;
    }
  }

  private deliver(length: number, timeMs: number, subMsNs: number): void {
    this.packets++;
    this.bytes += length;
    const isLate = timeMs < this.latestMs || (timeMs === this.latestMs && subMsNs < this.latestSubNs);
    if (isLate) {
      this.outOfOrder++;
    } else {
      this.latestMs = timeMs;
      this.latestSubNs = subMsNs;
    }
  }

  private wait(seq: number, length: number, isEnd: boolean, timeMs: number, subMsNs: number): void {
    let rest = length;
    let at = seq;
    do {
      const piece = Math.min(rest, PAGE_BYTES);
      rest -= piece;
      this.insert({ seq: at, length: piece, isEnd: isEnd && rest === 0, timeMs, subMsNs });
      at = (at + piece) | 0;
    } while (rest > 0);
    while (this.waiting.length > WAITING_MAX && !this.isComplete) this.skip();
  }

  /** Behind the last one that is not after it. */
  private insert(segment: Waiting): void {
    let index = this.waiting.length;
    while (index > 0 && difference(this.waiting[index - 1]!.seq, segment.seq) < 0) index--;
    this.waiting.splice(index, 0, segment);
  }

  /** Delivers what waits and fits; `isEnd`: the last delivered one ended the stream. */
  private addContiguous(isEnd: boolean): void {
    let ends = isEnd;
    while (this.waiting.length > 0 && difference(this.next!, this.waiting[0]!.seq) <= 0)
      ends = this.addFirst();
    if (ends) this.isComplete = true;
  }

  private addFirst(): boolean {
    const first = this.waiting.shift()!;
    const gap = this.next === undefined ? -1 : difference(this.next, first.seq);
    if (gap !== 0 && (gap > 0 || this.next === undefined)) {
      // Without a start nobody knows how much is missing.
      this.skipped++;
      this.skippedBytes += Math.max(gap, 0);
    }
    this.advance(first.seq, first.length, first.timeMs, first.subMsNs);
    if (first.isEnd) this.sawEnd = true;
    return first.isEnd;
  }

  /** Gives up the gap before the first waiting segment. */
  private skip(): void {
    this.addContiguous(this.addFirst());
  }

  /** Delivers all that waits, over its gaps; the stream is complete then. */
  flush(): void {
    while (this.waiting.length > 0 && !this.isComplete) this.skip();
    this.isComplete = true;
  }
}
