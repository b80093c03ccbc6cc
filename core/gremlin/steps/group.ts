/**
 * Group and MoreThan (Gremlin notes, section 8.4); unlike the reference both honour their parameters. Groups by keys that
 * the query names become tables: Count Sum Min Max Mean.
 */
import type { Flow } from '../../../proto/gen/flow.ts';
import type { FieldValue } from '../../flow/fields.ts';
import { reduceFlows } from '../../flow/reduction.ts';
import type { FlowGroup } from '../../flow/reduction.ts';
import type { Json } from '../../graph/element.ts';
import type { Step } from '../ast.ts';
import { printBare, printVerb } from '../print.ts';
import { execError } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { compareSortKeys, sortKeyOf, toInteger } from '../values.ts';
import { flowGroups } from './flow-reduce.ts';
import { fetchFlows } from './flow-fetch.ts';
import { aggregateOf, fieldsOf, readerOf } from './flow.ts';

/** By the fields named (their values joined with a space); without any by TrackingID. */
export async function groupFlows(
  run: Run,
  value: ValueOf<'flows'>,
  step: Step,
): Promise<ValueOf<'groups'> | ValueOf<'keyedGroups'>> {
  const names = step.params.length === 0 ? ['TrackingID'] : step.params.map(printBare);
  const readers = names.map((name) => readerOf(step, name));
  const groups = new Map<string, Flow[]>();
  for (const flow of await fetchFlows(run, value)) {
    const key = readers.map((read) => textOf(read(flow))).join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [flow]);
    else group.push(flow);
  }
  return step.params.length === 0 ? { kind: 'groups', groups } : { kind: 'keyedGroups', keys: names, groups };
}

/** Steps that make a table of groups. */
export const AGGREGATES: ReadonlySet<string> = new Set(['Count', 'Sum', 'Min', 'Max', 'Mean']);

/** `Group(keys).Sum(fields)`: a row a group, the largest first. Flows stay where they are. */
export async function groupTable(
  run: Run,
  value: ValueOf<'flows'>,
  group: Step,
  aggregate: Step,
): Promise<ValueOf<'table'>> {
  const keys = fieldsOf(group);
  const columns = columnsOf(aggregate);
  return tableOf(keys, aggregate, await flowGroups(run, value, keys, columns));
}

/** The same of groups that are here already, behind MoreThan. */
export function tableOfGroups(value: ValueOf<'keyedGroups'>, aggregate: Step): ValueOf<'table'> {
  const { keys, groups } = value;
  const reduced = reduceFlows([...groups.values()].flat(), {
    kind: 'groups',
    keys,
    columns: columnsOf(aggregate),
  });
  return tableOf(keys, aggregate, reduced.kind === 'groups' ? reduced.groups : []);
}

/** Fields named together are added per flow, so that they are one column. */
function columnsOf(aggregate: Step): readonly (readonly string[])[] {
  if (aggregate.name === 'Count') return [];
  if (aggregate.params.length === 0)
    throw execError('bad-parameter', aggregate, `${aggregate.name} requires at least 1 parameter`);
  return [fieldsOf(aggregate)];
}

function tableOf(keys: readonly string[], aggregate: Step, groups: readonly FlowGroup[]): ValueOf<'table'> {
  const rows = groups.map(({ values, flows, columns }) => {
    const row: Record<string, Json> = {};
    for (const [index, key] of keys.entries()) row[key] = (values[index]?.[0] ?? null) as Json;
    row['Count'] = flows;
    row[aggregate.name] = aggregateOf(aggregate, flows, columns[0]);
    return { row, sortKey: sortKeyOf(row[aggregate.name]) };
  });
  rows.sort((a, b) => compareSortKeys(a.sortKey, b.sortKey, true));
  return { kind: 'table', rows: rows.map(({ row }) => row) };
}

function textOf(value: FieldValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Groups of more than so many flows, one if nothing is said. */
export function moreThan<Groups extends ValueOf<'groups'> | ValueOf<'keyedGroups'>>(
  value: Groups,
  step: Step,
): Groups {
  const [param] = step.params;
  const isScalar = param?.kind === 'number' || param?.kind === 'text';
  const bound = param === undefined ? 1 : isScalar ? toInteger(param.value) : undefined;
  if (bound === undefined) throw execError('bad-parameter', step, `${printVerb(param!)} is not an integer`);
  const groups = new Map([...value.groups].filter(([, flows]) => flows.length > bound));
  return { ...value, groups };
}
