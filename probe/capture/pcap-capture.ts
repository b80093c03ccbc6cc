/**
 * One capture inside the capture process: a libpcap handle and the flow table it feeds. Packets are taken whole and
 * cut here, because `cap` does not tell a packet's length on the wire apart from what was captured.
 */
import type { RunningCapture } from './capture-runner.ts';
import type { CaptureSpec, CaptureStats } from './capture-source.ts';
import { CaptureTable } from './capture-table.ts';
import type { PacketClock } from './packet-clock.ts';
import { PcapHandle } from './pcap-handle.ts';

export class PcapCapture implements RunningCapture {
  readonly flows: CaptureTable;
  readonly bufferBytes: number;
  readonly #handle: PcapHandle;

  /** Opens the handle. Throws CaptureError. `onPacket` is called behind each packet. */
  constructor(spec: CaptureSpec, bufferBytes: number, clock: PacketClock, onPacket: () => void) {
    this.bufferBytes = bufferBytes;
    this.#handle = new PcapHandle({
      spec,
      bufferBytes,
      onPacket: (buffer, length) => {
        clock.read();
        this.flows.feed(buffer, 0, Math.min(length, spec.headerBytes), length, clock.ms, clock.subMsNs);
        onPacket();
      },
    });
    this.flows = new CaptureTable(spec, this.#handle.linkType);
  }

  stats(): CaptureStats {
    return this.flows.stats(this.#handle.received, this.#handle.dropped);
  }

  check(): string | undefined {
    return this.#handle.readStatistics() ? undefined : 'libpcap stopped delivering: the interface was down';
  }

  close(): void {
    this.#handle.close();
  }
}
