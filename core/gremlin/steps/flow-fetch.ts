/** Running the search of a plan: whole flows, live ones or those of the traversal's time. */
import type { Flow } from '../../../proto/gen/flow.ts';
import type { Step } from '../ast.ts';
import { execError } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { searchOf } from './flow-search.ts';

/** The flows of the plan: live ones, or those of the traversal's time. */
export async function fetchFlows(
  run: Run,
  value: ValueOf<'flows'>,
  options: { readonly withRawPackets?: boolean } = {},
): Promise<readonly Flow[]> {
  const { plan, on } = value;
  const { flows, flowHistory } = run.context;
  const asksNobody = plan.nodes?.areCapturable === false;
  if (on.slice !== undefined && flowHistory === undefined && !asksNobody) throw noFlowStore(plan.step);
  const search = searchOf(plan);
  if (search === undefined) return [];
  run.plan.searched(search);
  const found =
    on.slice === undefined
      ? await flows.search(options.withRawPackets === true ? { ...search, withRawPackets: true } : search)
      : await flowHistory!.flows(search, on.slice);
  run.visit(plan.step, found.length);
  run.checkSize(plan.step, found.length);
  return found;
}

export function noFlowStore(step: Step): Error {
  return execError('no-history', step, 'No storage backend has been configured');
}
