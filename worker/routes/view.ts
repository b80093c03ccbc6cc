/** `/api/view`: what somebody looks at in the page, kept under a name; each principal has their own. Not in the reference. */
import { z } from '@hono/zod-openapi';
import { readView } from '../../core/view/view.ts';
import { limits } from '../../core/limits.ts';
import type { App, AppContext } from '../app.ts';
import { ApiError } from '../errors.ts';
import { preferencesOf } from '../objects/stubs.ts';
import { asMalformed, jsonAnswer, mount, readResource, refusals } from './rest.ts';

const schema = z
  .object({
    Name: z.string().openapi({ example: 'rack 1' }),
    Link: z
      .string()
      .openapi({ description: "The part of the page's address behind it", example: '#search=rack1' }),
  })
  .openapi('View');
const json = { 'application/json': { schema } };
const tags = ['Views'];

/** Throws ApiError. */
async function save(c: AppContext): Promise<Response> {
  const input = await readResource(c);
  const read = asMalformed(() => readView(input));
  if ('errors' in read) throw new ApiError('invalidResource', read.errors.join('\n'));
  const { view } = read;
  if (!(await preferencesOf(c.env, c.get('principal')).save(encodeURIComponent(JSON.stringify(view)))))
    throw new ApiError('registryFull', `there are ${limits.viewsMax} views already`);
  return jsonAnswer(c, view, 201);
}

const viewsOf = (c: AppContext) => preferencesOf(c.env, c.get('principal')).list();

/** Throws ApiError. */
async function show(c: AppContext): Promise<Response> {
  const name = c.req.param('id') ?? '';
  const found = (await viewsOf(c)).find((view) => view.Name === name);
  if (found === undefined) throw new ApiError('unknownResource', 'no such view');
  return jsonAnswer(c, found);
}

/** Throws ApiError. */
async function forget(c: AppContext): Promise<Response> {
  const name = c.req.param('id') ?? '';
  if (!(await preferencesOf(c.env, c.get('principal')).forget(encodeURIComponent(name))))
    throw new ApiError('unknownResource', 'no such view');
  return new Response(null, { status: 204 });
}

export function mountView(app: App): void {
  mount(
    app,
    {
      needs: { object: 'view', action: 'read' },
      method: 'get',
      path: '/api/view',
      operationId: 'listViews',
      tags,
      summary: "One's own saved views of the page, by name",
      responses: {
        200: {
          description: 'Views',
          content: { 'application/json': { schema: z.record(z.string(), schema).openapi('Views') } },
        },
      },
    },
    async (c) => jsonAnswer(c, Object.fromEntries((await viewsOf(c)).map((view) => [view.Name, view]))),
  );
  mount(
    app,
    {
      needs: { object: 'view', action: 'write' },
      method: 'post',
      path: '/api/view',
      operationId: 'saveView',
      tags,
      summary: 'Keep a view; one of the same name is replaced',
      request: { body: { required: true, content: json } },
      responses: { 201: { description: 'Kept', content: json }, ...refusals(400, 413, 507) },
    },
    save,
  );
  const named = { params: z.object({ id: z.string().openapi({ description: 'Its name' }) }) };
  mount(
    app,
    {
      needs: { object: 'view', action: 'read' },
      method: 'get',
      path: '/api/view/{id}',
      operationId: 'getView',
      tags,
      summary: 'A view',
      request: named,
      responses: { 200: { description: 'The view', content: json }, ...refusals(404) },
    },
    show,
  );
  mount(
    app,
    {
      needs: { object: 'view', action: 'write' },
      method: 'delete',
      path: '/api/view/{id}',
      operationId: 'deleteView',
      tags,
      summary: 'Forget a view',
      request: named,
      responses: { 204: { description: 'Forgotten' }, ...refusals(404) },
    },
    forget,
  );
}
