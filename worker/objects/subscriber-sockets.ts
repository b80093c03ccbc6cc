/**
 * The flow subscribers of one hub: accepted with hibernation, their state in attachments (validated when read back),
 * one connection a host id. A subscriber that does not read is closed; nobody waits for it.
 */
import { limits } from '../../core/limits.ts';
import type { Frame } from '../../core/wire/flow-messages.ts';
import type { FlowSubscription } from '../../core/wire/flow-subscription.ts';
import { closeCodes, closeReason, type CloseCode } from '../../core/wire/wire-error.ts';
import type { Peer } from './handover.ts';
import { UnreadWatch } from './unread-watch.ts';

/** What a hibernated socket remembers. */
export interface SubscriberState extends FlowSubscription, Peer {
  readonly kind: 'subscriber';
  readonly connectedMs: number;
  readonly closed: boolean;
}

export type SubscriberCounter =
  | 'subscribersReplaced'
  | 'subscribersTooSlow'
  | 'framesSent'
  | 'sendFailures'
  | 'unreadLookFailures';
export const subscriberCounters: readonly SubscriberCounter[] = [
  'subscribersReplaced',
  'subscribersTooSlow',
  'framesSent',
  'sendFailures',
  'unreadLookFailures',
];

const encoder = new TextEncoder();

export class SubscriberSockets {
  readonly #ctx: DurableObjectState;
  readonly #count: (name: SubscriberCounter) => void;
  readonly #states = new Map<WebSocket, SubscriberState>();
  readonly #byHostId = new Map<string, WebSocket>();
  /** Where the runtime does not tell `bufferedAmount` and the host does. */
  readonly #watch: UnreadWatch | undefined;
  /** Payload bytes of the frames of one row, so that each is measured once for all. */
  readonly #sizes = new Map<Frame, number>();

  /** Takes over the sockets that survived an eviction. */
  constructor(ctx: DurableObjectState, env: Env, count: (name: SubscriberCounter) => void) {
    this.#ctx = ctx;
    this.#count = count;
    const report = env.EDGEDIVE_CONNECTIONS;
    if (report !== undefined) {
      this.#watch = new UnreadWatch(ctx, report, {
        tooSlow: (socket) => this.#endSlow(socket),
        failed: () => this.#count('unreadLookFailures'),
      });
    }
    for (const socket of ctx.getWebSockets('subscriber')) {
      const state: unknown = socket.deserializeAttachment();
      if (isSubscriberState(state) && !state.closed) this.#keep(socket, state, false);
    }
  }

  get size(): number {
    return this.#states.size;
  }

  state(socket: WebSocket): SubscriberState | undefined {
    return this.#states.get(socket);
  }

  all(): Iterable<[WebSocket, SubscriberState]> {
    return this.#states;
  }

  /** Whether this host id is connected with another credential; then a newcomer is refused. */
  isTaken(hostId: string, principal: string): boolean {
    const state = this.#stateOf(hostId);
    return state !== undefined && state.principal !== principal;
  }

  /** Accepts the server's end. An older connection of the same host id is closed: the newest wins. */
  accept(server: WebSocket, subscription: FlowSubscription, peer: Peer): void {
    const older = this.#byHostId.get(subscription.hostId);
    if (older !== undefined) {
      this.#count('subscribersReplaced');
      this.close(older, closeCodes.goingAway, 'replaced by a newer connection with this X-Host-ID');
    }
    this.#ctx.acceptWebSocket(server, ['subscriber']);
    const state: SubscriberState = {
      kind: 'subscriber',
      ...subscription,
      principal: peer.principal,
      address: peer.address,
      connection: peer.connection,
      connectedMs: Date.now(),
      closed: false,
    };
    server.serializeAttachment(state);
    this.#keep(server, state, true);
  }

  #keep(socket: WebSocket, state: SubscriberState, isNew: boolean): void {
    this.#watch?.add(socket, state.connection, isNew);
    this.#states.set(socket, state);
    this.#byHostId.set(state.hostId, socket);
  }

  #stateOf(hostId: string): SubscriberState | undefined {
    const socket = this.#byHostId.get(hostId);
    return socket === undefined ? undefined : this.#states.get(socket);
  }

  /** False when the subscriber was closed instead, because it had not taken what was sent before. */
  send(socket: WebSocket, frame: Frame): boolean {
    if (bufferedBytes(socket) > limits.subscriberBufferBytesMax) {
      this.#endSlow(socket);
      return false;
    }
    try {
      socket.send(frame);
      this.#watch?.sent(socket, this.#sizeOf(frame));
      this.#count('framesSent');
      return true;
    } catch {
      // Gone without a close event so far.
      this.#count('sendFailures');
      this.forget(socket);
      return false;
    }
  }

  /** The frames of the row before are done with. */
  beginRow(): void {
    this.#sizes.clear();
  }

  #sizeOf(frame: Frame): number {
    if (typeof frame !== 'string') return frame.byteLength;
    let bytes = this.#sizes.get(frame);
    if (bytes === undefined) {
      bytes = encoder.encode(frame).length;
      this.#sizes.set(frame, bytes);
    }
    return bytes;
  }

  #endSlow(socket: WebSocket): void {
    if (!this.#states.has(socket)) return;
    this.#count('subscribersTooSlow');
    const reason = `more than ${limits.subscriberBufferBytesMax} bytes are waiting unread`;
    this.close(socket, closeCodes.tryLater, reason);
  }

  close(socket: WebSocket, code: CloseCode, reason: string): void {
    this.forget(socket);
    try {
      socket.close(code, closeReason(reason));
    } catch {
      // Already closed by the peer.
    }
  }

  /** True when it was still known. */
  forget(socket: WebSocket): boolean {
    const state = this.#states.get(socket);
    if (state === undefined) return false;
    this.#states.delete(socket);
    this.#watch?.forget(socket);
    if (this.#byHostId.get(state.hostId) === socket) this.#byHostId.delete(state.hostId);
    try {
      socket.serializeAttachment({ ...state, closed: true });
    } catch {
      // A socket that is already gone needs no attachment.
    }
    return true;
  }
}

/**
 * Bytes given to `send` that have not left, where the runtime tells: workerd 1.20261023 does not yet
 * (cloudflare/workerd#988); there unread-watch.ts asks the host.
 */
function bufferedBytes(socket: WebSocket): number {
  return (socket as WebSocket & { readonly bufferedAmount?: number }).bufferedAmount ?? 0;
}

function isSubscriberState(value: unknown): value is SubscriberState {
  if (typeof value !== 'object' || value === null) return false;
  const state = value as Partial<Record<keyof SubscriberState, unknown>>;
  const texts = [
    state.hostId,
    state.clientType,
    state.filter,
    state.principal,
    state.address,
    state.connection,
  ];
  return (
    state.kind === 'subscriber' &&
    (state.protocol === 'json' || state.protocol === 'protobuf') &&
    (state.encoding === 'json' || state.encoding === 'jsonInProtobuf' || state.encoding === 'protobuf') &&
    [state.flows, state.stats, state.closed].every((flag) => typeof flag === 'boolean') &&
    texts.every((text) => typeof text === 'string') &&
    Array.isArray(state.captures) &&
    state.captures.every((capture) => typeof capture === 'string') &&
    Number.isSafeInteger(state.connectedMs)
  );
}
