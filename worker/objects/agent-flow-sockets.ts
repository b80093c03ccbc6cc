/**
 * `/ws/agent/flow` in a FlowShard: bare protobuf messages of flows or statistics from Skydive agents (WebSocket notes, section 10). What cannot
 * be read is dropped and counted, and the connection stays, as in the reference.
 */
import { limits } from '../../core/limits.ts';
import { closeCodes, closeReason } from '../../core/wire/wire-error.ts';
import { decodeMessage, type Flow, type Stats } from '../../proto/gen/flow.ts';
import { REVOKED } from './client-sockets.ts';
import { frameBytes, peerOf, refusal, upgraded } from './handover.ts';

export const agentFlowCounters = [
  'agentsRefused',
  'agentMessages',
  'agentMessagesMalformed',
  'agentMessagesTooLarge',
] as const;
export type AgentFlowCounter = (typeof agentFlowCounters)[number];

interface AgentState {
  readonly kind: 'agent';
  readonly hostId: string;
  readonly principal: string;
}

const TAG = 'agent';
const HOST_ID_CHARS_MAX = 255;

interface Listener {
  readonly take: (hostId: string, flows: Flow[], stats: Stats[]) => void;
  readonly joined: (hostId: string) => void;
  /** The last connection of this host ended. */
  readonly left: (hostId: string) => void;
  readonly count: (name: AgentFlowCounter) => void;
}

export class AgentFlowSockets {
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #listener: Listener;
  readonly #states = new Map<WebSocket, AgentState>();

  /** Takes over the connections that survived an eviction. */
  constructor(ctx: DurableObjectState, env: Env, listener: Listener) {
    this.#ctx = ctx;
    this.#env = env;
    this.#listener = listener;
    for (const socket of ctx.getWebSockets(TAG)) {
      const state: unknown = socket.deserializeAttachment();
      if (isAgentState(state)) this.#states.set(socket, state);
    }
  }

  accept(request: Request): Response {
    const { principal, connection, address } = peerOf(request);
    const url = new URL(request.url);
    const named = request.headers.get('X-Host-ID') || url.searchParams.get('x-host-id') || '';
    const hostId = named || connection || address || crypto.randomUUID();
    if (hostId.length > HOST_ID_CHARS_MAX) return this.#refuse(400, 'X-Host-ID is too long');
    if (this.#states.size >= limits.probeSocketsMax)
      return this.#refuse(503, 'too many agents on this object');
    const { 0: client, 1: server } = new WebSocketPair();
    const state: AgentState = { kind: 'agent', hostId, principal };
    this.#ctx.acceptWebSocket(server, [TAG]);
    server.serializeAttachment(state);
    this.#states.set(server, state);
    this.#listener.joined(hostId);
    return upgraded(this.#env, client);
  }

  #refuse(status: number, text: string): Response {
    this.#listener.count('agentsRefused');
    return refusal(status, text);
  }

  owns(socket: WebSocket): boolean {
    return this.#states.has(socket);
  }

  message(socket: WebSocket, data: ArrayBuffer | string): void {
    const state = this.#states.get(socket);
    if (state === undefined) return;
    if (frameBytes(data, limits.frameBytesMax) > limits.frameBytesMax) {
      this.#listener.count('agentMessagesTooLarge');
      this.#end(socket, closeCodes.tooLarge, `a message may have ${limits.frameBytesMax} bytes`);
      return;
    }
    this.#listener.count('agentMessages');
    try {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data);
      const { Flows, Stats: stats } = decodeMessage(bytes);
      // Garbage often reads as a message of nothing but unknown fields.
      if (Flows.length === 0 && stats === undefined) throw new Error('neither flows nor statistics');
      this.#listener.take(state.hostId, Flows, stats === undefined ? [] : [stats]);
    } catch {
      this.#listener.count('agentMessagesMalformed');
    }
  }

  closed(socket: WebSocket): void {
    if (this.#states.has(socket)) this.#end(socket, 1000, '');
  }

  endPrincipal(principal: string): void {
    for (const [socket, state] of this.#states)
      if (state.principal === principal) this.#end(socket, closeCodes.policy, REVOKED);
  }

  #end(socket: WebSocket, code: number, reason: string): void {
    const state = this.#states.get(socket);
    this.#states.delete(socket);
    try {
      socket.close(code, closeReason(reason));
    } catch {
      // Gone already.
    }
    const isLast = ![...this.#states.values()].some(({ hostId }) => hostId === state?.hostId);
    if (state !== undefined && isLast) this.#listener.left(state.hostId);
  }

  hosts(): string[] {
    return [...new Set([...this.#states.values()].map(({ hostId }) => hostId))];
  }
}

function isAgentState(value: unknown): value is AgentState {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, hostId, principal } = value as Partial<Record<keyof AgentState, unknown>>;
  return kind === 'agent' && typeof hostId === 'string' && typeof principal === 'string';
}
