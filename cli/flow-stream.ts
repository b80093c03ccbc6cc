/** The analyzer's flow stream, batch after batch in order; what comes while one is worked on waits for it. */
import { LOST_TYPE } from '../core/wire/flow-messages.ts';
import type { Connection } from './connection.ts';
import type { ShownFlow } from './flow-line.ts';
import { note } from './output.ts';
import { AnalyzerSocket } from './socket.ts';

/** What the analyzer says to a subscriber that did not keep up. */
function lossText(lost: unknown): string {
  const { Flows: flows = 0 } = (lost ?? {}) as { readonly Flows?: number };
  return `edgedive: ${flows} flow updates are missing here: they came faster than they were read`;
}

export class FlowStream {
  readonly #socket: AnalyzerSocket;
  readonly #waiting: (readonly ShownFlow[])[] = [];
  #isOver = false;
  #wake: () => void = () => {};

  private constructor(socket: AnalyzerSocket) {
    this.#socket = socket;
    socket.onMessage = ({ Type, Obj }) => {
      if (Type === LOST_TYPE) note(lossText(Obj));
      if (Array.isArray(Obj)) this.#waiting.push(Obj as ShownFlow[]);
      this.#wake();
    };
    const end = (): void => {
      this.#isOver = true;
      this.#wake();
    };
    socket.ended.then(end, end);
  }

  /** Resolves when the stream has begun. `steps` come behind `G.Flows()`. Throws CommandError. */
  static async open(connection: Connection, steps: string): Promise<FlowStream> {
    const stream = new FlowStream(
      new AnalyzerSocket(connection, '/ws/subscriber/flow', {
        'X-Websocket-Namespace': 'flow',
        ...(steps === '' ? {} : { 'X-Gremlin-Filter': `G.Flows().${steps}` }),
      }),
    );
    await stream.#socket.opened();
    return stream;
  }

  close(): void {
    this.#socket.close();
  }

  /** Resolves when the stream was closed and all of it is taken. Throws CommandError when it ended otherwise. */
  async each(take: (flows: readonly ShownFlow[]) => Promise<void>): Promise<void> {
    for (let flows = await this.#next(); flows !== undefined; flows = await this.#next()) await take(flows);
    await this.#socket.ended;
  }

  async #next(): Promise<readonly ShownFlow[] | undefined> {
    if (this.#waiting.length === 0 && !this.#isOver)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#waiting.shift() ?? (this.#isOver ? undefined : []);
  }
}
