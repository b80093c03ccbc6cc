/**
 * A key that no element has makes an empty answer, as in the reference; when it looks misspelt the run says so beside
 * the answer. Looked into only when a step found nothing.
 */
import type { GraphEdge, GraphNode } from '../graph/element.ts';
import type { Step } from './ast.ts';
import { elementKeys, elementReader } from './element-fields.ts';
import { nearestName } from './nearest.ts';
import type { Run, Traversal } from './state.ts';

/** Elements whose keys are collected to find the nearest. */
const SAMPLE_MAX = 2_000;

/** Keys in the parameters of Has, HasKey, HasNot and HasEither. */
export function filterKeys(step: Step): readonly string[] {
  const keys: string[] = [];
  for (let i = 0; i < step.params.length; i += 2) {
    const param = step.params[i]!;
    if (param.kind === 'text') keys.push(param.value);
  }
  return keys;
}

/** `elements` are those that the step met. */
export function warnOfKeys(
  run: Run,
  on: Traversal,
  keys: readonly string[],
  elements: readonly (GraphNode | GraphEdge)[],
  of: 'node' | 'edge',
  step: Step,
): void {
  // Inside Or, And and Not a step meets single elements: that one of them lacks a key says nothing.
  if (run.isNested || elements.length === 0) return;
  for (const key of keys) {
    const read = elementReader(key, of);
    if (elements.some((element) => read(element) !== undefined)) continue;
    const known = knownKeys(run, on.slice === undefined ? all(on, of) : elements, of);
    if (known.has(key)) continue;
    const nearest = nearestName(key, known);
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    run.plan.warn(`${step.name} at ${step.offset}: no ${of} has the key ${key}${hint}`);
  }
}

/** Of the live graph. The past is read as far as a step looks at it, and no further for a warning. */
function all(on: Traversal, of: 'node' | 'edge'): Iterable<GraphNode | GraphEdge> {
  return of === 'node' ? on.view.nodes() : on.view.edges();
}

function knownKeys(
  run: Run,
  elements: Iterable<GraphNode | GraphEdge>,
  of: 'node' | 'edge',
): ReadonlySet<string> {
  const keys = new Set<string>();
  let left = SAMPLE_MAX;
  for (const element of elements) {
    if (left-- === 0) break;
    run.cost.visited++;
    for (const key of elementKeys(element, of)) keys.add(key);
  }
  return keys;
}
