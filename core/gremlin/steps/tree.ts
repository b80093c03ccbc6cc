/**
 * Descendants, Ascendants, Neighbors: the input and what is reached over edges, breadth first, each id once (Gremlin notes,
 * section 7). Loops and diamonds cost what a tree costs; the reference overflows its stack on the former.
 */
import type { GraphNode } from '../../graph/element.ts';
import { limits } from '../../limits.ts';
import type { Param, Step } from '../ast.ts';
import { EXISTS, conditionOf } from '../condition.ts';
import { elementTest } from '../element-filter.ts';
import type { ElementTest } from '../element-filter.ts';
import { execError, nodesById } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { edgesAt } from './graph.ts';

/** For all but Neighbors depth 0 means without bound. */
export function reach(run: Run, value: ValueOf<'nodes'>, step: Step): ValueOf<'nodes'> {
  const { on } = value;
  const { depth, test } = run.once(step, () => treeParameters(step));
  const direction = step.name === 'Descendants' ? 'out' : step.name === 'Ascendants' ? 'in' : 'both';
  const depthMax = depth === 0 && direction !== 'both' ? Infinity : depth;
  const reached = new Set(value.nodes.map((node) => node.id));
  let level = [...reached];
  for (let at = 0; at < depthMax && level.length > 0; at++) {
    if (at === limits.queryDepthMax)
      throw execError('limit', step, `${step.name} goes deeper than ${limits.queryDepthMax} (queryDepthMax)`);
    const next: string[] = [];
    for (const id of level)
      for (const edge of edgesAt(on, id, direction)) {
        run.visit(step);
        const other = edge.parent === id ? edge.child : edge.parent;
        if (reached.has(other) || !test(edge)) continue;
        reached.add(other);
        next.push(other);
      }
    level = next;
  }
  const nodes: GraphNode[] = [];
  for (const id of reached) nodes.push(...nodesById(on, id));
  run.checkSize(step, nodes.length);
  return { kind: 'nodes', on, nodes };
}

/** `[key, value]* [depth]`: pairs are joined with OR and default to ownership, the depth to 1. */
function treeParameters(step: Step): { depth: number; test: ElementTest } {
  const { params } = step;
  const last = params.at(-1);
  const hasDepth = params.length % 2 === 1 && last?.kind === 'number';
  const pairs = hasDepth ? params.slice(0, -1) : params;
  return { depth: hasDepth ? last.value : 1, test: edgeTest(pairs) };
}

function edgeTest(pairs: readonly Param[]): ElementTest {
  if (pairs.length === 0) return (edge) => edge.metadata['RelationType'] === 'ownership';
  const conditions = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const key = pairs[i]!;
    const value = pairs[i + 1];
    if (key.kind === 'text')
      conditions.push({ key: key.value, condition: value === undefined ? EXISTS : conditionOf(value) });
  }
  return elementTest(conditions, 'edge', 'any') ?? (() => true);
}
