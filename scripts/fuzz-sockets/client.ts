/** A client that speaks TCP, so that it may send frames no WebSocket library would. */
import { createConnection, type Socket } from 'node:net';
import { CLOSE, frame, PING, PONG, readFrames, type ReadFrame } from './frames.ts';

/** Nothing here takes so long unless it never comes. */
export const PATIENCE_MS = 8_000;

/** What is alive answers a ping in this time. */
const SETTLE_MS = 300;

let next = 0;

export interface Closed {
  /** 0: the connection ended without a close frame; 1005: the close frame had no code. */
  readonly code: number;
  readonly reason: string;
}

export class RawClient {
  readonly #socket: Socket;
  #rest = Buffer.alloc(0);
  #frames: ReadFrame[] = [];
  #ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => (this.#ended = true));
  }

  /** Rejects when the upgrade is not answered 101. */
  static async open(address: string, path: string, protocol = ''): Promise<RawClient> {
    const [host, port] = address.split(':') as [string, string];
    const client = new RawClient(createConnection({ host, port: Number(port) }));
    await client.#upgrade(address, path, protocol);
    return client;
  }

  async #upgrade(address: string, path: string, protocol: string): Promise<void> {
    const socket = this.#socket;
    socket.write(
      [
        `GET ${path} HTTP/1.1`,
        `Host: ${address}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        `X-Client-Type: ${path.includes('/agent/') ? 'agent' : 'wrong'}`,
        `X-Host-ID: wrong-${process.pid}-${next++}`,
        `X-Client-Protocol: ${protocol}`,
        '\r\n',
      ].join('\r\n'),
    );
    let head = Buffer.alloc(0);
    const onHead = (data: Buffer): void => void (head = Buffer.concat([head, data]));
    socket.on('data', onHead);
    await until(() => head.includes('\r\n\r\n') || this.#ended, `${path}: no answer to the upgrade`);
    socket.off('data', onHead);
    const status = head.toString('latin1').split('\r\n', 1)[0]!;
    if (!status.includes(' 101 ')) {
      socket.destroy();
      throw new Error(`${path}: ${status || 'ended before its answer'}`);
    }
    socket.on('data', (data: Buffer) => this.#read(data));
    this.#read(head.subarray(head.indexOf('\r\n\r\n') + 4));
  }

  #read(data: Buffer): void {
    const { frames, rest } = readFrames(Buffer.concat([this.#rest, data]));
    this.#frames.push(...frames);
    this.#rest = Buffer.from(rest);
  }

  /** Resolves when the kernel has taken it, or the connection is gone. */
  async send(bytes: Buffer): Promise<void> {
    if (this.#ended || this.#socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      for (const event of ['drain', 'close'] as const) this.#socket.once(event, () => resolve());
    });
  }

  /** How the server ended it; rejects when it does not within a while. */
  async closed(): Promise<Closed> {
    await until(() => this.#closing() !== undefined || this.#ended, 'the server does not end the connection');
    const payload = this.#closing()?.payload;
    if (payload === undefined) return { code: 0, reason: '' };
    return payload.length < 2
      ? { code: 1005, reason: '' }
      : { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
  }

  /** Whether the connection can still be used, as an answered ping shows; what was sent before has then been read. */
  async lives(): Promise<boolean> {
    const mark = `mark-${next++}`;
    await this.send(frame({ opcode: PING, payload: mark }));
    const isAnswered = (): boolean =>
      this.#frames.some(({ opcode, payload }) => opcode === PONG && payload.toString() === mark);
    await until(
      () => isAnswered() || this.#closing() !== undefined || this.#ended,
      'neither an answer nor an end',
    );
    return isAnswered() && this.#closing() === undefined;
  }

  /**
   * `lives` when the connection can still be used, `waits` when it takes more for the rest of a message, else the code it was ended with.
   * Rejects when none of it shows within a while, even after all of what was said to come has come.
   */
  async settled(): Promise<string> {
    const mark = `mark-${next++}`;
    const isAnswered = (): boolean =>
      this.#frames.some(({ opcode, payload }) => opcode === PONG && payload.toString() === mark);
    const isOver = (): boolean => isAnswered() || this.#closing() !== undefined || this.#ended;
    await this.send(frame({ opcode: PING, payload: mark }));
    const giveUpAtMs = Date.now() + SETTLE_MS;
    while (!isOver() && Date.now() < giveUpAtMs) await new Promise((resolve) => setTimeout(resolve, 2));
    if (isAnswered() && this.#closing() === undefined) return 'lives';
    if (!isOver()) {
      // It took the ping for a part of what it waits for: it has to end with us.
      this.#socket.end();
      await until(() => this.#ended || this.#closing() !== undefined, 'neither an answer nor an end');
      return 'waits';
    }
    return String((await this.closed()).code);
  }

  #closing(): ReadFrame | undefined {
    return this.#frames.find(({ opcode }) => opcode === CLOSE);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Rejects with the text when it does not come true. */
export async function until(isSo: () => boolean, otherwise: string): Promise<void> {
  const giveUpAtMs = Date.now() + PATIENCE_MS;
  while (!isSo()) {
    if (Date.now() > giveUpAtMs) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
