/**
 * A netlink socket as bytes in and out (netlink(7)), NETLINK_ROUTE when nothing else is said. It stays in the network namespace that it was opened in.
 * What the bytes mean: `probe/topology/rtnetlink/`.
 */
import { limits } from '../../core/limits.ts';
import { checked, lastError, loadLibc, type Libc } from './libc.ts';
import type { LinuxError } from './linux-error.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_ROUTE = 0;
/** What the kernel knows of sockets (sock_diag(7)). */
export const NETLINK_SOCK_DIAG = 4;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

/**
 * The kernel never builds a larger datagram for us: dumps come in parts of at most 32 KiB, but for one network card
 * with virtual functions, whose message is as large as they are many: at most one attribute of 64 KiB, and the rest.
 */
const DATAGRAM_BYTES_MAX = 131_072;

/** One for the thread: a datagram is decoded before the next is read. */
const shared = Buffer.alloc(DATAGRAM_BYTES_MAX);

export type Received =
  /** Valid until the next `receive` on any socket. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'empty' }
  /** Messages were lost: the buffer was full, or a datagram larger than ours. Read everything anew. */
  | { readonly kind: 'overrun' };

export class NetlinkSocket {
  readonly fd: number;
  /** The address that the kernel gave it; answers to this socket's requests carry it. */
  readonly port: number;
  readonly #libc: Libc;
  readonly #subject: string;
  #closed = false;

  /**
   * Opens in the current namespace and joins the multicast groups of the mask (bit n - 1 = group n).
   * Throws LinuxError `KOFFI`, `EMFILE`, `EPERM`, ….
   */
  constructor(groups: number, protocol: number = NETLINK_ROUTE) {
    this.#subject = protocol === NETLINK_ROUTE ? 'NETLINK_ROUTE' : `netlink protocol ${protocol}`;
    this.#libc = loadLibc();
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.fd = checked(this.#libc.socket(AF_NETLINK, type, protocol), 'socket', this.#subject);
    try {
      this.#enlargeBuffer();
      // struct sockaddr_nl, in the host's byte order: family u16, pad, port u32, groups u32
      const address = Buffer.alloc(12);
      new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_NETLINK;
      new Uint32Array(address.buffer, address.byteOffset, 3)[2] = groups;
      checked(this.#libc.bind(this.fd, address, address.length), 'bind', this.#subject);
      const length = Buffer.from(Uint32Array.of(address.length).buffer);
      checked(this.#libc.getsockname(this.fd, address, length), 'getsockname', this.#subject);
      this.port = new Uint32Array(address.buffer, address.byteOffset, 3)[1]!;
    } catch (error) {
      this.#libc.close(this.fd);
      throw error;
    }
  }

  /** Throws LinuxError. */
  send(request: Uint8Array): void {
    checked(this.#libc.send(this.fd, request, request.length, 0), 'send', this.#subject);
  }

  /** The next datagram, without waiting. Throws LinuxError on anything but an empty or overrun socket. */
  receive(): Received {
    const length = this.#libc.recv(this.fd, shared, shared.length, MSG_DONTWAIT | MSG_TRUNC);
    if (length > shared.length) return { kind: 'overrun' };
    if (length >= 0) return { kind: 'bytes', bytes: shared.subarray(0, length) };
    const error: LinuxError = lastError('recv', this.#subject);
    if (error.code === 'EAGAIN' || error.code === 'EINTR') return { kind: 'empty' };
    if (error.code === 'ENOBUFS') return { kind: 'overrun' };
    throw error;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#libc.close(this.fd);
  }

  /** Beyond the system's bound only with CAP_NET_ADMIN; without it the bound has to do. */
  #enlargeBuffer(): void {
    const bytes = Buffer.from(Uint32Array.of(limits.netlinkBufferBytes).buffer);
    if (this.#libc.setsockopt(this.fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes, 4) < 0)
      this.#libc.setsockopt(this.fd, SOL_SOCKET, SO_RCVBUF, bytes, 4);
  }
}
