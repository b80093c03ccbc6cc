/** The probe's end of a connection to an analyzer, for tests that need probes without hosts. */
import { WebSocket } from 'ws';
import { analyzerFrame, protocolVersion, readAnalyzerFrame } from '../../../core/wire/probe-frames.ts';
import { createHello, type ToAnalyzer, type ToProbe } from '../../../proto/gen/probe.ts';

/** Longer than any answer takes that comes at all. */
const ANSWER_MS_MAX = 10_000;

/** One of the two connections of a probe: a probe as the analyzer sees one, without a host behind it. */
export class ProbeLink {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, () => void>();
  #sequence = 0;
  #welcomed: (lastSequence: number) => void = () => {};
  /** The last batch of this incarnation that the analyzer had when the link was opened. */
  lastSequence = 0;
  heard: (message: ToProbe) => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#hear(readAnalyzerFrame(data)));
  }

  /** Resolves when the analyzer has said Welcome; numbers go on behind what it has. */
  static async open(
    base: string,
    path: string,
    host: string,
    incarnation: string = crypto.randomUUID(),
  ): Promise<ProbeLink> {
    const url = `${base.replace(/^http/, 'ws')}${path}`;
    const link = new ProbeLink(new WebSocket(url, { headers: { 'X-Host-ID': host } }));
    const welcome = new Promise<void>((resolve, reject) => {
      link.#welcomed = (lastSequence) => {
        link.lastSequence = link.#sequence = lastSequence;
        resolve();
      };
      link.#socket.on('error', reject);
      link.#socket.on('close', (code, reason) =>
        reject(new Error(`${path} was closed: ${code} ${reason.toString()}`)),
      );
    });
    link.#socket.on('open', () =>
      link.#send({
        hello: createHello({
          ...protocolVersion,
          host_id: host,
          incarnation,
          version: 'recorded',
          clock: Date.now(),
        }),
      }),
    );
    await withinTime(welcome, `welcome at ${path}`);
    return link;
  }

  /** Resolves when it is acknowledged. */
  async tell(message: (sequence: number) => Partial<ToAnalyzer>): Promise<void> {
    const sequence = ++this.#sequence;
    const acknowledged = new Promise<void>((resolve) => this.#waiting.set(sequence, resolve));
    this.#send(message(sequence));
    await withinTime(acknowledged, 'acknowledgement');
  }

  async settled(): Promise<void> {
    const last = [...this.#waiting].at(-1);
    if (last === undefined) return;
    const [sequence, resolve] = last;
    const acknowledged = new Promise<void>((done) =>
      this.#waiting.set(sequence, () => {
        resolve();
        done();
      }),
    );
    await withinTime(acknowledged, 'acknowledgement');
  }

  /** Ends without a word, as when the network goes. */
  vanish(): void {
    this.#socket.terminate();
  }

  async goodbye(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#socket.on('close', () => resolve()));
    this.#send({ goodbye: { reason: 'the recording ends' } });
    await withinTime(closed, 'end');
  }

  #send(message: Partial<ToAnalyzer>): void {
    this.#socket.send(analyzerFrame(message));
  }

  #hear(message: ToProbe): void {
    if (message.welcome !== undefined) this.#welcomed(message.welcome.last_sequence);
    if (message.flush !== undefined) this.#send({ flush_done: { id: message.flush.id } });
    for (const [sequence, done] of this.#waiting) {
      if (message.ack === undefined || sequence > message.ack.sequence) continue;
      this.#waiting.delete(sequence);
      done();
    }
    this.heard(message);
  }
}

async function withinTime(promise: Promise<void>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} from the analyzer`)), ANSWER_MS_MAX);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
