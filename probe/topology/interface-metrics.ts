/**
 * `Metric` and `LastUpdateMetric` of one interface (topology notes, section 8): the first is what the kernel has
 * counted, with the time of the last tick that saw a change; the second what was added between two ticks.
 */
import type { Metadata } from '../../core/graph/element.ts';
import { countersSince, metricOf, type Counters } from './rtnetlink/link-stats.ts';

export class InterfaceMetrics {
  #metric: Metadata;
  #lastUpdate: Metadata | undefined;
  /** Of the last tick, or of the first sight. */
  #counters: Counters | undefined;
  #atMs: number;

  constructor(counters: Counters | undefined, nowMs: number) {
    this.#metric = metricOf(counters ?? []);
    this.#counters = counters;
    this.#atMs = nowMs;
  }

  get metric(): Metadata {
    return this.#metric;
  }

  /** undefined: no counter has changed yet. */
  get lastUpdate(): Metadata | undefined {
    return this.#lastUpdate;
  }

  /** False: nothing changed since the last tick. */
  tick(counters: Counters, nowMs: number): boolean {
    const added = countersSince(this.#counters ?? counters, counters);
    if (added !== undefined) {
      this.#metric = { ...metricOf(counters), Last: nowMs };
      this.#lastUpdate = { ...metricOf(added), Start: this.#atMs, Last: nowMs };
    }
    this.#counters = counters;
    this.#atMs = nowMs;
    return added !== undefined;
  }
}
