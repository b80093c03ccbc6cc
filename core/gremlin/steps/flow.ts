/**
 * Running a flow search, and what is asked of its flows: Count Values Keys Sum (Gremlin notes, section 8.2). A flow that
 * lacks a field is skipped; a field that no flow can have is an error (section 14.13).
 */
import type { Flow } from '../../../proto/gen/flow.ts';
import { fieldReader, flowFieldNames } from '../../flow/fields.ts';
import type { FieldReader } from '../../flow/fields.ts';
import type { Json } from '../../graph/element.ts';
import type { Step } from '../ast.ts';
import { execError, listValue, scalar } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { searchOf } from './flow-plan.ts';

/** The flows of the plan: live ones, or those of the traversal's time. */
export async function fetchFlows(
  run: Run,
  value: ValueOf<'flows'>,
  options: { readonly withRawPackets?: boolean } = {},
): Promise<readonly Flow[]> {
  const { plan, on } = value;
  const { flows, flowHistory } = run.context;
  if (on.slice !== undefined && flowHistory === undefined) throw noFlowStore(plan.step);
  const search = searchOf(plan);
  if (search === undefined) return [];
  const found =
    on.slice === undefined
      ? await flows.search(options.withRawPackets === true ? { ...search, withRawPackets: true } : search)
      : await flowHistory!.flows(search, on.slice);
  run.visit(plan.step, found.length);
  run.checkSize(plan.step, found.length);
  return found;
}

export function noFlowStore(step: Step): Error {
  return execError('no-history', step, 'No storage backend has been configured');
}

export async function flowValues(run: Run, value: ValueOf<'flows'>, step: Step): Promise<ValueOf<'value'>> {
  const [key] = step.params;
  const flows = await fetchFlows(run, value);
  if (flows.length === 0) return listValue([]);
  const read = readerOf(step, key?.kind === 'text' ? key.value : '');
  const values: Json[] = [];
  for (const flow of flows) {
    const field = read(flow);
    if (field !== undefined) values.push(field as Json);
  }
  return listValue(values);
}

/** All the fields there are, whatever the flows hold; null without flows. */
export async function flowKeys(run: Run, value: ValueOf<'flows'>): Promise<ValueOf<'value'>> {
  const flows = await fetchFlows(run, value);
  return listValue(flows.length === 0 ? [] : flowFieldNames);
}

export async function flowSum(run: Run, value: ValueOf<'flows'>, step: Step): Promise<ValueOf<'value'>> {
  const [key] = step.params;
  if (key === undefined || step.params.length > 1)
    throw execError('bad-parameter', step, 'Sum requires 1 parameter');
  if (key.kind !== 'text') throw execError('bad-parameter', step, 'Sum parameter has to be a string key');
  if (!/^(Metric|LastUpdateMetric)(\.|$)/.test(key.value))
    throw execError('bad-parameter', step, 'Sum accepts only sub fields of Metric and LastUpadteMetric');
  const flows = await fetchFlows(run, value);
  if (flows.length === 0) return scalar(0);
  if (!flowFieldNames.includes(key.value)) throw execError('field-not-found', step, 'Field not found');
  const read = readerOf(step, key.value);
  let sum = 0;
  for (const flow of flows) {
    const field = read(flow);
    if (typeof field === 'number') sum += field;
  }
  return scalar(sum);
}

/** Throws GremlinError `field-not-found` when no flow can have the field. */
export function readerOf(step: Step, key: string): FieldReader {
  const read = fieldReader(key);
  if (read === undefined) throw execError('field-not-found', step, 'Field not found');
  return read;
}
