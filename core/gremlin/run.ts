/**
 * A query becomes an answer: the steps run left to right, each on the value that the one before it left. Which step
 * fits which value stands in the tables here and, without running anything, in `accepts.ts` (a test holds the two
 * together); what a step does stands in `steps/`, one file per family.
 */
import { wrongInput } from './accepts.ts';
import type { Json } from '../graph/element.ts';
import type { Query, Step, StepName } from './ast.ts';
import type { QueryContext, QueryCost, QueryResult } from './context.ts';
import { listValue, Run, scalar } from './state.ts';
import type { Value, ValueKind, ValueOf } from './state.ts';
import { aggregate } from './steps/aggregate.ts';
import { remember, select } from './steps/alias.ts';
import {
  cut,
  dedupElements,
  dedupValue,
  filterEdges,
  filterNodes,
  filterValue,
  membersOf,
} from './steps/filter.ts';
import { nodesOfFlows } from './steps/flow-nodes.ts';
import { flowsOf, refineFlows } from './steps/flow-plan.ts';
import { fetchFlows, flowKeys, flowSum, flowValues } from './steps/flow.ts';
import { edgesOf, endsOf, incidentEdges, neighbours, nodesOf } from './steps/graph.ts';
import { groupFlows, moreThan } from './steps/group.ts';
import { flowMetrics, metricKeys, nodeMetrics, sumMetrics } from './steps/metric.ts';
import { nextHops } from './steps/next-hop.ts';
import { sortElements } from './steps/order.ts';
import { filterPackets, rawPackets } from './steps/packet.ts';
import { nodesOfPaths, shortestPaths, subGraph } from './steps/path.ts';
import { keysOf, sumOf, valueMapOf, valuesOf } from './steps/reduce.ts';
import { filterSockets, flowSockets, nodeSockets, socketValues } from './steps/socket.ts';
import { travel } from './steps/time.ts';
import { reach } from './steps/tree.ts';
import { runWorkflow } from './steps/workflow.ts';

/** A step and the steps around it: some look ahead for an index or a filter, none changes them. */
interface Place {
  readonly step: Step;
  readonly before: Step | undefined;
  readonly rest: readonly Step[];
  /** Of the rest, the Has steps that this step takes as its own. */
  readonly taken: readonly Step[];
}

/**
 * Throws GremlinError of stage `exec`; what the context's sources throw passes through.
 * Cost: linear in elements visited, which `limits.queryVisitsMax` bounds.
 */
export async function runQuery(
  query: Query,
  context: QueryContext,
): Promise<{ result: QueryResult; cost: QueryCost }> {
  const run = new Run(context);
  let value: Value = {
    kind: 'graph',
    on: { view: context.graph, canTravel: true, remembered: new Map() },
  };
  const { steps } = query;
  for (let at = 0; at < steps.length;) {
    const step = steps[at]!;
    const rest = steps.slice(at + 1);
    const taken = value.kind === 'flows' && FLOWS_TO_NODES.has(step.name) ? leadingHas(rest) : [];
    // The table has one handler type per kind of value; that they belong together only the table knows.
    const handler = HANDLERS[value.kind][step.name] as Handler<ValueKind> | undefined;
    if (handler === undefined) throw wrongInput(value.kind, step);
    value = await handler(run, value, { step, before: steps[at - 1], rest, taken });
    at += 1 + taken.length;
  }
  return { result: await resultOf(run, value), cost: run.cost };
}

const FLOWS_TO_NODES: ReadonlySet<string> = new Set(['In', 'Out', 'Both', 'Nodes', 'Hops', 'CaptureNode']);

/** Has steps right behind a step from flows to nodes belong to its look-up. */
function leadingHas(steps: readonly Step[]): readonly Step[] {
  const end = steps.findIndex((step) => step.name !== 'Has');
  return end < 0 ? steps : steps.slice(0, end);
}

type Handler<Kind extends ValueKind> = (
  run: Run,
  value: ValueOf<Kind>,
  place: Place,
) => Promise<Value> | Value;
type Handlers<Kind extends ValueKind> = Readonly<Partial<Record<StepName, Handler<Kind>>>>;

const ON_GRAPH: Handlers<'graph'> = {
  V: (run, value, { step, rest }) => nodesOf(run, value, step, rest[0]),
  E: (run, value, { step }) => edgesOf(run, value, step),
  Context: (run, value, { step }) => travel(run, value, step),
  Flows: (_run, value, { step }) => flowsOf(value, step),
  Workflow: (run, _value, { step }) => runWorkflow(run, step),
};

const hasNodes: Handler<'nodes'> = (run, value, { step, before }) => filterNodes(run, value, step, before);
const cutNodes: Handler<'nodes'> = (_run, value, { step }) => ({ ...value, nodes: cut(value.nodes, step) });
const reachNodes: Handler<'nodes'> = (run, value, { step }) => reach(run, value, step);

const ON_NODES: Handlers<'nodes'> = {
  G: (_run, { on }) => ({ kind: 'graph', on }),
  Has: hasNodes,
  HasKey: hasNodes,
  HasNot: hasNodes,
  HasEither: hasNodes,
  Out: (run, value, { step }) => neighbours(run, value, step, 'out'),
  In: (run, value, { step }) => neighbours(run, value, step, 'in'),
  Both: (run, value, { step }) => neighbours(run, value, step, 'both'),
  OutE: (run, value, { step }) => incidentEdges(run, value, step, 'out'),
  InE: (run, value, { step }) => incidentEdges(run, value, step, 'in'),
  BothE: (run, value, { step }) => incidentEdges(run, value, step, 'both'),
  Dedup: (run, value, { step }) => ({ ...value, nodes: dedupElements(run, value.nodes, step, 'node') }),
  Range: cutNodes,
  Limit: cutNodes,
  Sort: (run, value, { step }) => ({ ...value, nodes: sortElements(run, value.nodes, step, 'node') }),
  Count: (_run, { nodes }) => scalar(nodes.length),
  Values: (run, { nodes }, { step }) => valuesOf(run, nodes, step, 'node'),
  ValueMap: (run, { nodes }, { step }) => valueMapOf(run, nodes, step, 'node'),
  Keys: (run, { nodes }, { step }) => keysOf(run, nodes, step, 'node'),
  Sum: (run, { nodes }, { step }) => sumOf(run, nodes, step, 'node'),
  As: (_run, value, { step }) => remember(value, step),
  Select: (run, value, { step }) => select(run, value, step),
  ShortestPathTo: (run, value, { step }) => shortestPaths(run, value, step),
  SubGraph: (run, value, { step }) => subGraph(run, value, step),
  Descendants: reachNodes,
  Ascendants: reachNodes,
  Neighbors: reachNodes,
  Metrics: (run, value, { step }) => nodeMetrics(run, value, step),
  Sockets: (run, value, { step }) => nodeSockets(run, value, step),
  Flows: (_run, value, { step }) => flowsOf(value, step),
  NextHop: (run, value, { step }) => nextHops(run, value, step),
};

const hasEdges: Handler<'edges'> = (run, value, { step, before }) => filterEdges(run, value, step, before);
const cutEdges: Handler<'edges'> = (_run, value, { step }) => ({ ...value, edges: cut(value.edges, step) });

const ON_EDGES: Handlers<'edges'> = {
  G: (_run, { on }) => ({ kind: 'graph', on }),
  Has: hasEdges,
  HasKey: hasEdges,
  HasNot: hasEdges,
  HasEither: hasEdges,
  InV: (run, value, { step }) => endsOf(run, value, step, 'parent'),
  OutV: (run, value, { step }) => endsOf(run, value, step, 'child'),
  BothV: (run, value, { step }) => endsOf(run, value, step, 'both'),
  Dedup: (run, value, { step }) => ({ ...value, edges: dedupElements(run, value.edges, step, 'edge') }),
  Range: cutEdges,
  Limit: cutEdges,
  Sort: (run, value, { step }) => ({ ...value, edges: sortElements(run, value.edges, step, 'edge') }),
  Count: (_run, { edges }) => scalar(edges.length),
  Values: (run, { edges }, { step }) => valuesOf(run, edges, step, 'edge'),
  ValueMap: (run, { edges }, { step }) => valueMapOf(run, edges, step, 'edge'),
  Keys: (run, { edges }, { step }) => keysOf(run, edges, step, 'edge'),
  Sum: (run, { edges }, { step }) => sumOf(run, edges, step, 'edge'),
  SubGraph: (run, value, { step }) => subGraph(run, value, step),
};

const cutPaths: Handler<'paths'> = (_run, value, { step }) => ({ ...value, paths: cut(value.paths, step) });

const ON_PATHS: Handlers<'paths'> = {
  Dedup: (run, value, { step }) => {
    const all = nodesOfPaths(value);
    return { ...all, nodes: dedupElements(run, all.nodes, step, 'node') };
  },
  SubGraph: (run, value, { step }) => subGraph(run, value, step),
  Flows: (_run, value, { step }) => flowsOf(nodesOfPaths(value), step),
  Count: (_run, { paths }) => scalar(paths.length),
  Range: cutPaths,
  Limit: cutPaths,
};

const ON_VALUE: Handlers<'value'> = {
  Has: (run, value, { step }) => filterValue(run, value, step),
  Dedup: (run, value, { step }) => dedupValue(run, value, step),
  Count: (_run, value, { step }) => scalar(listOf(value, step).length),
  Range: (_run, value, { step }) => listValue(cut(listOf(value, step), step)),
  Limit: (_run, value, { step }) => listValue(cut(listOf(value, step), step)),
};

/** Throws GremlinError when the value is a single one. */
function listOf(value: ValueOf<'value'>, step: Step): readonly Json[] {
  const members = membersOf(value);
  if (members === undefined) throw wrongInput(value.kind, step);
  return members;
}

const refinement: Handler<'flows'> = (_run, value, { step }) => refineFlows(value, step);
const toNodes: Handler<'flows'> = (run, value, { step, taken }) => nodesOfFlows(run, value, step, taken);

const ON_FLOWS: Handlers<'flows'> = {
  Has: refinement,
  HasKey: refinement,
  HasNot: refinement,
  HasEither: refinement,
  Dedup: refinement,
  Sort: refinement,
  Range: refinement,
  Limit: refinement,
  Count: async (run, value) => scalar((await fetchFlows(run, value)).length),
  Values: (run, value, { step }) => flowValues(run, value, step),
  Keys: (run, value) => flowKeys(run, value),
  Sum: (run, value, { step }) => flowSum(run, value, step),
  In: toNodes,
  Out: toNodes,
  Both: toNodes,
  Nodes: toNodes,
  Hops: toNodes,
  CaptureNode: toNodes,
  Metrics: (run, value, { step }) => flowMetrics(run, value, step),
  RawPackets: (run, value, { step }) => rawPackets(run, value, step),
  Sockets: (run, value, { step }) => flowSockets(run, value, step),
  Group: (run, value, { step }) => groupFlows(run, value, step),
};

const hasSockets: Handler<'sockets'> = (run, value, { step }) => filterSockets(run, value, step);

const HANDLERS: { readonly [Kind in ValueKind]: Handlers<Kind> } = {
  graph: ON_GRAPH,
  nodes: ON_NODES,
  edges: ON_EDGES,
  paths: ON_PATHS,
  value: ON_VALUE,
  flows: ON_FLOWS,
  groups: { MoreThan: (_run, value, { step }) => moreThan(value, step) },
  metrics: {
    Aggregates: (run, value, { step }) => aggregate(run, value, step),
    Sum: (_run, value, { step }) => sumMetrics(value, step),
    Count: (_run, { metrics }) => scalar(metrics.size),
    Keys: (_run, value) => metricKeys(value),
  },
  packets: { BPF: (run, value, { step }) => filterPackets(run, value, step) },
  sockets: {
    Has: hasSockets,
    HasEither: hasSockets,
    Values: (_run, value, { step }) => socketValues(value, step),
  },
  nextHops: {},
};

async function resultOf(run: Run, value: Value): Promise<QueryResult> {
  switch (value.kind) {
    case 'graph':
      return { kind: 'graph', graph: value.on.view };
    case 'nodes':
      return { kind: 'nodes', nodes: value.nodes };
    case 'edges':
      return { kind: 'edges', edges: value.edges };
    case 'paths':
      return { kind: 'paths', paths: value.paths };
    case 'flows':
      return { kind: 'flows', flows: await fetchFlows(run, value) };
    case 'metrics':
      return { kind: 'metrics', metrics: value.metrics };
    case 'value':
      return { kind: 'value', value: value.value };
    case 'groups':
    case 'packets':
    case 'sockets':
    case 'nextHops':
      return value;
  }
}
