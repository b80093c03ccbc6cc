/**
 * One capture of the worker thread: what its ring gives it goes into its flow table, if its filter lets it pass. The
 * packets that the kernel dropped are the ring's; a capture that shares one is told its share.
 */
import type { RunningCapture } from '../capture-runner.ts';
import type { CaptureSpec, CaptureStats } from '../capture-source.ts';
import { CaptureTable } from '../capture-table.ts';
import type { CaptureFilter } from './capture-filter.ts';
import type { OnPacket } from './packet-ring.ts';

/** What a capture needs of the ring that feeds it. */
export interface Feeder {
  /** Tells each capture its drops; why there are no more packets, if so. */
  check(): string | undefined;
  remove(capture: RingCapture): void;
}

export class RingCapture implements RunningCapture {
  readonly flows: CaptureTable;
  readonly ifIndex: number;
  readonly name: string;
  readonly onPacket: OnPacket;
  bufferBytes = 0;
  /** Packets that passed the filter, and since when drops were divided. */
  received = 0;
  receivedAtCheck = 0;
  dropped = 0;
  #feeder: Feeder | undefined;

  constructor(spec: CaptureSpec, linkType: number, { matches }: CaptureFilter) {
    this.ifIndex = spec.ifIndex;
    this.name = spec.interfaceName;
    const flows = new CaptureTable(spec, linkType);
    this.flows = flows;
    const { headerBytes } = spec;
    this.onPacket = (bytes, at, length, wireLength, ms, subMsNs) => {
      if (matches !== undefined && !matches(bytes, at, length, wireLength)) return;
      this.received++;
      flows.feed(bytes, at, length < headerBytes ? length : headerBytes, wireLength, ms, subMsNs);
    };
  }

  /** From now on the ring feeds it; `bufferBytes` is what the ring took for it. */
  feedFrom(feeder: Feeder, bufferBytes: number): void {
    this.#feeder = feeder;
    this.bufferBytes = bufferBytes;
  }

  stats(): CaptureStats {
    return this.flows.stats(this.received, this.dropped);
  }

  check(): string | undefined {
    return this.#feeder?.check();
  }

  close(): void {
    this.#feeder?.check();
    this.#feeder?.remove(this);
    this.#feeder = undefined;
  }
}
