/**
 * The analyzer's listening socket, opened here and handed to workerd as a descriptor, because workerd sets no
 * TCP_USER_TIMEOUT (tcp(7)): accepted connections inherit it, and one whose peer takes nothing for that long while
 * something waits for it ends. And because it stays open while workerd is started again: who connects then waits.
 */
import { lookup } from 'node:dns/promises';
import { parseIpv6 } from '../../core/bpf/addresses.ts';
import { parseIpv4 } from '../../core/ip.ts';
import { timings } from '../../core/limits.ts';
import { checked, loadLibc } from '../../probe/linux/libc.ts';
import { LinuxError } from '../../probe/linux/linux-error.ts';
import { addressOf, type Listen } from './listen.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_USER_TIMEOUT = 18;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
/** The kernel takes net.core.somaxconn when that is less. */
const BACKLOG = 4_096;

export interface ListeningSocket {
  /** Not inherited unless given to a child by number. It ends with this process. */
  readonly fd: number;
  /** The address with its real port. */
  readonly listen: Listen;
}

/**
 * Listens on the first address of the host. Throws LinuxError: `KOFFI` where the C library cannot be called, otherwise
 * errno's name with the system call (`bind`, `listen`: the address cannot be had); Node's error for an unknown host.
 */
export async function openListeningSocket(listen: Listen): Promise<ListeningSocket> {
  if (process.platform !== 'linux') throw new LinuxError('ENOSYS', 'socket', 'only Linux has this option');
  const libc = loadLibc();
  const resolved = await lookup(listen.host);
  const subject = addressOf(listen);
  const address = socketAddress(resolved.address, listen.port);
  const domain = resolved.family === 6 ? AF_INET6 : AF_INET;
  const fd = checked(libc.socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket', subject);
  const set = (level: number, name: number, value: number): void => {
    checked(libc.setsockopt(fd, level, name, integer(value), 4), 'setsockopt', subject);
  };
  try {
    set(SOL_SOCKET, SO_REUSEADDR, 1);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, timings.stalledConnectionMs);
    // One that is gone without a word is found though nothing waits for it; then it has TCP_USER_TIMEOUT to answer.
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, timings.quietConnectionMs / 1_000);
    set(IPPROTO_TCP, TCP_KEEPINTVL, timings.stalledConnectionMs / 2_000);
    // `[::]` means IPv4 too, whatever net.ipv6.bindv6only says.
    if (resolved.address === '::') set(IPPROTO_IPV6, IPV6_V6ONLY, 0);
    checked(libc.bind(fd, address, address.length), 'bind', subject);
    checked(libc.listen(fd, BACKLOG), 'listen', subject);
    checked(libc.getsockname(fd, address, integer(address.length)), 'getsockname', subject);
    return { fd, listen: { ...listen, port: address.readUInt16BE(2) } };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

function integer(value: number): Buffer {
  return Buffer.from(Int32Array.of(value).buffer);
}

/** struct sockaddr_in or sockaddr_in6: family in the host's byte order, the rest in the network's. */
function socketAddress(address: string, port: number): Buffer {
  const four = parseIpv4(address);
  const bytes = Buffer.alloc(four === undefined ? 28 : 16);
  new Uint16Array(bytes.buffer, bytes.byteOffset, 1)[0] = four === undefined ? AF_INET6 : AF_INET;
  bytes.writeUInt16BE(port, 2);
  const words = four === undefined ? parseIpv6(address) : [four >>> 0];
  // A link-local address carries the name of its interface.
  if (words === undefined) throw new LinuxError('EAFNOSUPPORT', 'parse', `${address} has a scope`);
  for (const [index, word] of words.entries()) {
    bytes.writeUInt32BE(word, (four === undefined ? 8 : 4) + 4 * index);
  }
  return bytes;
}
