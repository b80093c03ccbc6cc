/**
 * ShortestPathTo, ShortestPathsTo and SubGraph (Gremlin notes, section 7, and 14.11, 14.12).
 *
 * All shortest paths of one step come from a single breadth-first search that starts at every target at once and
 * walks outwards: each node reached remembers its next hop towards the nearest target. Linear in nodes and edges,
 * whatever the number of inputs (the reference is quadratic for each).
 */
import type { GraphEdge, GraphNode } from '../../graph/element.ts';
import { FrozenGraph } from '../../graph/frozen-graph.ts';
import { wrongInput } from '../accepts.ts';
import type { Param, Step } from '../ast.ts';
import { elementConditions, elementTest } from '../element-filter.ts';
import type { ElementTest } from '../element-filter.ts';
import { GremlinError } from '../errors.ts';
import type { Run, Traversal, ValueOf } from '../state.ts';
import { edgesAt, nodesOf } from './graph.ts';

/** To the nearest of the nodes that match; inputs without a path to any of them are left out. */
export function shortestPaths(run: Run, value: ValueOf<'nodes'>, step: Step): ValueOf<'paths'> {
  const { on } = value;
  const { targets, edgeTest } = endsOfPaths(run, on, step);
  const nextHops = searchOutwards(run, on, step, targets, edgeTest, value.nodes);
  const paths: (readonly GraphNode[])[] = [];
  for (const node of value.nodes) {
    const path = follow(on, node, nextHops);
    if (path !== undefined) paths.push(path);
    run.visit(step, path?.length ?? 1);
  }
  return { kind: 'paths', on, paths };
}

/**
 * From each input to each of the nodes that match, inputs in order and their targets in the graph's; pairs without a path
 * are left out. One search a target.
 */
export function allShortestPaths(run: Run, value: ValueOf<'nodes'>, step: Step): ValueOf<'paths'> {
  const { on } = value;
  const { targets, edgeTest } = endsOfPaths(run, on, step);
  const bySource: (readonly GraphNode[])[][] = value.nodes.map(() => []);
  let count = 0;
  for (const target of targets) {
    const nextHops = searchOutwards(run, on, step, [target], edgeTest, value.nodes);
    for (const [index, node] of value.nodes.entries()) {
      const path = follow(on, node, nextHops);
      run.visit(step, path?.length ?? 1);
      if (path === undefined) continue;
      bySource[index]!.push(path);
      count += path.length;
      run.checkSize(step, count);
    }
  }
  return { kind: 'paths', on, paths: bySource.flat() };
}

function endsOfPaths(
  run: Run,
  on: Traversal,
  step: Step,
): { readonly targets: readonly GraphNode[]; readonly edgeTest: ElementTest | undefined } {
  const [target, edgeParam] = step.params;
  if (!isMetadata(target) || (edgeParam !== undefined && !isMetadata(edgeParam)))
    throw wrongInput('nodes', step);
  const isTarget = elementTest(elementConditions(target.params), 'node') ?? (() => true);
  const edgeTest = edgeParam && elementTest(elementConditions(edgeParam.params), 'edge');
  const hasStep: Step = { name: 'Has', params: target.params, offset: target.offset };
  const all = nodesOf(run, { kind: 'graph', on }, { ...step, params: [] }, [hasStep]).nodes;
  return { targets: all.filter((node) => isTarget(node)), edgeTest };
}

function isMetadata(
  param: Param | undefined,
): param is Extract<Param, { kind: 'predicate' }> & { name: 'Metadata' } {
  return param?.kind === 'predicate' && param.name === 'Metadata';
}

/** Node id → the next node id towards the nearest target; a target has null. Stops when all sources are reached. */
function searchOutwards(
  run: Run,
  on: Traversal,
  step: Step,
  targets: readonly GraphNode[],
  edgeTest: ElementTest | undefined,
  sources: readonly GraphNode[],
): ReadonlyMap<string, string | null> {
  const nextHops = new Map<string, string | null>();
  const missing = new Set(sources.map((node) => node.id));
  for (const target of targets) {
    nextHops.set(target.id, null);
    missing.delete(target.id);
  }
  const queue = [...nextHops.keys()];
  for (let at = 0; at < queue.length && missing.size > 0; at++) {
    const id = queue[at]!;
    for (const edge of edgesAt(on, id, 'both')) {
      run.visit(step);
      const other = edge.parent === id ? edge.child : edge.parent;
      if (nextHops.has(other) || (edgeTest !== undefined && !edgeTest(edge))) continue;
      if (on.view.node(other) === undefined) continue;
      nextHops.set(other, id);
      missing.delete(other);
      queue.push(other);
    }
  }
  return nextHops;
}

function follow(
  on: Traversal,
  from: GraphNode,
  nextHops: ReadonlyMap<string, string | null>,
): readonly GraphNode[] | undefined {
  let next = nextHops.get(from.id);
  if (next === undefined) return undefined;
  const path = [from];
  while (typeof next === 'string') {
    path.push(on.view.node(next)!);
    next = nextHops.get(next);
  }
  return path;
}

/**
 * From nodes: they and every edge between them that passes the filter. From edges: they and their ends. From paths: their
 * nodes and all edges between these. The new graph has no past and remembers nothing.
 */
export function subGraph(
  run: Run,
  value: ValueOf<'nodes'> | ValueOf<'edges'> | ValueOf<'paths'>,
  step: Step,
): ValueOf<'graph'> {
  const { on } = value;
  const view =
    value.kind === 'edges'
      ? new FrozenGraph(nodesAtEdges(run, on, value.edges, step), value.edges)
      : new FrozenGraph(
          value.kind === 'nodes' ? value.nodes : value.paths.flat(),
          edgesBetween(run, value, step),
        );
  const slice = on.slice === undefined ? {} : { slice: on.slice };
  return { kind: 'graph', on: { view, canTravel: false, remembered: new Map(), ...slice } };
}

function edgesBetween(run: Run, value: ValueOf<'nodes'> | ValueOf<'paths'>, step: Step): GraphEdge[] {
  const test = value.kind === 'nodes' ? subGraphFilter(step) : undefined;
  const nodes = value.kind === 'nodes' ? value.nodes : value.paths.flat();
  const ids = new Set(nodes.map((node) => node.id));
  const edges: GraphEdge[] = [];
  for (const id of ids)
    for (const edge of value.on.view.edgesOut(id)) {
      run.visit(step);
      if (ids.has(edge.child) && (test === undefined || test(edge))) edges.push(edge);
    }
  return edges;
}

function subGraphFilter(step: Step): ElementTest | undefined {
  try {
    return elementTest(elementConditions(step.params), 'edge');
  } catch (error) {
    if (!(error instanceof GremlinError)) throw error;
    const message = `Error creating the edge filter for the nodes subgraph: ${error.message}`;
    throw new GremlinError('exec', error.code, error.offset, message);
  }
}

function* nodesAtEdges(
  run: Run,
  on: Traversal,
  edges: readonly GraphEdge[],
  step: Step,
): Iterable<GraphNode> {
  run.visit(step, edges.length);
  for (const edge of edges)
    for (const id of [edge.parent, edge.child]) {
      const node = on.view.node(id);
      if (node !== undefined) yield node;
    }
}

/** Nodes of all paths, each path in its order. */
export function nodesOfPaths(value: ValueOf<'paths'>): ValueOf<'nodes'> {
  return { kind: 'nodes', on: value.on, nodes: value.paths.flat() };
}
