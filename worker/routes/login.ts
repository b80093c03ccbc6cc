/**
 * `/login` for clients and pages of the reference: a name and a password become a token, in the answer and in a cookie
 * (REST reference notes, sections 2 and 16). The page keeps a token that somebody has already in the same cookie, which scripts
 * cannot read; `/logout` takes it away.
 */
import { z } from '@hono/zod-openapi';
import { AUTH_COOKIE, readOwnToken, shownCredential } from '../../core/auth/credential.ts';
import { permissionsOf } from '../../core/auth/policy.ts';
import { openPrincipal, type Principal } from '../../core/auth/principal.ts';
import { timings } from '../../core/limits.ts';
import type { App, AppContext } from '../app.ts';
import { isPassword } from '../auth/password.ts';
import { authSettings } from '../auth/settings.ts';
import { tried } from '../auth/tries.ts';
import { ApiError } from '../errors.ts';
import { beginEntry } from '../middleware/audit.ts';
import { refuse } from '../middleware/rate.ts';
import { registryOf } from '../objects/stubs.ts';
import { addressOf } from './address.ts';
import { jsonAnswer, mount, readBody, refusals } from './rest.ts';

const permissionSchema = z
  .object({ Object: z.string(), Action: z.string(), Allowed: z.boolean() })
  .openapi('Permission');

const loginSchema = z
  .object({ Token: z.string(), Permissions: z.array(permissionSchema) })
  .openapi('LoginAnswer');

export function mountLogin(app: App): void {
  mount(
    app,
    {
      needs: 'public',
      method: 'post',
      path: '/login',
      operationId: 'login',
      tags: ['Login'],
      summary: 'Name and password become a token',
      description: 'With a token as `Authorization: Bearer …` and neither, that token becomes the cookie.',
      request: {
        body: {
          required: true,
          content: {
            'application/x-www-form-urlencoded': {
              schema: z.object({ username: z.string(), password: z.string() }),
            },
          },
        },
      },
      responses: {
        200: {
          description: 'The token, also as the cookie `authtoken`; and what it may be used for',
          content: { 'application/json': { schema: loginSchema } },
        },
        ...refusals(400, 401, 413, 429, 507),
      },
    },
    login,
  );
  mount(
    app,
    {
      needs: 'public',
      method: 'post',
      path: '/logout',
      operationId: 'logout',
      tags: ['Login'],
      summary: 'Takes the cookie of a login away, and ends its session',
      responses: { 204: { description: 'Done' } },
    },
    logout,
  );
  // Whatever else is asked of it leads to the page, as in the reference.
  app.on(['GET', 'PUT', 'PATCH', 'DELETE'], '/login', (c) => c.redirect('/', 302));
}

async function login(c: AppContext): Promise<Response> {
  const form = new URLSearchParams(await readBody(c));
  const field = (name: string): string => form.get(name) ?? c.req.query(name) ?? '';
  const [name, password] = [field('username'), field('password')];
  const settings = authSettings(c.env);
  if (name === '' && password === '' && settings.isOn) {
    const token = shownToken(c);
    if (token !== undefined) return loginByToken(c, token);
  }
  if (name === '' || password === '') throw new ApiError('unauthenticated', 'No credentials provided');
  if (!settings.isOn) return answer(c, openPrincipal, '');
  const user = settings.users.get(name);
  const outcome = await tried(addressOf(c), name, password, () => isPassword(user, password));
  if (typeof outcome === 'object') refuse(c, 'rateLimitedCredentials', outcome.waitMs);
  if (outcome === 'wrong' || user === undefined) throw new ApiError('unauthenticated', 'Wrong credentials');
  const who: Principal = { name, kind: 'user', roles: user.roles };
  c.set('principal', who);
  await beginEntry(c);
  const made = await registryOf(c.env).makeToken({
    name,
    isSession: true,
    roles: [],
    hostId: '',
    createdBy: name,
    ttlMs: timings.sessionMs,
  });
  if (!made.ok) throw new ApiError('registryFull', made.text);
  return answer(c, who, made.text);
}

/** The token that the request shows in a header; undefined for none. */
function shownToken(c: AppContext): string | undefined {
  const shown = shownCredential({ authorization: c.req.header('Authorization') });
  return shown?.credential.kind === 'token' ? shown.credential.text : undefined;
}

/** Whose token it is was found before, with all that holds back who guesses. */
async function loginByToken(c: AppContext, token: string): Promise<Response> {
  const who = c.get('principal');
  if (who.kind !== 'token' && who.kind !== 'jwt') throw new ApiError('unauthenticated', 'Wrong credentials');
  if (/[";,\\]/.test(token))
    throw new ApiError('unauthenticated', 'a token with one of ";,\\ cannot be kept in a cookie');
  await beginEntry(c);
  return answer(c, who, token);
}

/** A session ends; any other token stays good elsewhere. */
async function logout(c: AppContext): Promise<Response> {
  const shown = shownCredential({ cookie: c.req.header('Cookie') });
  const own = shown?.credential.kind === 'token' ? readOwnToken(shown.credential.text) : undefined;
  const who = c.get('principal');
  if (own?.isSession === true && who.kind === 'user') {
    await beginEntry(c);
    await registryOf(c.env).revokeToken(own.id);
  }
  const response = new Response(null, { status: 204 });
  for (const name of [AUTH_COOKIE, 'permissions'])
    response.headers.append('Set-Cookie', `${name}=; Path=/; Max-Age=0; SameSite=Lax`);
  return response;
}

function answer(c: AppContext, who: Principal, token: string): Response {
  const permissions = permissionsOf(authSettings(c.env).policy, who);
  const response = jsonAnswer(c, { Token: token, Permissions: permissions });
  const secure = c.req.url.startsWith('https:') ? '; Secure' : '';
  const lasts = `Max-Age=${timings.sessionMs / 1_000}`;
  if (token !== '')
    response.headers.append(
      'Set-Cookie',
      `${AUTH_COOKIE}=${token}; Path=/; ${lasts}; HttpOnly; SameSite=Lax${secure}`,
    );
  // Pages read it to know what to offer.
  response.headers.append(
    'Set-Cookie',
    `permissions=${btoa(JSON.stringify(permissions))}; Path=/; ${lasts}; SameSite=Lax${secure}`,
  );
  return response;
}
