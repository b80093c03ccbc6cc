/**
 * JSON values that come one after the other on a socket, with or without something between them, as Docker's events
 * and OVSDB's JSON-RPC do. Finds where an object ends by its brackets outside strings, each byte looked at once, and
 * leaves the rest to JSON.parse. What one value may be long is bounded.
 */
import type { Json } from '../../../core/graph/element.ts';
import { limits } from '../../../core/limits.ts';
import { SourceError } from './source.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const isOpen = (byte: number): boolean => byte === 0x5b || byte === 0x7b;
const isClose = (byte: number): boolean => byte === 0x5d || byte === 0x7d;
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

export class JsonStream {
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(bytesMax: number = limits.sourceMessageBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** The values that end in this part, in order. Throws SourceError; the stream is of no use then. */
  push(part: Uint8Array): Json[] {
    const values: Json[] = [];
    let from = 0;
    for (let at = 0; at < part.length; at++) {
      const byte = part[at]!;
      if (this.#depth === 0) {
        if (isSpace(byte)) continue;
        if (!isOpen(byte)) throw new SourceError(`no JSON object: byte 0x${byte.toString(16)}`);
        from = at;
        this.#depth = 1;
      } else if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
      } else if (byte === QUOTE) this.#inString = true;
      else if (isOpen(byte)) this.#depth++;
      else if (isClose(byte) && --this.#depth === 0) {
        this.#keep(part.subarray(from, at + 1));
        values.push(this.#take());
      }
    }
    if (this.#depth > 0) this.#keep(part.subarray(from));
    return values;
  }

  /** Whether a value has begun and not ended. */
  get isInside(): boolean {
    return this.#depth > 0;
  }

  #keep(part: Uint8Array): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#bytesMax) throw new SourceError(`a message of more than ${this.#bytesMax} bytes`);
    this.#parts.push(part);
  }

  #take(): Json {
    const text = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#bytes = 0;
    return parseJson(text);
  }
}

/** Throws SourceError. */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new SourceError(`no JSON: ${text.slice(0, 60)}`, { cause });
  }
}
