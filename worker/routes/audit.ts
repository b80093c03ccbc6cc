/** `/api/audit`: who changed what, and who was refused, newest first. */
import { z } from '@hono/zod-openapi';
import { DurationError, parseGoDuration } from '../../core/go-duration.ts';
import { limits } from '../../core/limits.ts';
import type { App, AppContext } from '../app.ts';
import { ApiError } from '../errors.ts';
import { flushAudit } from '../middleware/audit.ts';
import { registryOf } from '../objects/stubs.ts';
import { jsonAnswer, mount, refusals } from './rest.ts';

const entrySchema = z
  .object({
    Time: z.iso.datetime(),
    Name: z.string(),
    Kind: z.string(),
    Address: z.string(),
    Method: z.string(),
    Path: z.string(),
    Object: z.string(),
    Action: z.string(),
    Status: z.int().openapi({ description: '0 while it is not known how it ended' }),
    RequestId: z.string(),
  })
  .openapi('AuditEntry');

const text = (description: string, example?: string) =>
  z
    .string()
    .optional()
    .openapi({ description, ...(example !== undefined && { example }) });

export function mountAudit(app: App): void {
  mount(
    app,
    {
      needs: { object: 'audit', action: 'read' },
      method: 'get',
      path: '/api/audit',
      operationId: 'getAudit',
      tags: ['Tokens'],
      summary: 'Who changed what, and who was refused',
      request: {
        query: z.object({
          since: text('RFC 3339, or a Go duration before now', '1h'),
          until: text('RFC 3339, or a Go duration before now'),
          user: text('Only of this name'),
          object: text('Only about this', 'capture'),
          limit: text('Entries of a page', '100'),
          after: text('What Next of the page before says'),
        }),
      },
      responses: {
        200: {
          description: 'Entries, newest first',
          content: {
            'application/json': {
              schema: z
                .object({ Entries: z.array(entrySchema), Next: z.string().nullable() })
                .openapi('AuditPage'),
            },
          },
        },
        ...refusals(400),
      },
    },
    show,
  );
}

async function show(c: AppContext): Promise<Response> {
  // What this isolate has gathered is part of the answer.
  await flushAudit(c.env);
  const page = await registryOf(c.env).findAudit({
    sinceMs: timeOf(c, 'since', 0),
    untilMs: timeOf(c, 'until', Number.MAX_SAFE_INTEGER),
    user: c.req.query('user') ?? '',
    object: c.req.query('object') ?? '',
    limit: numberOf(c, 'limit', 100, limits.auditPageMax),
    before: numberOf(c, 'after', 0, Number.MAX_SAFE_INTEGER),
  });
  return jsonAnswer(c, {
    Entries: page.entries.map((entry) => ({
      Time: new Date(entry.timeMs).toISOString(),
      Name: entry.name,
      Kind: entry.kind,
      Address: entry.address,
      Method: entry.method,
      Path: entry.path,
      Object: entry.object,
      Action: entry.action,
      Status: entry.status,
      RequestId: entry.requestId,
    })),
    Next: page.next === 0 ? null : String(page.next),
  });
}

function timeOf(c: AppContext, name: string, otherwise: number): number {
  const given = c.req.query(name) ?? '';
  if (given === '') return otherwise;
  const time = Date.parse(given);
  if (/^\d{4}-/.test(given) && !Number.isNaN(time)) return time;
  try {
    return Date.now() - parseGoDuration(given);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new ApiError('invalidPage', `${name}: expected RFC 3339 or a duration: ${error.message}`);
  }
}

function numberOf(c: AppContext, name: string, otherwise: number, most: number): number {
  const given = c.req.query(name) ?? '';
  if (given === '') return otherwise;
  const value = Number(given);
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new ApiError('invalidPage', `${name}: expected a whole number from 1 to ${most}`);
}
