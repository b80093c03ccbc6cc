/** How much goes over an interface and so over its links, by the counters that it told last. */
import type { Node } from '../../core/api/operations.ts';
import { isCounted } from './metric-series.ts';

export interface Bandwidth {
  readonly bitsPerSecond: number;
  /** Of the interface's speed, 0 to 1; undefined where it has none. */
  readonly share: number | undefined;
}

/** Both directions together. Undefined for what has no counters. */
export function bandwidthOf({ Metadata: metadata }: Node): Bandwidth | undefined {
  const counted = metadata['LastUpdateMetric'];
  if (!isCounted(counted)) return undefined;
  const bytes = (counted.RxBytes ?? 0) + (counted.TxBytes ?? 0);
  const bitsPerSecond = (8_000 * bytes) / (counted.Last - counted.Start);
  const speed = metadata['Speed'];
  // Mbit/s, each way.
  const share =
    typeof speed === 'number' && speed > 0 ? Math.min(1, bitsPerSecond / (2e6 * speed)) : undefined;
  return { bitsPerSecond, share };
}

const UNITS = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'];

/** 1_500_000 → `1.5 Mbit/s`. */
export function bitsText(bitsPerSecond: number): string {
  let [value, unit] = [bitsPerSecond, 0];
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${UNITS[unit]!}`;
}
