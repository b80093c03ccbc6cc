/**
 * Large answers travel between objects as byte streams: a value of RPC ends at 32 MiB, and half of 128 MB for one
 * string is too much (51 MB of JSON: 720 ms as one string, 392 ms streamed).
 */
import { limits } from '../../core/limits.ts';

const encoder = new TextEncoder();
/** Bytes handed over at once. */
const CHUNK_CHARS = 262_144;

/** The text when it is short, else a stream of its UTF-8 bytes. `chunks` is read only as fast as the stream is. */
export function textOrStream(chunks: Iterable<string>): string | ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.iterator]();
  let head = '';
  for (;;) {
    const next = iterator.next();
    if (next.done === true) return head;
    head += next.value;
    if (head.length > limits.answerBytesMax) return streamOf(head, iterator);
  }
}

function streamOf(head: string, rest: Iterator<string>): ReadableStream<Uint8Array> {
  let text = head;
  // A byte stream, because only those travel between objects.
  const source: UnderlyingByteSource = {
    type: 'bytes',
    pull(controller: ReadableByteStreamController) {
      let done = false;
      while (!done && text.length < CHUNK_CHARS) {
        const next = rest.next();
        if (next.done === true) done = true;
        else text += next.value;
      }
      if (text !== '') controller.enqueue(encoder.encode(text));
      text = '';
      if (done) controller.close();
    },
  };
  return new ReadableStream(source);
}

/** Bytes as they are when few, else as a stream. */
export function bytesOrStream(bytes: Uint8Array): Uint8Array | ReadableStream<Uint8Array> {
  if (bytes.length <= limits.answerBytesMax) return bytes;
  return new Response(bytes as Uint8Array<ArrayBuffer>).body!;
}

/** All bytes of what `bytesOrStream` made. */
export async function bytesOf(answer: Uint8Array | ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return answer instanceof Uint8Array ? answer : new Uint8Array(await new Response(answer).arrayBuffer());
}

/** The whole text of what `textOrStream` made. */
export async function textOf(answer: string | ReadableStream<Uint8Array>): Promise<string> {
  return typeof answer === 'string' ? answer : new Response(answer).text();
}
