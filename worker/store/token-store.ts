/** The tokens of a fabric, in the Registry's tables: never a token itself, only the digest of it. */

export interface StoredToken {
  readonly id: string;
  readonly name: string;
  readonly isSession: boolean;
  readonly roles: readonly string[];
  /** `capture:read`; undefined: everything that the roles may. */
  readonly scopes: readonly string[] | undefined;
  readonly hostId: string;
  readonly createdBy: string;
  /** ms since 1970. */
  readonly createdMs: number;
  readonly expiresMs: number | undefined;
  readonly lastUsedMs: number | undefined;
}

type Row = {
  id: string;
  name: string;
  session: number;
  roles: string;
  scopes: string | null;
  host_id: string;
  created_by: string;
  created_ms: number;
  expires_ms: number | null;
  last_used_ms: number | null;
};

const COLUMNS = 'id, name, session, roles, scopes, host_id, created_by, created_ms, expires_ms, last_used_ms';

export const tokenTables = `
  CREATE TABLE token (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL, name TEXT NOT NULL, session INTEGER NOT NULL, roles TEXT NOT NULL,
    scopes TEXT, host_id TEXT NOT NULL, created_by TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER,
    last_used_ms INTEGER) WITHOUT ROWID;
`;

export class TokenStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  insert(token: StoredToken, digest: string): void {
    this.#sql.exec(
      'INSERT INTO token (id, digest, name, session, roles, scopes, host_id, created_by, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      token.id,
      digest,
      token.name,
      token.isSession ? 1 : 0,
      JSON.stringify(token.roles),
      token.scopes === undefined ? null : JSON.stringify(token.scopes),
      token.hostId,
      token.createdBy,
      token.createdMs,
      token.expiresMs ?? null,
    );
  }

  /** The token of this id when its digest is this one and it has not ended. */
  find(id: string, digest: string, nowMs: number): StoredToken | undefined {
    const rows = this.#sql.exec<Row>(
      `SELECT ${COLUMNS} FROM token WHERE id = ? AND digest = ? AND (expires_ms IS NULL OR expires_ms > ?)`,
      id,
      digest,
      nowMs,
    );
    return [...rows].map(tokenOf)[0];
  }

  /** What people made; oldest first. */
  list(nowMs: number): StoredToken[] {
    const rows = this.#sql.exec<Row>(
      `SELECT ${COLUMNS} FROM token WHERE session = 0 AND (expires_ms IS NULL OR expires_ms > ?) ORDER BY created_ms, id`,
      nowMs,
    );
    return [...rows].map(tokenOf);
  }

  get(id: string, nowMs: number): StoredToken | undefined {
    return this.list(nowMs).find((token) => token.id === id);
  }

  count(isSession: boolean): number {
    return this.#sql
      .exec<{ n: number }>('SELECT count(*) AS n FROM token WHERE session = ?', isSession ? 1 : 0)
      .one().n;
  }

  /** False when there was none. */
  delete(id: string): boolean {
    return this.#sql.exec('DELETE FROM token WHERE id = ?', id).rowsWritten > 0;
  }

  /** Sessions beyond so many, the oldest; and everything that has ended. */
  clean(sessionsMax: number, nowMs: number): void {
    this.#sql.exec('DELETE FROM token WHERE expires_ms <= ?', nowMs);
    this.#sql.exec(
      'DELETE FROM token WHERE session = 1 AND id IN (SELECT id FROM token WHERE session = 1 ORDER BY created_ms DESC LIMIT -1 OFFSET ?)',
      sessionsMax,
    );
  }

  used(id: string, nowMs: number): void {
    this.#sql.exec('UPDATE token SET last_used_ms = ? WHERE id = ?', nowMs, id);
  }
}

function tokenOf(row: Row): StoredToken {
  return {
    id: row.id,
    name: row.name,
    isSession: row.session === 1,
    roles: JSON.parse(row.roles) as string[],
    scopes: row.scopes === null ? undefined : (JSON.parse(row.scopes) as string[]),
    hostId: row.host_id,
    createdBy: row.created_by,
    createdMs: row.created_ms,
    expiresMs: row.expires_ms ?? undefined,
    lastUsedMs: row.last_used_ms ?? undefined,
  };
}
