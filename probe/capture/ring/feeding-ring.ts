/**
 * A packet ring and the captures it feeds: one, or many on interfaces of one namespace. Packets are handed out by
 * their interface; what the kernel dropped is divided by what each capture got in the same second.
 */
import { errnoError } from '../../linux/linux-error.ts';
import { limitToInterfaces, type FilterProgram } from './kernel-filter.ts';
import type { OnPacket, PacketRing } from './packet-ring.ts';
import type { Feeder, RingCapture } from './ring-capture.ts';

export class FeedingRing implements Feeder {
  readonly packets: PacketRing;
  /** Equal for rings that could serve one another's captures. */
  readonly group: string;
  readonly isShared: boolean;
  readonly #filter: FilterProgram;
  readonly #empty: () => void;
  #captures: RingCapture[] = [];
  readonly #byIfIndex = new Map<number, RingCapture[]>();
  #onPacket: OnPacket = () => {};

  /** `empty` is called when the last capture has left; it closes the ring. */
  constructor(
    packets: PacketRing,
    group: string,
    isShared: boolean,
    filter: FilterProgram,
    empty: () => void,
  ) {
    this.packets = packets;
    this.group = group;
    this.isShared = isShared;
    this.#filter = filter;
    this.#empty = empty;
  }

  get captures(): readonly RingCapture[] {
    return this.#captures;
  }

  /** Throws LinuxError. */
  add(capture: RingCapture, bufferBytes: number): void {
    if (this.isShared) this.packets.addPromiscuous(capture.ifIndex);
    this.#captures = [...this.#captures, capture];
    this.#regroup();
    capture.feedFrom(this, bufferBytes);
  }

  remove(capture: RingCapture): void {
    if (this.isShared) this.packets.dropPromiscuous(capture.ifIndex);
    this.#captures = this.#captures.filter((other) => other !== capture);
    if (this.#captures.length === 0) this.#empty();
    else this.#regroup();
  }

  /** Returns how many blocks there were. */
  read(blocksMax: number): number {
    return this.packets.read(this.#onPacket, blocksMax);
  }

  check(): string | undefined {
    this.#divideDrops(this.packets.takeDrops());
    return this.takeError();
  }

  /** Why the socket gets no more packets. */
  takeError(): string | undefined {
    const errno = this.packets.takeError();
    if (errno === 0) return undefined;
    const names = this.#captures.map(({ name }) => name).join(', ');
    return `no more packets of ${names}: ${errnoError(errno, 'poll', names).code}`;
  }

  #regroup(): void {
    if (!this.isShared) {
      this.#onPacket = this.#captures[0]!.onPacket;
      return;
    }
    this.#byIfIndex.clear();
    for (const capture of this.#captures) {
      const list = this.#byIfIndex.get(capture.ifIndex) ?? [];
      this.#byIfIndex.set(capture.ifIndex, [...list, capture]);
    }
    this.packets.setFilter(limitToInterfaces(this.#filter, [...this.#byIfIndex.keys()]));
    this.#onPacket = (bytes, at, length, wireLength, ms, subMsNs, ifIndex) => {
      const captures = this.#byIfIndex.get(ifIndex);
      if (captures === undefined) return;
      for (const capture of captures) capture.onPacket(bytes, at, length, wireLength, ms, subMsNs, ifIndex);
    };
  }

  /** The ring's drops are those of all its captures together; nobody knows whose they were. */
  #divideDrops(drops: number): void {
    let packets = 0;
    for (const capture of this.#captures) packets += capture.received - capture.receivedAtCheck;
    let left = drops;
    for (const capture of this.#captures) {
      const share = packets === 0 ? 0 : (capture.received - capture.receivedAtCheck) / packets;
      const its = Math.floor(drops * share);
      capture.dropped += its;
      left -= its;
      capture.receivedAtCheck = capture.received;
    }
    const [first] = this.#captures;
    if (first !== undefined) first.dropped += left;
  }
}
