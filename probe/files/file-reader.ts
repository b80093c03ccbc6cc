/**
 * A capture file on disk as pieces, unpacked when it is gzip (seen by its first bytes). Nothing of it is kept: memory
 * is a few pieces however large the file is.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { messageOf } from '../../core/errors.ts';

const PIECE_BYTES = 256 * 1024;

/** The packed file ends too early or is damaged. What came before is good. */
export class UnpackError extends Error {
  override readonly name = 'UnpackError';
}

export interface FileReader {
  /** Bytes on disk, 0 when it is no regular file. */
  readonly size: number;
  /** Of these, read so far. */
  readonly read: number;
  /** Throws UnpackError, and the system's errors. */
  pieces(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** Throws the system's error when there is no such file. */
export async function openFile(path: string): Promise<FileReader> {
  const status = await stat(path);
  // Opening a directory works; reading it is what fails.
  if (status.isDirectory()) throw new Error('is a directory');
  const source = createReadStream(path, { highWaterMark: PIECE_BYTES });
  return {
    size: status.isFile() ? status.size : 0,
    get read() {
      return source.bytesRead;
    },
    pieces: () => unpackedIfPacked(source),
  };
}

async function* unpackedIfPacked(source: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  const whole = startingWith(head, chunks);
  yield* head[0] === 0x1f && head[1] === 0x8b ? unpacked(whole) : whole;
}

async function* startingWith(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function* unpacked(packed: AsyncGenerator<Buffer>): AsyncGenerator<Uint8Array, void, undefined> {
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  // Its error is seen by whoever reads from the other end.
  pipeline(packed, gunzip, () => undefined);
  try {
    for await (const piece of gunzip) yield piece as Buffer;
  } catch (error) {
    throw new UnpackError(`gzip: ${messageOf(error)}`);
  }
}
