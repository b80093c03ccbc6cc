/**
 * Moves what a shard's log has of the past into the archive, file by file, oldest first: the file is written whole, then listed and its
 * rows deleted in one transaction. A death in between writes the same file again under the same name. What cannot be
 * written stays in the log.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { archiveOf, logRowsOf, type Gzip, type LogRow } from '../../core/archive/archive-file.ts';
import { archiveName, HOUR_MS } from '../../core/archive/archive-name.ts';
import type { ArchiveSettings } from '../../core/archive/archive-settings.ts';
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { Archive } from '../store/archive.ts';
import type { ArchivedFile } from '../store/archive-index.ts';
import type { OldRows, ShardStore } from '../store/shard-store.ts';
import { log } from '../log.ts';

export type ArchiveCounter =
  | 'archivedFiles'
  | 'archivedFlows'
  | 'archivedBytes'
  | 'archiveFailures'
  | 'archiveFilesRead'
  | 'archiveFilesDeleted'
  | 'archiveRowsUnreadable';
export const archiveCounters: readonly ArchiveCounter[] = [
  'archivedFiles',
  'archivedFlows',
  'archivedBytes',
  'archiveFailures',
  'archiveFilesRead',
  'archiveFilesDeleted',
  'archiveRowsUnreadable',
];

const GZIP: Gzip = { compress: (bytes) => gzipSync(bytes), decompress: (bytes) => gunzipSync(bytes) };

/** Why an archived file that is listed could not be read; names it. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

export interface ArchivePlace {
  readonly fabric: string;
  readonly shard: number;
}

export class FlowArchive {
  readonly #archive: Archive;
  readonly #store: ShardStore;
  readonly #settings: ArchiveSettings;
  readonly #place: ArchivePlace;
  readonly #count: (name: ArchiveCounter, by?: number) => void;

  constructor(
    archive: Archive,
    store: ShardStore,
    settings: ArchiveSettings,
    place: ArchivePlace,
    count: (name: ArchiveCounter, by?: number) => void,
  ) {
    this.#archive = archive;
    this.#store = store;
    this.#settings = settings;
    this.#place = place;
    this.#count = count;
  }

  get hotMs(): number {
    return this.#settings.hotMs;
  }

  /**
   * Moves what is older than the hot window; a bounded number of files. True when there is more to do at once. `makeRoom`: the
   * oldest has to go, however young it is. Not while somebody reads the past.
   */
  async run(nowMs: number, makeRoom: boolean): Promise<boolean> {
    for (let files = 0; files < limits.archiveFilesPerTurn; files++) {
      // Whole hours, so that a file never waits for the rest of its hour.
      const before = Math.floor((nowMs - this.#settings.hotMs) / HOUR_MS) * HOUR_MS;
      const rows = this.#store.oldest(
        makeRoom && files === 0 ? nowMs : before,
        limits.archiveFileLogBytesMax,
      );
      if (rows === undefined) return false;
      if (!(await this.#move(rows))) return false;
    }
    return true;
  }

  /** False when it has to be tried again later. */
  async #move(rows: OldRows): Promise<boolean> {
    const { firstRow, lastRow, atMs } = rows;
    const name = archiveName({ ...this.#place, atMs, firstRow, lastRow });
    try {
      const file = this.#fileOf(rows);
      if (file !== undefined) await this.#archive.put(name, file);
      const { fromMs, toMs, flows } = rows;
      const bytes = file?.length ?? 0;
      this.#store.archived(lastRow, file && { name, lastRow, atMs, fromMs, toMs, flows, bytes });
      if (file === undefined) return true;
      this.#count('archivedFiles');
      this.#count('archivedFlows', flows);
      this.#count('archivedBytes', bytes);
      return true;
    } catch (error) {
      this.#count('archiveFailures');
      log('error', 'archive', 'a file was not written, its rows stay', { file: name, error });
      return false;
    }
  }

  /** A row that cannot be read is in no search either: it is left out, counted and told. */
  #fileOf({ rows }: OldRows): Uint8Array | undefined {
    try {
      return archiveOf(rows, GZIP);
    } catch {
      return archiveOf(
        rows.filter((row) => this.#isReadable(row)),
        GZIP,
      );
    }
  }

  #isReadable(row: LogRow): boolean {
    try {
      archiveOf([row], GZIP);
      return true;
    } catch (error) {
      this.#count('archiveRowsUnreadable');
      log('error', 'archive', 'a row of the log cannot be archived', { row: row.row, error });
      return false;
    }
  }

  /** Deletes what is too old or too much. */
  async forget(nowMs: number): Promise<void> {
    const { keepMs, bytesMax } = this.#settings;
    for (let files = 0; files < limits.archiveFilesPerTurn; files++) {
      const file = this.#store.archive.surplus(nowMs - keepMs, bytesMax);
      if (file === undefined) return;
      try {
        await this.#archive.delete(file.name);
      } catch (error) {
        this.#count('archiveFailures');
        log('error', 'archive', 'a file was not deleted', { file: file.name, error });
        return;
      }
      this.#store.archive.remove(file.lastRow);
      this.#count('archiveFilesDeleted');
    }
  }

  /** Files that tell of a time between the two, the newest first. */
  between(fromMs: number, toMs: number): readonly ArchivedFile[] {
    return this.#store.archive.between(fromMs, toMs);
  }

  /** Rows as the log had them, the newest first. Throws ArchiveError. */
  async *rowsOf({ name }: ArchivedFile): AsyncGenerator<Uint8Array> {
    this.#count('archiveFilesRead');
    try {
      const file = await this.#archive.get(name);
      if (file === undefined) throw new Error('it is not there');
      yield* logRowsOf(file, GZIP);
    } catch (error) {
      throw new ArchiveError(`The archived file ${name} cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}
