/**
 * The topology socket: the host's graph goes up, the set of captures comes down. At each connection the whole graph
 * is sent, then the changes, so nothing needs to be kept while the analyzer is away. An analyzer that does not read
 * gets the whole graph again once it does, instead of a growing queue of changes.
 */
import { messageOf } from '../../core/errors.ts';
import type { Capture } from '../../core/capture/capture.ts';
import type { GraphEvent } from '../../core/graph/element.ts';
import type { GraphView } from '../../core/graph/view.ts';
import { limits } from '../../core/limits.ts';
import { analyzerFrame } from '../../core/wire/probe-frames.ts';
import type {
  CaptureSet,
  GraphChange,
  InjectionOrder,
  InjectionReport,
  ToProbe,
} from '../../proto/gen/probe.ts';
import type { Log } from '../log.ts';
import { AnalyzerSocket, type ProbeIdentity, type SocketStatus } from './analyzer-socket.ts';
import { changeFrames, changeOf, syncFrames } from './graph-frames.ts';

/** A capture and the nodes of this host that it is to run on. */
export interface CaptureOrder {
  readonly capture: Capture;
  readonly nodeIds: readonly string[];
}

export interface TopologyLinkOptions {
  /** `ws://host:port`, without a path. */
  readonly analyzer: string;
  readonly identity: ProbeIdentity;
  readonly graph: GraphView;
  readonly log: Log;
  /** Every capture that this host is to run from now on. */
  readonly onCaptures: (orders: readonly CaptureOrder[]) => void;
  readonly onInjection?: (order: InjectionOrder) => void;
  readonly onInjectionStop?: (uuids: readonly string[]) => void;
  /** Called behind the first sync of each connection. */
  readonly onConnected?: () => void;
}

/** Changes of one moment travel together; far below the second in which they must be seen. */
const GATHER_MS = 20;
/** Beyond this the analyzer does not read: stop, and send everything when it does. */
const BACKLOG_BYTES_MAX = 8 * 1_048_576;

export class TopologyLink {
  readonly #options: TopologyLinkOptions;
  readonly #socket: AnalyzerSocket;
  #pending: GraphChange[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The analyzer's copy misses changes; only a sync mends that. */
  #behind = true;
  #sequence = 0;
  #syncs = 0;
  #acknowledged = 0;
  #capturesRefused = 0;

  constructor(options: TopologyLinkOptions) {
    this.#options = options;
    this.#socket = new AnalyzerSocket(
      `${options.analyzer}/ws/probe/topology`,
      options.identity,
      options.log,
      {
        welcomed: () => {
          this.#sync();
          options.onConnected?.();
        },
        received: (message) => this.#received(message),
        lost: () => this.#fallBehind(),
      },
    );
  }

  get status(): SocketStatus & {
    syncs: number;
    sequence: number;
    acknowledged: number;
    capturesRefused: number;
  } {
    return {
      ...this.#socket.status,
      syncs: this.#syncs,
      sequence: this.#sequence,
      acknowledged: this.#acknowledged,
      capturesRefused: this.#capturesRefused,
    };
  }

  start(): void {
    this.#socket.start();
  }

  stop(reason: string): Promise<void> {
    this.#flush();
    clearTimeout(this.#timer);
    return this.#socket.stop(reason);
  }

  /** Changes of the graph, in order. */
  changed(events: readonly GraphEvent[]): void {
    if (this.#behind) return;
    for (const event of events) this.#pending.push(changeOf(event));
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  /** What the probe counts about itself; false when it could not be sent now. */
  sendStatus(json: string): boolean {
    return this.#socket.send(analyzerFrame({ status: { json } }));
  }

  /** How far an injection has come; false when it could not be sent now. */
  sendInjection(injection: InjectionReport): boolean {
    return this.#socket.send(analyzerFrame({ injection }));
  }

  #sync(): void {
    this.#behind = false;
    this.#syncs++;
    for (const frame of syncFrames(this.#options.graph, () => ++this.#sequence)) this.#socket.send(frame);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#socket.connected) return;
    if (this.#socket.bufferedBytes > BACKLOG_BYTES_MAX) {
      this.#fallBehind();
      this.#timer = setTimeout(() => this.#flush(), 1_000);
      return;
    }
    if (this.#behind) {
      this.#sync();
      return;
    }
    const changes = this.#pending;
    this.#pending = [];
    for (const frame of changeFrames(changes, () => ++this.#sequence)) this.#socket.send(frame);
  }

  #fallBehind(): void {
    this.#behind = true;
    this.#pending = [];
  }

  #received(message: ToProbe): void {
    if (message.ack !== undefined) this.#acknowledged = message.ack.sequence;
    if (message.captures !== undefined) this.#options.onCaptures(this.#ordersOf(message.captures));
    if (message.inject !== undefined) this.#options.onInjection?.(message.inject);
    if (message.stop_injections !== undefined) this.#options.onInjectionStop?.(message.stop_injections.uuids);
  }

  #ordersOf(set: CaptureSet): CaptureOrder[] {
    const orders: CaptureOrder[] = [];
    for (const order of set.captures) {
      try {
        orders.push({ capture: captureOf(order.capture), nodeIds: order.node_ids });
      } catch (error) {
        this.#capturesRefused++;
        this.#options.log.error(`a capture of the analyzer cannot be read: ${messageOf(error)}`);
      }
    }
    return orders;
  }
}

/** Throws when the text is not a capture; its members were validated where it was made. */
function captureOf(text: string): Capture {
  if (text.length > limits.bodyBytesMax)
    throw new Error(`${text.length} characters are too many for a capture`);
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('UUID' in value) || typeof value.UUID !== 'string')
    throw new Error('no UUID');
  return value as Capture;
}
