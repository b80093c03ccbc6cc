/**
 * One reduction over several holders of flows: asks each for as little as can be merged, and finishes here what only
 * all of them together decide (docs/design/queries.md).
 */
import { keysOf, mergeReduced, reduceRows, sharedReduction, withoutNeedlessOrder } from './reduction.ts';
import type { Cell, FlowReduction, Reduced } from './reduction.ts';
import { arrange } from './run-search.ts';
import type { FlowSearch } from './search.ts';

/** Asks every holder the same thing. */
export type AskAll = (search: FlowSearch, reduction: FlowReduction) => Promise<readonly Reduced[]>;

export async function reduceOver(
  holders: number,
  search: FlowSearch,
  reduction: FlowReduction,
  ask: AskAll,
): Promise<Reduced> {
  if (holders === 1)
    return mergeReduced(await ask(withoutNeedlessOrder(search, reduction), reduction), reduction);
  const { range, dedup, sort } = search;
  if (reduction.kind === 'count' && range !== undefined && dedup === undefined) {
    const { range: _cut, ...whole } = search;
    const all = mergeReduced(await ask(withoutNeedlessOrder(whole, reduction), reduction), reduction);
    const count = all.kind === 'count' ? all.count : 0;
    return { kind: 'count', count: Math.max(0, Math.min(count, range.to) - Math.max(range.from, 0)) };
  }
  const shared = sharedReduction(search, reduction);
  if (shared.kind === 'parts')
    return mergeReduced(await ask(withoutNeedlessOrder(search, reduction), reduction), reduction);
  const { keys } = shared;
  const asRows: FlowReduction = { kind: 'rows', keys };
  const merged = mergeReduced(await ask(upToEnd(search), asRows), asRows);
  const order = {
    ...(sort === undefined ? {} : { sort }),
    ...(dedup === undefined ? {} : { dedup }),
    ...(range === undefined ? {} : { range }),
  };
  const rows = merged.kind === 'rows' ? merged.rows : [];
  const arranged = arrange(rows, order, (key) => {
    const at = keys.indexOf(key);
    return (row) => row[at]![0];
  });
  const wantedAt = keysOf(reduction).map((key) => keys.indexOf(key));
  return reduceRows(
    arranged.map((row) => wantedAt.map((at): Cell => row[at]!)),
    reduction,
  );
}

/** Each holder may hold the first ones of all, so that it is asked for everything up to the end of the range. */
export function upToEnd(search: FlowSearch): FlowSearch {
  return search.range === undefined ? search : { ...search, range: { from: 0, to: search.range.to } };
}
