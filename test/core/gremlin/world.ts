/** Small graphs and contexts for tests of queries. */
import type { GraphEdge, GraphNode, Metadata } from '../../../core/graph/element.ts';
import { Graph } from '../../../core/graph/graph.ts';
import type { FlowSearch } from '../../../core/flow/search.ts';
import { runSearch } from '../../../core/flow/run-search.ts';
import type { QueryContext, QueryResult } from '../../../core/gremlin/context.ts';
import { GremlinError } from '../../../core/gremlin/errors.ts';
import { parseQuery, runQuery } from '../../../core/gremlin/gremlin.ts';
import { resultToJson } from '../../../core/wire/gremlin-json.ts';
import type { Flow } from '../../../proto/gen/flow.ts';

/** 2026-11-24T00:00:00Z. */
export const NOW_MS = 1_795_478_400_000;

let created = 1_700_000_000_000;

export function node(id: string, metadata: Metadata, change: Partial<GraphNode> = {}): GraphNode {
  created += 1000;
  return {
    id,
    metadata,
    host: 'h1',
    origin: 'agent.h1',
    createdAt: created,
    updatedAt: created,
    deletedAt: null,
    revision: 1,
    ...change,
  };
}

export function edge(
  parent: string,
  child: string,
  metadata: Metadata = { RelationType: 'ownership' },
): GraphEdge {
  return { ...node(`${parent}>${child}`, metadata), parent, child };
}

export function graphOf(nodes: readonly GraphNode[], edges: readonly GraphEdge[] = []): Graph {
  const graph = new Graph();
  for (const one of nodes) graph.addNode(one);
  for (const one of edges) graph.addEdge(one);
  return graph;
}

export function contextOf(
  graph: QueryContext['graph'],
  flows: readonly Flow[] = [],
  searches: FlowSearch[] = [],
): QueryContext {
  return {
    graph,
    flows: {
      search: (search) => {
        searches.push(search);
        return Promise.resolve(runSearch(flows, search));
      },
    },
    now: () => NOW_MS,
  };
}

export async function run(context: QueryContext, text: string): Promise<QueryResult> {
  return (await runQuery(parseQuery(text), context)).result;
}

/** The answer as plain JSON. */
export async function json(context: QueryContext, text: string): Promise<unknown> {
  return JSON.parse(resultToJson(await run(context, text)));
}

/** Ids of the nodes or edges, UUIDs of the flows. */
export async function ids(context: QueryContext, text: string): Promise<readonly string[]> {
  const result = await run(context, text);
  if (result.kind === 'nodes') return result.nodes.map((one) => one.id);
  if (result.kind === 'edges') return result.edges.map((one) => one.id);
  if (result.kind === 'flows') return result.flows.map((one) => one.UUID);
  throw new Error(`${text} yields ${result.kind}`);
}

export async function errorOf(context: QueryContext, text: string): Promise<GremlinError> {
  try {
    await run(context, text);
  } catch (error) {
    if (error instanceof GremlinError) return error;
    throw error;
  }
  throw new Error(`${text} was answered`);
}
