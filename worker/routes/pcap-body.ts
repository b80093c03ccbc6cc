/**
 * The body of an uploaded capture file as pieces of a good size, unpacked when it is gzip (seen by its first bytes,
 * whatever the headers say). Never more of it is in memory than a few pieces; both what comes and what it unpacks to
 * are bounded (`pcapBytesMax`, `pcapExpansionMax`).
 */
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { ApiError } from '../errors.ts';

/** Network chunks are as small as 4 KiB; handled one by one they cost more than the packets in them. */
const PIECE_BYTES = 256 * 1024;
/** Handed to the decompressor at once: it may become a thousand times as much before anybody looks. */
const PACKED_BYTES = 16 * 1024;
/** Unpacked bytes below which the expansion is not looked at. */
const EXPANSION_FREE_BYTES = 64 * 1_048_576;

/** The packed file does not unpack: cut, damaged, or no gzip behind its first bytes. */
export class UnpackError extends Error {
  override readonly name = 'UnpackError';
}

function tooLarge(text: string): ApiError {
  return new ApiError('bodyTooLarge', text);
}

/** Throws ApiError 413 when the client says beforehand that the file is too large. */
export function checkLength(header: string | undefined): void {
  if (Number(header ?? '0') > limits.pcapBytesMax)
    throw tooLarge(`capture file is larger than ${limits.pcapBytesMax} bytes`);
}

/**
 * The unpacked file. A piece is valid until the next is asked for. Throws ApiError 413 and UnpackError; ending the
 * loop early gives the rest of the body up.
 */
export async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const received = { bytes: 0 };
  const chunks = counted(body, received);
  const head = await firstBytes(chunks);
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  const whole = startingWith(head, chunks);
  yield* gathered(isGzip ? unpacked(whole, received) : whole);
}

async function* counted(
  body: ReadableStream<Uint8Array>,
  received: { bytes: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    received.bytes += chunk.byteLength;
    checkLength(String(received.bytes));
    yield chunk;
  }
}

/** At least two bytes, fewer only when there are no more. */
async function firstBytes(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let head = new Uint8Array(0);
  while (head.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    const joined = new Uint8Array(head.length + next.value.length);
    joined.set(head);
    joined.set(next.value, head.length);
    head = joined;
  }
  return head;
}

async function* startingWith(head: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  yield* rest;
}

async function* unpacked(
  chunks: AsyncGenerator<Uint8Array>,
  received: { readonly bytes: number },
): AsyncGenerator<Uint8Array> {
  const gzip = new DecompressionStream('gzip');
  /** Why the body ended, when that was not the decompressor's doing. */
  let refused: unknown;
  const pump = pumpInto(gzip.writable.getWriter(), chunks, (error) => (refused = error));
  let bytes = 0;
  try {
    for await (const chunk of gzip.readable) {
      bytes += chunk.byteLength;
      checkLength(String(bytes));
      if (bytes > Math.max(EXPANSION_FREE_BYTES, received.bytes * limits.pcapExpansionMax))
        throw tooLarge(`capture file unpacks to more than ${limits.pcapExpansionMax} times its size`);
      yield chunk;
    }
    await pump;
  } catch (error) {
    if (refused !== undefined) throw refused;
    if (error instanceof ApiError) throw error;
    throw new UnpackError(`gzip: ${messageOf(error)}`);
  }
}

/** Never rejects: what goes wrong in the decompressor is seen by whoever reads from it. */
async function pumpInto(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  chunks: AsyncGenerator<Uint8Array>,
  refused: (error: unknown) => void,
): Promise<void> {
  const closed = writer.closed.catch(() => undefined);
  try {
    for await (const chunk of chunks)
      for (let at = 0; at < chunk.length; at += PACKED_BYTES)
        await writer.write(chunk.subarray(at, at + PACKED_BYTES));
    await writer.close();
  } catch (error) {
    if (error instanceof ApiError) refused(error);
    await writer.abort(error).catch(() => undefined);
  }
  await closed;
}

/** Copies small chunks together; all pieces share one buffer. */
async function* gathered(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(PIECE_BYTES);
  let filled = 0;
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length;) {
        const taken = Math.min(PIECE_BYTES - filled, chunk.length - at);
        buffer.set(chunk.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled < PIECE_BYTES) continue;
        filled = 0;
        yield buffer;
      }
    }
  } catch (error) {
    // What came before the fault is good.
    if (error instanceof UnpackError && filled > 0) yield buffer.subarray(0, filled);
    throw error;
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}
