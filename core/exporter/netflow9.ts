/**
 * NetFlow version 9 (RFC 3954) and IPFIX (RFC 7011, biflows by RFC 5103): sets of templates and of records shaped by them.
 *
 *   v9:    version(2) count(2) sysUptime(4, ms) seconds(4) sequence(4) sourceId(4), then flow sets
 *   IPFIX: version(2) length(2) exportTime(4, s)       sequence(4) domain(4),   then sets
 *   set:   id(2) length(2, with this header) …           id 0/2 templates, 1/3 options templates, from 256 data
 */
import { limits } from '../limits.ts';
import { DatagramReader, ExportStatus, type ExportedRecord } from './datagram.ts';
import { readInitMs, readRecord, type RecordClock } from './record.ts';
import { readFields, templateOf, type Template, type TemplateCache } from './template.ts';

export interface TemplatedResult {
  /** The first fault met; records before it, and of other sets, are there all the same. */
  status: ExportStatus;
  readonly records: ExportedRecord[];
  /** Sets whose template has not been announced yet. */
  unknownSets: number;
  sequence: number;
  domain: number;
}

const HEADER_BYTES = { v9: 20, ipfix: 16 } as const;

/**
 * One datagram of `exporter` (any text that tells exporters apart). `nowMs` is the time of arrival, against which
 * uptimes are resolved. Never throws.
 */
export function decodeNetflow9(
  datagram: Uint8Array,
  exporter: string,
  templates: TemplateCache,
  nowMs: number,
): TemplatedResult {
  const reader = new DatagramReader(datagram);
  const result: TemplatedResult = {
    status: ExportStatus.ok,
    records: [],
    unknownSets: 0,
    sequence: 0,
    domain: 0,
  };
  const version = reader.u16();
  if (version !== 9 && version !== 10) return { ...result, status: ExportStatus.version };
  const ipfix = version === 10;
  const length = reader.u16(); // v9: a count of records, which nothing needs
  const uptimeMs = ipfix ? undefined : reader.u32();
  reader.skip(4); // export time: the time of arrival is used instead
  result.sequence = reader.u32();
  result.domain = reader.u32();
  if (reader.failed) return { ...result, status: ExportStatus.truncated };
  if (ipfix) {
    if (length < HEADER_BYTES.ipfix) return { ...result, status: ExportStatus.malformed };
    if (length > datagram.length) result.status = ExportStatus.truncated;
    reader.end = Math.min(length, datagram.length);
  }
  const clock: RecordClock = { nowMs, uptimeMs, initMs: templates.initMs(exporter, result.domain) };
  const end = reader.end;
  while (end - reader.at >= 4) {
    const id = reader.u16();
    const setLength = reader.u16();
    const next = reader.at - 4 + setLength;
    if (setLength < 4 || next > end) return { ...result, status: ExportStatus.truncated };
    reader.end = next;
    readSet(reader, { id, ipfix, exporter, templates, clock, result });
    if (reader.failed && result.status === ExportStatus.ok) result.status = ExportStatus.malformed;
    reader.failed = false;
    reader.end = end;
    reader.at = next;
  }
  return result;
}

interface SetContext {
  readonly id: number;
  readonly ipfix: boolean;
  readonly exporter: string;
  readonly templates: TemplateCache;
  readonly clock: RecordClock;
  readonly result: TemplatedResult;
}

function readSet(reader: DatagramReader, set: SetContext): void {
  const [templateSet, optionsSet] = set.ipfix ? [2, 3] : [0, 1];
  if (set.id === templateSet) readTemplates(reader, set);
  else if (set.id === optionsSet) readOptionsTemplates(reader, set);
  else if (set.id >= 256) readData(reader, set);
}

function keep(set: SetContext, id: number, fields: ReturnType<typeof readFields>, options: boolean): void {
  const kept = set.templates.set(set.exporter, set.result.domain, id, templateOf(fields, options));
  if (!kept && set.result.status === ExportStatus.ok) set.result.status = ExportStatus.templatesFull;
}

function readTemplates(reader: DatagramReader, set: SetContext): void {
  while (reader.left >= 4) {
    const id = reader.u16();
    const count = reader.u16();
    if (id < 256 || count > limits.exporterTemplateFieldsMax) {
      // Zero is the padding of version 9; anything else cannot be followed further.
      reader.failed = id !== 0;
      return;
    }
    if (count === 0) {
      set.templates.delete(set.exporter, set.result.domain, id);
      continue;
    }
    const fields = readFields(reader, count, set.ipfix);
    if (reader.failed) return;
    keep(set, id, fields, false);
  }
}

function readOptionsTemplates(reader: DatagramReader, set: SetContext): void {
  while (reader.left >= 6) {
    const id = reader.u16();
    const first = reader.u16();
    const second = reader.u16();
    if (id < 256) return;
    // IPFIX counts fields; version 9 gives the bytes of scope and option specifiers, four for each field.
    const count = set.ipfix ? first : (first + second) >> 2;
    if (count > limits.exporterTemplateFieldsMax) {
      reader.failed = true;
      return;
    }
    const fields = readFields(reader, count, set.ipfix);
    if (reader.failed) return;
    keep(set, id, fields, true);
  }
}

function readData(reader: DatagramReader, set: SetContext): void {
  const template = set.templates.get(set.exporter, set.result.domain, set.id);
  if (template === undefined) {
    set.result.unknownSets++;
    if (set.result.status === ExportStatus.ok) set.result.status = ExportStatus.unknownTemplate;
    return;
  }
  if (template.options) {
    readOptions(reader, template, set);
    return;
  }
  while (reader.left >= template.bytesMin) {
    const records = readRecord(reader, template, set.clock);
    if (reader.failed) return;
    set.result.records.push(...records);
  }
}

/** Of what exporters say of themselves, only when their uptime began is of use here. */
function readOptions(reader: DatagramReader, template: Template, set: SetContext): void {
  while (reader.left >= template.bytesMin) {
    const initMs = readInitMs(reader, template);
    if (reader.failed) return;
    if (initMs === undefined) continue;
    set.templates.setInitMs(set.exporter, set.result.domain, initMs);
    set.clock.initMs = initMs;
  }
}
