/**
 * Puts IPv4 fragments together (flow model notes, section 10). The packet whose fragment completes a datagram is
 * decoded on with the whole payload: `Ethernet/IPv4/Fragment/UDP`. Earlier fragments are counted with it, so that no
 * byte is lost (the reference counts the last one only). Memory is bounded by `fragmentBytesMax`; what never
 * completes leaves after 30 s, or when room is needed the oldest first, and is counted.
 */
import { limits } from '../limits.ts';
import { decodeOn } from './decode.ts';
import { nextOfIpv4 } from './ip.ts';
import { LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

const PENDING_BYTES_MAX = limits.fragmentBytesMax;
const PENDING_MS_MAX = 30_000;
/** Fragments of one datagram. */
const FRAGMENTS_MAX = 8192;
/** A larger datagram cannot be. */
const DATAGRAM_BYTES_MAX = 65_535;

interface Datagram {
  readonly bytes: Uint8Array;
  /** One bit for each eight bytes that are there. */
  readonly present: Uint8Array;
  /** Units of eight bytes that are there. */
  units: number;
  /** Payload length, known with the last fragment; -1 before. */
  length: number;
  lastMs: number;
  fragments: number;
  errors: number;
  /** Of the fragments kept: on the wire, and what they count for in flows. */
  wireBytes: number;
  countedBytes: number;
}

/** What becomes of a packet. */
export const Defragmented = {
  /** No fragment: goes on as it is. */
  Untouched: 0,
  /** Kept: no flow sees it yet. */
  Kept: 1,
  /** Completed a datagram; the fields of the defragmenter tell about it. */
  Complete: 2,
  /** Contradicts itself or the others: dropped. */
  Invalid: 3,
} as const;

export class Ipv4Defragmenter {
  /** Of the datagram completed last: fragments before it, dropped ones, the bytes the former count for. */
  earlierFragments = 0;
  fragmentErrors = 0;
  earlierBytes = 0;
  /** The IPv4 layer that was fragmented. */
  ipv4Index = -1;
  /** Its header and all layers before, then the whole payload: what decoding went on in. */
  scratch: Uint8Array = new Uint8Array(0);
  /** Fragments that never became a datagram, and their bytes on the wire. */
  dropped = 0;
  droppedBytes = 0;
  private readonly pending = new Map<string, Datagram>();
  private pendingBytes = 0;

  /**
   * Looks at the first IPv4 layer of a decoded packet. When it completes a datagram, `layers` is changed to the whole.
   * `total`: what the packet counts for in a flow, 0 = as its IPv4 header says.
   */
  take(
    layers: Layers,
    wireLength: number,
    total: number,
    timeMs: number,
    mplsPorts?: ReadonlySet<number>,
  ): number {
    const index = firstIpv4(layers);
    if (index < 0) return Defragmented.Untouched;
    const { bytes } = layers;
    const at = layers.starts[index]!;
    const flags = bytes[at + 6]!;
    // A fragment that must not be fragmented is left alone, as in the reference.
    if (((flags & 0x3f) === 0 && bytes[at + 7] === 0) || (flags & 0x40) !== 0) return Defragmented.Untouched;
    const key = keyOf(bytes, at);
    const datagram = this.pending.get(key) ?? this.open(key);
    datagram.lastMs = timeMs;
    const from = at + layers.lengths[index]!;
    if (!put(datagram, bytes, at, from, endOfIpv4(bytes, at, layers.end))) {
      datagram.errors++;
      this.drop(1, wireLength);
      if (datagram.fragments === 0 && datagram.errors > FRAGMENTS_MAX) this.close(key, datagram);
      return Defragmented.Invalid;
    }
    if (!isComplete(datagram)) {
      datagram.fragments++;
      datagram.wireBytes += wireLength;
      datagram.countedBytes += total > 0 ? total : endOfIpv4(bytes, at, layers.end) - at;
      return Defragmented.Kept;
    }
    this.close(key, datagram);
    this.earlierFragments = datagram.fragments;
    this.fragmentErrors = datagram.errors;
    this.earlierBytes = datagram.countedBytes;
    this.ipv4Index = index;
    this.goOn(layers, index, from, datagram, mplsPorts);
    return Defragmented.Complete;
  }

  /** Continues decoding behind the Fragment layer, in a copy that holds the headers and the whole payload. */
  private goOn(
    layers: Layers,
    index: number,
    from: number,
    datagram: Datagram,
    mplsPorts: ReadonlySet<number> | undefined,
  ): void {
    const start = layers.starts[0]!;
    const headers = from - start;
    const scratch = new Uint8Array(headers + datagram.length);
    scratch.set(layers.bytes.subarray(start, from));
    scratch.set(datagram.bytes.subarray(0, datagram.length), headers);
    for (let i = 0; i <= index; i++) layers.starts[i]! -= start;
    layers.bytes = scratch;
    layers.at = headers;
    layers.end = scratch.length;
    layers.count = index + 1;
    layers.push(LayerType.Fragment, 0);
    const protocol = nextOfIpv4(layers, layers.starts[index]!);
    decodeOn(layers, protocol, mplsPorts);
    this.scratch = scratch;
  }

  private open(key: string): Datagram {
    const datagram: Datagram = {
      bytes: new Uint8Array(DATAGRAM_BYTES_MAX + 8),
      present: new Uint8Array(DATAGRAM_BYTES_MAX / 64 + 2),
      units: 0,
      length: -1,
      lastMs: 0,
      fragments: 0,
      errors: 0,
      wireBytes: 0,
      countedBytes: 0,
    };
    while (this.pendingBytes + datagram.bytes.length > PENDING_BYTES_MAX) this.closeOldest();
    this.pending.set(key, datagram);
    this.pendingBytes += datagram.bytes.length;
    return datagram;
  }

  private closeOldest(): void {
    for (const [key, datagram] of this.pending) {
      this.close(key, datagram);
      this.drop(datagram.fragments, datagram.wireBytes);
      return;
    }
  }

  private close(key: string, datagram: Datagram): void {
    this.pending.delete(key);
    this.pendingBytes -= datagram.bytes.length;
  }

  private drop(fragments: number, bytes: number): void {
    this.dropped += fragments;
    this.droppedBytes += bytes;
  }

  /** Gives up what got nothing for 30 s; call it now and then. */
  discardOld(nowMs: number): void {
    for (const [key, datagram] of this.pending) {
      if (nowMs - datagram.lastMs < PENDING_MS_MAX) continue;
      this.close(key, datagram);
      this.drop(datagram.fragments, datagram.wireBytes);
    }
  }
}

function firstIpv4(layers: Layers): number {
  for (let i = 0; i < layers.count; i++)
    if (layers.types[i] === LayerType.IPv4) return layers.lengths[i]! >= 20 ? i : -1;
  return -1;
}

/** Source, destination and identification. */
function keyOf(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at + 12, at + 20), bytes[at + 4]!, bytes[at + 5]!);
}

function endOfIpv4(bytes: Uint8Array, at: number, end: number): number {
  const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return length === 0 ? end : Math.min(at + length, end);
}

/** Copies a fragment into its datagram; false when it is cut, too long, or against the others. */
function put(datagram: Datagram, bytes: Uint8Array, at: number, from: number, to: number): boolean {
  const length = to - from;
  const told = ((bytes[at + 2]! << 8) | bytes[at + 3]!) - (bytes[at]! & 0x0f) * 4;
  const offset = (((bytes[at + 6]! & 0x1f) << 8) | bytes[at + 7]!) * 8;
  const isLast = (bytes[at + 6]! & 0x20) === 0;
  if (length <= 0 || length < told || offset + length > DATAGRAM_BYTES_MAX) return false;
  if (!isLast && length % 8 !== 0) return false;
  if (isLast) {
    if (datagram.length >= 0 && datagram.length !== offset + length) return false;
    datagram.length = offset + length;
  }
  for (let unit = offset / 8; unit < (offset + length) / 8; unit++) {
    const bit = 1 << (unit & 7);
    if ((datagram.present[unit >> 3]! & bit) !== 0) continue;
    // What came first stays.
    datagram.present[unit >> 3]! |= bit;
    datagram.units++;
    const source = from + unit * 8 - offset;
    datagram.bytes.set(bytes.subarray(source, Math.min(source + 8, to)), unit * 8);
  }
  return true;
}

function isComplete(datagram: Datagram): boolean {
  return datagram.length >= 0 && datagram.units >= Math.ceil(datagram.length / 8);
}
