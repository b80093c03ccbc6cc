/**
 * Runs Gremlin for a Topology object: over its graph, and over the flows that the shards hold. A flow search goes to
 * the shards of the hosts concerned, each of which filters, sorts and cuts; what they send is merged here.
 */
import type { Capture } from '../../core/capture/capture.ts';
import { reduceOver, upToEnd } from '../../core/flow/reduce-over.ts';
import { reduceFlows, type FlowReduction, type Reduced } from '../../core/flow/reduction.ts';
import { runSearch } from '../../core/flow/run-search.ts';
import type { FlowSearch } from '../../core/flow/search.ts';
import type { GraphNode } from '../../core/graph/element.ts';
import { FrozenGraph } from '../../core/graph/frozen-graph.ts';
import type { GraphView } from '../../core/graph/view.ts';
import type { Query } from '../../core/gremlin/ast.ts';
import type { FlowSource, QueryContext, QueryResult } from '../../core/gremlin/context.ts';
import { GremlinError } from '../../core/gremlin/errors.ts';
import { explainError, explainPlan, parseQuery, runQuery } from '../../core/gremlin/gremlin.ts';
import { timings } from '../../core/limits.ts';
import type { ShardCounts } from '../../core/shard-place.ts';
import { resultToDot } from '../../core/wire/gremlin-dot.ts';
import { resultToJsonChunks } from '../../core/wire/gremlin-json.ts';
import { resultToPcap } from '../../core/wire/gremlin-pcap.ts';
import { decodeFlowSet, type Flow } from '../../proto/gen/flow.ts';
import type { QueryWorkflows } from '../script/query-workflows.ts';
import type { AgentFlows } from './agent-tables.ts';
import { bytesOf, bytesOrStream, textOf, textOrStream } from './answer-stream.ts';
import type { GraphPast } from './graph-past.ts';
import { answersOf, noFlowCost, shardsToAsk, type FlowCost, type Shard } from './shard-answers.ts';
import { StoredFlows } from './stored-flows.ts';

/** `explain`: not the answer but how it came about. */
export type QueryFormat = 'json' | 'dot' | 'pcap' | 'explain';

export interface QueryCostTold {
  /** Nodes, edges and flows looked at. */
  readonly visited: number;
  /** FlowShard objects asked. */
  readonly shards: number;
  /** Hosts whose flows may be older than the question. */
  readonly silentHosts: readonly string[];
  /** FlowShard objects that did not answer: their flows are missing. */
  readonly silentShards: readonly string[];
  readonly ms: number;
}

type Body = string | Uint8Array | ReadableStream<Uint8Array>;

/** The flows in the tables of Skydive agents. */
export type AskAgents = (search: FlowSearch) => Promise<AgentFlows>;

export type QueryAnswer =
  | {
      readonly status: 200;
      readonly contentType: string;
      readonly body: Body;
      readonly cost: QueryCostTold;
      /** What looks like a mistake though it is none, such as a key that nothing has. */
      readonly warnings: readonly string[];
    }
  | {
      readonly status: 400 | 406;
      readonly text: string;
      /** Where in the query, and what was expected there or meant; "" when there is nothing to add. */
      readonly hint: string;
      /** JSON, for `explain`. */
      readonly explained: string;
    };

const FORMATS: Readonly<
  Record<Exclude<QueryFormat, 'explain'>, { type: string; spell: (result: QueryResult) => Body }>
> = {
  json: {
    type: 'application/json; charset=UTF-8',
    spell: (result) => textOrStream(resultToJsonChunks(result)),
  },
  dot: { type: 'text/vnd.graphviz; charset=UTF-8', spell: (result) => textOrStream([resultToDot(result)]) },
  pcap: { type: 'application/vnd.tcpdump.pcap', spell: (result) => bytesOrStream(resultToPcap(result)) },
};

export class QueryRunner {
  readonly #env: Env;
  readonly #graph: GraphView;
  readonly #captures: () => readonly Capture[];
  readonly #past: GraphPast | undefined;
  readonly #askAgents: AskAgents;
  readonly #shardCounts: () => ShardCounts;

  /** Without `past` there is no history to ask. */
  constructor(
    env: Env,
    graph: GraphView,
    captures: () => readonly Capture[],
    past: GraphPast | undefined,
    askAgents: AskAgents,
    shardCounts: () => ShardCounts,
  ) {
    this.#shardCounts = shardCounts;
    this.#askAgents = askAgents;
    this.#env = env;
    this.#graph = graph;
    this.#captures = captures;
    this.#past = past;
  }

  /**
   * 400 for a query that does not parse or cannot run, 406 for a result that the format cannot show. `workflows` runs those
   * that the query calls, with the rights of whoever asks.
   */
  async answer(text: string, format: QueryFormat, workflows?: QueryWorkflows): Promise<QueryAnswer> {
    const startedMs = Date.now();
    const flowCost = noFlowCost();
    const past = this.#past?.forQuery();
    const context = {
      ...this.#context(this.#flows(flowCost)),
      ...(workflows !== undefined && { workflow: throwing(workflows) }),
    };
    try {
      const query = parseQuery(text);
      const { result, cost, plan } = await runQuery(
        query,
        past === undefined
          ? context
          : { ...context, history: past, flowHistory: this.#storedFlows(flowCost) },
      );
      const told: QueryCostTold = {
        visited: cost.visited + flowCost.visited + (past?.visited ?? 0),
        shards: flowCost.shards,
        silentHosts: [...flowCost.silentHosts],
        silentShards: [...flowCost.silentShards],
        ms: Date.now() - startedMs,
      };
      const { warnings } = plan;
      if (format !== 'explain') {
        const { type: contentType, spell } = FORMATS[format];
        return { status: 200, contentType, body: spell(result), cost: told, warnings };
      }
      const body = JSON.stringify({ ...explainPlan(query, plan, result), Cost: told }, undefined, 2);
      return { status: 200, contentType: FORMATS.json.type, body: `${body}\n`, cost: told, warnings };
    } catch (error) {
      if (!(error instanceof GremlinError)) throw error;
      const { stage, message, offset, hint } = error;
      return {
        status: stage === 'encode' ? 406 : 400,
        text: message,
        hint: stage === 'encode' ? '' : `at ${offset}${hint === '' ? '' : `: ${hint}`}`,
        explained: `${JSON.stringify(explainError(text, error), undefined, 2)}\n`,
      };
    }
  }

  /** The answer of an alert's query as JSON. Throws GremlinError. */
  async ask(text: string): Promise<{ readonly answer: unknown; readonly visited: number }> {
    const flowCost = noFlowCost();
    const past = this.#past?.forQuery();
    const { result, cost } = await runQuery(parseQuery(text), {
      ...this.#context(this.#flows(flowCost)),
      ...(past !== undefined && { history: past, flowHistory: this.#storedFlows(flowCost) }),
    });
    const json = [...resultToJsonChunks(result)].join('');
    return { answer: JSON.parse(json), visited: cost.visited + flowCost.visited + (past?.visited ?? 0) };
  }

  /** The nodes that a capture's query selects: nodes of the result or of its paths; other results select none. */
  async findNodes(
    text: string,
    graph = this.#graph,
  ): Promise<{ nodes: readonly GraphNode[]; visited: number }> {
    const { result, cost } = await runQuery(parseQuery(text), { ...this.#context(NO_FLOWS), graph });
    return { nodes: nodesIn(result), visited: cost.visited };
  }

  /**
   * The graph that a subscriber's filter yields (core/gremlin/graph-filter.ts), and what that cost. A node that the filter
   * names and that is not there makes an empty graph. Throws GremlinError.
   */
  async findGraph(
    query: Query,
    graph: GraphView = this.#graph,
  ): Promise<{ graph: GraphView; visited: number }> {
    try {
      const { result, cost } = await runQuery(query, { ...this.#context(NO_FLOWS), graph });
      if (result.kind === 'graph') return { graph: result.graph, visited: cost.visited };
      throw new GremlinError('exec', 'bad-output', 0, `'${query.text}' did not return a graph`);
    } catch (error) {
      if (!(error instanceof GremlinError) || error.code !== 'not-found') throw error;
      return { graph: new FrozenGraph([], []), visited: 1 };
    }
  }

  #flows(cost: FlowCost): FlowSource {
    return new ShardFlows(this.#env, this.#shardCounts(), cost, this.#askAgents);
  }

  #storedFlows(cost: FlowCost): StoredFlows {
    return new StoredFlows(this.#env, this.#shardCounts(), cost);
  }

  #context(flows: FlowSource): QueryContext {
    const captures = () => this.#captures().map(({ UUID: id, Name: name }) => ({ id, name: name ?? '' }));
    return { graph: this.#graph, flows, captures, now: () => Date.now() };
  }
}

/** A capture's query is about the graph; flows in it select nothing, as in the reference. */
const NO_FLOWS: FlowSource = { search: () => Promise.resolve([]) };

function throwing(workflows: QueryWorkflows): NonNullable<QueryContext['workflow']> {
  return async (idOrName, args) => {
    const result = await workflows(idOrName, args);
    if (result !== undefined && 'fault' in result) throw new Error(result.fault);
    return result;
  };
}

function nodesIn(result: QueryResult): readonly GraphNode[] {
  if (result.kind === 'nodes') return result.nodes;
  if (result.kind === 'paths') return result.paths.flat();
  return [];
}

/** The flows of all shards as one table; tells what asking cost. */
class ShardFlows implements FlowSource {
  readonly #env: Env;
  readonly #counts: ShardCounts;
  readonly #cost: FlowCost;
  readonly #askAgents: AskAgents;

  constructor(env: Env, counts: ShardCounts, cost: FlowCost, askAgents: AskAgents) {
    this.#env = env;
    this.#counts = counts;
    this.#cost = cost;
    this.#askAgents = askAgents;
  }

  async search(search: FlowSearch): Promise<readonly Flow[]> {
    const shards = this.#shards(search);
    const asked = upToEnd(search);
    const [fresh, parts] = await Promise.all([
      this.#askAgents(search),
      answersOf(shards, this.#cost, (shard) => this.#ask(shard, asked)),
    ]);
    for (const host of fresh.silentHosts) this.#cost.silentHosts.add(host);
    if (fresh.flows.length > 0) return runSearch(withFresher(parts.flat(), fresh.flows), search);
    if (shards.length === 1 && search.range === undefined) return parts.flat();
    const { filter: _done, ...merge } = search;
    return runSearch(parts.flat(), merge);
  }

  /** A host that moved to another shard may have live flows where it was until its probe has connected. */
  #shards(search: FlowSearch): Shard[] {
    return shardsToAsk(this.#env, this.#counts, Date.now() - timings.flowForgottenMs, search.hosts);
  }

  async #ask(shard: Shard, search: FlowSearch): Promise<Flow[]> {
    const answer = await shard.search(search);
    for (const host of answer.silentHosts) this.#cost.silentHosts.add(host);
    this.#cost.visited += answer.visited;
    return decodeFlowSet(await bytesOf(answer.flows)).Flows;
  }

  /** Numbers and fields of the flows; no flow leaves its shard. */
  async reduce(search: FlowSearch, reduction: FlowReduction): Promise<Reduced> {
    const fresh = await this.#askAgents(search);
    if (fresh.flows.length > 0) return reduceFlows(await this.search(search), reduction);
    for (const host of fresh.silentHosts) this.#cost.silentHosts.add(host);
    const shards = this.#shards(search);
    return reduceOver(shards.length, search, reduction, (part, asked) =>
      answersOf(shards, this.#cost, async (shard) => {
        const answer = await shard.reduce(part, asked);
        for (const host of answer.silentHosts) this.#cost.silentHosts.add(host);
        this.#cost.visited += answer.visited;
        return JSON.parse(await textOf(answer.reduced)) as Reduced;
      }),
    );
  }
}

/** One flow of several is the one that was told of last. */
function withFresher(kept: readonly Flow[], fresh: readonly Flow[]): Flow[] {
  const byId = new Map<string, Flow>();
  for (const flow of [...kept, ...fresh]) {
    const id = `${flow.CaptureID} ${flow.UUID}`;
    const before = byId.get(id);
    if (before === undefined || flow.Last >= before.Last) byId.set(id, flow);
  }
  return [...byId.values()];
}
