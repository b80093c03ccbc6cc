/**
 * Requests that the Worker makes to its own routes for somebody who has shown already who they are: scripts of workflows, and of
 * alerts. Whose they are stands beside the request object, never in it, so nothing that a script writes can claim to be
 * somebody, and no secret goes into a script. The middleware `principal` asks `innerPrincipal` first: what it gives
 * counts as authenticated, and everything behind it (permissions, rate limits, audit) sees that principal.
 */
import type { Principal } from '../../core/auth/principal.ts';

const principals = new WeakMap<Request, Principal>();

/** Of the request that is made for somebody only its address is kept, for those who write down who asked from where. */
const KEPT_HEADERS = ['CF-Connecting-IP'] as const;

/** A request of `principal` to our own routes, to be given to `app.fetch` as it is. `outer`: the request that it belongs to. */
export function innerRequest(
  principal: Principal,
  outer: Request,
  { method, url, body }: { readonly method: string; readonly url: URL; readonly body: string },
): Request {
  const headers = new Headers({ 'Content-Type': 'application/json', Accept: 'application/json' });
  for (const name of KEPT_HEADERS) {
    const value = outer.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const request = new Request(url, {
    method,
    headers,
    body: method === 'GET' || body === '' ? null : body,
    redirect: 'manual',
  });
  principals.set(request, principal);
  return request;
}

/** Who made this request inside the Worker; undefined for every request that came from outside. */
export function innerPrincipal(request: Request): Principal | undefined {
  return principals.get(request);
}
