/**
 * A packet socket that gets LLDP frames (packet(7)): of every interface of the namespace it is opened in, or of one.
 * A switch in the kernel (Open vSwitch) takes frames of its ports before a socket for one kind of frame sees them, so
 * for such a port the socket is for all kinds, with a filter in the kernel.
 */
import { limits } from '../../core/limits.ts';
import { checked, lastError, loadKoffi, loadLibc, type Libc } from './libc.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_MULTICAST = 0;
const PACKET_OUTGOING = 4;
const MSG_DONTWAIT = 0x40;
const ETH_P_ALL = 3;
const ETH_P_LLDP = 0x88cc;
/** struct sockaddr_ll */
const ADDRESS_BYTES = 20;
/** The nearest bridge of each kind; no switch forwards them. */
const GROUPS = ['0180c2000000', '0180c2000003', '0180c200000e'].map((text) => Buffer.from(text, 'hex'));

/** ldh [12]; jeq 0x88cc, accept, else nothing. struct sock_filter { u16 code; u8 jt, jf; u32 k } */
const FILTER = [
  [0x28, 0, 0, 12],
  [0x15, 0, 1, ETH_P_LLDP],
  [0x06, 0, 0, 0xffff],
  [0x06, 0, 0, 0],
] as const;

export interface LldpFrame {
  readonly ifIndex: number;
  /** Valid until the next `receive`. */
  readonly bytes: Uint8Array;
}

export class LldpSocket {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #frame = Buffer.alloc(limits.lldpFrameBytesMax);
  readonly #address = Buffer.alloc(ADDRESS_BYTES);
  readonly #addressLength = Buffer.alloc(4);
  #closed = false;

  /** 0 = all interfaces. Throws LinuxError `EPERM` (CAP_NET_RAW), `KOFFI`, `ENODEV`. */
  constructor(ifIndex = 0) {
    this.#libc = loadLibc();
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
    // Protocol 0 receives nothing until it is bound.
    this.fd = checked(this.#libc.socket(AF_PACKET, type, 0), 'socket', 'AF_PACKET');
    try {
      if (ifIndex !== 0) this.#filter();
      const address = Buffer.alloc(ADDRESS_BYTES);
      new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_PACKET;
      address.writeUInt16BE(ifIndex === 0 ? ETH_P_LLDP : ETH_P_ALL, 2);
      new Int32Array(address.buffer, address.byteOffset, 2)[1] = ifIndex;
      checked(this.#libc.bind(this.fd, address, address.length), 'bind', `interface ${ifIndex}`);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Lets the interface's hardware pass what is sent to neighbours. Throws LinuxError. */
  join(ifIndex: number): void {
    for (const group of GROUPS) {
      // struct packet_mreq { int ifindex; u16 type; u16 length; u8 address[8] }
      const request = Buffer.alloc(16);
      new Int32Array(request.buffer, request.byteOffset, 1)[0] = ifIndex;
      new Uint16Array(request.buffer, request.byteOffset, 4).set([PACKET_MR_MULTICAST, group.length], 2);
      group.copy(request, 8);
      const result = this.#libc.setsockopt(
        this.fd,
        SOL_PACKET,
        PACKET_ADD_MEMBERSHIP,
        request,
        request.length,
      );
      checked(result, 'setsockopt', `interface ${ifIndex}`);
    }
  }

  /** The next frame that came from outside; undefined = none now. Throws LinuxError. */
  receive(): LldpFrame | undefined {
    for (;;) {
      this.#addressLength.writeUInt32LE(ADDRESS_BYTES);
      const length = this.#libc.recvfrom(
        this.fd,
        this.#frame,
        this.#frame.length,
        MSG_DONTWAIT,
        this.#address,
        this.#addressLength,
      );
      if (length < 0) {
        const error = lastError('recvfrom', 'AF_PACKET');
        if (error.code === 'EAGAIN' || error.code === 'EINTR') return undefined;
        // An interface went down; the socket stays good.
        if (error.code === 'ENETDOWN') continue;
        throw error;
      }
      if (this.#address[10] === PACKET_OUTGOING) continue;
      const ifIndex = new Int32Array(this.#address.buffer, this.#address.byteOffset, 2)[1]!;
      return { ifIndex, bytes: this.#frame.subarray(0, length) };
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#libc.close(this.fd);
  }

  #filter(): void {
    const program = Buffer.alloc(FILTER.length * 8);
    FILTER.forEach(([code, jt, jf, k], i) => {
      new Uint16Array(program.buffer, program.byteOffset + i * 8, 1)[0] = code;
      program.set([jt, jf], i * 8 + 2);
      new Uint32Array(program.buffer, program.byteOffset + i * 8 + 4, 1)[0] = k;
    });
    // struct sock_fprog { u16 len; struct sock_filter *filter; }
    const fprog = Buffer.alloc(16);
    new Uint16Array(fprog.buffer, fprog.byteOffset, 1)[0] = FILTER.length;
    new BigUint64Array(fprog.buffer, fprog.byteOffset + 8, 1)[0] = loadKoffi().address(program);
    const result = this.#libc.setsockopt(this.fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog, fprog.length);
    checked(result, 'setsockopt', 'SO_ATTACH_FILTER');
  }
}
