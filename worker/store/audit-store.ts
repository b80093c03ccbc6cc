/** Who changed what, and who was refused, in the Registry's tables: the newest of it. */
import { limits } from '../../core/limits.ts';

export const auditTables = `
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    address TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, object TEXT NOT NULL, action TEXT NOT NULL,
    status INTEGER NOT NULL, request_id TEXT NOT NULL);
`;

/** One request; never its body, its query or a credential. */
export interface AuditEntry {
  readonly timeMs: number;
  readonly name: string;
  readonly kind: string;
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly object: string;
  readonly action: string;
  /** 0 while it is not known how it ended. */
  readonly status: number;
  readonly requestId: string;
}

/** How an entry's change ended. */
export interface AuditOutcome {
  readonly seq: number;
  readonly status: number;
}

export interface AuditQuery {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** "" for any. */
  readonly user: string;
  readonly object: string;
  readonly limit: number;
  /** Number of the entry behind which to go on; 0 for the newest. */
  readonly before: number;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** 0 when there are no more. */
  readonly next: number;
}

type Row = {
  seq: number;
  time_ms: number;
  name: string;
  kind: string;
  address: string;
  method: string;
  path: string;
  object: string;
  action: string;
  status: number;
  request_id: string;
};

export class AuditStore {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /** The number of the last. */
  add(entries: readonly AuditEntry[]): number {
    let last = 0;
    this.#storage.transactionSync(() => {
      for (const { timeMs, name, kind, address, method, path, object, action, status, requestId } of entries)
        last = this.#sql
          .exec<{ seq: number }>(
            'INSERT INTO audit (time_ms, name, kind, address, method, path, object, action, status, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq',
            timeMs,
            name,
            kind,
            address,
            method,
            path,
            object,
            action,
            status,
            requestId,
          )
          .one().seq;
    });
    return last;
  }

  end(outcomes: readonly AuditOutcome[]): void {
    this.#storage.transactionSync(() => {
      for (const { seq, status } of outcomes)
        this.#sql.exec('UPDATE audit SET status = ? WHERE seq = ?', status, seq);
    });
  }

  /** Removes the oldest, a bounded number at once: what is more than `most`, and what is older than `sinceMs`. */
  prune(most: number, sinceMs: number): void {
    const tooMany = (this.#ends()?.last ?? 0) - most;
    this.#sql.exec(
      'DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE seq <= ? ORDER BY seq LIMIT ?)',
      tooMany,
      limits.auditPrunedMax,
    );
    const oldest = this.#sql
      .exec<{ time_ms: number }>('SELECT time_ms FROM audit ORDER BY seq LIMIT 1')
      .toArray()[0];
    if (oldest === undefined || oldest.time_ms >= sinceMs) return;
    // Only from the beginning: what is left has no holes, and its size is told by its ends.
    this.#sql.exec(
      `DELETE FROM audit WHERE seq <= (SELECT max(seq) FROM (SELECT seq FROM audit ORDER BY seq LIMIT ?)) AND seq < coalesce(
        (SELECT min(seq) FROM (SELECT seq, time_ms FROM audit ORDER BY seq LIMIT ?) WHERE time_ms >= ?), ?)`,
      limits.auditPrunedMax,
      limits.auditPrunedMax,
      sinceMs,
      Number.MAX_SAFE_INTEGER,
    );
  }

  /** Newest first. */
  find({ sinceMs, untilMs, user, object, limit, before }: AuditQuery): AuditPage {
    const rows = this.#sql
      .exec<Row>(
        `SELECT * FROM audit WHERE time_ms >= ? AND time_ms <= ? AND (? = '' OR name = ?) AND (? = '' OR object = ?)
          AND (? = 0 OR seq < ?) ORDER BY seq DESC LIMIT ?`,
        sinceMs,
        untilMs,
        user,
        user,
        object,
        object,
        before,
        before,
        limit + 1,
      )
      .toArray();
    const shown = rows.slice(0, limit);
    return {
      entries: shown.map((row) => ({
        timeMs: row.time_ms,
        name: row.name,
        kind: row.kind,
        address: row.address,
        method: row.method,
        path: row.path,
        object: row.object,
        action: row.action,
        status: row.status,
        requestId: row.request_id,
      })),
      next: rows.length > limit ? (shown.at(-1)?.seq ?? 0) : 0,
    };
  }

  get size(): number {
    const ends = this.#ends();
    return ends === undefined ? 0 : ends.last - ends.first + 1;
  }

  /** Undefined when there is none. */
  #ends(): { readonly first: number; readonly last: number } | undefined {
    const { first, last } = this.#sql
      .exec<{ first: number | null; last: number | null }>(
        'SELECT (SELECT min(seq) FROM audit) AS first, (SELECT max(seq) FROM audit) AS last',
      )
      .one();
    return first === null || last === null ? undefined : { first, last };
  }
}
