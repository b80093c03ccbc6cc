/** `/metrics`: the figures of `/api/status` as Prometheus scrapes them. */
import { z } from '@hono/zod-openapi';
import { analyzerFamilies } from '../../core/metrics/analyzer-figures.ts';
import { exposition, EXPOSITION_TYPE } from '../../core/metrics/exposition.ts';
import type { App } from '../app.ts';
import { figuresOf } from './status.ts';
import { version } from './info.ts';
import { mount } from './rest.ts';

export function mountMetrics(app: App): void {
  mount(
    app,
    {
      needs: { object: 'status', action: 'read' },
      method: 'get',
      path: '/metrics',
      operationId: 'getMetrics',
      tags: ['Status'],
      summary: 'Figures for Prometheus',
      responses: {
        200: {
          description: 'Text format 0.0.4',
          content: { 'text/plain': { schema: z.string() } },
        },
      },
    },
    async (c) => {
      const families = analyzerFamilies({ version, ...(await figuresOf(c.env)) });
      return new Response(exposition(families), {
        headers: { 'Content-Type': EXPOSITION_TYPE, 'Cache-Control': 'no-store' },
      });
    },
  );
}
