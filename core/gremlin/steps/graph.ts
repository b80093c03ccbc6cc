/**
 * From the graph to its elements, and along edges: V E Out In Both OutE InE BothE InV OutV BothV (Gremlin notes,
 * section 7). `InV` is the parent end and `OutV` the child end, as in the reference.
 */
import type { GraphEdge, GraphNode } from '../../graph/element.ts';
import type { Step } from '../ast.ts';
import { edgeCandidates, nodeCandidates } from '../candidates.ts';
import { stepFilter } from '../element-filter.ts';
import type { ElementTest } from '../element-filter.ts';
import { edgesById, execError, nodesById } from '../state.ts';
import type { Run, Traversal, ValueOf } from '../state.ts';

/** `rest` is looked at only to use an index or to stop early; filters and limits still run by themselves. */
export function nodesOf(
  run: Run,
  value: ValueOf<'graph'>,
  step: Step,
  rest: readonly Step[],
): ValueOf<'nodes'> {
  const { on } = value;
  const id = step.params[0];
  if (id?.kind === 'text') {
    const nodes = nodesById(on, id.value);
    run.visit(step);
    if (nodes.length === 0) throw execError('not-found', step, `Node '${id.value}' does not exist`);
    return { kind: 'nodes', on, nodes };
  }
  const candidates = nodeCandidates(on, rest);
  if (candidates !== undefined) run.plan.usedIndex(candidates.index);
  const nodes = candidates?.elements ?? firstOf(on.view.nodes(), rest[0]);
  run.visit(step, nodes.length);
  return { kind: 'nodes', on, nodes };
}

export function edgesOf(
  run: Run,
  value: ValueOf<'graph'>,
  step: Step,
  rest: readonly Step[],
): ValueOf<'edges'> {
  const { on } = value;
  const id = step.params[0];
  if (id?.kind === 'text') {
    const edges = edgesById(on, id.value);
    run.visit(step);
    if (edges.length === 0) throw execError('not-found', step, `Edge '${id.value}' does not exist`);
    return { kind: 'edges', on, edges };
  }
  const candidates = edgeCandidates(on, rest);
  if (candidates !== undefined) run.plan.usedIndex(candidates.index);
  const edges = candidates?.elements ?? firstOf(on.view.edges(), rest[0]);
  run.visit(step, edges.length);
  return { kind: 'edges', on, edges };
}

/** All of them, or as many as the limit right behind can let through. */
function firstOf<Element>(elements: Iterable<Element>, next: Step | undefined): readonly Element[] {
  const last = next?.name === 'Limit' || next?.name === 'Range' ? next.params.at(-1) : undefined;
  if (last?.kind !== 'number' || !last.integer) return [...elements];
  const first: Element[] = [];
  for (const element of elements) {
    if (first.length >= last.value) break;
    first.push(element);
  }
  return first;
}

type Direction = 'out' | 'in' | 'both';

export function neighbours(
  run: Run,
  value: ValueOf<'nodes'>,
  step: Step,
  direction: Direction,
): ValueOf<'nodes'> {
  const { on } = value;
  const test = stepFilter(run, step, 'node');
  const nodes: GraphNode[] = [];
  for (const node of value.nodes) {
    for (const edge of edgesAt(on, node.id, direction)) {
      run.visit(step);
      const other = edge.parent === node.id ? edge.child : edge.parent;
      pushNodes(on, other, test, nodes);
    }
    run.checkSize(step, nodes.length);
  }
  return { kind: 'nodes', on, nodes };
}

export function incidentEdges(
  run: Run,
  value: ValueOf<'nodes'>,
  step: Step,
  direction: Direction,
): ValueOf<'edges'> {
  const { on } = value;
  const test = stepFilter(run, step, 'edge');
  const edges: GraphEdge[] = [];
  for (const node of value.nodes) {
    for (const edge of edgesAt(on, node.id, direction)) {
      run.visit(step);
      if (test === undefined || test(edge)) edges.push(edge);
    }
    run.checkSize(step, edges.length);
  }
  return { kind: 'edges', on, edges };
}

export function endsOf(
  run: Run,
  value: ValueOf<'edges'>,
  step: Step,
  ends: 'parent' | 'child' | 'both',
): ValueOf<'nodes'> {
  const { on } = value;
  const test = stepFilter(run, step, 'node');
  const nodes: GraphNode[] = [];
  for (const edge of value.edges) {
    run.visit(step);
    if (ends !== 'child') pushNodes(on, edge.parent, test, nodes);
    if (ends !== 'parent') pushNodes(on, edge.child, test, nodes);
    run.checkSize(step, nodes.length);
  }
  return { kind: 'nodes', on, nodes };
}

function pushNodes(on: Traversal, id: string, test: ElementTest | undefined, nodes: GraphNode[]): void {
  if (on.revisions === undefined) {
    const node = on.view.node(id);
    if (node !== undefined && (test === undefined || test(node))) nodes.push(node);
    return;
  }
  for (const node of on.revisions.nodeRevisions(id)) if (test === undefined || test(node)) nodes.push(node);
}

/** Edges at a node; with `both` a loop comes once. */
export function* edgesAt(on: Traversal, nodeId: string, direction: Direction): Iterable<GraphEdge> {
  if (direction !== 'in') yield* on.view.edgesOut(nodeId);
  if (direction === 'out') return;
  for (const edge of on.view.edgesIn(nodeId)) if (direction === 'in' || edge.parent !== nodeId) yield edge;
}
