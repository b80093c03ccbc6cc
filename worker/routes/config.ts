/** `/api/config/{key}`: settings that clients of the reference ask for, and our own; never secrets. */
import { z } from '@hono/zod-openapi';
import { configAt, shownConfig } from '../../core/config/shown.ts';
import type { App } from '../app.ts';
import { ApiError } from '../errors.ts';
import { jsonAnswer, mount, refusals } from './rest.ts';

export function mountConfig(app: App): void {
  mount(
    app,
    {
      needs: { object: 'config', action: 'read' },
      method: 'get',
      path: '/api/config/{key}',
      operationId: 'getConfig',
      tags: ['Config'],
      summary: 'A setting',
      request: {
        params: z.object({
          key: z
            .string()
            .openapi({ description: 'Dotted, in any case of letters', example: 'analyzer.listen' }),
        }),
      },
      responses: {
        200: {
          description: 'Its value, or everything below it; an unknown key has the value ""',
          content: { 'application/json': { schema: z.unknown().openapi('AnyValue') } },
        },
        ...refusals(404),
      },
    },
    (c) => {
      const key = c.req.param('key') ?? '';
      if (key.includes('/')) throw new ApiError('unknownRoute', '404 page not found');
      return jsonAnswer(c, configAt(shownConfig({ ...c.env }), key));
    },
  );
  // Without a key there is nothing, under either spelling.
  app.get('/api/config/', () => {
    throw new ApiError('unknownRoute', '404 page not found');
  });
}
