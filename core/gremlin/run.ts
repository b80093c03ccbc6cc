/**
 * A query becomes an answer: the steps run left to right, each on the value that the one before it left. Which function does
 * a step stands in `handlers.ts`; which step fits which value stands, without running anything, in `accepts.ts`.
 */
import { wrongInput } from './accepts.ts';
import type { Query, Step } from './ast.ts';
import type { QueryContext, QueryCost, QueryResult } from './context.ts';
import { HANDLERS } from './handlers.ts';
import type { Handler } from './handlers.ts';
import type { PlanRecord } from './plan.ts';
import { resolveSince } from './since.ts';
import { Run } from './state.ts';
import type { Value, ValueKind } from './state.ts';
import { unfinishedGroups } from './steps/element-groups.ts';
import { fetchFlows } from './steps/flow-fetch.ts';
import { endOfSlice } from './steps/time.ts';

export interface Answer {
  readonly result: QueryResult;
  readonly cost: QueryCost;
  /** What was done, for `explain.ts`; its warnings are for whoever asked. */
  readonly plan: PlanRecord;
}

/**
 * Throws GremlinError of stage `exec`; what the context's sources throw passes through.
 * Cost: linear in elements visited, which `limits.queryVisitsMax` bounds.
 */
export async function runQuery(query: Query, context: QueryContext): Promise<Answer> {
  const run: Run = new Run(context, (value, step, before) => applyStep(run, value, step, before));
  const { steps } = resolveSince(query, (index) => timeAt(query, index, context.now()));
  let value: Value = {
    kind: 'graph',
    on: { view: context.graph, canTravel: true, remembered: new Map() },
  };
  for (let at = 0; at < steps.length;) {
    const step = steps[at]!;
    const record = run.plan.begin(step, value.kind);
    const startedMs = context.now();
    const visitedBefore = run.cost.visited;
    let folded = 0;
    const rest = steps.slice(at + 1);
    const place = { step, before: steps[at - 1], rest, fold: (count: number) => (folded = count) };
    value = await handlerFor(value.kind, step)(run, value, place);
    record.folded = rest.slice(0, folded);
    record.to = value.kind;
    record.count = sizeOf(value);
    record.visited = run.cost.visited - visitedBefore;
    record.ms = context.now() - startedMs;
    at += 1 + folded;
  }
  return { result: await resultOf(run, value), cost: run.cost, plan: run.plan };
}

/** The time that Since counts back from at a step: that of the last At before it, else now. */
function timeAt(query: Query, index: number, nowMs: number): number {
  const context = query.steps.slice(0, index).findLast((step) => step.name === 'Context');
  return (context === undefined ? undefined : endOfSlice(context, nowMs)) ?? nowMs;
}

/** One step, without the steps around it but the one before. */
function applyStep(run: Run, value: Value, step: Step, before: Step | undefined): Value | Promise<Value> {
  return handlerFor(value.kind, step)(run, value, { step, before, rest: [], fold: () => {} });
}

/** Throws GremlinError `wrong-input`. */
function handlerFor(kind: ValueKind, step: Step): Handler<ValueKind> {
  // The table has one handler type per kind of value; that they belong together only the table knows.
  const handler = HANDLERS[kind][step.name] as Handler<ValueKind> | undefined;
  if (handler === undefined) throw wrongInput(kind, step);
  return handler;
}

function sizeOf(value: Value): number | undefined {
  switch (value.kind) {
    case 'graph':
      // The past is read when a step looks at it, not to be counted.
      return value.on.slice === undefined ? value.on.view.nodeCount + value.on.view.edgeCount : undefined;
    case 'nodes':
      return value.nodes.length;
    case 'edges':
      return value.edges.length;
    case 'paths':
      return value.paths.length;
    case 'value':
      return Array.isArray(value.value) ? value.value.length : 1;
    case 'table':
      return value.rows.length;
    case 'flows':
      return undefined;
    case 'groups':
    case 'keyedGroups':
      return value.groups.size;
    case 'elementGroups':
      return value.groups.length;
    case 'metrics':
      return value.metrics.size;
    case 'packets':
      return value.packets.size;
    case 'sockets':
      return value.sockets.size;
    case 'nextHops':
      return value.hops.size;
  }
}

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
    case 'table':
      return { kind: 'value', value: value.rows };
    case 'elementGroups':
      throw unfinishedGroups(value);
    case 'keyedGroups':
      return { kind: 'groups', groups: value.groups };
    case 'groups':
    case 'packets':
    case 'sockets':
    case 'nextHops':
      return value;
  }
}
