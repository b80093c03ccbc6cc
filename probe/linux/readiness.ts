/**
 * Tells when one of many descriptors can be read, without a thread and at no cost while nothing happens: the
 * kernel sends SIGIO to the main thread (O_ASYNC), libuv turns it into a JavaScript event, and one epoll set says
 * which descriptors are meant. A blocking wait on a libuv thread would hold one of its four and hang or crash the
 * process when it exits; a worker thread for it costs 17 MB (docs/design/discovery.md has the figures).
 *
 * Signals reach the main thread only; elsewhere, and in case one was lost, the set is looked at every
 * `timings.readinessSweepMs`.
 */
import { arch } from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { timings } from '../../core/limits.ts';
import { checked, loadLibc, type Libc } from './libc.ts';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const F_SETFL = 4;
const F_SETOWN_EX = 15;
const F_OWNER_TID = 0;
const O_NONBLOCK = 0o4000;
const O_ASYNC = 0o20000;
/** struct epoll_event is packed on x86 only. */
const EVENT_BYTES = arch === 'x64' || arch === 'ia32' ? 12 : 16;
const EVENT_DATA_AT = EVENT_BYTES - 8;
const EVENTS_PER_WAIT = 64;

export interface Watched {
  /** Stops watching; to be called before the descriptor is closed. */
  remove(): void;
}

interface Entry {
  readonly fd: number;
  readonly onReadable: () => void;
}

/**
 * Descriptors and what to do when they have something. `onReadable` is called again at the next turn of the event
 * loop as long as something is left, so it may stop early; it must not throw.
 */
export class Readiness {
  readonly #libc: Libc;
  readonly #epollFd: number;
  readonly #entries = new Map<number, Entry>();
  readonly #events = Buffer.alloc(EVENTS_PER_WAIT * EVENT_BYTES);
  readonly #onSignal = (): void => this.#schedule();
  readonly #onExit = (): void => this.close();
  readonly #sweep: NodeJS.Timeout;
  #nextToken = 1;
  #scheduled = false;
  #closed = false;

  /** Throws LinuxError `KOFFI`, `EMFILE`. */
  constructor() {
    this.#libc = loadLibc();
    this.#epollFd = checked(this.#libc.epollCreate(EPOLL_CLOEXEC), 'epoll_create1', '');
    const sweepMs = isMainThread ? timings.readinessSweepMs : timings.readinessPollMs;
    this.#sweep = setInterval(() => this.#dispatch(), sweepMs);
    if (isMainThread) process.on('SIGIO', this.#onSignal);
    process.on('exit', this.#onExit);
  }

  /** Watches a descriptor, which becomes non-blocking. Throws LinuxError. */
  add(fd: number, onReadable: () => void): Watched {
    const token = this.#nextToken++;
    const event = Buffer.alloc(EVENT_BYTES);
    event.writeUInt32LE(EPOLLIN, 0);
    event.writeUInt32LE(token, EVENT_DATA_AT);
    checked(this.#libc.epollCtl(this.#epollFd, EPOLL_CTL_ADD, fd, event), 'epoll_ctl', fd);
    this.#entries.set(token, { fd, onReadable });
    if (isMainThread) {
      const owner = Buffer.alloc(8);
      owner.writeInt32LE(F_OWNER_TID, 0);
      owner.writeInt32LE(process.pid, 4);
      checked(this.#libc.fcntlPointer(fd, F_SETOWN_EX, owner), 'fcntl', fd);
    }
    checked(this.#libc.fcntl(fd, F_SETFL, O_NONBLOCK | (isMainThread ? O_ASYNC : 0)), 'fcntl', fd);
    this.#schedule();
    return { remove: () => this.#remove(token) };
  }

  /** Stops everything; the descriptors stay open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const token of this.#entries.keys()) this.#remove(token);
    clearInterval(this.#sweep);
    this.#libc.close(this.#epollFd);
    if (isMainThread) process.off('SIGIO', this.#onSignal);
    process.off('exit', this.#onExit);
  }

  /** O_ASYNC goes first: SIGIO without a handler would end the process. */
  #remove(token: number): void {
    const entry = this.#entries.get(token);
    if (entry === undefined) return;
    this.#entries.delete(token);
    this.#libc.fcntl(entry.fd, F_SETFL, O_NONBLOCK);
    this.#libc.epollCtl(this.#epollFd, EPOLL_CTL_DEL, entry.fd, this.#events);
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#closed || this.#entries.size === 0) return;
    const count = this.#libc.epollWait(this.#epollFd, this.#events, EVENTS_PER_WAIT, 0);
    const tokens: number[] = [];
    for (let i = 0; i < count; i++) tokens.push(this.#events.readUInt32LE(i * EVENT_BYTES + EVENT_DATA_AT));
    for (const token of tokens) this.#entries.get(token)?.onReadable();
    if (count > 0) this.#schedule();
  }
}
