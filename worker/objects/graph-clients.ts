/**
 * `/ws/subscriber`, `/ws/publisher` and `/ws/pubsub` of a Topology object: who is let in, what each message is, and what
 * happens when a connection ends (docs/design/sockets.md).
 */
import { limits } from '../../core/limits.ts';
import { Format } from '../../proto/gen/envelope.ts';
import {
  openEnvelope,
  protobufEnvelope,
  type Envelope,
  type OpenedEnvelope,
} from '../../core/wire/envelope.ts';
import { MessageFault, readGraphMessage, type GraphMessage } from '../../core/wire/graph-messages.ts';
import {
  hearsGraph,
  readGraphSubscription,
  type GraphRole,
  type GraphSubscription,
} from '../../core/wire/graph-subscription.ts';
import { closeCodes, WireError } from '../../core/wire/wire-error.ts';
import type { TopologyStore } from '../store/topology-store.ts';
import type { AgentSocket } from './agent-orders.ts';
import { ClientSockets } from './client-sockets.ts';
import type { FabricGraph } from './fabric-graph.ts';
import {
  clientKey,
  counterOf,
  graphClientKind,
  originOf,
  type CountClient,
  type GraphClientState,
} from './graph-client-state.ts';
import { GraphDelivery } from './graph-delivery.ts';
import { GraphPublishers } from './graph-publishers.ts';
import { filterFault, GraphSyncs, keyOf, readClientFilter, type GraphAt } from './graph-syncs.ts';
import { GraphViews } from './graph-views.ts';
import { frameBytes, parametersOf, peerOf, refusal, upgraded, type Peer } from './handover.ts';
import type { QueryRunner } from './query-runner.ts';
import { TokenBucket } from './rate-limit.ts';
import { log } from '../log.ts';

/** Of a namespace, a type and an id that a refusal repeats. */
const ANSWERED_CHARS_MAX = 256;

export interface GraphClientStatus {
  readonly role: GraphRole;
  readonly hostId: string;
  readonly clientType: string;
  readonly protocol: string;
  readonly address: string;
  /** The other end's port; 0 where the platform does not tell it. */
  readonly port: number;
  readonly connectedMs: number;
  readonly filter: string;
  readonly policy: string;
  /** Nodes and edges of its origin; 0 for subscribers. */
  readonly elements: number;
  /** It does not read as fast as the graph changes. */
  readonly isHeld: boolean;
}

/** What concerns agents beyond the graph. */
export interface AgentPeer {
  /** Whether the host has a probe of our own. */
  isTaken(hostId: string): boolean;
  /** An agent's answer to an order or a question; false for a message of a namespace that agents have none of. */
  answered(socket: WebSocket, envelope: OpenedEnvelope): boolean;
  /** An agent told something of its graph. */
  told(): void;
}

export interface GraphClientsParts {
  readonly agentPeer: AgentPeer;
  readonly ctx: DurableObjectState;
  readonly env: Env;
  readonly fabric: FabricGraph;
  readonly queries: QueryRunner;
  readonly store: TopologyStore;
  readonly graphAt: GraphAt;
  /** Runs work that writes; gives the object up when it fails. */
  readonly guard: (work: () => void) => void;
  readonly count: CountClient;
}

export class GraphClients {
  readonly #env: Env;
  readonly #count: CountClient;
  readonly #guard: (work: () => void) => void;
  readonly #sockets: ClientSockets<GraphClientState>;
  readonly #delivery: GraphDelivery;
  readonly #views: GraphViews;
  readonly #syncs: GraphSyncs;
  readonly #publishers: GraphPublishers;
  readonly #agentPeer: AgentPeer;
  readonly #replies = new WeakMap<WebSocket, TokenBucket>();

  constructor({ ctx, env, fabric, queries, store, graphAt, guard, count, agentPeer }: GraphClientsParts) {
    this.#agentPeer = agentPeer;
    this.#env = env;
    this.#count = count;
    this.#guard = guard;
    const sockets = new ClientSockets(
      ctx,
      env,
      graphClientKind,
      (event) => count(counterOf(event)),
      (socket, state) => this.#forgotten(socket, state),
    );
    this.#sockets = sockets;
    this.#delivery = new GraphDelivery(sockets, count);
    const setBehind = (socket: WebSocket, awaitsFilter: boolean): void => {
      sockets.update(socket, { awaitsFilter });
    };
    this.#views = new GraphViews(fabric, queries, this.#delivery, setBehind, count);
    this.#syncs = new GraphSyncs(sockets, this.#views, this.#delivery, queries, graphAt, count);
    this.#publishers = new GraphPublishers(fabric, sockets, store, guard, count);
  }

  /** Takes over the connections that survived an eviction: what each has seen is what its filter shows now. */
  async wake(): Promise<void> {
    for (const [socket, state] of this.#sockets.all()) {
      if (!hearsGraph(state.role)) continue;
      if (state.isBehind || state.awaitsFilter) {
        this.#delivery.outOfStep(socket, 'changes were lost, connect again and send SyncRequest');
        continue;
      }
      try {
        const filter = readClientFilter(state.filter, state.hostId);
        if ('refused' in filter) throw new WireError(closeCodes.policy, filter.refused);
        await this.#views.show(socket, keyOf(state.filter, filter), filter);
      } catch (error) {
        log('warn', 'topology', 'the filter of a client cannot run after waking', { error });
        this.#delivery.outOfStep(socket, 'its filter cannot run, connect again');
      }
    }
    this.#publishers.wake(Date.now());
  }

  owns(socket: WebSocket): boolean {
    return this.#sockets.state(socket) !== undefined;
  }

  /** The answer to an upgrade request that the route has authenticated. Everything is checked before the upgrade. */
  async accept(role: GraphRole, request: Request): Promise<Response> {
    const subscription = readGraphSubscription(role, parametersOf(request));
    if ('refused' in subscription) return this.#refuse(400, subscription.refused);
    const peer = peerOf(request);
    const state = newState(subscription, peer);
    const reserved = this.#reserved(state);
    if (reserved !== undefined) return this.#refuse(400, reserved);
    if (this.#sockets.isTaken(clientKey(state), peer.principal)) return this.#refuse(409, '');
    // A host has a probe or an agent: both would say what its part of the graph is.
    if (role === 'agent' && this.#agentPeer.isTaken(state.hostId))
      return this.#refuse(409, `host ${state.hostId} has a probe of our own`);
    if (this.#sockets.size >= limits.graphClientsMax) return this.#refuse(503, 'too many clients');
    const { 0: client, 1: server } = new WebSocketPair();
    const fault = !hearsGraph(role) ? undefined : await this.#showTo(server, state);
    if (fault !== undefined) return fault;
    this.#sockets.accept(server, state);
    this.#publishers.joined(state);
    return upgraded(this.#env, client);
  }

  /** The client's view of the graph begins; the refusal when its filter is none. */
  async #showTo(server: WebSocket, state: GraphClientState): Promise<Response | undefined> {
    const filter = readClientFilter(state.filter, state.hostId);
    if ('refused' in filter) return this.#refuse(400, filter.refused);
    const key = keyOf(state.filter, filter);
    if (!this.#views.hasRoomFor(key)) return this.#refuse(503, 'too many different filters');
    try {
      await this.#views.show(server, key, filter);
      return undefined;
    } catch (error) {
      return this.#refuse(400, filterFault(error));
    }
  }

  /** Nobody publishes in the name of a probe or of the analyzer itself. */
  #reserved(state: GraphClientState): string | undefined {
    if (state.role === 'subscriber') return undefined;
    if (state.role === 'agent')
      return state.clientType === 'agent' ? undefined : `X-Client-Type ${state.clientType} is no agent`;
    const own = [`api.${this.#env.EDGEDIVE_HOST_ID}`, `analyzer.${this.#env.EDGEDIVE_HOST_ID}`];
    if (state.clientType !== 'agent' && !own.includes(originOf(state))) return undefined;
    return `X-Client-Type ${state.clientType} does not publish here`;
  }

  #refuse(status: number, text: string): Response {
    this.#count('clientsRefused');
    return refusal(status, text);
  }

  /** What comes back, if anything, resolves when the message is done with. */
  message(socket: WebSocket, data: ArrayBuffer | string): Promise<void> | undefined {
    const state = this.#sockets.state(socket);
    if (state === undefined) return undefined;
    const bytesMax = state.role === 'subscriber' ? limits.clientFrameBytesMax : limits.publisherFrameBytesMax;
    const bytes = frameBytes(data, bytesMax);
    if (bytes > bytesMax) {
      this.#count('clientFramesTooLarge');
      this.#sockets.close(socket, closeCodes.tooLarge, `a message may have ${bytesMax} bytes`);
      return undefined;
    }
    const envelope = this.#open(data, state);
    return envelope && this.#take(socket, state, envelope, bytes);
  }

  /** undefined for what is no envelope: ignored, as the reference does. */
  #open(data: ArrayBuffer | string, state: GraphClientState): OpenedEnvelope | undefined {
    try {
      return openEnvelope(data, state.protocol, state.role === 'agent');
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#count('messagesMalformed');
      return undefined;
    }
  }

  #take(
    socket: WebSocket,
    state: GraphClientState,
    envelope: OpenedEnvelope,
    bytes: number,
  ): Promise<void> | undefined {
    if (state.role === 'agent' && this.#agentPeer.answered(socket, envelope)) return undefined;
    let message: GraphMessage;
    try {
      if (envelope.namespace !== 'Graph')
        throw new MessageFault(`unknown namespace '${envelope.namespace}', use Graph`);
      message = readGraphMessage(envelope.type, envelope.obj, bytes);
      if (message.kind !== 'syncRequest' && state.role === 'subscriber')
        throw new MessageFault('a subscriber cannot change the graph, use /ws/publisher or /ws/pubsub');
    } catch (error) {
      if (!(error instanceof MessageFault)) throw error;
      this.#answerFault(socket, envelope, error.message);
      return undefined;
    }
    if (message.kind !== 'syncRequest') {
      const refused = (text: string): void => this.#answerFault(socket, envelope, text);
      if (state.role === 'agent') this.#agentPeer.told();
      return this.#publishers.change(socket, message, bytes, refused);
    }
    this.#publishers.flush();
    return this.#syncs.answer(socket, envelope.uuid, message);
  }

  /** Never to a message without an id, which nobody waits for, except a SyncRequest. */
  #answerFault(socket: WebSocket, { namespace, type, uuid }: OpenedEnvelope, text: string): void {
    const isSync = namespace === 'Graph' && type === 'SyncRequest';
    const isAwaited = isSync || uuid !== '';
    const isReasonable = Math.max(uuid.length, type.length, namespace.length) <= ANSWERED_CHARS_MAX;
    if (!isAwaited || !isReasonable || !this.#mayAnswer(socket)) {
      this.#count('messagesIgnored');
      return;
    }
    this.#count('messagesAnswered400');
    const replyType = isSync ? 'SyncReply' : `${type}Reply`;
    this.#delivery.send(socket, {
      namespace,
      type: replyType,
      uuid,
      status: 400,
      obj: JSON.stringify(text),
    });
  }

  #mayAnswer(socket: WebSocket): boolean {
    const nowMs = Date.now();
    let bucket = this.#replies.get(socket);
    if (bucket === undefined) {
      bucket = new TokenBucket(limits.subscriberRepliesBurst, limits.subscriberRepliesPerSecond, nowMs);
      this.#replies.set(socket, bucket);
    }
    return bucket.take(nowMs);
  }

  endPrincipal(principal: string): void {
    this.#sockets.endPrincipal(principal);
  }

  /** The connection ended. `broken`: without a close frame. */
  closed(socket: WebSocket, broken: boolean): void {
    // One that was told to go is counted already.
    if (broken && this.owns(socket)) this.#count('clientsBroken');
    this.#sockets.ended(socket);
  }

  #forgotten(socket: WebSocket, state: GraphClientState): void {
    this.#views.leave(socket);
    this.#delivery.forget(socket);
    if (state.role === 'subscriber') return;
    // Not at once: it may be let go in the middle of a write, and a newer connection may take its place just now.
    queueMicrotask(() => {
      this.#publishers.flush();
      this.#guard(() => this.#publishers.left(state, Date.now()));
    });
  }

  /** Writes what publishers have sent, before anything is asked of the graph. */
  flush(): void {
    this.#publishers.flush();
  }

  /** The agents that are connected. */
  agents(): AgentSocket[] {
    return [...this.#sockets.all()].flatMap(([socket, { role, hostId, protocol }]) =>
      role === 'agent' ? [{ socket, hostId, protocol }] : [],
    );
  }

  /** An order for one agent; `obj` is JSON text. */
  order(socket: WebSocket, namespace: string, type: string, obj: string): void {
    this.#delivery.send(socket, { namespace, type, uuid: crypto.randomUUID(), status: 200, obj });
  }

  /** A question to one agent, spelled in protobuf whatever else it speaks. */
  ask(socket: WebSocket, envelope: Omit<Envelope, 'obj'>, obj: Uint8Array): void {
    this.#sockets.send(socket, protobufEnvelope(envelope, obj, Format.PROTOBUF));
  }

  /** A message that is not about the graph, to every subscriber that wants its namespace. `obj` is JSON text. */
  notify(namespace: string, type: string, obj: string): void {
    this.#delivery.sendAll({ namespace, type, uuid: crypto.randomUUID(), status: 200, obj });
  }

  status(): GraphClientStatus[] {
    return [...this.#sockets.all()].map(([socket, state]) => ({
      role: state.role,
      hostId: state.hostId,
      clientType: state.clientType,
      protocol: state.protocol,
      address: state.address || state.connection.replace(/:\d+$/, ''),
      port: Number(/:(\d+)$/.exec(state.connection)?.[1] ?? 0),
      connectedMs: state.connectedMs,
      filter: state.filter,
      policy: state.policy,
      elements: state.role === 'subscriber' ? 0 : this.#publishers.elementsOf(state),
      isHeld: this.#delivery.isHeld(socket),
    }));
  }
}

function newState(subscription: GraphSubscription, peer: Peer): GraphClientState {
  const hostId = subscription.hostId || peer.connection || `${peer.address}:${crypto.randomUUID()}`;
  return {
    kind: 'graphClient',
    ...subscription,
    hostId,
    ...peer,
    connectedMs: Date.now(),
    closed: false,
    hasPublished: false,
    isBehind: false,
    awaitsFilter: false,
  };
}
