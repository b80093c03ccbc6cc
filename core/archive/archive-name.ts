/**
 * Names of archived files, in folders as Hive writes partitions, which readers understand: `fabric=main/shard=0/date=2026-11-27/hour=05/…`. The
 * last part is the first and the last row of the shard's log in it: the same rows always have the same name, so that a file written again
 * after a crash replaces itself.
 */

export interface ArchiveName {
  readonly fabric: string;
  readonly shard: number;
  /** Of the first row, ms since 1970. */
  readonly atMs: number;
  readonly firstRow: number;
  readonly lastRow: number;
}

export const HOUR_MS = 3_600_000;

export function archiveName({ fabric, shard, atMs, firstRow, lastRow }: ArchiveName): string {
  const [date, time] = new Date(atMs).toISOString().split('T') as [string, string];
  const folder = `fabric=${encodeURIComponent(fabric)}/shard=${shard}/date=${date}/hour=${time.slice(0, 2)}`;
  return `${folder}/flows-${rowText(firstRow)}-${rowText(lastRow)}.parquet`;
}

/** As long for every row, so that names sort as rows do. */
function rowText(row: number): string {
  return String(row).padStart(12, '0');
}
