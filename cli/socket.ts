/**
 * A WebSocket to the analyzer as commands use it: what comes is read message by message, an end is told with its reason.
 */
import { WebSocket } from 'ws';
import { messageOf } from '../core/errors.ts';
import type { Connection } from './connection.ts';
import { CommandError, exitStatus } from './errors.ts';

/** JSON envelope (WebSocket notes, section 4). */
export interface Message {
  readonly Namespace: string;
  readonly Type: string;
  readonly UUID?: string;
  readonly Status?: number;
  readonly Obj?: unknown;
}

const ANSWER_MS_MAX = 60_000;

export class AnalyzerSocket {
  readonly #socket: WebSocket;
  readonly #origin: string;
  readonly #waiting = new Map<string, (message: Message) => void>();
  /** Resolves when the analyzer has taken the connection. */
  readonly #opened: Promise<void>;
  /** Resolves when we closed it; rejects when it ended otherwise. */
  readonly ended: Promise<void>;
  #isClosing = false;
  onMessage: (message: Message) => void = () => {};

  /** `headers` name what is wanted, as in `X-Websocket-Namespace`. */
  constructor(
    { base, headers: credentials, tls }: Connection,
    path: string,
    headers: Record<string, string>,
  ) {
    const url = new URL(path, base);
    url.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#origin = base.origin;
    const socket = new WebSocket(url, {
      headers: { ...credentials, 'X-Client-Type': 'CLI', ...headers },
      perMessageDeflate: false,
      ...tls,
    });
    this.#socket = socket;
    let refuse: (error: CommandError) => void = () => {};
    this.#opened = new Promise((resolve, reject) => {
      socket.on('open', resolve);
      refuse = reject;
    });
    this.ended = new Promise((resolve, reject) => {
      const fail = (error: CommandError): void => {
        refuse(error);
        reject(error);
      };
      socket.on('unexpected-response', (_request, answer) => {
        let said = '';
        answer.on('data', (part: Buffer) => (said += part.toString()));
        answer.on('end', () => fail(refused(`${answer.statusCode} ${answer.statusMessage}: ${said.trim()}`)));
      });
      socket.on('error', (error) => fail(this.#unreachable(messageOf(error))));
      socket.on('close', (code, reason) => {
        if (this.#isClosing) resolve();
        else fail(this.#unreachable(`it closed the connection: ${reason.toString() || `code ${code}`}`));
      });
    });
    this.#opened.catch(() => {});
    this.ended.catch(() => {});
    socket.on('message', (data: Buffer) => this.#take(data));
  }

  async opened(): Promise<void> {
    await this.#opened;
  }

  /** Resolves when it is on its way. */
  send(message: Message): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#socket.send(JSON.stringify({ Status: 200, ...message }), (error) =>
        error === undefined || error === null ? resolve() : reject(this.#unreachable(error.message)),
      ),
    );
  }

  /** The answer to a message. Throws CommandError when there is none or it refuses. */
  async ask(message: Message): Promise<Message> {
    const UUID = crypto.randomUUID();
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<Message>((resolve, reject) => {
      this.#waiting.set(UUID, resolve);
      timer = setTimeout(() => reject(this.#unreachable(`no answer in ${ANSWER_MS_MAX} ms`)), ANSWER_MS_MAX);
    });
    try {
      await this.send({ ...message, UUID });
      const answer = await Promise.race([answered, this.ended.then(() => answered)]);
      if ((answer.Status ?? 200) >= 400) throw refused(String(answer.Obj));
      return answer;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(UUID);
    }
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.close();
  }

  #take(data: Buffer): void {
    const message = JSON.parse(data.toString()) as Message;
    const waiting = this.#waiting.get(message.UUID ?? '');
    if (waiting === undefined) this.onMessage(message);
    else waiting(message);
  }

  #unreachable(reason: string): CommandError {
    return new CommandError(exitStatus.unreachable, `no analyzer at ${this.#origin}: ${reason}`);
  }
}

function refused(reason: string): CommandError {
  return new CommandError(exitStatus.refused, reason);
}
