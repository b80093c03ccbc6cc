/** `/api/whoami`: who asks, and what that one may do. */
import { z } from '@hono/zod-openapi';
import { permissionsOf } from '../../core/auth/policy.ts';
import type { App } from '../app.ts';
import { authSettings } from '../auth/settings.ts';
import { jsonAnswer, mount } from './rest.ts';

const schema = z
  .object({
    Name: z.string(),
    Kind: z.enum(['open', 'user', 'token', 'jwt', 'probe']).openapi({
      description: '`open` where authentication is off',
    }),
    Roles: z.array(z.string()),
    Permissions: z.array(z.object({ Object: z.string(), Action: z.string(), Allowed: z.boolean() })),
    ExpiresAt: z.iso.datetime().nullable(),
  })
  .openapi('WhoAmI');

export function mountWhoami(app: App): void {
  mount(
    app,
    {
      needs: 'anybody',
      method: 'get',
      path: '/api/whoami',
      operationId: 'getWhoAmI',
      tags: ['Login'],
      summary: 'Who asks, and what that one may do',
      responses: { 200: { description: 'Who', content: { 'application/json': { schema } } } },
    },
    (c) => {
      const who = c.get('principal');
      return jsonAnswer(c, {
        Name: who.name,
        Kind: who.kind,
        Roles: who.roles,
        Permissions: permissionsOf(authSettings(c.env).policy, who),
        ExpiresAt: who.expiresMs === undefined ? null : new Date(who.expiresMs).toISOString(),
      });
    },
  );
}
