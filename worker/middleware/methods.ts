/**
 * Requests that no route took: cleaned paths and trailing slashes are redirected as the reference does, a known path
 * with another method is 405 with Allow, the rest 404. HEAD of REST paths is 405 by contract, so it is
 * caught before the router answers it as GET.
 */
import { createMiddleware } from 'hono/factory';
import type { App, AppContext, AppEnv } from '../app.ts';
import { ApiError } from '../errors.ts';
import { refuse } from './errors.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
let mounted: App | undefined;

/** Tells whose routes count; called once, when all are mounted. */
export function watchRoutes(app: App): void {
  mounted = app;
}

/** The methods that have a route of their own at this path. */
function methodsAt(path: string): string[] {
  return METHODS.filter((method) =>
    mounted?.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
}

/** The value of Allow for the path of this request. */
export function allowHeader(c: AppContext): string {
  return [...new Set([...methodsAt(c.req.path), ...methodsAt(withoutSlash(c.req.path)), 'OPTIONS'])].join(
    ', ',
  );
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** 301 as Go's router writes it: a body only for GET. */
function moved(c: AppContext, to: string, withBody: boolean): Response {
  const { search } = new URL(c.req.url);
  const location = `${to}${search}`;
  if (!withBody || c.req.method !== 'GET')
    return new Response(null, { status: 301, headers: { Location: location } });
  const shown = location.replaceAll('&', '&amp;').replaceAll('"', '&#34;').replaceAll('<', '&lt;');
  return new Response(`<a href="${shown}">Moved Permanently</a>.\n\n`, {
    status: 301,
    headers: { Location: location, 'Content-Type': 'text/html; charset=utf-8' },
  });
}

/** A path without doubled slashes and dot segments; the runtime hands them over as they came. */
function clean(path: string): string {
  if (!/\/(\/|\.{1,2}(\/|$))/.test(path)) return path;
  return new URL(path.replaceAll(/\/{2,}/g, '/'), 'http://path').pathname;
}

/** Before the router: unclean paths, and HEAD. */
export const paths = createMiddleware<AppEnv>(async (c, next) => {
  const { path } = c.req;
  const cleaned = clean(path);
  if (cleaned !== path) {
    c.res = moved(c, cleaned, false);
    return;
  }
  if (c.req.method === 'HEAD' && path.startsWith('/api')) c.res = noRoute(c);
  else await next();
});

/** After the router found nothing. */
export function noRoute(c: AppContext): Response {
  const { path, method } = c.req;
  const collection = withoutSlash(path);
  if (collection !== path && methodsAt(collection).includes(method)) return moved(c, collection, true);
  const allowed = new Set([...methodsAt(path), ...(collection === path ? [] : methodsAt(collection))]);
  if (allowed.size > 0) return refuse(c, new ApiError('wrongMethod', '', { Allow: allowHeader(c) }));
  return refuse(c, new ApiError('unknownRoute', '404 page not found'));
}
