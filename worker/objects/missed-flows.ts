/**
 * Flow subscribers that do not keep up. One that has too much unread is sent nothing more, so that it costs nobody anything; what
 * it misses is counted, and told in the stream as soon as it has read. One that has not after a while is closed.
 */
import { limits, timings } from '../../core/limits.ts';
import { lostFrame } from '../../core/wire/flow-messages.ts';
import type { Lost } from '../../core/wire/flow-notices.ts';
import type { FlowEncoding } from '../../core/wire/flow-subscription.ts';
import type { ClientSockets, ClientState } from './client-sockets.ts';

export type MissedCounter = 'subscribersHeld' | 'flowsMissed';
export const missedCounters: readonly MissedCounter[] = ['subscribersHeld', 'flowsMissed'];

/** What one that is held has missed so far. */
interface Missed extends Lost {
  readonly Flows: number;
}

interface Subscriber extends ClientState {
  readonly encoding: FlowEncoding;
}

export class MissedFlows<State extends Subscriber> {
  readonly #ctx: DurableObjectState;
  readonly #sockets: ClientSockets<State>;
  readonly #count: (name: MissedCounter, by?: number) => void;
  readonly #missed = new Map<WebSocket, Missed>();
  #isLooking = false;

  constructor(
    ctx: DurableObjectState,
    sockets: ClientSockets<State>,
    count: (name: MissedCounter, by?: number) => void,
  ) {
    this.#ctx = ctx;
    this.#sockets = sockets;
    this.#count = count;
  }

  /** Whether the subscriber may be sent a batch; if not, it misses so many flow updates. Tells it what it missed before. */
  mayHear(socket: WebSocket, state: State, flows: () => number): boolean {
    if (!this.#isBehind(socket)) return this.#caughtUp(socket, state);
    const nowMs = Date.now();
    const before = this.#missed.get(socket);
    if (before === undefined) this.#count('subscribersHeld');
    const more = flows();
    this.#count('flowsMissed', more);
    this.#missed.set(socket, { Flows: (before?.Flows ?? 0) + more, From: before?.From ?? nowMs, To: nowMs });
    if (!this.#isLooking) this.#ctx.waitUntil(this.#look());
    return false;
  }

  forget(socket: WebSocket): void {
    this.#missed.delete(socket);
  }

  /** One that is held has to read half of it first, so that it is not held and let go with each batch. */
  #isBehind(socket: WebSocket): boolean {
    const bytesMax = limits.subscriberHoldBytes / (this.#missed.has(socket) ? 2 : 1);
    return this.#sockets.unread(socket) > bytesMax;
  }

  #caughtUp(socket: WebSocket, state: State): boolean {
    const lost = this.#missed.get(socket);
    if (lost === undefined) return true;
    this.#missed.delete(socket);
    return (
      lost.Flows === 0 || this.#sockets.send(socket, lostFrame(lost, state.encoding, crypto.randomUUID()))
    );
  }

  /** While some are held: nobody else may have a batch for them that would tell that they have read. */
  async #look(): Promise<void> {
    this.#isLooking = true;
    try {
      while (this.#missed.size > 0) {
        await scheduler.wait(timings.unreadLookUrgentMs);
        for (const [socket, lost] of this.#missed) {
          const state = this.#sockets.state(socket);
          if (state === undefined) this.#missed.delete(socket);
          else if (!this.#isBehind(socket)) this.#caughtUp(socket, state);
          else if (Date.now() - lost.From > timings.subscriberHeldMs)
            this.#sockets.endSlow(socket, limits.subscriberHoldBytes);
        }
      }
    } finally {
      this.#isLooking = false;
    }
  }
}
