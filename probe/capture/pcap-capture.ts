/**
 * One capture inside the capture process: a libpcap handle and the flow table it feeds. Packets are taken whole and
 * cut here, because `cap` does not tell a packet's length on the wire apart from what was captured.
 */
import { randomInt } from 'node:crypto';
import { FlowTable } from '../../core/flow/table.ts';
import { createStats, type Flow, type Stats } from '../../proto/gen/flow.ts';
import type { CaptureSpec, CaptureStats } from './capture-source.ts';
import type { PacketClock } from './packet-clock.ts';
import { PcapHandle } from './pcap-handle.ts';

/** Of the first packet that made our code throw, for whoever mends it. */
const FAULT_BYTES_SHOWN = 256;

export class PcapCapture {
  readonly table: FlowTable;
  readonly #handle: PcapHandle;
  readonly #captureId: string;
  /** Packets on which the flow table threw. */
  #faults = 0;
  /** Figures as of the last flow statistics, which tell differences. */
  #told = { received: 0, dropped: 0, flowsDropped: 0 };

  /** Opens the handle. Throws CaptureError. `onPacket` is called behind each packet. */
  constructor(spec: CaptureSpec, bufferBytes: number, clock: PacketClock, onPacket: () => void) {
    this.#captureId = spec.captureId;
    this.#handle = new PcapHandle({
      spec,
      bufferBytes,
      onPacket: (buffer, length) => {
        clock.read();
        this.#feed(buffer, Math.min(length, spec.headerBytes), length, clock);
        onPacket();
      },
    });
    this.table = new FlowTable({
      nodeTid: spec.nodeTid,
      captureId: spec.captureId,
      layerKeyMode: spec.layerKeyMode,
      linkType: this.#handle.linkType,
      extraTcpMetric: spec.extraTcpMetric,
      ipDefrag: spec.ipDefrag,
      reassembleTcp: spec.reassembleTcp,
      extraLayers: spec.extraLayers,
      rawPacketLimit: spec.rawPacketLimit,
      mplsUdpPorts: spec.mplsUdpPorts,
      hashSeed: randomInt(2 ** 31),
    });
  }

  /** A packet that our own code cannot digest must not end every capture of the host: it counts as dropped. */
  #feed(buffer: Buffer, length: number, wireLength: number, clock: PacketClock): void {
    try {
      this.table.feed(buffer, 0, length, wireLength, clock.ms, clock.subMsNs);
    } catch (error) {
      if (this.#faults++ > 0) return;
      const stack = error instanceof Error ? error.stack : String(error);
      const bytes = buffer.toString('hex', 0, Math.min(length, FAULT_BYTES_SHOWN));
      process.stderr.write(`fault in capture ${this.#captureId} at packet ${bytes}: ${stack}\n`);
    }
  }

  stats(): CaptureStats {
    return {
      packetsReceived: this.#handle.received - this.#faults,
      packetsDropped: this.#handle.dropped + this.#faults,
      flows: this.table.size,
    };
  }

  /** False when the handle has died. */
  readStatistics(): boolean {
    return this.#handle.readStatistics();
  }

  /** What happened since the last call, for the flow statistics of the analyzer. */
  takeFlowStats(): Stats {
    const { packetsReceived: received, packetsDropped: dropped } = this.stats();
    const now = {
      received,
      dropped,
      flowsDropped: this.table.counters.flowsEvicted,
    };
    const before = this.#told;
    this.#told = now;
    return createStats({
      CaptureID: this.#captureId,
      FlowCount: this.table.size,
      FlowDropped: now.flowsDropped - before.flowsDropped,
      PacketsDropped: now.dropped - before.dropped,
      PacketsReceived: now.received - before.received,
    });
  }

  /** No packets from here on; every open flow ends with TIMEOUT. */
  stop(nowMs: number): { flows: Flow[]; ended: string[] } {
    this.#handle.close();
    return this.table.stop(nowMs);
  }
}
