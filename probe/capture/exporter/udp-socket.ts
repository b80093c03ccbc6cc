/**
 * A UDP socket inside a network namespace. It is made and bound by system calls, while the thread is inside, and
 * handed to Node as a descriptor: Node's own bind would come when the thread is elsewhere already.
 */
import { createSocket, type Socket } from 'node:dgram';
import { checked, loadKoffi, loadLibc } from '../../linux/libc.ts';
import { inNetns } from '../../linux/netns.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
/** `u32[9]` of the socket's memory figures; the last are datagrams that found no room (linux/sock_diag.h). */
const SO_MEMINFO = 55;
const MEMINFO_BYTES = 36;
const MEMINFO_DROPS_AT = 32;

const MSG_DONTWAIT = 0x40;
const DATAGRAM_BYTES_MAX = 65_535;
const SOCKADDR_BYTES = 16;

type Recvfrom = (
  fd: number,
  bytes: Uint8Array,
  size: number,
  flags: number,
  from: Uint8Array,
  fromLength: Uint8Array,
) => number;
type Getsockopt = (fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array) => number;

let getsockopt: Getsockopt | undefined;
let recvfrom: Recvfrom | undefined;

export interface ListeningSocket {
  /** Receives from the moment it is made; it is to be closed through `close`. */
  readonly socket: Socket;
  /** What the kernel took for its buffer. */
  readonly bufferBytes: number;
  /** Datagrams that the kernel had no room for, since the socket was made. */
  drops(): number;
  /** Hands over what lies in the kernel's buffer now, at most so many datagrams. */
  drain(take: (datagram: Buffer, address: string) => void, datagramsMax: number): void;
  close(): void;
}

/**
 * Bound to an IPv4 address ("" = any) and port of that namespace (null = where the thread started). Throws
 * LinuxError: `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `KOFFI`, or what entering the namespace met.
 */
export function listenUdp(
  netnsPath: string | null,
  address: string,
  port: number,
  bufferBytes: number,
): ListeningSocket {
  const fd = inNetns(netnsPath, () => boundSocket(address, port, bufferBytes));
  const socket = createSocket('udp4');
  socket.bind({ fd });
  let closed = false;
  let drops = 0;
  const readDrops = () => {
    if (!closed) drops = option(fd, SO_MEMINFO, MEMINFO_BYTES).readUInt32LE(MEMINFO_DROPS_AT);
    return drops;
  };
  return {
    socket,
    bufferBytes: option(fd, SO_RCVBUF, 4).readInt32LE(0),
    drops: readDrops,
    drain: (take, datagramsMax) => {
      if (!closed) receiveAll(fd, take, datagramsMax);
    },
    close: () => {
      if (closed) return;
      readDrops();
      closed = true;
      socket.close();
    },
  };
}

function boundSocket(address: string, port: number, bufferBytes: number): number {
  const libc = loadLibc();
  const fd = checked(libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket', 'udp');
  try {
    const size = Buffer.alloc(4);
    size.writeInt32LE(bufferBytes);
    // Without the right to force it the kernel cuts it to net.core.rmem_max without a word.
    if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, size.length) < 0)
      libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size, size.length);
    const name = socketAddress(address, port);
    checked(libc.bind(fd, name, name.length), 'bind', `${address || '0.0.0.0'}:${port}`);
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

function receiveAll(fd: number, take: (datagram: Buffer, address: string) => void, max: number): void {
  recvfrom ??= loadKoffi()
    .load(null)
    .func('intptr_t recvfrom(int, void *, size_t, int, void *, void *)') as Recvfrom;
  const bytes = Buffer.alloc(DATAGRAM_BYTES_MAX);
  const from = Buffer.alloc(SOCKADDR_BYTES);
  const fromLength = Buffer.alloc(4);
  for (let n = 0; n < max; n++) {
    fromLength.writeUInt32LE(SOCKADDR_BYTES);
    const length = recvfrom(fd, bytes, bytes.length, MSG_DONTWAIT, from, fromLength);
    if (length < 0) return;
    take(bytes.subarray(0, length), from.subarray(4, 8).join('.'));
  }
}

function option(fd: number, name: number, bytes: number): Buffer {
  getsockopt ??= loadKoffi().load(null).func('int getsockopt(int, int, int, void *, void *)') as Getsockopt;
  const value = Buffer.alloc(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes);
  checked(getsockopt(fd, SOL_SOCKET, name, value, length), 'getsockopt', name);
  return value;
}

/** `struct sockaddr_in` */
function socketAddress(address: string, port: number): Buffer {
  const name = Buffer.alloc(16);
  name.writeUInt16LE(AF_INET, 0);
  name.writeUInt16BE(port, 2);
  if (address !== '') address.split('.').forEach((part, i) => name.writeUInt8(Number(part), 4 + i));
  return name;
}
