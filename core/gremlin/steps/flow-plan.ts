/**
 * `Flows` and the steps that follow it become one search, whatever their order (Gremlin notes, section 8.2): filters are
 * joined with AND, the last Sort and Dedup count, one range is taken. The search runs when its flows are needed.
 */
import { capturableTypes } from '../../capture/node-types.ts';
import type { GraphNode } from '../../graph/element.ts';
import { wrongInput } from '../accepts.ts';
import type { Step } from '../ast.ts';
import { warnOfField } from '../flow-keys.ts';
import type { Run, ValueOf } from '../state.ts';
import { rangeOf } from './filter.ts';
import { flowStepFilter } from './flow-nested.ts';
import type { FlowPlan } from './flow-search.ts';
import { sortParameters } from './order.ts';

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
  if (step.name === 'Dedup' && text !== undefined) warnOfField(run, step, text);
  if (step.name === 'Dedup') return { ...plan, dedupKey: text ?? plan.dedupKey ?? 'TrackingID' };
  if (step.name === 'Sort') {
    const { descending, key = 'Last' } = sortParameters(step);
    warnOfField(run, step, key);
    return { ...plan, sort: { key, descending } };
  }
  if (step.name === 'Range' || step.name === 'Limit') {
    if (plan.range !== undefined) throw wrongInput('flows', step);
    const { from, to } = rangeOf(step);
    return { ...plan, range: { from, to: Math.max(from, to) } };
  }
  return { ...plan, filters: [...plan.filters, flowStepFilter(run, on, step)] };
}
