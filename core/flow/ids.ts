/**
 * The ids of a flow, from its key: L3TrackingID, TrackingID, and the UUID whose seed is the key (flow model notes,
 * section 5). Other systems store them, so the reference's hash is copied with its defect (core/hash.ts).
 * Made once, when a flow is born: about a microsecond.
 */
import { XxHash64, formatHash } from '../hash.ts';
import type { Hash64 } from '../hash.ts';
import {
  KEY_ICMP,
  KEY_IPV4,
  KEY_IPV6,
  KEY_LINK,
  KEY_NO_ADDRESSES,
  KEY_NO_PORTS,
  KEY_PARENT,
  KEY_TRANSPORT_MASK,
  KEY_TRANSPORT_SHIFT,
  KEY_VNI,
} from './key.ts';

const TYPE_IPV4 = 1;
const TYPE_IPV6 = 2;
const TYPE_MAC = 3;
const TYPE_RUDP = 7;
const TYPE_CUSTOM = 0;

export class FlowIds {
  readonly l3: Hash64 = { high: 0, low: 0 };
  readonly l2: Hash64 = { high: 0, low: 0 };
  readonly uuid: Hash64 = { high: 0, low: 0 };
  private readonly key: Hash64 = { high: 0, low: 0 };
  private readonly stream = new XxHash64();
  private readonly bytes = new Uint8Array(128);
  private readonly nodeTid: Uint8Array;
  private word = 0;

  constructor(nodeTid: string) {
    this.nodeTid = new TextEncoder().encode(nodeTid);
  }

  /** Fills the ids of the flow with these key words, born at `startMs` (ms since 1970). */
  make(words: Int32Array, startMs: number): void {
    const { stream, bytes } = this;
    const kind = words[0]!;
    stream.reset();
    stream.write(bytes, 0, this.putL3(words, kind));
    let word = this.word;
    stream.digest(this.l3);
    if ((kind & KEY_LINK) === 0) {
      this.l2.high = this.l3.high;
      this.l2.low = this.l3.low;
    } else {
      const end = this.putType(this.putWords(0, words, word, 3), TYPE_MAC);
      stream.write(bytes, 0, end);
      stream.digest(this.l2);
      word += 3;
    }
    if ((kind & KEY_PARENT) !== 0) {
      const parent = formatHash(words[word]!, words[word + 1]!);
      for (let i = 0; i < parent.length; i++) bytes[i] = parent.charCodeAt(i);
      stream.write(bytes, 0, parent.length);
    }
    stream.digest(this.key);
    this.makeUuid(startMs);
  }

  /** Writes the network, transport and ICMP parts; returns how many bytes, `this.word` is the word behind them. */
  private putL3(words: Int32Array, kind: number): number {
    const { bytes } = this;
    let at = 0;
    let word = 1;
    if ((kind & (KEY_IPV4 | KEY_IPV6)) !== 0) {
      const isIpv4 = (kind & KEY_IPV4) !== 0;
      const length = (kind & KEY_NO_ADDRESSES) !== 0 ? 0 : isIpv4 ? 2 : 8;
      at = this.putWords(at, words, word, length);
      at = this.putType(at, isIpv4 ? TYPE_IPV4 : TYPE_IPV6);
      word += length;
    }
    const transport = (kind >> KEY_TRANSPORT_SHIFT) & KEY_TRANSPORT_MASK;
    if (transport === KEY_VNI) {
      at = this.putWords(at, words, word, 1);
      bytes[at++] = words[word + 1]! >> 8;
      bytes[at++] = words[word + 1]!;
      at = this.putType(at, TYPE_CUSTOM);
      word += 2;
    } else if (transport !== 0) {
      if ((kind & KEY_NO_PORTS) === 0) {
        if (transport === TYPE_RUDP) {
          bytes[at++] = words[word]! >> 16;
          bytes[at++] = words[word]!;
        } else {
          at = this.putWords(at, words, word, 1);
        }
        word++;
      }
      at = this.putType(at, transport);
    }
    if ((kind & KEY_ICMP) !== 0) {
      at = this.putType(this.putWords(at, words, word, 1), TYPE_CUSTOM);
      word++;
    }
    this.word = word;
    return at;
  }

  private putWords(at: number, words: Int32Array, from: number, count: number): number {
    const { bytes } = this;
    for (let i = 0; i < count; i++) {
      const word = words[from + i]!;
      bytes[at++] = word >>> 24;
      bytes[at++] = word >>> 16;
      bytes[at++] = word >>> 8;
      bytes[at++] = word;
    }
    return at;
  }

  /** An endpoint type, as eight bytes. */
  private putType(at: number, type: number): number {
    this.bytes.fill(0, at, at + 7);
    this.bytes[at + 7] = type;
    return at + 8;
  }

  private makeUuid(startMs: number): void {
    const { stream, bytes } = this;
    stream.reset(this.key.high, this.key.low);
    let rest = startMs;
    for (let i = 7; i >= 0; i--) {
      bytes[i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    stream.write(bytes, 0, 8);
    stream.write(this.nodeTid);
    stream.digest(this.uuid);
  }
}
