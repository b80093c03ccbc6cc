/**
 * Fewer of the same: Has HasKey HasNot HasEither Dedup Range Limit (Gremlin notes, sections 4 to 7). Ranges count what
 * the steps before them yield, in the order written.
 */
import type { GraphEdge, GraphNode, Json } from '../../graph/element.ts';
import type { Param, Step } from '../ast.ts';
import { testOf } from '../condition.ts';
import { elementReader, readJsonPath } from '../element-fields.ts';
import { elementConditions, elementTest } from '../element-filter.ts';
import type { ElementTest } from '../element-filter.ts';
import { filterKeys, warnOfKeys } from '../key-warnings.ts';
import { printVerb } from '../print.ts';
import { execError, listValue } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { toInteger } from '../values.ts';

/** Steps after which an empty `Has()` asks nothing instead of being an error, as the reference folds it away. */
const TAKES_EMPTY_HAS: ReadonlySet<string> = new Set([
  'Out',
  'In',
  'Both',
  'OutE',
  'InE',
  'BothE',
  'InV',
  'OutV',
  'BothV',
]);

/** The test of Has, HasKey, HasNot or HasEither, made once a run. */
export function filterTest(run: Run, step: Step, before: Step | undefined, of: 'node' | 'edge'): ElementTest {
  return run.once(step, () => filterOf(step, before, of));
}

/** … made anew. */
export function filterOf(step: Step, before: Step | undefined, of: 'node' | 'edge'): ElementTest {
  const conditions = elementConditions(step.params);
  if (step.name === 'HasNot') {
    const read = elementReader(conditions[0]!.key, of);
    return (element) => read(element) === undefined;
  }
  const test = elementTest(conditions, of, step.name === 'HasEither' ? 'any' : 'all');
  if (test !== undefined) return test;
  const isFolded =
    step.name === 'Has' &&
    before !== undefined &&
    TAKES_EMPTY_HAS.has(before.name) &&
    before.params.length === 0;
  if (!isFolded) throw execError('bad-parameter', step, 'At least one parameter must be provided');
  return () => true;
}

export function filterNodes(
  run: Run,
  value: ValueOf<'nodes'>,
  step: Step,
  before: Step | undefined,
): ValueOf<'nodes'> {
  const test = filterTest(run, step, before, 'node');
  run.visit(step, value.nodes.length);
  const nodes = value.nodes.filter((node) => test(node));
  if (nodes.length === 0) warnOfKeys(run, value.on, filterKeys(step), value.nodes, 'node', step);
  return { ...value, nodes };
}

export function filterEdges(
  run: Run,
  value: ValueOf<'edges'>,
  step: Step,
  before: Step | undefined,
): ValueOf<'edges'> {
  const test = filterTest(run, step, before, 'edge');
  run.visit(step, value.edges.length);
  const edges = value.edges.filter((edge) => test(edge));
  if (edges.length === 0) warnOfKeys(run, value.on, filterKeys(step), value.edges, 'edge', step);
  return { ...value, edges };
}

/** Keeps the members that are objects and match; everything else becomes null. */
export function filterValue(run: Run, value: ValueOf<'value'>, step: Step): ValueOf<'value'> {
  const conditions = elementConditions(step.params);
  if (conditions.length === 0)
    throw execError('bad-parameter', step, 'At least one parameter must be provided');
  const tests = conditions.map(({ key, condition }) => ({ key, test: testOf(condition) }));
  const members = membersOf(value) ?? [];
  run.visit(step, members.length);
  return listValue(
    members.filter(
      (member) =>
        typeof member === 'object' &&
        member !== null &&
        !Array.isArray(member) &&
        tests.every(({ key, test }) => test(readJsonPath(member, key))),
    ),
  );
}

/** The members of a list value; undefined for a single value. */
export function membersOf(value: ValueOf<'value'>): readonly Json[] | undefined {
  if (Array.isArray(value.value)) return value.value as readonly Json[];
  return value.list ? [] : undefined;
}

export function dedupElements<Element extends GraphNode | GraphEdge>(
  run: Run,
  elements: readonly Element[],
  step: Step,
  of: 'node' | 'edge',
): readonly Element[] {
  run.visit(step, elements.length);
  const keys = step.params.map((param) => (param.kind === 'text' ? param.value : ''));
  const readers = keys.map((key) => elementReader(key, of));
  const identityOf = (element: Element): string | undefined => {
    if (readers.length === 0) return element.id;
    const values = readers.map((read) => read(element)).filter((read) => read !== undefined);
    // What counts as an integer is that integer, as the reference reads the keys of Dedup: "5" and 5 are the same.
    return values.length === 0 ? undefined : JSON.stringify(values.map((value) => toInteger(value) ?? value));
  };
  return firstOfEach(elements, identityOf);
}

export function dedupValue(run: Run, value: ValueOf<'value'>, step: Step): ValueOf<'value'> {
  const members = membersOf(value) ?? [value.value];
  run.visit(step, members.length);
  return listValue(firstOfEach(members, (member) => JSON.stringify(member)));
}

/** The first of those with one identity; those without any all stay. */
function firstOfEach<Item>(
  items: readonly Item[],
  identityOf: (item: Item) => string | undefined,
): readonly Item[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const identity = identityOf(item);
    if (identity === undefined) return true;
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

/** [from, to) of a Range or Limit step. Throws GremlinError when a parameter is no integer. */
export function rangeOf(step: Step): { readonly from: number; readonly to: number } {
  const [first, second] = step.params;
  if (step.name === 'Limit') return { from: 0, to: integer(first!) };
  return { from: Math.max(0, integer(first!)), to: integer(second!) };

  function integer(param: Param): number {
    if (param.kind === 'number' && param.integer) return param.value;
    throw execError('bad-parameter', step, `${printVerb(param)} is not an integer`);
  }
}

export function cut<Item>(items: readonly Item[], step: Step): readonly Item[] {
  const { from, to } = rangeOf(step);
  return to <= from ? [] : items.slice(from, to);
}
