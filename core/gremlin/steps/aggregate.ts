/**
 * Aggregates: metrics laid over equal slices of time and added (Gremlin notes, section 8.5). A metric that crosses a
 * border is split in proportion to time; of flows and interfaces the second part gets what the first left, so that no
 * unit is lost (section 14.18). sFlow counters are truncated on both sides, as in the reference.
 */
import { limits } from '../../limits.ts';
import type { Step } from '../ast.ts';
import type { MetricRecord } from '../context.ts';
import { execError } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { addMetrics } from './metric.ts';

const DEFAULT_SECONDS = 30;

/** One key, `Aggregated`; empty slices are left out. */
export function aggregate(run: Run, value: ValueOf<'metrics'>, step: Step): ValueOf<'metrics'> {
  const lengthMs = secondsOf(step) * 1000;
  const lists = [...value.metrics.values()];
  const { first, last } = spanOf(value, lists);
  const count = Math.max(0, Math.ceil((last - first) / lengthMs));
  if (count > limits.aggregateSlicesMax)
    throw execError(
      'limit',
      step,
      `Aggregates available slices exceeded: ${count}/${limits.aggregateSlicesMax}`,
    );
  const slices = Array<MetricRecord | undefined>(count).fill(undefined);
  for (const list of lists) {
    run.visit(step, list.length + count);
    layOver(slices, list, first, last, lengthMs);
  }
  const aggregated = slices.filter((record) => record !== undefined);
  return { kind: 'metrics', on: value.on, metrics: new Map([['Aggregated', aggregated]]) };
}

function secondsOf(step: Step): number {
  const [param] = step.params;
  if (param === undefined) return DEFAULT_SECONDS;
  if (param.kind !== 'number' || !param.integer || param.value <= 0)
    throw execError('bad-parameter', step, 'Aggregates parameter has to be a positive number');
  return param.value;
}

function spanOf(
  value: ValueOf<'metrics'>,
  lists: readonly (readonly MetricRecord[])[],
): { first: number; last: number } {
  if (value.on.slice !== undefined) return { first: value.on.slice.fromMs, last: value.on.slice.toMs };
  let first = Infinity;
  let last = -Infinity;
  for (const list of lists)
    for (const record of list) {
      first = Math.min(first, record.Start);
      last = Math.max(last, record.Last);
    }
  return first <= last ? { first, last } : { first: 0, last: 0 };
}

function layOver(
  slices: (MetricRecord | undefined)[],
  list: readonly MetricRecord[],
  first: number,
  last: number,
  lengthMs: number,
): void {
  let at = 0;
  let rest = list[0];
  let index = 0;
  while (index < slices.length && rest !== undefined) {
    const lo = first + index * lengthMs;
    const hi = Math.min(lo + lengthMs, last);
    const { inside, after } = partsOf(rest, lo, hi);
    if (inside !== undefined) {
      const known = slices[index];
      const part = { ...inside, Start: lo, Last: hi };
      slices[index] = known === undefined ? part : addMetrics(known, part);
      rest = after !== undefined && !isZero(after) ? after : list[++at];
    } else if (rest.Last <= lo && rest.Start < lo) {
      // It lies before this slice altogether: it must not keep the rest of its list from being counted.
      rest = list[++at];
    } else {
      index++;
    }
  }
}

interface Parts {
  readonly inside: MetricRecord | undefined;
  readonly after: MetricRecord | undefined;
}

/** The part of a metric between `lo` and `hi`, and the part behind `hi`. */
function partsOf(metric: MetricRecord, lo: number, hi: number): Parts {
  const [, right] = split(metric, lo);
  if (right === undefined || isZero(right)) return { inside: undefined, after: undefined };
  const [inside, after] = split(right, hi);
  if (inside === undefined || !isZero(inside)) return { inside, after };
  // Too small to be cut: all of it goes where it starts.
  return lo <= metric.Start && metric.Start < hi
    ? { inside: metric, after: undefined }
    : { inside: undefined, after: undefined };
}

type Split = readonly [left: MetricRecord | undefined, right: MetricRecord | undefined];

function split(metric: MetricRecord, cut: number): Split {
  if (cut <= metric.Start) return [undefined, metric];
  if (cut >= metric.Last || metric.Start === metric.Last) return [metric, undefined];
  const span = metric.Last - metric.Start;
  const left = scaled(metric, (cut - metric.Start) / span);
  const right = metric.family === 'sflow' ? scaled(metric, (metric.Last - cut) / span) : minus(metric, left);
  return [
    { ...left, Last: cut },
    { ...right, Start: cut },
  ];
}

function scaled(metric: MetricRecord, ratio: number): MetricRecord {
  const counters: Record<string, number> = {};
  for (const [name, counter] of Object.entries(metric.counters))
    if (name !== 'RTT') counters[name] = Math.trunc(counter * ratio);
  return { ...metric, counters };
}

function minus(metric: MetricRecord, part: MetricRecord): MetricRecord {
  const counters: Record<string, number> = {};
  for (const [name, counter] of Object.entries(part.counters))
    counters[name] = (metric.counters[name] ?? 0) - counter;
  return { ...metric, counters };
}

function isZero(metric: MetricRecord): boolean {
  return Object.entries(metric.counters).every(([name, counter]) => counter === 0 || name === 'RTT');
}
