/**
 * The schema of one object class as a numbered list of migrations. Each object's SQLite remembers in `meta` how many
 * it has run; waking runs the rest, all or nothing. Migrations that were released are never edited.
 */
type Migration = (sql: SqlStorage) => void;

export interface Schema {
  /** For error texts. */
  readonly name: string;
  readonly migrations: readonly Migration[];
}

/**
 * Brings the storage to the newest version. Throws when the storage is newer than this program, so that an old
 * program never writes into tables it does not know; every request to the object then fails with that text.
 */
export function migrate(storage: DurableObjectStorage, schema: Schema): void {
  storage.transactionSync(() => {
    const sql = storage.sql;
    sql.exec('CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
    const version = Number(readMeta(sql, 'schema') ?? '0');
    if (version > schema.migrations.length)
      throw new Error(
        `${schema.name} has schema ${version}, this program knows ${schema.migrations.length}: update the program`,
      );
    if (version === schema.migrations.length) return;
    for (const migration of schema.migrations.slice(version)) migration(sql);
    writeMeta(sql, 'schema', String(schema.migrations.length));
  });
}

export function readMeta(sql: SqlStorage, key: string): string | undefined {
  for (const row of sql.exec<{ value: string }>('SELECT value FROM meta WHERE key = ?', key))
    return row.value;
  return undefined;
}

export function writeMeta(sql: SqlStorage, key: string, value: string): void {
  sql.exec('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, value);
}
