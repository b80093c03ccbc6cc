/**
 * Brings messages to the graph's clients without ever waiting for one, and without keeping others waiting. A client that has
 * too much unread is held back: what changes meanwhile is kept as one change an element (NetChanges), and told when it has
 * read; one that takes nothing at all is closed.
 */
import type { GraphEvent } from '../../core/graph/element.ts';
import { NetChanges } from '../../core/graph/net-changes.ts';
import { limits, timings } from '../../core/limits.ts';
import { encodeEnvelope, type ClientProtocol, type Envelope } from '../../core/wire/envelope.ts';
import type { Frame } from '../../core/wire/flow-messages.ts';
import { EventMessage } from '../../core/wire/graph-events.ts';
import { wantsNamespace } from '../../core/wire/graph-subscription.ts';
import { closeCodes } from '../../core/wire/wire-error.ts';
import type { ClientSockets } from './client-sockets.ts';
import type { CountClient, GraphClientState } from './graph-client-state.ts';

interface Held {
  readonly changes: NetChanges;
  /** What waits until the client has heard of the changes. */
  readonly waiting: (() => Promise<void>)[];
  /** Unread when it was looked at last, and since when that has not become less; ms. */
  unread: number;
  sinceMs: number;
}

/** How often held clients are looked at; ms. */
const LOOK_MS = 100;

export class GraphDelivery {
  readonly #sockets: ClientSockets<GraphClientState>;
  readonly #count: CountClient;
  readonly #held = new Map<WebSocket, Held>();
  /** Messages that may still be sent before others get their turn. */
  #left: number = limits.graphSendsPerTurnMax;
  #willLook = false;

  constructor(sockets: ClientSockets<GraphClientState>, count: CountClient) {
    this.#sockets = sockets;
    this.#count = count;
  }

  isHeld(socket: WebSocket): boolean {
    return this.#held.has(socket);
  }

  message(event: GraphEvent): EventMessage {
    this.#sockets.beginBatch();
    return new EventMessage(event, () => crypto.randomUUID());
  }

  /** An event to one client, now or as a part of what it hears later. */
  tell(socket: WebSocket, message: EventMessage): void {
    const state = this.#sockets.state(socket);
    if (state === undefined || !wantsNamespace(state, 'Graph')) return;
    const held = this.#held.get(socket) ?? this.#holdIfFull(socket);
    if (held === undefined) {
      this.#spend();
      this.#sockets.send(socket, message.frame(state.policy, state.protocol));
      return;
    }
    held.changes.apply(message.event);
    if (held.changes.size > limits.graphHeldElementsMax) this.#end(socket, limits.graphHoldBytes);
  }

  /** A message of its own to one client, behind whatever it was sent before; left out when it does not want its namespace. */
  send(socket: WebSocket, envelope: Envelope): void {
    const state = this.#sockets.state(socket);
    if (state === undefined || !wantsNamespace(state, envelope.namespace)) return;
    this.#sockets.send(socket, encodeEnvelope(envelope, state.protocol));
    this.#sockets.beginBatch();
  }

  /** A message that is not about the graph, spelled once for each protocol, to every subscriber that wants its namespace. */
  sendAll(envelope: Envelope): void {
    const frames = new Map<ClientProtocol, Frame>();
    for (const [socket, state] of this.#sockets.all()) {
      if (state.role !== 'subscriber' || !wantsNamespace(state, envelope.namespace)) continue;
      const frame = frames.get(state.protocol) ?? encodeEnvelope(envelope, state.protocol);
      frames.set(state.protocol, frame);
      this.#sockets.send(socket, frame);
    }
    this.#sockets.beginBatch();
  }

  /** Runs `work` when the client has heard of everything. Resolves when it is done, or has to wait for the client. */
  whenHeard(socket: WebSocket, work: () => Promise<void>): Promise<void> {
    const held = this.#held.get(socket) ?? this.#holdIfFull(socket);
    if (held === undefined) return work();
    if (held.waiting.length < limits.graphHeldSyncsMax) held.waiting.push(work);
    else this.#end(socket, limits.graphHoldBytes);
    return Promise.resolve();
  }

  forget(socket: WebSocket): void {
    this.#held.delete(socket);
  }

  /** Closes a client whose place in the stream of changes is lost; with the next sync it is up to date. */
  outOfStep(socket: WebSocket, reason: string): void {
    this.#count('clientsOutOfStep');
    this.forget(socket);
    this.#sockets.close(socket, closeCodes.tryLater, reason);
  }

  /** Thousands of sends in one go would keep everybody else waiting: the rest goes out in the next turn. */
  #spend(): void {
    if (this.#left === limits.graphSendsPerTurnMax)
      setTimeout(() => {
        if (this.#left <= 0) this.#count('turnsCutShort');
        this.#left = limits.graphSendsPerTurnMax;
        this.#look(Date.now());
      }, 0);
    this.#left--;
  }

  #holdIfFull(socket: WebSocket): Held | undefined {
    const unread = this.#sockets.unread(socket);
    const isFull = unread > limits.graphHoldBytes;
    if (!isFull && this.#left > 0) return undefined;
    const held: Held = { changes: new NetChanges(), waiting: [], unread, sinceMs: Date.now() };
    this.#held.set(socket, held);
    this.#sockets.update(socket, { isBehind: true });
    if (isFull) this.#count('clientsHeld');
    this.#lookSoon();
    return held;
  }

  #lookSoon(): void {
    if (this.#willLook) return;
    this.#willLook = true;
    setTimeout(() => {
      this.#willLook = false;
      this.#look(Date.now());
      if (this.#held.size > 0) this.#lookSoon();
    }, LOOK_MS);
  }

  #look(nowMs: number): void {
    for (const [socket, held] of this.#held) {
      if (this.#left <= 0) return;
      const unread = this.#sockets.unread(socket);
      if (unread < held.unread) held.sinceMs = nowMs;
      held.unread = unread;
      if (unread <= limits.graphHoldBytes / 2) this.#release(socket, held);
      else if (nowMs - held.sinceMs >= timings.graphHeldMs) this.#end(socket, unread);
    }
  }

  /** What is too much for now is held back again. */
  #release(socket: WebSocket, held: Held): void {
    this.#held.delete(socket);
    if (this.#sockets.update(socket, { isBehind: false }) === undefined) return;
    for (const event of held.changes.events()) this.tell(socket, this.message(event));
    for (const work of held.waiting) void this.whenHeard(socket, work);
  }

  #end(socket: WebSocket, bytes: number): void {
    this.forget(socket);
    this.#sockets.endSlow(socket, bytes);
  }
}
