/** JSON Web Tokens of a provider, as Cloudflare Access and others make them. */
import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { verifyJwt, type JwtSettings } from '../../../worker/auth/jwt.ts';

const settings: JwtSettings = {
  issuer: 'https://team.example',
  audience: 'edgedive',
  rolesClaim: 'roles',
  defaultRole: 'guest',
};
let keys: JWTVerifyGetKey;
let privateKey: CryptoKey;
let foreignKey: CryptoKey;

beforeAll(async () => {
  const own = await generateKeyPair('RS256', { extractable: true });
  privateKey = own.privateKey;
  foreignKey = (await generateKeyPair('RS256')).privateKey;
  keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'RS256' }] });
});

const now = () => Math.floor(Date.now() / 1_000);
const sign = (payload: JWTPayload, { key = privateKey, kid = 'k1' } = {}) =>
  new SignJWT({ iss: settings.issuer, aud: settings.audience, exp: now() + 60, sub: 'u1', ...payload })
    .setProtectedHeader({ alg: 'RS256', kid })
    .sign(key);

describe('a good token', () => {
  test('says who, with which roles, until when', async () => {
    const exp = now() + 600;
    const who = await verifyJwt(
      await sign({ exp, email: 'ann@example.org', roles: ['user', 'ops'] }),
      settings,
      keys,
    );
    expect(who).toEqual({
      name: 'ann@example.org',
      kind: 'jwt',
      roles: ['user', 'ops'],
      expiresMs: exp * 1_000,
    });
  });

  test('without roles has the one that is set, or none', async () => {
    const token = await sign({});
    expect((await verifyJwt(token, settings, keys)).roles).toEqual(['guest']);
    expect((await verifyJwt(token, { ...settings, defaultRole: '' }, keys)).roles).toEqual([]);
  });

  test('may have its roles as words', async () => {
    expect((await verifyJwt(await sign({ roles: 'user  ops' }), settings, keys)).roles).toEqual([
      'user',
      'ops',
    ]);
  });
});

describe('refused is', () => {
  test.each<[string, () => Promise<string>]>([
    ['an ended one', () => sign({ exp: now() - 60 })],
    ['one that never ends', () => sign({ exp: undefined as unknown as number })],
    ['one that is not valid yet', () => sign({ nbf: now() + 600 })],
    ['one for somebody else', () => sign({ aud: 'grafana' })],
    ['one of another provider', () => sign({ iss: 'https://evil.example' })],
    ['one that names nobody', () => sign({ sub: '' })],
    ['one with another key', () => sign({}, { key: foreignKey })],
    ['one with an unknown key', () => sign({}, { kid: 'k2' })],
    [
      'one that was changed',
      async () => (await sign({})).replace(/\.[^.]+\./, `.${btoa('{"sub":"admin"}')}.`),
    ],
    [
      'one without a signature',
      async () =>
        `${btoa('{"alg":"none"}').replaceAll('=', '')}.${btoa('{"sub":"admin"}').replaceAll('=', '')}.`,
    ],
    [
      'one signed with a shared secret',
      () =>
        new SignJWT({ iss: settings.issuer, aud: settings.audience, exp: now() + 60, sub: 'admin' })
          .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
          .sign(new TextEncoder().encode('x'.repeat(32))),
    ],
  ])('%s', async (_name, make) => {
    await expect(verifyJwt(await make(), settings, keys)).rejects.toThrow();
  });

  test('everything as long as nobody said for whom tokens must be', async () => {
    const token = await sign({});
    await expect(verifyJwt(token, { ...settings, audience: '' }, keys)).rejects.toThrow(
      /AUDIENCE must be set/,
    );
  });
});
