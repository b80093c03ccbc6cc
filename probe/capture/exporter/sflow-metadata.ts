/**
 * The counters of sFlow exporters as metadata `SFlow` of the node that listens (topology notes, section 18): IfMetrics by
 * the exporter's ifIndex, Metric = sums of all counters known, LastUpdateMetric = growth since the last telling.
 * Zeros are left out.
 */
import type { Json, Metadata } from '../../../core/graph/element.ts';
import { GENERIC_INTERFACE, type SflowCounters } from '../../../core/exporter/sflow.ts';
import { limits, timings } from '../../../core/limits.ts';

/** They tell how much there is, not how much there was: growth has no meaning. */
const GAUGES = /^OvsApp|^OvsDpN(?:Flows|Masks)$/;

interface Source {
  readonly format: number;
  readonly index: number;
  counters: SflowCounters;
}

export class SflowMetadata {
  /** By format and index; bounded, what does not fit is counted. */
  readonly #sources = new Map<string, Source>();
  /** Counters as of the last telling. */
  #told = new Map<string, SflowCounters>();
  #toldAtMs = 0;
  #startMs = 0;
  #changed = false;
  #value: Metadata | undefined;
  refused = 0;

  take(index: number, format: number, counters: SflowCounters, nowMs: number): void {
    const key = `${format}/${index}`;
    if (!this.#sources.has(key) && this.#sources.size >= limits.exporterInterfacesMax) {
      this.refused++;
      return;
    }
    if (this.#startMs === 0) this.#startMs = nowMs;
    this.#sources.set(key, { format, index, counters });
    this.#changed = true;
  }

  /** What the node is to show; a new object when that has changed, as often as interface metrics do at most. */
  value(nowMs: number): Metadata | undefined {
    const due = nowMs - this.#toldAtMs >= timings.metricsUpdateMs;
    if (this.#changed && due) this.#tell(nowMs);
    return this.#value;
  }

  #tell(nowMs: number): void {
    const interfaces: Record<string, Json> = {};
    const metric: Record<string, number> = {};
    const growth: Record<string, number> = {};
    const told = new Map<string, SflowCounters>();
    for (const [key, { format, index, counters }] of this.#sources) {
      if (format === GENERIC_INTERFACE) interfaces[index] = withoutZeros(counters);
      addTo(metric, counters);
      const before = this.#told.get(key);
      if (before !== undefined) addTo(growth, since(before, counters));
      told.set(key, counters);
    }
    const first = this.#toldAtMs === 0;
    this.#value = {
      IfMetrics: interfaces,
      Metric: { ...withoutZeros(metric), Start: this.#startMs, Last: nowMs },
      ...(!first && {
        LastUpdateMetric: { ...withoutZeros(growth), Start: this.#toldAtMs, Last: nowMs },
      }),
    };
    this.#told = told;
    this.#toldAtMs = nowMs;
    this.#changed = false;
  }
}

function addTo(sums: Record<string, number>, counters: SflowCounters): void {
  for (const [name, value] of Object.entries(counters)) sums[name] = (sums[name] ?? 0) + value;
}

/** A counter that is smaller than before began anew: the exporter restarted, or it went round. */
function since(before: SflowCounters, now: SflowCounters): SflowCounters {
  const growth: Record<string, number> = {};
  for (const [name, value] of Object.entries(now)) {
    const old = before[name] ?? 0;
    if (!GAUGES.test(name)) growth[name] = value >= old ? value - old : value;
  }
  return growth;
}

function withoutZeros(counters: SflowCounters): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).filter(([, value]) => value !== 0));
}
