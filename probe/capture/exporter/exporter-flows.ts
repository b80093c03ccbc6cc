/** What a kind of exporter's datagrams become: between the socket (`exporter-capture.ts`) and the decoders. */
import type { ExportStatus } from '../../../core/exporter/datagram.ts';
import type { TableOutput } from '../../../core/flow/table.ts';
import type { SflowMetadata } from './sflow-metadata.ts';

/** What both kinds of flow table offer. */
export interface Table {
  readonly size: number;
  setUpdateInterval(updateMs: number): void;
  setDetail?(detail: number): void;
  tick(nowMs: number): TableOutput;
  flush(nowMs: number): TableOutput;
  stop(nowMs: number): TableOutput;
}

export interface ExporterFlows {
  /** One more may appear with a datagram. */
  readonly tables: readonly Table[];
  /** Records or packets that reached the tables. */
  readonly received: number;
  /** Packets on which our own code threw. */
  readonly faults: number;
  /** Flows pushed out of full tables. */
  readonly evicted: number;
  readonly metadata?: SflowMetadata;
  /** `exporter`: its address. */
  take(datagram: Uint8Array, exporter: string): ExportStatus;
}
