/**
 * The analyzer's side of the probe protocol on a real socket, with the rules of a shard: batches are accepted once,
 * in order, acknowledged when "durable", and a missing number closes the socket. What it may do to the probe on the
 * way (vanish, stay silent, forget) is for the tests to say.
 */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { probeFrame, readProbeFrame, type FromProbe } from '../../../core/wire/probe-frames.ts';
import type { FlowBatch, Hello, ToProbe } from '../../../proto/gen/probe.ts';

export interface FakeSocket {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly ws: WebSocket;
  hello: Hello | undefined;
  readonly received: FromProbe[];
}

export class FakeAnalyzer {
  readonly port: number;
  readonly sockets: FakeSocket[] = [];
  /** Accepted batches in order; what a shard would have written. */
  readonly durable: FlowBatch[] = [];
  /** Last durable batch of each incarnation. */
  readonly lastSequence = new Map<string, number>();
  duplicates = 0;
  gaps = 0;
  batchesInFlightMax = 16;
  /** Answers to Hello; undefined = silence. */
  welcomes = true;
  acknowledges = true;
  /** HTTP status with which upgrades are refused; 0 = accepted. */
  refuseWith = 0;
  /** Called for each batch before it is accepted; false = the socket dies first, nothing is accepted. */
  accept: (batch: FlowBatch) => boolean = () => true;
  #server: Server | undefined;

  constructor(port: number) {
    this.port = port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    const server = createServer();
    const wss = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
      if (this.refuseWith !== 0) {
        socket.end(`HTTP/1.1 ${this.refuseWith} Refused\r\nContent-Length: 7\r\n\r\nbecause`);
        return;
      }
      wss.handleUpgrade(request, socket, head, (ws) =>
        this.#opened({
          path: request.url ?? '',
          headers: request.headers,
          ws,
          hello: undefined,
          received: [],
        }),
      );
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.#server = server;
    return this;
  }

  /** Dies at once, as with SIGKILL. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const { ws } of this.sockets) ws.terminate();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  /** To the newest socket of that path. */
  send(path: string, message: Partial<ToProbe>): void {
    this.socket(path)?.ws.send(probeFrame(message));
  }

  socket(path: string): FakeSocket | undefined {
    return this.sockets.findLast((socket) => socket.path === path);
  }

  flowIds(): string[] {
    return this.durable.flatMap((batch) => batch.flows.map((flow) => flow.UUID));
  }

  flowsDropped(): number {
    return this.durable.reduce((sum, batch) => sum + batch.flows_dropped, 0);
  }

  #opened(socket: FakeSocket): void {
    this.sockets.push(socket);
    socket.ws.on('error', () => {});
    socket.ws.on('message', (data: Buffer) => {
      const message = readProbeFrame(data);
      socket.received.push(message);
      if (message.kind === 'hello') this.#greet(socket, message.hello);
      if (message.kind === 'flows') this.#take(socket, message.batch);
    });
  }

  #greet(socket: FakeSocket, hello: Hello): void {
    socket.hello = hello;
    if (!this.welcomes) return;
    const welcome = {
      major: 1,
      minor: 0,
      host_id: 'analyzer',
      clock: Date.now(),
      last_sequence: this.lastSequence.get(hello.incarnation) ?? 0,
      batches_in_flight_max: this.batchesInFlightMax,
    };
    socket.ws.send(probeFrame({ welcome }));
  }

  #take(socket: FakeSocket, batch: FlowBatch): void {
    if (socket.ws.readyState !== socket.ws.OPEN) return;
    const { incarnation } = socket.hello!;
    const last = this.lastSequence.get(incarnation) ?? 0;
    if (batch.sequence <= last) {
      this.duplicates++;
    } else if (batch.sequence > last + 1) {
      this.gaps++;
      socket.ws.close(4002, 'sequence gap');
      return;
    } else if (this.accept(batch)) {
      this.durable.push(batch);
      this.lastSequence.set(incarnation, batch.sequence);
    } else {
      socket.ws.terminate();
      return;
    }
    if (this.acknowledges)
      socket.ws.send(probeFrame({ ack: { sequence: this.lastSequence.get(incarnation)! } }));
  }
}

/** Waits until the condition holds; fails after the time with what it was. */
export async function until(what: string, condition: () => boolean, timeoutMs = 5_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
