/**
 * The API as a script has it: the routes of this Worker, asked in its own process with the principal of whoever called the
 * script, through the same middleware as any request. A script names a path, never a host and never a header.
 */
import type { ExecutionContext } from 'hono';
import { getPath } from 'hono/utils/url';
import type { Principal } from '../../core/auth/principal.ts';
import { limits } from '../../core/limits.ts';
import type { AppEnv } from '../app.ts';
import { innerRequest } from '../middleware/inner-request.ts';
import type { ApiAnswer, ApiRequest } from './run-script.ts';

/** Routes that scripts have. Not among them: whatever gives out secrets, and calls of workflows, which could go on without end. */
const OPEN =
  /^\/api(?:\/(?:topology|status|capture|alert|node|edge|noderule|edgerule|injectpacket|pcap|config|whoami)(?:\/.*)?)?$/;
/** Who calls a workflow lends it their rights for that call, not for changing what others call. */
const OPEN_TO_READ = /^\/api\/workflow(?:\/.*)?$/;
const METHODS = new Set(['GET', 'POST', 'PATCH', 'DELETE']);

export interface InnerApi {
  readonly fetch: (
    request: Request,
    env: AppEnv['Bindings'],
    ctx: ExecutionContext,
  ) => Response | Promise<Response>;
  readonly env: AppEnv['Bindings'];
  readonly ctx: ExecutionContext;
  readonly principal: Principal;
  /** The request for which the script runs. */
  readonly outer: Request;
}

const refused = (status: number, text: string): ApiAnswer => ({ status, text });

/** What `runScript` takes as `api`. */
export function innerApi({
  fetch,
  env,
  ctx,
  principal,
  outer,
}: InnerApi): (asked: ApiRequest) => Promise<ApiAnswer> {
  const base = new URL(outer.url).origin;
  return async (asked) => {
    const method = asked.method.toUpperCase();
    const url = asked.url.startsWith('/') ? URL.parse(asked.url, base) : null;
    if (url === null || url.origin !== base)
      return refused(400, 'a script asks its own analyzer only, by a path that begins with /');
    if (!METHODS.has(method)) return refused(405, `a script cannot ask with ${method}`);
    const request = innerRequest(principal, outer, { method, url, body: asked.body });
    // The path as the router reads it.
    const path = getPath(request);
    if (!OPEN.test(path) && !(method === 'GET' && OPEN_TO_READ.test(path)))
      return refused(403, `${method} ${path} is not open to scripts`);
    return answerOf(await fetch(request, env, ctx));
  };
}

async function answerOf(response: Response): Promise<ApiAnswer> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > limits.scriptAnswerCharsMax)
      return refused(
        413,
        `the answer has more than ${limits.scriptAnswerCharsMax} characters, the most that a script takes`,
      );
  }
  return { status: response.status, text: text + decoder.decode() };
}
