/** Requests as spans: told behind the answers, in the caller's trace, and never instead of them. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test, vi } from 'vitest';
import app from '../../worker/index.ts';

interface Told {
  readonly url: string;
  readonly spans: readonly {
    readonly name: string;
    readonly traceId: string;
    readonly parentSpanId?: string;
  }[];
}

/** Requests one after the other, and what the collector got of them. */
async function told(
  status: number,
  ...requests: readonly Request[]
): Promise<{ answers: Response[]; told: Told[] }> {
  const got: Told[] = [];
  const receiver = {
    fetch: async (request: Request) => {
      const body = (await request.json()) as { resourceSpans: { scopeSpans: { spans: Told['spans'] }[] }[] };
      got.push({ url: request.url, spans: body.resourceSpans[0]!.scopeSpans[0]!.spans });
      return new Response('', { status });
    },
  };
  const bindings = { ...env, EDGEDIVE_OTLP: 'http://collector:4318', EDGEDIVE_EXPORTS: receiver };
  const answers: Response[] = [];
  const contexts: ExecutionContext[] = [];
  for (const request of requests) {
    const context = createExecutionContext();
    contexts.push(context);
    answers.push(await app.fetch(request, bindings, context));
  }
  await Promise.all(contexts.map((context) => waitOnExecutionContext(context)));
  return { answers, told: got };
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const get = (path: string, headers: Record<string, string> = {}) =>
  new Request(`http://localhost${path}`, { headers });

test('are part of the trace of who asks, named by their route, and go together', async () => {
  const { answers, told: got } = await told(
    200,
    get('/api'),
    get('/api/capture/nothing', { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }),
    get('/api/status', { traceparent: `00-${TRACE}-00f067aa0ba902b7-00` }),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 200]);
  const spans = got.flatMap((one) => one.spans);
  expect(got[0]!.url).toBe('http://collector:4318/v1/traces');
  expect(spans.map(({ name }) => name)).toEqual(['GET /api', 'GET /api/capture/:id']);
  expect(spans[1]).toMatchObject({ traceId: TRACE, parentSpanId: '00f067aa0ba902b7' });
  expect(spans[0]!.traceId).toMatch(/^[\da-f]{32}$/);
});

test('wait while the collector is away', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const away = await told(503, get('/api'));
  expect(away.answers[0]!.status).toBe(200);
  expect(away.told[0]!.spans).toHaveLength(1);
  const back = await told(200, get('/api'));
  expect(back.told[0]!.spans).toHaveLength(2);
});
