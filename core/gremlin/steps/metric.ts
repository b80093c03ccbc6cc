/**
 * Metrics of nodes and flows, and their Sum, Count and Keys (Gremlin notes, section 8.5).
 */
import type { FlowMetric } from '../../../proto/gen/flow.ts';
import type { Json } from '../../graph/element.ts';
import { isJsonObject } from '../../graph/metadata.ts';
import type { Step } from '../ast.ts';
import type { MetricRecord } from '../context.ts';
import { elementReader } from '../element-fields.ts';
import { execError, listValue, scalar } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { INTERFACE_COUNTERS, SFLOW_COUNTERS } from '../typed-metadata.ts';
import { noFlowStore } from './flow-fetch.ts';
import { flowGroups, flowRows } from './flow-reduce.ts';
import { searchOf } from './flow-search.ts';

const FLOW_COUNTERS = ['ABPackets', 'ABBytes', 'BAPackets', 'BABytes'] as const;

/** Name of the family's fields, in the order in which they are shown. */
function metricFields(family: MetricRecord['family']): readonly string[] {
  if (family === 'flow') return [...FLOW_COUNTERS, 'Start', 'Last', 'RTT'];
  return [...(family === 'sflow' ? SFLOW_COUNTERS : INTERFACE_COUNTERS), 'Start', 'Last'];
}

const METRIC_PATHS: Readonly<Record<string, string>> = {
  LastUpdateMetric: 'LastUpdateMetric',
  SFlow: 'SFlow.LastUpdateMetric',
  Ovs: 'Ovs.LastUpdateMetric',
};

/** Node id → its metrics, ascending by start, each start once; in a time context those that lie inside it. */
export function nodeMetrics(run: Run, value: ValueOf<'nodes'>, step: Step): ValueOf<'metrics'> {
  const { on } = value;
  const [param] = step.params;
  const name = param?.kind === 'text' ? param.value : 'LastUpdateMetric';
  const read = elementReader(METRIC_PATHS[name] ?? name, 'node');
  const family = name.startsWith('SFlow') ? 'sflow' : 'interface';
  run.visit(step, value.nodes.length);
  const metrics = new Map<string, MetricRecord[]>();
  for (const node of value.nodes) {
    const record = recordOf(read(node), family);
    if (record === undefined) continue;
    if (on.slice !== undefined && !(record.Start > on.slice.fromMs && record.Last < on.slice.toMs)) continue;
    const records = metrics.get(node.id);
    if (records === undefined) metrics.set(node.id, [record]);
    else if (records.every((known) => known.Start !== record.Start)) records.push(record);
  }
  for (const records of metrics.values()) records.sort((a, b) => a.Start - b.Start);
  return { kind: 'metrics', on, metrics };
}

function recordOf(value: Json | undefined, family: 'interface' | 'sflow'): MetricRecord | undefined {
  if (!isJsonObject(value)) return undefined;
  const counters: Record<string, number> = {};
  for (const name of family === 'sflow' ? SFLOW_COUNTERS : INTERFACE_COUNTERS) {
    const counter = value[name];
    if (typeof counter === 'number' && counter !== 0) counters[name] = counter;
  }
  return { family, counters, Start: numberIn(value, 'Start'), Last: numberIn(value, 'Last') };
}

function numberIn(value: { readonly [key: string]: Json }, name: string): number {
  const member = value[name];
  return typeof member === 'number' ? member : 0;
}

/** Flow UUID → live its last update (or, before the first, its totals), in the past its metric records. */
export async function flowMetrics(
  run: Run,
  value: ValueOf<'flows'>,
  step: Step,
): Promise<ValueOf<'metrics'>> {
  const { on, plan } = value;
  const metrics = new Map<string, MetricRecord[]>();
  if (on.slice === undefined) {
    for (const row of await flowRows(run, value, ['UUID', 'LastUpdateMetric', 'Metric'])) {
      const [uuid, update, totals] = row.map(([cell]) => cell);
      const metric = isJsonObject(update as Json) ? update : totals;
      if (!isJsonObject(metric as Json) || typeof uuid !== 'string') continue;
      const records = metrics.get(uuid);
      const record = flowRecord(metric as Partial<FlowMetric>);
      // Flows of several captures may share a UUID.
      if (records === undefined) metrics.set(uuid, [record]);
      else records.push(record);
    }
    return { kind: 'metrics', on, metrics };
  }
  if (run.context.flowHistory === undefined) {
    if (plan.nodes?.areCapturable === false) return { kind: 'metrics', on, metrics };
    throw noFlowStore(plan.step);
  }
  const search = searchOf(plan);
  if (search !== undefined) run.plan.searched(search);
  const found = search === undefined ? [] : await run.context.flowHistory.metrics(search, on.slice);
  for (const [uuid, records] of found) {
    run.visit(step, records.length);
    metrics.set(uuid, records.map(flowRecord));
  }
  return { kind: 'metrics', on, metrics };
}

/** Whether numbers alone answer it: the whole sum, or that of one counter. */
export function isSumOfMetrics({ params }: Step): boolean {
  const [field] = params;
  if (params.length > 1) return false;
  return (
    field === undefined || (field.kind === 'text' && (SUMMED as readonly string[]).includes(field.value))
  );
}

const SUMMED = [...FLOW_COUNTERS, 'RTT', 'Start', 'Last'] as const;

/** `Flows().Metrics().Sum()`: what `sumMetrics` makes of these metrics. */
export async function sumOfFlowMetrics(
  run: Run,
  value: ValueOf<'flows'>,
  step: Step,
): Promise<ValueOf<'value'>> {
  const [group] = await flowGroups(
    run,
    value,
    [],
    SUMMED.map((name) => [`Newest.${name}`]),
  );
  const [field] = step.params;
  const columnOf = (name: string) => group?.columns[(SUMMED as readonly string[]).indexOf(name)];
  if (field?.kind === 'text') return scalar(columnOf(field.value)?.sum ?? 0);
  const metrics = columnOf('Start')?.count ?? 0;
  if (metrics === 0) return scalar(null);
  const counters: Record<string, number> = {};
  for (const name of FLOW_COUNTERS) counters[name] = columnOf(name)?.sum ?? 0;
  // The round-trip time of a sum means nothing.
  if (metrics === 1) counters['RTT'] = columnOf('RTT')?.sum ?? 0;
  const Start = columnOf('Start')?.min ?? 0;
  const Last = columnOf('Last')?.max ?? 0;
  return scalar(metricToJson({ family: 'flow', counters, Start, Last }));
}

function flowRecord(metric: Partial<FlowMetric>): MetricRecord {
  const { ABPackets = 0, ABBytes = 0, BAPackets = 0, BABytes = 0, RTT = 0, Start = 0, Last = 0 } = metric;
  return { family: 'flow', counters: { ABPackets, ABBytes, BAPackets, BABytes, RTT }, Start, Last };
}

/** Counters added; the round-trip time of a sum means nothing and is dropped. Start and Last are the first's. */
export function addMetrics(a: MetricRecord, b: MetricRecord): MetricRecord {
  const counters: Record<string, number> = { ...a.counters };
  for (const [name, counter] of Object.entries(b.counters)) counters[name] = (counters[name] ?? 0) + counter;
  delete counters['RTT'];
  return { ...a, counters };
}

/** One metric over everything, or, with a field, its integer sum. */
export function sumMetrics(value: ValueOf<'metrics'>, step: Step): ValueOf<'value'> {
  const records = [...value.metrics.values()].flat();
  const [field] = step.params;
  if (step.params.length > 1) throw execError('bad-parameter', step, 'Sum requires 1 parameter');
  if (field !== undefined) {
    if (field.kind !== 'text') throw execError('bad-parameter', step, 'Argument of Sum must be a string');
    return scalar(sumField(records, field.value, step));
  }
  const [first, ...rest] = records;
  if (first === undefined) return scalar(null);
  let sum = first;
  for (const record of rest) {
    const Start = Math.min(sum.Start, record.Start);
    const Last = Math.max(sum.Last, record.Last);
    sum = { ...addMetrics(sum, record), Start, Last };
  }
  return scalar(metricToJson(sum));
}

function sumField(records: readonly MetricRecord[], field: string, step: Step): number {
  let sum = 0;
  for (const record of records) {
    if (!metricFields(record.family).includes(field))
      throw execError('field-not-found', step, 'Field not found');
    sum += field === 'Start' || field === 'Last' ? record[field] : (record.counters[field] ?? 0);
  }
  return sum;
}

export function metricKeys(value: ValueOf<'metrics'>): ValueOf<'value'> {
  for (const records of value.metrics.values())
    if (records[0] !== undefined) return listValue(metricFields(records[0].family));
  return listValue([]);
}

/** A metric as it is shown: flows show all but a zero round-trip time, interfaces only what is not zero. */
export function metricToJson(record: MetricRecord): Json {
  const shown: Record<string, Json> = {};
  for (const name of metricFields(record.family)) {
    const value = name === 'Start' || name === 'Last' ? record[name] : (record.counters[name] ?? 0);
    if (value !== 0 || (record.family === 'flow' && name !== 'RTT')) shown[name] = value;
  }
  return shown;
}
