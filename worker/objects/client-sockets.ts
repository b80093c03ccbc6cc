/**
 * The sockets of one kind of client of an object: accepted with hibernation, their state in attachments (validated when read
 * back), one connection a key, how much each has not read. FlowHub and Topology share it; what is said on
 * them is theirs.
 */
import type { Frame } from '../../core/wire/flow-messages.ts';
import { closeCodes, closeReason, type CloseCode } from '../../core/wire/wire-error.ts';
import type { Peer } from './handover.ts';
import { UnreadWatch } from './unread-watch.ts';

/** What every hibernated socket remembers. */
export interface ClientState extends Peer {
  readonly hostId: string;
  readonly connectedMs: number;
  readonly closed: boolean;
}

export interface ClientKind<State extends ClientState> {
  /** Of the sockets in the runtime; an object's kinds have different ones. */
  readonly tag: string;
  readonly isState: (value: unknown) => value is State;
  /** Of two connections with one key the newer wins. */
  readonly keyOf: (state: State) => string;
  /** One with more than this unread is held back by whoever sends; it is looked at more often before. */
  readonly holdBytes: number;
}

export type ClientEvent = 'replaced' | 'tooSlow' | 'sent' | 'sendFailed' | 'lookFailed';

/** Why a socket is closed whose credential has ended. */
export const REVOKED = 'the credential was revoked';

const encoder = new TextEncoder();

export class ClientSockets<State extends ClientState> {
  readonly #ctx: DurableObjectState;
  readonly #kind: ClientKind<State>;
  readonly #count: (name: ClientEvent) => void;
  readonly #forgotten: (socket: WebSocket, state: State) => void;
  readonly #states = new Map<WebSocket, State>();
  readonly #byKey = new Map<string, WebSocket>();
  /** Where the runtime does not tell `bufferedAmount` and the host does. */
  readonly #watch: UnreadWatch | undefined;
  /** Payload bytes of the frames of one batch, so that each is measured once for all. */
  readonly #sizes = new Map<Frame, number>();

  /** Takes over the sockets that survived an eviction. `forgotten` hears of each that ended, whoever ended it. */
  constructor(
    ctx: DurableObjectState,
    env: Env,
    kind: ClientKind<State>,
    count: (name: ClientEvent) => void,
    forgotten: (socket: WebSocket, state: State) => void = () => {},
  ) {
    this.#ctx = ctx;
    this.#kind = kind;
    this.#count = count;
    this.#forgotten = forgotten;
    const report = env.EDGEDIVE_CONNECTIONS;
    if (report !== undefined) {
      this.#watch = new UnreadWatch(ctx, report, kind.holdBytes / 2, () => this.#count('lookFailed'));
    }
    for (const socket of ctx.getWebSockets(kind.tag)) {
      const state: unknown = socket.deserializeAttachment();
      if (kind.isState(state) && !state.closed) this.#keep(socket, state, false);
    }
  }

  get size(): number {
    return this.#states.size;
  }

  /** undefined for a socket that is closed or of another kind. */
  state(socket: WebSocket): State | undefined {
    return this.#states.get(socket);
  }

  all(): Iterable<[WebSocket, State]> {
    return this.#states;
  }

  /** Closes every socket that was opened with this credential. */
  endPrincipal(principal: string): void {
    for (const [socket, state] of this.#states)
      if (state.principal === principal) this.close(socket, closeCodes.policy, REVOKED);
  }

  /** Whether this key is connected with another credential; then a newcomer is refused. */
  isTaken(key: string, principal: string): boolean {
    const socket = this.#byKey.get(key);
    const state = socket && this.#states.get(socket);
    return state !== undefined && state.principal !== principal;
  }

  /** Accepts the server's end. An older connection of the same key is closed: the newest wins. */
  accept(server: WebSocket, state: State): void {
    const older = this.#byKey.get(this.#kind.keyOf(state));
    if (older !== undefined) {
      this.#count('replaced');
      this.close(older, closeCodes.goingAway, 'replaced by a newer connection with this X-Host-ID');
    }
    this.#ctx.acceptWebSocket(server, [this.#kind.tag]);
    server.serializeAttachment(state);
    this.#keep(server, state, true);
  }

  #keep(socket: WebSocket, state: State, isNew: boolean): void {
    this.#watch?.add(socket, state.connection, isNew);
    this.#states.set(socket, state);
    this.#byKey.set(this.#kind.keyOf(state), socket);
  }

  /** Changes what a live socket remembers; not its key. */
  update(socket: WebSocket, change: Partial<State>): State | undefined {
    const before = this.#states.get(socket);
    if (before === undefined) return undefined;
    const state = { ...before, ...change };
    socket.serializeAttachment(state);
    this.#states.set(socket, state);
    return state;
  }

  /** Bytes sent that the peer has not taken, at most; 0 where nobody tells. */
  unread(socket: WebSocket): number {
    return bufferedBytes(socket) ?? this.#watch?.unread(socket) ?? 0;
  }

  /** False when the client is gone. */
  send(socket: WebSocket, frame: Frame): boolean {
    try {
      socket.send(frame);
      if (this.#watch !== undefined) this.#watch.sent(socket, this.#sizeOf(frame));
      this.#count('sent');
      return true;
    } catch {
      // Gone without a close event so far.
      this.#count('sendFailed');
      return false;
    }
  }

  /** The frames until now are done with: what their sizes were is forgotten. */
  beginBatch(): void {
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

  /** Closes one that was held back for too long. */
  endSlow(socket: WebSocket, bytes: number): void {
    if (!this.#states.has(socket)) return;
    this.#count('tooSlow');
    this.close(socket, closeCodes.tryLater, `more than ${bytes} bytes are waiting unread`);
  }

  close(socket: WebSocket, code: CloseCode, reason: string): void {
    this.forget(socket);
    try {
      socket.close(code, closeReason(reason));
    } catch {
      // Already closed by the peer.
    }
  }

  /** The peer closed: it is answered 1000, whatever its code. */
  ended(socket: WebSocket): void {
    this.forget(socket);
    try {
      socket.close(1000);
    } catch {
      // The connection is gone, or the close was the answer to ours.
    }
  }

  /** Nothing for a socket that is forgotten already. */
  forget(socket: WebSocket): void {
    const state = this.#states.get(socket);
    if (state === undefined) return;
    this.#states.delete(socket);
    this.#watch?.forget(socket);
    const key = this.#kind.keyOf(state);
    if (this.#byKey.get(key) === socket) this.#byKey.delete(key);
    try {
      socket.serializeAttachment({ ...state, closed: true });
    } catch {
      // A socket that is already gone needs no attachment.
    }
    this.#forgotten(socket, state);
  }
}

/**
 * Bytes given to `send` that have not left, where the runtime tells: workerd 1.20261023 does not yet
 * (cloudflare/workerd#988); there unread-watch.ts asks the host.
 */
function bufferedBytes(socket: WebSocket): number | undefined {
  return (socket as WebSocket & { readonly bufferedAmount?: number }).bufferedAmount;
}

/** Whether a value has the members of every client's state. */
export function isClientState(value: unknown): value is ClientState {
  if (typeof value !== 'object' || value === null) return false;
  const state = value as Partial<Record<keyof ClientState, unknown>>;
  return (
    [state.hostId, state.principal, state.address, state.connection].every(
      (text) => typeof text === 'string',
    ) &&
    typeof state.closed === 'boolean' &&
    Number.isSafeInteger(state.connectedMs)
  );
}
