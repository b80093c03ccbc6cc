/**
 * Refusals become answers here, and nowhere else: plain text with a line feed, never JSON, as clients of the reference
 * expect; the code in a header for programs.
 */
import type { AppContext } from '../app.ts';
import { ApiError } from '../errors.ts';
import { count } from './counters.ts';
import { log } from '../log.ts';

/** What the runtime marks on errors of calls to objects. */
interface CallError {
  readonly overloaded?: boolean;
  readonly retryable?: boolean;
}

/** The answer to a refusal; counts it. */
export function refuse(c: AppContext, error: ApiError): Response {
  count(c, error.code);
  const headers = { ...error.headers, 'X-Edgedive-Error': error.code };
  if (error.message === '') return new Response(null, { status: error.status, headers });
  // A refused credential is answered without a line feed, as in the reference.
  const end = error.code === 'unauthenticated' ? '' : '\n';
  return new Response(`${error.message}${end}`, {
    status: error.status,
    headers: {
      ...headers,
      'Content-Type': 'text/plain; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/** Last stop of anything thrown in a route. What is no refusal is our own mistake: logged with its stack. */
export function onError(error: Error, c: AppContext): Response {
  if (error instanceof ApiError) return refuse(c, error);
  const id = c.get('requestId');
  const { overloaded, retryable } = error as CallError;
  log('error', 'request', 'failed', { request: id, method: c.req.method, path: c.req.path, error });
  if (overloaded === true || retryable === true)
    return refuse(
      c,
      new ApiError('unavailable', `temporarily unavailable, try again (request ${id})`, {
        'Retry-After': '1',
      }),
    );
  return refuse(c, new ApiError('internal', `internal error (request ${id})`));
}
