/**
 * Tables of nodes and edges by key: `V().Group('Type').Count()`. The reference has no groups of elements; here they exist only on
 * the way to a table, so that a query which ends in one is refused as there.
 */
import type { GraphEdge, GraphNode, Json } from '../../graph/element.ts';
import { wrongInput } from '../accepts.ts';
import type { Step } from '../ast.ts';
import { elementReader } from '../element-fields.ts';
import { warnOfKeys } from '../key-warnings.ts';
import { printBare } from '../print.ts';
import { execError } from '../state.ts';
import type { ElementGroup, Run, Traversal, ValueOf } from '../state.ts';
import { compareSortKeys, sortKeyOf } from '../values.ts';
import { aggregateOf } from './flow.ts';
import { numbersOf } from './reduce.ts';

export function groupElements(
  run: Run,
  place: {
    readonly on: Traversal;
    readonly elements: readonly (GraphNode | GraphEdge)[];
    readonly of: 'node' | 'edge';
  },
  step: Step,
): ValueOf<'elementGroups'> {
  const { on, elements, of } = place;
  const keys = step.params.map(printBare);
  const readers = keys.map((key) => elementReader(key, of));
  run.visit(step, elements.length);
  const groups = new Map<string, ElementGroup>();
  for (const element of elements) {
    const values = readers.map((read): Json => read(element) ?? null);
    const id = JSON.stringify(values);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, { values, elements: [element] });
    else group.elements.push(element);
  }
  for (const [index, key] of keys.entries())
    if ([...groups.values()].every(({ values }) => values[index] === null))
      warnOfKeys(run, on, [key], elements, of, step);
  return { kind: 'elementGroups', on, of, step, keys, groups: [...groups.values()] };
}

export function tableOfElements(run: Run, value: ValueOf<'elementGroups'>, step: Step): ValueOf<'table'> {
  if (step.name !== 'Count' && step.params.length === 0)
    throw execError('bad-parameter', step, `${step.name} requires at least 1 parameter`);
  const rows = value.groups.map(({ values, elements }) => {
    const row: Record<string, Json> = {};
    for (const [index, key] of value.keys.entries()) row[key] = values[index]!;
    row['Count'] = elements.length;
    const numbers = step.name === 'Count' ? undefined : numbersOf(elements, step, value.of);
    row[step.name] = aggregateOf(step, elements.length, numbers);
    return { row, sortKey: sortKeyOf(row[step.name]) };
  });
  run.visit(
    step,
    value.groups.reduce((sum, { elements }) => sum + elements.length, 0),
  );
  rows.sort((a, b) => compareSortKeys(a.sortKey, b.sortKey, true));
  return { kind: 'table', rows: rows.map(({ row }) => row) };
}

/** What a query that ends in groups of elements is answered with. */
export function unfinishedGroups({ of, step }: { readonly of: 'node' | 'edge'; readonly step: Step }): Error {
  return wrongInput(of === 'node' ? 'nodes' : 'edges', step);
}
