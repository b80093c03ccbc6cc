/**
 * A mapped packet ring: an AF_PACKET socket whose TPACKET_V3 blocks lie in this process's memory (packet(7), the
 * kernel's Documentation/networking/packet_mmap.rst). Packets are read where the kernel put them: no system call, no
 * copy and no object per packet, with the kernel's time, the true length on the wire, interface and direction.
 *
 *   block:  version(4) privOffset(4) status(4) packets(4) firstOffset(4) bytes(4) …
 *   packet: nextOffset(4) sec(4) nsec(4) snapLen(4) len(4) status(4) mac(2) net(2) hash(4) vlanTci(4) vlanTpid(2) …
 *           and at 48 the sockaddr_ll: family(2) protocol(2) ifIndex(4) hwType(2) packetType(1) …
 */
import { invariant } from '../../../core/errors.ts';
import { checked, lastError, loadKoffi, loadLibc } from '../../linux/libc.ts';
import { inNetns } from '../../linux/netns.ts';
import type { FilterProgram } from './kernel-filter.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const ETH_P_ALL = 0x0003;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_DROP_MEMBERSHIP = 2;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const PACKET_RESERVE = 12;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_PROMISC = 1;
const TPACKET_V3 = 2;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = -1;

const STATUS_USER = 1;
const STATUS_VLAN_VALID = 1 << 4;
const STATUS_VLAN_TPID_VALID = 1 << 6;
const PACKET_OUTGOING = 4;
const TPID_8021Q = 0x8100;
const VLAN_BYTES = 4;
const MAC_BYTES = 12;
/** A block that is not full is handed over after this, or after twice as much: the price of a packet's latency. */
const RETIRE_MS = 20;
/** By then a packet that the kernel has seen can be read. */
export const SETTLE_MS = 2 * RETIRE_MS + 5;

export interface RingOptions {
  readonly netnsPath: string | null;
  /** 0 = every interface of the namespace. */
  readonly ifIndex: number;
  readonly filter: FilterProgram;
  readonly promiscuous: boolean;
  /** A power of two times the page size. */
  readonly blockBytes: number;
  readonly blocks: number;
  /** The loopback shows each packet going out and coming in; the former is left out, as libpcap does. */
  readonly loopbackIfIndex: number;
}

/** bytes[at, at+length) until the call returns; time in ms since 1970 and ns within it. */
export type OnPacket = (
  bytes: Uint8Array,
  at: number,
  length: number,
  wireLength: number,
  ms: number,
  subMsNs: number,
  ifIndex: number,
) => void;

interface Native {
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array): number;
  mmap(
    address: bigint | null,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    at: number,
  ): number | bigint;
  munmap(address: bigint, length: number): number;
  close(fd: number): number;
}

let native: Native | undefined;

function loadNative(): Native {
  if (native !== undefined) return native;
  const library = loadKoffi().load(null);
  const bind = (definition: string) => library.func(definition);
  native = {
    getsockopt: bind('int getsockopt(int, int, int, void *, void *)') as Native['getsockopt'],
    mmap: bind('intptr_t mmap(void *, size_t, int, int, int, intptr_t)') as Native['mmap'],
    munmap: bind('int munmap(void *, size_t)') as Native['munmap'],
    close: bind('int close(int)') as Native['close'],
  };
  return native;
}

/** Gives back what a ring held: its memory, which nobody may look at any more, and its socket. */
export function releaseRing(fd: number, address: bigint, bytes: number): void {
  const calls = loadNative();
  if (bytes > 0) calls.munmap(address, bytes);
  // Not by node:fs, which warns of descriptors that it did not open.
  calls.close(fd);
}

export class PacketRing {
  readonly fd: number;
  /** Where the ring lies in memory. */
  readonly address: bigint;
  readonly #options: RingOptions;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #status: Int32Array;
  #block = 0;
  #closed = false;

  /** Throws LinuxError (`EPERM` without CAP_NET_RAW, `ENODEV`, `ENOMEM`, `KOFFI` …); nothing is left open then. */
  constructor(options: RingOptions) {
    invariant(options.blockBytes % 4096 === 0, 'a block of whole pages');
    this.#options = options;
    const libc = loadLibc();
    // Protocol 0: not a packet arrives before filter and ring are in place and bind() names the protocol.
    this.fd = inNetns(options.netnsPath, () =>
      checked(libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), 'socket', 'AF_PACKET'),
    );
    try {
      this.address = this.#setUp();
    } catch (error) {
      loadNative().close(this.fd);
      throw error;
    }
    const memory = loadKoffi().view(this.address, this.bytes);
    this.#bytes = new Uint8Array(memory);
    this.#words = new Uint32Array(memory);
    this.#status = new Int32Array(memory);
  }

  /** Size in memory. */
  get bytes(): number {
    return this.#options.blockBytes * this.#options.blocks;
  }

  /** Another interface to be seen in full; for rings of a whole namespace. Throws LinuxError. */
  addPromiscuous(ifIndex: number): void {
    this.#set(PACKET_ADD_MEMBERSHIP, membership(ifIndex), SOL_PACKET);
  }

  /** Undoes `addPromiscuous`; nothing when the interface is gone. */
  dropPromiscuous(ifIndex: number): void {
    loadLibc().setsockopt(this.fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, membership(ifIndex), 16);
  }

  /** Another filter instead of the one before, between two packets. Throws LinuxError. */
  setFilter(filter: FilterProgram): void {
    // struct sock_fprog { u16 len; struct sock_filter *filter; }
    const program = Buffer.alloc(16);
    program.writeUInt16LE(filter.length / 8, 0);
    program.writeBigUInt64LE(addressOf(filter), 8);
    this.#set(SO_ATTACH_FILTER, program, SOL_SOCKET);
  }

  /** Packets that the kernel had no room for since the last call. */
  takeDrops(): number {
    // struct tpacket_stats_v3 { u32 packets; u32 drops; u32 freeze_q_cnt; }
    return this.#get(SOL_PACKET, PACKET_STATISTICS, 12).readUInt32LE(4);
  }

  /** errno that the socket met since the last call (ENETDOWN when its interface went down); 0 = none. */
  takeError(): number {
    return this.#get(SOL_SOCKET, SO_ERROR, 4).readInt32LE(0);
  }

  /** Hands over what is in full blocks now, at most `blocksMax` of them; returns how many there were. */
  read(onPacket: OnPacket, blocksMax: number): number {
    const blockWords = this.#options.blockBytes >> 2;
    for (let n = 0; n < blocksMax; n++) {
      const statusAt = this.#block * blockWords + 2;
      if (this.#closed || (Atomics.load(this.#status, statusAt) & STATUS_USER) === 0) return n;
      this.#readBlock(statusAt - 2, onPacket);
      if (this.#closed) return n;
      Atomics.store(this.#status, statusAt, 0);
      this.#block = (this.#block + 1) % this.#options.blocks;
    }
    return blocksMax;
  }

  /** The memory is gone afterwards; must not be called from inside `onPacket`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    releaseRing(this.fd, this.address, this.bytes);
  }

  #readBlock(blockAt: number, onPacket: OnPacket): void {
    const words = this.#words;
    const { loopbackIfIndex } = this.#options;
    let at = blockAt + (words[blockAt + 4]! >> 2);
    for (let left = words[blockAt + 3]!; left > 0; left--) {
      const status = words[at + 5]!;
      const mac = words[at + 6]! & 0xffff;
      const ifIndex = words[at + 13]!;
      const outgoing = ((words[at + 14]! >> 16) & 0xff) === PACKET_OUTGOING;
      if (!outgoing || ifIndex !== loopbackIfIndex) {
        let start = (at << 2) + mac;
        let grown = 0;
        if ((status & STATUS_VLAN_VALID) !== 0) {
          start = this.#restoreVlan(start, words[at + 8]!, status, words[at + 9]! & 0xffff);
          grown = VLAN_BYTES;
        }
        const nanos = words[at + 2]!;
        const wholeMs = (nanos / 1e6) | 0;
        onPacket(
          this.#bytes,
          start,
          words[at + 3]! + grown,
          words[at + 4]! + grown,
          words[at + 1]! * 1000 + wholeMs,
          nanos - wholeMs * 1e6,
          ifIndex,
        );
      }
      const next = words[at]!;
      if (next === 0) return;
      at += next >> 2;
    }
  }

  /** The kernel takes the outer tag off; it goes back in front of the type, in the room PACKET_RESERVE left. */
  #restoreVlan(start: number, tci: number, status: number, tpid: number): number {
    const bytes = this.#bytes;
    const type = (status & STATUS_VLAN_TPID_VALID) !== 0 ? tpid : TPID_8021Q;
    const moved = start - VLAN_BYTES;
    bytes.copyWithin(moved, start, start + MAC_BYTES);
    bytes[moved + 12] = type >> 8;
    bytes[moved + 13] = type;
    bytes[moved + 14] = tci >> 8;
    bytes[moved + 15] = tci;
    return moved;
  }

  /** Returns the address. */
  #setUp(): bigint {
    const { blockBytes, blocks, ifIndex, filter, promiscuous, loopbackIfIndex } = this.#options;
    this.#set(PACKET_VERSION, int32(TPACKET_V3), SOL_PACKET);
    this.#set(PACKET_RESERVE, int32(VLAN_BYTES), SOL_PACKET);
    // struct tpacket_req3 { block_size, block_nr, frame_size, frame_nr, retire_blk_tov, sizeof_priv, feature_req }
    const request = Buffer.alloc(28);
    const frameBytes = 2048;
    [blockBytes, blocks, frameBytes, (blockBytes / frameBytes) * blocks, RETIRE_MS].forEach((value, i) =>
      request.writeUInt32LE(value, i * 4),
    );
    this.#set(PACKET_RX_RING, request, SOL_PACKET);
    this.setFilter(filter);
    // What is left out later need not be given at all, where the kernel (since 4.20) knows how.
    if (ifIndex === loopbackIfIndex)
      loadLibc().setsockopt(this.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, int32(1), 4);
    const mapped = loadNative().mmap(null, this.bytes, PROT_READ_WRITE, MAP_SHARED, this.fd, 0);
    if (Number(mapped) === MAP_FAILED) throw lastError('mmap', this.bytes);
    const address = BigInt(mapped);
    try {
      this.#bind(ifIndex);
      if (promiscuous && ifIndex !== 0) this.addPromiscuous(ifIndex);
    } catch (error) {
      loadNative().munmap(address, this.bytes);
      throw error;
    }
    return address;
  }

  #bind(ifIndex: number): void {
    // struct sockaddr_ll { u16 family; be16 protocol; int ifindex; … }
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt16BE(ETH_P_ALL, 2);
    address.writeInt32LE(ifIndex, 4);
    checked(loadLibc().bind(this.fd, address, address.length), 'bind', `interface ${ifIndex}`);
  }

  #set(name: number, value: Uint8Array, level: number): void {
    checked(loadLibc().setsockopt(this.fd, level, name, value, value.length), 'setsockopt', name);
  }

  #get(level: number, name: number, bytes: number): Buffer {
    const value = Buffer.alloc(bytes);
    const length = int32(bytes);
    checked(loadNative().getsockopt(this.fd, level, name, value, length), 'getsockopt', name);
    return value;
  }
}

/** struct packet_mreq { int ifindex; u16 type; u16 alen; u8 address[8]; }; it ends with the socket. */
function membership(ifIndex: number): Buffer {
  const request = Buffer.alloc(16);
  request.writeInt32LE(ifIndex, 0);
  request.writeUInt16LE(PACKET_MR_PROMISC, 4);
  return request;
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
}

/** Where the bytes lie; they are held by the caller until the kernel has read them. */
function addressOf(bytes: Uint8Array): bigint {
  return loadKoffi().address(bytes);
}
