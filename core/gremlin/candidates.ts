/**
 * Which elements can pass the filters that follow, where an index knows it: equality and `Within` on an indexed key, in any of
 * the filters that stand in a row, in each branch of an Or. The filters still run; an index only spares them elements.
 */
import type { GraphEdge, GraphNode } from '../graph/element.ts';
import { INDEXED_KEYS } from '../graph/view.ts';
import type { IndexedKey } from '../graph/view.ts';
import type { Param, Step } from './ast.ts';
import { metadataPath } from './element-fields.ts';
import { FILTER_STEPS, traversalsOf } from './nesting.ts';
import { edgesById, nodesById } from './state.ts';
import type { Traversal } from './state.ts';

export interface Candidates<Element> {
  readonly elements: readonly Element[];
  /** What was looked up, for the plan. */
  readonly index: string;
}

type Found<Element> = Candidates<Element> | undefined;

/** Nodes that alone can pass the filters at the head of the steps; the fewest that an index tells. */
export function nodeCandidates(on: Traversal, steps: readonly Step[]): Found<GraphNode> {
  return ofChain(steps, (step) => ofStep(on, step, (key, value) => nodesWith(on, key, value)));
}

/** The same of edges: by id, and by their ends. */
export function edgeCandidates(on: Traversal, steps: readonly Step[]): Found<GraphEdge> {
  return ofChain(steps, (step) =>
    step.name === 'Has' ? ofPairs(step.params, (key, value) => edgesWith(on, key, value)) : undefined,
  );
}

function ofChain<Element>(steps: readonly Step[], ofOne: (step: Step) => Found<Element>): Found<Element> {
  let best: Found<Element>;
  for (const step of steps) {
    if (!FILTER_STEPS.has(step.name)) break;
    best = fewer(best, ofOne(step));
  }
  return best;
}

function fewer<Element>(a: Found<Element>, b: Found<Element>): Found<Element> {
  if (a === undefined || b === undefined) return a ?? b;
  return b.elements.length < a.elements.length ? b : a;
}

type LookUp<Element> = (key: string, value: Param) => Found<Element>;

function ofStep(on: Traversal, step: Step, lookUp: LookUp<GraphNode>): Found<GraphNode> {
  if (step.name === 'Has') return ofPairs(step.params, lookUp);
  if (step.name === 'HasEither')
    return step.params.length < 2
      ? undefined
      : union(
          on,
          pairsOf(step.params).map(([key, value]) => lookUp(key, value)),
        );
  const branches = traversalsOf(step).map(({ steps }) => nodeCandidates(on, steps));
  if (step.name === 'Or') return union(on, branches);
  return step.name === 'And' ? branches.reduce(fewer, undefined) : undefined;
}

function ofPairs<Element>(params: readonly Param[], lookUp: LookUp<Element>): Found<Element> {
  let best: Found<Element>;
  for (const [key, value] of pairsOf(params)) best = fewer(best, lookUp(key, value));
  return best;
}

/** None for a list that is not one of pairs: the filter says what is wrong with it. */
function pairsOf(params: readonly Param[]): (readonly [key: string, value: Param])[] {
  const pairs: (readonly [string, Param])[] = [];
  if (params.length % 2 !== 0) return pairs;
  for (let i = 0; i < params.length; i += 2) {
    const key = params[i]!;
    if (key.kind === 'text') pairs.push([key.value, params[i + 1]!]);
  }
  return pairs;
}

/** All of them in the graph's order, when every branch has some. */
function union(on: Traversal, branches: readonly Found<GraphNode>[]): Found<GraphNode> {
  if (branches.length === 0) return undefined;
  const nodes: GraphNode[] = [];
  for (const branch of branches) {
    if (branch === undefined) return undefined;
    for (const node of branch.elements) nodes.push(node);
  }
  const ordered = on.view.inOrder?.(nodes);
  return ordered && { elements: ordered, index: branches.map((branch) => branch!.index).join(' or ') };
}

/** The texts one of which the value asks for. */
function textsOf(value: Param): readonly string[] | undefined {
  if (value.kind === 'text') return [value.value];
  if (value.kind !== 'predicate' || value.name !== 'Within' || value.params.length === 0) return undefined;
  const texts = value.params.map((param) => (param.kind === 'text' ? param.value : undefined));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function nodesWith(on: Traversal, key: string, value: Param): Found<GraphNode> {
  const texts = textsOf(value);
  if (texts === undefined) return undefined;
  const path = metadataPath(key);
  const isId = key === '@ID';
  if (!isId && !(INDEXED_KEYS as readonly string[]).includes(path)) return undefined;
  const nodes: GraphNode[] = [];
  for (const text of texts) {
    const found = isId ? nodesById(on, text) : on.view.nodesWith?.(path as IndexedKey, text);
    if (found === undefined) return undefined;
    for (const node of found) nodes.push(node);
  }
  const index = `${key} = ${texts.join(', ')}`;
  if (texts.length === 1) return { elements: nodes, index };
  const ordered = on.view.inOrder?.(nodes);
  return ordered && { elements: ordered, index };
}

function edgesWith(on: Traversal, key: string, value: Param): Found<GraphEdge> {
  const [text, ...more] = textsOf(value) ?? [];
  if (text === undefined || more.length > 0) return undefined;
  const index = `${key} = ${text}`;
  if (key === '@ID') return { elements: edgesById(on, text), index };
  if (key === 'Parent') return { elements: [...on.view.edgesOut(text)], index };
  if (key === 'Child') return { elements: [...on.view.edgesIn(text)], index };
  return undefined;
}
