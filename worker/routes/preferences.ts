/** `/api/preferences`: what the page keeps for whoever is signed in, by name; any JSON. Everybody has their own. */
import { z } from '@hono/zod-openapi';
import type { Json } from '../../core/graph/element.ts';
import { limits } from '../../core/limits.ts';
import { keptText, nameFault } from '../../core/preferences.ts';
import type { App, AppContext } from '../app.ts';
import { ApiError } from '../errors.ts';
import { preferencesOf } from '../objects/preferences.ts';
import { jsonText, mount, readResource, refusals } from './rest.ts';

const anything = z.any().openapi('Preference');
const params = z.object({
  name: z.string().openapi({ description: 'Letters, digits, `_`, `.`, `-`; at most 64', example: 'views' }),
});

/** Throws ApiError. */
function nameOf(c: AppContext): string {
  const name = c.req.param('name') ?? '';
  const fault = nameFault(name);
  if (fault !== undefined) throw new ApiError('invalidResource', fault);
  return name;
}

async function put(c: AppContext): Promise<Response> {
  const name = nameOf(c);
  const text = keptText((await readResource(c)) as Json);
  if (text === undefined)
    throw new ApiError(
      'bodyTooLarge',
      `a preference may have ${limits.preferenceCharsMax} characters as JSON`,
    );
  if (!(await preferencesOf(c.env, c.get('principal')).put(name, text)))
    throw new ApiError('registryFull', `there are ${limits.preferencesMax} preferences already: delete some`);
  return jsonText(text);
}

async function list(c: AppContext): Promise<Response> {
  const kept = Object.entries(await preferencesOf(c.env, c.get('principal')).list());
  return jsonText(`{${kept.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`);
}

async function remove(c: AppContext): Promise<Response> {
  const name = nameOf(c);
  if (!(await preferencesOf(c.env, c.get('principal')).remove(name)))
    throw new ApiError('unknownResource', `Preference '${name}' not found`);
  return new Response('', { headers: { 'Content-Type': 'text/plain' } });
}

export function mountPreferences(app: App): void {
  const common = { needs: 'anybody' as const, tags: ['Preferences'] };
  const content = { 'application/json': { schema: anything } };
  mount(
    app,
    {
      ...common,
      method: 'get',
      path: '/api/preferences',
      operationId: 'listPreferences',
      summary: 'All that you keep, by name',
      responses: {
        200: {
          description: 'Name → value',
          content: { 'application/json': { schema: z.record(z.string(), anything).openapi('Preferences') } },
        },
      },
    },
    list,
  );
  mount(
    app,
    {
      ...common,
      method: 'put',
      path: '/api/preferences/{name}',
      operationId: 'putPreference',
      summary: 'Keep a value under a name',
      request: { params, body: { required: true, content } },
      responses: { 200: { description: 'As it is kept', content }, ...refusals(400, 413, 507) },
    },
    put,
  );
  mount(
    app,
    {
      ...common,
      method: 'delete',
      path: '/api/preferences/{name}',
      operationId: 'deletePreference',
      summary: 'Keep it no longer',
      request: { params },
      responses: { 200: { description: 'Gone' }, ...refusals(400, 404) },
    },
    remove,
  );
}
