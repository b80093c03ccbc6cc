/** Gives each request an id, and each answer what all answers carry. */
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app.ts';
import { isSecure } from '../routes/own-origin.ts';

export const requestId = createMiddleware<AppEnv>(async (c, next) => {
  c.set('requestId', crypto.randomUUID());
  await next();
  // The answer to an upgrade belongs to the socket: rewriting it would lose the socket.
  if (c.res.status === 101) return;
  c.header('X-Request-Id', c.get('requestId'));
  if (c.req.path.startsWith('/api')) c.header('Cache-Control', 'no-store');
  if (isSecure(c.env, c.req.url))
    c.header('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
});
