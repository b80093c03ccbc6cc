/**
 * The table of what a graph was (`core/graph/past-packs.ts` says why it lies so). Rows are what costs: everything that ends in
 * one write becomes a row for each length of life, one or two as a rule, however many elements changed. The key is the
 * table itself, so that no index doubles the rows.
 *
 * `meta.past` keeps how much there is, because counting would read all of it.
 */
import { PACK_LEVELS, packStates, rangesOf, type EndedState } from '../../core/graph/past-packs.ts';
import type { TimeSlice } from '../../core/graph/history.ts';
import { limits } from '../../core/limits.ts';
import { readMeta, writeMeta } from './migrations.ts';

/** What the table holds. */
export interface PastSize {
  readonly rows: number;
  readonly revisions: number;
  /** Of JSON. */
  readonly chars: number;
}

/** States as a JSON list of NodeJson and EdgeJson; what has no `Ended` (ms since 1970) ended at `toMs`. */
export interface StoredStates {
  readonly toMs: number;
  readonly json: string;
}

/** A character of JSON has at most three bytes, and a row may have 2 MB. */
const PACK_CHARS_MAX = limits.rowBytesMax / 3;
/** Rows deleted in one statement. */
const FORGET_ROWS = 1_000;

export class PastStore {
  readonly #sql: SqlStorage;
  #size: PastSize;
  /** Of the next row. A time can come twice when the clock is set back; the numbers do not. */
  #next: number;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    const kept = JSON.parse(readMeta(sql, 'past') ?? '{}') as Partial<PastSize & { next: number }>;
    this.#size = { rows: kept.rows ?? 0, revisions: kept.revisions ?? 0, chars: kept.chars ?? 0 };
    this.#next = kept.next ?? 1;
  }

  get size(): PastSize {
    return this.#size;
  }

  /** Adds what ended. Only inside a transaction. */
  add(states: readonly EndedState[]): void {
    if (states.length === 0) return;
    for (const pack of packStates(states, PACK_CHARS_MAX)) {
      this.#sql.exec(
        `INSERT INTO past (level, to_ms, number, from_ms, revisions, chars, json) VALUES (?, ?, ?, ?, ?, ?, ?)`,
        pack.level,
        pack.toMs,
        this.#next++,
        pack.fromMs,
        pack.count,
        pack.json.length,
        pack.json,
      );
      this.#grow({ rows: 1, revisions: pack.count, chars: pack.json.length }, 1);
    }
    this.#keepSize();
  }

  #grow({ rows, revisions, chars }: PastSize, sign: 1 | -1): void {
    this.#size = {
      rows: this.#size.rows + sign * rows,
      revisions: this.#size.revisions + sign * revisions,
      chars: this.#size.chars + sign * chars,
    };
  }

  #keepSize(): void {
    writeMeta(this.#sql, 'past', JSON.stringify({ ...this.#size, next: this.#next }));
  }

  /** Everything that may belong to the slice; `onRows` hears of the rows looked at. */
  *read(slice: TimeSlice, onRows: (rows: number, chars: number) => void): Generator<StoredStates> {
    for (const { level, endsFrom, endsBefore, beginsTo } of rangesOf(slice)) {
      const cursor = this.#sql.exec<{ to_ms: number; json: string }>(
        `SELECT to_ms, json FROM past
         WHERE level = ? AND to_ms >= ? AND to_ms < ? AND from_ms <= ? ORDER BY to_ms, number`,
        level,
        endsFrom,
        endsBefore,
        beginsTo,
      );
      let seen = 0;
      for (const { to_ms, json } of cursor) {
        onRows(cursor.rowsRead - seen, json.length);
        seen = cursor.rowsRead;
        yield { toMs: to_ms, json };
      }
      onRows(cursor.rowsRead - seen, 0);
    }
  }

  /** When the first of what is kept ended, ms since 1970. */
  oldestMs(): number | undefined {
    let oldest: number | undefined;
    for (let level = 0; level < PACK_LEVELS; level++)
      for (const { to_ms } of this.#first(level, 1))
        if (oldest === undefined || to_ms < oldest) oldest = to_ms;
    return oldest;
  }

  #first(level: number, rows: number, beforeMs = Number.MAX_SAFE_INTEGER) {
    return this.#sql
      .exec<{ to_ms: number; number: number; revisions: number; chars: number }>(
        `SELECT to_ms, number, revisions, chars FROM past WHERE level = ? AND to_ms < ?
         ORDER BY to_ms, number LIMIT ?`,
        level,
        beforeMs,
        rows,
      )
      .toArray();
  }

  /** Deletes what ended before the time; how many revisions that were. Only inside a transaction. */
  forget(beforeMs: number): number {
    const before = this.#size.revisions;
    for (let level = 0; level < PACK_LEVELS; level++)
      for (;;) {
        const old = this.#first(level, FORGET_ROWS, beforeMs);
        const last = old.at(-1);
        if (last === undefined) break;
        this.#sql.exec(
          'DELETE FROM past WHERE level = ? AND (to_ms, number) <= (?, ?)',
          level,
          last.to_ms,
          last.number,
        );
        for (const { revisions, chars } of old) this.#grow({ rows: 1, revisions, chars }, -1);
        if (old.length < FORGET_ROWS) break;
      }
    const forgotten = before - this.#size.revisions;
    if (forgotten > 0) this.#keepSize();
    return forgotten;
  }

  /** Deletes the oldest beyond so many characters; how many revisions that were. Only inside a transaction. */
  shrink(charsMax: number, nowMs: number): number {
    let forgotten = 0;
    while (this.#size.chars > charsMax) {
      const oldest = this.oldestMs();
      if (oldest === undefined) break;
      // As if it were spread evenly; each round takes a row at least.
      const share = 1 - charsMax / this.#size.chars;
      forgotten += this.forget(oldest + 1 + Math.max(0, Math.floor((nowMs - oldest) * share)));
    }
    return forgotten;
  }
}
