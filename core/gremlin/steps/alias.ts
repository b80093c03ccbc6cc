/** As and Select: lists of nodes remembered by name on the traversal they belong to. */
import type { GraphNode } from '../../graph/element.ts';
import type { Step } from '../ast.ts';
import { execError } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';

export function remember(value: ValueOf<'nodes'>, step: Step): ValueOf<'nodes'> {
  const [name] = step.params;
  if (name?.kind === 'text') value.on.remembered.set(name.value, value.nodes);
  return value;
}

/** The remembered lists one after the other, in the order named; the input is dropped. */
export function select(run: Run, value: ValueOf<'nodes'>, step: Step): ValueOf<'nodes'> {
  const nodes: GraphNode[] = [];
  for (const param of step.params) {
    if (param.kind !== 'text')
      throw execError('bad-parameter', step, 'Select accepts only string parameters');
    const found = value.on.remembered.get(param.value);
    if (found === undefined)
      throw execError(
        'not-found',
        step,
        `Key ${param.value} not registered. Need to be registered using 'As' step`,
      );
    run.visit(step, found.length);
    run.checkSize(step, nodes.length + found.length);
    for (const node of found) nodes.push(node);
  }
  return { ...value, nodes };
}
