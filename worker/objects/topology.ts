/**
 * The graph of one fabric: takes what the probes tell about their hosts, keeps it in memory and in SQLite, answers
 * queries, and tells the probes which captures to run. docs/design/objects.md describes its life.
 */
import { DurableObject } from 'cloudflare:workers';
import { timings } from '../../core/limits.ts';
import { graphJsonChunks } from '../../core/wire/graph-json.ts';
import { TopologyStore } from '../store/topology-store.ts';
import { textOrStream } from './answer-stream.ts';
import { CaptureOrders } from './capture-orders.ts';
import { Counters } from './counters.ts';
import { FabricGraph } from './fabric-graph.ts';
import { graphCounters, HostGraphs, type GraphCounter } from './host-graphs.ts';
import { probeCounters, ProbeSockets, type ProbeCounter } from './probe-sockets.ts';
import { QueryRunner, type QueryAnswer, type QueryFormat } from './query-runner.ts';
import type { ToldResources } from './resource-kinds.ts';
import { TopologyProbes, type ProbeStatusEntry, type VanishedProbe } from './topology-probes.ts';

type Counter = ProbeCounter | GraphCounter | 'probeStatusTooLong' | 'queries' | 'queriesRefused';

export interface TopologyStatus {
  readonly probes: readonly ProbeStatusEntry[];
  /** Probes that vanished and whose graph is still kept. */
  readonly vanished: readonly VanishedProbe[];
  readonly nodes: number;
  readonly edges: number;
  readonly captures: number;
  /** Capture UUID → why its query could not run. */
  readonly captureFaults: Readonly<Record<string, string>>;
  readonly storedBytes: number;
  readonly counters: Readonly<Record<Counter, number>>;
}

/** Rows of history deleted in one transaction. */
const FORGET_ROWS = 10_000;

export class Topology extends DurableObject<Env> {
  readonly #store: TopologyStore;
  #counters!: Counters<Counter>;
  #sockets!: ProbeSockets;
  #fabric!: FabricGraph;
  #orders!: CaptureOrders;
  #probes!: TopologyProbes;
  #queries!: QueryRunner;
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
    const counters = new Counters<Counter>(
      [...probeCounters, ...graphCounters, 'probeStatusTooLong', 'queries', 'queriesRefused'],
      store.counters(),
    );
    const sockets = new ProbeSockets(this.ctx, this.env, (name) => counters.add(name));
    const fabric = new FabricGraph(store, () => counters.save((values) => store.setCounters(values)));
    this.#queries = new QueryRunner(this.env, fabric.graph);
    this.#orders = new CaptureOrders(fabric.graph, sockets, store.captures(), (query) =>
      this.#queries.findNodes(query),
    );
    fabric.listen((events) => {
      for (const event of events) this.#orders.follow(event);
    });
    const hosts = new HostGraphs(fabric, counters);
    this.#probes = new TopologyProbes(sockets, hosts, store, this.#orders, (name) => counters.add(name));
    this.#fabric = fabric;
    this.#counters = counters;
    this.#sockets = sockets;
    this.#alarmMs = (await this.ctx.storage.getAlarm()) ?? Infinity;
    this.#schedule();
  }

  /** Upgrades of /ws/probe/topology, authenticated by the route. */
  override fetch(request: Request): Response {
    return this.#sockets.accept(request);
  }

  override webSocketMessage(socket: WebSocket, data: ArrayBuffer | string): void {
    this.#change(() => this.#probes.message(socket, data));
  }

  override webSocketClose(socket: WebSocket): void {
    this.#change(() => this.#probes.closed(socket));
  }

  override webSocketError(socket: WebSocket): void {
    this.#change(() => this.#probes.closed(socket));
  }

  /**
   * Memory is changed before the tables. When writing fails the two differ, and the object is given up: it wakes
   * with what is stored, and the probes, whose sockets end with it, connect again and send their whole graphs.
   */
  #change(work: () => void): void {
    try {
      work();
      this.#schedule();
    } catch (error) {
      console.error('topology: could not write, starting again from the tables:', error);
      this.ctx.abort('could not write the graph');
    }
  }

  override alarm(): void {
    this.#alarmMs = Infinity;
    this.#change(() => {
      const now = Date.now();
      this.#probes.expire(now);
      while (this.#store.forgetRevisions(now - timings.graphHistoryMs, FORGET_ROWS));
      this.#counters.save((values) => this.#store.setCounters(values));
    });
  }

  /** One alarm for all: the end of a vanished probe's grace, or the next look at the history. */
  #schedule(): void {
    const grace = this.#probes.nextExpiryMs() ?? Infinity;
    const hasHistory = this.#alarmMs === Infinity && this.#store.hasRevisions();
    const due = Math.min(grace, hasHistory ? Date.now() + timings.historyCheckMs : Infinity);
    if (due >= this.#alarmMs) return;
    this.#alarmMs = due;
    void this.ctx.storage.setAlarm(due);
  }

  /** Runs a Gremlin query; docs/design/objects.md says how it reaches the flows. */
  async query(text: string, format: QueryFormat): Promise<QueryAnswer> {
    this.#counters.add('queries');
    const answer = await this.#queries.answer(text, format);
    if (answer.status !== 200) this.#counters.add('queriesRefused');
    return answer;
  }

  /** The live graph, `{"Nodes":[…],"Edges":[…]}`. */
  graphJson(): string | ReadableStream<Uint8Array> {
    return textOrStream(graphJsonChunks(this.#fabric.graph));
  }

  /** The registry's whole lists. The probes are told before this resolves. */
  async setResources({ capture: captures }: ToldResources): Promise<void> {
    this.#store.setCaptures(this.#orders.captures, captures);
    await this.#orders.replace(captures);
  }

  /** Capture UUID → nodes on which it is active now; captures active nowhere are missing. */
  captureCounts(): Record<string, number> {
    return this.#orders.counts();
  }

  status(): TopologyStatus {
    return {
      probes: this.#probes.connected(),
      vanished: this.#probes.vanished(),
      nodes: this.#fabric.graph.nodeCount,
      edges: this.#fabric.graph.edgeCount,
      captures: this.#orders.captures.length,
      captureFaults: this.#orders.faults,
      storedBytes: this.#store.bytes,
      counters: this.#counters.all(),
    };
  }
}
