/**
 * One libpcap handle of the npm package `cap`, inside the capture process. `cap` has traps, all met here: it keeps no
 * reference to the buffer it fills (so the handle does), it says nothing about drops (asked of the socket), it tells
 * neither time nor length of a packet (our build of it writes them in front: scripts/setup/cap-shim.h), and a handle
 * whose interface went down stays silent for ever (noticed by the kernel counting what we never get).
 */
import { createRequire } from 'node:module';
import { messageOf } from '../../core/errors.ts';
import { loadKoffi } from '../linux/libc.ts';
import { inNetns } from '../linux/netns.ts';
import { CaptureError, type CaptureSpec } from './capture-source.ts';
import { combineFilters } from './own-traffic.ts';
import {
  interfaceIndex,
  readPacketStatistics,
  socketDescriptors,
  type PacketStatistics,
} from './packet-socket.ts';

interface Cap {
  /** Returns the name of the link type. Throws Error with libpcap's text. */
  open(device: string, filter: string, bufferBytes: number, buffer: Buffer): string;
  close(): boolean;
  on(event: 'packet', listener: (length: number, truncated: boolean) => void): void;
}

/** `cap` gives libpcap at most this many bytes of a packet. */
const PACKET_BYTES_MAX = 65_535;
/** "edgedive", seconds, nanoseconds, length on the wire, captured: what our build of `cap` writes in front of a packet. */
const PREFIX_BYTES = 24;
const MAGIC = new Uint32Array(new TextEncoder().encode('edgedive').buffer);
/** Readings in a row with packets at the kernel and none here: the handle is dead. */
const SILENT_READINGS_MAX = 2;

/** Link types (tcpdump.org's numbers) by the names that `cap` gives them; it spells others as numbers of libpcap. */
const LINK_TYPES: Readonly<Record<string, number>> = {
  NULL: 0,
  ETHERNET: 1,
  LINKTYPE_LINUX_SLL: 113,
  IEEE802_11_RADIO: 127,
  RAW: 101,
};
/** What the packet decoder knows how to begin with (flow model, section 3). */
const DECODED_LINK_TYPES = new Set([0, 1, 9, 12, 101, 105, 108, 113, 127, 228, 229]);

let capModule: { Cap: new () => Cap } | undefined;

/** Throws CaptureError saying what this host lacks. */
export function loadCap(): { Cap: new () => Cap } {
  if (capModule !== undefined) return capModule;
  try {
    capModule = createRequire(import.meta.url)('cap') as { Cap: new () => Cap };
    return capModule;
  } catch (error) {
    const text = messageOf(error).split('\n')[0]!;
    throw new CaptureError(
      `the package cap could not be loaded (${text}); it needs libpcap and a build for this Node: npm run setup as root`,
      { cause: error },
    );
  }
}

/** Whether this process can enter namespaces and read drop counters. */
export function hasKoffi(): boolean {
  try {
    loadKoffi();
    return true;
  } catch {
    return false;
  }
}

export interface PcapHandleOptions {
  readonly spec: CaptureSpec;
  readonly bufferBytes: number;
  /** bytes[at, at+length) until the call returns; time in ms since 1970 and ns within it. */
  readonly onPacket: (
    bytes: Buffer,
    at: number,
    length: number,
    wireLength: number,
    ms: number,
    subMsNs: number,
  ) => void;
}

export class PcapHandle {
  readonly linkType: number;
  readonly #cap: Cap;
  /** Referenced for as long as the handle lives: libpcap writes into it. */
  readonly #buffer = Buffer.alloc(PREFIX_BYTES + PACKET_BYTES_MAX);
  readonly #prefix = new Uint32Array(this.#buffer.buffer, this.#buffer.byteOffset, PREFIX_BYTES / 4);
  /** By a packet without it. */
  #isForeign = false;
  /** Of the packet socket; undefined when it cannot be told. */
  #fd: number | undefined;
  #closed = false;
  #received = 0;
  #dropped = 0;
  /** Packets that the kernel kept for us. */
  #kept = 0;
  #receivedAtReading = 0;
  #silentReadings = 0;
  #silentPackets = 0;
  /** Of them, those counted as dropped already. */
  #silentCounted = 0;

  /** Opens at once, in the namespace of the spec. Throws CaptureError. */
  constructor(options: PcapHandleOptions) {
    const { spec, onPacket } = options;
    this.#cap = new (loadCap().Cap)();
    const prefix = this.#prefix;
    this.#cap.on('packet', () => {
      if (this.#closed) return;
      this.#received++;
      if (prefix[0] !== MAGIC[0] || prefix[1] !== MAGIC[1]) {
        this.#isForeign = true;
        return;
      }
      const nanos = prefix[3]!;
      const wholeMs = (nanos / 1e6) | 0;
      const ms = prefix[2]! * 1000 + wholeMs;
      onPacket(this.#buffer, PREFIX_BYTES, prefix[5]!, prefix[4]!, ms, nanos - wholeMs * 1e6);
    });
    try {
      this.linkType = this.#open(options);
    } catch (error) {
      if (error instanceof CaptureError) throw error;
      throw new CaptureError(openError(spec, messageOf(error)), { cause: error });
    }
    if (DECODED_LINK_TYPES.has(this.linkType)) return;
    this.close();
    throw new CaptureError(`link type ${this.linkType} of ${spec.interfaceName} cannot be decoded`);
  }

  get received(): number {
    return this.#received;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Brings the drop counter up to date; why the handle is of no more use. Called about every second. */
  check(): string | undefined {
    if (this.#isForeign) return 'the package cap was not built by the set-up of this project: npm run setup';
    return this.#readStatistics() ? undefined : 'libpcap stopped delivering: the interface was down';
  }

  /** False when the handle has died. */
  #readStatistics(): boolean {
    const counters = this.#readCounters();
    if (counters === undefined) return true;
    const { packets, drops } = counters;
    this.#dropped += drops;
    this.#kept += packets - drops;
    const isSilent = packets > 0 && this.#received === this.#receivedAtReading;
    this.#receivedAtReading = this.#received;
    this.#silentReadings = isSilent ? this.#silentReadings + 1 : 0;
    this.#silentPackets = isSilent ? this.#silentPackets + packets - drops : 0;
    if (this.#silentReadings < SILENT_READINGS_MAX) return true;
    // They lie in the kernel's buffer and will never come.
    this.#dropped += this.#silentPackets;
    this.#silentCounted += this.#silentPackets;
    return false;
  }

  /** What nobody has read by now counts as dropped. */
  close(): void {
    if (this.#closed) return;
    const counters = this.#readCounters();
    if (counters !== undefined) {
      this.#kept += counters.packets - counters.drops;
      this.#dropped += counters.drops + Math.max(0, this.#kept - this.#received - this.#silentCounted);
    }
    this.#closed = true;
    this.#cap.close();
  }

  #open({ spec, bufferBytes }: PcapHandleOptions): number {
    const koffi = hasKoffi();
    const filter = combineFilters(spec.userFilter, spec.exclusion);
    const open = () => {
      const name = spec.interfaceName;
      if (koffi && interfaceIndex(name) !== spec.ifIndex)
        throw new CaptureError(`interface ${name} (index ${spec.ifIndex}) is gone`);
      const before = koffi ? socketDescriptors() : undefined;
      process.env['EDGEDIVE_SNAPLEN'] = String(spec.headerBytes);
      const linkType = this.#cap.open(name, filter, bufferBytes, this.#buffer);
      this.#fd = before === undefined ? undefined : this.#findSocket(before);
      return linkType;
    };
    return linkTypeOf(koffi ? inNetns(spec.netnsPath, open) : open());
  }

  /** undefined when they cannot be told. */
  #readCounters(): PacketStatistics | undefined {
    if (this.#fd === undefined || this.#closed) return undefined;
    try {
      return readPacketStatistics(this.#fd);
    } catch {
      // Not worth a capture: from now on drops are unknown.
      this.#fd = undefined;
      return undefined;
    }
  }

  #findSocket(before: ReadonlySet<number>): number | undefined {
    for (const fd of socketDescriptors()) {
      if (before.has(fd)) continue;
      try {
        readPacketStatistics(fd);
        return fd;
      } catch {
        // A socket, but not the packet socket.
      }
    }
    return undefined;
  }
}

function linkTypeOf(name: string): number {
  return LINK_TYPES[name] ?? Number(/^Unknown linktype (\d+)$/.exec(name)?.[1] ?? Number.NaN);
}

function openError(spec: CaptureSpec, text: string): string {
  const denied = /permission|operation not permitted/i.test(text);
  return `capture on ${spec.interfaceName} failed: ${text}${denied ? ' (needs root or CAP_NET_RAW)' : ''}`;
}
