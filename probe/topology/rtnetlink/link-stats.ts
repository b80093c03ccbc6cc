/**
 * Interface counters: struct rtnl_link_stats64 (linux/if_link.h), 64 bits each in this order, named as in the
 * reference's Metric (topology notes, section 8). rx_nohandler and later ones have no name there and are left out.
 */
import type { Reader } from './netlink.ts';

export const COUNTER_NAMES = [
  'RxPackets',
  'TxPackets',
  'RxBytes',
  'TxBytes',
  'RxErrors',
  'TxErrors',
  'RxDropped',
  'TxDropped',
  'Multicast',
  'Collisions',
  'RxLengthErrors',
  'RxOverErrors',
  'RxCrcErrors',
  'RxFrameErrors',
  'RxFifoErrors',
  'RxMissedErrors',
  'TxAbortedErrors',
  'TxCarrierErrors',
  'TxFifoErrors',
  'TxHeartbeatErrors',
  'TxWindowErrors',
  'RxCompressed',
  'TxCompressed',
] as const;

/** Values in the order of `COUNTER_NAMES`. */
export type Counters = readonly number[];

export function parseCounters(stats64: Reader): Counters {
  return COUNTER_NAMES.map((_, index) => stats64.u64(index * 8));
}

/** The counters that are not 0, by name: `{}` for an interface that has seen nothing. */
export function metricOf(counters: Counters): Record<string, number> {
  const metric: Record<string, number> = {};
  for (const [index, name] of COUNTER_NAMES.entries())
    if ((counters[index] ?? 0) !== 0) metric[name] = counters[index]!;
  return metric;
}

/** What was added since; a counter that went back was reset and counts from 0. undefined = nothing changed. */
export function countersSince(before: Counters, now: Counters): Counters | undefined {
  if (now.every((value, index) => value === before[index])) return undefined;
  return now.map((value, index) => {
    const old = before[index] ?? 0;
    return value >= old ? value - old : value;
  });
}
