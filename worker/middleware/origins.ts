/**
 * Pages of other origins (CORS). Like the reference every origin may call by default; EDGEDIVE_ALLOWED_ORIGINS narrows
 * that to a list, and then other origins are refused, not only left without headers: a browser sends simple
 * POSTs and upgrades without asking. Never `*` with credentials. PATCH and X-Resource-TTL work across origins.
 */
import { createMiddleware } from 'hono/factory';
import type { AppContext, AppEnv } from '../app.ts';
import { ApiError } from '../errors.ts';
import { refuse } from './errors.ts';
import { allowHeader } from './methods.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const HEADERS = new Set([
  'accept',
  'accept-language',
  'authorization',
  'content-language',
  'content-type',
  'x-auth-token',
  'x-requested-with',
  'x-resource-ttl',
]);
const EXPOSED =
  'X-Request-Id, X-Edgedive-Console, X-Edgedive-Cost, X-Edgedive-Error, X-Edgedive-Hint, X-Edgedive-Next, X-Edgedive-Silent-Hosts, X-Edgedive-Silent-Shards, X-Edgedive-Warning';

function listOf(text: string): string[] {
  return text.split(',').map((entry) => entry.trim().toLowerCase());
}

/** What Access-Control-Allow-Origin says to this origin; undefined = it may not call. */
export function allowOrigin(list: string, origin: string, url: URL): string | undefined {
  const allowed = listOf(list);
  if (allowed.includes('*')) return '*';
  const wanted = origin.toLowerCase();
  return allowed.includes(wanted) || wanted === url.origin ? origin : undefined;
}

/** The answer to a preflight of an origin that may call. */
function preflight(c: AppContext, method: string): Response {
  if (!METHODS.includes(method))
    return refuse(c, new ApiError('wrongMethod', '', { Allow: METHODS.join(', ') }));
  const asked = c.req.header('Access-Control-Request-Headers') ?? '';
  const unknown = listOf(asked).filter((name) => name !== '' && !HEADERS.has(name));
  if (unknown.length > 0) return refuse(c, new ApiError('forbiddenOrigin', ''));
  const headers = new Headers({
    'Access-Control-Allow-Methods': METHODS.join(', '),
    'Access-Control-Max-Age': '600',
  });
  if (asked !== '') headers.set('Access-Control-Allow-Headers', asked);
  return new Response(null, { status: 200, headers });
}

export const origins = createMiddleware<AppEnv>(async (c, next) => {
  const origin = c.req.header('Origin');
  const requested = c.req.header('Access-Control-Request-Method');
  if (origin === undefined) {
    if (c.req.method !== 'OPTIONS') return next();
    return new Response(null, { status: 200, headers: { Allow: allowHeader(c) } });
  }
  const allow = allowOrigin(c.env.EDGEDIVE_ALLOWED_ORIGINS, origin, new URL(c.req.url));
  if (allow === undefined)
    throw new ApiError(
      'forbiddenOrigin',
      `origin '${origin}' is not allowed: add it to EDGEDIVE_ALLOWED_ORIGINS`,
    );
  if (c.req.method !== 'OPTIONS') await next();
  else if (requested !== undefined) c.res = preflight(c, requested);
  else c.res = new Response(null, { status: 200, headers: { Allow: allowHeader(c) } });
  if (c.res.status === 101) return undefined;
  c.header('Access-Control-Allow-Origin', allow);
  c.header('Access-Control-Expose-Headers', EXPOSED);
  if (allow !== '*') c.header('Vary', 'Origin', { append: true });
  return undefined;
});
