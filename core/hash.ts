/**
 * xxHash64 as the reference uses it for flow ids, with 32-bit halves because BigInt is slow.
 *
 * Its library has a defect that other systems' stored ids depend on: taking a digest once 32 or more bytes have
 * been written multiplies the four lanes by PRIME64_2 and keeps the result, so that later digests of the same
 * stream differ from the standard. Below 32 bytes nothing changes. (Flow model notes, sections 5 and 24.)
 */

// The five primes as [high, low] halves.
const P1H = 0x9e3779b1 | 0;
const P1L = 0x85ebca87 | 0;
const P2H = 0xc2b2ae3d | 0;
const P2L = 0x27d4eb4f | 0;
const P3H = 0x165667b1 | 0;
const P3L = 0x9e3779f9 | 0;
const P4H = 0x85ebca77 | 0;
const P4L = 0xc2b2ae63 | 0;
const P5H = 0x27d4eb2f | 0;
const P5L = 0x165667c5 | 0;

/** High half of the last 64-bit result; the low half is returned. One thread, no re-entry. */
let high = 0;

/** (ah,al) * (bh,bl) modulo 2^64. */
function multiply(ah: number, al: number, bh: number, bl: number): number {
  const a0 = al & 0xffff;
  const a1 = al >>> 16;
  const b0 = bl & 0xffff;
  const b1 = bl >>> 16;
  const low = Math.imul(a0, b0);
  const cross = Math.imul(a1, b0) + (low >>> 16);
  const middle = (cross & 0xffff) + Math.imul(a0, b1);
  // Products of 16-bit halves are taken as signed by imul: `>>> 16` below reads them as unsigned again.
  const carry = (cross >>> 16) + (middle >>> 16);
  high = (Math.imul(a1, b1) + carry + Math.imul(ah, bl) + Math.imul(al, bh)) | 0;
  return (middle << 16) | (low & 0xffff);
}

function add(ah: number, al: number, bh: number, bl: number): number {
  const low = (al >>> 0) + (bl >>> 0);
  high = (ah + bh + (low > 0xffffffff ? 1 : 0)) | 0;
  return low | 0;
}

/** Rotates left by 1..31 bits. */
function rotate(ah: number, al: number, bits: number): number {
  high = (ah << bits) | (al >>> (32 - bits));
  return (al << bits) | (ah >>> (32 - bits));
}

/** One lane takes eight bytes: rotl(lane + input * P2, 31) * P1. */
function round(laneH: number, laneL: number, inputH: number, inputL: number): number {
  let low = multiply(inputH, inputL, P2H, P2L);
  low = add(laneH, laneL, high, low);
  low = rotate(high, low, 31);
  return multiply(high, low, P1H, P1L);
}

/** A 64-bit number as two signed 32-bit halves. */
export interface Hash64 {
  high: number;
  low: number;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Eight digits; toString(16) takes three times as long for numbers above 31 bits. */
function digitsOf(word: number): string {
  return HEX[word >>> 24]! + HEX[(word >>> 16) & 255]! + HEX[(word >>> 8) & 255]! + HEX[word & 255]!;
}

/** An id as the reference prints it: lower-case hexadecimal without leading zeros. */
export function formatHash(high: number, low: number): string {
  if (high >>> 28 !== 0) return digitsOf(high) + digitsOf(low);
  if (high === 0) return (low >>> 0).toString(16);
  return high.toString(16) + digitsOf(low);
}

/** The halves of an id printed by {@link formatHash}; undefined when the text is none. */
export function parseHash(text: string): Hash64 | undefined {
  if (!/^[0-9a-f]{1,16}$/.test(text)) return undefined;
  const padded = text.padStart(16, '0');
  return { high: parseInt(padded.slice(0, 8), 16) | 0, low: parseInt(padded.slice(8), 16) | 0 };
}

/** A hash stream: write bytes, take digests in between. Reusable by {@link reset}. */
export class XxHash64 {
  /** Four lanes, each [low, high]. */
  private readonly lanes = new Int32Array(8);
  private readonly buffer = new Uint8Array(32);
  private buffered = 0;
  private total = 0;
  private seedH = 0;
  private seedL = 0;

  constructor(seedHigh = 0, seedLow = 0) {
    this.reset(seedHigh, seedLow);
  }

  reset(seedHigh = 0, seedLow = 0): void {
    const lanes = this.lanes;
    this.seedH = seedHigh;
    this.seedL = seedLow;
    this.buffered = 0;
    this.total = 0;
    lanes[2] = add(seedHigh, seedLow, P2H, P2L);
    lanes[3] = high;
    lanes[0] = add(high, lanes[2], P1H, P1L);
    lanes[1] = high;
    lanes[4] = seedLow;
    lanes[5] = seedHigh;
    // seed - P1, as seed + (-P1)
    lanes[6] = add(seedHigh, seedLow, ~P1H, -P1L | 0);
    lanes[7] = high;
  }

  /** Takes bytes[from, to). */
  write(bytes: Uint8Array, from = 0, to = bytes.length): void {
    const buffer = this.buffer;
    this.total += to - from;
    for (let i = from; i < to; i++) {
      buffer[this.buffered++] = bytes[i]!;
      if (this.buffered === 32) {
        this.takeBlock();
        this.buffered = 0;
      }
    }
  }

  private takeBlock(): void {
    const { lanes, buffer } = this;
    for (let lane = 0; lane < 4; lane++) {
      lanes[2 * lane] = round(
        lanes[2 * lane + 1]!,
        lanes[2 * lane]!,
        word(buffer, lane * 8 + 4),
        word(buffer, lane * 8),
      );
      lanes[2 * lane + 1] = high;
    }
  }

  /** The digest of what was written so far, with the defect told above. Fills and returns `into`. */
  digest(into: Hash64): Hash64 {
    let low: number;
    if (this.total >= 32) low = this.mergeLanes();
    else low = add(this.seedH, this.seedL, P5H, P5L);
    low = add(high, low, 0, this.total | 0);
    return this.finish(high, low, into);
  }

  private mergeLanes(): number {
    const { lanes } = this;
    let low = rotate(lanes[1]!, lanes[0]!, 1);
    let sumH = high;
    for (let lane = 1; lane < 4; lane++) {
      const rotated = rotate(lanes[2 * lane + 1]!, lanes[2 * lane]!, lane === 1 ? 7 : lane === 2 ? 12 : 18);
      low = add(sumH, low, high, rotated);
      sumH = high;
    }
    for (let lane = 0; lane < 4; lane++) {
      // The standard multiplies a copy; the reference's library the lane itself.
      lanes[2 * lane] = multiply(lanes[2 * lane + 1]!, lanes[2 * lane]!, P2H, P2L);
      lanes[2 * lane + 1] = high;
      let mixed = rotate(high, lanes[2 * lane]!, 31);
      mixed = multiply(high, mixed, P1H, P1L);
      low = multiply(sumH ^ high, low ^ mixed, P1H, P1L);
      low = add(high, low, P4H, P4L);
      sumH = high;
    }
    high = sumH;
    return low;
  }

  /** The buffered rest and the final mixing. */
  private finish(startH: number, startL: number, into: Hash64): Hash64 {
    const { buffer, buffered } = this;
    let h = startH;
    let l = startL;
    let at = 0;
    for (; at + 8 <= buffered; at += 8) {
      const mixed = round(0, 0, word(buffer, at + 4), word(buffer, at));
      l = rotate(h ^ high, l ^ mixed, 27);
      l = multiply(high, l, P1H, P1L);
      l = add(high, l, P4H, P4L);
      h = high;
    }
    if (at + 4 <= buffered) {
      const mixed = multiply(0, word(buffer, at), P1H, P1L);
      l = rotate(h ^ high, l ^ mixed, 23);
      l = multiply(high, l, P2H, P2L);
      l = add(high, l, P3H, P3L);
      h = high;
      at += 4;
    }
    for (; at < buffered; at++) {
      const mixed = multiply(0, buffer[at]!, P5H, P5L);
      l = rotate(h ^ high, l ^ mixed, 11);
      l = multiply(high, l, P1H, P1L);
      h = high;
    }
    // h ^= h >> 33; h *= P2; h ^= h >> 29; h *= P3; h ^= h >> 32
    l = multiply(h, l ^ (h >>> 1), P2H, P2L);
    h = high;
    const shifted = (l >>> 29) | (h << 3);
    l = multiply(h ^ (h >>> 29), l ^ shifted, P3H, P3L);
    into.high = high;
    into.low = l ^ high;
    return into;
  }
}

/** Four bytes, little-endian. */
function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
