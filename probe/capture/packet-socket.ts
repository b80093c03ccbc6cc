/**
 * What `cap` does not tell about its packet socket: which descriptor it is and how many packets the kernel dropped
 * (packet(7), PACKET_STATISTICS). Works where koffi does; elsewhere drops stay unknown and are said to be so.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { checked, loadKoffi } from '../linux/libc.ts';

const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;

type Getsockopt = (fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array) => number;
type IfNameToIndex = (name: string) => number;

let getsockopt: Getsockopt | undefined;
let ifNameToIndex: IfNameToIndex | undefined;

/** Kernel counters since the last reading: the kernel sets them to 0 when they are read. */
export interface PacketStatistics {
  /** Packets that passed the filter, the dropped included. */
  readonly packets: number;
  readonly drops: number;
}

/** Index of the interface of this name in the namespace this thread is in; 0 = none. Throws LinuxError `KOFFI`. */
export function interfaceIndex(name: string): number {
  ifNameToIndex ??= loadKoffi().load(null).func('unsigned int if_nametoindex(const char *)') as IfNameToIndex;
  return ifNameToIndex(name);
}

/** Descriptors of this process that are sockets. */
export function socketDescriptors(): Set<number> {
  const found = new Set<number>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:')) found.add(Number(name));
    } catch {
      // The descriptor of the listing itself is gone by now.
    }
  }
  return found;
}

/** Throws LinuxError `ENOPROTOOPT`, `ENOTSOCK` … when it is no packet socket, `KOFFI` without koffi. */
export function readPacketStatistics(fd: number): PacketStatistics {
  getsockopt ??= loadKoffi().load(null).func('int getsockopt(int, int, int, void *, void *)') as Getsockopt;
  const value = Buffer.alloc(12);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  checked(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, value, length), 'getsockopt', fd);
  return { packets: value.readUInt32LE(0), drops: value.readUInt32LE(4) };
}
