/** NetFlow 5 and 9 and IPFIX into flows: the exporter has counted, each record is a direction of a flow. */
import type { ExportStatus } from '../../../core/exporter/datagram.ts';
import { ExportedFlowTable } from '../../../core/exporter/exported-flows.ts';
import { decodeNetflow5 } from '../../../core/exporter/netflow5.ts';
import { decodeNetflow9 } from '../../../core/exporter/netflow9.ts';
import { TemplateCache } from '../../../core/exporter/template.ts';
import type { CaptureSpec } from '../capture-source.ts';
import type { ExporterCounters } from './exporter-counters.ts';
import type { ExporterFlows } from './exporter-flows.ts';

export class RecordFlows implements ExporterFlows {
  readonly tables: readonly [ExportedFlowTable];
  readonly #counters: ExporterCounters;
  readonly #templates = new TemplateCache();
  readonly faults = 0;
  received = 0;

  constructor({ nodeTid, captureId }: CaptureSpec, counters: ExporterCounters) {
    this.tables = [new ExportedFlowTable({ nodeTid, captureId })];
    this.#counters = counters;
  }

  get evicted(): number {
    return this.tables[0].counters.flowsEvicted;
  }

  take(datagram: Uint8Array, exporter: string): ExportStatus {
    const now = Date.now();
    const isVersion5 = datagram[0] === 0 && datagram[1] === 5;
    const { status, records } = isVersion5
      ? decodeNetflow5(datagram, now)
      : decodeNetflow9(datagram, exporter, this.#templates, now);
    for (const record of records) this.tables[0].add(record, now);
    this.received += records.length;
    this.#counters.records += records.length;
    return status;
  }
}
