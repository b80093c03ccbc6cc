/**
 * Sends UDP frames of one size out of an interface at a steady rate, in a process of its own: sendmmsg(2) on a packet
 * socket that leaves the queueing discipline out, 32 frames a call. It spins between two calls: whoever sleeps a
 * millisecond comes back with a burst of hundreds of frames.
 *
 *   node bench/send-frames.ts NETNS_PATH IF_INDEX FRAME_BYTES FLOWS FRAMES_PER_SECOND FRAMES
 *
 * Prints `{"sent": …, "seconds": …}`.
 */
import { checked, loadKoffi, loadLibc } from '../probe/linux/libc.ts';
import { inNetns } from '../probe/linux/netns.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_QDISC_BYPASS = 20;
const BATCH = 32;
/** struct mmsghdr { struct msghdr { name 8, namelen 8, iov 8, iovlen 8, control 8, controllen 8, flags 8 }, len 8 } */
const MMSGHDR_BYTES = 64;
const IOVEC_BYTES = 16;

/** Ethernet, IPv4 and UDP from one of `flows` ports. */
function makeFrame(bytes: number, flow: number): Buffer {
  const frame = Buffer.alloc(bytes);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00, 0x45]);
  frame.writeUInt16BE(bytes - 14, 16);
  frame[22] = 64;
  frame[23] = 17;
  frame.set([192, 0, 2, 1, 192, 0, 2, 2], 26);
  frame.writeUInt16BE(10_000 + flow, 34);
  frame.writeUInt16BE(9, 36);
  frame.writeUInt16BE(bytes - 34, 38);
  return frame;
}

type Sendmmsg = (fd: number, messages: Uint8Array, count: number, flags: number) => number;

function send(fd: number, frames: readonly Buffer[], perSecond: number, count: number): number {
  const koffi = loadKoffi();
  const sendmmsg = koffi.load(null).func('int sendmmsg(int, void *, unsigned int, int)') as Sendmmsg;
  const vectors = Buffer.alloc(IOVEC_BYTES * frames.length);
  const messages = Buffer.alloc(MMSGHDR_BYTES * frames.length);
  frames.forEach((frame, i) => {
    vectors.writeBigUInt64LE(koffi.address(frame), i * IOVEC_BYTES);
    vectors.writeBigUInt64LE(BigInt(frame.length), i * IOVEC_BYTES + 8);
    messages.writeBigUInt64LE(koffi.address(vectors) + BigInt(i * IOVEC_BYTES), i * MMSGHDR_BYTES + 16);
    messages.writeBigUInt64LE(1n, i * MMSGHDR_BYTES + 24);
  });
  const start = performance.now();
  let sent = 0;
  let from = 0;
  while (sent < count) {
    const due = ((performance.now() - start) / 1000) * perSecond;
    const wanted = Math.min(BATCH, count - sent, frames.length - from);
    if (sent + wanted > due) continue;
    const at = messages.subarray(from * MMSGHDR_BYTES);
    sent += checked(sendmmsg(fd, at, wanted, 0), 'sendmmsg', wanted);
    from = (from + wanted) % frames.length;
  }
  return sent;
}

const [netnsPath, ...rest] = process.argv.slice(2);
const [ifIndex, frameBytes, flows, perSecond, count] = rest.map(Number);
const libc = loadLibc();
const fd = inNetns(netnsPath!, () => checked(libc.socket(AF_PACKET, SOCK_RAW, 0), 'socket', 'AF_PACKET'));
const address = Buffer.alloc(20);
address.writeUInt16LE(AF_PACKET, 0);
address.writeInt32LE(ifIndex!, 4);
checked(libc.bind(fd, address, address.length), 'bind', ifIndex!);
const bypass = Buffer.from([1, 0, 0, 0]);
libc.setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, bypass, bypass.length);
const frames = Array.from({ length: flows! }, (_, flow) => makeFrame(frameBytes!, flow));
const began = performance.now();
const sent = send(fd, frames, perSecond!, count!);
const seconds = (performance.now() - began) / 1000;
process.stdout.write(`${JSON.stringify({ sent, seconds })}\n`);
