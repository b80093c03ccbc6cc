/**
 * The body of an uploaded capture file as pieces of a good size, unpacked when it is gzip (seen by its first bytes,
 * whatever the headers say). Never more of it is in memory than a few pieces; both what comes and what it unpacks to
 * are bounded (`pcapBytesMax`, `pcapExpansionMax`).
 */
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { ApiError } from '../errors.ts';

/**
 * Bytes asked for at once. Read as chunks, a body comes in pieces of 4 KiB, and a second of CPU goes into 130 MB
 * of them before anybody looks at a packet; read into a buffer it is 0.1 s.
 */
const PIECE_BYTES = 256 * 1024;
/** Handed to the decompressor at once: it may become a thousand times as much before anybody looks. */
const PACKED_BYTES = 16 * 1024;
/** Unpacked bytes below which the expansion is not looked at. */
const EXPANSION_FREE_BYTES = 64 * 1_048_576;

type Pieces = AsyncGenerator<Uint8Array, void, undefined>;

/** The packed file does not unpack: cut, damaged, or no gzip behind its first bytes. */
export class UnpackError extends Error {
  override readonly name = 'UnpackError';
}

function checkBytes(bytes: number): void {
  if (bytes > limits.pcapBytesMax)
    throw new ApiError('bodyTooLarge', `capture file is larger than ${limits.pcapBytesMax} bytes`);
}

/** Throws ApiError 413 when the client says beforehand that the file is too large. */
export function checkLength(header: string | undefined): void {
  checkBytes(Number(header ?? '0'));
}

/**
 * The unpacked file. A piece is valid until the next is asked for. Throws ApiError 413 and UnpackError; ending the
 * loop early gives the rest of the body up.
 */
export async function* piecesOf(body: ReadableStream<Uint8Array>): Pieces {
  const received = { bytes: 0 };
  const packed = counted(filled(body, PIECE_BYTES), received);
  const { value: first } = await packed.next();
  if (first === undefined) return;
  const whole = startingWith(first, packed);
  yield* first[0] === 0x1f && first[1] === 0x8b ? unpacked(whole, received) : whole;
}

/** Reads into one buffer, pieces of at least so many bytes but the last. */
async function* filled(stream: ReadableStream<Uint8Array>, bytesMin: number): Pieces {
  const reader = stream.getReader({ mode: 'byob' });
  let buffer = new ArrayBuffer(PIECE_BYTES);
  try {
    for (;;) {
      const { done, value } = await reader.readAtLeast(bytesMin, new Uint8Array(buffer));
      if (value !== undefined && value.length > 0) yield value;
      if (done || value === undefined) return;
      buffer = value.buffer;
    }
  } finally {
    // Whether it was read to its end or given up; a stream that failed has nothing to cancel.
    await reader.cancel().catch(() => undefined);
  }
}

async function* counted(pieces: Pieces, received: { bytes: number }): Pieces {
  for await (const piece of pieces) {
    received.bytes += piece.length;
    checkBytes(received.bytes);
    yield piece;
  }
}

async function* startingWith(first: Uint8Array, rest: Pieces): Pieces {
  yield first;
  yield* rest;
}

async function* unpacked(packed: Pieces, received: { readonly bytes: number }): Pieces {
  const gzip = new DecompressionStream('gzip');
  /** Why the body ended, when that was not the decompressor's doing. */
  let refused: ApiError | undefined;
  const pumped = pump(packed, gzip.writable.getWriter(), (error) => (refused = error));
  let bytes = 0;
  try {
    // What was unpacked before a fault is good, so nothing waits for more.
    for await (const piece of filled(gzip.readable, 1)) {
      bytes += piece.length;
      checkBytes(bytes);
      if (bytes > Math.max(EXPANSION_FREE_BYTES, received.bytes * limits.pcapExpansionMax))
        throw new ApiError(
          'bodyTooLarge',
          `capture file unpacks to more than ${limits.pcapExpansionMax} times its size`,
        );
      yield piece;
    }
    await pumped;
  } catch (error) {
    if (refused !== undefined) throw refused;
    if (error instanceof ApiError) throw error;
    throw new UnpackError(`gzip: ${messageOf(error)}`);
  }
}

/** Never rejects: what goes wrong in the decompressor is seen by whoever reads from it. */
async function pump(
  packed: Pieces,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  refused: (error: ApiError) => void,
): Promise<void> {
  const closed = writer.closed.catch(() => undefined);
  try {
    for await (const piece of packed)
      for (let at = 0; at < piece.length; at += PACKED_BYTES)
        // A copy, because the piece is overwritten by the next.
        await writer.write(piece.slice(at, at + PACKED_BYTES));
    await writer.close();
  } catch (error) {
    if (error instanceof ApiError) refused(error);
    await writer.abort(error).catch(() => undefined);
  }
  await closed;
}
