/** Workflows for queries that have the step `Workflow`: by id or name, with the rights of whoever asks. */
import { isAllowed } from '../../core/auth/policy.ts';
import { refusalText } from '../../core/auth/principal.ts';
import { messageOf } from '../../core/errors.ts';
import type { Json } from '../../core/graph/element.ts';
import type { WorkflowResult } from '../../core/gremlin/context.ts';
import { bundledWorkflows } from '../../core/workflow/bundled.ts';
import { graphOfResult } from '../../core/workflow/result-graph.ts';
import type { App, AppContext } from '../app.ts';
import { authSettings } from '../auth/settings.ts';
import { innerPrincipal } from '../middleware/inner-request.ts';
import { resourcesOf } from '../objects/stubs.ts';
import { callWorkflow } from './call-workflow.ts';

/** What failed comes as a text: an error would be logged on its way between objects as one that nobody expected. */
export type QueryWorkflows = (
  idOrName: string,
  args: readonly Json[],
) => Promise<WorkflowResult | { readonly fault: string } | undefined>;

const CALL = { object: 'workflow.call', action: 'write' } as const;

/** What a query is given that names the step; undefined for the others, which are spared the way back from the object. */
export function queryWorkflows(c: AppContext, app: App, query: string): QueryWorkflows | undefined {
  if (!/workflow/i.test(query)) return undefined;
  return async (idOrName, args) => {
    try {
      return await run(c, app, idOrName, args);
    } catch (error) {
      return { fault: messageOf(error) };
    }
  };
}

async function run(
  c: AppContext,
  app: App,
  idOrName: string,
  args: readonly Json[],
): Promise<WorkflowResult | undefined> {
  const { env, executionCtx: ctx } = c;
  const principal = c.get('principal');
  if (innerPrincipal(c.req.raw) !== undefined) throw new Error('a script cannot call a workflow');
  if (!isAllowed(authSettings(env).policy, principal, CALL)) throw new Error(refusalText(principal, CALL));
  const all = [...bundledWorkflows, ...(await resourcesOf(env, 'workflow').list())];
  const workflow = all.find(({ UUID, Name }) => UUID === idOrName || Name === idOrName);
  if (workflow === undefined) return undefined;
  const inner = { fetch: app.fetch, env, ctx, principal, outer: c.req.raw };
  const { json } = await callWorkflow(workflow, args, inner);
  return graphOfResult(JSON.parse(json), Date.now());
}
