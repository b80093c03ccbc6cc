/**
 * What a probe needs of the kernel beyond what anybody may do, what for, and which of it this process lacks, so that the
 * probe can say it at its start instead of failing later one by one. Source: capabilities(7); the bits are those of
 * linux/capability.h. The texts stand in docs/design/probe.md too.
 */
import { readFileSync } from 'node:fs';

export interface Capability {
  /** The kernel's name. */
  readonly what: string;
  readonly bit: bigint;
  /** What the probe does with it, for people. */
  readonly purpose: string;
  /** What the probe cannot do without it, for people. */
  readonly consequence: string;
}

export type MissingCapability = Pick<Capability, 'what' | 'consequence'>;

/** In the order of their weight. */
export const NEEDED_CAPABILITIES: readonly Capability[] = [
  {
    what: 'CAP_NET_RAW',
    bit: 13n,
    purpose: 'capture packets, send injected ones',
    consequence: 'no packets can be captured',
  },
  {
    what: 'CAP_NET_ADMIN',
    bit: 12n,
    purpose: 'larger receive buffers for interface changes, devices for mirrors of Open vSwitch ports',
    consequence:
      'bursts of interface changes may overrun the receive buffer and be read again from the start; ports of Open vSwitch cannot be mirrored',
  },
  {
    what: 'CAP_SYS_ADMIN',
    bit: 21n,
    purpose: 'enter other network namespaces',
    consequence: 'other network namespaces cannot be entered: only the interfaces of its own are seen',
  },
  {
    what: 'CAP_SYS_PTRACE',
    bit: 19n,
    purpose: "find the namespaces of other users' processes, such as containers",
    consequence: "network namespaces of other users' processes stay unknown unless `ip netns` lists them",
  },
  {
    what: 'CAP_DAC_READ_SEARCH',
    bit: 2n,
    purpose: "find which process a socket belongs to, in other users' /proc folders",
    consequence: "sockets of other users' processes are shown without their process",
  },
  {
    what: 'CAP_NET_BIND_SERVICE',
    bit: 10n,
    purpose: 'listen to sFlow and NetFlow exporters on ports below 1024',
    consequence: 'exporters cannot be listened to on ports below 1024',
  },
];

/**
 * What root keeps beside them: without CAP_DAC_OVERRIDE it could not connect to sockets that other users own, as Open
 * vSwitch's is on some systems and those of rootless container engines are. Another user gets in by its groups.
 */
export const KEPT_BY_ROOT = 1n << 1n;

/** In the order of their weight; empty for root, and where /proc does not tell. */
export function missingCapabilities(status = readOwnStatus()): MissingCapability[] {
  const bits = capabilitySet('CapEff', status);
  if (bits === undefined) return [];
  return NEEDED_CAPABILITIES.filter(({ bit }) => ((bits >> bit) & 1n) === 0n).map(
    ({ what, consequence }) => ({ what, consequence }),
  );
}

/** One of the sets in `/proc/self/status` as bits; undefined where it is not told. */
export function capabilitySet(name: 'CapEff' | 'CapPrm' | 'CapBnd', status: string): bigint | undefined {
  const hex = new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
  return hex === undefined ? undefined : BigInt(`0x${hex}`);
}

export function readOwnStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}
