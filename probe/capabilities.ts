/**
 * What the kernel does not let this process do, with what follows from it, so that the probe can say it at its start
 * instead of failing later one by one. Source: capabilities(7); the bits are those of linux/capability.h.
 */
import { readFileSync } from 'node:fs';

export interface MissingCapability {
  /** The kernel's name. */
  readonly what: string;
  /** What the probe cannot do without it, for people. */
  readonly consequence: string;
}

const NEEDED = [
  { what: 'CAP_NET_RAW', bit: 13n, consequence: 'no packets can be captured' },
  {
    what: 'CAP_NET_ADMIN',
    bit: 12n,
    consequence:
      'bursts of interface changes may overrun the receive buffer and be read again from the start',
  },
  {
    what: 'CAP_SYS_ADMIN',
    bit: 21n,
    consequence: 'other network namespaces cannot be entered: only the interfaces of its own are seen',
  },
] as const;

/** In the order of their weight; empty for root, and where /proc does not tell. */
export function missingCapabilities(status = readOwnStatus()): MissingCapability[] {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (effective === undefined) return [];
  const bits = BigInt(`0x${effective}`);
  return NEEDED.filter(({ bit }) => ((bits >> bit) & 1n) === 0n).map(({ what, consequence }) => ({
    what,
    consequence,
  }));
}

function readOwnStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}
