/** Where an analyzer tells its flows besides, as its variables say it (docs/export.md). */
import { variableReader } from '../config/variables.ts';

export interface ExportTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ExportSettings {
  /** Of OTLP, without `/v1/logs`; undefined for none. */
  readonly otlp: ExportTarget | undefined;
  /** A topic of a REST proxy of Kafka. */
  readonly kafka: ExportTarget | undefined;
  /** What was wrong with the variables; then nothing is told there. */
  readonly faults: readonly string[];
}

/** Variables that are absent or empty tell nobody. */
export function readExportSettings(variables: {
  readonly EDGEDIVE_OTLP?: string;
  readonly EDGEDIVE_OTLP_HEADERS?: string;
  readonly EDGEDIVE_KAFKA?: string;
  readonly EDGEDIVE_KAFKA_HEADERS?: string;
}): ExportSettings {
  const { orDefault, faults } = variableReader(variables);
  const target = (
    url: 'EDGEDIVE_OTLP' | 'EDGEDIVE_KAFKA',
    headers: 'EDGEDIVE_OTLP_HEADERS' | 'EDGEDIVE_KAFKA_HEADERS',
  ): ExportTarget | undefined => {
    const known = orDefault<string | undefined>(url, urlOf, undefined);
    const more = orDefault<Readonly<Record<string, string>>>(headers, headersOf, {});
    return known === undefined ? undefined : { url: known, headers: more };
  };
  const otlp = target('EDGEDIVE_OTLP', 'EDGEDIVE_OTLP_HEADERS');
  const kafka = target('EDGEDIVE_KAFKA', 'EDGEDIVE_KAFKA_HEADERS');
  return { otlp, kafka, faults };
}

/** Without a slash at its end. Throws. */
function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new Error('not an http or https URL');
  if (url.username !== '' || url.password !== '') throw new Error('credentials go into the headers');
  return text.replace(/\/+$/, '');
}

/** `name=value,name=value`, values percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS has them. Throws, without the values. */
function headersOf(text: string): Readonly<Record<string, string>> {
  const headers = text.split(',').map((part) => {
    const [, name, value] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (name === undefined || value === undefined) throw new Error('name=value, with commas between them');
    try {
      return [name, decodeURIComponent(value)] as const;
    } catch {
      throw new Error(`the value of ${name} is not percent-encoded`);
    }
  });
  return Object.fromEntries(headers);
}
