/**
 * The analyzer's flow stream, batch after batch in order; what comes while one is worked on waits for it. A connection that breaks
 * is opened again, and the stream goes on where it was.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { timings } from '../core/limits.ts';
import { LOST_TYPE, POSITION_TYPE, type Lost } from '../core/wire/flow-notices.ts';
import { RESUME_NOW } from '../core/wire/recent-rows.ts';
import type { Connection } from './connection.ts';
import { CommandError, exitStatus } from './errors.ts';
import type { ShownFlow } from './flow-line.ts';
import { note } from './output.ts';
import { AnalyzerSocket, type Message } from './socket.ts';

/** Between two attempts to connect again. */
const AGAIN_MS = 1_000;

/** What the analyzer says to a subscriber that did not get all. */
function lossText(lost: unknown): string {
  const { Flows: flows = null } = (lost ?? {}) as Partial<Lost>;
  return flows === null
    ? 'edgedive: flow updates may be missing here: the connection was away for too long'
    : `edgedive: ${flows} flow updates are missing here: they came faster than they were read`;
}

export class FlowStream {
  readonly #open: (resume: string) => AnalyzerSocket;
  readonly #waiting: (readonly ShownFlow[])[] = [];
  /** Of what has come; an analyzer that tells no positions is followed from the moment it answers again. */
  #position = RESUME_NOW;
  #socket: AnalyzerSocket;
  #isOver = false;
  #isClosing = false;
  #wake: () => void = () => {};
  /** Resolves when it was closed; rejects when it ended otherwise. */
  readonly #ended: Promise<void>;

  private constructor(open: (resume: string) => AnalyzerSocket) {
    this.#open = open;
    this.#socket = this.#connect();
    this.#ended = this.#follow();
    const end = (): void => {
      this.#isOver = true;
      this.#wake();
    };
    this.#ended.then(end, end);
  }

  /** Resolves when the stream has begun. `steps` come behind `G.Flows()`. Throws CommandError. */
  static async open(connection: Connection, steps: string): Promise<FlowStream> {
    const headers = {
      // The same each time, for only the hub that gave a position knows what came after it.
      'X-Host-ID': `edgedive-cli-${crypto.randomUUID()}`,
      'X-Websocket-Namespace': 'flow',
      ...(steps === '' ? {} : { 'X-Gremlin-Filter': `G.Flows().${steps}` }),
    };
    const stream = new FlowStream(
      (resume) =>
        new AnalyzerSocket(connection, '/ws/subscriber/flow', { ...headers, 'X-Flow-Resume': resume }),
    );
    await stream.#socket.opened();
    return stream;
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.close();
  }

  /** Resolves when the stream was closed and all of it is taken. Throws CommandError when it ended otherwise. */
  async each(take: (flows: readonly ShownFlow[]) => Promise<void>): Promise<void> {
    for (let flows = await this.#next(); flows !== undefined; flows = await this.#next()) await take(flows);
    await this.#ended;
  }

  #connect(): AnalyzerSocket {
    const socket = this.#open(this.#position);
    socket.onMessage = (message) => this.#take(message);
    return socket;
  }

  #take({ Type, Obj }: Message): void {
    if (Type === LOST_TYPE) note(lossText(Obj));
    if (Type === POSITION_TYPE && typeof Obj === 'string') this.#position = Obj;
    if (Array.isArray(Obj)) this.#waiting.push(Obj as ShownFlow[]);
    this.#wake();
  }

  /** A first connection that fails, and one that is refused, end it; one that broke is opened again for a while. */
  async #follow(): Promise<void> {
    await this.#socket.opened();
    for (let sinceMs = Infinity; ;) {
      try {
        await this.#socket.ended;
        return;
      } catch (error) {
        const isBroken = error instanceof CommandError && error.status === exitStatus.unreachable;
        if (!isBroken || Date.now() - sinceMs > timings.hubRecentMs) throw error;
        if (sinceMs === Infinity) {
          sinceMs = Date.now();
          note(`${error.message}; connecting again`);
        }
      }
      await sleep(AGAIN_MS);
      if (this.#isClosing) return;
      this.#socket = this.#connect();
      await this.#socket.opened().then(
        () => (sinceMs = Infinity),
        () => {},
      );
    }
  }

  async #next(): Promise<readonly ShownFlow[] | undefined> {
    if (this.#waiting.length === 0 && !this.#isOver)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#waiting.shift() ?? (this.#isOver ? undefined : []);
  }
}
