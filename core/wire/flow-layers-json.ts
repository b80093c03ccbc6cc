/**
 * JSON of the optional layers of a flow (DNS, DHCPv4, VRRP) with the member names of release 0.28.0. Every
 * member is left out when zero or empty, except the time of a DNS packet (flow model notes, section 2).
 */
import type { DHCPv4, DNS, DNSResourceRecord, Timestamp, VRRPv2 } from '../../proto/gen/flow.ts';
import { toBase64 } from './go-json.ts';

type JsonObject = Record<string, unknown>;

/** The members of a message that hold something, in the message's order; bytes become base64. */
function withoutZeros(message: object): JsonObject {
  const json: JsonObject = {};
  for (const [name, value] of Object.entries(message) as [string, unknown][]) {
    if (value === 0 || value === '' || value === false || value === undefined) continue;
    if (value instanceof Uint8Array) {
      if (value.length > 0) json[name] = toBase64(value);
    } else if (Array.isArray(value)) {
      if (value.length > 0) json[name] = value;
    } else {
      json[name] = value;
    }
  }
  return json;
}

/** A time as Go prints it: RFC 3339, UTC, up to nine decimals without trailing zeros. */
export function formatTimestamp(time: Timestamp | undefined): string {
  if (time === undefined) return '0001-01-01T00:00:00Z';
  const date = new Date(time.seconds * 1000);
  if (Number.isNaN(date.getTime())) return '0001-01-01T00:00:00Z';
  const fraction = String(time.nanos).padStart(9, '0').replace(/0+$/, '');
  const seconds = date.toISOString().slice(0, -5);
  return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/** The time of an RFC 3339 text, in any zone; undefined for Go's zero time. Throws when it is none. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const milliseconds = parts ? Date.parse(`${parts[1]}${parts[3]}`) : NaN;
  if (Number.isNaN(milliseconds)) throw new Error(`timestamp invalid: ${text}`);
  if (text === '0001-01-01T00:00:00Z') return undefined;
  return { seconds: milliseconds / 1000, nanos: Number((parts?.[2] ?? '').padEnd(9, '0')) };
}

function recordToObject(record: DNSResourceRecord): JsonObject {
  const json = withoutZeros(record);
  if (record.SOA) json['SOA'] = withoutZeros(record.SOA);
  if (record.SRV) json['SRV'] = withoutZeros(record.SRV);
  if (record.MX) json['MX'] = withoutZeros(record.MX);
  if (record.OPT.length > 0) json['OPT'] = record.OPT.map(withoutZeros);
  return json;
}

export function dnsToObject(dns: DNS): JsonObject {
  const json = withoutZeros(dns);
  if (dns.questions.length > 0) json['questions'] = dns.questions.map(withoutZeros);
  for (const section of ['answers', 'authorities', 'additionals'] as const)
    if (dns[section].length > 0) json[section] = dns[section].map(recordToObject);
  delete json['timestamp'];
  json['timestamp'] = formatTimestamp(dns.timestamp);
  return json;
}

export function dhcpv4ToObject(layer: DHCPv4): JsonObject {
  return withoutZeros(layer);
}

export function vrrpToObject(layer: VRRPv2): JsonObject {
  return withoutZeros(layer);
}
