/**
 * One listener for an exporter's datagrams and the flows they become: capture types `sflow` (packets sampled by
 * switches, through the packet decoder) and `netflow` (NetFlow 5 and 9, IPFIX: whole flow records).
 */
import type { Socket } from 'node:dgram';
import { decodeNetflow5 } from '../../../core/exporter/netflow5.ts';
import { decodeNetflow9 } from '../../../core/exporter/netflow9.ts';
import { ExportStatus } from '../../../core/exporter/datagram.ts';
import { ExportedFlowTable } from '../../../core/exporter/exported-flows.ts';
import { decodeSflow, type SflowSink } from '../../../core/exporter/sflow.ts';
import { TemplateCache } from '../../../core/exporter/template.ts';
import { FlowTable } from '../../../core/flow/table.ts';
import type { Flow, Stats } from '../../../proto/gen/flow.ts';
import { createStats } from '../../../proto/gen/flow.ts';
import type { CaptureSpec, CaptureStats } from '../capture-source.ts';

export type ExporterKind = 'sflow' | 'netflow';

interface TableOutput {
  readonly flows: Flow[];
  readonly ended: string[];
}

/** What both kinds of table offer. */
interface Table {
  readonly size: number;
  tick(nowMs: number): TableOutput;
  flush(nowMs: number): TableOutput;
  stop(nowMs: number): TableOutput;
}

/** Datagrams by what became of them; names for the status. */
export interface ExporterCounters {
  datagrams: number;
  records: number;
  truncated: number;
  unknownVersion: number;
  unknownTemplate: number;
  malformed: number;
  templatesRefused: number;
  skipped: number;
}

export class ExporterCapture {
  readonly counters: ExporterCounters = {
    datagrams: 0,
    records: 0,
    truncated: 0,
    unknownVersion: 0,
    unknownTemplate: 0,
    malformed: 0,
    templatesRefused: 0,
    skipped: 0,
  };
  readonly #spec: CaptureSpec;
  readonly #socket: Socket;
  readonly #tables: Table[] = [];
  readonly #evicted: () => number;
  #told = { received: 0, evicted: 0 };

  /** `lost` is called when the socket fails; the capture is then of no more use. */
  constructor(kind: ExporterKind, spec: CaptureSpec, socket: Socket, lost: (text: string) => void) {
    this.#spec = spec;
    this.#socket = socket;
    const [take, evicted] = kind === 'sflow' ? this.#sflow() : this.#netflow();
    this.#evicted = evicted;
    socket.on('message', (datagram, { address }) => {
      this.counters.datagrams++;
      take(datagram, address);
    });
    socket.on('error', (error) => lost(error.message));
  }

  stats(): CaptureStats {
    let flows = 0;
    for (const table of this.#tables) flows += table.size;
    return { packetsReceived: this.counters.records, packetsDropped: 0, flows };
  }

  tick(nowMs: number): TableOutput {
    return this.#joined((table) => table.tick(nowMs));
  }

  flush(nowMs: number): TableOutput {
    return this.#joined((table) => table.flush(nowMs));
  }

  /** Closes the socket; every open flow ends with TIMEOUT. */
  stop(nowMs: number): TableOutput {
    this.#socket.close();
    return this.#joined((table) => table.stop(nowMs));
  }

  /** What happened since the last call, for the flow statistics of the analyzer. */
  takeFlowStats(): Stats {
    const now = { received: this.counters.records, evicted: this.#evicted() };
    const before = this.#told;
    this.#told = now;
    return createStats({
      CaptureID: this.#spec.captureId,
      FlowCount: this.stats().flows,
      FlowDropped: now.evicted - before.evicted,
      PacketsReceived: now.received - before.received,
    });
  }

  #joined(ask: (table: Table) => TableOutput): TableOutput {
    const outputs = this.#tables.map(ask);
    return { flows: outputs.flatMap(({ flows }) => flows), ended: outputs.flatMap(({ ended }) => ended) };
  }

  /** A flow table for each kind of first header that samples begin with. */
  #sflow(): [(datagram: Uint8Array) => void, () => number] {
    const byLinkType = new Map<number, FlowTable>();
    const sink: SflowSink = {
      packet: (bytes, at, length, wireLength, linkType) => {
        let table = byLinkType.get(linkType);
        if (table === undefined) {
          table = this.#flowTable(linkType);
          byLinkType.set(linkType, table);
          this.#tables.push(table);
        }
        const kept = Math.min(length, this.#spec.headerBytes);
        // A sample has no time of its own: it counts as taken when it arrives, as in the reference.
        table.feed(bytes, at, kept, wireLength, Date.now(), 0);
        this.counters.records++;
      },
      counters: () => {
        this.counters.records++;
      },
    };
    const take = (datagram: Uint8Array) => {
      const { status, skipped } = decodeSflow(datagram, sink);
      this.counters.skipped += skipped;
      this.#count(status);
    };
    const evicted = () => {
      let sum = 0;
      for (const table of byLinkType.values()) sum += table.counters.flowsEvicted;
      return sum;
    };
    return [take, evicted];
  }

  #flowTable(linkType: number): FlowTable {
    const { nodeTid, captureId, layerKeyMode, extraTcpMetric, ipDefrag, reassembleTcp } = this.#spec;
    return new FlowTable({
      nodeTid,
      captureId,
      layerKeyMode,
      linkType,
      extraTcpMetric,
      ipDefrag,
      reassembleTcp,
      extraLayers: this.#spec.extraLayers,
      rawPacketLimit: this.#spec.rawPacketLimit,
      mplsUdpPorts: this.#spec.mplsUdpPorts,
    });
  }

  #netflow(): [(datagram: Uint8Array, exporter: string) => void, () => number] {
    const { nodeTid, captureId } = this.#spec;
    const table = new ExportedFlowTable({ nodeTid, captureId });
    this.#tables.push(table);
    const templates = new TemplateCache();
    const take = (datagram: Uint8Array, exporter: string) => {
      const now = Date.now();
      const isVersion5 = datagram[0] === 0 && datagram[1] === 5;
      const { status, records } = isVersion5
        ? decodeNetflow5(datagram, now)
        : decodeNetflow9(datagram, exporter, templates, now);
      for (const record of records) table.add(record, now);
      this.counters.records += records.length;
      this.#count(status);
    };
    return [take, () => table.counters.flowsEvicted];
  }

  #count(status: ExportStatus): void {
    switch (status) {
      case ExportStatus.ok:
        return;
      case ExportStatus.truncated:
        this.counters.truncated++;
        return;
      case ExportStatus.version:
        this.counters.unknownVersion++;
        return;
      case ExportStatus.unknownTemplate:
        this.counters.unknownTemplate++;
        return;
      case ExportStatus.malformed:
        this.counters.malformed++;
        return;
      case ExportStatus.templatesFull:
        this.counters.templatesRefused++;
    }
  }
}
