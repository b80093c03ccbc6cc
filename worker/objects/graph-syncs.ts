/**
 * Answers SyncRequest (WebSocket notes, section 7): the graph as the client's filter shows it, now or at a time. Asking with a
 * filter makes it the client's filter.
 */
import { hearsGraph } from '../../core/wire/graph-subscription.ts';
import { messageOf } from '../../core/errors.ts';
import type { GraphView } from '../../core/graph/view.ts';
import { GremlinError } from '../../core/gremlin/errors.ts';
import { readGraphFilter, type GraphFilter } from '../../core/gremlin/graph-filter.ts';
import { limits } from '../../core/limits.ts';
import { graphJsonChunks } from '../../core/wire/graph-json.ts';
import type { SyncRequest } from '../../core/wire/graph-messages.ts';
import type { ClientSockets } from './client-sockets.ts';
import type { CountClient, GraphClientState } from './graph-client-state.ts';
import type { GraphDelivery } from './graph-delivery.ts';
import type { GraphViews } from './graph-views.ts';
import type { QueryRunner } from './query-runner.ts';
import { TokenBucket } from './rate-limit.ts';
import { log } from '../log.ts';

/** The graph at a time, ms since 1970; undefined where no past is kept. */
export type GraphAt = (timeMs: number) => GraphView | undefined;

/** Runs of a filter that other work of the object got in between of; it never takes more than two. */
const SHOW_ATTEMPTS_MAX = 10;

interface Reply {
  readonly status: number;
  /** JSON text. */
  readonly obj: string;
}

export class GraphSyncs {
  readonly #sockets: ClientSockets<GraphClientState>;
  readonly #views: GraphViews;
  readonly #delivery: GraphDelivery;
  readonly #queries: QueryRunner;
  readonly #graphAt: GraphAt;
  readonly #count: CountClient;
  readonly #buckets = new WeakMap<WebSocket, TokenBucket>();
  /** One after the other on one connection. */
  readonly #last = new WeakMap<WebSocket, Promise<void>>();
  /** The whole graph, spelled, until it changes. */
  #kept: { readonly version: number; readonly text: string } | undefined;

  constructor(
    sockets: ClientSockets<GraphClientState>,
    views: GraphViews,
    delivery: GraphDelivery,
    queries: QueryRunner,
    graphAt: GraphAt,
    count: CountClient,
  ) {
    this.#sockets = sockets;
    this.#views = views;
    this.#delivery = delivery;
    this.#queries = queries;
    this.#graphAt = graphAt;
    this.#count = count;
  }

  /** Resolves when the request is answered, or waits for a client that has to read first. */
  answer(socket: WebSocket, uuid: string, request: SyncRequest): Promise<void> {
    if (!this.#mayAsk(socket)) {
      this.#send(socket, uuid, refusal(429, 'too many sync requests'));
      return Promise.resolve();
    }
    return this.#delivery.whenHeard(socket, () => {
      const before = this.#last.get(socket) ?? Promise.resolve();
      const done = before.then(() => this.#answer(socket, uuid, request));
      this.#last.set(socket, done);
      return done;
    });
  }

  async #answer(socket: WebSocket, uuid: string, request: SyncRequest): Promise<void> {
    const send = (reply: Reply): void => this.#send(socket, uuid, reply);
    try {
      await this.#reply(socket, request, send);
    } catch (error) {
      if (error instanceof GremlinError) return send(refusal(400, error.message));
      log('error', 'topology', 'a sync failed', { error });
      send(refusal(500, 'internal error'));
    }
  }

  #send(socket: WebSocket, uuid: string, { status, obj }: Reply): void {
    this.#count(status === 200 ? 'syncsSent' : 'syncsRefused');
    this.#delivery.send(socket, { namespace: 'Graph', type: 'SyncReply', uuid, status, obj });
  }

  #mayAsk(socket: WebSocket): boolean {
    const nowMs = Date.now();
    let bucket = this.#buckets.get(socket);
    if (bucket === undefined) {
      bucket = new TokenBucket(limits.graphSyncsBurst, limits.graphSyncsPerSecond, nowMs);
      this.#buckets.set(socket, bucket);
    }
    return bucket.take(nowMs);
  }

  async #reply(
    socket: WebSocket,
    { timeMs, filter: newText }: SyncRequest,
    send: (reply: Reply) => void,
  ): Promise<void> {
    const state = this.#sockets.state(socket);
    if (state === undefined) return;
    const listens = hearsGraph(state.role);
    const text = listens ? (newText ?? state.filter) : '';
    const filter = readClientFilter(text, state.hostId);
    if ('refused' in filter) return send(refusal(400, filter.refused));
    const key = keyOf(text, filter);
    if (!this.#views.hasRoomFor(key))
      return send(refusal(503, `there are ${limits.graphFiltersMax} different filters in use already`));
    const graph = listens ? await this.#show(socket, key, filter) : this.#views.wholeGraph;
    if (this.#sockets.state(socket) === undefined) return this.#views.leave(socket);
    if (text !== state.filter) this.#sockets.update(socket, { filter: text });
    // Spelled and sent in one go, so that no event comes between the graph and its reply.
    if (timeMs === undefined) return send(this.#graphReply(graph, filter.kind === 'all'));
    const past = this.#graphAt(timeMs);
    if (past === undefined) return send({ status: 400, obj: 'null' });
    const shown = filter.kind === 'all' ? past : (await this.#queries.findGraph(filter.query, past)).graph;
    send(this.#graphReply(shown, false));
  }

  /** What the client sees now, with no change after it. */
  async #show(socket: WebSocket, key: string, filter: GraphFilter): Promise<GraphView> {
    for (let attempts = 0; attempts < SHOW_ATTEMPTS_MAX; attempts++) {
      const { version } = this.#views;
      const graph = await this.#views.show(socket, key, filter);
      if (version === this.#views.version || filter.kind === 'all') return graph;
    }
    throw new GremlinError('exec', 'limit', 0, 'the graph changes too fast for this filter');
  }

  #graphReply(graph: GraphView, isWhole: boolean): Reply {
    const { version } = this.#views;
    if (isWhole && this.#kept?.version === version) return { status: 200, obj: this.#kept.text };
    this.#kept = undefined;
    const chunks: string[] = [];
    let chars = 0;
    for (const chunk of graphJsonChunks(graph)) {
      chars += chunk.length;
      if (chars > limits.syncReplyBytesMax)
        return refusal(413, `the graph has more than ${limits.syncReplyBytesMax} bytes, use a filter`);
      chunks.push(chunk);
    }
    const text = chunks.join('');
    if (isWhole && chars <= limits.syncReplyKeptBytesMax) this.#kept = { version, text };
    return { status: 200, obj: text };
  }
}

function refusal(status: number, text: string): Reply {
  return { status, obj: JSON.stringify(text) };
}

/** Filters that show the whole graph are one. */
export function keyOf(text: string, filter: GraphFilter): string {
  return filter.kind === 'all' ? '' : text;
}

/** A client's filter, or the reference's text of why it is none. "" is none: the whole graph. */
export function readClientFilter(text: string, hostId: string): GraphFilter | { readonly refused: string } {
  if (text === '') return { kind: 'all' };
  const filter = readGraphFilter(text);
  if (!('fault' in filter)) return filter;
  switch (filter.fault) {
    case 'invalid':
      return { refused: `Invalid Gremlin filter '${text}' for client ${hostId}` };
    case 'not-a-graph':
      return { refused: `Gremlin query '${text}' did not return a graph` };
    case 'not-live':
      return { refused: `Gremlin filter '${text}' asks for more than the graph as it is now` };
  }
}

/** For the reason of a refusal before the upgrade. Rethrows what is no fault of the filter. */
export function filterFault(error: unknown): string {
  if (error instanceof GremlinError) return messageOf(error);
  throw error;
}
