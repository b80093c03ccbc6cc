/**
 * What publishers change in the graph (WebSocket notes, section 8). Changes that come close to one another are written
 * together: they stand in the graph and in the tables before anything else is asked of it (`flush`).
 */
import { PublisherChanges, type Outcome, type RefusalReason } from '../../core/graph/publisher-changes.ts';
import { SaidRevisions } from '../../core/graph/said-revisions.ts';
import { limits, timings } from '../../core/limits.ts';
import type { GraphMessage } from '../../core/wire/graph-messages.ts';
import type { TopologyStore } from '../store/topology-store.ts';
import type { ClientSockets } from './client-sockets.ts';
import type { FabricGraph } from './fabric-graph.ts';
import {
  originOf,
  type CountClient,
  type GraphClientCounter,
  type GraphClientState,
} from './graph-client-state.ts';

type Change = Extract<GraphMessage, { kind: 'sync' | 'change' }>;

interface Waiting {
  readonly socket: WebSocket;
  readonly origin: string;
  readonly message: Change;
  /** Told what came of it when it was refused. */
  readonly refused: (text: string) => void;
}

const REFUSALS: Readonly<Record<RefusalReason, GraphClientCounter>> = {
  schema: 'changesAgainstSchema',
  foreign: 'changesForeign',
  dangling: 'changesDangling',
  tooMany: 'changesTooMany',
  tooLarge: 'changesTooLarge',
};

export class GraphPublishers {
  readonly #fabric: FabricGraph;
  readonly #sockets: ClientSockets<GraphClientState>;
  readonly #store: TopologyStore;
  readonly #count: CountClient;
  readonly #said = new SaidRevisions();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #group: { readonly done: Promise<void>; readonly resolve: () => void } | undefined;
  /** Runs writes; gives the object up when they fail. */
  readonly #guard: (work: () => void) => void;

  constructor(
    fabric: FabricGraph,
    sockets: ClientSockets<GraphClientState>,
    store: TopologyStore,
    guard: (work: () => void) => void,
    count: CountClient,
  ) {
    this.#fabric = fabric;
    this.#sockets = sockets;
    this.#store = store;
    this.#guard = guard;
    this.#count = count;
    fabric.listen((events, source) => this.#said.follow(events, (origin) => this.#isOwner(origin, source)));
  }

  /** Probes count no Revisions of their own: what they say, and what is set on theirs, is of no concern here. */
  #isOwner(origin: string, source: unknown): boolean {
    if (source === undefined || origin.startsWith('agent.')) return true;
    const state = source instanceof WebSocket ? this.#sockets.state(source) : undefined;
    return state !== undefined && originOf(state) === origin;
  }

  /** Deletes what belongs to connections that ended without our noticing: the whole process ended. */
  wake(nowMs: number): void {
    for (const origin of this.#store.passingOrigins())
      if (!this.#isLive(origin)) this.#deleteOrigin(origin, nowMs);
  }

  /** A newer connection of an origin decides what becomes of its elements. */
  joined(state: GraphClientState): void {
    if (state.role !== 'subscriber' && !state.deletesOnDisconnect)
      this.#store.deletePassingOrigin(originOf(state));
  }

  /** Resolves when the change is kept, or refused. */
  change(
    socket: WebSocket,
    message: Change,
    bytes: number,
    refused: (text: string) => void,
  ): Promise<void> | undefined {
    const state = this.#sockets.state(socket);
    if (state === undefined) return undefined;
    const origin = originOf(state);
    if (!state.hasPublished) {
      this.#sockets.update(socket, { hasPublished: true });
      if (state.deletesOnDisconnect) this.#store.addPassingOrigin(origin);
    }
    this.#waiting.push({ socket, origin, message, refused });
    this.#waitingBytes += bytes;
    if (this.#group === undefined) {
      this.#group = newGroup();
      setTimeout(() => this.flush(), timings.publisherGroupMs);
      return this.#group.done;
    }
    const isFull =
      this.#waiting.length >= limits.publisherGroupMax || this.#waitingBytes >= limits.publisherGroupBytesMax;
    if (isFull) this.flush();
    return undefined;
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#waiting.length > 0) this.#guard(() => this.#flush());
  }

  #flush(): void {
    const waiting = this.#waiting;
    const group = this.#group;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#group = undefined;
    const nowMs = Date.now();
    for (let from = 0; from < waiting.length;) {
      const { socket } = waiting[from]!;
      let to = from + 1;
      while (to < waiting.length && waiting[to]!.socket === socket) to++;
      this.#write(socket, waiting.slice(from, to), nowMs);
      from = to;
    }
    group?.resolve();
  }

  #write(socket: WebSocket, waiting: readonly Waiting[], nowMs: number): void {
    const { origin } = waiting[0]!;
    this.#fabric.write(nowMs, socket, () => {
      const changes = this.#changesOf(origin, nowMs);
      for (const { message, refused } of waiting) {
        const outcome =
          message.kind === 'sync'
            ? changes.sync(message.nodes, message.edges)
            : changes.apply(message.change);
        this.#counted(outcome);
        if (outcome.kind === 'refused') refused(outcome.text);
      }
    });
  }

  #changesOf(origin: string, nowMs: number): PublisherChanges {
    const publisher = {
      origin,
      elementsMax: limits.elementsPerPublisherMax,
      said: this.#said,
      isShared: (id: string) => this.#fabric.overlays.has(id) || this.#fabric.edgeOverlays.has(id),
    };
    return new PublisherChanges(this.#fabric.graph, publisher, () => this.#fabric.owned(origin), nowMs);
  }

  #counted(outcome: Outcome): void {
    if (outcome.kind === 'refused') this.#count(REFUSALS[outcome.reason]);
    else this.#count(outcome.kind === 'done' ? 'changesPublished' : 'changesIgnored');
  }

  /** A connection ended; `state` is its last. */
  left(state: GraphClientState, nowMs: number): void {
    const origin = originOf(state);
    if (state.deletesOnDisconnect && state.hasPublished && !this.#isLive(origin))
      this.#deleteOrigin(origin, nowMs);
  }

  #isLive(origin: string): boolean {
    for (const [, state] of this.#sockets.all())
      if (state.role !== 'subscriber' && originOf(state) === origin) return true;
    return false;
  }

  #deleteOrigin(origin: string, nowMs: number): void {
    this.#count('originsDeleted');
    this.#store.deletePassingOrigin(origin);
    this.#fabric.write(nowMs, undefined, () => this.#changesOf(origin, nowMs).removeAll());
  }

  elementsOf(state: GraphClientState): number {
    const { nodes, edges } = this.#fabric.owned(originOf(state));
    return nodes.size + edges.size;
  }
}

function newGroup(): { readonly done: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const done = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { done, resolve };
}
