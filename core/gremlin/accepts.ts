/**
 * Which step each kind of value takes, and what kind comes out (Gremlin notes, section 1, plus what is accepted beyond
 * the reference: docs/divergences.md). One table for running a query and for knowing beforehand what it yields.
 */
import { NESTING_STEPS } from './ast.ts';
import type { Query, Step, StepName } from './ast.ts';
import { GremlinError } from './errors.ts';
import { checkNesting } from './nesting.ts';
import type { ValueKind } from './state.ts';

type Accepted = Readonly<Partial<Record<StepName, ValueKind>>>;

const NODES_TO_NODES: Accepted = {
  Has: 'nodes',
  HasKey: 'nodes',
  HasNot: 'nodes',
  HasEither: 'nodes',
  Dedup: 'nodes',
  Range: 'nodes',
  Limit: 'nodes',
  Sort: 'nodes',
  Or: 'nodes',
  And: 'nodes',
  Not: 'nodes',
};

const ACCEPTED: Readonly<Record<ValueKind, Accepted>> = {
  graph: { V: 'nodes', E: 'edges', Context: 'graph', Flows: 'flows', Workflow: 'graph' },
  nodes: {
    ...NODES_TO_NODES,
    G: 'graph',
    Out: 'nodes',
    In: 'nodes',
    Both: 'nodes',
    OutE: 'edges',
    InE: 'edges',
    BothE: 'edges',
    Count: 'value',
    Values: 'value',
    ValueMap: 'value',
    Keys: 'value',
    Sum: 'value',
    Min: 'value',
    Max: 'value',
    Mean: 'value',
    // Only by a key: without one it is refused as in the reference.
    Group: 'elementGroups',
    As: 'nodes',
    Select: 'nodes',
    ShortestPathTo: 'paths',
    ShortestPathsTo: 'paths',
    SubGraph: 'graph',
    Descendants: 'nodes',
    Ascendants: 'nodes',
    Neighbors: 'nodes',
    Metrics: 'metrics',
    Sockets: 'sockets',
    Flows: 'flows',
    NextHop: 'nextHops',
  },
  edges: {
    G: 'graph',
    Has: 'edges',
    HasKey: 'edges',
    HasNot: 'edges',
    HasEither: 'edges',
    Dedup: 'edges',
    Range: 'edges',
    Limit: 'edges',
    Sort: 'edges',
    Or: 'edges',
    And: 'edges',
    Not: 'edges',
    InV: 'nodes',
    OutV: 'nodes',
    BothV: 'nodes',
    Count: 'value',
    Values: 'value',
    ValueMap: 'value',
    Keys: 'value',
    Sum: 'value',
    Min: 'value',
    Max: 'value',
    Mean: 'value',
    Group: 'elementGroups',
    SubGraph: 'graph',
  },
  paths: {
    Dedup: 'nodes',
    SubGraph: 'graph',
    Flows: 'flows',
    Count: 'value',
    Range: 'paths',
    Limit: 'paths',
  },
  // Count, Limit and Range need a list; a single value refuses them when it is met.
  value: { Has: 'value', Dedup: 'value', Count: 'value', Range: 'value', Limit: 'value' },
  table: { Has: 'table', Sort: 'table', Range: 'table', Limit: 'table', Count: 'value', Values: 'value' },
  flows: {
    Has: 'flows',
    HasKey: 'flows',
    HasNot: 'flows',
    HasEither: 'flows',
    Dedup: 'flows',
    Sort: 'flows',
    Range: 'flows',
    Limit: 'flows',
    Or: 'flows',
    And: 'flows',
    Not: 'flows',
    Count: 'value',
    Values: 'value',
    Keys: 'value',
    Sum: 'value',
    Min: 'value',
    Max: 'value',
    Mean: 'value',
    In: 'nodes',
    Out: 'nodes',
    Both: 'nodes',
    Nodes: 'nodes',
    Hops: 'nodes',
    CaptureNode: 'nodes',
    Metrics: 'metrics',
    RawPackets: 'packets',
    Sockets: 'sockets',
    Group: 'groups',
  },
  groups: { MoreThan: 'groups' },
  keyedGroups: {
    MoreThan: 'keyedGroups',
    Count: 'table',
    Sum: 'table',
    Min: 'table',
    Max: 'table',
    Mean: 'table',
  },
  elementGroups: { Count: 'table', Sum: 'table', Min: 'table', Max: 'table', Mean: 'table' },
  metrics: { Aggregates: 'metrics', Sum: 'value', Count: 'value', Keys: 'value' },
  packets: { BPF: 'packets' },
  sockets: { Has: 'sockets', HasEither: 'sockets', Values: 'value' },
  nextHops: {},
};

/** How the reference calls its values in messages. */
const TYPE_NAMES: Readonly<Record<ValueKind, string>> = {
  graph: '*traversal.GraphTraversal',
  nodes: '*traversal.GraphTraversalV',
  edges: '*traversal.GraphTraversalE',
  paths: '*traversal.GraphTraversalShortestPath',
  value: '*traversal.GraphTraversalValue',
  table: '*traversal.GraphTraversalValue',
  flows: '*traversal.FlowTraversalStep',
  groups: '*traversal.GroupTraversalStep',
  keyedGroups: '*traversal.GroupTraversalStep',
  elementGroups: '*traversal.GroupTraversalStep',
  metrics: '*traversal.MetricsTraversalStep',
  packets: '*traversal.RawPacketsTraversalStep',
  sockets: '*traversal.SocketsTraversalStep',
  nextHops: '*traversal.NextHopTraversalStep',
};

/** Steps whose refusal names them; the names differ from the steps' for three. */
const NAMED_IN_ERRORS: Readonly<Partial<Record<StepName, string>>> = {
  Values: 'PropertyValues',
  ValueMap: 'PropertyValueMap',
  Keys: 'PropertyKeys',
  ...Object.fromEntries(
    'Has HasKey HasNot HasEither Dedup Out In Both Count Range Limit Sort Sum As Select G'
      .split(' ')
      .map((name) => [name, name]),
  ),
};

/** The kind of value the step makes of this kind. Throws GremlinError of stage `exec`. */
export function kindAfter(kind: ValueKind, step: Step): ValueKind {
  const after = ACCEPTED[kind][step.name];
  const needsKey = after === 'elementGroups' && step.params.length === 0;
  if (after === undefined || needsKey) throw wrongInput(kind, step);
  if (NESTING_STEPS.has(step.name)) checkNesting(kind, step, kindAfter);
  return after === 'groups' && step.name === 'Group' && step.params.length > 0 ? 'keyedGroups' : after;
}

/** The steps that may follow this kind. */
export function stepsAfter(kind: ValueKind): readonly StepName[] {
  return Object.keys(ACCEPTED[kind]) as StepName[];
}

/** How people would call the values. */
const PLAIN_NAMES: Readonly<Record<ValueKind, string>> = {
  graph: 'a graph',
  nodes: 'nodes',
  edges: 'edges',
  paths: 'paths',
  value: 'a value',
  table: 'a table',
  flows: 'flows',
  groups: 'groups',
  keyedGroups: 'groups',
  elementGroups: 'groups of elements',
  metrics: 'metrics',
  packets: 'packets',
  sockets: 'sockets',
  nextHops: 'next hops',
};

function hintFor(kind: ValueKind, step: Step): string {
  if (ACCEPTED[kind][step.name] === 'elementGroups')
    return "Group of nodes and edges needs a key and an aggregate, for example Group('Type').Count()";
  if (kind === 'groups' && ACCEPTED.keyedGroups[step.name] === 'table')
    return `${step.name} needs a key to group by, for example Group('Application').${step.name}(…)`;
  const taken = Object.keys(ACCEPTED[kind]);
  const takes = taken.length === 0 ? 'no step' : taken.join(', ');
  return `${step.name} cannot follow ${PLAIN_NAMES[kind]}, which take: ${takes}`;
}

export function wrongInput(kind: ValueKind, step: Step): GremlinError {
  const name = NAMED_IN_ERRORS[step.name];
  const message =
    name === undefined
      ? 'Error while executing the query'
      : `Invalid step '${name}' on '${TYPE_NAMES[kind]}'`;
  return new GremlinError('exec', 'wrong-input', step.offset, message, hintFor(kind, step));
}

/** What a query yields, without running it. Throws GremlinError when a step does not fit the one before it. */
export function resultKindOf(query: Query): ValueKind {
  let kind: ValueKind = 'graph';
  let before: ValueKind = kind;
  for (const step of query.steps) {
    before = kind;
    kind = kindAfter(kind, step);
  }
  if (kind === 'elementGroups') throw wrongInput(before, query.steps.at(-1)!);
  if (kind === 'table') return 'value';
  return kind === 'keyedGroups' ? 'groups' : kind;
}

/** Steps that ask flows, packets, sockets, the past or a workflow: not for queries that pick capture nodes. */
const NOT_TOPOLOGY: ReadonlySet<StepName> = new Set<StepName>([
  'Flows',
  'Hops',
  'Nodes',
  'CaptureNode',
  'Metrics',
  'Aggregates',
  'RawPackets',
  'BPF',
  'Sockets',
  'Group',
  'MoreThan',
  'NextHop',
  'Workflow',
  'Context',
]);

/** Whether the live graph alone answers the query. */
export function isTopologyOnly(query: Query): boolean {
  return query.steps.every(isTopologyStep);
}

function isTopologyStep(step: Step): boolean {
  if (NOT_TOPOLOGY.has(step.name)) return false;
  return step.params.every((param) => param.kind !== 'traversal' || param.steps.every(isTopologyStep));
}
