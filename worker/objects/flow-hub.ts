/**
 * The flow stream of `/ws/subscriber/flow`: takes each row that a shard accepted, once, and sends it to every
 * subscriber that wants it, each spelling encoded once. It sleeps while nobody subscribes.
 */
import { DurableObject } from 'cloudflare:workers';
import { loggedBatches } from '../../core/flow/logged-flows.ts';
import { limits, timings } from '../../core/limits.ts';
import { decodeEnvelope, encodeEnvelope } from '../../core/wire/envelope.ts';
import { FlowMessages, lostFrame, positionFrame } from '../../core/wire/flow-messages.ts';
import { readFlowSubscription, type FlowSubscription } from '../../core/wire/flow-subscription.ts';
import { RecentRows, RESUME_NOW, timeOfPosition } from '../../core/wire/recent-rows.ts';
import { closeCodes } from '../../core/wire/wire-error.ts';
import type { Flow, Stats } from '../../proto/gen/flow.ts';
import { HubStore } from '../store/hub-store.ts';
import { Counters } from './counters.ts';
import { FlowFilters } from './flow-filters.ts';
import { frameBytes, isUpgrade, parametersOf, peerOf, refusal, upgraded } from './handover.ts';
import { MissedFlows, missedCounters, type MissedCounter } from './missed-flows.ts';
import { TokenBucket } from './rate-limit.ts';
import { shardsOf } from './stubs.ts';
import { ClientSockets, isClientState, type ClientEvent, type ClientState } from './client-sockets.ts';
import { log } from '../log.ts';

/** What a hibernated socket remembers. */
interface SubscriberState extends FlowSubscription, ClientState {
  readonly kind: 'subscriber';
}

const EVENT_COUNTERS = {
  replaced: 'subscribersReplaced',
  tooSlow: 'subscribersTooSlow',
  sent: 'framesSent',
  sendFailed: 'sendFailures',
  lookFailed: 'unreadLookFailures',
} as const satisfies Readonly<Record<ClientEvent, string>>;
type SubscriberCounter = (typeof EVENT_COUNTERS)[ClientEvent];

type OwnCounter =
  | 'rows'
  | 'rowsMalformed'
  | 'flows'
  | 'subscribersRefused'
  | 'subscribersResumed'
  | 'subscribersResumedTooLate'
  | 'subscribersBroken'
  | 'framesTooLarge'
  | 'framesAnswered'
  | 'framesIgnored'
  | 'filterFailures';
type Counter = SubscriberCounter | MissedCounter | OwnCounter;
const ownCounters: readonly OwnCounter[] = [
  'rows',
  'rowsMalformed',
  'flows',
  'subscribersRefused',
  'subscribersResumed',
  'subscribersResumedTooLate',
  'subscribersBroken',
  'framesTooLarge',
  'framesAnswered',
  'framesIgnored',
  'filterFailures',
];

export interface FlowHubStatus {
  readonly subscribers: readonly {
    readonly hostId: string;
    readonly clientType: string;
    readonly protocol: string;
    readonly address: string;
    readonly connectedMs: number;
  }[];
  /** Bytes of rows kept for subscribers that come back. */
  readonly recentBytes: number;
  readonly counters: Readonly<Record<Counter, number>>;
}

export class FlowHub extends DurableObject<Env> {
  readonly #store: HubStore;
  readonly #counters: Counters<Counter>;
  readonly #sockets: ClientSockets<SubscriberState>;
  readonly #missed: MissedFlows<SubscriberState>;
  readonly #filters = new FlowFilters();
  readonly #replies = new WeakMap<WebSocket, TokenBucket>();
  readonly #recent = new RecentRows(() => crypto.randomUUID());
  /** When a subscriber was last here that may come back and go on. */
  #resumableMs = 0;
  #last: Promise<unknown> = Promise.resolve(0);

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new HubStore(ctx.storage);
    this.#counters = new Counters<Counter>(
      [...Object.values(EVENT_COUNTERS), ...missedCounters, ...ownCounters],
      this.#store.counters(),
    );
    this.#sockets = new ClientSockets(
      ctx,
      env,
      {
        tag: 'subscriber',
        isState: isSubscriberState,
        keyOf: ({ hostId }) => hostId,
        holdBytes: limits.subscriberHoldBytes,
      },
      (event) => this.#counters.add(EVENT_COUNTERS[event]),
      (socket) => this.#missed.forget(socket),
    );
    this.#missed = new MissedFlows(ctx, this.#sockets, (name, by) => this.#counters.add(name, by));
  }

  /** Upgrades of /ws/subscriber/flow, authenticated by the route. Everything is checked before the upgrade. */
  override async fetch(request: Request): Promise<Response> {
    if (!isUpgrade(request)) return new Response(null, { status: 426 });
    const subscription = readFlowSubscription(parametersOf(request));
    if ('refused' in subscription) return this.#refuse(400, subscription.refused);
    const fault = await this.#filters.check(subscription.filter);
    if (fault !== undefined) return this.#refuse(400, fault);
    const peer = peerOf(request);
    const hostId =
      subscription.hostId === '' ? `${peer.address}:${crypto.randomUUID()}` : subscription.hostId;
    if (this.#sockets.isTaken(hostId, peer.principal)) return this.#refuse(409, '');
    if (this.#sockets.size >= limits.subscribersPerHubMax) return this.#refuse(503, 'too many subscribers');
    const { 0: client, 1: server } = new WebSocketPair();
    const isFirst = this.#sockets.size === 0;
    const accept = (): SubscriberState => {
      const state: SubscriberState = {
        kind: 'subscriber',
        ...subscription,
        ...peer,
        hostId,
        connectedMs: Date.now(),
        closed: false,
      };
      this.#sockets.accept(server, state);
      return state;
    };
    if (subscription.resume === '') accept();
    else await this.#inTurn(() => this.#resume(server, accept()));
    if (isFirst) await this.#wakeShards();
    return upgraded(this.env, client);
  }

  /** Between two rows: what the subscriber missed while it was away, or that it is not here any more; then where it is. */
  async #resume(socket: WebSocket, state: SubscriberState): Promise<void> {
    const nowMs = Date.now();
    this.#resumableMs = nowMs;
    if (state.resume !== RESUME_NOW) {
      const rows = this.#recent.after(state.resume);
      this.#counters.add(rows === undefined ? 'subscribersResumedTooLate' : 'subscribersResumed');
      if (rows === undefined) {
        const lost = { Flows: null, From: timeOfPosition(state.resume) ?? nowMs, To: nowMs };
        this.#sockets.send(socket, lostFrame(lost, state.encoding, crypto.randomUUID()));
      }
      for (const row of rows ?? []) {
        const batch = this.#read(row);
        if (batch !== undefined)
          this.#deliver(socket, state, new Map([[state.filter, await this.#messages(state.filter, batch)]]));
      }
    }
    const position = this.#recent.position(nowMs);
    this.#sockets.send(socket, positionFrame(position, state.encoding, crypto.randomUUID()));
  }

  #refuse(status: number, text: string): Response {
    this.#counters.add('subscribersRefused');
    return refusal(status, text);
  }

  /** After the subscriber is in, so that a shard that hears "nobody" meanwhile does not believe it. */
  async #wakeShards(): Promise<void> {
    await Promise.all(shardsOf(this.env).map((shard) => shard.wakeHubs()));
  }

  /** A LogRow, exactly as a shard wrote it; one after the other. Answers how many subscribers there are, or may be back soon. */
  publish(row: Uint8Array): Promise<number> {
    return this.#inTurn(() => this.#publish(row));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    // Who asked hears of a failure; the next one has its turn all the same.
    this.#last = done.catch(() => 0);
    return done;
  }

  async #publish(row: Uint8Array): Promise<number> {
    const position = this.#keep(row);
    if (this.#sockets.size === 0) return position === undefined ? 0 : 1;
    const batch = this.#read(row);
    if (batch === undefined) return this.#sockets.size;
    this.#counters.add('rows');
    this.#counters.add('flows', batch.flows.length);
    const messages = new Map<string, FlowMessages>();
    for (const filter of new Set([...this.#sockets.all()].map(([, state]) => state.filter)))
      messages.set(filter, await this.#messages(filter, batch));
    this.#sockets.beginBatch();
    for (const [socket, state] of this.#sockets.all()) this.#deliver(socket, state, messages, position);
    return this.#sockets.size;
  }

  /** Keeps a row while somebody may come back for it; the position behind it, undefined when nobody may. */
  #keep(row: Uint8Array): string | undefined {
    const nowMs = Date.now();
    if ([...this.#sockets.all()].some(([, state]) => state.resume !== '')) this.#resumableMs = nowMs;
    if (nowMs - this.#resumableMs > timings.hubRecentMs) {
      this.#recent.forget();
      return undefined;
    }
    this.#recent.add(row, nowMs);
    return this.#recent.position(nowMs);
  }

  #read(row: Uint8Array): { flows: Flow[]; stats: Stats[] } | undefined {
    const flows: Flow[] = [];
    const stats: Stats[] = [];
    try {
      for (const batch of loggedBatches(row)) {
        for (const flow of batch.flows) flows.push(flow);
        for (const one of batch.stats) stats.push(one);
      }
    } catch (error) {
      this.#counters.add('rowsMalformed');
      log('error', 'flow hub', 'a row cannot be read', { error });
      return undefined;
    }
    return { flows, stats };
  }

  /** A filter that fails on this batch lets nothing of it through, and is counted. */
  async #messages(filter: string, batch: { flows: Flow[]; stats: Stats[] }): Promise<FlowMessages> {
    let flows: readonly Flow[] = [];
    try {
      flows = filter === '' ? batch.flows : await this.#filters.apply(filter, batch.flows);
    } catch (error) {
      this.#counters.add('filterFailures');
      log('warn', 'flow hub', 'a filter failed', { filter, error });
    }
    return new FlowMessages(flows, batch.stats, () => crypto.randomUUID());
  }

  #deliver(
    socket: WebSocket,
    state: SubscriberState,
    batches: ReadonlyMap<string, FlowMessages>,
    position?: string,
  ): void {
    const messages = batches.get(state.filter);
    if (messages === undefined || !this.#missed.mayHear(socket, state, () => messages.flowsFor(state)))
      return;
    for (const frame of messages.for(state))
      if (!this.#sockets.send(socket, frame)) {
        this.#sockets.forget(socket);
        return;
      }
    if (state.resume !== '' && position !== undefined)
      this.#sockets.send(socket, messages.positionFrame(position, state.encoding));
  }

  /** Subscribers have nothing to say here; a message with an id is told so (WebSocket notes, section 15). */
  override webSocketMessage(socket: WebSocket, data: ArrayBuffer | string): void {
    const state = this.#sockets.state(socket);
    if (state === undefined) return;
    if (frameBytes(data, limits.clientFrameBytesMax) > limits.clientFrameBytesMax) {
      this.#counters.add('framesTooLarge');
      this.#sockets.close(
        socket,
        closeCodes.tooLarge,
        `a message may have ${limits.clientFrameBytesMax} bytes`,
      );
      return;
    }
    const answer = this.#answerTo(data, state);
    if (answer === undefined || !this.#mayAnswer(socket)) {
      this.#counters.add('framesIgnored');
      return;
    }
    this.#counters.add('framesAnswered');
    this.#sockets.send(socket, answer);
  }

  #answerTo(
    data: ArrayBuffer | string,
    state: SubscriberState,
  ): string | Uint8Array<ArrayBuffer> | undefined {
    try {
      const { namespace, type, uuid } = decodeEnvelope(data, state.protocol);
      const isSync = type === 'SyncRequest';
      if (uuid === '' && !isSync) return undefined;
      const obj = JSON.stringify('the flow stream takes no messages');
      return encodeEnvelope(
        { namespace, type: isSync ? 'SyncReply' : `${type}Reply`, uuid, status: 400, obj },
        state.protocol,
      );
    } catch {
      // Not an envelope: ignored, as the reference does.
      return undefined;
    }
  }

  #mayAnswer(socket: WebSocket): boolean {
    let bucket = this.#replies.get(socket);
    if (bucket === undefined) {
      bucket = new TokenBucket(limits.subscriberRepliesBurst, limits.subscriberRepliesPerSecond, Date.now());
      this.#replies.set(socket, bucket);
    }
    return bucket.take(Date.now());
  }

  override webSocketClose(socket: WebSocket): void {
    this.#ended(socket);
  }

  /** The connection ended without a close frame: the peer died, or did not read until TCP gave it up. */
  override webSocketError(socket: WebSocket): void {
    // One that was told to go is counted already.
    if (this.#sockets.state(socket) !== undefined) this.#counters.add('subscribersBroken');
    this.#ended(socket);
  }

  /** A credential was revoked: what was opened with it ends. */
  endPrincipal(principal: string): void {
    this.#sockets.endPrincipal(principal);
  }

  #ended(socket: WebSocket): void {
    this.#sockets.ended(socket);
    this.#counters.save((values) => this.#store.setCounters(values));
  }

  status(): FlowHubStatus {
    return {
      subscribers: [...this.#sockets.all()].map(([, state]) => ({
        hostId: state.hostId,
        clientType: state.clientType,
        protocol: state.protocol,
        address: state.address,
        connectedMs: state.connectedMs,
      })),
      recentBytes: this.#recent.bytes,
      counters: this.#counters.all(),
    };
  }
}

function isSubscriberState(value: unknown): value is SubscriberState {
  if (!isClientState(value)) return false;
  const state = value as Partial<Record<keyof SubscriberState, unknown>>;
  return (
    state.kind === 'subscriber' &&
    (state.protocol === 'json' || state.protocol === 'protobuf') &&
    (state.encoding === 'json' || state.encoding === 'jsonInProtobuf' || state.encoding === 'protobuf') &&
    [state.flows, state.stats].every((flag) => typeof flag === 'boolean') &&
    [state.clientType, state.filter, state.resume].every((text) => typeof text === 'string') &&
    Array.isArray(state.captures) &&
    state.captures.every((capture) => typeof capture === 'string')
  );
}
