/**
 * Templates of NetFlow version 9 (RFC 3954 section 5) and IPFIX (RFC 7011 section 3.4): what the fields of a data
 * record mean is announced beforehand, per exporter and domain, and may change. Kept in a bounded cache.
 */
import { limits } from '../limits.ts';
import type { DatagramReader } from './datagram.ts';

/** Information elements that become part of a flow (IANA "IPFIX Information Elements"; NetFlow 9 uses the same numbers). */
export const Element = {
  octetDeltaCount: 1,
  packetDeltaCount: 2,
  protocolIdentifier: 4,
  tcpControlBits: 6,
  sourceTransportPort: 7,
  sourceIPv4Address: 8,
  destinationTransportPort: 11,
  destinationIPv4Address: 12,
  flowEndSysUpTime: 21,
  flowStartSysUpTime: 22,
  sourceIPv6Address: 27,
  destinationIPv6Address: 28,
  icmpTypeCodeIPv4: 32,
  sourceMacAddress: 56,
  postDestinationMacAddress: 57,
  vlanId: 58,
  destinationMacAddress: 80,
  postSourceMacAddress: 81,
  octetTotalCount: 85,
  packetTotalCount: 86,
  icmpTypeCodeIPv6: 139,
  flowStartSeconds: 150,
  flowEndSeconds: 151,
  flowStartMilliseconds: 152,
  flowEndMilliseconds: 153,
  flowStartMicroseconds: 154,
  flowEndMicroseconds: 155,
  flowStartNanoseconds: 156,
  flowEndNanoseconds: 157,
  flowStartDeltaMicroseconds: 158,
  flowEndDeltaMicroseconds: 159,
  systemInitTimeMilliseconds: 160,
  icmpTypeIPv4: 176,
  icmpCodeIPv4: 177,
  icmpTypeIPv6: 178,
  icmpCodeIPv6: 179,
} as const;

/** Private enterprise number under which RFC 5103 puts the reverse direction of an element. */
export const REVERSE_ENTERPRISE = 29305;
/** A field of this length carries its own (RFC 7011 section 7). */
export const VARIABLE_LENGTH = 0xffff;

export interface TemplateField {
  /** Element number; with `enterprise` 0 one of IANA's. */
  readonly id: number;
  readonly enterprise: number;
  /** Bytes, or VARIABLE_LENGTH. */
  readonly length: number;
}

export interface Template {
  readonly fields: readonly TemplateField[];
  /** The fewest bytes a record can have; 1 at least, so that reading always moves on. */
  readonly bytesMin: number;
  /** Options describe the exporter, not flows. */
  readonly options: boolean;
}

/**
 * Templates by exporter, domain and id, and when each exporter began to count its uptime. When full, new ones are
 * refused and their data counted as unknown.
 */
export class TemplateCache {
  readonly #templates = new Map<string, Template>();
  readonly #initMs = new Map<string, number>();
  refused = 0;

  get size(): number {
    return this.#templates.size;
  }

  get(exporter: string, domain: number, id: number): Template | undefined {
    return this.#templates.get(`${exporter}/${domain}/${id}`);
  }

  /** False when the cache is full. */
  set(exporter: string, domain: number, id: number, template: Template): boolean {
    const key = `${exporter}/${domain}/${id}`;
    if (!this.#templates.has(key) && this.#templates.size >= limits.exporterTemplatesMax) {
      this.refused++;
      return false;
    }
    this.#templates.set(key, template);
    return true;
  }

  /** Start of the exporter's uptime in ms since 1970, as its options told it (IPFIX headers have no uptime). */
  initMs(exporter: string, domain: number): number | undefined {
    return this.#initMs.get(`${exporter}/${domain}`);
  }

  setInitMs(exporter: string, domain: number, initMs: number): void {
    if (this.#initMs.size < limits.exporterTemplatesMax || this.#initMs.has(`${exporter}/${domain}`))
      this.#initMs.set(`${exporter}/${domain}`, initMs);
  }

  /** A withdrawal (RFC 7011 section 8.1). */
  delete(exporter: string, domain: number, id: number): void {
    this.#templates.delete(`${exporter}/${domain}/${id}`);
  }
}

/** Field specifiers of one template; `withEnterprise` where the top bit of an id announces an enterprise number. */
export function readFields(reader: DatagramReader, count: number, withEnterprise: boolean): TemplateField[] {
  const fields: TemplateField[] = [];
  for (let i = 0; i < count && !reader.failed; i++) {
    const id = reader.u16();
    const length = reader.u16();
    const enterprise = withEnterprise && id & 0x8000 ? reader.u32() : 0;
    fields.push({ id: withEnterprise ? id & 0x7fff : id, enterprise, length });
  }
  return fields;
}

export function templateOf(fields: readonly TemplateField[], options: boolean): Template {
  let bytes = 0;
  for (const field of fields) bytes += field.length === VARIABLE_LENGTH ? 1 : field.length;
  return { fields, bytesMin: Math.max(1, bytes), options };
}
