/** The body of an answer as text, of bounded size. */
import type { IncomingMessage } from 'node:http';
import { limits } from '../../../core/limits.ts';
import { SourceError } from './source.ts';

/** Throws SourceError when it is too long, and Node's errors. */
export async function readText(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > limits.sourceMessageBytesMax) {
      answer.destroy();
      throw new SourceError(`an answer of more than ${limits.sourceMessageBytesMax} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
