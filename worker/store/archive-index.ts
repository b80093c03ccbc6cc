/** Which files of a shard's past are in the archive, and which time each tells of: one row a file. */

export interface ArchivedFile {
  readonly name: string;
  /** Of the log, the last one in it. */
  readonly lastRow: number;
  /** When its first update was written, ms since 1970. */
  readonly atMs: number;
  /** The time that its updates tell of. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly flows: number;
  readonly bytes: number;
}

export interface ArchiveSize {
  readonly files: number;
  /** Flow messages. */
  readonly flows: number;
  readonly bytes: number;
  readonly oldestMs: number | null;
}

type Stored = {
  name: string;
  last_row: number;
  at_ms: number;
  from_ms: number;
  to_ms: number;
  flows: number;
  bytes: number;
};

export function createArchiveTable(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE archive (
      last_row INTEGER PRIMARY KEY, name TEXT NOT NULL, at_ms INTEGER NOT NULL, from_ms INTEGER NOT NULL,
      to_ms INTEGER NOT NULL, flows INTEGER NOT NULL, bytes INTEGER NOT NULL);
  `);
}

export class ArchiveIndex {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  add({ name, lastRow, atMs, fromMs, toMs, flows, bytes }: ArchivedFile): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO archive (last_row, name, at_ms, from_ms, to_ms, flows, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)',
      lastRow,
      name,
      atMs,
      fromMs,
      toMs,
      flows,
      bytes,
    );
  }

  remove(lastRow: number): void {
    this.#sql.exec('DELETE FROM archive WHERE last_row = ?', lastRow);
  }

  /** Those that tell of a time between the two, the newest first. */
  between(fromMs: number, toMs: number): readonly ArchivedFile[] {
    return this.#files('WHERE to_ms >= ? AND from_ms <= ? ORDER BY last_row DESC', fromMs, toMs);
  }

  /** The oldest one that is older than the time, or any when there are more bytes than that. */
  surplus(beforeMs: number, bytesMax: number): ArchivedFile | undefined {
    const [oldest] = this.#files('ORDER BY last_row LIMIT 1');
    if (oldest === undefined) return undefined;
    return oldest.atMs < beforeMs || this.size().bytes > bytesMax ? oldest : undefined;
  }

  #files(how: string, ...values: readonly number[]): readonly ArchivedFile[] {
    return this.#sql
      .exec<Stored>(
        `SELECT name, last_row, at_ms, from_ms, to_ms, flows, bytes FROM archive ${how}`,
        ...values,
      )
      .toArray()
      .map(({ name, last_row, at_ms, from_ms, to_ms, flows, bytes }) => ({
        name,
        lastRow: last_row,
        atMs: at_ms,
        fromMs: from_ms,
        toMs: to_ms,
        flows,
        bytes,
      }));
  }

  size(): ArchiveSize {
    const { files, flows, bytes, oldest } = this.#sql
      .exec<{ files: number; flows: number; bytes: number; oldest: number | null }>(
        'SELECT count(*) AS files, total(flows) AS flows, total(bytes) AS bytes, min(at_ms) AS oldest FROM archive',
      )
      .one();
    return { files, flows, bytes, oldestMs: oldest };
  }
}
