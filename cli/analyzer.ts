/**
 * The analyzer's REST API as the commands use it. Node's own HTTP client rather than fetch: certificates of one's own
 * and bodies that are read from disk as they are sent need no further package there.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { messageOf } from '../core/errors.ts';
import { requestOf, type AnswerTo, type OperationName, type Taken } from '../core/api/request.ts';
import type { Connection } from './connection.ts';
import { CommandError, exitStatus } from './errors.ts';
import { note } from './output.ts';

/** Whoever is asked who they are is told how to say it. */
const SIGN_IN =
  'edgedive login remembers who you are here; or give --token (EDGEDIVE_TOKEN) or --username with SKYDIVE_PASSWORD';

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `/api/…`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
}

export class Analyzer {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** The answer's head when its status is below 400. Throws CommandError `refused`, or `unreachable`. */
  async send({ method, path, headers, body }: Asked): Promise<IncomingMessage> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const { base, headers: credentials, tls } = this.#connection;
      const ask = base.protocol === 'https:' ? httpsRequest : httpRequest;
      const sent = ask(
        new URL(path, base),
        { method, headers: { ...credentials, ...headers }, ...tls },
        resolve,
      );
      sent.on('error', (error) => reject(this.#unreachable(error)));
      if (body === undefined || typeof body === 'string') sent.end(body);
      else {
        body.on('error', (error) => sent.destroy(error));
        body.pipe(sent);
      }
    });
    const console = headerOf(answer, 'x-edgedive-console');
    if (console !== '') note(readable(console));
    if ((answer.statusCode ?? 0) < 400) {
      const warning = headerOf(answer, 'x-edgedive-warning');
      if (warning !== '') note(`edgedive: ${warning}`);
      return answer;
    }
    const said = (await text(answer)).trim();
    const status = `${answer.statusCode} ${answer.statusMessage}`;
    const hint = headerOf(answer, 'x-edgedive-hint');
    const signIn = answer.statusCode === 401 ? SIGN_IN : '';
    const parts = [status, said, hint, signIn].filter((part) => part !== '');
    throw new CommandError(exitStatus.refused, parts.join(': '));
  }

  /** For requests whose answer says nothing: resolves when it is there. */
  async tell(asked: Asked): Promise<void> {
    await this.#text(await this.send(asked));
  }

  /** The answer's JSON; undefined for an empty answer. */
  async json<Answer>(asked: Asked): Promise<Answer | undefined> {
    const answer = await this.send({
      ...asked,
      headers: { Accept: 'application/json', 'Content-Type': 'application/json', ...asked.headers },
    });
    const said = await this.#text(answer);
    return said === '' ? undefined : (JSON.parse(said) as Answer);
  }

  /** One operation of the API; undefined for an empty answer. */
  async ask<Name extends OperationName>(
    name: Name,
    taken: Taken<Name>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<AnswerTo<Name> | undefined> {
    return this.json<AnswerTo<Name>>({ ...requestOf(name, taken), headers });
  }

  /** A Gremlin query's result. */
  async query(gremlin: string): Promise<unknown> {
    return this.ask('POST /api/topology', { body: { GremlinQuery: gremlin } });
  }

  async #text(answer: IncomingMessage): Promise<string> {
    try {
      return await text(answer);
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #unreachable(cause: unknown): CommandError {
    const { base } = this.#connection;
    // Several addresses tried: the sum of errors says nothing itself.
    const reason = cause instanceof AggregateError ? messageOf(cause.errors[0]) : messageOf(cause);
    return new CommandError(exitStatus.unreachable, `no analyzer at ${base.origin}: ${reason}`, { cause });
  }
}

/** What a script said, percent-encoded; nothing in it may steer the terminal. */
function readable(encoded: string): string {
  let said: string;
  try {
    said = decodeURIComponent(encoded);
  } catch {
    said = encoded;
  }
  return said.trimEnd().replaceAll(/[^\P{Cc}\n\t]/gu, '\ufffd');
}

function headerOf(answer: IncomingMessage, name: string): string {
  const value = answer.headers[name];
  return Array.isArray(value) ? value.join('; ') : (value ?? '');
}
