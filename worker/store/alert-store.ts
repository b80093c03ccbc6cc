/** What each alert said last, in the Topology object's tables: an analyzer that starts again does not say it again. */

export const alertTables = `
  CREATE TABLE alert (uuid TEXT PRIMARY KEY, json TEXT NOT NULL, digest TEXT NOT NULL, fired_ms INTEGER) WITHOUT ROWID;
`;

export interface KnownAlert {
  /** JSON text of the alert. */
  readonly json: string;
  /** Of its last answer; "" for one that said nothing. */
  readonly digest: string;
  /** ms since 1970. */
  readonly firedMs: number | undefined;
}

type Row = { uuid: string; json: string; digest: string; fired_ms: number | null };

export class AlertStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  all(): Map<string, KnownAlert> {
    const rows = this.#sql.exec<Row>('SELECT uuid, json, digest, fired_ms FROM alert');
    return new Map(
      [...rows].map((row) => [
        row.uuid,
        { json: row.json, digest: row.digest, firedMs: row.fired_ms ?? undefined },
      ]),
    );
  }

  set(uuid: string, { json, digest, firedMs }: KnownAlert): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO alert (uuid, json, digest, fired_ms) VALUES (?, ?, ?, ?)',
      uuid,
      json,
      digest,
      firedMs ?? null,
    );
  }

  delete(uuid: string): void {
    this.#sql.exec('DELETE FROM alert WHERE uuid = ?', uuid);
  }
}
