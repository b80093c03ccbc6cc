/**
 * What all REST routes share: how one is mounted with its description, how bodies are read and answers written.
 * Rules: REST section 1 and 16 of the reference notes.
 */
import { z, type RouteConfig } from '@hono/zod-openapi';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import type { Needed } from '../../core/auth/principal.ts';
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { escapeHtml } from '../../core/wire/go-json.ts';
import { firstJsonValue, InputError } from '../../core/wire/json-input.ts';
import type { App, AppContext } from '../app.ts';
import { API_ERRORS, ApiError, apiErrorCodes } from '../errors.ts';
import { admit } from '../middleware/admit.ts';

const JSON_TYPE = 'application/json; charset=UTF-8';

/** A route's description, and what it asks of whoever comes. */
export type Route = RouteConfig & { readonly needs: Needed };

/** What a route needs is part of its description, said here for all. */
function withAccess(route: RouteConfig, needs: Needed): RouteConfig {
  if (needs === 'public') return { ...route, responses: { ...route.responses, ...refusals(403) } };
  const what = needs === 'anybody' ? 'to be known' : `the permission \`${needs.object}:${needs.action}\``;
  const description = [route.description, `Needs ${what}.`].filter((text) => text !== undefined).join(' ');
  return {
    ...route,
    description,
    security: [{ basicAuth: [] }, { authToken: [] }, { bearer: [] }],
    responses: {
      ...route.responses,
      ...refusals(401, 403, 429),
    },
  };
}

interface Mounted {
  readonly method: string;
  /** `/api/capture/{id}`. */
  readonly path: string;
  readonly needs: Needed;
}

/** Every route and socket there is, and what it asks of whoever comes. */
export const mountedRoutes: Mounted[] = [];

/**
 * Mounts a route and puts it into the description that `/swagger.json` and `/openapi.json` are made of. The description's
 * schemas do not check requests: refusals must have the reference's texts, so each resource reads its own body.
 */
export function mount(
  app: App,
  { needs, ...route }: Route,
  handler: (c: AppContext) => Response | Promise<Response>,
): void {
  app.openAPIRegistry.registerPath(withAccess(route, needs));
  mountedRoutes.push({ method: route.method.toUpperCase(), path: route.path, needs });
  // An id is everything that follows: ids of nodes may hold slashes.
  const path = route.path.replaceAll(/\{(\w+)\}/g, String.raw`:$1{[\s\S]+}`);
  app.on(route.method.toUpperCase(), path, async (c) => {
    await admit(c, needs);
    return handler(c);
  });
}

/** An answer of JSON. GET answers end with a line feed, those to POST and PATCH do not. */
export function jsonAnswer(c: AppContext, value: unknown, status = 200): Response {
  const end = c.req.method === 'GET' ? '\n' : '';
  return jsonText(`${escapeHtml(JSON.stringify(value))}${end}`, status);
}

/** An answer of JSON that is spelled already. */
export function jsonText(body: BodyInit | null, status = 200): Response {
  return new Response(body, { status, headers: { 'Content-Type': JSON_TYPE } });
}

/** A page of ours: no scripts, nothing from elsewhere, in no frame. */
export function htmlAnswer(html: string): Response {
  return new Response(html, {
    headers: {
      'Content-Type': 'text/html; charset=UTF-8',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/** The body as text. Throws ApiError 413 above `bytesMax`, before keeping more than that; 400 when it breaks off. */
export async function readBody(c: AppContext, bytesMax: number = limits.bodyBytesMax): Promise<string> {
  const checkBytes = (bytes: number): void => {
    if (bytes > bytesMax) throw new ApiError('bodyTooLarge', `request body is larger than ${bytesMax} bytes`);
  };
  checkBytes(Number(c.req.header('Content-Length') ?? '0'));
  const stream = c.req.raw.body;
  if (stream === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of arriving(stream)) {
    bytes += chunk.byteLength;
    checkBytes(bytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** A client that goes away or sends a broken chunk is refused like any that sends too little: nothing of ours failed. */
async function* arriving(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* stream;
  } catch {
    throw new ApiError('malformedBody', 'unexpected EOF');
  }
}

/** Runs a reader of client input; its InputError becomes 400. */
export function asMalformed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) throw new ApiError('malformedBody', error.message);
    throw error;
  }
}

function readYaml(text: string): unknown {
  try {
    return parseYaml(text, { logLevel: 'error' });
  } catch (error) {
    const line = error instanceof YAMLParseError ? (error.linePos?.[0].line ?? 1) : 1;
    const said = messageOf(error);
    // The YAML parser may wrap what it met in an error of its own.
    const isTooDeep = error instanceof RangeError || said.includes('call stack size');
    const words = isTooDeep ? 'nested too deep' : said.split(/ at line|\n/)[0]!;
    throw new InputError(`yaml: line ${line}: ${words}`);
  }
}

/**
 * The value a client sent with a resource: YAML when Content-Type is exactly `application/yaml`, else the first JSON
 * value whatever Content-Type says. Throws ApiError 400 and 413.
 */
export async function readResource(c: AppContext): Promise<unknown> {
  if (c.req.header('Content-Type') !== 'application/yaml') {
    const text = await readBody(c);
    return asMalformed(() => firstJsonValue(text).value);
  }
  const text = await readBody(c, limits.yamlBytesMax);
  return asMalformed(() => readYaml(text));
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'The request is wrong; the text says why',
  401: 'Nobody known asks',
  403: 'Whoever asks may not, or not under this Host or from this Origin',
  404: 'No such resource',
  406: 'The result cannot be shown in the format asked for',
  409: 'The same exists already',
  413: 'The body is too large',
  429: 'Too much at once; Retry-After says when to ask again',
  507: 'No more can be kept',
};

/** A refusal is a text, and its code a header. */
function refusal(status: number): RouteConfig['responses'][string] {
  const codes = apiErrorCodes.filter((code) => API_ERRORS[code] === status);
  return {
    description: REFUSALS[status]!,
    headers: { 'X-Edgedive-Error': { description: 'Its code', schema: { type: 'string', enum: codes } } },
    content: { 'text/plain': { schema: z.string() } },
  };
}

/** Descriptions of refusals, for a route's `responses`. */
export function refusals(...statuses: number[]): RouteConfig['responses'] {
  return Object.fromEntries(statuses.map((status) => [status, refusal(status)]));
}
