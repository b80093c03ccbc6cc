/** A line for each request, where that is wanted: who asked what, how it ended, how long it took. Never a query string or a body. */
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app.ts';
import { log } from '../log.ts';

export const requestLog = createMiddleware<AppEnv>(async (c, next) => {
  if (c.env.EDGEDIVE_LOG_REQUESTS !== 'on') return next();
  const startedMs = performance.now();
  await next();
  log('info', 'request', 'answered', {
    request: c.get('requestId'),
    method: c.req.method,
    path: c.req.path,
    status: c.res.status,
    ms: Math.round(performance.now() - startedMs),
    // Hosts and origins are looked at before anybody is asked who they are.
    principal: (c.get('principal') as AppEnv['Variables']['principal'] | undefined)?.name ?? '',
  });
});
