/** How long something took, in buckets, as Prometheus counts: each bucket holds all that took at most its bound. */
import type { Labels, Sample } from './exposition.ts';

/** Cumulative; the last bucket, of all, is `count`. */
export interface HistogramState {
  /** Seconds, ascending. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  /** Seconds. */
  readonly sum: number;
}

/** From a graph lookup to a search of the past. */
export const QUERY_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  constructor(bounds: readonly number[] = QUERY_BOUNDS) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  /** Seconds. */
  add(value: number): void {
    this.#count++;
    this.#sum += value;
    for (let at = this.#bounds.length - 1; at >= 0 && value <= this.#bounds[at]!; at--) this.#counts[at]!++;
  }

  state(): HistogramState {
    return { bounds: this.#bounds, counts: [...this.#counts], count: this.#count, sum: this.#sum };
  }
}

export function histogramSamples({ bounds, counts, count, sum }: HistogramState, labels: Labels): Sample[] {
  return [
    ...bounds.map((bound, at) => ({
      suffix: '_bucket',
      labels: { ...labels, le: String(bound) },
      value: counts[at] ?? 0,
    })),
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: count },
  ];
}
