/**
 * Tables: what aggregates make of groups (`Group('Network.A').Sum('Metric.ABBytes')`). Rows are objects with the keys, the
 * number of flows and the aggregate, the largest first; Has, Sort, Limit, Range, Count and Values read their columns.
 */
import { testOf } from '../condition.ts';
import type { Step } from '../ast.ts';
import { elementConditions } from '../element-filter.ts';
import { nearestName } from '../nearest.ts';
import { execError, listValue } from '../state.ts';
import type { Row, Run, ValueOf } from '../state.ts';
import { compareSortKeys, sortKeyOf } from '../values.ts';
import { sortParameters } from './order.ts';

export function filterRows(run: Run, value: ValueOf<'table'>, step: Step): ValueOf<'table'> {
  const conditions = elementConditions(step.params);
  if (conditions.length === 0)
    throw execError('bad-parameter', step, 'At least one parameter must be provided');
  const tests = conditions.map(({ key, condition }) => ({ key, test: testOf(condition) }));
  for (const { key } of tests) checkColumn(value, step, key);
  run.visit(step, value.rows.length);
  return { kind: 'table', rows: value.rows.filter((row) => tests.every(({ key, test }) => test(row[key]))) };
}

/** Stable; without a key by the last column, which is the aggregate. */
export function sortRows(run: Run, value: ValueOf<'table'>, step: Step): ValueOf<'table'> {
  const { descending, key } = sortParameters(step);
  const column = key ?? columnsOf(value).at(-1) ?? '';
  checkColumn(value, step, column);
  run.visit(step, value.rows.length);
  const sorted = value.rows
    .map((row) => ({ row, sortKey: sortKeyOf(row[column]) }))
    .sort((a, b) => compareSortKeys(a.sortKey, b.sortKey, descending))
    .map(({ row }) => row);
  return { kind: 'table', rows: sorted };
}

export function columnOf(run: Run, value: ValueOf<'table'>, step: Step): ValueOf<'value'> {
  const [param] = step.params;
  const key = param?.kind === 'text' ? param.value : '';
  checkColumn(value, step, key);
  run.visit(step, value.rows.length);
  return listValue(value.rows.map((row) => row[key] ?? null));
}

function columnsOf(value: ValueOf<'table'>): readonly string[] {
  const [first] = value.rows;
  return first === undefined ? [] : Object.keys(first);
}

/** Throws GremlinError `field-not-found`; a table without rows has every column. */
function checkColumn(value: ValueOf<'table'>, step: Step, key: string): void {
  const [first]: readonly Row[] = value.rows;
  if (first === undefined || Object.hasOwn(first, key)) return;
  const columns = columnsOf(value);
  const nearest = nearestName(key, columns);
  const hint = `the columns are ${columns.join(', ')}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
  throw execError('field-not-found', step, 'Field not found', hint);
}
