/** Requests as OpenTelemetry spans (OTLP in JSON), part of the caller's trace where it sent one (W3C Trace Context). */
import { nanos, resourceOf, type Attribute, type Resource } from './flow-bodies.ts';

export interface Span {
  /** 32 and 16 hexadecimal digits; the parent's is "" for a root. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  /** ms since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly status: number;
  readonly attributes: readonly Attribute[];
}

/** What `traceparent` says; undefined when it is none. */
export function readTraceParent(
  text: string | undefined,
): { readonly traceId: string; readonly parentId: string; readonly isSampled: boolean } | undefined {
  const [, version, traceId, parentId, flags] =
    /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/.exec(text ?? '') ?? [];
  if (traceId === undefined || parentId === undefined || flags === undefined) return undefined;
  if (version === 'ff' || /^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined;
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

const SERVER = 2;
const ERROR = 2;

/** ExportTraceServiceRequest. */
export function otlpTraces(spans: readonly Span[], resource: Resource): string {
  const told = spans.map((span) => ({
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentId !== '' && { parentSpanId: span.parentId }),
    name: span.name,
    kind: SERVER,
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(span.endMs),
    attributes: span.attributes,
    // What a client did wrong is no error of the server's span.
    ...(span.status >= 500 && { status: { code: ERROR } }),
  }));
  const scopeSpans = [{ scope: { name: 'edgedive.requests', version: resource.version }, spans: told }];
  return JSON.stringify({ resourceSpans: [{ resource: resourceOf(resource), scopeSpans }] });
}
