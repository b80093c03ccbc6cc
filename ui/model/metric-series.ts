/**
 * The counters of an interface over time, as rates. Probes tell what was counted from one moment to another (`LastUpdateMetric`, and
 * the step `Metrics` for the past); a point stands at the end of its span.
 */
import { limits } from '../../core/limits.ts';

/** As metadata and the step `Metrics` have it; times in ms since 1970. */
export interface Counted {
  readonly RxBytes?: number;
  readonly TxBytes?: number;
  readonly RxPackets?: number;
  readonly TxPackets?: number;
  readonly Start: number;
  readonly Last: number;
}

export type Measure = 'Bytes' | 'Packets';

/** Seconds since 1970, received a second, sent a second: as uPlot takes them. */
export type Series = [number[], number[], number[]];

export function isCounted(value: unknown): value is Counted {
  const { Start: start, Last: last } = (value ?? {}) as Partial<Counted>;
  return typeof start === 'number' && typeof last === 'number' && last > start;
}

/** What is new behind what is known; the oldest leave when there are too many. */
export function joined(known: readonly Counted[], fresh: readonly Counted[]): readonly Counted[] {
  const last = known.at(-1)?.Last ?? 0;
  const newer = fresh.filter((counted) => counted.Last > last);
  return newer.length === 0 ? known : [...known, ...newer].slice(-limits.pageChartPointsMax);
}

export function seriesOf(counted: readonly Counted[], measure: Measure): Series {
  const rate = (one: Counted, direction: 'Rx' | 'Tx'): number =>
    ((one[`${direction}${measure}`] ?? 0) * 1_000) / (one.Last - one.Start);
  return [
    counted.map(({ Last: last }) => last / 1_000),
    counted.map((one) => rate(one, 'Rx')),
    counted.map((one) => rate(one, 'Tx')),
  ];
}

/** From the answer to `….Metrics()`: a list with one object, id → what was counted. */
export function countedOf(answer: unknown, id: string): readonly Counted[] {
  if (!Array.isArray(answer)) return [];
  const [byId] = answer as readonly unknown[];
  const list = typeof byId === 'object' && byId !== null ? (byId as Record<string, unknown>)[id] : undefined;
  return Array.isArray(list) ? list.filter(isCounted) : [];
}
