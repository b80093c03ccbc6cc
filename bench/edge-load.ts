/** Probes and subscribers without hosts, as light as they can be: what the edge bench and the soak load an analyzer with. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { analyzerFrame, protocolVersion, readAnalyzerFrame } from '../core/wire/probe-frames.ts';
import { createFlow, createFlowMetric, encodeFlow, type Flow } from '../proto/gen/flow.ts';
import { createHello, type ToAnalyzer } from '../proto/gen/probe.ts';
import { Writer } from '../proto/gen/runtime.ts';

/** A flow as a probe tells one: about 290 bytes, as in the figures of the platform. */
export function loadFlow(host: string, index: number, update: number, nowMs: number): Flow {
  const start = nowMs - 60_000;
  const uuid = `${host}${index.toString(16)}`;
  return createFlow({
    UUID: uuid.padStart(16, '0'),
    LayersPath: 'Ethernet/IPv4/TCP',
    Application: 'TCP',
    CaptureID: '11111111-2222-3333-4444-555555555555',
    NodeTID: `${host}-9ab1-5a33-a3a4-25a57c99a0c8`,
    TrackingID: uuid.padEnd(16, 'a'),
    L3TrackingID: uuid.padEnd(16, 'b'),
    Start: start,
    Last: nowMs,
    Link: { Protocol: 0, A: '02:00:00:00:00:01', B: '02:00:00:00:00:02', ID: 0 },
    Network: { Protocol: 1, A: `10.1.${(index >> 8) & 255}.${index & 255}`, B: '10.0.0.1', ID: 0 },
    Transport: { Protocol: 2, A: 1024 + (index % 60_000), B: 443, ID: 0 },
    Metric: createFlowMetric({ ABPackets: update, ABBytes: 1_000 * update, Start: start, Last: nowMs }),
    LastUpdateMetric: createFlowMetric({ ABPackets: 1, ABBytes: 1_000, Start: nowMs - 1_000, Last: nowMs }),
  });
}

/** Flows of a batch, encoded: the fields of FlowBatch without its number. */
export function bodyOf(flows: readonly Flow[]): Uint8Array {
  const body = Writer.create();
  for (const flow of flows) encodeFlow(flow, body.uint32((2 << 3) | 2).fork()).ldelim();
  return body.finish();
}

function frameOf(sequence: number, body: Uint8Array): Buffer {
  const head = Writer.create()
    .uint32(1 << 3)
    .uint64(sequence)
    .finish();
  const envelope = Writer.create()
    .uint32((4 << 3) | 2)
    .uint32(head.length + body.length)
    .finish();
  return Buffer.concat([envelope, head, body]);
}

export class LoadProbe {
  readonly #socket: WebSocket;
  #sequence = 0;
  #acked = 0;
  #wake = (): void => {};
  #answersFlushes = true;

  constructor(address: string, host: string, path = '/ws/probe/flow') {
    this.#socket = new WebSocket(`ws://${address}${path}`, {
      headers: { 'X-Host-ID': host },
      perMessageDeflate: false,
    });
    this.#socket.on('open', () => {
      const hello = {
        ...protocolVersion,
        host_id: host,
        incarnation: 'load',
        version: '1',
        clock: Date.now(),
      };
      this.#socket.send(analyzerFrame({ hello: createHello(hello) }));
    });
    this.#socket.on('message', (data: Buffer) => this.#take(data));
  }

  #take(data: Buffer): void {
    const message = readAnalyzerFrame(data);
    if (message.welcome !== undefined) this.#sequence = this.#acked = message.welcome.last_sequence;
    if (message.ack !== undefined) this.#acked = message.ack.sequence;
    if (message.flush !== undefined && this.#answersFlushes)
      this.#socket.send(analyzerFrame({ flush_done: { id: message.flush.id } }));
    this.#wake();
  }

  async welcomed(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  get sent(): number {
    return this.#sequence;
  }

  get acked(): number {
    return this.#acked;
  }

  /** A message of another kind, with the next number. */
  tell(message: (sequence: number) => Partial<ToAnalyzer>): void {
    this.#socket.send(analyzerFrame(message(++this.#sequence)));
  }

  /** Waits until fewer than `inFlightMax` batches are unacknowledged, and sends. */
  async send(body: Uint8Array, inFlightMax = 16): Promise<void> {
    while (this.#sequence - this.#acked >= inFlightMax)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#socket.send(frameOf(++this.#sequence, body));
  }

  async drained(): Promise<void> {
    while (this.#acked < this.#sequence) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** A subscriber that only counts: it looks at the heads of frames and at nothing in them. */
export class CountingSubscriber {
  readonly #socket: Socket;
  /** Of the frame that is under way. */
  #missing = 0;
  #head: Buffer = Buffer.alloc(0);
  frames = 0;
  bytes = 0;
  /** Called with each whole frame. */
  onFrame: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data) => this.#take(data));
    socket.on('error', () => {});
  }

  static async open(
    address: string,
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<CountingSubscriber> {
    const [host, port] = address.split(':') as [string, string];
    const socket = connect(Number(port), host);
    await once(socket, 'connect');
    const lines = Object.entries({
      Host: address,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    }).map(([name, value]) => `${name}: ${value}`);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    const end = answer.indexOf('\r\n\r\n') + 4;
    if (!answer.subarray(0, 12).toString().includes(' 101')) throw new Error(answer.toString());
    const subscriber = new CountingSubscriber(socket);
    if (answer.length > end) subscriber.#take(answer.subarray(end));
    return subscriber;
  }

  #take(data: Buffer): void {
    this.bytes += data.length;
    let rest = this.#head.length === 0 ? data : Buffer.concat([this.#head, data]);
    this.#head = Buffer.alloc(0);
    for (;;) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, rest.length);
        this.#missing -= taken;
        rest = rest.subarray(taken);
        if (this.#missing > 0) return;
        this.frames++;
        this.onFrame();
      }
      const frame = frameHead(rest);
      if (frame === undefined) {
        this.#head = rest;
        return;
      }
      this.#missing = frame.length;
      rest = rest.subarray(frame.headLength);
      if (frame.length === 0) {
        this.frames++;
        this.onFrame();
      }
    }
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** RFC 6455, section 5.2, of a server's frame; undefined when not all of it is there. */
function frameHead(data: Buffer): { headLength: number; length: number } | undefined {
  if (data.length < 2) return undefined;
  const short = data[1]! & 127;
  if (short < 126) return { headLength: 2, length: short };
  const headLength = short === 126 ? 4 : 10;
  if (data.length < headLength) return undefined;
  return { headLength, length: short === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2)) };
}
