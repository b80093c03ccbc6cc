/**
 * The way from a host of the laboratory to the analyzer: a listening socket on the host's loopback whose connections
 * go on from where we are. The hosts need no route to the machine, and the machine gets no interface of theirs.
 */
import { createConnection, createServer, type Socket } from 'node:net';
import { checked, loadLibc } from '../../probe/linux/libc.ts';
import { inNetns } from '../../probe/linux/netns.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0x80000;
const BACKLOG = 16;

export interface Tunnel {
  /** On 127.0.0.1 of the namespace. */
  readonly port: number;
  close(): void;
}

/** From a port of the namespace's loopback to `host`:`port` as seen from here. Throws LinuxError. */
export function openTunnel(netnsFile: string, target: { host: string; port: number }): Tunnel {
  const { fd, port } = inNetns(netnsFile, listenOnLoopback);
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = keep(createConnection({ ...target, allowHalfOpen: true }));
    keep(near).pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  server.listen({ fd });
  return {
    port,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function listenOnLoopback(): { fd: number; port: number } {
  const libc = loadLibc();
  const fd = checked(libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket', 'AF_INET');
  // struct sockaddr_in { u16 family; be16 port; u8 address[4]; u8 zero[8]; }
  const address = Buffer.from([AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  checked(libc.bind(fd, address, address.length), 'bind', '127.0.0.1');
  checked(libc.listen(fd, BACKLOG), 'listen', '127.0.0.1');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(address.length);
  checked(libc.getsockname(fd, address, length), 'getsockname', fd);
  return { fd, port: address.readUInt16BE(2) };
}
