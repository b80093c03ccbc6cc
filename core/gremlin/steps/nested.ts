/** Or, And and Not on nodes and edges: a traversal inside holds for an element when, begun at it, it finds something. */
import { kindAfter } from '../accepts.ts';
import type { Param, Step } from '../ast.ts';
import type { ElementTest } from '../element-filter.ts';
import { checkNesting, FILTER_STEPS, flowsInside, traversalsOf } from '../nesting.ts';
import type { Run, ValueOf } from '../state.ts';
import { flowGroups } from './flow-reduce.ts';
import { flowsOf, refineFlows } from './flow-plan.ts';
import { nestedTest } from './nested-test.ts';
import type { FlowTests } from './nested-test.ts';

/** A promise only where flows have to be asked for. */
export function filterNodesNested(
  run: Run,
  value: ValueOf<'nodes'>,
  step: Step,
): ValueOf<'nodes'> | Promise<ValueOf<'nodes'>> {
  checkNesting('nodes', step, kindAfter);
  if (flowsInside(step) === undefined) return keepNodes(run, value, step, new Map());
  return makeFlowTests(run, value, step).then((tests) => keepNodes(run, value, step, tests));
}

function keepNodes(run: Run, value: ValueOf<'nodes'>, step: Step, flowTests: FlowTests): ValueOf<'nodes'> {
  const test = nestedTest(run, value.on, step, 'node', flowTests);
  run.visit(step, value.nodes.length);
  return { ...value, nodes: value.nodes.filter((node) => test(node)) };
}

export function filterEdgesNested(run: Run, value: ValueOf<'edges'>, step: Step): ValueOf<'edges'> {
  checkNesting('edges', step, kindAfter);
  const test = nestedTest(run, value.on, step, 'edge', new Map());
  run.visit(step, value.edges.length);
  return { ...value, edges: value.edges.filter((edge) => test(edge)) };
}

/** One search for all nodes each: which of their TIDs have such flows. */
async function makeFlowTests(
  run: Run,
  value: ValueOf<'nodes'>,
  step: Step,
  tests = new Map<Param, ElementTest>(),
): Promise<FlowTests> {
  for (const param of traversalsOf(step)) {
    const [first, ...rest] = param.steps;
    if (first?.name === 'Flows') {
      let flows = flowsOf(run, value, first);
      for (const one of rest) flows = refineFlows(run, flows, one);
      const groups = await flowGroups(run, flows, ['NodeTID'], []);
      const tids = new Set(groups.map((group) => group.values[0]?.[0]));
      tests.set(param, ({ metadata: { TID: tid } }) => typeof tid === 'string' && tids.has(tid));
      continue;
    }
    // Filters in front stand on the same nodes; behind a way along edges there are no Flows.
    for (const one of param.steps)
      if (FILTER_STEPS.has(one.name)) await makeFlowTests(run, value, one, tests);
  }
  return tests;
}
