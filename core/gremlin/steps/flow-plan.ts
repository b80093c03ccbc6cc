/**
 * `Flows` and the steps that follow it become one search, whatever their order (Gremlin notes, section 8.2): filters are
 * joined with AND, the last Sort and Dedup count, one range is taken. The search runs when its flows are needed.
 */
import { capturableTypes } from '../../capture/node-types.ts';
import type { FlowFilter, FlowSearch } from '../../flow/search.ts';
import type { GraphNode } from '../../graph/element.ts';
import { wrongInput } from '../accepts.ts';
import type { Step } from '../ast.ts';
import type { Run, ValueOf } from '../state.ts';
import { rangeOf } from './filter.ts';
import { flowStepFilter } from './flow-nested.ts';
import { sortParameters } from './order.ts';

export interface FlowPlan {
  readonly step: Step;
  readonly filters: readonly FlowFilter[];
  /** Hosts and TIDs of the nodes whose flows are wanted; absent = all flows. */
  readonly nodes?: {
    readonly hosts: readonly string[];
    readonly tids: readonly string[];
    /** Whether flows can be captured on any of them: if not nothing is asked, not even a store that is missing. */
    readonly areCapturable: boolean;
  };
  readonly sort?: FlowSearch['sort'];
  readonly dedupKey?: string;
  readonly range?: FlowSearch['range'];
}

/** Flows of the whole graph, or of the nodes that the step comes from. */
export function flowsOf(run: Run, value: ValueOf<'graph'> | ValueOf<'nodes'>, step: Step): ValueOf<'flows'> {
  const filters = step.params.length === 0 ? [] : [flowStepFilter(run, value.on, step)];
  const plan: FlowPlan = { step, filters };
  if (value.kind === 'graph') return { kind: 'flows', on: value.on, plan };
  return { kind: 'flows', on: value.on, plan: { ...plan, nodes: captureNodes(value.nodes) } };
}

function captureNodes(nodes: readonly GraphNode[]): NonNullable<FlowPlan['nodes']> {
  const hosts = new Set<string>();
  const tids = new Set<string>();
  let areCapturable = false;
  for (const node of nodes) {
    const { Type: type, TID: tid } = node.metadata;
    if (typeof type !== 'string' || !capturableTypes.has(type)) continue;
    areCapturable = true;
    if (typeof tid !== 'string' || tid === '') continue;
    hosts.add(node.host);
    tids.add(tid);
  }
  return { hosts: [...hosts], tids: [...tids], areCapturable };
}

/** Filters, Dedup Sort Range Limit. A second range is refused, as in the reference. */
export function refineFlows(run: Run, value: ValueOf<'flows'>, step: Step): ValueOf<'flows'> {
  return { ...value, plan: refine(run, value, step) };
}

function refine(run: Run, { plan, on }: ValueOf<'flows'>, step: Step): FlowPlan {
  const [first] = step.params;
  const text = first?.kind === 'text' ? first.value : undefined;
  // Without a key it keeps the key of an earlier Dedup; only the first key counts.
  if (step.name === 'Dedup') return { ...plan, dedupKey: text ?? plan.dedupKey ?? 'TrackingID' };
  if (step.name === 'Sort') {
    const { descending, key = 'Last' } = sortParameters(step);
    return { ...plan, sort: { key, descending } };
  }
  if (step.name === 'Range' || step.name === 'Limit') {
    if (plan.range !== undefined) throw wrongInput('flows', step);
    const { from, to } = rangeOf(step);
    return { ...plan, range: { from, to: Math.max(from, to) } };
  }
  return { ...plan, filters: [...plan.filters, flowStepFilter(run, on, step)] };
}

/** Undefined: no flow can match, because none of the nodes has any. */
export function searchOf(plan: FlowPlan): FlowSearch | undefined {
  const filters = [...plan.filters];
  if (plan.nodes !== undefined) {
    if (plan.nodes.tids.length === 0) return undefined;
    filters.push({
      kind: 'or',
      filters: plan.nodes.tids.map((tid) => ({ kind: 'equals', key: 'NodeTID', value: tid })),
    });
  }
  return {
    ...(filters.length === 0 ? {} : { filter: joined(filters) }),
    ...(plan.nodes === undefined ? {} : { hosts: plan.nodes.hosts }),
    sort: plan.sort ?? { key: 'Last', descending: false },
    ...(plan.dedupKey === undefined ? {} : { dedup: [plan.dedupKey] }),
    ...(plan.range === undefined ? {} : { range: plan.range }),
  };
}

function joined(filters: readonly FlowFilter[]): FlowFilter {
  return filters.length === 1 ? filters[0]! : { kind: 'and', filters };
}
