/**
 * The one place that loads koffi and binds functions of the C library: sockets, namespaces, epoll. Nothing is
 * loaded before the first call, so that a host without koffi can still say what it lacks. No function here needs
 * root by itself; the kernel decides per call.
 */
import { createRequire } from 'node:module';
import { messageOf } from '../../core/errors.ts';
import { errnoError, LinuxError } from './linux-error.ts';

/** The parts of koffi that we use; its own typings are `any` throughout. */
export interface Koffi {
  load(path: string | null): { func(definition: string): unknown };
  errno(): number;
  /** Address of a buffer's first byte. The caller keeps the buffer alive while the kernel may use it. */
  address(buffer: Uint8Array): bigint;
  /** The memory a pointer shows, not copied. */
  view(pointer: unknown, length: number): ArrayBuffer;
}

/** Buffers are passed by address and filled in place. A negative result means: see `lastErrno()`. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  getsockname(fd: number, address: Uint8Array, length: Uint8Array): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  sendto(
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recvfrom(
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: Uint8Array,
  ): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  fcntl(fd: number, command: number, argument: number): number;
  fcntlPointer(fd: number, command: number, argument: Uint8Array): number;
  /** For what these functions opened: Node warns of descriptors that it did not open, in worker threads. */
  close(fd: number): number;
  setns(fd: number, kind: number): number;
  epollCreate(flags: number): number;
  epollCtl(epollFd: number, operation: number, fd: number, event: Uint8Array): number;
  epollWait(epollFd: number, events: Uint8Array, eventsMax: number, timeoutMs: number): number;
}

let koffi: Koffi | undefined;
let failure: LinuxError | undefined;
let libc: Libc | undefined;

/** koffi itself. Throws LinuxError `KOFFI` (the same one each time) when it cannot be loaded here. */
export function loadKoffi(): Koffi {
  if (koffi !== undefined) return koffi;
  if (failure !== undefined) throw failure;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
    return koffi;
  } catch (cause) {
    failure = new LinuxError('KOFFI', 'load', `koffi could not be loaded: ${messageOf(cause)}`, { cause });
    throw failure;
  }
}

/** The bound functions. Throws LinuxError `KOFFI`. */
export function loadLibc(): Libc {
  if (libc !== undefined) return libc;
  const library = loadKoffi().load(null);
  const func = (definition: string): unknown => library.func(definition);
  libc = {
    socket: func('int socket(int, int, int)') as Libc['socket'],
    bind: func('int bind(int, void *, uint32_t)') as Libc['bind'],
    listen: func('int listen(int, int)') as Libc['listen'],
    getsockname: func('int getsockname(int, void *, void *)') as Libc['getsockname'],
    send: func('intptr_t send(int, void *, size_t, int)') as Libc['send'],
    sendto: func('intptr_t sendto(int, void *, size_t, int, void *, uint32_t)') as Libc['sendto'],
    recv: func('intptr_t recv(int, void *, size_t, int)') as Libc['recv'],
    recvfrom: func('intptr_t recvfrom(int, void *, size_t, int, void *, void *)') as Libc['recvfrom'],
    setsockopt: func('int setsockopt(int, int, int, void *, uint32_t)') as Libc['setsockopt'],
    ioctl: func('int ioctl(int, unsigned long, void *)') as Libc['ioctl'],
    fcntl: func('int fcntl(int, int, long)') as Libc['fcntl'],
    fcntlPointer: func('int fcntl(int, int, void *)') as Libc['fcntlPointer'],
    close: func('int close(int)') as Libc['close'],
    setns: func('int setns(int, int)') as Libc['setns'],
    epollCreate: func('int epoll_create1(int)') as Libc['epollCreate'],
    epollCtl: func('int epoll_ctl(int, int, int, void *)') as Libc['epollCtl'],
    epollWait: func('int epoll_wait(int, void *, int, int)') as Libc['epollWait'],
  };
  return libc;
}

/** errno of the last call on this thread. */
export function lastErrno(): number {
  return loadKoffi().errno();
}

/** The result when it is not negative. Throws LinuxError with the errno's name otherwise. */
export function checked(result: number, syscall: string, subject: string | number): number {
  if (result >= 0) return result;
  throw lastError(syscall, subject);
}

/** What the last failed call on this thread left behind. */
export function lastError(syscall: string, subject: string | number): LinuxError {
  return errnoError(lastErrno(), syscall, String(subject));
}
