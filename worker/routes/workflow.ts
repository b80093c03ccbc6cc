/**
 * `/api/workflow`: scripts that are kept to be called (REST section 12 of the reference notes), those that every analyzer has among
 * them, and `/api/workflow/{id}/call`, which runs one with the rights of whoever calls.
 */
import { z } from '@hono/zod-openapi';
import { limits } from '../../core/limits.ts';
import { escapeHtml } from '../../core/wire/go-json.ts';
import { firstJsonValue } from '../../core/wire/json-input.ts';
import { bundledById, bundledWorkflows } from '../../core/workflow/bundled.ts';
import { readCall, readWorkflow } from '../../core/workflow/validate.ts';
import { shownWorkflow, type Workflow } from '../../core/workflow/workflow.ts';
import type { App, AppContext } from '../app.ts';
import { ApiError } from '../errors.ts';
import { resourcesOf } from '../objects/stubs.ts';
import { callWorkflow, logHeader } from '../script/call-workflow.ts';
import { mountResource, patchedAs } from './resource.ts';
import { asMalformed, jsonText, mount, readBody, refusals } from './rest.ts';

const anyValue = z.any().openapi('AnyValue');
const choiceSchema = z.object({ Value: anyValue, Description: z.string() }).openapi('WorkflowChoice');
const paramSchema = z
  .object({
    Name: z.string(),
    Description: z.string(),
    Type: z.string().openapi({ example: 'node', description: 'string, integer, boolean, node, choice …' }),
    Default: anyValue,
    Values: z.array(choiceSchema).nullable(),
  })
  .openapi('WorkflowParam');
const members = {
  Name: z.string().openapi({ description: 'No two have the same', example: 'CountNodes' }),
  Title: z.string(),
  Abstract: z.string(),
  Description: z.string(),
  Parameters: z.array(paramSchema).nullable(),
  Source: z.string().openapi({
    description: 'JavaScript whose value is a function',
    example: 'async function (type) { return (await G.V().Has("Type", type)).length }',
  }),
};
const workflowSchema = z.object({ ...members, UUID: z.string() }).openapi('Workflow');
const requestSchema = z
  .object({ ...z.object(members).partial().shape, Name: members.Name })
  .openapi('WorkflowRequest');
const callSchema = z
  .object({
    Params: z
      .array(anyValue)
      .optional()
      .openapi({ example: ['host'] }),
  })
  .openapi('WorkflowCall');

const duplicate = ({ Name }: Pick<Workflow, 'Name'>): ApiError =>
  new ApiError('duplicateWorkflow', `Duplicate workflow, name=${Name}`);
const isBundledName = (name: string): boolean => bundledWorkflows.some(({ Name }) => Name === name);

async function workflowOf(env: Env, id: string): Promise<Workflow | undefined> {
  return bundledById.get(id) ?? resourcesOf(env, 'workflow').get(id);
}

async function create(env: Env, input: unknown, ttlMs: () => number | undefined): Promise<Workflow> {
  const read = readWorkflow(input);
  if ('errors' in read) throw new ApiError('invalidResource', read.errors.join('\n'));
  const { workflow } = read;
  if (isBundledName(workflow.Name)) throw duplicate(workflow);
  try {
    return shownWorkflow(
      await resourcesOf(env, 'workflow').create(workflow, { duplicateKey: workflow.Name, ttlMs: ttlMs() }),
    );
  } catch (error) {
    throw error instanceof ApiError && error.code === 'duplicateResource' ? duplicate(workflow) : error;
  }
}

function refuseBundled(id: string): void {
  const bundled = bundledById.get(id);
  if (bundled !== undefined)
    throw new ApiError('bundledWorkflow', `${bundled.Name} is part of the analyzer and stays as it is`);
}

/** The whole workflow may change, but not its id. Throws ApiError. */
function patched(before: Workflow, patch: readonly unknown[]): Workflow {
  const { workflow } = patchedAs(shownWorkflow(before), patch, readWorkflow);
  const after = { ...workflow, UUID: before.UUID };
  if (JSON.stringify(after).length > limits.bodyBytesMax)
    throw new ApiError('bodyTooLarge', `the workflow would have more than ${limits.bodyBytesMax} characters`);
  if (isBundledName(after.Name)) throw duplicate(after);
  return after;
}

async function patch(env: Env, id: string, operations: readonly unknown[]): Promise<Response> {
  refuseBundled(id);
  const alter = (before: Workflow): Workflow => patched(before, operations);
  const after = await resourcesOf(env, 'workflow').change(id, alter, {
    keyOf: ({ Name }) => Name,
    refusal: duplicate,
  });
  if (after === undefined) throw new ApiError('unknownResource', '');
  return jsonText(escapeHtml(JSON.stringify(after)));
}

async function call(c: AppContext, app: App): Promise<Response> {
  const text = await readBody(c);
  const args = asMalformed(() => readCall(firstJsonValue(text).value));
  const id = c.req.param('id') ?? '';
  const workflow = await workflowOf(c.env, id);
  if (workflow === undefined) throw new ApiError('unknownWorkflow', `No workflow found with ID: ${id}`);
  const { json, log } = await callWorkflow(workflow, args, {
    fetch: app.fetch,
    env: c.env,
    ctx: c.executionCtx,
    principal: c.get('principal'),
    outer: c.req.raw,
  });
  const answer = jsonText(escapeHtml(json));
  for (const [name, value] of Object.entries(logHeader(log))) answer.headers.set(name, value);
  return answer;
}

export function mountWorkflow(app: App): void {
  // Before the routes of the resource, whose ids may hold slashes.
  mount(
    app,
    {
      needs: { object: 'workflow.call', action: 'write' },
      method: 'post',
      path: '/api/workflow/{id}/call',
      operationId: 'callWorkflow',
      tags: ['Workflows'],
      summary: 'Run a workflow',
      description:
        'With the rights of whoever calls. X-Edgedive-Console has what the script said on its console, percent-encoded.',
      request: {
        params: z.object({ id: z.string().openapi({ description: 'Id of the workflow' }) }),
        body: { required: true, content: { 'application/json': { schema: callSchema } } },
      },
      responses: {
        200: { description: 'What it returned', content: { 'application/json': { schema: anyValue } } },
        ...refusals(400, 413),
      },
    },
    async (c) => call(c, app),
  );
  mountResource(app, {
    name: 'workflow',
    title: 'Workflow',
    tag: 'Workflows',
    schema: workflowSchema,
    request: requestSchema,
    list: async (env) => {
      const kept = await resourcesOf(env, 'workflow').list();
      return Object.fromEntries(
        [...bundledWorkflows, ...kept].map((workflow) => [workflow.UUID, shownWorkflow(workflow)]),
      );
    },
    get: async (env, id) => {
      const workflow = await workflowOf(env, id);
      return workflow && shownWorkflow(workflow);
    },
    create,
    patch,
    remove: async (env, id) => {
      refuseBundled(id);
      return resourcesOf(env, 'workflow').delete(id);
    },
  });
}
