/**
 * SQLite that counts the rows it writes, as the platform bills them: a row of a table and one of each index are two, a
 * deletion is a write.
 */
export class RowMeter {
  #rows = 0;

  /** The same database, counted. */
  of(sql: SqlStorage): SqlStorage {
    const exec = (query: string, ...bindings: SqlStorageValue[]) => {
      const cursor = sql.exec(query, ...bindings);
      // Statements without an answer are through by now.
      this.#rows += cursor.rowsWritten;
      return cursor;
    };
    const metered = {
      exec,
      get databaseSize() {
        return sql.databaseSize;
      },
    };
    return metered as SqlStorage;
  }

  /** How many since it was asked last. */
  take(): number {
    const rows = this.#rows;
    this.#rows = 0;
    return rows;
  }
}
