/**
 * The probe sockets of one object: accepted with hibernation, their state in attachments (validated when read
 * back), one live socket a host. Topology and FlowShard share it; the frames behind Hello are theirs.
 */
import { limits } from '../../core/limits.ts';
import { probeFrame, protocolVersion } from '../../core/wire/probe-frames.ts';
import { closeCodes, closeReason, WireError, type CloseCode } from '../../core/wire/wire-error.ts';
import type { Hello, ToProbe } from '../../proto/gen/probe.ts';
import { peerOf, upgraded } from './handover.ts';
import { log } from '../log.ts';

/** What a hibernated socket remembers; at most 2 KiB. */
export interface ProbeState {
  readonly kind: 'probe';
  /** Of the upgrade; Hello must name the same. */
  readonly hostId: string;
  readonly principal: string;
  readonly address: string;
  readonly connectedMs: number;
  /** "" until Hello. */
  readonly incarnation: string;
  readonly version: string;
  readonly major: number;
  readonly minor: number;
  /** Of the last graph message or flow batch taken on this socket; 0 for none yet. */
  readonly sequence: number;
  /** Hash of the last CaptureSet sent, and its number. */
  readonly captures: string;
  readonly capturesSequence: number;
  readonly closed: boolean;
}

export type ProbeCounter = 'probesRefused' | 'probesReplaced' | 'probesClosedForFaults' | 'unknownFrames';
export const probeCounters: readonly ProbeCounter[] = [
  'probesRefused',
  'probesReplaced',
  'probesClosedForFaults',
  'unknownFrames',
];

const HOST_ID_CHARS_MAX = 255;
const SHORT_TEXT_CHARS_MAX = 64;

export class ProbeSockets {
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #count: (name: ProbeCounter) => void;
  readonly #states = new Map<WebSocket, ProbeState>();
  /** The one socket of each host that said Hello. */
  readonly #byHost = new Map<string, WebSocket>();

  /** Takes over the sockets that survived an eviction. */
  constructor(ctx: DurableObjectState, env: Env, count: (name: ProbeCounter) => void) {
    this.#ctx = ctx;
    this.#env = env;
    this.#count = count;
    for (const socket of ctx.getWebSockets('probe')) {
      const state: unknown = socket.deserializeAttachment();
      if (!isProbeState(state) || state.closed) continue;
      this.#states.set(socket, state);
      if (state.incarnation !== '') this.#byHost.set(state.hostId, socket);
    }
  }

  /** The answer to an upgrade request that the route has authenticated. */
  accept(request: Request): Response {
    const hostId = request.headers.get('x-host-id') ?? '';
    if (hostId === '' || hostId.length > HOST_ID_CHARS_MAX)
      return this.#refuse(400, 'X-Host-ID header not provided');
    if (this.#states.size >= limits.probeSocketsMax)
      return this.#refuse(503, 'too many probes on this object');
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server, ['probe']);
    for (const [socket, state] of this.#states)
      if (state.hostId === hostId && state.incarnation === '')
        this.close(socket, closeCodes.goingAway, 'a newer connection of this host came before Hello');
    const { principal, address } = peerOf(request);
    this.#store(server, {
      kind: 'probe',
      hostId,
      principal: principal.slice(0, HOST_ID_CHARS_MAX),
      address: address.slice(0, SHORT_TEXT_CHARS_MAX),
      connectedMs: Date.now(),
      incarnation: '',
      version: '',
      major: 0,
      minor: 0,
      sequence: 0,
      captures: '',
      capturesSequence: 0,
      closed: false,
    });
    return upgraded(this.#env, client);
  }

  #refuse(status: number, text: string): Response {
    this.#count('probesRefused');
    return new Response(`${text}\n`, { status });
  }

  /** undefined for a socket that is closed or not a probe's. */
  state(socket: WebSocket): ProbeState | undefined {
    return this.#states.get(socket);
  }

  update(socket: WebSocket, change: Partial<ProbeState>): ProbeState {
    const state = this.#states.get(socket);
    if (state === undefined) throw new Error('the socket is not a live probe socket');
    return this.#store(socket, { ...state, ...change });
  }

  #store(socket: WebSocket, state: ProbeState): ProbeState {
    socket.serializeAttachment(state);
    this.#states.set(socket, state);
    return state;
  }

  socketOf(hostId: string): WebSocket | undefined {
    return this.#byHost.get(hostId);
  }

  /** Every socket that was opened with this credential. */
  of(principal: string): WebSocket[] {
    return [...this.#states].flatMap(([socket, state]) => (state.principal === principal ? [socket] : []));
  }

  /** Every socket that said Hello. */
  *live(): Iterable<[WebSocket, ProbeState]> {
    for (const socket of this.#byHost.values()) {
      const state = this.#states.get(socket);
      if (state !== undefined) yield [socket, state];
    }
  }

  /**
   * Checks the first frame. The newest connection of a host wins: the same incarnation has lost its old one
   * (closed 1001), another incarnation is a restarted probe or a second one under the same name (closed 4003, on
   * which a living probe waits longer, so that two of them do not push each other out at full speed).
   * Throws WireError when the probe may not stay.
   */
  hello(socket: WebSocket, hello: Hello): ProbeState {
    const state = this.state(socket);
    if (state === undefined) throw new WireError(closeCodes.policy, 'the connection is closed');
    if (state.incarnation !== '')
      throw new WireError(closeCodes.protocol, 'Hello comes once, as the first frame');
    if (hello.major > protocolVersion.major)
      throw new WireError(
        closeCodes.versionTooNew,
        `probe protocol ${hello.major} is newer than ${protocolVersion.major}: update the analyzer`,
      );
    if (hello.host_id !== state.hostId)
      throw new WireError(
        closeCodes.policy,
        `Hello names host ${hello.host_id}, the upgrade ${state.hostId}`,
      );
    if (hello.incarnation === '' || hello.incarnation.length > SHORT_TEXT_CHARS_MAX)
      throw new WireError(closeCodes.policy, 'Hello needs an incarnation of 1 to 64 characters');
    const older = this.#byHost.get(state.hostId);
    if (older !== undefined) this.#replace(older, hello.incarnation);
    this.#byHost.set(state.hostId, socket);
    return this.update(socket, {
      incarnation: hello.incarnation,
      version: hello.version.slice(0, SHORT_TEXT_CHARS_MAX),
      major: hello.major,
      minor: hello.minor,
    });
  }

  #replace(older: WebSocket, incarnation: string): void {
    const same = this.state(older)?.incarnation === incarnation;
    if (!same) this.#count('probesReplaced');
    if (same) this.close(older, closeCodes.goingAway, 'replaced by a newer connection of this probe');
    else this.close(older, closeCodes.hostTaken, 'another probe connected with this host id');
  }

  welcome(socket: WebSocket, lastSequence: number): void {
    this.send(socket, {
      welcome: {
        ...protocolVersion,
        host_id: this.#env.EDGEDIVE_HOST_ID,
        clock: Date.now(),
        last_sequence: lastSequence,
        batches_in_flight_max: limits.batchesInFlightMax,
      },
    });
  }

  /** Nothing for a socket that was closed; one that is gone without a word is left to its close event. */
  send(socket: WebSocket, message: Partial<ToProbe>): void {
    if (!this.#states.has(socket)) return;
    try {
      socket.send(probeFrame(message));
    } catch (error) {
      log('warn', 'probe socket', 'send failed', { host: this.state(socket)?.hostId, error });
    }
  }

  /** Ends a socket for what its peer did; anything that is not a WireError is our own fault: 1011. */
  fail(socket: WebSocket, error: unknown): void {
    this.#count('probesClosedForFaults');
    const hostId = this.state(socket)?.hostId ?? '?';
    if (error instanceof WireError) {
      log('warn', 'probe socket', 'closed', { host: hostId, code: error.closeCode, error });
      this.close(socket, error.closeCode, error.message);
    } else {
      log('error', 'probe socket', 'failed', { host: hostId, error });
      this.close(socket, closeCodes.internal, 'internal error');
    }
  }

  close(socket: WebSocket, code: CloseCode | 1000, reason: string): void {
    this.forget(socket);
    try {
      socket.close(code, closeReason(reason));
    } catch {
      // Already closed by the peer.
    }
  }

  /** The peer closed: it is answered 1000, whatever its code, because the runtime leaves that to us. */
  ended(socket: WebSocket): ProbeState | undefined {
    const state = this.forget(socket);
    try {
      socket.close(1000);
    } catch {
      // The connection is gone, or the close was the answer to ours.
    }
    return state;
  }

  /** The socket's state, for the last time; undefined when it was already forgotten. */
  forget(socket: WebSocket): ProbeState | undefined {
    const state = this.#states.get(socket);
    if (state === undefined) return undefined;
    this.#states.delete(socket);
    if (this.#byHost.get(state.hostId) === socket) this.#byHost.delete(state.hostId);
    try {
      socket.serializeAttachment({ ...state, closed: true });
    } catch {
      // A socket that is already gone needs no attachment.
    }
    return state;
  }
}

function isProbeState(value: unknown): value is ProbeState {
  if (typeof value !== 'object' || value === null) return false;
  const state = value as Partial<Record<keyof ProbeState, unknown>>;
  const texts = [
    state.hostId,
    state.principal,
    state.address,
    state.incarnation,
    state.version,
    state.captures,
  ];
  const numbers = [state.connectedMs, state.major, state.minor, state.sequence, state.capturesSequence];
  return (
    state.kind === 'probe' &&
    typeof state.closed === 'boolean' &&
    texts.every((text) => typeof text === 'string') &&
    numbers.every((number) => Number.isSafeInteger(number))
  );
}
