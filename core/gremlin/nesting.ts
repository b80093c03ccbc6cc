/**
 * What may stand inside Or, And and Not: traversals that begin at one element and find something or nothing. On nodes
 * and edges filters, ways along edges and what narrows them; on flows filters and the ways to nodes. `Flows` may begin a
 * traversal inside a filter of nodes (`Not(Flows())`): the flows of all nodes are then asked for once.
 */
import type { Param, Step, StepName } from './ast.ts';
import { GremlinError } from './errors.ts';
import type { ValueKind } from './state.ts';

const FILTERS: readonly StepName[] = ['Has', 'HasKey', 'HasNot', 'HasEither', 'Or', 'And', 'Not'];

/** Steps that only keep or drop an element. */
export const FILTER_STEPS: ReadonlySet<StepName> = new Set(FILTERS);

const WALKS: ReadonlySet<StepName> = new Set<StepName>([
  ...FILTERS,
  'Out',
  'In',
  'Both',
  'OutE',
  'InE',
  'BothE',
  'InV',
  'OutV',
  'BothV',
  'Descendants',
  'Ascendants',
  'Neighbors',
  'Dedup',
  'Range',
  'Limit',
  'Sort',
  'Values',
]);

const FLOWS_TO_NODES: ReadonlySet<StepName> = new Set<StepName>([
  'In',
  'Out',
  'Both',
  'Nodes',
  'Hops',
  'CaptureNode',
]);

type TraversalParam = Extract<Param, { kind: 'traversal' }>;

export function traversalsOf(step: Step): readonly TraversalParam[] {
  return step.params.filter((param): param is TraversalParam => param.kind === 'traversal');
}

/** Throws GremlinError when a traversal inside the step cannot run on values of this kind. */
export function checkNesting(
  kind: ValueKind,
  step: Step,
  kindAfter: (kind: ValueKind, step: Step) => ValueKind,
): void {
  for (const { steps } of traversalsOf(step)) {
    let at: ValueKind = kind;
    let hasWalked = false;
    for (const [index, inner] of steps.entries()) {
      if (!isAllowed(kind, at, inner.name, index)) throw notInside(step, inner);
      hasWalked ||= kind === 'flows' ? at !== 'flows' : !FILTER_STEPS.has(inner.name);
      const flows = hasWalked ? flowsInside(inner) : undefined;
      if (flows !== undefined) throw notInside(inner, flows);
      at = kindAfter(at, inner);
    }
  }
}

/** A Flows step somewhere inside an Or, And or Not. */
export function flowsInside(step: Step): Step | undefined {
  for (const { steps } of traversalsOf(step))
    for (const inner of steps) {
      const found = inner.name === 'Flows' ? inner : flowsInside(inner);
      if (found !== undefined) return found;
    }
  return undefined;
}

/** `kind`: of what the filter stands on; `at`: of what the traversal has come to. */
function isAllowed(kind: ValueKind, at: ValueKind, name: StepName, index: number): boolean {
  if (at === 'flows') return FILTER_STEPS.has(name) || (kind === 'flows' && FLOWS_TO_NODES.has(name));
  if (name === 'Flows') return kind === 'nodes' && index === 0;
  return WALKS.has(name);
}

function notInside(outer: Step, inner: Step): GremlinError {
  const message =
    inner.name === 'Flows'
      ? `Flows inside ${outer.name} has to begin its traversal and to follow nodes`
      : `${inner.name} cannot stand inside ${outer.name}`;
  return new GremlinError('exec', 'bad-parameter', inner.offset, message);
}
