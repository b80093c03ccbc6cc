/**
 * Who asks: sets `principal` for everything behind it, and the check that `mount` and `mountSocket` put before each route.
 * A credential that is not good is as good as none; routes that need one answer 401.
 */
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import {
  isJwt,
  readOwnToken,
  shownCredential,
  type Credential,
  type Shown,
} from '../../core/auth/credential.ts';
import { isAllowed, readScope } from '../../core/auth/policy.ts';
import {
  nobody,
  openPrincipal,
  refusalText,
  type Needed,
  type Principal,
} from '../../core/auth/principal.ts';
import { timings } from '../../core/limits.ts';
import type { AppContext, AppEnv } from '../app.ts';
import { knownJwt } from '../auth/jwt.ts';
import { digestOf, isPassword, sameText } from '../auth/password.ts';
import { authSettings, type AuthSettings } from '../auth/settings.ts';
import { tried } from '../auth/tries.ts';
import { ApiError } from '../errors.ts';
import { tokenPrincipal } from '../objects/registry.ts';
import { registryOf } from '../objects/stubs.ts';
import { addressOf } from '../routes/address.ts';
import type { StoredToken } from '../store/token-store.ts';
import { innerPrincipal } from './inner-request.ts';
import { allowOrigin } from './origins.ts';

export const principal = createMiddleware<AppEnv>(async (c, next) => {
  c.set('principal', innerPrincipal(c.req.raw) ?? (await principalOf(c)));
  await next();
});

async function principalOf(c: Context<AppEnv>): Promise<Principal> {
  const settings = authSettings(c.env);
  if (!settings.isOn) return openPrincipal;
  const shown = shownCredential({
    authorization: c.req.header('Authorization'),
    authToken: c.req.header('X-Auth-Token'),
    cookie: c.req.header('Cookie'),
    parameter: c.req.query('x-auth-token'),
  });
  if (shown !== undefined && !isForged(c, shown)) {
    const who = await known(c, settings, shown.credential);
    if (who !== undefined) return who;
  }
  // Set by Cloudflare Access in front of us, and signed, so that nobody else can.
  const assertion = c.req.header('Cf-Access-Jwt-Assertion');
  const who = assertion === undefined ? undefined : await knownJwt(c.env, assertion);
  if (who !== undefined) c.set('heldBackMs', undefined);
  return who ?? nobody;
}

/**
 * A browser adds the cookie to whatever a page of another site asks. Reading is left to CORS, which never allows credentials;
 * writes and sockets are refused unless the origin is ours or one that was named.
 */
function isForged(c: Context<AppEnv>, { isCookie }: Shown): boolean {
  const origin = c.req.header('Origin');
  if (!isCookie || origin === undefined) return false;
  const allowed = allowOrigin(c.env.EDGEDIVE_ALLOWED_ORIGINS, origin, new URL(c.req.url));
  return allowed !== origin && new URL(c.req.url).origin !== origin.toLowerCase();
}

async function known(
  c: Context<AppEnv>,
  settings: AuthSettings,
  credential: Credential,
): Promise<Principal | undefined> {
  switch (credential.kind) {
    case 'malformed':
      return undefined;
    case 'basic': {
      const { password } = credential;
      const user = settings.users.get(credential.user);
      const isRight = await isTriedRight(c, credential.user, password, () => isPassword(user, password));
      return isRight && user !== undefined ? { name: user.name, kind: 'user', roles: user.roles } : undefined;
    }
    case 'token':
      if (isJwt(credential.text)) return knownJwt(c.env, credential.text);
      return knownText(c, settings, credential.text);
  }
}

/** A text that is none of our tokens can only be one that an operator chose, which might be guessed. */
async function knownText(
  c: Context<AppEnv>,
  settings: AuthSettings,
  text: string,
): Promise<Principal | undefined> {
  const { env } = c;
  if (readOwnToken(text) !== undefined)
    return (await knownVariable(env, text)) ?? knownToken(env, settings, text);
  let who: Principal | undefined;
  await isTriedRight(c, 'token', text, async () => (who = await knownVariable(env, text)) !== undefined);
  return who;
}

/** False also for what is not looked at because too many were wrong; `rate` answers that. */
async function isTriedRight(
  c: Context<AppEnv>,
  name: string,
  secret: string,
  isRight: () => Promise<boolean>,
): Promise<boolean> {
  const outcome = await tried(addressOf(c), name, secret, isRight);
  c.set('isTried', true);
  if (typeof outcome === 'object') c.set('heldBackMs', outcome.waitMs);
  return outcome === 'right';
}

/** What the operator gave by secret variables: the first administrator, and the probe that `npm start` starts. */
async function knownVariable(env: Env, text: string): Promise<Principal | undefined> {
  const { EDGEDIVE_ADMIN_TOKEN: admin = '', EDGEDIVE_PROBE_TOKEN: probe = '' } = env;
  if (admin !== '' && (await sameText(admin, text)))
    return { name: 'token:admin', kind: 'token', roles: ['admin'] };
  if (probe !== '' && (await sameText(probe, text)))
    return { name: 'token:probe', kind: 'probe', roles: ['probe'], hostId: env.EDGEDIVE_HOST_ID };
  return undefined;
}

/** Digest → what the Registry said, for a moment. */
const believed = new Map<string, { readonly token: StoredToken | undefined; readonly untilMs: number }>();
const BELIEVED_MAX = 1_000;

async function knownToken(env: Env, settings: AuthSettings, text: string): Promise<Principal | undefined> {
  const own = readOwnToken(text);
  if (own === undefined) return undefined;
  const digest = await digestOf(text);
  const key = `${env.EDGEDIVE_FABRIC}/${digest}`;
  const nowMs = Date.now();
  let found = believed.get(key);
  if (found === undefined || found.untilMs <= nowMs) {
    const token = await registryOf(env).findToken(own.id, digest);
    if (believed.size >= BELIEVED_MAX) believed.clear();
    found = { token, untilMs: nowMs + timings.tokenBelievedMs };
    believed.set(key, found);
  }
  const { token } = found;
  if (token === undefined || (token.expiresMs ?? Infinity) <= nowMs) return undefined;
  return token.isSession ? ofSession(settings, token) : ofToken(token);
}

/** A login stands for its user as the settings know that one now. */
function ofSession(settings: AuthSettings, token: StoredToken): Principal | undefined {
  const user = settings.users.get(token.name);
  if (user === undefined) return undefined;
  return { name: user.name, kind: 'user', roles: user.roles, ...expiry(token) };
}

function ofToken(token: StoredToken): Principal {
  return {
    name: tokenPrincipal(token.id),
    kind: token.hostId === '' ? 'token' : 'probe',
    roles: token.roles,
    ...(token.scopes !== undefined && {
      scopes: token.scopes.flatMap((scope) => readScope(scope) ?? []),
    }),
    ...(token.hostId !== '' && { hostId: token.hostId }),
    ...expiry(token),
  };
}

function expiry({ expiresMs }: StoredToken): { readonly expiresMs?: number } {
  return expiresMs === undefined ? {} : { expiresMs };
}

/** Throws ApiError `unauthenticated` or `forbidden`. */
export function requirePermission(c: AppContext, needed: Needed): void {
  c.set('needs', needed);
  const who = c.get('principal');
  if (isAllowed(authSettings(c.env).policy, who, needed)) return;
  if (who.kind === 'nobody' || needed === 'public' || needed === 'anybody')
    throw new ApiError('unauthenticated', 'Wrong credentials');
  throw new ApiError('forbidden', refusalText(who, needed));
}

/** A probe's credential opens a connection of its own host only. Throws ApiError `forbidden`. */
export function requireHost(c: AppContext, hostId: string): void {
  const who = c.get('principal');
  if (who.hostId === undefined || who.hostId === hostId) return;
  throw new ApiError('forbidden', `'${who.name}' speaks for host '${who.hostId}', not for '${hostId}'`);
}
