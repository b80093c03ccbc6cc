/** Workflow: a stored script run with arguments; its nodes and edges become a graph (Gremlin notes, section 7). */
import { messageOf } from '../../errors.ts';
import type { Json } from '../../graph/element.ts';
import { FrozenGraph } from '../../graph/frozen-graph.ts';
import type { Param, Step } from '../ast.ts';
import type { WorkflowResult } from '../context.ts';
import { printParam } from '../print.ts';
import { execError } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';

export async function runWorkflow(run: Run, step: Step): Promise<ValueOf<'graph'>> {
  const [name, ...args] = step.params;
  const idOrName = name?.kind === 'text' ? name.value : '';
  const result = await call(run, step, idOrName, args.map(argumentOf));
  // The text of the reference, with its missing quote.
  if (result === undefined) throw execError('not-found', step, `Unknown workflow '${idOrName}`);
  const view = new FrozenGraph(result.nodes, result.edges);
  return { kind: 'graph', on: { view, canTravel: false, remembered: new Map() } };
}

async function call(
  run: Run,
  step: Step,
  idOrName: string,
  args: readonly Json[],
): Promise<WorkflowResult | undefined> {
  try {
    return await run.context.workflow?.(idOrName, args);
  } catch (error) {
    throw execError('workflow', step, `error while executing workflow: ${messageOf(error)}`);
  }
}

function argumentOf(param: Param): Json {
  return 'value' in param ? param.value : printParam(param);
}
