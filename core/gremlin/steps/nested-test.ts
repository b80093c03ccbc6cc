/**
 * Traversals inside Or, And and Not as tests of nodes and edges. Filters are tests anyway; other steps run for each element,
 * so that a filter costs what its ways along edges cost.
 */
import type { GraphEdge, GraphNode } from '../../graph/element.ts';
import type { Param, Step } from '../ast.ts';
import type { ElementTest } from '../element-filter.ts';
import { FILTER_STEPS, traversalsOf } from '../nesting.ts';
import { execError } from '../state.ts';
import type { Run, Traversal, Value } from '../state.ts';
import { filterTest } from './filter.ts';

type ElementKind = 'node' | 'edge';
/** Tests of traversals that begin with Flows, made before the others. */
export type FlowTests = ReadonlyMap<Param, ElementTest>;

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
  if (step.name === 'Or') return (element) => tests.some((test) => test(element));
  if (step.name === 'And') return (element) => tests.every((test) => test(element));
  return (element) => !tests.some((test) => test(element));
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
