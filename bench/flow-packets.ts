/** Packets from memory for the flow bench: so many conversations of TCP, UDP and ICMP in a fixed random order. */

export interface PacketSet {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
  readonly count: number;
  /** Makes the packets those that follow: connections are open, sequence numbers go on. */
  advance(): void;
}

/** A small generator with a seed, so that every run sees the same packets. */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const PAYLOAD = 64;

/**
 * Writes an Ethernet/IPv4 frame of a flow at an offset; returns its length. `sequence`: TCP sequence number, 0 for the
 * opening packet of its direction.
 */
function writeFrame(bytes: Uint8Array, at: number, flow: number, isReply: boolean, sequence: number): number {
  const kind = flow % 20 === 0 ? ICMP : flow % 4 === 0 ? UDP : TCP;
  const transport = kind === TCP ? 20 : 8;
  const length = 14 + 20 + transport + PAYLOAD;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
  const client = 0x0a000000 + (flow & 0xffff);
  const server = 0x0a640000 + (flow % 251);
  const setMac = (offset: number, host: number) => {
    view.setUint16(offset, 0x0200);
    view.setUint32(offset + 2, host);
  };
  setMac(0, isReply ? client : server);
  setMac(6, isReply ? server : client);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint16(16, length - 14);
  view.setUint8(22, 64);
  view.setUint8(23, kind);
  view.setUint32(26, isReply ? server : client);
  view.setUint32(30, isReply ? client : server);
  if (kind === ICMP) {
    view.setUint8(34, isReply ? 0 : 8);
    view.setUint16(38, flow & 0xffff);
    return length;
  }
  const port = 20_000 + (flow % 40_000);
  view.setUint16(34, isReply ? 443 : port);
  view.setUint16(36, isReply ? port : 443);
  if (kind === UDP) {
    view.setUint16(38, 8 + PAYLOAD);
    return length;
  }
  view.setUint32(38, sequence);
  view.setUint8(46, 0x50);
  // SYN, SYN and ACK, then data.
  view.setUint8(47, sequence > 0 ? 0x10 : isReply ? 0x12 : 0x02);
  return length;
}

/** At least `packets` packets: every flow once, then flows at random. Flows are numbered from `first` on. */
export function makePackets(flows: number, packets: number, first = 0): PacketSet {
  const random = randomOf(flows);
  const count = Math.max(packets, flows);
  const bytes = new Uint8Array(count * 118);
  const offsets = new Int32Array(count);
  const lengths = new Int32Array(count);
  /** Next sequence number of each direction of each flow. */
  const sequences = new Uint32Array(2 * flows);
  const sides = new Int32Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const flow = i < flows ? i : Math.floor(random() * flows);
    offsets[i] = at;
    const isReply = i >= flows && random() < 0.5;
    const side = 2 * flow + (isReply ? 1 : 0);
    sides[i] = side;
    lengths[i] = writeFrame(bytes, at, first + flow, isReply, sequences[side]!);
    sequences[side]! += sequences[side] === 0 ? PAYLOAD + 1 : PAYLOAD;
    at += lengths[i]!;
  }
  // A pass later every direction has moved on by all it sent.
  const spans = sequences;
  const advance = () => {
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < count; i++) {
      const frame = offsets[i]!;
      if (view.getUint8(frame + 23) !== TCP) continue;
      // An opening packet counted one number more than its payload.
      const isOpening = (view.getUint8(frame + 47) & 0x02) !== 0;
      view.setUint32(frame + 38, view.getUint32(frame + 38) + spans[sides[i]!]! - (isOpening ? 0 : 1));
      view.setUint8(frame + 47, 0x10);
    }
  };
  return { bytes, offsets, lengths, count, advance };
}
