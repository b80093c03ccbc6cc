/**
 * Sleeping until a ring has something, in poll(2). Messages to the thread cannot interrupt that, so there is one more
 * descriptor (eventfd(2)) that whoever sends a message writes to: a thread with nothing to do costs nothing.
 */
import { readSync, writeSync } from 'node:fs';
import { checked, loadKoffi } from '../../linux/libc.ts';
import { errorCodeOf } from '../../linux/linux-error.ts';

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const POLLIN = 1;
const POLLERR = 8;
/** struct pollfd { int fd; short events; short revents; } */
const ENTRY_BYTES = 8;
const NONE: readonly number[] = [];

type Poll = (fds: Uint8Array, count: number, timeoutMs: number) => number;
type Eventfd = (initial: number, flags: number) => number;

export class PollSet {
  /** What `wake` takes. Never closed here: whoever wakes must not meet another file under its number. */
  readonly wakeFd: number;
  readonly #poll: Poll;
  readonly #count = Buffer.alloc(8);
  #entries = Buffer.alloc(0);

  /** Throws LinuxError `KOFFI`, `EMFILE`. */
  constructor() {
    const library = loadKoffi().load(null);
    this.#poll = library.func('int poll(void *, unsigned long, int)') as Poll;
    const eventfd = library.func('int eventfd(unsigned int, int)') as Eventfd;
    this.wakeFd = checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), 'eventfd', '');
    this.watch([]);
  }

  /** The descriptors to wait for from now on. */
  watch(fds: readonly number[]): void {
    this.#entries = Buffer.alloc(ENTRY_BYTES * (fds.length + 1));
    for (const [index, fd] of [this.wakeFd, ...fds].entries()) {
      this.#entries.writeInt32LE(fd, index * ENTRY_BYTES);
      this.#entries.writeInt16LE(POLLIN, index * ENTRY_BYTES + 4);
    }
  }

  /** Returns when something can be read, when woken, or after so long: descriptors that met an error. */
  wait(timeoutMs: number): readonly number[] {
    const entries = this.#entries;
    if (this.#poll(entries, entries.length / ENTRY_BYTES, timeoutMs) <= 0) return NONE;
    if (entries.readInt16LE(6) !== 0) readSync(this.wakeFd, this.#count);
    let failed: number[] | undefined;
    for (let at = ENTRY_BYTES; at < entries.length; at += ENTRY_BYTES)
      if ((entries.readInt16LE(at + 6) & POLLERR) !== 0) (failed ??= []).push(entries.readInt32LE(at));
    return failed ?? NONE;
  }
}

const ONE = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);

/** Ends the sleep of the thread with this descriptor, or the next one. */
export function wake(fd: number): void {
  try {
    writeSync(fd, ONE);
  } catch (error) {
    // It has been woken 2^64 times without looking; it will.
    if (errorCodeOf(error) !== 'EAGAIN') throw error;
  }
}
