/**
 * What is asked of flows: Values Keys Sum Min Max Mean (Gremlin notes, section 8.2). A flow that
 * lacks a field is skipped; a field that no flow can have is an error (section 14.13).
 */
import { fieldReader, flowFieldNames } from '../../flow/fields.ts';
import type { FieldReader } from '../../flow/fields.ts';
import type { Json } from '../../graph/element.ts';
import type { ColumnNumbers } from '../../flow/reduction.ts';
import type { Step } from '../ast.ts';
import { fieldNotFound } from '../flow-keys.ts';
import { printBare } from '../print.ts';
import { execError, listValue, scalar } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { countFlows, flowGroups, flowRows } from './flow-reduce.ts';

export async function flowValues(run: Run, value: ValueOf<'flows'>, step: Step): Promise<ValueOf<'value'>> {
  const [param] = step.params;
  const key = param?.kind === 'text' ? param.value : '';
  if (fieldReader(key) === undefined && (await countFlows(run, value)) > 0) throw fieldNotFound(step, key);
  const rows = await flowRows(run, value, [key]);
  return listValue(rows.flatMap((row) => row[0]! as readonly Json[]));
}

/** All the fields there are, whatever the flows hold; null without flows. */
export async function flowKeys(run: Run, value: ValueOf<'flows'>): Promise<ValueOf<'value'>> {
  return listValue((await countFlows(run, value)) === 0 ? [] : flowFieldNames);
}

export async function flowSum(run: Run, value: ValueOf<'flows'>, step: Step): Promise<ValueOf<'value'>> {
  const [key] = step.params;
  if (key === undefined || step.params.length > 1)
    throw execError('bad-parameter', step, 'Sum requires 1 parameter');
  if (key.kind !== 'text') throw execError('bad-parameter', step, 'Sum parameter has to be a string key');
  if (!/^(Metric|LastUpdateMetric)(\.|$)/.test(key.value))
    throw execError('bad-parameter', step, 'Sum accepts only sub fields of Metric and LastUpadteMetric');
  if (flowFieldNames.includes(key.value)) {
    const [group] = await flowGroups(run, value, [], [[key.value]]);
    return scalar(group?.columns[0]?.sum ?? 0);
  }
  if ((await countFlows(run, value)) === 0) return scalar(0);
  throw fieldNotFound(step, key.value);
}

/** Min, Max and Mean of one field, or of several added per flow; null when no flow has a number there. */
export async function flowExtreme(run: Run, value: ValueOf<'flows'>, step: Step): Promise<ValueOf<'value'>> {
  const fields = fieldsOf(step);
  const [group] = await flowGroups(run, value, [], [fields]);
  return scalar(group === undefined ? null : aggregateOf(step, group.flows, group.columns[0]));
}

/** What Count, Sum, Min, Max and Mean make of a group. */
export function aggregateOf(step: Step, flows: number, numbers: ColumnNumbers | undefined): Json {
  const { name } = step;
  if (name === 'Sum') return numbers?.sum ?? 0;
  if (name === 'Min') return numbers?.min ?? null;
  if (name === 'Max') return numbers?.max ?? null;
  if (name === 'Mean')
    return numbers === undefined || numbers.count === 0 ? null : numbers.sum / numbers.count;
  return flows;
}

/** The fields named by a step, all of which flows can have. Throws GremlinError `field-not-found`. */
export function fieldsOf(step: Step): readonly string[] {
  return step.params.map((param) => {
    const key = printBare(param);
    readerOf(step, key);
    return key;
  });
}

/** Throws GremlinError `field-not-found` when no flow can have the field. */
export function readerOf(step: Step, key: string): FieldReader {
  const read = fieldReader(key);
  if (read === undefined) throw fieldNotFound(step, key);
  return read;
}
