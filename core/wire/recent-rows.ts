/**
 * The rows a hub sent of late, each with a position, so that a subscriber whose connection broke can go on where it was. Bounded in
 * bytes and in age; the oldest go first.
 */
import { limits, timings } from '../limits.ts';

/** `<epoch>.<row>.<ms since 1970>`: a row counts only beside others of its epoch, in which none is missing. */
const POSITION = /^([0-9a-f-]{36})\.(\d{1,15})\.(\d{1,15})$/;

/** What a subscriber sends that has no position yet and wants them. */
export const RESUME_NOW = 'now';

export function isResume(text: string): boolean {
  return text === RESUME_NOW || POSITION.test(text);
}

/** When the position was given, in ms since 1970; undefined for none. */
export function timeOfPosition(position: string): number | undefined {
  const ms = POSITION.exec(position)?.[3];
  return ms === undefined ? undefined : Number(ms);
}

interface Kept {
  readonly row: Uint8Array;
  readonly atMs: number;
}

export class RecentRows {
  readonly #newEpoch: () => string;
  #epoch: string;
  #rows: Kept[] = [];
  #bytes = 0;
  /** Rows of this epoch so far; the last one kept has this number. */
  #count = 0;

  /** `newEpoch` gives a UUID that no hub has had. */
  constructor(newEpoch: () => string) {
    this.#newEpoch = newEpoch;
    this.#epoch = newEpoch();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Where a subscriber is that has got all rows. */
  position(nowMs: number): string {
    return `${this.#epoch}.${this.#count}.${nowMs}`;
  }

  add(row: Uint8Array, nowMs: number): void {
    this.#rows.push({ row, atMs: nowMs });
    this.#bytes += row.length;
    this.#count++;
    let gone = 0;
    while (
      gone < this.#rows.length &&
      (this.#bytes > limits.hubRecentBytesMax || this.#rows[gone]!.atMs < nowMs - timings.hubRecentMs)
    )
      this.#bytes -= this.#rows[gone++]!.row.length;
    if (gone > 0) this.#rows = this.#rows.slice(gone);
  }

  /** The rows that came after the position; undefined when some of them are not here any more. */
  after(position: string): readonly Uint8Array[] | undefined {
    const [, epoch, row] = POSITION.exec(position) ?? [];
    const missing = this.#count - Number(row);
    if (epoch !== this.#epoch || missing < 0 || missing > this.#rows.length) return undefined;
    return this.#rows.slice(this.#rows.length - missing).map((kept) => kept.row);
  }

  /** Rows will pass that are not told here: positions given until now are worth nothing. */
  forget(): void {
    if (this.#count === 0) return;
    this.#rows = [];
    this.#bytes = 0;
    this.#count = 0;
    this.#epoch = this.#newEpoch();
  }
}
