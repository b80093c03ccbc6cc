/** Packets from memory for the flow bench: so many conversations of TCP, UDP and ICMP in a fixed random order. */

export interface PacketSet {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
  readonly count: number;
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

/** Writes an Ethernet/IPv4 frame of a flow at an offset; returns its length. */
function writeFrame(bytes: Uint8Array, at: number, flow: number, isReply: boolean): number {
  const kind = flow % 20 === 0 ? ICMP : flow % 4 === 0 ? UDP : TCP;
  const payload = 64;
  const transport = kind === TCP ? 20 : 8;
  const length = 14 + 20 + transport + payload;
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
    view.setUint16(38, 8 + payload);
    return length;
  }
  view.setUint8(46, 0x50);
  view.setUint8(47, 0x10);
  return length;
}

/** At least `packets` packets: every flow once, then flows at random. */
export function makePackets(flows: number, packets: number): PacketSet {
  const random = randomOf(flows);
  const count = Math.max(packets, flows);
  const bytes = new Uint8Array(count * 118);
  const offsets = new Int32Array(count);
  const lengths = new Int32Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const flow = i < flows ? i : Math.floor(random() * flows);
    offsets[i] = at;
    lengths[i] = writeFrame(bytes, at, flow, i >= flows && random() < 0.5);
    at += lengths[i]!;
  }
  return { bytes, offsets, lengths, count };
}
