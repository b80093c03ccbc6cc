/**
 * Which flow leaves a full table: the idlest. Looking through all rows costs milliseconds, so one look picks a batch
 * of the idlest, which then leave one by one; one of them that got a packet meanwhile stays.
 */
import { D_LAST, ROW_DOUBLES } from './rows.ts';
import type { FlowRows } from './rows.ts';

/** A look picks about one of so many rows. */
const SHARE = 64;
/** Rows whose idle times stand for those of all: sorting a hundred thousand takes ten times a look through them. */
const SAMPLE_MAX = 4_096;

export class Evictions {
  private readonly rows: FlowRows;
  /** Rows picked, the idlest last, and when each had its last packet. */
  private picked: { row: number; last: number }[] = [];

  constructor(rows: FlowRows) {
    this.rows = rows;
  }

  /** The row to evict. The table must not be empty. */
  next(): number {
    for (;;) {
      const candidate = this.picked.pop();
      if (candidate === undefined) {
        this.pick();
        continue;
      }
      const { row, last } = candidate;
      if (this.rows.due[row] !== Infinity && this.rows.doubles[row * ROW_DOUBLES + D_LAST] === last)
        return row;
    }
  }

  private pick(): void {
    const { doubles, due, used, size } = this.rows;
    const count = Math.max(1, Math.floor(size / SHARE));
    const threshold = this.threshold();
    for (let row = used - 1; row >= 0; row--) {
      const last = doubles[row * ROW_DOUBLES + D_LAST]!;
      if (due[row] !== Infinity && last <= threshold) this.picked.push({ row, last });
    }
    this.picked.sort((a, b) => b.last - a.last);
    // Equal times can be many: the rest waits for another look.
    if (this.picked.length > count) this.picked = this.picked.slice(this.picked.length - count);
  }

  /** A time that about one of SHARE flows has been idle since, and one at least. */
  private threshold(): number {
    const { doubles, due, used, size } = this.rows;
    const step = Math.max(1, Math.floor(used / SAMPLE_MAX));
    const lasts = new Float64Array(Math.min(size, Math.ceil(used / step)));
    let n = 0;
    for (let row = 0; row < used; row += step)
      if (due[row] !== Infinity) lasts[n++] = doubles[row * ROW_DOUBLES + D_LAST]!;
    // Few are live and none was met.
    if (n === 0) return Infinity;
    return lasts.subarray(0, n).sort()[Math.max(1, Math.floor(n / SHARE)) - 1]!;
  }
}
