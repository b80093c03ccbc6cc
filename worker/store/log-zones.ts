/**
 * Where in a shard's log which time is told of: a row of `zone` for every 256 rows of the log, so that the index costs next to
 * nothing to write and a week of it is read in some milliseconds. The zone that is still growing is in memory and is made
 * anew from the heads of its rows when the object wakes.
 */

/** Rows of the log in one zone. */
const ZONE_ROWS = 256;
/** Heads of rows read at once while waking. */
const LOAD_ROWS = 1_000;

export interface LogRowHead {
  readonly row: number;
  /** The time that its flow messages tell of, ms since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly flows: number;
  readonly bytes: number;
}

export interface LogSize {
  readonly rows: number;
  /** Flow messages. */
  readonly flows: number;
  readonly bytes: number;
}

interface Zone {
  firstRow: number;
  lastRow: number;
  rows: number;
  fromMs: number;
  toMs: number;
  flows: number;
  bytes: number;
}

type HeadRow = { row: number; from_ms: number; to_ms: number; flows: number; bytes: number };

export class LogZones {
  readonly #sql: SqlStorage;
  #open: Zone | undefined;

  /** `sql` is that of the storage, counted. */
  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql) {
    this.#sql = sql;
    storage.transactionSync(() => this.#load());
  }

  /** Takes up what is in no zone yet: some rows as a rule, a whole log when it is older than its zones. */
  #load(): void {
    let { last } = this.#sql.exec<{ last: number | null }>('SELECT max(last_row) AS last FROM zone').one();
    for (;;) {
      const rows = this.#sql
        .exec<HeadRow>(
          `SELECT row, from_ms, to_ms, flows, length(blob) AS bytes FROM log WHERE row > ? ORDER BY row LIMIT ${LOAD_ROWS}`,
          last ?? -1,
        )
        .toArray();
      for (const { row, from_ms: fromMs, to_ms: toMs, flows, bytes } of rows) {
        this.added({ row, fromMs, toMs, flows, bytes });
        last = row;
      }
      if (rows.length < LOAD_ROWS) return;
    }
  }

  /** A row was written. Only inside its transaction. */
  added(head: LogRowHead): void {
    const zone = (this.#open ??= {
      firstRow: head.row,
      lastRow: head.row,
      rows: 0,
      fromMs: Number.MAX_SAFE_INTEGER,
      toMs: 0,
      flows: 0,
      bytes: 0,
    });
    zone.lastRow = head.row;
    zone.rows++;
    zone.bytes += head.bytes;
    if (head.flows > 0) {
      zone.fromMs = Math.min(zone.fromMs, head.fromMs);
      zone.toMs = Math.max(zone.toMs, head.toMs);
      zone.flows += head.flows;
    }
    if (zone.rows < ZONE_ROWS) return;
    this.#write(zone);
    this.#open = undefined;
  }

  #write(zone: Zone): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO zone (last_row, first_row, from_ms, to_ms, flows, bytes) VALUES (?, ?, ?, ?, ?, ?)',
      zone.lastRow,
      zone.firstRow,
      zone.fromMs,
      zone.toMs,
      zone.flows,
      zone.bytes,
    );
  }

  /** The rows up to this one are gone. Only inside the transaction that deleted them. */
  forgotten(lastRow: number): void {
    this.#sql.exec('DELETE FROM zone WHERE last_row <= ?', lastRow);
    const cut = this.#sql
      .exec<{ last_row: number }>('SELECT last_row FROM zone WHERE first_row <= ?', lastRow)
      .toArray()[0];
    if (cut !== undefined)
      this.#write({ ...this.#summary(lastRow + 1, cut.last_row), lastRow: cut.last_row });
    else if (this.#open !== undefined && this.#open.firstRow <= lastRow) {
      const rest = this.#summary(lastRow + 1, this.#open.lastRow);
      this.#open = rest.rows === 0 ? undefined : rest;
    }
  }

  #summary(firstRow: number, lastRow: number): Zone {
    const all = this.#sql
      .exec<{ rows: number; from_ms: number | null; to_ms: number | null; flows: number; bytes: number }>(
        `SELECT count(*) AS rows, min(CASE WHEN flows > 0 THEN from_ms END) AS from_ms, max(to_ms) AS to_ms,
                total(flows) AS flows, total(length(blob)) AS bytes
         FROM log WHERE row BETWEEN ? AND ?`,
        firstRow,
        lastRow,
      )
      .one();
    return {
      firstRow,
      lastRow,
      rows: all.rows,
      fromMs: all.from_ms ?? Number.MAX_SAFE_INTEGER,
      toMs: all.to_ms ?? 0,
      flows: all.flows,
      bytes: all.bytes,
    };
  }

  /** Numbers of the rows that tell of a time between the two, the newest first. */
  *rows(fromMs: number, toMs: number): Generator<number> {
    // Whoever takes the rows may wait between them, and what is open now may be a zone by then.
    const open = this.#open === undefined ? undefined : { ...this.#open };
    if (open !== undefined) yield* this.#rowsIn(open.firstRow, open.lastRow, fromMs, toMs);
    const zones = this.#sql
      .exec<{ first_row: number; last_row: number }>(
        'SELECT first_row, last_row FROM zone WHERE last_row < ? AND to_ms >= ? AND from_ms <= ? ORDER BY last_row DESC',
        open?.firstRow ?? Number.MAX_SAFE_INTEGER,
        fromMs,
        toMs,
      )
      .toArray();
    for (const { first_row, last_row } of zones) yield* this.#rowsIn(first_row, last_row, fromMs, toMs);
  }

  #rowsIn(firstRow: number, lastRow: number, fromMs: number, toMs: number): number[] {
    return this.#sql
      .exec<{ row: number }>(
        `SELECT row FROM log WHERE row BETWEEN ? AND ? AND flows > 0 AND to_ms >= ? AND from_ms <= ? ORDER BY row DESC`,
        firstRow,
        lastRow,
        fromMs,
        toMs,
      )
      .toArray()
      .map(({ row }) => row);
  }

  /** A row's bytes; undefined when it was deleted meanwhile. */
  blob(row: number): Uint8Array | undefined {
    const found = this.#sql
      .exec<{ blob: ArrayBuffer }>('SELECT blob FROM log WHERE row = ?', row)
      .toArray()[0];
    return found === undefined ? undefined : new Uint8Array(found.blob);
  }

  size(): LogSize {
    const closed = this.#sql
      .exec<{ rows: number; flows: number; bytes: number }>(
        `SELECT total(last_row - first_row + 1) AS rows, total(flows) AS flows, total(bytes) AS bytes FROM zone`,
      )
      .one();
    const { rows = 0, flows = 0, bytes = 0 } = this.#open ?? {};
    return { rows: closed.rows + rows, flows: closed.flows + flows, bytes: closed.bytes + bytes };
  }
}
