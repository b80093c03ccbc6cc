/**
 * JSON Web Tokens of an identity provider (RFC 7519), by its published keys (RFC 7517). Only asymmetric signatures count:
 * what verifies a token must not be able to make one. Keys are kept by the library for ten minutes and asked for again, at most
 * every half minute, when a token names one that is not among them.
 */
import { createRemoteJWKSet, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Principal } from '../../core/auth/principal.ts';
import { log } from '../log.ts';

export interface JwtSettings {
  readonly issuer: string;
  readonly audience: string;
  /** Where a token has its roles: a list of texts, or a text of words. */
  readonly rolesClaim: string;
  /** What whoever has a good token without roles is; "" lets those in as nobody. */
  readonly defaultRole: string;
}

const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const LEEWAY_S = 30;
const NAME_CHARS_MAX = 255;

const keySets = new Map<string, JWTVerifyGetKey>();

/** Undefined for a token that is not good, or when no provider is set. */
export async function knownJwt(env: Env, token: string): Promise<Principal | undefined> {
  const url = env.EDGEDIVE_JWT_KEYS ?? '';
  if (!/^https?:\/\//.test(url)) return undefined;
  let keys = keySets.get(url);
  if (keys === undefined) keySets.set(url, (keys = createRemoteJWKSet(new URL(url))));
  try {
    return await verifyJwt(
      token,
      {
        issuer: env.EDGEDIVE_JWT_ISSUER,
        audience: env.EDGEDIVE_JWT_AUDIENCE,
        rolesClaim: env.EDGEDIVE_JWT_ROLES_CLAIM,
        defaultRole: env.EDGEDIVE_JWT_ROLE,
      },
      keys,
    );
  } catch (error) {
    // The library's texts name the claim or the step, never the token.
    log('warn', 'authentication', 'a JSON Web Token was refused', { error });
    return undefined;
  }
}

/** Throws jose's errors. Without an audience to compare with, none is good: any token of the provider would be. */
export async function verifyJwt(
  token: string,
  { issuer, audience, rolesClaim, defaultRole }: JwtSettings,
  keys: JWTVerifyGetKey,
): Promise<Principal> {
  if (issuer === '' || audience === '')
    throw new Error('EDGEDIVE_JWT_ISSUER and EDGEDIVE_JWT_AUDIENCE must be set');
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ALGORITHMS,
    issuer,
    audience,
    clockTolerance: LEEWAY_S,
    requiredClaims: ['exp'],
  });
  const roles = rolesOf(payload[rolesClaim]);
  return {
    name: nameOf(payload),
    kind: 'jwt',
    roles: roles.length > 0 ? roles : [defaultRole].filter((role) => role !== ''),
    expiresMs: (payload.exp ?? 0) * 1_000,
  };
}

function nameOf(payload: JWTPayload): string {
  const email = payload['email'];
  const name = typeof email === 'string' && email !== '' ? email : (payload.sub ?? '');
  if (name === '' || name.length > NAME_CHARS_MAX) throw new Error('"sub" and "email" say nobody');
  return name;
}

function rolesOf(claim: unknown): string[] {
  const list = typeof claim === 'string' ? claim.split(/[\s,]+/) : Array.isArray(claim) ? claim : [];
  return list.filter((role): role is string => typeof role === 'string' && role !== '');
}
