/**
 * Entering a network namespace and coming back (setns(2), there and back about 3 µs). What is opened inside — a
 * netlink socket, a packet ring — stays in that namespace for life, so no process per namespace is needed.
 * Captures and topology sources both open their sockets through here.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { invariant } from '../../core/errors.ts';
import { checked, loadLibc } from './libc.ts';
import { errorCodeOf, LinuxError } from './linux-error.ts';

const CLONE_NEWNET = 0x4000_0000;

/** Descriptor of the namespace that this thread started in; opened at the first visit elsewhere. */
let ownFd: number | undefined;
/** Where this thread is now; undefined = at home. */
let currentFd: number | undefined;

/**
 * Runs the function in the namespace of this file and returns what it returns; null = where the thread started.
 * The thread is back where it was afterwards, also on a throw. Must not be given an async function: what follows
 * its first `await` would run outside.
 *
 * Throws LinuxError: `ENOENT` (no such file), `EINVAL` (not a network namespace), `EPERM` (needs CAP_SYS_ADMIN),
 * `KOFFI`; and whatever the function throws.
 */
export function inNetns<T>(path: string | null, run: () => T): T {
  if (path === null && currentFd === undefined) return run();
  const libc = loadLibc();
  ownFd ??= openSync('/proc/thread-self/ns/net', constants.O_RDONLY);
  const before = currentFd;
  const target = path === null ? ownFd : openNamespace(path);
  try {
    checked(libc.setns(target, CLONE_NEWNET), 'setns', path ?? 'own');
    currentFd = target;
    try {
      const result = run();
      invariant(!(result instanceof Promise), 'inNetns needs a synchronous function');
      return result;
    } finally {
      currentFd = before;
      checked(libc.setns(before ?? ownFd, CLONE_NEWNET), 'setns', 'back');
    }
  } finally {
    if (path !== null) closeSync(target);
  }
}

/** Opened without waiting: a FIFO that somebody put there must not hold the probe. */
function openNamespace(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = errorCodeOf(cause) ?? 'EIO';
    throw new LinuxError(code, 'open', `open(${path}): ${code}`, { cause });
  }
}
