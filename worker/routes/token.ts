/**
 * `/api/token`: tokens for programs and probes. A token is shown once, when it is made; what is kept is its digest.
 * Administrators see all of them, others those that they made.
 */
import { z } from '@hono/zod-openapi';
import { readTokenRequest } from '../../core/auth/token-request.ts';
import type { Principal } from '../../core/auth/principal.ts';
import type { App, AppContext } from '../app.ts';
import { ApiError } from '../errors.ts';
import { registryOf } from '../objects/stubs.ts';
import type { StoredToken } from '../store/token-store.ts';
import { asMalformed, jsonAnswer, mount, readResource, refusals } from './rest.ts';

const members = {
  ID: z.string(),
  Name: z.string(),
  Roles: z.array(z.string()),
  Scopes: z.array(z.string()).nullable().openapi({ description: 'null: everything that the roles may' }),
  HostID: z
    .string()
    .openapi({ description: 'The one host that a probe with this token speaks for; or empty' }),
  CreatedBy: z.string(),
  CreatedAt: z.iso.datetime(),
  ExpiresAt: z.iso.datetime().nullable(),
};
const tokenSchema = z.object({ ...members, LastUsedAt: z.iso.datetime().nullable() }).openapi('Token');
const madeSchema = z
  .object({ ...members, Token: z.string().openapi({ description: 'Shown this once' }) })
  .openapi('MadeToken');
const requestSchema = z
  .object({
    Name: z.string().openapi({ example: 'grafana' }),
    Roles: z.array(z.string()).optional().openapi({ description: 'Those of who asks, when absent' }),
    Scopes: z
      .array(z.string())
      .optional()
      .openapi({ example: ['topology:read', 'capture:*'] }),
    ExpiresIn: z.string().optional().openapi({ description: 'A Go duration', example: '720h' }),
    HostID: z.string().optional().openapi({ description: 'Makes a credential for the probe of this host' }),
  })
  .openapi('TokenRequest');

const timeOf = (ms: number | undefined): string | null =>
  ms === undefined ? null : new Date(ms).toISOString();

function shown(token: StoredToken): Record<string, unknown> {
  return {
    ID: token.id,
    Name: token.name,
    Roles: token.roles,
    Scopes: token.scopes ?? null,
    HostID: token.hostId,
    CreatedBy: token.createdBy,
    CreatedAt: timeOf(token.createdMs),
    ExpiresAt: timeOf(token.expiresMs),
  };
}

const isAdmin = ({ roles, scopes }: Principal): boolean => roles.includes('admin') && scopes === undefined;

/** The token of the path, when whoever asks may see it. Throws ApiError 404. */
async function tokenOf(c: AppContext): Promise<StoredToken> {
  const id = c.req.param('id') ?? '';
  const token = await registryOf(c.env).getToken(id);
  const who = c.get('principal');
  if (token === undefined || (!isAdmin(who) && token.createdBy !== who.name))
    throw new ApiError('unknownResource', `Token '${id}' not found`);
  return token;
}

async function make(c: AppContext): Promise<Response> {
  const who = c.get('principal');
  const input = await readResource(c);
  const request = asMalformed(() => readTokenRequest(input, who));
  if ('refused' in request) throw new ApiError('forbidden', request.refused);
  if ('errors' in request) throw new ApiError('invalidResource', request.errors.join('\n'));
  const made = await registryOf(c.env).makeToken({ ...request, isSession: false, createdBy: who.name });
  if (!made.ok) throw new ApiError('registryFull', made.text);
  return jsonAnswer(c, { ...shown(made.token), Token: made.text }, 201);
}

export function mountToken(app: App): void {
  const common = { tags: ['Tokens'] };
  const params = z.object({ id: z.string().openapi({ description: 'Id of the token' }) });
  const one = { description: 'The token', content: { 'application/json': { schema: tokenSchema } } };
  const withUse = (token: StoredToken) => ({ ...shown(token), LastUsedAt: timeOf(token.lastUsedMs) });
  mount(
    app,
    {
      ...common,
      needs: { object: 'token', action: 'read' },
      method: 'get',
      path: '/api/token',
      operationId: 'listTokens',
      summary: 'List tokens',
      responses: {
        200: {
          description: 'Tokens, by id',
          content: { 'application/json': { schema: z.record(z.string(), tokenSchema).openapi('Tokens') } },
        },
      },
    },
    async (c) => {
      const who = c.get('principal');
      const tokens = await registryOf(c.env).listTokens();
      const seen = tokens.filter(({ createdBy }) => isAdmin(who) || createdBy === who.name);
      return jsonAnswer(c, Object.fromEntries(seen.map((token) => [token.id, withUse(token)])));
    },
  );
  mount(
    app,
    {
      ...common,
      needs: { object: 'token', action: 'write' },
      method: 'post',
      path: '/api/token',
      operationId: 'createToken',
      summary: 'Make a token',
      request: { body: { required: true, content: { 'application/json': { schema: requestSchema } } } },
      responses: {
        201: { description: 'Made', content: { 'application/json': { schema: madeSchema } } },
        ...refusals(400, 413, 507),
      },
    },
    make,
  );
  mount(
    app,
    {
      ...common,
      needs: { object: 'token', action: 'read' },
      method: 'get',
      path: '/api/token/{id}',
      operationId: 'getToken',
      summary: 'Get a token, without its secret',
      request: { params },
      responses: { 200: one, ...refusals(404) },
    },
    async (c) => jsonAnswer(c, withUse(await tokenOf(c))),
  );
  mount(
    app,
    {
      ...common,
      needs: { object: 'token', action: 'write' },
      method: 'delete',
      path: '/api/token/{id}',
      operationId: 'deleteToken',
      summary: 'Revoke a token; connections opened with it end',
      request: { params },
      responses: { 200: { description: 'Revoked' }, ...refusals(404) },
    },
    async (c) => {
      const { id } = await tokenOf(c);
      await registryOf(c.env).revokeToken(id);
      return new Response('', { headers: { 'Content-Type': 'text/plain' } });
    },
  );
}
