/**
 * `/swagger.json` (R79) and `/openapi.json`: every mounted route is described and nothing else, and what the routes
 * really answer fits the schemas. That the document is valid Swagger is checked in test/conformance.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import app from '../../../worker/index.ts';
import { call, get, post } from '../http.ts';

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly responses: Readonly<Record<string, { readonly schema?: object }>>;
}
interface Swagger {
  readonly swagger: string;
  readonly basePath: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly definitions: Readonly<Record<string, object>>;
}

let swagger: Swagger;
beforeAll(async () => {
  swagger = JSON.parse((await get('/swagger.json')).text) as Swagger;
});

/** `GET /api/capture/{id}` of everything mounted that is REST. Routes of the empty id are no part of the contract. */
function mounted(): string[] {
  const routes = app.routes.filter(
    ({ method, path }) =>
      method !== 'ALL' && !path.startsWith('/ws/') && !path.endsWith('/') && !isPage(method, path),
  );
  return [
    ...new Set(routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)\{[^}]*\}/g, '{$1}')}`)),
  ].toSorted();
}

/** For people: no part of the API. */
function isPage(method: string, path: string): boolean {
  return /^\/(docs|ui|ui_v2|extra-statics)(\/|$)/.test(path) || (path === '/login' && method !== 'POST');
}

function described(paths: Swagger['paths'], basePath: string): string[] {
  return Object.entries(paths)
    .flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${basePath}${path === '/' ? '' : path}`),
    )
    .toSorted();
}

describe('/swagger.json', () => {
  test('is Swagger 2.0, also under /api', async () => {
    expect([swagger.swagger, swagger.basePath]).toEqual(['2.0', '/api']);
    expect((await get('/api/swagger.json')).text).toBe((await get('/swagger.json')).text);
  });

  test('describes every mounted route under /api and no other (R79)', () => {
    expect(described(swagger.paths, swagger.basePath)).toEqual(
      mounted().filter((route) => route.includes(' /api')),
    );
  });

  test('names operations as the reference does, each once', () => {
    const ids = Object.values(swagger.paths).flatMap((item) =>
      Object.values(item).map((one) => one.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining([
        'getApi',
        'getStatus',
        'getTopology',
        'searchTopology',
        'listCaptures',
        'getCapture',
        'createCapture',
        'deleteCapture',
        'modifyCapture',
      ]),
    );
  });

  test('says 201 for creates, where the reference’s file says 200', () => {
    expect(Object.keys(swagger.paths['/capture']!['post']!.responses)).toContain('201');
    expect(Object.keys(swagger.paths['/capture']!['post']!.responses)).not.toContain('200');
  });

  test('declares the header of the time to live, and the id in the path', () => {
    expect(swagger.paths['/capture']!['post']!.parameters).toContainEqual(
      expect.objectContaining({ in: 'header', name: 'X-Resource-TTL' }),
    );
    expect(swagger.paths['/capture/{id}']!['get']!.parameters).toContainEqual(
      expect.objectContaining({ in: 'path', name: 'id', required: true }),
    );
  });

  test('has the reference’s definitions', () => {
    expect(Object.keys(swagger.definitions)).toEqual(
      expect.arrayContaining([
        'Info',
        'AnalyzerStatus',
        'TopologyParams',
        'Capture',
        'Captures',
        'Node',
        'Edge',
        'AnyValue',
        'QueryPlan',
      ]),
    );
  });

  describe('fits what is answered:', () => {
    /** A schema of the document as a check; references are resolved, nullable is understood. */
    function inlined(schema: unknown): unknown {
      if (Array.isArray(schema)) return schema.map(inlined);
      if (typeof schema !== 'object' || schema === null) return schema;
      const { $ref, 'x-nullable': nullable, ...rest } = schema as Record<string, unknown>;
      if (typeof $ref === 'string') return inlined(swagger.definitions[$ref.replace('#/definitions/', '')]);
      const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, inlined(value)]));
      return nullable === true ? { anyOf: [plain, { type: 'null' }] } : plain;
    }

    function expectFit(path: string, method: string, status: number, text: string): void {
      const { schema } = swagger.paths[path]![method]!.responses[String(status)]!;
      expect(schema, `${method} ${path} describes the body of ${status}`).toBeDefined();
      const check = z.fromJSONSchema(inlined(schema) as Parameters<typeof z.fromJSONSchema>[0]);
      const result = check.safeParse(JSON.parse(text));
      expect(result.success ? '' : z.prettifyError(result.error)).toBe('');
    }

    test.each(['/', '/status', '/topology', '/capture'])('GET %s', async (path) => {
      const reply = await get(path === '/' ? '/api' : `/api${path}`);
      expectFit(path, 'get', reply.status, reply.text);
    });

    test('a QueryPlan', async () => {
      const reply = await post('/api/topology?explain=1', {
        GremlinQuery: "G.Flows().Has('Last', Gt(1)).Count()",
      });
      const check = z.fromJSONSchema(
        inlined(swagger.definitions['QueryPlan']) as Parameters<typeof z.fromJSONSchema>[0],
      );
      const result = check.safeParse(JSON.parse(reply.text));
      expect(result.success ? '' : z.prettifyError(result.error)).toBe('');
    });

    test('POST /topology', async () => {
      const reply = await post('/api/topology', { GremlinQuery: 'G' });
      expectFit('/topology', 'post', reply.status, reply.text);
    });

    test('captures, created and read', async () => {
      const created = await post('/api/capture', {
        GremlinQuery: 'G.V()',
        Type: 'afpacket',
        ExtraLayers: 255,
      });
      expectFit('/capture', 'post', created.status, created.text);
      const { UUID } = JSON.parse(created.text) as { UUID: string };
      const one = await get(`/api/capture/${UUID}`);
      expectFit('/capture/{id}', 'get', one.status, one.text);
      const list = await get('/api/capture');
      expectFit('/capture', 'get', list.status, list.text);
      expect((await call('DELETE', `/api/capture/${UUID}`)).status).toBe(200);
    });

    test('and would not fit something else', () => {
      expect(() => expectFit('/', 'get', 200, '{"Host":1}')).toThrow();
    });
  });
});

interface Refusal {
  readonly headers: Readonly<Record<string, { readonly schema: { readonly enum: readonly string[] } }>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

describe('/openapi.json', () => {
  test('is OpenAPI 3.1 and describes every mounted REST route', async () => {
    const reply = await get('/openapi.json');
    const document = JSON.parse(reply.text) as { openapi: string; paths: Swagger['paths'] };
    expect(document.openapi).toBe('3.1.0');
    expect(described(document.paths, '')).toEqual(mounted());
  });

  test('documents the code of each refusal, and JSON where a refused query is explained', async () => {
    const { paths } = JSON.parse((await get('/openapi.json')).text) as {
      paths: Record<string, Record<string, { responses: Record<string, Refusal> }>>;
    };
    const refusals = Object.values(paths).flatMap((item) =>
      Object.values(item).flatMap(({ responses }) =>
        Object.entries(responses).filter(
          ([status, { content = {} }]) => status >= '400' && 'text/plain' in content,
        ),
      ),
    );
    expect(refusals.length).toBeGreaterThan(100);
    for (const [, { headers }] of refusals)
      expect(headers['X-Edgedive-Error']!.schema.enum.length).toBeGreaterThan(0);
    const refused = paths['/api/topology']!['post']!.responses['400']!;
    expect(Object.keys(refused.content ?? {})).toEqual(['text/plain', 'application/json']);
    const reply = await post('/api/topology?explain=1', { GremlinQuery: 'G.V(' });
    expect(reply.headers.get('X-Edgedive-Error')).toBe('invalidQuery');
    expect(refused.headers['X-Edgedive-Error']!.schema.enum).toContain('invalidQuery');
  });
});
