/**
 * The graph of one fabric: takes what the probes tell about their hosts, keeps it in memory and in SQLite, answers
 * queries, and tells the probes which captures to run. docs/design/objects.md describes its life.
 */
import { DurableObject } from 'cloudflare:workers';
import type { Alert, Firing } from '../../core/alert/alert.ts';
import type { Injection, InjectionReport, InjectionRequest } from '../../core/injection/injection.ts';
import { limits, timings } from '../../core/limits.ts';
import { countsAfterStart, countsSince, type ShardCounts } from '../../core/shard-place.ts';
import { Histogram, type HistogramState } from '../../core/metrics/histogram.ts';
import type { ElementKind } from '../../core/wire/element-body.ts';
import { escapeHtml } from '../../core/wire/go-json.ts';
import { graphJsonChunks } from '../../core/wire/graph-json.ts';
import { injectionToJson } from '../../core/wire/injection-json.ts';
import { GRAPH_ROLES, pathOfRole } from '../../core/wire/graph-subscription.ts';
import { runAlertScript } from '../script/alert-script.ts';
import type { QueryWorkflows } from '../script/query-workflows.ts';
import { TopologyStore } from '../store/topology-store.ts';
import { agentOrderCounters, type AgentOrderCounter } from './agent-orders.ts';
import { alertCounters, AlertKeeper, type AlertCounter, type AlertStatus } from './alert-keeper.ts';
import { textOrStream } from './answer-stream.ts';
import { CaptureNotices } from './capture-notices.ts';
import { CaptureOrders } from './capture-orders.ts';
import { Counters } from './counters.ts';
import { FabricGraph } from './fabric-graph.ts';
import { pastCounters, type GraphPast, type PastCounter } from './graph-past.ts';
import { GraphPastKeeper, type GraphHistoryStatus } from './graph-past-keeper.ts';
import { graphClientCounters, type GraphClientCounter } from './graph-client-state.ts';
import { GraphClients, type GraphClientStatus } from './graph-clients.ts';
import { graphCounters, HostGraphs, type GraphCounter } from './host-graphs.ts';
import {
  injectionCounters,
  InjectionOrders,
  type InjectionCounter,
  type Planned,
} from './injection-orders.ts';
import { probeCounters, ProbeSockets, type ProbeCounter } from './probe-sockets.ts';
import { QueryRunner, type QueryAnswer, type QueryFormat } from './query-runner.ts';
import type { ToldResources } from './resource-kinds.ts';
import { ruleCounters, RuleKeeper, type RuleCounter, type RuleStatus } from './rule-keeper.ts';
import { registryOf, shardCount, shardsOf } from './stubs.ts';
import { TopologyAgents } from './topology-agents.ts';
import { TopologyProbes, type ProbeStatusEntry, type VanishedProbe } from './topology-probes.ts';
import { UserElements, type ElementAnswer } from './user-elements.ts';
import { log } from '../log.ts';

type Counter =
  | AgentOrderCounter
  | AlertCounter
  | ProbeCounter
  | GraphCounter
  | PastCounter
  | InjectionCounter
  | RuleCounter
  | GraphClientCounter
  | OwnCounter;
type OwnCounter = 'probeStatusTooLong' | 'queries' | 'queriesRefused' | 'elementsRefused' | 'rowsWritten';
const ownCounters: readonly OwnCounter[] = [
  'probeStatusTooLong',
  'queries',
  'queriesRefused',
  'elementsRefused',
  'rowsWritten',
];

export interface TopologyStatus extends RuleStatus, AlertStatus {
  readonly probes: readonly ProbeStatusEntry[];
  /** Probes that vanished and whose graph is still kept. */
  readonly vanished: readonly VanishedProbe[];
  readonly nodes: number;
  readonly edges: number;
  readonly clients: readonly GraphClientStatus[];
  readonly captures: number;
  /** Capture UUID → why its query could not run. */
  readonly captureFaults: Readonly<Record<string, string>>;
  readonly storedBytes: number;
  readonly history: GraphHistoryStatus;
  /** How long queries took, since this object woke. */
  readonly queryTimes: HistogramState;
  readonly counters: Readonly<Record<Counter, number>>;
}

const allCounters: readonly Counter[] = [
  ...agentOrderCounters,
  ...alertCounters,
  ...probeCounters,
  ...graphCounters,
  ...pastCounters,
  ...injectionCounters,
  ...ruleCounters,
  ...graphClientCounters,
  ...ownCounters,
];

export class Topology extends DurableObject<Env> {
  readonly #store: TopologyStore;
  #counters!: Counters<Counter>;
  #sockets!: ProbeSockets;
  #fabric!: FabricGraph;
  #past!: GraphPastKeeper;
  #shardCounts!: ShardCounts;
  #orders!: CaptureOrders;
  #injections!: InjectionOrders;
  #probes!: TopologyProbes;
  #queries!: QueryRunner;
  readonly #queryTimes = new Histogram();
  #rules!: RuleKeeper;
  #agents!: TopologyAgents;
  #alerts!: AlertKeeper;
  #elements!: UserElements;
  #clients!: GraphClients;
  #notices!: CaptureNotices;
  /** When the alarm is set to ring. */
  #alarmMs = Infinity;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // A newer schema makes every request fail with its text.
    this.#store = new TopologyStore(ctx.storage);
    // Nothing is answered before the graph is there.
    void ctx.blockConcurrencyWhile(() => this.#wake());
  }

  async #wake(): Promise<void> {
    const store = this.#store;
    const counters = new Counters<Counter>(allCounters, store.counters());
    const sockets = new ProbeSockets(this.ctx, this.env, (name) => counters.add(name));
    const { EDGEDIVE_HOST_ID: hostId, EDGEDIVE_CONNECTIONS: selfHosted } = this.env;
    const fabric = new FabricGraph(
      store,
      () => this.#saveCounters(),
      () => (selfHosted === undefined ? limits.elementsMax : limits.elementsSelfHostedMax),
    );
    this.#fabric = fabric;
    this.#counters = counters;
    this.#sockets = sockets;
    this.#past = new GraphPastKeeper({
      env: this.env,
      store,
      fabric,
      guard: (work) => this.#change(work),
      count: (name, by) => counters.add(name, by),
    });
    const past = this.#past.readable;
    this.#shardCounts = countsAfterStart(
      store.shardCounts(),
      shardCount(this.env),
      Date.now(),
      this.#past.keepMs,
    );
    store.setShardCounts(this.#shardCounts);
    this.#queries = new QueryRunner(
      this.env,
      fabric.graph,
      () => this.#orders.captures,
      past,
      (search) => this.#agents.tables.search(search),
      () => this.#shardCounts,
    );
    this.#orders = new CaptureOrders(
      fabric.graph,
      sockets,
      store.captures(),
      (query) => this.#queries.findNodes(query),
      (plan) => this.#agents.orders.tell(plan),
    );
    fabric.listen((events) => {
      for (const event of events) this.#orders.follow(event);
      this.#past.follow(events);
    });
    this.#rules = new RuleKeeper(
      {
        fabric,
        origin: `analyzer.${hostId}`,
        find: (query, view) => this.#queries.findNodes(query, view),
        guard: (work) => this.#change(work),
        count: (name, by) => counters.add(name, by),
      },
      store.rules.rules(),
    );
    fabric.listen((events, source) => this.#rules.follow(events, source));
    this.#elements = new UserElements(fabric, `api.${hostId}`);
    this.#agents = this.#openAgents(fabric, counters, sockets);
    this.#openClients(fabric, counters, past);
    this.#alerts = this.#openAlerts(counters);
    fabric.listen((events) => this.#alerts.follow(events));
    this.#notices = new CaptureNotices(fabric, () => this.#orders.captures, this.#clients);
    const hosts = new HostGraphs(fabric, counters);
    this.#injections = new InjectionOrders({
      graph: fabric.graph,
      sockets,
      find: async (query) => (await this.#queries.findNodes(query)).nodes,
      report: (host, report) => this.ctx.waitUntil(this.#reportInjection(host, report)),
      agents: this.#agents.injections,
      count: (name) => counters.add(name),
    });
    this.#probes = new TopologyProbes(
      sockets,
      hosts,
      store,
      this.#orders,
      (name) => counters.add(name),
      (host, report) => this.#injections.reported(host, report),
    );
    await this.#clients.wake();
    this.#alarmMs = (await this.ctx.storage.getAlarm()) ?? Infinity;
    this.#schedule();
  }

  /** Writes the statistics that wait. */
  writeLate(): void {
    this.#past.writeLate();
  }

  #openClients(fabric: FabricGraph, counters: Counters<Counter>, past: GraphPast | undefined): void {
    this.#clients = new GraphClients({
      ctx: this.ctx,
      env: this.env,
      fabric,
      queries: this.#queries,
      store: this.#store,
      graphAt: (timeMs) => past?.graphAt(timeMs),
      guard: (work) => this.#change(work),
      count: (name, by) => counters.add(name, by),
      agentPeer: this.#agents,
    });
  }

  #openAgents(fabric: FabricGraph, counters: Counters<Counter>, sockets: ProbeSockets): TopologyAgents {
    return new TopologyAgents({
      fabric,
      clients: () => this.#clients,
      isTaken: (hostId) => sockets.socketOf(hostId) !== undefined,
      told: () => this.#orders.evaluateSoon(),
      report: (host, report) => this.ctx.waitUntil(this.#reportInjection(host, report)),
      count: (name) => counters.add(name),
    });
  }

  #openAlerts(counters: Counters<Counter>): AlertKeeper {
    return new AlertKeeper({
      store: this.#store.alerts,
      ask: (gremlin) => this.#queries.ask(gremlin),
      run: (script) => runAlertScript(script, this.env, (gremlin) => this.#queries.ask(gremlin)),
      tell: (alert, firing) => this.#tellAlert(alert, firing),
      watchFlows: (isWanted) => {
        for (const shard of shardsOf(this.env)) this.ctx.waitUntil(shard.reportChanges(isWanted));
      },
      count: (name) => counters.add(name),
    });
  }

  /** Those who listen, and the action, which the registry tells until it is heard. */
  async #tellAlert({ UUID, Action }: Alert, firing: Firing): Promise<void> {
    const whole = escapeHtml(JSON.stringify(firing));
    const text =
      whole.length <= limits.alertReasonBytesMax
        ? whole
        : JSON.stringify({ ...firing, ReasonData: null, Edgedive: 'the answer is too large to send along' });
    this.#clients.notify('Alert', 'Alert', text);
    if (Action !== '') await registryOf(this.env).tellAction(UUID, Action, text);
  }

  /** Into how many shards the flows were spread before, each number once. */
  earlierShardCounts(): number[] {
    return [...new Set(countsSince(this.#shardCounts, 0))].filter(
      (shards) => shards !== this.#shardCounts.current,
    );
  }

  /** A shard's flows changed, and some alert asks for flows. */
  flowsChanged(): void {
    this.#alerts.flowsChanged();
  }

  /** Upgrades of /ws/probe/topology and of the sockets of the graph, authenticated by the routes. */
  override async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const role = GRAPH_ROLES.find((known) => pathOfRole(known) === pathname);
    return role === undefined ? this.#sockets.accept(request) : this.#clients.accept(role, request);
  }

  override webSocketMessage(socket: WebSocket, data: ArrayBuffer | string): Promise<void> | undefined {
    if (this.#clients.owns(socket)) return this.#clients.message(socket, data);
    this.#change(() => this.#probes.message(socket, data));
    return undefined;
  }

  override webSocketClose(socket: WebSocket): void {
    this.#closed(socket, false);
  }

  override webSocketError(socket: WebSocket): void {
    this.#closed(socket, true);
  }

  /** A credential was revoked: what was opened with it ends. */
  endPrincipal(principal: string): void {
    this.#clients.endPrincipal(principal);
    this.#change(() => this.#probes.endPrincipal(principal));
  }

  #closed(socket: WebSocket, broken: boolean): void {
    this.#clients.closed(socket, broken);
    this.#change(() => this.#probes.closed(socket));
  }

  /**
   * Memory is changed before the tables. When writing fails the two differ, and the object is given up: it wakes
   * with what is stored, and the probes, whose sockets end with it, connect again and send their whole graphs.
   */
  #change<T>(work: () => T): T {
    try {
      const result = work();
      this.#schedule();
      return result;
    } catch (error) {
      log('error', 'topology', 'could not write, starting again from the tables', { error });
      this.ctx.abort('could not write the graph');
      throw error;
    }
  }

  override alarm(): void {
    this.#alarmMs = Infinity;
    this.#change(() => {
      const now = Date.now();
      this.#probes.expire(now);
      this.#alerts.ring(now);
      this.#past.forget(now);
      this.#saveCounters();
    });
  }

  #saveCounters(): void {
    this.#counters.add('rowsWritten', this.#store.takeRowsWritten());
    this.#counters.save((values) => this.#store.setCounters(values));
  }

  /** One alarm for all: the end of a vanished probe's grace, or the next look at the history. */
  #schedule(): void {
    const grace = this.#probes.nextExpiryMs() ?? Infinity;
    const hasHistory = this.#alarmMs === Infinity && this.#store.past.size.rows > 0;
    const now = Date.now();
    const due = Math.min(
      grace,
      hasHistory ? now + timings.historyCheckMs : Infinity,
      this.#alerts.nextMs(now),
    );
    if (due >= this.#alarmMs) return;
    this.#alarmMs = due;
    void this.ctx.storage.setAlarm(due);
  }

  /** Runs a Gremlin query; docs/design/objects.md says how it reaches the flows. */
  async query(text: string, format: QueryFormat, workflows?: QueryWorkflows): Promise<QueryAnswer> {
    this.#clients.flush();
    this.#counters.add('queries');
    const startedMs = Date.now();
    const answer = await this.#queries.answer(text, format, workflows);
    this.#queryTimes.add((Date.now() - startedMs) / 1_000);
    if (answer.status !== 200) this.#counters.add('queriesRefused');
    return answer;
  }

  /** The live graph, `{"Nodes":[…],"Edges":[…]}`. */
  graphJson(): string | ReadableStream<Uint8Array> {
    this.#clients.flush();
    return textOrStream(graphJsonChunks(this.#fabric.graph));
  }

  /** Nodes or edges by id, as `{"id":{…},…}`. */
  elementsJson(kind: ElementKind): string | ReadableStream<Uint8Array> {
    this.#clients.flush();
    return this.#elements.list(kind);
  }

  elementJson(kind: ElementKind, id: string): string | undefined {
    this.#clients.flush();
    return this.#elements.get(kind, id);
  }

  /** Adds a checked element given in public form. */
  createElement(kind: ElementKind, text: string): ElementAnswer {
    return this.#answer(() => this.#elements.create(kind, text, Date.now()));
  }

  /** `patch` is a list of operations as JSON. */
  patchElement(kind: ElementKind, id: string, patch: string): ElementAnswer {
    const operations = JSON.parse(patch) as readonly unknown[];
    return this.#answer(() => this.#elements.patch(kind, id, operations, Date.now()));
  }

  /** False when there is none. */
  deleteElement(kind: ElementKind, id: string): boolean {
    this.#clients.flush();
    return this.#change(() => this.#elements.delete(kind, id, Date.now()));
  }

  #answer(work: () => ElementAnswer): ElementAnswer {
    this.#clients.flush();
    const answer = this.#change(work);
    if (answer.kind === 'refused') this.#counters.add('elementsRefused');
    return answer;
  }

  /**
   * The registry's whole lists; kinds that are not there stay as they are. The probes are told, and the graph is as the
   * rules ask, before this resolves.
   */
  async setResources(told: Partial<ToldResources>): Promise<void> {
    const { capture: captures = this.#orders.captures } = told;
    const known = this.#rules.rules;
    const rules = { noderule: told.noderule ?? known.noderule, edgerule: told.edgerule ?? known.edgerule };
    const areSameRules = JSON.stringify(rules) === JSON.stringify(known);
    const before = this.#orders.captures;
    this.#store.setCaptures(before, captures);
    this.#notices.changed(before, captures);
    if (!areSameRules) this.#store.transaction(() => this.#store.rules.setRules(rules));
    await this.#orders.replace(captures);
    if (!areSameRules) await this.#rules.replace(rules);
    if (told.alert !== undefined) {
      this.#alerts.replace(told.alert);
      this.#schedule();
    }
  }

  /** Which nodes are to send what for an injection that is to have this UUID; or why none can. */
  async planInjection(uuid: string, request: InjectionRequest): Promise<Planned> {
    return this.#injections.plan(uuid, request);
  }

  /** Tells the probes of a planned injection, which the registry must have by now. */
  startInjection(planned: Planned, request: InjectionRequest): void {
    if (planned.ok) this.#tellInjection('Added', { ...request, UUID: planned.uuid });
    this.#injections.start(planned, request);
  }

  /** Their JSON texts: what still runs of them ends. */
  injectionsEnded(bodies: readonly string[]): void {
    const ended = bodies.map((body) => JSON.parse(body) as Injection);
    this.#injections.stop(ended.map(({ UUID }) => UUID));
    for (const injection of ended) this.#tellInjection('Deleted', injection);
  }

  async #reportInjection(host: string, report: InjectionReport): Promise<void> {
    const changed = await registryOf(this.env).injectionReported(host, report);
    if (changed !== undefined) this.#tellInjection('NodeUpdated', JSON.parse(changed) as Injection);
  }

  /** Subscribers hear of injections as of captures (WebSocket notes, section 13). */
  #tellInjection(type: 'Added' | 'NodeUpdated' | 'Deleted', injection: Omit<Injection, 'Tasks'>): void {
    const obj = escapeHtml(JSON.stringify(injectionToJson(injection)));
    this.#clients.notify('OnDemandPacketInjectionNotification', type, obj);
  }

  /** Capture UUID → nodes on which it is active now; captures active nowhere are missing. */
  captureCounts(): Record<string, number> {
    return this.#orders.counts();
  }

  status(): TopologyStatus {
    this.#counters.add('rowsWritten', this.#store.takeRowsWritten());
    return {
      probes: this.#probes.connected(),
      vanished: this.#probes.vanished(),
      nodes: this.#fabric.graph.nodeCount,
      edges: this.#fabric.graph.edgeCount,
      clients: this.#clients.status(),
      captures: this.#orders.captures.length,
      captureFaults: this.#orders.faults,
      storedBytes: this.#store.bytes,
      ...this.#rules.status(),
      ...this.#alerts.status(),
      history: this.#past.status(),
      queryTimes: this.#queryTimes.state(),
      counters: this.#counters.all(),
    };
  }
}
