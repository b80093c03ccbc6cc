/**
 * What steps need of flows without the flows: asked where the flows are when the source can do that, else made of the
 * flows of the same search.
 */
import { reduceFlows } from '../../flow/reduction.ts';
import type { Cell, FlowGroup, FlowReduction, Reduced } from '../../flow/reduction.ts';
import type { Run, ValueOf } from '../state.ts';
import { fetchFlows, noFlowStore } from './flow-fetch.ts';
import { searchOf } from './flow-search.ts';

async function reduce(run: Run, value: ValueOf<'flows'>, reduction: FlowReduction): Promise<Reduced> {
  const { plan, on } = value;
  const { flows, flowHistory } = run.context;
  const search = searchOf(plan);
  if (search === undefined) return reduceFlows(await fetchFlows(run, value), reduction);
  if (on.slice === undefined) {
    if (flows.reduce === undefined) return reduceFlows(await fetchFlows(run, value), reduction);
    run.plan.reduced(search, reduction);
    return flows.reduce(search, reduction);
  }
  if (flowHistory === undefined) throw noFlowStore(plan.step);
  if (flowHistory.reduce === undefined) return reduceFlows(await fetchFlows(run, value), reduction);
  run.plan.reduced(search, reduction);
  return flowHistory.reduce(search, on.slice, reduction);
}

export async function countFlows(run: Run, value: ValueOf<'flows'>): Promise<number> {
  const reduced = await reduce(run, value, { kind: 'count' });
  return reduced.kind === 'count' ? reduced.count : 0;
}

/** The values of the fields of each flow, in order. */
export async function flowRows(
  run: Run,
  value: ValueOf<'flows'>,
  keys: readonly string[],
): Promise<readonly (readonly Cell[])[]> {
  const reduced = await reduce(run, value, { kind: 'rows', keys });
  if (reduced.kind !== 'rows') return [];
  run.visit(value.plan.step, reduced.rows.length);
  run.checkSize(value.plan.step, reduced.rows.length);
  return reduced.rows;
}

export async function flowGroups(
  run: Run,
  value: ValueOf<'flows'>,
  keys: readonly string[],
  columns: readonly (readonly string[])[],
): Promise<readonly FlowGroup[]> {
  const reduced = await reduce(run, value, { kind: 'groups', keys, columns });
  if (reduced.kind !== 'groups') return [];
  run.visit(value.plan.step, reduced.groups.length);
  run.checkSize(value.plan.step, reduced.groups.length);
  return reduced.groups;
}
