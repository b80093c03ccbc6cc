/**
 * The tables of a FlowShard object: the log of everything that was acknowledged, one row a group commit, and a
 * snapshot of the live table from which a woken shard goes on. The rows are the raw material of flow history.
 */
import type { LogRow } from '../../core/archive/archive-file.ts';
import { HOUR_MS } from '../../core/archive/archive-name.ts';
import { limits } from '../../core/limits.ts';
import { Writer } from '../../proto/gen/runtime.ts';
import {
  decodeLogRow,
  decodeSnapshotPart,
  encodeHostSnapshot,
  type HostSnapshot,
  type LogEntry,
} from '../../proto/gen/shard.ts';
import { ArchiveIndex, createArchiveTable, type ArchivedFile } from './archive-index.ts';
import { LogZones, type LogSize } from './log-zones.ts';
import { RowMeter } from './metered-sql.ts';
import { migrate, readMeta, writeMeta, type Schema } from './migrations.ts';
import { log } from '../log.ts';

const schema: Schema = {
  name: 'FlowShard',
  migrations: [
    (sql) =>
      sql.exec(`
        CREATE TABLE log (
          row INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
          flows INTEGER NOT NULL, blob BLOB NOT NULL);
        CREATE TABLE snapshot (part INTEGER PRIMARY KEY, blob BLOB NOT NULL);
        CREATE TABLE gone (host TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;
      `),
    // Filled from the log when the object wakes (log-zones.ts).
    (sql) =>
      sql.exec(`
        CREATE TABLE zone (
          last_row INTEGER PRIMARY KEY, first_row INTEGER NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
          flows INTEGER NOT NULL, bytes INTEGER NOT NULL);
      `),
    createArchiveTable,
  ],
};

export interface LogRowToWrite {
  /** A LogRow message. */
  readonly bytes: Uint8Array;
  /** The time that its flow messages tell of, ms since 1970; 0 without flows. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly flows: number;
}

/** Rows of the log that can go, of one hour. */
export interface OldRows {
  readonly firstRow: number;
  readonly lastRow: number;
  /** When the first was written, ms since 1970. */
  readonly atMs: number;
  /** The time that their flow messages tell of. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly flows: number;
  readonly rows: readonly LogRow[];
}

export interface StoredEntry extends LogEntry {
  readonly atMs: number;
}

/** Rows read at once while waking; a row has at most `limits.rowBytesMax`. */
const LOAD_ROWS = 16;
/** Tag and length in front of a piece. */
const PIECE_HEAD_BYTES = 8;

export class ShardStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  readonly #meter = new RowMeter();
  /** Where in the log which time is. */
  readonly zones: LogZones;
  readonly archive: ArchiveIndex;
  #nextRow: number;
  #reportsChanges: boolean | undefined;
  /** Rows up to this one are contained in the snapshot. */
  #snapshotRow: number;
  /** Bytes of the log behind the snapshot, and of the snapshot itself. */
  #tailBytes = 0;
  #snapshotBytes = 0;

  /** Throws when the storage has a newer schema. */
  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = this.#meter.of(storage.sql);
    migrate(storage, schema);
    this.#snapshotRow = Number(readMeta(this.#sql, 'snapshotRow') ?? '0');
    const last = this.#sql.exec<{ row: number | null }>('SELECT max(row) AS row FROM log').one().row;
    this.#nextRow = Math.max(last ?? 0, this.#snapshotRow) + 1;
    this.zones = new LogZones(storage, this.#sql);
    this.archive = new ArchiveIndex(this.#sql);
  }

  /** The newest row, and the oldest that is still there. */
  get lastRow(): number {
    return this.#nextRow - 1;
  }

  get firstRow(): number {
    return (
      this.#sql.exec<{ row: number | null }>('SELECT min(row) AS row FROM log').one().row ?? this.#nextRow
    );
  }

  /** Rows behind this one, in order: one at least, and as many as have so many bytes. */
  rowsBehind(row: number, bytesMax: number): { readonly row: number; readonly blob: Uint8Array }[] {
    const rows: { row: number; blob: Uint8Array }[] = [];
    let bytes = 0;
    const cursor = this.#sql.exec<{ row: number; blob: ArrayBuffer }>(
      'SELECT row, blob FROM log WHERE row > ? ORDER BY row',
      row,
    );
    for (const next of cursor) {
      bytes += next.blob.byteLength;
      if (rows.length > 0 && bytes > bytesMax) break;
      rows.push({ row: next.row, blob: new Uint8Array(next.blob) });
    }
    return rows;
  }

  /** The last row that was told there (flow-export.ts); undefined when nobody was told yet. */
  exportedRow(to: string): number | undefined {
    const text = readMeta(this.#sql, `exported.${to}`);
    return text === undefined ? undefined : Number(text);
  }

  setExportedRow(to: string, row: number): void {
    writeMeta(this.#sql, `exported.${to}`, String(row));
  }

  /** Whether Topology wants to hear that flows changed. */
  get reportsChanges(): boolean {
    return (this.#reportsChanges ??= readMeta(this.#sql, 'reportsChanges') === 'yes');
  }

  set reportsChanges(isWanted: boolean) {
    this.#reportsChanges = isWanted;
    writeMeta(this.#sql, 'reportsChanges', isWanted ? 'yes' : 'no');
  }

  /** What probes were asked for last (core/flow/slow-down.ts). */
  get slowDownStage(): number {
    return Number(readMeta(this.#sql, 'slowDownStage') ?? '0');
  }

  set slowDownStage(stage: number) {
    writeMeta(this.#sql, 'slowDownStage', String(stage));
  }

  /** Writes the rows and whatever `more` writes, all or nothing. */
  append(rows: readonly LogRowToWrite[], atMs: number, more: () => void): void {
    this.#storage.transactionSync(() => {
      for (const row of rows) {
        const number = this.#nextRow++;
        this.#sql.exec(
          'INSERT INTO log (row, at_ms, from_ms, to_ms, flows, blob) VALUES (?, ?, ?, ?, ?, ?)',
          number,
          atMs,
          row.fromMs,
          row.toMs,
          row.flows,
          row.bytes,
        );
        this.#tailBytes += row.bytes.length;
        this.zones.added({ ...row, row: number, bytes: row.bytes.length });
      }
      more();
    });
  }

  /** The snapshot, part by part; then `tail` gives what came after it. */
  *snapshot(): Generator<HostSnapshot> {
    for (const { blob } of this.#sql.exec<{ blob: ArrayBuffer }>('SELECT blob FROM snapshot ORDER BY part')) {
      this.#snapshotBytes += blob.byteLength;
      yield* decodeSnapshotPart(new Uint8Array(blob)).hosts;
    }
  }

  /** Every entry of the log behind the snapshot, oldest first. A row that cannot be read is left out, and told. */
  *tail(): Generator<StoredEntry> {
    let from = this.#snapshotRow + 1;
    for (;;) {
      const rows = this.#sql
        .exec<{ row: number; at_ms: number; blob: ArrayBuffer }>(
          `SELECT row, at_ms, blob FROM log WHERE row >= ? ORDER BY row LIMIT ${LOAD_ROWS}`,
          from,
        )
        .toArray();
      for (const { row, at_ms, blob } of rows) {
        from = row + 1;
        this.#tailBytes += blob.byteLength;
        for (const entry of entriesOf(row, blob)) yield { ...entry, atMs: at_ms };
      }
      if (rows.length < LOAD_ROWS) return;
    }
  }

  /** Whether waking would read much more than a snapshot holds. */
  get wantsSnapshot(): boolean {
    return this.#tailBytes > Math.max(limits.snapshotTailBytesMin, this.#snapshotBytes);
  }

  /** Replaces the snapshot by the state given, which contains everything appended so far. */
  writeSnapshot(hosts: Iterable<HostSnapshot>): void {
    let bytes = 0;
    this.#storage.transactionSync(() => {
      this.#sql.exec('DELETE FROM snapshot');
      for (const part of partsOf(hosts)) {
        this.#sql.exec('INSERT INTO snapshot (blob) VALUES (?)', part);
        bytes += part.length;
      }
      writeMeta(this.#sql, 'snapshotRow', String(this.#nextRow - 1));
    });
    this.#snapshotRow = this.#nextRow - 1;
    this.#snapshotBytes = bytes;
    this.#tailBytes = 0;
  }

  /**
   * The first rows of the log that were written before the time and that a woken shard does not need; of one hour, and as many as have so many
   * bytes. Undefined when there are none.
   */
  oldest(beforeMs: number, bytesMax: number): OldRows | undefined {
    const rows: LogRow[] = [];
    const span = { fromMs: Number.MAX_SAFE_INTEGER, toMs: 0, flows: 0 };
    let bytes = 0;
    const cursor = this.#sql.exec<{
      row: number;
      at_ms: number;
      from_ms: number;
      to_ms: number;
      flows: number;
      blob: ArrayBuffer;
    }>(
      'SELECT row, at_ms, from_ms, to_ms, flows, blob FROM log WHERE row <= ? AND at_ms < ? ORDER BY row',
      this.#snapshotRow,
      beforeMs,
    );
    for (const { row, at_ms: atMs, from_ms, to_ms, flows, blob } of cursor) {
      const first = rows[0];
      bytes += blob.byteLength;
      if (first !== undefined && (bytes > bytesMax || hourOf(atMs) !== hourOf(first.atMs))) break;
      rows.push({ row, atMs, blob: new Uint8Array(blob) });
      if (flows === 0) continue;
      span.fromMs = Math.min(span.fromMs, from_ms);
      span.toMs = Math.max(span.toMs, to_ms);
      span.flows += flows;
    }
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    return { firstRow: first.row, lastRow: last.row, atMs: first.atMs, ...span, rows };
  }

  /** The rows up to this one are in the archive: the file is listed and they are deleted, or neither. */
  archived(lastRow: number, file: ArchivedFile | undefined): void {
    this.#storage.transactionSync(() => {
      if (file !== undefined) this.archive.add(file);
      this.#sql.exec('DELETE FROM log WHERE row <= ?', lastRow);
      this.zones.forgotten(lastRow);
    });
  }

  /**
   * Deletes history that is older than the time, and the oldest beyond so many bytes; at most `rowsMax` rows, and
   * never what a woken shard needs. Returns how many.
   */
  forget(beforeMs: number, bytesMax: number, rowsMax: number): number {
    const excess = this.bytes - bytesMax;
    const rows = this.#sql
      .exec<{ row: number; at_ms: number; bytes: number }>(
        'SELECT row, at_ms, length(blob) AS bytes FROM log WHERE row <= ? ORDER BY row LIMIT ?',
        this.#snapshotRow,
        rowsMax,
      )
      .toArray();
    let freed = 0;
    let last: number | undefined;
    let count = 0;
    for (const row of rows) {
      if (row.at_ms >= beforeMs && freed >= excess) break;
      freed += row.bytes;
      last = row.row;
      count++;
    }
    if (last !== undefined) {
      const upTo = last;
      this.#storage.transactionSync(() => {
        this.#sql.exec('DELETE FROM log WHERE row <= ?', upTo);
        this.zones.forgotten(upTo);
      });
    }
    return count;
  }

  /** Whether the log behind the snapshot has rows older than the time. */
  tailBegan(beforeMs: number): boolean {
    const rows = this.#sql.exec<{ at_ms: number }>(
      'SELECT at_ms FROM log WHERE row > ? ORDER BY row LIMIT 1',
      this.#snapshotRow,
    );
    return rows.toArray().some(({ at_ms }) => at_ms < beforeMs);
  }

  hasLog(): boolean {
    return this.#sql.exec('SELECT 1 FROM log LIMIT 1').toArray().length > 0;
  }

  /** Hosts whose probe vanished, and when. */
  goneHosts(): Map<string, number> {
    const rows = this.#sql.exec<{ host: string; at_ms: number }>('SELECT host, at_ms FROM gone').toArray();
    return new Map(rows.map(({ host, at_ms }) => [host, at_ms]));
  }

  setGone(host: string, atMs: number): void {
    this.#sql.exec('INSERT OR REPLACE INTO gone (host, at_ms) VALUES (?, ?)', host, atMs);
  }

  clearGone(host: string): void {
    this.#sql.exec('DELETE FROM gone WHERE host = ?', host);
  }

  counters(): Record<string, number> {
    return JSON.parse(readMeta(this.#sql, 'counters') ?? '{}') as Record<string, number>;
  }

  setCounters(counters: Readonly<Record<string, number>>): void {
    writeMeta(this.#sql, 'counters', JSON.stringify(counters));
  }

  /** Rows written since this was asked last, as the platform bills them. */
  takeRowsWritten(): number {
    return this.#meter.take();
  }

  get bytes(): number {
    return this.#sql.databaseSize;
  }

  /** How much history there is, and when the first of it came, ms since 1970. */
  logSize(): LogSize & { readonly oldestMs: number | null } {
    const first = this.#sql
      .exec<{ at_ms: number }>('SELECT at_ms FROM log ORDER BY row LIMIT 1')
      .toArray()[0];
    return { ...this.zones.size(), oldestMs: first?.at_ms ?? null };
  }
}

function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS);
}

function entriesOf(row: number, blob: ArrayBuffer): readonly LogEntry[] {
  try {
    return decodeLogRow(new Uint8Array(blob)).entries;
  } catch (error) {
    log('error', 'flow shard', 'a row of the log cannot be read', { row, error });
    return [];
  }
}

/** SnapshotPart messages of at most `limits.rowBytesMax`, as long as no single piece is larger. */
function* partsOf(pieces: Iterable<HostSnapshot>): Generator<Uint8Array> {
  let part = Writer.create();
  for (const piece of pieces) {
    const bytes = encodeHostSnapshot(piece).finish();
    if (part.len > 0 && part.len + bytes.length + PIECE_HEAD_BYTES > limits.rowBytesMax) {
      yield part.finish();
      part = Writer.create();
    }
    // Field 1 of SnapshotPart: a message has the form of bytes.
    part.uint32((1 << 3) | 2).bytes(bytes);
  }
  if (part.len > 0) yield part.finish();
}
