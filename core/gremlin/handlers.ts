/**
 * Which function does which step on which kind of value: the tables behind `run.ts`. What a step does stands in `steps/`, one
 * file per family; that the tables and `accepts.ts` say the same is tested.
 */
import { wrongInput } from './accepts.ts';
import type { Json } from '../graph/element.ts';
import type { Step, StepName } from './ast.ts';
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
import { groupElements, tableOfElements } from './steps/element-groups.ts';
import { nodesOfFlows } from './steps/flow-nodes.ts';
import { flowsOf, refineFlows } from './steps/flow-plan.ts';
import { countFlows } from './steps/flow-reduce.ts';
import { flowExtreme, flowKeys, flowSum, flowValues } from './steps/flow.ts';
import { edgesOf, endsOf, incidentEdges, neighbours, nodesOf } from './steps/graph.ts';
import { AGGREGATES, groupFlows, groupTable, moreThan, tableOfGroups } from './steps/group.ts';
import {
  flowMetrics,
  isSumOfMetrics,
  metricKeys,
  nodeMetrics,
  sumMetrics,
  sumOfFlowMetrics,
} from './steps/metric.ts';
import { filterEdgesNested, filterNodesNested } from './steps/nested.ts';
import { nextHops } from './steps/next-hop.ts';
import { sortElements } from './steps/order.ts';
import { filterPackets, rawPackets } from './steps/packet.ts';
import { allShortestPaths, nodesOfPaths, shortestPaths, subGraph } from './steps/path.ts';
import { extremeOf, keysOf, sumOf, valueMapOf, valuesOf } from './steps/reduce.ts';
import { filterSockets, flowSockets, nodeSockets, socketValues } from './steps/socket.ts';
import { columnOf, filterRows, sortRows } from './steps/table.ts';
import { travel } from './steps/time.ts';
import { reach } from './steps/tree.ts';
import { runWorkflow } from './steps/workflow.ts';

/** A step and the steps around it: some look ahead for an index or take what follows as their own. */
export interface Place {
  readonly step: Step;
  readonly before: Step | undefined;
  readonly rest: readonly Step[];
  /** The first so many steps of the rest were done together with this one. */
  readonly fold: (count: number) => void;
}

/** Has steps right behind a step from flows to nodes belong to its look-up. */
function leadingHas(steps: readonly Step[]): readonly Step[] {
  const end = steps.findIndex((step) => step.name !== 'Has');
  return end < 0 ? steps : steps.slice(0, end);
}

export type Handler<Kind extends ValueKind> = (
  run: Run,
  value: ValueOf<Kind>,
  place: Place,
) => Promise<Value> | Value;
type Handlers<Kind extends ValueKind> = Readonly<Partial<Record<StepName, Handler<Kind>>>>;

const ON_GRAPH: Handlers<'graph'> = {
  V: (run, value, { step, rest, fold }) => {
    if (!isWholeCount(step, rest)) return nodesOf(run, value, step, rest);
    fold(1);
    return scalar(value.on.view.nodeCount);
  },
  E: (run, value, { step, rest, fold }) => {
    if (!isWholeCount(step, rest)) return edgesOf(run, value, step, rest);
    fold(1);
    return scalar(value.on.view.edgeCount);
  },
  Context: (run, value, { step }) => travel(run, value, step),
  Flows: (run, value, { step }) => flowsOf(run, value, step),
  Workflow: (run, _value, { step }) => runWorkflow(run, step),
};

/** `V().Count()`: the graph knows. */
function isWholeCount(step: Step, rest: readonly Step[]): boolean {
  return step.params.length === 0 && rest[0]?.name === 'Count';
}

const ofNodes = ({ on, nodes: elements }: ValueOf<'nodes'>) => ({ on, elements, of: 'node' as const });
const ofEdges = ({ on, edges: elements }: ValueOf<'edges'>) => ({ on, elements, of: 'edge' as const });

const hasNodes: Handler<'nodes'> = (run, value, { step, before }) => filterNodes(run, value, step, before);
const cutNodes: Handler<'nodes'> = (_run, value, { step }) => ({ ...value, nodes: cut(value.nodes, step) });
const nestNodes: Handler<'nodes'> = (run, value, { step }) => filterNodesNested(run, value, step);
const extremeOfNodes: Handler<'nodes'> = (run, value, { step }) => extremeOf(run, ofNodes(value), step);
const groupNodes: Handler<'nodes'> = (run, value, { step }) => {
  if (step.params.length === 0) throw wrongInput('nodes', step);
  return groupElements(run, ofNodes(value), step);
};
const groupEdges: Handler<'edges'> = (run, value, { step }) => {
  if (step.params.length === 0) throw wrongInput('edges', step);
  return groupElements(run, ofEdges(value), step);
};
const reachNodes: Handler<'nodes'> = (run, value, { step }) => reach(run, value, step);

const ON_NODES: Handlers<'nodes'> = {
  G: (_run, { on }) => ({ kind: 'graph', on }),
  Has: hasNodes,
  HasKey: hasNodes,
  HasNot: hasNodes,
  HasEither: hasNodes,
  Or: nestNodes,
  And: nestNodes,
  Not: nestNodes,
  Min: extremeOfNodes,
  Max: extremeOfNodes,
  Mean: extremeOfNodes,
  Group: groupNodes,
  Out: (run, value, { step }) => neighbours(run, value, step, 'out'),
  In: (run, value, { step }) => neighbours(run, value, step, 'in'),
  Both: (run, value, { step }) => neighbours(run, value, step, 'both'),
  OutE: (run, value, { step }) => incidentEdges(run, value, step, 'out'),
  InE: (run, value, { step }) => incidentEdges(run, value, step, 'in'),
  BothE: (run, value, { step }) => incidentEdges(run, value, step, 'both'),
  Dedup: (run, value, { step }) => ({ ...value, nodes: dedupElements(run, value.nodes, step, 'node') }),
  Range: cutNodes,
  Limit: cutNodes,
  Sort: (run, value, { step }) => ({ ...value, nodes: sortElements(run, ofNodes(value), step) }),
  Count: (_run, { nodes }) => scalar(nodes.length),
  Values: (run, value, { step }) => valuesOf(run, ofNodes(value), step),
  ValueMap: (run, value, { step }) => valueMapOf(run, ofNodes(value), step),
  Keys: (run, { nodes }, { step }) => keysOf(run, nodes, step, 'node'),
  Sum: (run, value, { step }) => sumOf(run, ofNodes(value), step),
  As: (_run, value, { step }) => remember(value, step),
  Select: (run, value, { step }) => select(run, value, step),
  ShortestPathTo: (run, value, { step }) => shortestPaths(run, value, step),
  ShortestPathsTo: (run, value, { step }) => allShortestPaths(run, value, step),
  SubGraph: (run, value, { step }) => subGraph(run, value, step),
  Descendants: reachNodes,
  Ascendants: reachNodes,
  Neighbors: reachNodes,
  Metrics: (run, value, { step }) => nodeMetrics(run, value, step),
  Sockets: (run, value, { step }) => nodeSockets(run, value, step),
  Flows: (run, value, { step }) => flowsOf(run, value, step),
  NextHop: (run, value, { step }) => nextHops(run, value, step),
};

const hasEdges: Handler<'edges'> = (run, value, { step, before }) => filterEdges(run, value, step, before);
const nestEdges: Handler<'edges'> = (run, value, { step }) => filterEdgesNested(run, value, step);
const extremeOfEdges: Handler<'edges'> = (run, value, { step }) => extremeOf(run, ofEdges(value), step);
const cutEdges: Handler<'edges'> = (_run, value, { step }) => ({ ...value, edges: cut(value.edges, step) });

const ON_EDGES: Handlers<'edges'> = {
  G: (_run, { on }) => ({ kind: 'graph', on }),
  Has: hasEdges,
  HasKey: hasEdges,
  HasNot: hasEdges,
  HasEither: hasEdges,
  Or: nestEdges,
  And: nestEdges,
  Not: nestEdges,
  Min: extremeOfEdges,
  Max: extremeOfEdges,
  Mean: extremeOfEdges,
  Group: groupEdges,
  InV: (run, value, { step }) => endsOf(run, value, step, 'parent'),
  OutV: (run, value, { step }) => endsOf(run, value, step, 'child'),
  BothV: (run, value, { step }) => endsOf(run, value, step, 'both'),
  Dedup: (run, value, { step }) => ({ ...value, edges: dedupElements(run, value.edges, step, 'edge') }),
  Range: cutEdges,
  Limit: cutEdges,
  Sort: (run, value, { step }) => ({ ...value, edges: sortElements(run, ofEdges(value), step) }),
  Count: (_run, { edges }) => scalar(edges.length),
  Values: (run, value, { step }) => valuesOf(run, ofEdges(value), step),
  ValueMap: (run, value, { step }) => valueMapOf(run, ofEdges(value), step),
  Keys: (run, { edges }, { step }) => keysOf(run, edges, step, 'edge'),
  Sum: (run, value, { step }) => sumOf(run, ofEdges(value), step),
  SubGraph: (run, value, { step }) => subGraph(run, value, step),
};

const cutPaths: Handler<'paths'> = (_run, value, { step }) => ({ ...value, paths: cut(value.paths, step) });

const ON_PATHS: Handlers<'paths'> = {
  Dedup: (run, value, { step }) => {
    const all = nodesOfPaths(value);
    return { ...all, nodes: dedupElements(run, all.nodes, step, 'node') };
  },
  SubGraph: (run, value, { step }) => subGraph(run, value, step),
  Flows: (run, value, { step }) => flowsOf(run, nodesOfPaths(value), step),
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

const cutRows: Handler<'table'> = (_run, { rows }, { step }) => ({ kind: 'table', rows: cut(rows, step) });

/** Throws GremlinError when the value is a single one. */
function listOf(value: ValueOf<'value'>, step: Step): readonly Json[] {
  const members = membersOf(value);
  if (members === undefined) throw wrongInput(value.kind, step);
  return members;
}

const refinement: Handler<'flows'> = (run, value, { step }) => refineFlows(run, value, step);
const extremeOfFlows: Handler<'flows'> = (run, value, { step }) => flowExtreme(run, value, step);
const toNodes: Handler<'flows'> = (run, value, { step, rest, fold }) => {
  const taken = leadingHas(rest);
  fold(taken.length);
  return nodesOfFlows(run, value, step, taken);
};
/** Numbers alone are asked for where numbers alone are wanted. */
const metricsOfFlows: Handler<'flows'> = (run, value, { step, rest: [next], fold }) => {
  const isSum = next?.name === 'Sum' && value.on.slice === undefined && isSumOfMetrics(next);
  if (!isSum) return flowMetrics(run, value, step);
  fold(1);
  return sumOfFlowMetrics(run, value, next);
};
const groupsOfFlows: Handler<'flows'> = (run, value, { step, rest: [next], fold }) => {
  if (step.params.length === 0 || next === undefined || !AGGREGATES.has(next.name))
    return groupFlows(run, value, step);
  fold(1);
  return groupTable(run, value, step, next);
};

const ON_FLOWS: Handlers<'flows'> = {
  Has: refinement,
  HasKey: refinement,
  HasNot: refinement,
  HasEither: refinement,
  Dedup: refinement,
  Sort: refinement,
  Range: refinement,
  Limit: refinement,
  Or: refinement,
  And: refinement,
  Not: refinement,
  Min: extremeOfFlows,
  Max: extremeOfFlows,
  Mean: extremeOfFlows,
  Count: async (run, value) => scalar(await countFlows(run, value)),
  Values: (run, value, { step }) => flowValues(run, value, step),
  Keys: (run, value) => flowKeys(run, value),
  Sum: (run, value, { step }) => flowSum(run, value, step),
  In: toNodes,
  Out: toNodes,
  Both: toNodes,
  Nodes: toNodes,
  Hops: toNodes,
  CaptureNode: toNodes,
  Metrics: metricsOfFlows,
  RawPackets: (run, value, { step }) => rawPackets(run, value, step),
  Sockets: (run, value, { step }) => flowSockets(run, value, step),
  Group: groupsOfFlows,
};

const aggregateElements: Handler<'elementGroups'> = (run, value, { step }) =>
  tableOfElements(run, value, step);
const aggregateGroups: Handler<'keyedGroups'> = (_run, value, { step }) => tableOfGroups(value, step);

const hasSockets: Handler<'sockets'> = (run, value, { step }) => filterSockets(run, value, step);

export const HANDLERS: { readonly [Kind in ValueKind]: Handlers<Kind> } = {
  graph: ON_GRAPH,
  nodes: ON_NODES,
  edges: ON_EDGES,
  paths: ON_PATHS,
  value: ON_VALUE,
  table: {
    Has: (run, value, { step }) => filterRows(run, value, step),
    Sort: (run, value, { step }) => sortRows(run, value, step),
    Range: cutRows,
    Limit: cutRows,
    Count: (_run, { rows }) => scalar(rows.length),
    Values: (run, value, { step }) => columnOf(run, value, step),
  },
  flows: ON_FLOWS,
  groups: { MoreThan: (_run, value, { step }) => moreThan(value, step) },
  keyedGroups: {
    MoreThan: (_run, value, { step }) => moreThan(value, step),
    Count: aggregateGroups,
    Sum: aggregateGroups,
    Min: aggregateGroups,
    Max: aggregateGroups,
    Mean: aggregateGroups,
  },
  elementGroups: {
    Count: aggregateElements,
    Sum: aggregateElements,
    Min: aggregateElements,
    Max: aggregateElements,
    Mean: aggregateElements,
  },
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
