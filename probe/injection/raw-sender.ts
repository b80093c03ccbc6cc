/**
 * Sends frames as they are on one interface: an AF_PACKET socket in the interface's namespace that receives nothing
 * (packet(7): protocol 0). Each frame goes out as if the host had sent it, so captures there see it.
 */
import { checked, lastErrno, loadLibc } from '../linux/libc.ts';
import { errnoError } from '../linux/linux-error.ts';
import { inNetns } from '../linux/netns.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const SOCK_NONBLOCK = 0x800;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const EAGAIN = 11;
const ENOBUFS = 105;
const ETHERTYPE_AT = 12;

export class RawSender {
  readonly #fd: number;
  readonly #address: Buffer;
  readonly #linkHeader: boolean;

  /** Throws LinuxError: `EPERM` without CAP_NET_RAW, what `inNetns` throws, `KOFFI`. */
  constructor(netnsPath: string | null, ifIndex: number, linkHeader: boolean) {
    this.#fd = inNetns(netnsPath, () =>
      checked(
        loadLibc().socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
        'socket',
        'AF_PACKET',
      ),
    );
    // struct sockaddr_ll { u16 family; be16 protocol; int ifindex; … }
    this.#address = Buffer.alloc(20);
    this.#address.writeUInt16LE(AF_PACKET, 0);
    this.#address.writeInt32LE(ifIndex, 4);
    this.#linkHeader = linkHeader;
  }

  /** False: the kernel has no room now, try again. Throws LinuxError: `EMSGSIZE`, `ENETDOWN`, `ENXIO` … */
  send(frame: Uint8Array): boolean {
    const address = this.#address;
    address.writeUInt16BE(this.#protocolOf(frame), 2);
    if (loadLibc().sendto(this.#fd, frame, frame.length, 0, address, address.length) >= 0) return true;
    const errno = lastErrno();
    if (errno === EAGAIN || errno === ENOBUFS) return false;
    throw errnoError(errno, 'sendto', `${frame.length} bytes`);
  }

  close(): void {
    loadLibc().close(this.#fd);
  }

  #protocolOf(frame: Uint8Array): number {
    if (this.#linkHeader) return ((frame[ETHERTYPE_AT] ?? 0) << 8) | (frame[ETHERTYPE_AT + 1] ?? 0);
    return frame[0]! >> 4 === 6 ? ETH_P_IPV6 : ETH_P_IP;
  }
}
