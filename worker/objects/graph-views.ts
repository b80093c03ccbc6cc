/**
 * What each filter lets its clients see of the graph, as the graph changes (docs/design/sockets.md): clients with one
 * filter share a view. The whole graph and filters that look at one element at a time follow each change at
 * once; any other runs again, soon after a change that can matter to it, the dearer the later.
 */
import { messageOf } from '../../core/errors.ts';
import type { GraphEvent } from '../../core/graph/element.ts';
import { localViewEvents, type ViewEvent } from '../../core/graph/local-view.ts';
import { NetChanges } from '../../core/graph/net-changes.ts';
import { ResultView } from '../../core/graph/result-view.ts';
import { canMatter } from '../../core/graph/statistics.ts';
import type { GraphView } from '../../core/graph/view.ts';
import { GremlinError } from '../../core/gremlin/errors.ts';
import type { GraphFilter, LocalTests } from '../../core/gremlin/graph-filter.ts';
import { limits, timings } from '../../core/limits.ts';
import type { FabricGraph } from './fabric-graph.ts';
import type { CountClient } from './graph-client-state.ts';
import type { GraphDelivery } from './graph-delivery.ts';
import type { QueryRunner } from './query-runner.ts';
import { log } from '../log.ts';

interface View {
  readonly text: string;
  readonly filter: GraphFilter;
  readonly clients: Set<WebSocket>;
  /** Of a local filter. */
  tests: LocalTests | undefined;
  /** Of a general filter. */
  readonly result: ResultView | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Elements that the last run looked at. */
  visited: number;
  /** What it yielded, as long as somebody uses it. */
  last: { readonly version: number; readonly graph: WeakRef<GraphView> } | undefined;
}

/** An element costs about 0.1 µs to look at, so that a filter takes about a tenth of the time at most. */
const VISITS_PER_MS_OF_WAIT = 1_000;
const TOO_LARGE =
  'the results of all filters together are too large, use a narrower one (graphFilterElementsMax)';
/** Runs of a filter while something else changes the graph; then what came out is taken, and it runs again later. */
const RUNS_MAX = 3;

export class GraphViews {
  readonly #fabric: FabricGraph;
  readonly #queries: QueryRunner;
  readonly #delivery: GraphDelivery;
  readonly #count: CountClient;
  /** Told when a client's view has to run again, and when it has. */
  readonly #setBehind: (socket: WebSocket, isBehind: boolean) => void;
  readonly #views = new Map<string, View>();
  readonly #viewOf = new Map<WebSocket, View>();
  /** Since the last turn, for local filters. */
  readonly #local = new NetChanges();
  #isTurnDue = false;
  /** Counts writes of the graph. */
  #version = 0;

  constructor(
    fabric: FabricGraph,
    queries: QueryRunner,
    delivery: GraphDelivery,
    setBehind: (socket: WebSocket, isBehind: boolean) => void,
    count: CountClient,
  ) {
    this.#fabric = fabric;
    this.#queries = queries;
    this.#delivery = delivery;
    this.#setBehind = setBehind;
    this.#count = count;
    fabric.listen((events, source) => this.#hear(events, source));
  }

  get wholeGraph(): GraphView {
    return this.#fabric.graph;
  }

  get version(): number {
    return this.#version;
  }

  /** Whether one more client could have this filter. */
  hasRoomFor(text: string): boolean {
    return text === '' || this.#views.has(text) || this.#views.size < limits.graphFiltersMax;
  }

  /**
   * From now on the client sees the graph through this filter; resolves with what it sees. Whatever the view still had to
   * tell was told before. Throws GremlinError when the filter cannot run; then the client keeps the view it had.
   */
  async show(socket: WebSocket, text: string, filter: GraphFilter): Promise<GraphView> {
    const view = this.#views.get(text) ?? newView(text, filter);
    this.#views.set(text, view);
    try {
      const graph = await this.#run(view);
      if (this.#remembered() > limits.graphFilterElementsMax)
        throw new GremlinError('exec', 'limit', 0, TOO_LARGE);
      if (this.#viewOf.get(socket) === view) return graph;
      this.leave(socket);
      this.#viewOf.set(socket, view);
      view.clients.add(socket);
      return graph;
    } catch (error) {
      if (view.clients.size === 0) this.#drop(view);
      throw error;
    }
  }

  leave(socket: WebSocket): void {
    const view = this.#viewOf.get(socket);
    if (view === undefined) return;
    this.#viewOf.delete(socket);
    view.clients.delete(socket);
    if (view.clients.size === 0) this.#drop(view);
  }

  #drop(view: View): void {
    if (view.timer !== undefined) clearTimeout(view.timer);
    view.timer = undefined;
    if (this.#views.get(view.text) === view) this.#views.delete(view.text);
  }

  /** Brings the view up to date, tells its clients, and resolves with what it shows. */
  async #run(view: View): Promise<GraphView> {
    if (view.filter.kind === 'all') return this.#fabric.graph;
    const known = view.last?.version === this.#version ? view.last.graph.deref() : undefined;
    if (known !== undefined) return known;
    let found: { graph: GraphView; visited: number };
    let version: number;
    let runs = 0;
    do {
      version = this.#version;
      this.#count('filterRuns');
      found = await this.#queries.findGraph(view.filter.query);
      runs++;
    } while (version !== this.#version && runs < RUNS_MAX);
    view.visited = found.visited;
    view.last = { version, graph: new WeakRef(found.graph) };
    this.#turn();
    if (view.result !== undefined) {
      const wasWaiting = view.result.waiting > 0;
      this.#tell(view, view.result.take(found.graph));
      if (wasWaiting) this.#markBehind(view, version !== this.#version);
      if (version !== this.#version) this.#runSoon(view);
      else if (view.timer !== undefined) {
        clearTimeout(view.timer);
        view.timer = undefined;
      }
    }
    return found.graph;
  }

  #hear(events: readonly GraphEvent[], source: unknown): void {
    this.#version++;
    if (this.#views.size === 0) return;
    let hasLocal = false;
    for (const view of this.#views.values()) {
      if (view.filter.kind === 'all') this.#tell(view, sourced(events, source));
      else if (view.filter.kind === 'local') hasLocal = true;
      else this.#follow(view, events, source);
    }
    if (!hasLocal) return;
    for (const event of events) this.#local.apply(event, source);
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    // When everybody has heard of this write: a listener may have written meanwhile, and the graph is ahead of us.
    queueMicrotask(() => this.#turn());
  }

  /** What happened means for the local filters. */
  #turn(): void {
    this.#isTurnDue = false;
    if (this.#local.size === 0) return;
    for (const view of this.#views.values())
      if (view.filter.kind === 'local') this.#tell(view, this.#localEvents(view, view.filter));
    this.#local.clear();
  }

  #localEvents(view: View, filter: Extract<GraphFilter, { kind: 'local' }>): ViewEvent[] {
    for (const isFirst of [true, false]) {
      view.tests ??= filter.newTests();
      try {
        return localViewEvents(this.#local, this.#fabric.graph, view.tests);
      } catch (error) {
        if (!(error instanceof GremlinError)) throw error;
        // The work of a regular expression is used up; a new one may work as much again.
        view.tests = undefined;
        if (!isFirst) this.#fail(view, error);
      }
    }
    return [];
  }

  #follow(view: View, events: readonly GraphEvent[], source: unknown): void {
    const result = view.result!;
    const wasWaiting = result.waiting > 0;
    for (const event of events) {
      const known = result.follow(event, source, canMatter(event, [view.text]));
      if (known !== undefined) this.#tell(view, [known]);
    }
    if (result.waiting === 0) return;
    if (!wasWaiting) this.#markBehind(view, true);
    this.#runSoon(view);
  }

  #markBehind(view: View, isBehind: boolean): void {
    for (const socket of view.clients) this.#setBehind(socket, isBehind);
  }

  #runSoon(view: View): void {
    const { graphFilterMs: least, graphFilterSlowMs: most } = timings;
    const waitMs = Math.min(most, Math.max(least, view.visited / VISITS_PER_MS_OF_WAIT));
    view.timer ??= setTimeout(() => {
      view.timer = undefined;
      void this.#runAgain(view);
    }, waitMs);
  }

  async #runAgain(view: View): Promise<void> {
    try {
      await this.#run(view);
      this.#boundMemory();
    } catch (error) {
      this.#fail(view, error);
    }
  }

  /** Its clients would see something that is not so: they are told and may try again. */
  #fail(view: View, error: unknown): void {
    this.#count('filterFailures');
    if (!(error instanceof GremlinError))
      log('error', 'topology', 'a filter failed', { filter: view.text, error });
    this.#closeAll(view, `the filter failed: ${messageOf(error)}`);
  }

  /** The largest go first. */
  #boundMemory(): void {
    const general = [...this.#views.values()].filter(({ result }) => result !== undefined);
    general.sort((a, b) => b.result!.size - a.result!.size);
    for (const view of general) {
      if (this.#remembered() <= limits.graphFilterElementsMax) return;
      this.#closeAll(view, TOO_LARGE);
    }
  }

  /** Nodes and edges in the results of all general filters. */
  #remembered(): number {
    let sum = 0;
    for (const { result } of this.#views.values()) sum += result?.size ?? 0;
    return sum;
  }

  #closeAll(view: View, reason: string): void {
    for (const socket of view.clients) {
      this.leave(socket);
      this.#delivery.outOfStep(socket, reason);
    }
  }

  /** Each event in its order to everybody who did not cause it. */
  #tell(view: View, events: readonly ViewEvent[]): void {
    for (const { event, source } of events) {
      const message = this.#delivery.message(event);
      for (const socket of view.clients) if (socket !== source) this.#delivery.tell(socket, message);
    }
  }
}

function newView(text: string, filter: GraphFilter): View {
  const result = filter.kind === 'general' ? new ResultView() : undefined;
  return {
    text,
    filter,
    clients: new Set(),
    tests: undefined,
    result,
    timer: undefined,
    visited: 0,
    last: undefined,
  };
}

function sourced(events: readonly GraphEvent[], source: unknown): ViewEvent[] {
  return events.map((event) => ({ event, source }));
}
