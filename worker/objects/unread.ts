/**
 * How much of what was sent to a WebSocket its peer has not taken, without `bufferedAmount`, which workerd 1.20261023 does
 * not have: bytes given to `send` less those that the peer's kernel acknowledged (scripts/start/connection-report.ts).
 */

/** Counted by the kernel since the connection began; `queued` is what it holds unacknowledged now. */
export type ConnectionFacts = readonly [acked: number, received: number, queued: number];

/** An empty queue and less than this unread: all was taken, the rest are pongs and headers counted as ours. */
const UNCERTAIN_BYTES = 65_536;

/** RFC 6455, section 5.2: two bytes, and two or eight more for the length. */
export function frameBytes(payloadBytes: number): number {
  return payloadBytes + (payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10);
}

export class Unread {
  /** Unread when it was looked at last, and sent since. */
  #known = 0;
  #sent = 0;
  /** None before the first look; then a new connection has acknowledged nothing of ours. */
  #facts: ConnectionFacts | undefined;

  constructor(isNew: boolean) {
    if (isNew) this.#facts = [0, 0, 0];
  }

  /** Bytes unread, at most. */
  get bytes(): number {
    return this.#known + this.#sent;
  }

  sent(bytes: number): void {
    this.#sent += bytes;
  }

  /** What was sent so far, to be given to `look` with facts that are asked for from now on. */
  mark(): number {
    return this.#sent;
  }

  /** Takes what the kernel says now. Without facts nothing is known of this connection, and nothing is held against it. */
  look(mark: number, facts: ConnectionFacts | undefined): void {
    this.#sent -= mark;
    this.#known = facts === undefined ? 0 : this.#knownBy(mark, facts);
    this.#facts = facts;
  }

  #knownBy(mark: number, facts: ConnectionFacts): number {
    if (this.#facts === undefined) return facts[2];
    const acked = facts[0] - this.#facts[0];
    // Pongs are acknowledged like flows; they are no more than the pings that came.
    const received = facts[1] - this.#facts[1];
    const known = Math.max(0, this.#known + mark - Math.max(0, acked - received));
    return facts[2] === 0 && known < UNCERTAIN_BYTES ? 0 : known;
  }
}
