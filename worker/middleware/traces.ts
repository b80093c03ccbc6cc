/**
 * Each request as a span for a collector of OTLP, where one is named: gathered by the isolate and told behind the answers, once a second; what
 * cannot be told is told with the next, as long as there is room. A caller whose trace is not sampled makes none.
 */
import { createMiddleware } from 'hono/factory';
import { version } from '../../package.json';
import { readExportSettings } from '../../core/export/export-settings.ts';
import { otlpTraces, readTraceParent, type Span } from '../../core/export/spans.ts';
import { limits, timings } from '../../core/limits.ts';
import type { AppContext, AppEnv } from '../app.ts';
import { log } from '../log.ts';
import { BehindAnswers } from './behind-answers.ts';
import { count } from './counters.ts';

let held: Span[] = [];
const flush = new BehindAnswers(tell);

export const traces = createMiddleware<AppEnv>(async (c, next) => {
  if ((c.env.EDGEDIVE_OTLP ?? '') === '') return next();
  const parent = readTraceParent(c.req.header('traceparent'));
  const startMs = Date.now();
  await next();
  if (parent?.isSampled === false) return;
  if (held.length >= limits.tracesHeldMax) count(c, 'spansDropped');
  else held.push(spanOf(c, parent, startMs));
  flush.plan(c);
});

function spanOf(c: AppContext, parent: ReturnType<typeof readTraceParent>, startMs: number): Span {
  const { method, path, routePath } = c.req;
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  return {
    traceId: parent?.traceId ?? hex(16),
    spanId: hex(8),
    parentId: parent?.parentId ?? '',
    // The route and not the path: names of spans are few.
    name: routePath === '/*' ? method : `${method} ${routePath.replaceAll(/\{.*?\}/g, '')}`,
    startMs,
    endMs: Date.now(),
    status: c.res.status,
    attributes: [
      text('http.request.method', method),
      text('url.path', path),
      { key: 'http.response.status_code', value: { intValue: String(c.res.status) } },
      text('edgedive.request_id', c.get('requestId')),
    ],
  };
}

function hex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

async function tell(env: Env): Promise<void> {
  const { otlp } = readExportSettings(env);
  if (otlp === undefined || held.length === 0) return;
  const spans = held;
  held = [];
  try {
    const resource = { fabric: env.EDGEDIVE_FABRIC, hostId: env.EDGEDIVE_HOST_ID, version };
    const request = new Request(`${otlp.url}/v1/traces`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'Content-Type': 'application/json', ...otlp.headers },
      body: otlpTraces(spans, resource),
      signal: AbortSignal.timeout(timings.exportMs),
    });
    const answer = await (env.EDGEDIVE_EXPORTS === undefined
      ? fetch(request)
      : env.EDGEDIVE_EXPORTS.fetch(request));
    await answer.body?.cancel();
    if (answer.status === 429 || answer.status >= 500) throw new Error(`answered ${answer.status}`);
    if (!answer.ok) log('warn', 'export', 'traces refused', { status: answer.status });
  } catch (error) {
    held = [...spans, ...held].slice(-limits.tracesHeldMax);
    log('warn', 'export', 'traces not told, they wait', { error });
  }
}
