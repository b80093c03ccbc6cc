/**
 * What the decoders of exporters' datagrams share: the record they yield, the reasons they give up for, and a
 * bounded reader. A decoder never throws and never reads past the datagram; what was read before a fault stays.
 */

/** Why a datagram, or the rest of it, was not understood. Each has a counter. */
export const ExportStatus = {
  ok: 0,
  truncated: 1,
  version: 2,
  unknownTemplate: 3,
  malformed: 4,
  templatesFull: 5,
} as const;
export type ExportStatus = (typeof ExportStatus)[keyof typeof ExportStatus];

/** One flow record of NetFlow or IPFIX: one direction, as the exporter counted it. Addresses are texts. */
export interface ExportedRecord {
  sourceAddress: string;
  destinationAddress: string;
  /** 4 or 6. */
  ipVersion: 4 | 6;
  sourceMac: string;
  destinationMac: string;
  vlan: number;
  protocol: number;
  /** With ICMP the destination's is type<<8 | code, the source's of no meaning. */
  sourcePort: number;
  destinationPort: number;
  tcpFlags: number;
  packets: number;
  bytes: number;
  /** ms since 1970. */
  startMs: number;
  lastMs: number;
}

/** ICMP or ICMPv6, by IP protocol number. */
export function isIcmp(protocol: number): boolean {
  return protocol === 1 || protocol === 58;
}

/** Big-endian reads inside [at, end); `failed` is set instead of reading past the end, and zeros are returned. */
export class DatagramReader {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.end = bytes.length;
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.#has(1) ? this.view.getUint8(this.at++) : 0;
  }

  u16(): number {
    if (!this.#has(2)) return 0;
    this.at += 2;
    return this.view.getUint16(this.at - 2);
  }

  u32(): number {
    if (!this.#has(4)) return 0;
    this.at += 4;
    return this.view.getUint32(this.at - 4);
  }

  /** An unsigned integer of 1 to 8 bytes, as exporters shorten them (RFC 7011 section 6.2). Above 2^53 it is rounded. */
  unsigned(length: number): number {
    if (!this.#has(length)) return 0;
    let value = 0;
    for (let i = 0; i < length; i++) value = value * 256 + this.view.getUint8(this.at++);
    return value;
  }

  skip(length: number): void {
    if (this.#has(length)) this.at += length;
  }

  #has(length: number): boolean {
    if (length >= 0 && this.at + length <= this.end) return true;
    this.failed = true;
    this.at = this.end;
    return false;
  }
}
