/** Spans of requests, and the trace that a caller asks them to be part of (W3C Trace Context, section 3.2). */
import { expect, test } from 'vitest';
import { otlpTraces, readTraceParent } from '../../../core/export/spans.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

test.each<[string | undefined, object | undefined]>([
  [`00-${TRACE}-${PARENT}-01`, { traceId: TRACE, parentId: PARENT, isSampled: true }],
  [`00-${TRACE}-${PARENT}-00`, { traceId: TRACE, parentId: PARENT, isSampled: false }],
  [`01-${TRACE}-${PARENT}-03-more`, { traceId: TRACE, parentId: PARENT, isSampled: true }],
  [`ff-${TRACE}-${PARENT}-01`, undefined],
  [`00-${'0'.repeat(32)}-${PARENT}-01`, undefined],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
  [`00-${TRACE.toUpperCase()}-${PARENT}-01`, undefined],
  ['', undefined],
  [undefined, undefined],
])('traceparent %s', (text, read) => {
  expect(readTraceParent(text)).toEqual(read);
});

test('a span is spelled as OTLP has it', () => {
  const span = {
    traceId: TRACE,
    spanId: PARENT,
    parentId: '',
    name: 'GET /api',
    startMs: 1_795_440_000_000.5,
    endMs: 1_795_440_000_010,
    status: 503,
    attributes: [],
  };
  const told = JSON.parse(
    otlpTraces([span, { ...span, parentId: 'abcdabcdabcdabcd', status: 404 }], {
      fabric: 'main',
      hostId: 'h',
      version: '1',
    }),
  ) as {
    resourceSpans: { scopeSpans: { spans: object[] }[] }[];
  };
  const [first, second] = told.resourceSpans[0]!.scopeSpans[0]!.spans;
  expect(first).toEqual({
    traceId: TRACE,
    spanId: PARENT,
    name: 'GET /api',
    kind: 2,
    startTimeUnixNano: '1795440000001000000',
    endTimeUnixNano: '1795440000010000000',
    attributes: [],
    status: { code: 2 },
  });
  expect(second).toMatchObject({ parentSpanId: 'abcdabcdabcdabcd' });
  expect(second).not.toHaveProperty('status');
});
