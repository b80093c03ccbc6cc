/**
 * A UDP socket inside a network namespace. Node binds asynchronously, when the thread may be elsewhere already, so the
 * socket is made and bound by system calls and handed to Node as a descriptor.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { checked, loadLibc } from '../../linux/libc.ts';
import { inNetns } from '../../linux/netns.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;

/**
 * Bound to an IPv4 address ("" = any) and port of that namespace. Rejects with LinuxError: `EADDRINUSE`,
 * `EADDRNOTAVAIL`, `EACCES`, `KOFFI`, or what entering the namespace met.
 */
export async function udpSocketIn(
  netnsPath: string | null,
  address: string,
  port: number,
  receiveBufferBytes: number,
): Promise<Socket> {
  const libc = loadLibc();
  const fd = inNetns(netnsPath, () => {
    const made = checked(libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket', 'udp');
    try {
      const size = Buffer.alloc(4);
      size.writeInt32LE(receiveBufferBytes);
      // The kernel cuts it to net.core.rmem_max without a word.
      libc.setsockopt(made, SOL_SOCKET, SO_RCVBUF, size, size.length);
      const name = socketAddress(address, port);
      checked(libc.bind(made, name, name.length), 'bind', `${address || '0.0.0.0'}:${port}`);
      return made;
    } catch (error) {
      closeSync(made);
      throw error;
    }
  });
  const socket = createSocket('udp4');
  socket.bind({ fd });
  await once(socket, 'listening');
  return socket;
}

/** `struct sockaddr_in` */
function socketAddress(address: string, port: number): Buffer {
  const name = Buffer.alloc(16);
  name.writeUInt16LE(AF_INET, 0);
  name.writeUInt16BE(port, 2);
  if (address !== '') address.split('.').forEach((part, i) => name.writeUInt8(Number(part), 4 + i));
  return name;
}
