/**
 * The contract that all resources share (REST section 6 of the reference notes): list, get, create, delete and patch
 * under `/api/{name}`. A resource brings its schema, its reader and where it is kept; one file each.
 */
import { z, type RouteConfig } from '@hono/zod-openapi';
import { DurationError, parseGoDuration } from '../../core/go-duration.ts';
import type { Json } from '../../core/graph/element.ts';
import { limits } from '../../core/limits.ts';
import { firstJsonValue, InputError } from '../../core/wire/json-input.ts';
import { applyPatch, PatchError } from '../../core/wire/json-patch.ts';
import type { App, AppContext } from '../app.ts';
import { ApiError } from '../errors.ts';
import { NEXT_HEADER, paged, pageOf, type Page } from './paging.ts';
import { asMalformed, jsonAnswer, jsonText, mount, readBody, readResource, refusals } from './rest.ts';

export interface Resource {
  /** In paths: `capture`. */
  readonly name: string;
  /** In texts: `Capture`. */
  readonly title: string;
  /** In names of the description, where it is not the title: `NodeRule`. */
  readonly type?: string;
  /** Group in the API description: `Captures`. */
  readonly tag: string;
  /** Schema of one resource as answered, named with `.openapi('Capture')`. */
  readonly schema: z.ZodType;
  /** Schema of a body to create one from. */
  readonly request: z.ZodType;
  /** Ids are the callers' own and may end with a slash; there is no time to live. */
  readonly hasOwnIds?: boolean;
  /** All of them in public form, by id; or that as JSON already. */
  readonly list: (env: Env) => Promise<Readonly<Record<string, unknown>> | string | ReadableStream>;
  readonly get: (env: Env, id: string) => Promise<unknown>;
  /**
   * Checks and keeps what a client sent; `ttlMs` is read only after the checks, and undefined without one.
   * Throws ApiError.
   */
  readonly create: (env: Env, input: unknown, ttlMs: () => number | undefined) => Promise<unknown>;
  /** False when there was none. */
  readonly remove: (env: Env, id: string) => Promise<boolean>;
  /** Absent: patches are refused, as the reference refuses them for this resource. */
  readonly patch?: (env: Env, id: string, patch: readonly unknown[]) => Promise<Response>;
}

/** X-Resource-TTL in ms; 0 means none. Throws ApiError. */
function readTtl(c: AppContext): number | undefined {
  const header = c.req.header('X-Resource-TTL');
  if (header === undefined || header === '') return undefined;
  try {
    const ttlMs = parseGoDuration(header);
    if (ttlMs < 0) throw new DurationError(`negative duration "${header}"`);
    return ttlMs === 0 ? undefined : ttlMs;
  } catch (error) {
    if (error instanceof DurationError) throw new ApiError('invalidTtl', `invalid ttl: ${error.message}`);
    throw error;
  }
}

/** The id in the path. A slash at its end is tolerated, as the reference's store does, unless ids are the callers' own. */
function idOf(c: AppContext, { hasOwnIds }: Resource): string {
  const id = c.req.param('id') ?? '';
  return hasOwnIds !== true && id.length > 1 && id.endsWith('/') ? id.slice(0, -1) : id;
}

function readPatch(text: string): readonly unknown[] {
  try {
    const { value } = firstJsonValue(text);
    if (!Array.isArray(value)) throw new InputError('a patch is an array of operations');
    return value;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new ApiError('invalidPatch', `incorrect JSON patch: ${error.message}. Patch: ${text}`);
  }
}

/** What a patch makes of a resource as it is shown. Throws ApiError. */
function applied(before: unknown, patch: readonly unknown[]): Json {
  try {
    return applyPatch(before as Json, patch);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    throw new ApiError('invalidPatch', `applying JSON patch to resource: ${error.message}`);
  }
}

/** The same, read as a new one would be: `read` may throw InputError. Throws ApiError. */
export function patchedAs<R>(
  before: unknown,
  patch: readonly unknown[],
  read: (after: Json) => R | { readonly errors: readonly string[] },
): R {
  const after = applied(before, patch);
  let result: R | { readonly errors: readonly string[] };
  try {
    result = read(after);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new ApiError(
      'invalidPatch',
      `creating a new resource from the patched JSON body: ${error.message}`,
    );
  }
  if (isFaulty(result))
    throw new ApiError('invalidResource', `validating patched resource: ${result.errors.join('\n')}`);
  return result;
}

function isFaulty(result: unknown): result is { readonly errors: readonly string[] } {
  return typeof result === 'object' && result !== null && 'errors' in result;
}

/** A list that is spelled already is read again: pages are for lists that clients cannot take whole. */
async function entriesOf(
  list: Readonly<Record<string, unknown>> | string | ReadableStream,
): Promise<Readonly<Record<string, unknown>>> {
  if (typeof list === 'object' && !(list instanceof ReadableStream)) return list;
  const text = typeof list === 'string' ? list : await new Response(list).text();
  return JSON.parse(text) as Record<string, unknown>;
}

function pageAnswer(c: AppContext, list: Readonly<Record<string, unknown>>, page: Page): Response {
  const { entries, next } = paged(list, page);
  const answer = jsonAnswer(c, entries);
  // Ids are the callers' own here and there, and headers are ASCII.
  if (next !== undefined) answer.headers.set(NEXT_HEADER, encodeURIComponent(next));
  return answer;
}

export function mountResource(app: App, resource: Resource): void {
  mountList(app, resource);
  mountCreate(app, resource);
  mountElement(app, resource);
}

function mountList(app: App, resource: Resource): void {
  const { name, title, type = title, tag } = resource;
  mount(
    app,
    {
      needs: { object: name, action: 'read' },
      method: 'get',
      path: `/api/${name}`,
      operationId: `list${type}s`,
      tags: [tag],
      summary: `List ${name}s`,
      request: {
        query: z.object({
          limit: z
            .string()
            .optional()
            .openapi({ description: `Entries of a page, at most ${limits.pageMax}`, example: '100' }),
          after: z
            .string()
            .optional()
            .openapi({ description: 'The id that X-Edgedive-Next of the page before says' }),
        }),
      },
      responses: {
        200: {
          description: `All ${name}s, by id`,
          headers: {
            [NEXT_HEADER]: {
              description: 'The `after` of the next page, percent-encoded; absent on the last',
              schema: { type: 'string' },
            },
          },
          content: {
            'application/json': { schema: z.record(z.string(), resource.schema).openapi(`${type}s`) },
          },
        },
        ...refusals(400),
      },
    },
    async (c) => {
      const page = pageOf(c);
      const list = await resource.list(c.env);
      if (page !== undefined) return pageAnswer(c, await entriesOf(list), page);
      return typeof list === 'string' || list instanceof ReadableStream
        ? jsonText(list)
        : jsonAnswer(c, list);
    },
  );
}

function mountCreate(app: App, resource: Resource): void {
  const { name, title, type = title, tag } = resource;
  const body = { schema: resource.request };
  mount(
    app,
    {
      needs: { object: name, action: 'write' },
      method: 'post',
      path: `/api/${name}`,
      operationId: `create${type}`,
      tags: [tag],
      summary: `Create a ${name}`,
      request: {
        ...(resource.hasOwnIds !== true && {
          headers: z.object({
            'X-Resource-TTL': z.string().optional().openapi({
              description: 'Deletes it after this Go duration',
              example: '1h30m',
            }),
          }),
        }),
        body: { required: true, content: { 'application/json': body, 'application/yaml': body } },
      },
      responses: {
        201: { description: 'Created', content: { 'application/json': { schema: resource.schema } } },
        ...refusals(400, 409, 413, 507),
      },
    },
    async (c) => {
      const input = await readResource(c);
      const created = await inputChecked(() => resource.create(c.env, input, () => readTtl(c)));
      return jsonAnswer(c, created, 201);
    },
  );
  // What else the reference answers under the empty id. No part of the description: nobody asks this on purpose.
  app.delete(`/api/${name}/`, () => {
    throw new ApiError('missingId', 'Bad Request');
  });
  app.patch(`/api/${name}/`, () => {
    throw new ApiError('missingId', '');
  });
}

/** An async reader of client input; its InputError becomes 400. */
async function inputChecked<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    return asMalformed(() => {
      throw error;
    });
  }
}

function mountElement(app: App, resource: Resource): void {
  const { name, title, type = title, tag } = resource;
  const missing = (id: string): ApiError => new ApiError('unknownResource', `${title} '${id}' not found`);
  const common = {
    path: `/api/${name}/{id}`,
    tags: [tag],
  } satisfies Partial<RouteConfig>;
  const params = z.object({ id: z.string().openapi({ description: `Id of the ${name}` }) });
  const found = { description: `The ${name}`, content: { 'application/json': { schema: resource.schema } } };
  mount(
    app,
    {
      ...common,
      needs: { object: name, action: 'read' },
      method: 'get',
      operationId: `get${type}`,
      summary: `Get a ${name}`,
      request: { params },
      responses: { 200: found, ...refusals(404) },
    },
    async (c) => {
      const id = idOf(c, resource);
      const value = await resource.get(c.env, id);
      if (value === undefined) throw missing(id);
      return jsonAnswer(c, value);
    },
  );
  mount(
    app,
    {
      ...common,
      needs: { object: name, action: 'write' },
      method: 'delete',
      operationId: `delete${type}`,
      summary: `Delete a ${name}`,
      request: { params },
      responses: { 200: { description: 'Deleted' }, ...refusals(404) },
    },
    async (c) => {
      const id = idOf(c, resource);
      if (!(await resource.remove(c.env, id))) throw missing(id);
      return new Response('', { headers: { 'Content-Type': 'text/plain' } });
    },
  );
  mountPatch(app, resource, {
    ...common,
    request: { params },
    responses: {
      200: found,
      ...(resource.patch !== undefined && { 304: { description: 'The patch changes nothing' } }),
      ...refusals(400, 413),
      // Without a text, as in the reference.
      404: { description: `No such ${name}` },
    },
  });
}

function mountPatch(
  app: App,
  resource: Resource,
  common: Omit<RouteConfig, 'method'> & { readonly request: { readonly params: z.ZodObject } },
): void {
  const { name, title, type = title } = resource;
  mount(
    app,
    {
      ...common,
      needs: { object: name, action: 'write' },
      method: 'patch',
      operationId: `modify${type}`,
      summary: resource.patch === undefined ? `Refused: a ${name} cannot be changed` : `Change a ${name}`,
      request: {
        ...common.request,
        body: {
          required: true,
          content: {
            'application/json': {
              schema: z.array(z.looseObject({ op: z.string(), path: z.string() })).openapi('JSONPatch'),
            },
          },
        },
      },
    },
    async (c) => {
      const id = idOf(c, resource);
      const before = await resource.get(c.env, id);
      if (before === undefined) throw new ApiError('unknownResource', '');
      const patch = readPatch(await readBody(c));
      if (resource.patch !== undefined) return resource.patch(c.env, id, patch);
      applied(before, patch);
      throw new ApiError('invalidPatch', 'updating resource with patched version: resource not updatable');
    },
  );
}
