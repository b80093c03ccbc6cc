/**
 * From the graph to its elements, and along edges: V E Out In Both OutE InE BothE InV OutV BothV (Gremlin notes,
 * section 7). `InV` is the parent end and `OutV` the child end, as in the reference.
 */
import type { GraphEdge, GraphNode } from '../../graph/element.ts';
import { INDEXED_KEYS } from '../../graph/view.ts';
import type { IndexedKey } from '../../graph/view.ts';
import type { Param, Step } from '../ast.ts';
import { metadataPath } from '../element-fields.ts';
import { stepFilter } from '../element-filter.ts';
import type { ElementTest } from '../element-filter.ts';
import { edgesById, execError, nodesById } from '../state.ts';
import type { Run, Traversal, ValueOf } from '../state.ts';

/** `next` is looked at only to use an index; the filter still runs by itself. */
export function nodesOf(
  run: Run,
  value: ValueOf<'graph'>,
  step: Step,
  next: Step | undefined,
): ValueOf<'nodes'> {
  const { on } = value;
  const id = step.params[0];
  if (id?.kind === 'text') {
    const nodes = nodesById(on, id.value);
    run.visit(step);
    if (nodes.length === 0) throw execError('not-found', step, `Node '${id.value}' does not exist`);
    return { kind: 'nodes', on, nodes };
  }
  const nodes = candidates(on, next) ?? [...on.view.nodes()];
  run.visit(step, nodes.length);
  return { kind: 'nodes', on, nodes };
}

export function edgesOf(run: Run, value: ValueOf<'graph'>, step: Step): ValueOf<'edges'> {
  const { on } = value;
  const id = step.params[0];
  if (id?.kind === 'text') {
    const edges = edgesById(on, id.value);
    run.visit(step);
    if (edges.length === 0) throw execError('not-found', step, `Edge '${id.value}' does not exist`);
    return { kind: 'edges', on, edges };
  }
  const edges = [...on.view.edges()];
  run.visit(step, edges.length);
  return { kind: 'edges', on, edges };
}

/** Nodes that alone can satisfy the filter that follows, when an index knows them. */
function candidates(on: Traversal, next: Step | undefined): readonly GraphNode[] | undefined {
  if (next?.name !== 'Has' || next.params.length % 2 !== 0) return undefined;
  let best: readonly GraphNode[] | undefined;
  for (let i = 0; i < next.params.length; i += 2) {
    const found = lookUp(on, next.params[i]!, next.params[i + 1]!);
    if (found !== undefined && (best === undefined || found.length < best.length)) best = found;
  }
  return best;
}

function lookUp(on: Traversal, key: Param, value: Param): readonly GraphNode[] | undefined {
  if (key.kind !== 'text' || value.kind !== 'text') return undefined;
  if (key.value === '@ID') return nodesById(on, value.value);
  const path = metadataPath(key.value);
  const isIndexed = (INDEXED_KEYS as readonly string[]).includes(path);
  if (!isIndexed) return undefined;
  const found = on.view.nodesWith?.(path as IndexedKey, value.value);
  return found === undefined ? undefined : [...found];
}

type Direction = 'out' | 'in' | 'both';

export function neighbours(
  run: Run,
  value: ValueOf<'nodes'>,
  step: Step,
  direction: Direction,
): ValueOf<'nodes'> {
  const { on } = value;
  const test = stepFilter(step, 'node');
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
  const test = stepFilter(step, 'edge');
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
  const test = stepFilter(step, 'node');
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
