/**
 * Reads pcap and pcapng files piece by piece, and writes pcap files. Both byte orders, microseconds and nanoseconds.
 * Memory is bounded by one packet (at most `capturePacketBytesMax`) plus the piece at hand.
 * Error texts for files that are none are the reference's (REST notes, section 13).
 *
 *   pcap    magic 4 | version 2+2 | zone 4 | sigfigs 4 | snap length 4 | link type 4, then per packet
 *           seconds 4 | fraction 4 | captured 4 | length on the wire 4 | bytes
 *   pcapng  blocks: type 4 | length 4 | body | length 4 (draft-ietf-opsawg-pcapng)
 */
import { limits } from '../limits.ts';

/** One packet of a file. `bytes` is valid until the next packet is asked for. */
export interface PcapPacket {
  readonly bytes: Uint8Array;
  /** Length on the wire. */
  readonly wireLength: number;
  /** ms since 1970, and the ns below. */
  readonly timeMs: number;
  readonly subMsNs: number;
  /** pcap link type of the interface it was captured on. */
  readonly linkType: number;
}

/** The file is not what it says: `message` is meant for the sender. */
export class PcapError extends Error {
  override readonly name = 'PcapError';
}

/** A packet or block said to be longer is refused: no link has such frames. */
const PACKET_BYTES_MAX = limits.capturePacketBytesMax;
/** Interfaces of a pcapng section. */
const INTERFACES_MAX = 65_536;

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

interface NgInterface {
  readonly linkType: number;
  /** Units of time stamps a second, and seconds added to them. */
  readonly unitsPerSecond: bigint;
  readonly offsetSeconds: bigint;
  /** Bytes kept of each packet, 0 for all. */
  readonly snapLength: number;
}

export class PcapReader {
  private buffer = new Uint8Array(0);
  private kind: 'unknown' | 'pcap' | 'pcapng' = 'unknown';
  private littleEndian = true;
  private nanoseconds = false;
  private linkType = 1;
  private interfaces: NgInterface[] = [];

  /** Takes the next piece of the file and yields the packets that are whole now. Throws {@link PcapError}. */
  *push(piece: Uint8Array): Generator<PcapPacket, void, undefined> {
    if (this.buffer.length === 0) {
      this.buffer = new Uint8Array(piece);
    } else {
      const joined = new Uint8Array(this.buffer.length + piece.length);
      joined.set(this.buffer);
      joined.set(piece, this.buffer.length);
      this.buffer = joined;
    }
    let at = 0;
    try {
      for (;;) {
        const used = this.take(at);
        if (used.bytes === 0) break;
        at += used.bytes;
        if (used.packet) yield used.packet;
      }
    } finally {
      this.buffer = this.buffer.subarray(at);
    }
  }

  /**
   * The file ends. Throws `EOF` when not even its header was whole. Returns false when it was cut inside a packet,
   * which then is lost.
   */
  end(): boolean {
    if (this.kind === 'unknown') throw new PcapError(this.buffer.length === 0 ? 'EOF' : 'unexpected EOF');
    return this.buffer.length === 0;
  }

  private view(at: number, length: number): DataView {
    return new DataView(this.buffer.buffer, this.buffer.byteOffset + at, length);
  }

  /** Reads one header, packet or block at `at`; 0 bytes used means: more is needed. */
  private take(at: number): { bytes: number; packet?: PcapPacket } {
    const available = this.buffer.length - at;
    if (this.kind === 'unknown') return { bytes: this.takeMagic(at, available) };
    return this.kind === 'pcap' ? this.takePacket(at, available) : this.takeBlock(at, available);
  }

  private takeMagic(at: number, available: number): number {
    if (available < 4) return 0;
    const view = this.view(at, 4);
    if (view.getUint32(0) === SECTION_HEADER) {
      this.kind = 'pcapng';
      return this.takeBlock(at, available).bytes;
    }
    for (const littleEndian of [true, false]) {
      const magic = view.getUint32(0, littleEndian);
      if (magic !== MAGIC_MICROSECONDS && magic !== MAGIC_NANOSECONDS) continue;
      if (available < 24) return 0;
      this.kind = 'pcap';
      this.littleEndian = littleEndian;
      this.nanoseconds = magic === MAGIC_NANOSECONDS;
      const header = this.view(at, 24);
      const major = header.getUint16(4, littleEndian);
      if (major !== 2) throw new PcapError(`Unknown major version ${major}`);
      // The upper bits tell the length of a frame check sequence.
      this.linkType = header.getUint32(20, littleEndian) & 0xffff;
      return 24;
    }
    throw new PcapError(`Unknown magic ${view.getUint32(0, true).toString(16)}`);
  }

  private takePacket(at: number, available: number): { bytes: number; packet?: PcapPacket } {
    if (available < 16) return { bytes: 0 };
    const view = this.view(at, 16);
    const captured = view.getUint32(8, this.littleEndian);
    if (captured > PACKET_BYTES_MAX) throw new PcapError(`packet of ${captured} bytes`);
    if (available < 16 + captured) return { bytes: 0 };
    const seconds = view.getUint32(0, this.littleEndian);
    const fraction = view.getUint32(4, this.littleEndian);
    const ns = this.nanoseconds ? fraction : fraction * 1000;
    const packet: PcapPacket = {
      bytes: this.buffer.subarray(at + 16, at + 16 + captured),
      wireLength: view.getUint32(12, this.littleEndian),
      timeMs: seconds * 1000 + Math.floor(ns / 1e6),
      subMsNs: ns % 1e6,
      linkType: this.linkType,
    };
    return { bytes: 16 + captured, packet };
  }

  private takeBlock(at: number, available: number): { bytes: number; packet?: PcapPacket } {
    if (available < 12) return { bytes: 0 };
    const view = this.view(at, 12);
    if (view.getUint32(0) === SECTION_HEADER) {
      // A new section may have another byte order.
      const order = view.getUint32(8, true);
      if (order !== BYTE_ORDER_MAGIC && view.getUint32(8) !== BYTE_ORDER_MAGIC)
        throw new PcapError('pcapng section without byte order');
      this.littleEndian = order === BYTE_ORDER_MAGIC;
      this.interfaces = [];
    }
    const length = view.getUint32(4, this.littleEndian);
    if (length < 12 || length % 4 !== 0 || length > PACKET_BYTES_MAX)
      throw new PcapError(`pcapng block of ${length} bytes`);
    if (available < length) return { bytes: 0 };
    const type = view.getUint32(0, this.littleEndian);
    const body = this.view(at + 8, length - 12);
    const packet = this.readBlock(type, body);
    return packet ? { bytes: length, packet } : { bytes: length };
  }

  private readBlock(type: number, body: DataView): PcapPacket | undefined {
    switch (type) {
      case 1:
        this.readInterface(body);
        return undefined;
      case 2:
        // The obsolete packet block: interface 2, drops 2, then as the enhanced one.
        return this.readEnhanced(body, body.byteLength >= 20 ? body.getUint16(0, this.littleEndian) : 0);
      case 3:
        return this.readSimple(body);
      case 6:
        return this.readEnhanced(body, body.byteLength >= 20 ? body.getUint32(0, this.littleEndian) : 0);
      default:
        return undefined;
    }
  }

  private readInterface(body: DataView): void {
    if (body.byteLength < 8) throw new PcapError('pcapng interface block too short');
    if (this.interfaces.length >= INTERFACES_MAX)
      throw new PcapError('pcapng section with too many interfaces');
    let unitsPerSecond = 1_000_000n;
    let offsetSeconds = 0n;
    for (let at = 8; at + 4 <= body.byteLength;) {
      const code = body.getUint16(at, this.littleEndian);
      const length = body.getUint16(at + 2, this.littleEndian);
      if (code === 0 || at + 4 + length > body.byteLength) break;
      if (code === 9 && length >= 1) {
        const resolution = body.getUint8(at + 4);
        const power = BigInt(resolution & 0x7f);
        unitsPerSecond = (resolution & 0x80) === 0 ? 10n ** power : 2n ** power;
      } else if (code === 14 && length >= 8) {
        offsetSeconds = body.getBigInt64(at + 4, this.littleEndian);
      }
      at += 4 + length + ((4 - (length % 4)) % 4);
    }
    const linkType = body.getUint16(0, this.littleEndian);
    const snapLength = body.getUint32(4, this.littleEndian);
    this.interfaces.push({ linkType, unitsPerSecond, offsetSeconds, snapLength });
  }

  private readEnhanced(body: DataView, index: number): PcapPacket {
    if (body.byteLength < 20) throw new PcapError('pcapng packet block too short');
    const from = this.interfaces[index];
    if (from === undefined) throw new PcapError(`pcapng packet of unknown interface ${index}`);
    const captured = body.getUint32(12, this.littleEndian);
    if (20 + captured > body.byteLength) throw new PcapError('pcapng packet longer than its block');
    const units =
      (BigInt(body.getUint32(4, this.littleEndian)) << 32n) | BigInt(body.getUint32(8, this.littleEndian));
    const ns = (units * 1_000_000_000n) / from.unitsPerSecond + from.offsetSeconds * 1_000_000_000n;
    return {
      bytes: new Uint8Array(body.buffer, body.byteOffset + 20, captured),
      wireLength: body.getUint32(16, this.littleEndian),
      timeMs: Number(ns / 1_000_000n),
      subMsNs: Number(ns % 1_000_000n),
      linkType: from.linkType,
    };
  }

  /** A simple packet block has no time; it gets the start of time. */
  private readSimple(body: DataView): PcapPacket {
    const from = this.interfaces[0];
    if (from === undefined) throw new PcapError('pcapng packet of unknown interface 0');
    if (body.byteLength < 4) throw new PcapError('pcapng packet block too short');
    const wireLength = body.getUint32(0, this.littleEndian);
    const kept = Math.min(wireLength, body.byteLength - 4, from.snapLength || wireLength);
    return {
      bytes: new Uint8Array(body.buffer, body.byteOffset + 4, kept),
      wireLength,
      timeMs: 0,
      subMsNs: 0,
      linkType: from.linkType,
    };
  }
}

/** A packet to write; its length on the wire may be larger than what there is of it. */
export type PacketToWrite = Pick<PcapPacket, 'bytes' | 'wireLength' | 'timeMs' | 'subMsNs'>;

/** The head of a pcap file: little-endian, nanoseconds unless told otherwise. */
export function pcapHeader(linkType: number, snapLength = 262_144, nanoseconds = true): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(0, nanoseconds ? MAGIC_NANOSECONDS : MAGIC_MICROSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, snapLength, true);
  view.setUint32(20, linkType, true);
  return new Uint8Array(view.buffer);
}

/** One packet of a pcap file with such a head. */
export function pcapRecord(packet: PacketToWrite, nanoseconds = true): Uint8Array {
  const { bytes, timeMs, subMsNs } = packet;
  const record = new Uint8Array(16 + bytes.length);
  const view = new DataView(record.buffer);
  const seconds = Math.floor(timeMs / 1000);
  const ns = (timeMs - seconds * 1000) * 1e6 + subMsNs;
  view.setUint32(0, seconds, true);
  view.setUint32(4, nanoseconds ? ns : Math.floor(ns / 1000), true);
  view.setUint32(8, bytes.length, true);
  view.setUint32(12, packet.wireLength, true);
  record.set(bytes, 16);
  return record;
}
