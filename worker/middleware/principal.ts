/** Who asks: sets `principal` for everything behind it. And the check that `mount` and `mountSocket` put before each route. */
import { createMiddleware } from 'hono/factory';
import { openPrincipal, refusalText, type Needed } from '../../core/auth/principal.ts';
import type { AppContext, AppEnv } from '../app.ts';
import { ApiError } from '../errors.ts';
import { innerPrincipal } from './inner-request.ts';

export const principal = createMiddleware<AppEnv>(async (c, next) => {
  c.set('principal', innerPrincipal(c.req.raw) ?? openPrincipal);
  await next();
});

/** Throws ApiError `forbidden`. */
export function requirePermission(c: AppContext, needed: Needed): void {
  const who = c.get('principal');
  if (needed === 'public' || who.roles.includes('admin')) return;
  throw new ApiError('forbidden', refusalText(who, needed));
}
