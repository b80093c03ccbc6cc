/**
 * Files of flow updates in Parquet: from rows of a shard's log and back. What comes back are rows of a log again, so that whatever searches
 * the log searches the archive.
 */
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { decodeFlow } from '../../proto/gen/flow.ts';
import { Writer } from '../../proto/gen/runtime.ts';
import { eachStoredFlow } from '../flow/stored-flows.ts';
import { ARCHIVE_COLUMNS, type ArchivedUpdate } from './archive-columns.ts';

/** A row of the log. */
export interface LogRow {
  readonly row: number;
  /** When it was written, ms since 1970. */
  readonly atMs: number;
  /** A LogRow message. */
  readonly blob: Uint8Array;
}

/** GZIP (RFC 1952), which every reader of Parquet knows; the platform brings it. */
export interface Gzip {
  compress(bytes: Uint8Array): Uint8Array;
  decompress(bytes: Uint8Array): Uint8Array;
}

/** Updates in a row group: what a reader unpacks at once. */
const ROW_GROUP_UPDATES = 20_000;

/** The updates of these rows as a Parquet file; undefined when there are none. Throws when a row cannot be read. */
export function archiveOf(rows: readonly LogRow[], gzip: Gzip): Uint8Array | undefined {
  const updates = rows.flatMap(updatesOf);
  // What a flow was told of stands together, in the order in which it came: most of it is the same, and compresses to nothing.
  updates.sort((a, b) => compare(a.host, b.host) || compare(a.flow.UUID, b.flow.UUID));
  if (updates.length === 0) return undefined;
  const names = Object.keys(ARCHIVE_COLUMNS);
  const data = names.map((name) => {
    const column = ARCHIVE_COLUMNS[name]!;
    return updates.map((update) => (column.type === 'INT64' ? BigInt(column.of(update)) : column.of(update)));
  });
  const buffer = parquetWriteBuffer({
    columnData: names.map((name, at) => {
      const { type } = ARCHIVE_COLUMNS[name]!;
      // Nobody asks for a part of a message by its bytes.
      return { name, data: data[at]!, type, nullable: false, statistics: type !== 'BYTE_ARRAY' };
    }),
    codec: 'GZIP',
    compressors: { GZIP: (bytes) => gzip.compress(bytes) },
    rowGroupSize: ROW_GROUP_UPDATES,
    createdBy: 'edgedive',
  });
  return new Uint8Array(buffer);
}

/** In the order in which they came. */
function updatesOf({ row, atMs, blob }: LogRow): readonly ArchivedUpdate[] {
  const updates: ArchivedUpdate[] = [];
  eachStoredFlow(
    blob,
    () => true,
    ({ host, bytes: message }) => updates.push({ host, atMs, row, flow: decodeFlow(message), message }),
  );
  return updates.reverse();
}

/**
 * What the file's updates were in the log, as rows of a log, so that of each flow the newest is met first. Throws when it is no such
 * file.
 */
export async function* logRowsOf(file: Uint8Array, gzip: Gzip): AsyncGenerator<Uint8Array> {
  const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
  const groups = parquetMetadata(buffer).row_groups.map(({ num_rows: count }) => Number(count));
  let rowEnd = groups.reduce((sum, count) => sum + count, 0);
  for (const count of groups.toReversed()) {
    const updates = await parquetReadObjects({
      file: buffer,
      columns: ['Host', 'Message'],
      rowStart: rowEnd - count,
      rowEnd,
      utf8: false,
      compressors: { GZIP: (bytes) => gzip.decompress(bytes) },
    });
    rowEnd -= count;
    yield logRowOf(updates as unknown as readonly Update[]);
  }
}

interface Update {
  readonly Host: string;
  readonly Message: Uint8Array;
}

/** LogRow { entries { host, frame: ToAnalyzer { flows: FlowBatch { flows } } } }, one entry a host. */
function logRowOf(updates: readonly Update[]): Uint8Array {
  const row = Writer.create();
  let begin = 0;
  while (begin < updates.length) {
    const { Host: host } = updates[begin]!;
    const batch = Writer.create();
    for (; updates[begin]?.Host === host; begin++) batch.uint32((2 << 3) | 2).bytes(updates[begin]!.Message);
    const frame = Writer.create()
      .uint32((4 << 3) | 2)
      .bytes(batch.finish())
      .finish();
    row
      .uint32((1 << 3) | 2)
      .fork()
      .uint32((1 << 3) | 2)
      .string(host)
      .uint32((3 << 3) | 2)
      .bytes(frame)
      .ldelim();
  }
  return row.finish();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
