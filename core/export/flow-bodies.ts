/**
 * Flow messages as bodies of POST requests: OTLP's logs in JSON (OpenTelemetry Protocol 1.x; attributes by its semantic conventions where there
 * are some), and records for Kafka through a REST proxy (Confluent's API, version 2).
 */
import { FlowProtocol, type Flow, type FlowMetric } from '../../proto/gen/flow.ts';
import { flowToJson } from '../wire/flow-json.ts';

export interface Resource {
  readonly fabric: string;
  readonly hostId: string;
  readonly version: string;
}

/** One flow message, and the host whose probe told it. */
export interface ToldFlow {
  readonly host: string;
  readonly flow: Flow;
}

export interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

const text = (key: string, value: string): Attribute[] =>
  value === '' ? [] : [{ key, value: { stringValue: value } }];
/** Numbers of 64 bits are texts in OTLP's JSON. */
const number = (key: string, value: number): Attribute[] => [{ key, value: { intValue: String(value) } }];

/** What every record of the analyzer shares. */
export function resourceOf({ fabric, hostId, version }: Resource): object {
  return {
    attributes: [
      ...text('service.name', 'edgedive'),
      ...text('service.namespace', fabric),
      ...text('service.instance.id', hostId),
      ...text('service.version', version),
    ],
  };
}

const TRANSPORT: Readonly<Partial<Record<FlowProtocol, string>>> = {
  [FlowProtocol.TCP]: 'tcp',
  [FlowProtocol.UDP]: 'udp',
  [FlowProtocol.SCTP]: 'sctp',
};

/** ms since 1970 as OTLP's nanoseconds. */
export const nanos = (ms: number): string => `${BigInt(Math.round(ms)) * 1_000_000n}`;

function attributesOf({ host, flow }: ToldFlow): Attribute[] {
  const { Network, Transport, Link } = flow;
  const growth: Partial<FlowMetric> = flow.LastUpdateMetric ?? flow.Metric ?? {};
  const isIp = Network?.Protocol === FlowProtocol.IPV4 || Network?.Protocol === FlowProtocol.IPV6;
  return [
    ...text('source.address', Network?.A ?? Link?.A ?? ''),
    ...text('destination.address', Network?.B ?? Link?.B ?? ''),
    ...(Transport === undefined
      ? []
      : [...number('source.port', Transport.A), ...number('destination.port', Transport.B)]),
    ...text('network.transport', TRANSPORT[Transport?.Protocol ?? FlowProtocol.ETHERNET] ?? ''),
    ...text('network.type', isIp ? (Network?.Protocol === FlowProtocol.IPV6 ? 'ipv6' : 'ipv4') : ''),
    ...text('network.protocol.name', flow.Application.toLowerCase()),
    ...text('host.name', host),
    ...text('flow.id', flow.UUID),
    ...text('flow.tracking_id', flow.TrackingID),
    ...text('flow.node_tid', flow.NodeTID),
    ...text('flow.capture_id', flow.CaptureID),
    ...text('flow.layers', flow.LayersPath),
    ...number('flow.start', flow.Start),
    ...number('flow.ab.packets', growth.ABPackets ?? 0),
    ...number('flow.ab.bytes', growth.ABBytes ?? 0),
    ...number('flow.ba.packets', growth.BAPackets ?? 0),
    ...number('flow.ba.bytes', growth.BABytes ?? 0),
  ];
}

/** ExportLogsServiceRequest. Counters are what the flow grew by since it was told last. */
export function otlpLogs(flows: readonly ToldFlow[], resource: Resource, nowMs: number): string {
  const logRecords = flows.map((told) => ({
    timeUnixNano: nanos(told.flow.Last),
    observedTimeUnixNano: nanos(nowMs),
    severityNumber: 9,
    severityText: 'INFO',
    eventName: 'network.flow',
    body: {
      stringValue: `${told.flow.Network?.A ?? told.flow.Link?.A ?? '?'} -> ${told.flow.Network?.B ?? told.flow.Link?.B ?? '?'} ${told.flow.Application}`,
    },
    attributes: attributesOf(told),
  }));
  const scopeLogs = [{ scope: { name: 'edgedive.flows', version: resource.version }, logRecords }];
  return JSON.stringify({ resourceLogs: [{ resource: resourceOf(resource), scopeLogs }] });
}

/** `{"records":[{"key":…,"value":…}]}`: flows as the API spells them, all messages of one in one partition. */
export function kafkaRecords(flows: readonly ToldFlow[]): string {
  const records = flows.map(({ flow }) => `{"key":${JSON.stringify(flow.UUID)},"value":${flowToJson(flow)}}`);
  return `{"records":[${records.join(',')}]}`;
}

export const KAFKA_TYPE = 'application/vnd.kafka.json.v2+json';

/** How many of the records the proxy took, by its answer: each has an offset or an error. */
export function kafkaTaken(answer: string, sent: number): number {
  try {
    const { offsets } = JSON.parse(answer) as { readonly offsets?: unknown };
    if (!Array.isArray(offsets)) return sent;
    const refused = (offsets as ({ readonly error_code?: unknown } | null)[]).filter(
      (one) => typeof one?.error_code === 'number',
    );
    return sent - refused.length;
  } catch {
    return sent;
  }
}

/** How many log records a collector did not take although it answered 200 (OTLP: partial success). */
export function otlpTaken(answer: string, sent: number): number {
  try {
    const { partialSuccess } = JSON.parse(answer) as {
      readonly partialSuccess?: { readonly rejectedLogRecords?: unknown };
    };
    const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
    return rejected > 0 ? Math.max(0, sent - rejected) : sent;
  } catch {
    return sent;
  }
}
