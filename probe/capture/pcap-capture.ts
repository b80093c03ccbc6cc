/** One capture inside the capture process: a libpcap handle and the flow table it feeds. */
import type { RunningCapture } from './capture-runner.ts';
import type { CaptureSpec, CaptureStats } from './capture-source.ts';
import { CaptureTable } from './capture-table.ts';
import { PcapHandle } from './pcap-handle.ts';

export class PcapCapture implements RunningCapture {
  readonly flows: CaptureTable;
  readonly bufferBytes: number;
  readonly #handle: PcapHandle;

  /** Opens the handle. Throws CaptureError. `onPacket` is called behind each packet. */
  constructor(spec: CaptureSpec, bufferBytes: number, onPacket: () => void) {
    this.bufferBytes = bufferBytes;
    this.#handle = new PcapHandle({
      spec,
      bufferBytes,
      onPacket: (bytes, at, length, wireLength, ms, subMsNs) => {
        this.flows.feed(bytes, at, length, wireLength, ms, subMsNs);
        onPacket();
      },
    });
    this.flows = new CaptureTable(spec, this.#handle.linkType);
  }

  stats(): CaptureStats {
    return this.flows.stats(this.#handle.received, this.#handle.dropped);
  }

  check(): string | undefined {
    return this.#handle.check();
  }

  close(): void {
    this.#handle.close();
  }
}
