/**
 * Running a flow search, and what is asked of its flows: Count Values Keys Sum (Gremlin notes, section 8.2). A flow that
 * lacks a field is skipped; a field that no flow can have is an error (section 14.13).
 */
import type { Flow } from '../../../proto/gen/flow.ts';
import { fieldReader, flowFieldNames } from '../../flow/fields.ts';
import type { FieldReader } from '../../flow/fields.ts';
import type { Json } from '../../graph/element.ts';
import type { ColumnNumbers } from '../../flow/reduction.ts';
import type { Step } from '../ast.ts';
import type { GremlinError } from '../errors.ts';
import { nearestName } from '../nearest.ts';
import { printBare } from '../print.ts';
import { execError, listValue, scalar } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { searchOf } from './flow-plan.ts';
import { countFlows, flowGroups, flowRows } from './flow-reduce.ts';

/** The flows of the plan: live ones, or those of the traversal's time. */
export async function fetchFlows(
  run: Run,
  value: ValueOf<'flows'>,
  options: { readonly withRawPackets?: boolean } = {},
): Promise<readonly Flow[]> {
  const { plan, on } = value;
  const { flows, flowHistory } = run.context;
  const asksNobody = plan.nodes?.areCapturable === false;
  if (on.slice !== undefined && flowHistory === undefined && !asksNobody) throw noFlowStore(plan.step);
  const search = searchOf(plan);
  if (search === undefined) return [];
  run.plan.searched(search);
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
  switch (step.name) {
    case 'Sum':
      return numbers?.sum ?? 0;
    case 'Min':
      return numbers?.min ?? null;
    case 'Max':
      return numbers?.max ?? null;
    case 'Mean':
      return numbers === undefined || numbers.count === 0 ? null : numbers.sum / numbers.count;
    default:
      return flows;
  }
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

function fieldNotFound(step: Step, key: string): GremlinError {
  const nearest = nearestName(key, KNOWN_FIELDS);
  const hint = `flows have no field ${key}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
  return execError('field-not-found', step, 'Field not found', hint);
}

const KNOWN_FIELDS: readonly string[] = [
  ...flowFieldNames,
  ...[
    'Link',
    'Network',
    'Transport',
    'ICMP',
    'Metric',
    'LastUpdateMetric',
    'TCPMetric',
    'IPMetric',
    'DNS',
    'DHCPv4',
  ],
];
