/**
 * Or, And and Not on nodes and edges: a traversal inside holds for an element when, begun at it, it finds something.
 * Filters become tests; other steps run for each element, so that a filter costs what its ways along edges cost.
 */
import type { GraphEdge, GraphNode } from '../../graph/element.ts';
import { kindAfter } from '../accepts.ts';
import type { Param, Step } from '../ast.ts';
import type { ElementTest } from '../element-filter.ts';
import { checkNesting, FILTER_STEPS, flowsInside, traversalsOf } from '../nesting.ts';
import { execError } from '../state.ts';
import type { Run, Traversal, Value, ValueOf } from '../state.ts';
import { filterTest } from './filter.ts';
import { flowGroups } from './flow-reduce.ts';
import { flowsOf, refineFlows } from './flow-plan.ts';

type ElementKind = 'node' | 'edge';
/** Tests of traversals that begin with Flows, made before the others. */
type FlowTests = ReadonlyMap<Param, ElementTest>;

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

/** The test that an Or, And or Not step is. */
export function nestedTest(
  run: Run,
  on: Traversal,
  step: Step,
  of: ElementKind,
  flowTests: FlowTests,
): ElementTest {
  const tests = traversalsOf(step).map(
    (param) => flowTests.get(param) ?? traversalTest(run, on, param.steps, of, flowTests),
  );
  switch (step.name) {
    case 'Or':
      return (element) => tests.some((test) => test(element));
    case 'And':
      return (element) => tests.every((test) => test(element));
    default:
      return (element) => !tests.some((test) => test(element));
  }
}

/** Holds when the steps, begun at the element, find something. */
export function traversalTest(
  run: Run,
  on: Traversal,
  steps: readonly Step[],
  of: ElementKind,
  flowTests: FlowTests = new Map(),
): ElementTest {
  const walkAt = steps.findIndex((step) => !FILTER_STEPS.has(step.name));
  const filters = (walkAt < 0 ? steps : steps.slice(0, walkAt)).map((step) =>
    step.name === 'Or' || step.name === 'And' || step.name === 'Not'
      ? nestedTest(run, on, step, of, flowTests)
      : filterTest(run, step, undefined, of),
  );
  const passes: ElementTest = (element) => filters.every((test) => test(element));
  if (walkAt < 0) return passes;
  const walk = steps.slice(walkAt);
  return (element) => {
    if (!passes(element)) return false;
    const wasNested = run.isNested;
    run.isNested = true;
    try {
      return finds(run, on, element, walk, of);
    } finally {
      run.isNested = wasNested;
    }
  };
}

function finds(
  run: Run,
  on: Traversal,
  element: GraphNode | GraphEdge,
  steps: readonly Step[],
  of: ElementKind,
): boolean {
  let value: Value =
    of === 'node'
      ? { kind: 'nodes', on, nodes: [element] }
      : { kind: 'edges', on, edges: [element as GraphEdge] };
  for (const [index, step] of steps.entries()) {
    const next = run.apply(value, step, steps[index - 1]);
    if (next instanceof Promise)
      throw execError('bad-parameter', step, `${step.name} cannot stand inside another step`);
    value = next;
    if (isNothing(value)) return false;
  }
  return true;
}

function isNothing(value: Value): boolean {
  if (value.kind === 'nodes') return value.nodes.length === 0;
  if (value.kind === 'edges') return value.edges.length === 0;
  return value.kind === 'value' && value.value === null;
}
