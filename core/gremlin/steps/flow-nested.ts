/**
 * Or, And and Not on flows become part of the search: filters as they are, and ways to nodes (`Not(CaptureNode('Type',
 * 'bridge'))`) as the TIDs or MACs of the nodes that they would find.
 */
import type { FlowFilter } from '../../flow/search.ts';
import type { Json } from '../../graph/element.ts';
import { kindAfter } from '../accepts.ts';
import { NESTING_STEPS } from '../ast.ts';
import type { Step, StepName } from '../ast.ts';
import { pairConditions, stepFilter } from '../element-filter.ts';
import type { ElementTest } from '../element-filter.ts';
import { warnOfField } from '../flow-keys.ts';
import { checkNesting, traversalsOf } from '../nesting.ts';
import type { Run, Traversal } from '../state.ts';
import { flowFilter, flowHasKey } from './flow-filter.ts';
import { captureNames } from './flow-captures.ts';
import { traversalTest } from './nested-test.ts';

/** An empty `and` holds always, also where an empty `or` would. */
const ALWAYS: FlowFilter = { kind: 'and', filters: [] };
const NEVER: FlowFilter = { kind: 'not', filter: ALWAYS };

/** The filter that a step on flows is: Has HasKey HasNot HasEither Or And Not. */
export function flowStepFilter(run: Run, on: Traversal, step: Step): FlowFilter {
  if (NESTING_STEPS.has(step.name)) return nestedFilter(run, on, step);
  const [first] = step.params;
  const key = first?.kind === 'text' ? first.value : '';
  if (step.name === 'HasKey' || step.name === 'HasNot') {
    warnOfField(run, step, key);
    const exists = flowHasKey(key);
    return step.name === 'HasKey' ? exists : { kind: 'not', filter: exists };
  }
  const conditions = pairConditions(step);
  for (const one of conditions) warnOfField(run, step, one.key);
  return flowFilter(conditions, step.name === 'HasEither' ? 'or' : 'and', captureNames(run, on));
}

function nestedFilter(run: Run, on: Traversal, step: Step): FlowFilter {
  checkNesting('flows', step, kindAfter);
  const filters = traversalsOf(step).map(({ steps }) => traversalFilter(run, on, steps));
  if (step.name === 'And') return { kind: 'and', filters };
  const any: FlowFilter = { kind: 'or', filters };
  return step.name === 'Or' ? any : { kind: 'not', filter: any };
}

function traversalFilter(run: Run, on: Traversal, steps: readonly Step[]): FlowFilter {
  const filters: FlowFilter[] = [];
  for (const [index, step] of steps.entries()) {
    const ends = ENDS[step.name];
    if (ends !== undefined) {
      filters.push(nodesFilter(run, on, step, steps.slice(index + 1), ends));
      break;
    }
    filters.push(flowStepFilter(run, on, step));
  }
  return { kind: 'and', filters };
}

/** Which field of a flow names the node that a step finds, and which keys of nodes it is looked up in. */
type End = readonly [field: 'NodeTID' | 'Link.A' | 'Link.B', keys: readonly string[]];

const MACS = ['MAC', 'PeerIntfMAC'];
const ENDS: Readonly<Partial<Record<StepName, readonly End[]>>> = {
  In: [['Link.A', MACS]],
  Out: [['Link.B', MACS]],
  Both: [
    ['Link.A', MACS],
    ['Link.B', MACS],
  ],
  Nodes: [
    ['NodeTID', ['TID']],
    ['Link.A', ['MAC']],
    ['Link.B', ['MAC']],
  ],
  Hops: [['NodeTID', ['TID']]],
  CaptureNode: [['NodeTID', ['TID']]],
};

/** Flows at whose ends the step, with what follows it, finds a node. */
function nodesFilter(
  run: Run,
  on: Traversal,
  step: Step,
  rest: readonly Step[],
  ends: readonly End[],
): FlowFilter {
  const own = stepFilter(run, step, 'node');
  const behind = traversalTest(run, on, rest, 'node');
  const passes: ElementTest = (node) => (own === undefined || own(node)) && behind(node);
  const found = new Map<string, Set<string>>();
  for (const node of on.view.nodes()) {
    run.visit(step);
    if (!passes(node)) continue;
    for (const [field, keys] of ends)
      for (const key of keys)
        for (const text of textsOf(node.metadata[key])) {
          const texts = found.get(field) ?? new Set();
          found.set(field, texts.add(text));
        }
  }
  const filters = [...found].flatMap(([field, texts]) => [
    {
      kind: 'or' as const,
      filters: [...texts].map((value): FlowFilter => ({ kind: 'equals', key: field, value })),
    },
  ]);
  return filters.length === 0 ? NEVER : { kind: 'or', filters };
}

function textsOf(value: Json | undefined): readonly string[] {
  const members = Array.isArray(value) ? (value as readonly Json[]) : [value];
  return members.filter((member): member is string => typeof member === 'string' && member !== '');
}
