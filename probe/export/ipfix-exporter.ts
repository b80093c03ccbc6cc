/**
 * Tells a collector of IPFIX (core/export/ipfix.ts) the flows of this probe, by UDP, beside the analyzer: whatever happens here, the
 * analyzer gets its flows. What cannot be sent is dropped and counted.
 */
import { createSocket, type Socket } from 'node:dgram';
import { messageOf } from '../../core/errors.ts';
import { IpfixEncoder } from '../../core/export/ipfix.ts';
import { limits, timings } from '../../core/limits.ts';
import type { BatchBody } from '../../core/wire/batch-encoder.ts';
import { decodeFlowBatch } from '../../proto/gen/probe.ts';
import type { FlowSink } from '../capture/capture-source.ts';
import type { Log } from '../log.ts';

export interface IpfixSettings {
  readonly host: string;
  readonly port: number;
  /** Observation domain. */
  readonly domain: number;
}

export interface IpfixStatus {
  readonly collector: string;
  /** Flow messages as records; those of flows that had not grown are none. */
  readonly records: number;
  readonly messages: number;
  readonly bytes: number;
  readonly bytesWaiting: number;
  /** Messages that the network or a full queue did not take, and their bytes. */
  readonly messagesDropped: number;
  readonly bytesDropped: number;
  /** Of the last that was not taken; "" while all is well. */
  readonly error: string;
}

const CONNECT_AGAIN_MS = 10_000;
/** For what is on its way at the end. */
const STOP_MS_MAX = 500;

export class IpfixExporter {
  readonly #settings: IpfixSettings;
  readonly #log: Log;
  readonly #encoder: IpfixEncoder;
  readonly #socket: Socket;
  /** Until the collector's address is known. */
  #waiting: Uint8Array[] | undefined = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #records = 0;
  #messages = 0;
  #bytes = 0;
  #messagesDropped = 0;
  #bytesDropped = 0;
  #error = '';
  #isClosed = false;

  constructor(settings: IpfixSettings, log: Log) {
    this.#settings = settings;
    this.#log = log;
    const { domain } = settings;
    this.#encoder = new IpfixEncoder(
      { domain, messageBytesMax: limits.ipfixMessageBytes, templatesEveryMs: timings.ipfixTemplatesMs },
      (message) => this.#send(message),
    );
    this.#socket = createSocket({ type: settings.host.includes(':') ? 'udp6' : 'udp4' });
    // A collector that is not there is told by ICMP: the next send fails, and those behind it may not.
    this.#socket.on('error', (error) => this.#failed(messageOf(error)));
    this.#socket.unref();
    this.#connect();
  }

  /** The sink, with everything that goes into it told here too. */
  beside(sink: FlowSink): FlowSink {
    return {
      add: (body) => {
        sink.add(body);
        this.#add(body);
      },
      countDropped: (flows) => sink.countDropped(flows),
    };
  }

  get status(): IpfixStatus {
    return {
      collector: `${this.#settings.host}:${this.#settings.port}`,
      records: this.#records,
      messages: this.#messages,
      bytes: this.#bytes,
      bytesWaiting: this.#waitingBytes + (this.#isClosed ? 0 : this.#socket.getSendQueueSize()),
      messagesDropped: this.#messagesDropped,
      bytesDropped: this.#bytesDropped,
      error: this.#error,
    };
  }

  /** Sends what waits; resolves when the kernel has it. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#encoder.flush(Date.now());
    const end = Date.now() + STOP_MS_MAX;
    // An address may still be looked up.
    const isBusy = (): boolean =>
      this.#waiting === undefined ? this.#socket.getSendQueueCount() > 0 : this.#error === '';
    while (isBusy() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 1));
    this.#isClosed = true;
    this.#socket.close();
  }

  #connect(): void {
    const { host, port } = this.#settings;
    const connected = (error?: Error): void => {
      if (error !== undefined) {
        this.#failed(messageOf(error));
        this.#connectLater();
        return;
      }
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      this.#waitingBytes = 0;
      for (const message of waiting) this.#send(message);
    };
    // Its callback hears of a failure too, which the types do not say.
    this.#socket.connect(port, host, connected);
  }

  #add(body: BatchBody): void {
    const nowMs = Date.now();
    for (const flow of decodeFlowBatch(body.bytes).flows) if (this.#encoder.add(flow, nowMs)) this.#records++;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#encoder.flush(Date.now());
    }, timings.ipfixFlushMs).unref();
  }

  #send(message: Uint8Array): void {
    if (this.#waiting !== undefined) {
      this.#wait(message, this.#waiting);
      return;
    }
    if (this.#socket.getSendQueueSize() > limits.ipfixQueueBytesMax) {
      this.#dropped(message, 'the queue is full');
      return;
    }
    this.#socket.send(message, (error) => {
      if (error !== null) {
        this.#dropped(message, messageOf(error));
        return;
      }
      this.#messages++;
      this.#bytes += message.length;
      this.#error = '';
    });
  }

  /** The oldest go first: the newest has the templates when they are due. */
  #wait(message: Uint8Array, waiting: Uint8Array[]): void {
    waiting.push(message);
    this.#waitingBytes += message.length;
    while (this.#waitingBytes > limits.ipfixQueueBytesMax) {
      const oldest = waiting.shift()!;
      this.#waitingBytes -= oldest.length;
      this.#dropped(oldest, 'the collector has no address');
    }
  }

  /** A name that is not known now may be later. */
  #connectLater(): void {
    setTimeout(() => {
      if (!this.#isClosed && this.#waiting !== undefined) this.#connect();
    }, CONNECT_AGAIN_MS).unref();
  }

  #dropped(message: Uint8Array, why: string): void {
    this.#messagesDropped++;
    this.#bytesDropped += message.length;
    this.#failed(why);
  }

  #failed(why: string): void {
    if (this.#error === '') this.#log.warn(`${this.#settings.host}:${this.#settings.port}: ${why}`);
    this.#error = why;
  }
}
