/** `/api`: who answers. Pages poll it, because it costs nothing. */
import { z } from '@hono/zod-openapi';
import { version } from '../../package.json';
import type { App } from '../app.ts';
import { jsonAnswer, mount } from './rest.ts';

export { version };

const infoSchema = z
  .object({ Host: z.string(), Version: z.string(), Service: z.enum(['analyzer', 'agent']) })
  .openapi('Info');

export function mountInfo(app: App): void {
  mount(
    app,
    {
      needs: 'public',
      method: 'get',
      path: '/api',
      operationId: 'getApi',
      tags: ['API Info'],
      summary: 'Host, version and kind of this service',
      responses: {
        200: { description: 'Who answers', content: { 'application/json': { schema: infoSchema } } },
      },
    },
    (c) => jsonAnswer(c, { Host: c.env.EDGEDIVE_HOST_ID, Version: version, Service: 'analyzer' }),
  );
}
