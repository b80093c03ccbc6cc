/**
 * Where live flows are kept: one row of 208 bytes a flow in one buffer, seen as doubles and as 32-bit words, and a
 * hash index over the key words. No object per flow, so a million flows are no work for the garbage collector.
 * Keys of more than 7 words (IPv6, tunnels) lie in a side array; rare things of a flow in `FlowExtra` (extra.ts).
 *
 *   words 0–6    key (or: word 0 and the index of the side array)
 *   doubles      as named below (D_…), words as named below (W_…)
 */
import {
  KEY_ICMP,
  KEY_IPV6,
  KEY_PARENT,
  KEY_TRANSPORT_MASK,
  KEY_TRANSPORT_SHIFT,
  KEY_VNI,
  KEY_WORDS_MAX,
} from './key.ts';
import type { FlowKey } from './key.ts';

export const ROW_DOUBLES = 26;
export const ROW_WORDS = 2 * ROW_DOUBLES;

/** Times are ms since 1970, sizes bytes on the wire. */
export const D_LAST = 4;
export const D_AB_PACKETS = 5;
export const D_AB_BYTES = 6;
export const D_BA_PACKETS = 7;
export const D_BA_BYTES = 8;
/** Time of the request whose answer is awaited; its rest below a ms is in W_RTT_SUB_NS. */
export const D_RTT_START = 9;
export const D_RTT_NS = 10;
export const D_START = 12;
/** The counters as they were in the last message. */
export const D_SENT_AB_PACKETS = 13;
export const D_SENT_AB_BYTES = 14;
export const D_SENT_BA_PACKETS = 15;
export const D_SENT_BA_BYTES = 16;
/** `Last` of the last message's LastUpdateMetric. */
export const D_SENT_AT = 17;
/** VLAN tags, 12 bits each. */
export const D_LINK_ID = 24;

/** Next to the key, because every packet needs both. */
export const W_FLAGS = 7;
export const W_RTT_SUB_NS = 22;
/** Destination and source MAC of the first packet as three words (source first). */
export const W_MACS = 36;
/** Source and destination port of the first packet. */
export const W_PORTS = 39;
export const W_L2_HIGH = 40;
export const W_L2_LOW = 41;
export const W_L3_HIGH = 42;
export const W_L3_LOW = 43;
export const W_UUID_HIGH = 44;
export const W_UUID_LOW = 45;
export const W_PATH = 46;
export const W_ICMP = 47;
export const W_NETWORK_ID = 50;
/** Visits that found nothing new on a flow whose last packet came from the future. */
export const W_SILENT = 51;
export const W_HASH = 23;

/** Bits of W_FLAGS. */
export const F_SWAP = 1;
/** Something has not been sent. */
export const F_CHANGED = 2;
export const F_SENT = 4;
export const F_FIN_A = 8;
export const F_FIN_B = 16;
/** Two bits: FlowFinishType. */
export const F_FINISH_SHIFT = 5;
export const F_FINISH_MASK = 3 << F_FINISH_SHIFT;
export const F_EXTRA = 128;
export const F_LINK = 256;
export const F_IPV4 = 512;
export const F_IPV6 = 1024;
/** Two bits: 0 no transport, 1 TCP, 2 UDP, 3 SCTP. */
export const F_TRANSPORT_SHIFT = 11;
export const F_TRANSPORT_MASK = 3 << F_TRANSPORT_SHIFT;
export const F_ICMP = 8192;
export const F_RTT = 16384;
/** The visible network layer is not the one of the key: it stands in FlowExtra. */
export const F_NETWORK_EXTRA = 32768;
/** The addresses of the network header were cut off. */
export const F_NO_ADDRESSES = 65536;
/** Fragments are counted; zeros unless FlowExtra tells otherwise. */
export const F_IP_METRIC = 131072;
/** Every packet needs more than counting: its stream is followed, or … */
export const F_WATCH = 262144;
/** … packets are still to be kept. Only together with F_WATCH. */
export const F_KEEP = 524288;

const SMALL_KEY_WORDS = 7;
const FIRST_CAPACITY = 1024;

export class FlowRows {
  doubles: Float64Array;
  words: Int32Array;
  /** When to look at a flow next (ms), Infinity for a free row. Dense, because every tick scans it. */
  due: Float64Array;
  /** Rows ever used: every live flow is below it. */
  used = 0;
  size = 0;
  private capacity = FIRST_CAPACITY;
  private readonly capacityMax: number;
  /** Pairs of row + 1 (0: empty) and hash, open addressing, never more than half full. */
  index = new Int32Array(2 * 2 * FIRST_CAPACITY);
  mask = 2 * FIRST_CAPACITY - 1;
  private free: number[] = [];
  private largeKeys = new Int32Array(0);
  private freeLargeKeys: number[] = [];
  private largeKeysUsed = 0;

  constructor(entriesMax: number) {
    this.capacityMax = entriesMax;
    this.capacity = Math.min(FIRST_CAPACITY, entriesMax);
    this.doubles = new Float64Array(this.capacity * ROW_DOUBLES);
    this.words = new Int32Array(this.doubles.buffer);
    this.due = new Float64Array(this.capacity).fill(Infinity);
  }

  get isFull(): boolean {
    return this.size >= this.capacityMax;
  }

  /** The row of a key, -1 when there is none. */
  find(key: FlowKey): number {
    const { index, mask } = this;
    const { hash } = key;
    let slot = hash & mask;
    for (;;) {
      const row = index[2 * slot]! - 1;
      if (row < 0) return -1;
      if (index[2 * slot + 1] === hash && this.holds(row, key)) return row;
      slot = (slot + 1) & mask;
    }
  }

  private holds(row: number, key: FlowKey): boolean {
    const a = this.words;
    const b = key.words;
    const at = row * ROW_WORDS;
    if (a[at] !== b[0]) return false;
    // Word 0 tells the parts, so equal words 0 mean equal lengths.
    const { length } = key;
    if (isLarge(b[0]!)) return this.holdsLarge(a[at + 1]! * KEY_WORDS_MAX, key);
    for (let i = 1; i < length; i++) if (a[at + i] !== b[i]) return false;
    return true;
  }

  private holdsLarge(at: number, key: FlowKey): boolean {
    const a = this.largeKeys;
    const b = key.words;
    for (let i = 1; i < key.length; i++) if (a[at + i] !== b[i]) return false;
    return true;
  }

  /** Makes a zeroed row for a key that is not there. The table must not be full. */
  insert(key: FlowKey): number {
    if (2 * (this.size + 1) > this.mask + 1) this.growIndex();
    let row = this.free.pop();
    if (row === undefined) {
      if (this.used === this.capacity) this.growRows();
      row = this.used++;
    }
    this.size++;
    const at = row * ROW_WORDS;
    this.words.fill(0, at, at + ROW_WORDS);
    this.words[at + W_HASH] = key.hash;
    if (isLarge(key.words[0]!)) {
      this.words[at] = key.words[0]!;
      this.words[at + 1] = this.insertLarge(key);
    } else {
      for (let i = 0; i < key.length; i++) this.words[at + i] = key.words[i]!;
    }
    this.enter(row, key.hash);
    return row;
  }

  private insertLarge(key: FlowKey): number {
    let large = this.freeLargeKeys.pop();
    if (large === undefined) {
      large = this.largeKeysUsed++;
      if (this.largeKeysUsed * KEY_WORDS_MAX > this.largeKeys.length) {
        const grown = new Int32Array(Math.max(64 * KEY_WORDS_MAX, 2 * this.largeKeys.length));
        grown.set(this.largeKeys);
        this.largeKeys = grown;
      }
    }
    this.largeKeys.set(key.words.subarray(0, key.length), large * KEY_WORDS_MAX);
    return large;
  }

  private enter(row: number, hash: number): void {
    const { index, mask } = this;
    let slot = hash & mask;
    while (index[2 * slot] !== 0) slot = (slot + 1) & mask;
    index[2 * slot] = row + 1;
    index[2 * slot + 1] = hash;
  }

  /** Takes a row out. Its content stays readable until the next insert. */
  remove(row: number): void {
    const { index, mask } = this;
    const at = row * ROW_WORDS;
    let slot = this.words[at + W_HASH]! & mask;
    while (index[2 * slot] !== row + 1) slot = (slot + 1) & mask;
    // Close the gap: move back every entry whose place is at or before it.
    let gap = slot;
    for (;;) {
      slot = (slot + 1) & mask;
      if (index[2 * slot] === 0) break;
      const home = index[2 * slot + 1]! & mask;
      if (((slot - home) & mask) >= ((slot - gap) & mask)) {
        index[2 * gap] = index[2 * slot]!;
        index[2 * gap + 1] = index[2 * slot + 1]!;
        gap = slot;
      }
    }
    index[2 * gap] = 0;
    if (this.hasLargeKey(row)) this.freeLargeKeys.push(this.words[at + 1]!);
    this.due[row] = Infinity;
    this.free.push(row);
    this.size--;
  }

  /** Word 0 is the kind of key in both places. */
  private hasLargeKey(row: number): boolean {
    return isLarge(this.words[row * ROW_WORDS]!);
  }

  /** Copies the key words of a row, word 0 first. */
  keyWords(row: number, into: Int32Array): void {
    const at = row * ROW_WORDS;
    if (this.hasLargeKey(row)) {
      const large = this.words[at + 1]! * KEY_WORDS_MAX;
      for (let i = 0; i < KEY_WORDS_MAX; i++) into[i] = this.largeKeys[large + i]!;
    } else {
      for (let i = 0; i < SMALL_KEY_WORDS; i++) into[i] = this.words[at + i]!;
    }
  }

  private growRows(): void {
    this.capacity = Math.min(2 * this.capacity, this.capacityMax);
    const doubles = new Float64Array(this.capacity * ROW_DOUBLES);
    doubles.set(this.doubles);
    this.doubles = doubles;
    this.words = new Int32Array(doubles.buffer);
    const due = new Float64Array(this.capacity).fill(Infinity);
    due.set(this.due);
    this.due = due;
  }

  private growIndex(): void {
    const old = this.index;
    this.index = new Int32Array(2 * old.length);
    this.mask = 2 * this.mask + 1;
    for (let i = 0; i < old.length; i += 2) if (old[i] !== 0) this.enter(old[i]! - 1, old[i + 1]!);
  }

  /** Bytes held by the buffers. */
  get bytes(): number {
    return this.doubles.byteLength + this.due.byteLength + this.index.byteLength + this.largeKeys.byteLength;
  }
}

/** IPv6, network id and tunnelled keys always go to the side array, so that word 0 tells where a key is. */
function isLarge(kind: number): boolean {
  const transport = (kind >> KEY_TRANSPORT_SHIFT) & KEY_TRANSPORT_MASK;
  // Ports and ICMP together only when the ports lie behind a tunnel header.
  const isLong = (kind & KEY_ICMP) !== 0 && transport !== 0;
  return (kind & (KEY_IPV6 | KEY_PARENT)) !== 0 || transport === KEY_VNI || isLong;
}
