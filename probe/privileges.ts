/**
 * Least privilege for a probe that root starts: what it does not need (`capabilities.ts`) is taken out of the bounding set,
 * nothing it executes can gain more (no_new_privs), and the program begins anew. Beginning anew is what makes it hold:
 * capabilities belong to threads, and Node has started several before a line of ours runs; exec(2) leaves one thread with
 * what the bounding set allows. The process id, standard streams and arguments stay. Costs about 60 ms once.
 */
import { capabilitySet, KEPT_BY_ROOT, NEEDED_CAPABILITIES, readOwnStatus } from './capabilities.ts';
import { loadKoffi } from './linux/libc.ts';

const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
/** linux/capability.h leaves room for so many; the kernel says where its own end. */
const CAPABILITIES_MAX = 64;
/** Set for the program that begins anew, so that it never happens twice. */
const MARK = 'EDGEDIVE_PRIVILEGES';

const KEPT = NEEDED_CAPABILITIES.reduce((bits, { bit }) => bits | (1n << bit), KEPT_BY_ROOT);

type Prctl = (option: number, a: number, b: number, c: number, d: number) => number;

/** Does not come back when there was something to give up. Never throws: a probe with too much still works. */
export function reducePrivileges(): void {
  const isAgain = process.env[MARK] !== undefined;
  delete process.env[MARK];
  if (isAgain || process.geteuid?.() !== 0 || !hasMoreThanNeeded()) return;
  try {
    const prctl = loadKoffi().load(null).func('int prctl(int, ulong, ulong, ulong, ulong)') as Prctl;
    for (let bit = 0; bit < CAPABILITIES_MAX && prctl(PR_CAPBSET_READ, bit, 0, 0, 0) >= 0; bit++)
      if (((KEPT >> BigInt(bit)) & 1n) === 0n && prctl(PR_CAPBSET_DROP, bit, 0, 0, 0) < 0) return;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    process.execve?.(process.execPath, command, { ...process.env, [MARK]: 'reduced' });
  } catch {
    // Without koffi, or where the kernel or a container forbids it: `--check` shows what is held.
  }
}

function hasMoreThanNeeded(): boolean {
  const held = capabilitySet('CapPrm', readOwnStatus()) ?? 0n;
  return (held & ~KEPT) !== 0n;
}
