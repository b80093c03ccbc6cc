/**
 * Lists and watches of the Kubernetes API: a list in pages with the version at which it was true, and the changes
 * since a version as one JSON object a line. A version that the server has forgotten (410) means: list again.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout } from 'node:timers/promises';
import type { Metadata } from '../../../core/graph/element.ts';
import { timings } from '../../../core/limits.ts';
import { readText } from './http-text.ts';
import { integerOf, listOf, objectOf, textOf } from './json-read.ts';
import { JsonStream, parseJson } from './json-stream.ts';
import type { Cluster } from './k8s-credentials.ts';
import { SourceError } from './source.ts';

const PAGE = 500;
const WATCH_SECONDS = 300;
const WATCH_EVERY_MS = 1_000;

export interface Listed {
  readonly items: readonly Metadata[];
  readonly version: string;
}

export interface Change {
  readonly kind: 'put' | 'delete';
  readonly object: Metadata;
}

/** Refused with a status: 403 = not allowed, 404 = no such kind here, 410 = the version is too old. */
export class K8sRefusal extends SourceError {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

export class K8sApi {
  readonly #cluster: Cluster;
  readonly #signal: AbortSignal;
  readonly #agent: HttpAgent;

  constructor(cluster: Cluster, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#signal = signal;
    const options = { keepAlive: true, ...cluster.tls };
    this.#agent = cluster.server.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** Throws K8sRefusal, SourceError, and Node's errors. */
  async get(path: string): Promise<Metadata> {
    const timeout = AbortSignal.timeout(timings.sourceAnswerMs);
    try {
      const answer = await this.#open(path, AbortSignal.any([this.#signal, timeout]));
      return objectOf(parseJson(await readText(answer)));
    } catch (error) {
      if (timeout.aborted) throw new SourceError(`no answer to ${path} within ${timings.sourceAnswerMs} ms`);
      throw error;
    }
  }

  /** All objects of a kind, at most so many. */
  async list(path: string, objectsMax: number): Promise<Listed> {
    const items: Metadata[] = [];
    let next = '';
    for (;;) {
      const page = await this.get(`${path}?limit=${PAGE}${next && `&continue=${encodeURIComponent(next)}`}`);
      items.push(...listOf(page['items']).map((item) => objectOf(item)));
      const about = objectOf(page['metadata']);
      next = textOf(about['continue']);
      if (next === '' || items.length >= objectsMax)
        return { items: items.slice(0, objectsMax), version: textOf(about['resourceVersion']) };
    }
  }

  /** Changes after the version, for ever: the server ends a watch now and then, and it goes on where it was. */
  async *watch(path: string, version: string): AsyncGenerator<Change> {
    let from = version;
    for (let startedAt = -WATCH_EVERY_MS; ;) {
      // A server that ends every watch at once is not asked without a pause.
      const waitMs = startedAt + WATCH_EVERY_MS - performance.now();
      if (waitMs > 0) await setTimeout(waitMs, undefined, { signal: this.#signal });
      startedAt = performance.now();
      const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}`;
      const at = from === '' ? '' : `&resourceVersion=${encodeURIComponent(from)}`;
      const answer = await this.#open(`${path}?${query}${at}`, this.#signal);
      answer.setTimeout(2 * WATCH_SECONDS * 1000, () =>
        answer.destroy(new SourceError('a watch fell silent')),
      );
      const stream = new JsonStream();
      for await (const part of answer as AsyncIterable<Buffer>)
        for (const value of stream.push(part)) {
          const { type, object } = objectOf(value);
          if (type === 'ERROR') throw refusalOf(objectOf(object), 0);
          const about = objectOf(objectOf(object)['metadata']);
          from = textOf(about['resourceVersion']) || from;
          if (type === 'ADDED' || type === 'MODIFIED') yield { kind: 'put', object: objectOf(object) };
          else if (type === 'DELETED') yield { kind: 'delete', object: objectOf(object) };
        }
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const { server } = this.#cluster;
    const authorization = this.#cluster.authorization();
    const headers = { Accept: 'application/json', ...(authorization && { Authorization: authorization }) };
    const ask = server.protocol === 'https:' ? httpsRequest : httpRequest;
    const url = server.origin + server.pathname.replace(/\/$/, '') + path;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asking = ask(url, { agent: this.#agent, signal, headers }, resolve);
      asking.on('error', reject);
      asking.end();
    });
    const { statusCode = 0 } = answer;
    if (statusCode === 200) return answer;
    throw refusalOf(bodyOf(await readText(answer)), statusCode);
  }
}

/** The server's reason is a Status object, mostly. */
function refusalOf(status: Metadata, httpStatus: number): K8sRefusal {
  const code = integerOf(status['code']) || httpStatus;
  return new K8sRefusal(code, `the server says ${code}: ${textOf(status['message']) || 'without a reason'}`);
}

function bodyOf(text: string): Metadata {
  try {
    return objectOf(parseJson(text));
  } catch {
    return {};
  }
}
