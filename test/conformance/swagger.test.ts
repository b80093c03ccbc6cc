/**
 * R79: the document that the Worker serves is valid Swagger 2.0, and its OpenAPI sibling is valid too. Here and not
 * with the other route tests, because the validator needs Node. The routes run as they are; only the base class of
 * the objects, which no description needs, is not to be had in Node.
 */
import SwaggerParser from '@apidevtools/swagger-parser';
import { beforeAll, describe, expect, test, vi } from 'vitest';

vi.mock('cloudflare:workers', () => ({ DurableObject: Object }));

interface Analyzer {
  request(path: string, init: object, env: object): Promise<Response>;
}
let analyzer: Analyzer;
const env = { EDGEDIVE_ALLOWED_HOSTS: 'localhost', EDGEDIVE_ALLOWED_ORIGINS: '*' };

async function documentAt(path: string): Promise<Parameters<typeof SwaggerParser.validate>[0]> {
  const reply = await analyzer.request(path, {}, env);
  expect(reply.status).toBe(200);
  return (await reply.json()) as Parameters<typeof SwaggerParser.validate>[0];
}

beforeAll(async () => {
  // Not a literal: the types of the Workers runtime and those of Node exclude each other in one program.
  const entry = '../../worker/index.ts';
  analyzer = ((await import(entry)) as { default: Analyzer }).default;
});

describe('the description of the API', () => {
  test.each(['/swagger.json', '/api/swagger.json', '/openapi.json'])('%s is valid', async (path) => {
    await expect(SwaggerParser.validate(await documentAt(path))).resolves.toBeDefined();
  });

  test('would be refused with a fault in it', async () => {
    const broken = Object.assign(await documentAt('/swagger.json'), { paths: { '/x': { get: {} } } });
    await expect(SwaggerParser.validate(broken)).rejects.toThrow();
  });
});
