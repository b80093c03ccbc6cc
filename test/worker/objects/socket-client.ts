/** Both ends of our sockets as the outside sees them: a probe's two sockets and a flow subscriber's one. */
import { exports } from 'cloudflare:workers';
import { createFlow, type Flow } from '../../../proto/gen/flow.ts';
import {
  createFlowBatch,
  createHello,
  type FlowBatch,
  type GraphChange,
  type Hello,
  type ToAnalyzer,
  type ToProbe,
} from '../../../proto/gen/probe.ts';
import { analyzerFrame, protocolVersion, readAnalyzerFrame } from '../../../core/wire/probe-frames.ts';

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A client's socket that keeps what came until it is asked for. */
export class SocketClient<M> {
  readonly raw: WebSocket;
  readonly #inbox: M[] = [];
  readonly #waiting: (() => void)[] = [];
  #closed: Closed | undefined;

  constructor(raw: WebSocket, read: (data: ArrayBuffer | string) => M) {
    this.raw = raw;
    raw.binaryType = 'arraybuffer';
    raw.addEventListener('message', (event) => {
      this.#inbox.push(read(event.data as ArrayBuffer | string));
      this.#wake();
    });
    raw.addEventListener('close', (event) => {
      this.#closed = { code: event.code, reason: event.reason };
      this.#wake();
    });
    raw.accept();
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  async #until<T>(look: () => T | undefined, what: string): Promise<T> {
    const end = Date.now() + 5_000;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (Date.now() > end)
        throw new Error(`waited in vain for ${what}; inbox ${JSON.stringify(this.#inbox)}`);
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        setTimeout(resolve, 100);
      });
    }
  }

  /** The next message that fits; those before it stay. */
  next(fits: (message: M) => boolean = () => true): Promise<M> {
    return this.#until(() => {
      const at = this.#inbox.findIndex(fits);
      return at < 0 ? undefined : this.#inbox.splice(at, 1)[0];
    }, 'a message');
  }

  closed(): Promise<Closed> {
    return this.#until(() => this.#closed, 'the close');
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** What came and was not asked for, after a while. */
  async rest(waitMs = 150): Promise<M[]> {
    await new Promise((resolve) => {
      setTimeout(resolve, waitMs);
    });
    return this.#inbox.splice(0);
  }

  send(data: ArrayBuffer | Uint8Array | string): void {
    this.raw.send(data);
  }

  close(code = 1000, reason = ''): void {
    this.raw.close(code, reason);
  }
}

/** The answer to an upgrade request, a 101 or a refusal. */
export function upgrade(path: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  return exports.default.fetch(`http://localhost${path}`, { headers: { Upgrade: 'websocket', ...headers } });
}

async function open(path: string, headers: Readonly<Record<string, string>>): Promise<WebSocket> {
  const response = await upgrade(path, headers);
  if (response.webSocket === null) throw new Error(`no upgrade: ${response.status} ${await response.text()}`);
  return response.webSocket;
}

export class ProbeClient extends SocketClient<ToProbe> {
  tell(message: Partial<ToAnalyzer>): void {
    this.send(analyzerFrame(message));
  }

  async nextOf<K extends keyof ToProbe>(member: K): Promise<NonNullable<ToProbe[K]>> {
    return (await this.next((message) => message[member] !== undefined))[member]!;
  }

  /** Resolves with the Welcome. */
  async hello(
    hostId: string,
    incarnation = 'one',
    more: Partial<Hello> = {},
  ): Promise<NonNullable<ToProbe['welcome']>> {
    const hello = {
      ...protocolVersion,
      host_id: hostId,
      incarnation,
      version: '1.0.0',
      clock: Date.now(),
      ...more,
    };
    this.tell({ hello: createHello(hello) });
    return this.nextOf('welcome');
  }

  /** Resolves when the sync is durable. */
  async sync(sequence: number, nodes: readonly unknown[], edges: readonly unknown[] = []): Promise<void> {
    const texts = (list: readonly unknown[]): string[] => list.map((element) => JSON.stringify(element));
    this.tell({ sync: { sequence, nodes: texts(nodes), edges: texts(edges) } });
    await this.next((message) => message.ack?.sequence === sequence);
  }

  async changes(
    sequence: number,
    changes: readonly [kind: GraphChange['kind'], element: unknown][],
  ): Promise<void> {
    const list = changes.map(([kind, element]) => ({ kind, element: JSON.stringify(element) }));
    this.tell({ changes: { sequence, changes: list } });
    await this.next((message) => message.ack?.sequence === sequence);
  }

  batch(sequence: number, flows: readonly Flow[], more: Partial<FlowBatch> = {}): void {
    this.tell({ flows: createFlowBatch({ sequence, flows: [...flows], ...more }) });
  }

  /** Resolves when everything up to this batch is durable. */
  async acked(sequence: number): Promise<void> {
    await this.next((message) => (message.ack?.sequence ?? 0) >= sequence);
  }
}

export async function openProbe(kind: 'topology' | 'flow', hostId: string): Promise<ProbeClient> {
  const socket = await open(`/ws/probe/${kind}`, { 'X-Host-ID': hostId, 'X-Client-Type': 'probe' });
  return new ProbeClient(socket, (data) => readAnalyzerFrame(new Uint8Array(data as ArrayBuffer)));
}

/** A probe that has said Hello. */
export async function connectProbe(
  kind: 'topology' | 'flow',
  hostId: string,
  incarnation = 'one',
): Promise<ProbeClient> {
  const probe = await openProbe(kind, hostId);
  await probe.hello(hostId, incarnation);
  return probe;
}

export type SubscriberClient = SocketClient<string | ArrayBuffer>;

export async function subscribe(
  hostId: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<SubscriberClient> {
  const socket = await open('/ws/subscriber/flow', {
    'X-Host-ID': hostId,
    'X-Client-Type': 'test',
    ...headers,
  });
  return new SocketClient(socket, (data) => data);
}

export function testFlow(uuid: string, init: Partial<Flow> = {}): Flow {
  const now = Date.now();
  return createFlow({
    UUID: uuid,
    LayersPath: 'Ethernet/IPv4/UDP',
    Application: 'UDP',
    CaptureID: 'c1',
    NodeTID: 'tid',
    TrackingID: `t-${uuid}`,
    Start: now - 1_000,
    Last: now,
    ...init,
  });
}
