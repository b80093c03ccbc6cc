/** Datagrams of exporters by what became of them, summed for each kind of exporter: part of the probe's status. */
import type { ExporterKind } from '../../../core/capture/capture-types.ts';
import { ExportStatus } from '../../../core/exporter/datagram.ts';

export interface ExporterCounters {
  datagrams: number;
  /** Flow records, or sampled packets, that reached a flow table. */
  records: number;
  /** Sampled packets that the capture's filter left out. */
  filtered: number;
  /** Records of interface and other counters. */
  counterRecords: number;
  /** Records of no use here. */
  skipped: number;
  truncated: number;
  unknownVersion: number;
  /** Datagrams with records whose template was not announced (yet). */
  unknownTemplate: number;
  malformed: number;
  templatesRefused: number;
  /** Datagrams on which our own code threw. */
  faults: number;
}

/** Sums since the probe's thread of exporters started. */
export type ExporterFigures = Readonly<Record<ExporterKind, Readonly<ExporterCounters>>>;

export const noCounters = (): ExporterCounters => ({
  datagrams: 0,
  records: 0,
  filtered: 0,
  counterRecords: 0,
  skipped: 0,
  truncated: 0,
  unknownVersion: 0,
  unknownTemplate: 0,
  malformed: 0,
  templatesRefused: 0,
  faults: 0,
});

export function countStatus(counters: ExporterCounters, status: ExportStatus): void {
  switch (status) {
    case ExportStatus.ok:
      return;
    case ExportStatus.truncated:
      counters.truncated++;
      return;
    case ExportStatus.version:
      counters.unknownVersion++;
      return;
    case ExportStatus.unknownTemplate:
      counters.unknownTemplate++;
      return;
    case ExportStatus.malformed:
      counters.malformed++;
      return;
    case ExportStatus.templatesFull:
      counters.templatesRefused++;
  }
}
