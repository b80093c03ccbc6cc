/** The part of the table of settings (settings.ts) that says who is told flows besides the analyzer. */
import type { Setting } from './settings.ts';

export const EXPORT_SETTINGS: readonly Setting[] = [
  {
    key: 'export.otlp',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_OTLP',
    readBy: 'analyzer',
    text: 'URL of an OpenTelemetry collector (OTLP over HTTP, without /v1/…) that is told flows as logs and requests as traces',
  },
  {
    key: 'export.otlp_headers',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_OTLP_HEADERS',
    isSecret: true,
    readBy: 'analyzer',
    text: 'headers for it: name=value, with commas between them, values percent-encoded',
  },
  {
    key: 'export.kafka',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_KAFKA',
    readBy: 'analyzer',
    text: 'URL of a topic at a REST proxy of Kafka (http://HOST:8082/topics/NAME) that is told flows',
  },
  {
    key: 'export.kafka_headers',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_KAFKA_HEADERS',
    isSecret: true,
    readBy: 'analyzer',
    text: 'headers for it, likewise',
  },
  {
    key: 'export.ipfix',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_IPFIX',
    readBy: 'probe',
    text: 'HOST:PORT of a collector that probes tell their flows too, by IPFIX over UDP',
  },
  {
    key: 'export.ipfix_domain',
    type: 'count',
    default: '0',
    variable: 'EDGEDIVE_IPFIX_DOMAIN',
    readBy: 'probe',
    text: 'observation domain in what they tell',
  },
];
