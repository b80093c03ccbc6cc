/**
 * The frame of all netlink messages (netlink(7)): pure, bytes in and out, nothing of the kernel is asked here.
 *
 *     | length u32 | type u16 | flags u16 | sequence u32 | port u32 | body … padded to 4 |
 *     attribute:  | length u16 | type u16 (2 flag bits on top) | value … padded to 4 |
 *
 * Numbers are in the host's byte order. Whatever does not fit its container ends the reading of that container;
 * no bytes throw.
 */

export const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 0x01;
export const NLM_F_MULTI = 0x02;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;

export const HEADER_BYTES = 16;
const ATTRIBUTE_TYPE_MASK = 0x3fff;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Port of the socket whose request this answers; 0 for what the kernel announces by itself. */
  readonly port: number;
  readonly body: Reader;
}

/** A part of a datagram, read at offsets from its own start; what is outside reads as 0 or "". */
export class Reader {
  /** The whole datagram: making a view of every attribute took most of the time of reading 300 interfaces. */
  readonly #view: DataView;
  readonly #start: number;
  readonly length: number;

  constructor(view: DataView, start = 0, end = view.byteLength) {
    this.#view = view;
    this.#start = start;
    this.length = end - start;
  }

  u8(at = 0): number {
    return at + 1 <= this.length ? this.#view.getUint8(this.#start + at) : 0;
  }

  u16(at = 0): number {
    return at + 2 <= this.length ? this.#view.getUint16(this.#start + at, LITTLE_ENDIAN) : 0;
  }

  u32(at = 0): number {
    return at + 4 <= this.length ? this.#view.getUint32(this.#start + at, LITTLE_ENDIAN) : 0;
  }

  i32(at = 0): number {
    return this.u32(at) | 0;
  }

  /** In network order, as ports, keys and protocols are. */
  u16be(at = 0): number {
    return at + 2 <= this.length ? this.#view.getUint16(this.#start + at) : 0;
  }

  u32be(at = 0): number {
    return at + 4 <= this.length ? this.#view.getUint32(this.#start + at) : 0;
  }

  /** Exact up to 2^53. */
  u64(at = 0): number {
    const low = this.u32(LITTLE_ENDIAN ? at : at + 4);
    const high = this.u32(LITTLE_ENDIAN ? at + 4 : at);
    return high * 0x1_0000_0000 + low;
  }

  /** Up to the first NUL or the end. */
  text(): string {
    const bytes = this.bytes();
    const end = bytes.indexOf(0);
    return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#start, this.length);
  }

  part(from: number, to: number): Reader {
    return new Reader(this.#view, this.#start + from, this.#start + to);
  }

  /** The attributes from an offset to the end, in order; the flag bits are taken off the type. */
  *attributes(from = 0): Generator<Attribute> {
    let at = from;
    while (at + 4 <= this.length) {
      const length = this.u16(at);
      if (length < 4 || at + length > this.length) return;
      yield { type: this.u16(at + 2) & ATTRIBUTE_TYPE_MASK, value: this.part(at + 4, at + length) };
      at += align4(length);
    }
  }
}

export interface Attribute {
  readonly type: number;
  readonly value: Reader;
}

/** Attributes by type, the last of each; for containers of which a few are wanted in any order. */
export function attributeMap(container: Reader, from = 0): ReadonlyMap<number, Reader> {
  const found = new Map<number, Reader>();
  for (const { type, value } of container.attributes(from)) found.set(type, value);
  return found;
}

const decoder = new TextDecoder();

function align4(length: number): number {
  return (length + 3) & ~3;
}

/** The messages of one datagram, in order. */
export function* readMessages(datagram: Uint8Array): Generator<NetlinkMessage> {
  const reader = new Reader(new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength));
  let at = 0;
  while (at + HEADER_BYTES <= reader.length) {
    const length = reader.u32(at);
    if (length < HEADER_BYTES || at + length > reader.length) return;
    yield {
      type: reader.u16(at + 4),
      flags: reader.u16(at + 6),
      sequence: reader.u32(at + 8),
      port: reader.u32(at + 12),
      body: reader.part(at + HEADER_BYTES, at + length),
    };
    at += align4(length);
  }
}

/** errno of an NLMSG_ERROR or NLMSG_DONE body as a positive number; 0 = success. */
export function errnoOf(message: NetlinkMessage): number {
  return -message.body.i32(0);
}

/** A request of one message: fixed header, then attributes. */
export function buildRequest(
  type: number,
  flags: number,
  sequence: number,
  header: Uint8Array,
  attributes: readonly { readonly type: number; readonly value: Uint8Array }[] = [],
): Uint8Array {
  const size = attributes.reduce((sum, attribute) => sum + align4(4 + attribute.value.length), 0);
  const bytes = new Uint8Array(HEADER_BYTES + align4(header.length) + size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, LITTLE_ENDIAN);
  view.setUint16(4, type, LITTLE_ENDIAN);
  view.setUint16(6, flags | NLM_F_REQUEST, LITTLE_ENDIAN);
  view.setUint32(8, sequence, LITTLE_ENDIAN);
  bytes.set(header, HEADER_BYTES);
  let at = HEADER_BYTES + align4(header.length);
  for (const { type: attributeType, value } of attributes) {
    view.setUint16(at, 4 + value.length, LITTLE_ENDIAN);
    view.setUint16(at + 2, attributeType, LITTLE_ENDIAN);
    bytes.set(value, at + 4);
    at += align4(4 + value.length);
  }
  return bytes;
}

/** 32 bits in the host's byte order, for headers and attributes of requests. */
export function u32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0, LITTLE_ENDIAN);
  return bytes;
}
