/**
 * From elements to values: Values ValueMap Keys Sum (Gremlin notes, section 7). Stored values are returned as they are
 * stored (section 14.7).
 */
import type { GraphEdge, GraphNode, Json } from '../../graph/element.ts';
import type { ColumnNumbers } from '../../flow/reduction.ts';
import type { Step } from '../ast.ts';
import { elementKeys, elementReader } from '../element-fields.ts';
import { warnOfKeys } from '../key-warnings.ts';
import { printBare, printGoSyntax } from '../print.ts';
import { execError, listValue, scalar } from '../state.ts';
import type { Run, Traversal, ValueOf } from '../state.ts';
import { toInteger } from '../values.ts';
import { aggregateOf } from './flow.ts';

type Elements = readonly (GraphNode | GraphEdge)[];

/** Elements of one kind, and the traversal that they belong to. */
interface Place {
  readonly on: Traversal;
  readonly elements: Elements;
  readonly of: 'node' | 'edge';
}

/** Elements without the key, or with an empty list or object under it, are left out. */
export function valuesOf(run: Run, { on, elements, of }: Place, step: Step): ValueOf<'value'> {
  const read = elementReader(textParam(step, 0), of);
  run.visit(step, elements.length);
  const values: Json[] = [];
  for (const element of elements) {
    const value = read(element);
    if (value !== undefined && !isEmpty(value)) values.push(value);
  }
  if (values.length === 0) warnOfKeys(run, on, [textParam(step, 0)], elements, of, step);
  return listValue(values);
}

function isEmpty(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

/** One object per element with those of the keys that exist; elements with none are left out. */
export function valueMapOf(run: Run, { on, elements, of }: Place, step: Step): ValueOf<'value'> {
  const readers = step.params.map((_, index) => {
    const key = textParam(step, index);
    return { key, read: elementReader(key, of) };
  });
  run.visit(step, elements.length);
  const maps: Json[] = [];
  for (const element of elements) {
    const found = readers
      .map(({ key, read }) => [key, read(element)] as const)
      .filter((entry): entry is readonly [string, Json] => entry[1] !== undefined);
    if (found.length > 0) maps.push(Object.fromEntries(found));
  }
  if (maps.length === 0)
    warnOfKeys(
      run,
      on,
      readers.map(({ key }) => key),
      elements,
      of,
      step,
    );
  return listValue(maps);
}

/** Every key of any of the elements, once, in order of appearance. */
export function keysOf(run: Run, elements: Elements, step: Step, of: 'node' | 'edge'): ValueOf<'value'> {
  run.visit(step, elements.length);
  const keys = new Set<string>();
  for (const element of elements) for (const key of elementKeys(element, of)) keys.add(key);
  return listValue([...keys]);
}

/** Elements without the key are skipped; a value that is no integer is an error. */
export function sumOf(run: Run, { on, elements, of }: Place, step: Step): ValueOf<'value'> {
  const [key] = step.params;
  if (key === undefined || step.params.length > 1)
    throw execError('bad-parameter', step, 'Sum requires 1 parameter');
  if (key.kind !== 'text') throw execError('bad-parameter', step, 'Sum parameter has to be a string key');
  const read = elementReader(key.value, of);
  run.visit(step, elements.length);
  let sum = 0;
  for (const element of elements) {
    const value = read(element);
    if (value === undefined) continue;
    const integer = toInteger(value);
    if (integer === undefined) {
      const { text, type } = printGoSyntax(value);
      throw execError('bad-value', step, `unable to cast ${text} of type ${type} to int64`);
    }
    sum += integer;
  }
  if (sum === 0) warnOfKeys(run, on, [key.value], elements, of, step);
  return scalar(sum);
}

/** Min, Max and Mean over the elements' numbers, several keys added per element; null when none has one. */
export function extremeOf(run: Run, { on, elements, of }: Place, step: Step): ValueOf<'value'> {
  run.visit(step, elements.length);
  const numbers = numbersOf(elements, step, of);
  if (numbers === undefined) warnOfKeys(run, on, step.params.map(printBare), elements, of, step);
  return scalar(aggregateOf(step, 0, numbers));
}

/** Number, sum, least and most of the elements' numbers under the step's keys, added per element. */
export function numbersOf(elements: Elements, step: Step, of: 'node' | 'edge'): ColumnNumbers | undefined {
  const readers = step.params.map((_, index) => elementReader(textParam(step, index), of));
  let numbers: { count: number; sum: number; min: number; max: number } | undefined;
  for (const element of elements) {
    const found = readers.map((read) => numberOf(read(element))).filter((one) => one !== undefined);
    if (found.length === 0) continue;
    const total = found.reduce((sum, one) => sum + one, 0);
    numbers ??= { count: 0, sum: 0, min: total, max: total };
    numbers.count++;
    numbers.sum += total;
    numbers.min = Math.min(numbers.min, total);
    numbers.max = Math.max(numbers.max, total);
  }
  return numbers;
}

/** Doubles stay doubles; what else counts as a number is an integer. */
function numberOf(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value;
  return value === null ? undefined : toInteger(value);
}

function textParam(step: Step, index: number): string {
  const param = step.params[index];
  return param?.kind === 'text' ? param.value : '';
}
