/**
 * A connection to an OVSDB server as RFC 7047 describes it: JSON-RPC requests with their answers, updates of what is
 * monitored as they come, echoes answered and sent, so that a server that hangs is noticed.
 */
import { connect, type Socket } from 'node:net';
import type { Json } from '../../../core/graph/element.ts';
import { timings } from '../../../core/limits.ts';
import { listOf, objectOf, textOf } from './json-read.ts';
import { JsonStream } from './json-stream.ts';
import { SourceError } from './source.ts';

/** `/path/of/socket` or `tcp:host:port`. */
export type OvsdbPlace = string;

interface Asked {
  readonly take: (result: Json) => void;
  readonly reject: (error: Error) => void;
}

export class OvsdbClient {
  /** Rejects when the connection ends or what comes is not OVSDB; never resolves. */
  readonly ended: Promise<never>;
  readonly #socket: Socket;
  readonly #onUpdate: (tables: Json) => void;
  readonly #stream = new JsonStream();
  readonly #asked = new Map<number, Asked>();
  readonly #echoes: NodeJS.Timeout;
  #fail: (error: unknown) => void = () => {};
  #nextId = 1;
  #heardAtMs = Date.now();

  constructor(place: OvsdbPlace, signal: AbortSignal, onUpdate: (tables: Json) => void) {
    this.#onUpdate = onUpdate;
    this.ended = new Promise<never>((_resolve, reject) => (this.#fail = reject));
    this.ended.catch(() => {});
    this.#socket = connect(optionsOf(place));
    this.#socket.on('data', (part) => this.#receive(part));
    this.#socket.on('error', (error) => this.#end(error));
    this.#socket.on('close', () => this.#end(new SourceError('the database ended the connection')));
    this.#echoes = setInterval(() => this.#echo(), timings.sourceAnswerMs);
    signal.addEventListener('abort', () => this.#end(new SourceError('stopped')));
  }

  /**
   * What `take` makes of the result; it is called before anything that the server said later is looked at. Throws
   * SourceError when the server refuses, does not answer in time, or the connection ends.
   */
  async ask<T>(method: string, params: readonly Json[], take: (result: Json) => T): Promise<T> {
    const id = this.#nextId++;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<T>((resolve, reject) => {
      this.#asked.set(id, { take: (result) => resolve(take(result)), reject });
      const late = new SourceError(`no answer to ${method} within ${timings.sourceAnswerMs} ms`);
      timer = setTimeout(() => reject(late), timings.sourceAnswerMs);
    });
    this.#send({ method, params, id });
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(id);
    }
  }

  #send(message: Json): void {
    this.#socket.write(JSON.stringify(message));
  }

  #receive(part: Buffer): void {
    this.#heardAtMs = Date.now();
    try {
      for (const message of this.#stream.push(part)) this.#take(message);
    } catch (error) {
      this.#end(error);
    }
  }

  #take(message: Json): void {
    const { method, params, id, result, error } = objectOf(message);
    if (method === 'echo') this.#send({ result: params ?? [], error: null, id: id ?? null });
    else if (method === 'update') this.#onUpdate(listOf(params)[1] ?? null);
    else if (typeof id === 'number') {
      const asked = this.#asked.get(id);
      if (error === null || error === undefined) asked?.take(result ?? null);
      else asked?.reject(new SourceError(`refused: ${reasonOf(error)}`));
    }
  }

  #echo(): void {
    if (Date.now() - this.#heardAtMs > 2 * timings.sourceAnswerMs)
      this.#end(new SourceError(`nothing heard for ${2 * timings.sourceAnswerMs} ms`));
    else this.#send({ method: 'echo', params: [], id: 'echo' });
  }

  #end(error: unknown): void {
    clearInterval(this.#echoes);
    this.#socket.destroy();
    const reason = error instanceof Error ? error : new SourceError(String(error));
    for (const asked of this.#asked.values()) asked.reject(reason);
    this.#asked.clear();
    this.#fail(reason);
  }
}

function reasonOf(error: Json): string {
  const { error: kind, details } = objectOf(error);
  const said = [textOf(kind), textOf(details)].filter((text) => text !== '').join(': ');
  return said === '' ? JSON.stringify(error).slice(0, 80) : said;
}

function optionsOf(place: OvsdbPlace): { path: string } | { host: string; port: number } {
  const tcp = /^tcp:\[?([^\]]+?)\]?:(\d+)$/.exec(place);
  return tcp === null ? { path: place } : { host: tcp[1]!, port: Number(tcp[2]) };
}
