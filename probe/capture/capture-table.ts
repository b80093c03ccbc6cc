/**
 * The flow table of one capture, where its packets are taken: made as the capture asks, fed so that no packet can end
 * the process, and telling its statistics as differences (flow model, section 13).
 */
import { randomInt } from 'node:crypto';
import { FlowTable } from '../../core/flow/table.ts';
import { createStats, type Stats } from '../../proto/gen/flow.ts';
import type { CaptureSpec, CaptureStats } from './capture-source.ts';

/** Of the first packet that made our code throw, for whoever mends it. */
const FAULT_BYTES_SHOWN = 256;

export class CaptureTable {
  readonly table: FlowTable;
  readonly #captureId: string;
  /** Packets on which the flow table threw. */
  #faults = 0;
  /** Figures as of the last flow statistics, which tell differences. */
  #told = { received: 0, dropped: 0, flowsDropped: 0 };

  /** `linkType`: tcpdump.org's number of what a packet begins with. */
  constructor(spec: CaptureSpec, linkType: number) {
    this.#captureId = spec.captureId;
    this.table = new FlowTable({
      nodeTid: spec.nodeTid,
      captureId: spec.captureId,
      layerKeyMode: spec.layerKeyMode,
      linkType,
      extraTcpMetric: spec.extraTcpMetric,
      ipDefrag: spec.ipDefrag,
      reassembleTcp: spec.reassembleTcp,
      extraLayers: spec.extraLayers,
      rawPacketLimit: spec.rawPacketLimit,
      mplsUdpPorts: spec.mplsUdpPorts,
      hashSeed: randomInt(2 ** 31),
    });
  }

  /**
   * As `FlowTable.feed`. A packet that our own code cannot digest must not end every capture of the host: it counts as
   * dropped.
   */
  feed(
    bytes: Uint8Array,
    offset: number,
    length: number,
    wireLength: number,
    timeMs: number,
    subMsNs: number,
  ): void {
    try {
      this.table.feed(bytes, offset, length, wireLength, timeMs, subMsNs);
    } catch (error) {
      if (this.#faults++ > 0) return;
      const stack = error instanceof Error ? error.stack : String(error);
      const shown = bytes.slice(offset, offset + Math.min(length, FAULT_BYTES_SHOWN));
      const hex = Buffer.from(shown).toString('hex');
      process.stderr.write(`fault in capture ${this.#captureId} at packet ${hex}: ${stack}\n`);
    }
  }

  /** What a capture tells that took `received` packets out of a buffer and lost `dropped`. */
  stats(received: number, dropped: number): CaptureStats {
    return {
      packetsReceived: received - this.#faults,
      packetsDropped: dropped + this.#faults,
      flows: this.table.size,
    };
  }

  /** What happened since the last call, for the flow statistics of the analyzer. */
  takeFlowStats({ packetsReceived, packetsDropped, flows }: CaptureStats): Stats {
    const now = {
      received: packetsReceived,
      dropped: packetsDropped,
      flowsDropped: this.table.counters.flowsEvicted,
    };
    const before = this.#told;
    this.#told = now;
    return createStats({
      CaptureID: this.#captureId,
      FlowCount: flows,
      FlowDropped: now.flowsDropped - before.flowsDropped,
      PacketsDropped: now.dropped - before.dropped,
      PacketsReceived: now.received - before.received,
    });
  }
}
