/**
 * The rings of the worker thread and which captures each feeds. A capture has a ring bound to its interface; from the
 * ninth on in one namespace with one filter, captures share a ring of the whole namespace, whose packets tell their
 * interface: memory and timers of the kernel do not grow with the number of interfaces then.
 */
import { limits } from '../../../core/limits.ts';
import { LinuxError } from '../../linux/linux-error.ts';
import { inNetns } from '../../linux/netns.ts';
import { CaptureError, CaptureUnavailable, type CaptureSpec } from '../capture-source.ts';
import { interfaceIndex } from '../packet-socket.ts';
import { captureFilterOf } from './capture-filter.ts';
import { FeedingRing } from './feeding-ring.ts';
import type { FilterProgram } from './kernel-filter.ts';
import { ringLinkType } from './link-type.ts';
import { PacketRing } from './packet-ring.ts';
import { PollSet } from './poll-set.ts';
import { RingCapture } from './ring-capture.ts';
import type { RingLedger } from './ring-ledger.ts';

/** The kernel's index of the loopback, in every namespace. */
const LOOPBACK_IFINDEX = 1;
export const RING_BYTES_MIN = 256 * 1_024;
/** Of 64-byte frames at 400,000 a second: a quarter of a second. */
const RING_BYTES_MAX = 16 * 1_048_576;
const BLOCK_BYTES_MAX = 256 * 1_024;
/** A ring has so many blocks at least: one is being filled, one read. */
const BLOCKS_MIN = 8;
/** Blocks read of one ring before the next has its turn. */
const BLOCKS_A_TURN = 16;

export class RingSet {
  readonly #ledger: RingLedger;
  readonly #lost: (capture: RingCapture, error: string) => void;
  readonly #rings = new Set<FeedingRing>();
  readonly #polled = new PollSet();
  #bytes = 0;
  #blocks = 0;

  /** `lost`: an open capture gets no more packets. Throws LinuxError `KOFFI`. */
  constructor(ledger: RingLedger, lost: (capture: RingCapture, error: string) => void) {
    this.#ledger = ledger;
    this.#lost = lost;
    ledger.wakeFd = this.#polled.wakeFd;
  }

  get isEmpty(): boolean {
    return this.#rings.size === 0;
  }

  /** `bufferBytes`: for a ring of its own, at most. Throws CaptureError, CaptureUnavailable. */
  open(spec: CaptureSpec, bufferBytes: number): RingCapture {
    try {
      const linkType = ringLinkType(spec.encapType);
      const filter = captureFilterOf(spec, linkType);
      const capture = new RingCapture(spec, linkType, filter);
      inNetns(spec.netnsPath, () => requireInterface(spec));
      const group = groupOf(spec, linkType, filter.program);
      const others = [...this.#rings].filter((ring) => ring.group === group);
      const shared = others.find((ring) => ring.isShared);
      if (shared !== undefined) shared.add(capture, 0);
      else this.#openRing(capture, spec, filter.program, group, others.length, bufferBytes);
      return capture;
    } catch (error) {
      throw captureErrorOf(spec, error);
    }
  }

  /** Waits until a ring has something or somebody wakes us, at most so long, and reads; true when there is more. */
  wait(timeoutMs: number): boolean {
    for (const fd of this.#polled.wait(timeoutMs)) this.#takeError(fd);
    return this.read();
  }

  /** Reads what is there; true when there is more. */
  read(): boolean {
    let more = false;
    for (const ring of this.#rings) {
      const blocks = ring.read(BLOCKS_A_TURN);
      this.#blocks += blocks;
      if (blocks === BLOCKS_A_TURN) more = true;
    }
    return more;
  }

  /** Blocks of packets read since the last call. */
  takeBlocks(): number {
    const blocks = this.#blocks;
    this.#blocks = 0;
    return blocks;
  }

  #openRing(
    capture: RingCapture,
    spec: CaptureSpec,
    filter: FilterProgram,
    group: string,
    others: number,
    bufferBytes: number,
  ): void {
    const isShared = others >= limits.captureRingsPerFilterMax;
    const bytes = Math.min(bufferBytes, RING_BYTES_MAX, limits.captureBuffersBytesMax - this.#bytes);
    if (bytes < RING_BYTES_MIN) throw new CaptureError('no memory left for another packet ring');
    const blockBytes = blockBytesOf(bytes);
    const packets = new PacketRing({
      netnsPath: spec.netnsPath,
      ifIndex: isShared ? 0 : spec.ifIndex,
      filter,
      promiscuous: true,
      blockBytes,
      blocks: Math.floor(bytes / blockBytes),
      loopbackIfIndex: LOOPBACK_IFINDEX,
    });
    this.#ledger.enter(packets);
    this.#bytes += packets.bytes;
    const ring = new FeedingRing(packets, group, isShared, filter, () => this.#closeRing(ring));
    this.#rings.add(ring);
    this.#watch();
    try {
      if (!isShared) requireUp(packets, spec);
      ring.add(capture, packets.bytes);
    } catch (error) {
      this.#closeRing(ring);
      throw error;
    }
  }

  #closeRing(ring: FeedingRing): void {
    this.#rings.delete(ring);
    this.#watch();
    this.#bytes -= ring.packets.bytes;
    this.#ledger.strike(ring.packets);
    ring.packets.close();
  }

  #takeError(fd: number): void {
    for (const ring of this.#rings) {
      if (ring.packets.fd !== fd) continue;
      const error = ring.takeError();
      if (error !== undefined) for (const capture of ring.captures) this.#lost(capture, error);
    }
  }

  #watch(): void {
    this.#polled.watch([...this.#rings].map((ring) => ring.packets.fd));
  }
}

/** Captures that one ring could serve. */
function groupOf(spec: CaptureSpec, linkType: number, program: FilterProgram): string {
  return `${spec.netnsPath ?? ''} ${linkType} ${Buffer.from(program).toString('base64')}`;
}

function blockBytesOf(ringBytes: number): number {
  let bytes = BLOCK_BYTES_MAX;
  while (bytes * BLOCKS_MIN > ringBytes) bytes /= 2;
  return bytes;
}

function requireInterface({ interfaceName, ifIndex }: CaptureSpec): void {
  if (interfaceIndex(interfaceName) !== ifIndex)
    throw new CaptureError(`interface ${interfaceName} (index ${ifIndex}) is gone`);
}

/** A socket can be bound to an interface that is down; it says so afterwards. */
function requireUp(packets: PacketRing, { interfaceName }: CaptureSpec): void {
  const errno = packets.takeError();
  if (errno !== 0) throw new CaptureError(`interface ${interfaceName} is down`);
}

/** What another way of capturing could not do either. */
const NOT_THE_RINGS = new Set(['ENOENT', 'ENODEV', 'ENXIO']);

function captureErrorOf({ interfaceName }: CaptureSpec, cause: unknown): CaptureError {
  if (cause instanceof CaptureError) return cause;
  if (!(cause instanceof LinuxError)) throw cause;
  const hint = cause.code === 'EPERM' ? ' (needs root or CAP_NET_RAW)' : '';
  const text = `capture on ${interfaceName} failed: ${cause.message}${hint}`;
  return NOT_THE_RINGS.has(cause.code)
    ? new CaptureError(text, { cause })
    : new CaptureUnavailable(text, { cause });
}
