/**
 * The part of the Docker Engine API that the source asks, over the engine's socket: answers as JSON, events as they
 * come. The version is the engine's own, because newer ones refuse old versions; Podman speaks it too.
 */
import { request, type IncomingMessage } from 'node:http';
import type { Json } from '../../../core/graph/element.ts';
import { timings } from '../../../core/limits.ts';
import { isJsonObject } from '../../../core/graph/metadata.ts';
import { readText } from './http-text.ts';
import { objectOf, textOf } from './json-read.ts';
import { JsonStream, parseJson } from './json-stream.ts';
import { SourceError } from './source.ts';

export class DockerApi {
  readonly #socketPath: string;
  readonly #signal: AbortSignal;
  #prefix = '';

  constructor(socketPath: string, signal: AbortSignal) {
    this.#socketPath = socketPath;
    this.#signal = signal;
  }

  /** Asks who is there; the engine's version. Throws SourceError when it is no Docker engine. */
  async hello(): Promise<string> {
    const version = objectOf(await this.get('/version'));
    const api = textOf(version['ApiVersion']);
    if (!/^\d{1,3}\.\d{1,3}$/.test(api)) throw new SourceError(`${this.#socketPath} is no Docker engine`);
    this.#prefix = `/v${api}`;
    return textOf(version['Version']);
  }

  /** undefined: 404. Throws SourceError, and Node's errors when the socket cannot be reached. */
  async get(path: string): Promise<Json | undefined> {
    const timeout = AbortSignal.timeout(timings.sourceAnswerMs);
    try {
      const answer = await this.#open(path, AbortSignal.any([this.#signal, timeout]));
      const text = await readText(answer);
      if (answer.statusCode === 404) return undefined;
      return parseJson(text);
    } catch (error) {
      if (timeout.aborted) throw new SourceError(`no answer to ${path} within ${timings.sourceAnswerMs} ms`);
      throw error;
    }
  }

  /** Resolves when the engine listens; then the events from that moment on. Ends when the engine does. */
  async events(filters: Readonly<Record<string, readonly string[]>>): Promise<AsyncGenerator<Json>> {
    const query = encodeURIComponent(JSON.stringify(filters));
    const answer = await this.#open(`/events?filters=${query}`, this.#signal);
    return readValues(answer);
  }

  async #open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { socketPath: this.#socketPath, path: this.#prefix + path, signal, agent: false };
      const asking = request({ ...options, headers: { Host: 'docker' } }, resolve);
      asking.on('error', reject);
      asking.end();
    });
    const { statusCode = 0 } = answer;
    if (statusCode === 200 || statusCode === 404) return answer;
    const said = objectOf(jsonOrNothing(await readText(answer)));
    throw new SourceError(`${path} answers ${statusCode}: ${textOf(said['message']) || 'without a reason'}`);
  }
}

async function* readValues(answer: IncomingMessage): AsyncGenerator<Json> {
  const stream = new JsonStream();
  try {
    for await (const part of answer as AsyncIterable<Buffer>) yield* stream.push(part);
  } finally {
    answer.destroy();
  }
}

function jsonOrNothing(text: string): Json | undefined {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
