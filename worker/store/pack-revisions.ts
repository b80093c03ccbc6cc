/**
 * Schema 1 of the Topology kept a row for each state that had ended (`revision`); schema 2 has them packed (`past`). The
 * statements stand here and not in `past-store.ts`, because a migration stays as it was when the table changes again.
 */
import { packStates, type EndedState } from '../../core/graph/past-packs.ts';
import { writeMeta } from './migrations.ts';

/** Rows read at once. */
const ROWS = 1_000;
const PACK_CHARS_MAX = 500_000;

/** Inside the migration's transaction. About 100,000 rows a second. */
export function packRevisions(sql: SqlStorage): void {
  const size = { rows: 0, revisions: 0, chars: 0 };
  const add = (states: readonly EndedState[]): void => {
    for (const pack of packStates(states, PACK_CHARS_MAX)) {
      sql.exec(
        `INSERT INTO past (level, to_ms, number, from_ms, revisions, chars, json) VALUES (?, ?, ?, ?, ?, ?, ?)`,
        pack.level,
        pack.toMs,
        ++size.rows,
        pack.fromMs,
        pack.count,
        pack.json.length,
        pack.json,
      );
      size.revisions += pack.count;
      size.chars += pack.json.length;
    }
  };
  for (let next = 0, more = true; more;) {
    const rows = sql
      .exec<{ row: number; from_ms: number; to_ms: number; json: string }>(
        `SELECT row, from_ms, to_ms, json FROM revision WHERE row >= ? ORDER BY row LIMIT ${ROWS}`,
        next,
      )
      .toArray();
    const byEnd = new Map<number, EndedState[]>();
    for (const { row, from_ms: fromMs, to_ms: toMs, json: text } of rows) {
      next = row + 1;
      const same = byEnd.get(toMs);
      if (same === undefined) byEnd.set(toMs, [{ fromMs, toMs, text }]);
      else same.push({ fromMs, toMs, text });
    }
    for (const states of byEnd.values()) add(states);
    more = rows.length === ROWS;
  }
  writeMeta(sql, 'past', JSON.stringify({ ...size, next: size.rows + 1 }));
  sql.exec('DROP TABLE revision');
}
