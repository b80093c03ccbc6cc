/**
 * Brings an interface up that is only to be listened to: without ARP and IPv6, so that the kernel itself sends nothing
 * through it (netdevice(7), Documentation/networking/ip-sysctl.rst).
 */
import { writeFileSync } from 'node:fs';
import { checked, loadLibc } from './libc.ts';
import { inNetns } from './netns.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 0x1;
const IFF_NOARP = 0x80;
const NAME_BYTES = 16;

/** Throws LinuxError: `ENODEV`, `EPERM` (needs CAP_NET_ADMIN), `KOFFI`, or what entering the namespace met. */
export function bringUpSilently(netnsPath: string | null, name: string): void {
  inNetns(netnsPath, () => {
    try {
      writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '1');
    } catch {
      // A kernel without IPv6, or a /proc that cannot be written: its few packets are left out by direction.
    }
    const libc = loadLibc();
    const fd = checked(libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket', 'udp');
    try {
      // struct ifreq { char name[16]; short flags; … }
      const request = Buffer.alloc(40);
      request.write(name, 0, NAME_BYTES - 1, 'latin1');
      checked(libc.ioctl(fd, SIOCGIFFLAGS, request), 'SIOCGIFFLAGS', name);
      request.writeUInt16LE(request.readUInt16LE(NAME_BYTES) | IFF_UP | IFF_NOARP, NAME_BYTES);
      checked(libc.ioctl(fd, SIOCSIFFLAGS, request), 'SIOCSIFFLAGS', name);
    } finally {
      libc.close(fd);
    }
  });
}
