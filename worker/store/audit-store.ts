/** Who changed what, and who was refused, in the Registry's tables: the newest of it. */

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
  readonly status: number;
  readonly requestId: string;
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

  /** Keeps at most so many, the newest. */
  add(entries: readonly AuditEntry[], most: number): void {
    this.#storage.transactionSync(() => {
      for (const { timeMs, name, kind, address, method, path, object, action, status, requestId } of entries)
        this.#sql.exec(
          'INSERT INTO audit (time_ms, name, kind, address, method, path, object, action, status, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
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
        );
      this.#sql.exec('DELETE FROM audit WHERE seq <= (SELECT max(seq) FROM audit) - ?', most);
    });
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
    return this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM audit').one().n;
  }
}
