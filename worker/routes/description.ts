/**
 * The API described by its own routes: `/swagger.json` and `/api/swagger.json` as Swagger 2.0, the reference's form,
 * `/openapi.json` as OpenAPI 3.1. Made once an isolate, when first asked for.
 */
import { z } from '@hono/zod-openapi';
import { apiPage, type OpenApi } from '../../core/wire/api-page.ts';
import { toSwagger2, type OpenApi3 } from '../../core/wire/swagger.ts';
import type { App } from '../app.ts';
import { version } from './info.ts';
import { htmlAnswer, jsonAnswer, mount } from './rest.ts';

const info = {
  title: 'Edgedive API',
  version,
  description:
    'Network topology and flow analyzer. Refusals are plain text; X-Edgedive-Error holds their code.',
  license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
};

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

export function mountDescription(app: App): void {
  const registry = app.openAPIRegistry;
  registry.registerComponent('securitySchemes', 'basicAuth', { type: 'http', scheme: 'basic' });
  registry.registerComponent('securitySchemes', 'authToken', {
    type: 'apiKey',
    in: 'header',
    name: 'X-Auth-Token',
  });
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  const swagger = once(() => {
    const document = app.getOpenAPIDocument({ openapi: '3.0.3', info });
    return toSwagger2(document as unknown as OpenApi3, '/api');
  });
  const openapi = once(() => app.getOpenAPI31Document({ openapi: '3.1.0', info }));
  const described = [
    { path: '/swagger.json', operationId: 'getSwagger', form: 'Swagger 2.0', document: swagger },
    { path: '/api/swagger.json', operationId: 'getApiSwagger', form: 'Swagger 2.0', document: swagger },
    { path: '/openapi.json', operationId: 'getOpenApi', form: 'OpenAPI 3.1', document: openapi },
  ];
  for (const { path, operationId, form, document } of described)
    mount(
      app,
      {
        needs: 'public',
        method: 'get',
        path,
        operationId,
        tags: ['API Info'],
        summary: `This description, as ${form}`,
        responses: {
          200: { description: form, content: { 'application/json': { schema: z.looseObject({}) } } },
        },
      },
      (c) => jsonAnswer(c, document()),
    );
  const page = once(() => apiPage(openapi() as unknown as OpenApi));
  app.get('/docs', () => htmlAnswer(page()));
}
