/**
 * From elements to values: Values ValueMap Keys Sum (Gremlin notes, section 7). Stored values are returned as they are
 * stored (section 14.7).
 */
import type { GraphEdge, GraphNode, Json } from '../../graph/element.ts';
import type { Step } from '../ast.ts';
import { elementKeys, elementReader } from '../element-fields.ts';
import { execError, listValue, scalar } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { toInteger } from '../values.ts';

type Elements = readonly (GraphNode | GraphEdge)[];

/** Elements without the key, or with an empty list or object under it, are left out. */
export function valuesOf(run: Run, elements: Elements, step: Step, of: 'node' | 'edge'): ValueOf<'value'> {
  const read = elementReader(textParam(step, 0), of);
  run.visit(step, elements.length);
  const values: Json[] = [];
  for (const element of elements) {
    const value = read(element);
    if (value !== undefined && !isEmpty(value)) values.push(value);
  }
  return listValue(values);
}

function isEmpty(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

/** One object per element with those of the keys that exist; elements with none are left out. */
export function valueMapOf(run: Run, elements: Elements, step: Step, of: 'node' | 'edge'): ValueOf<'value'> {
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
export function sumOf(run: Run, elements: Elements, step: Step, of: 'node' | 'edge'): ValueOf<'value'> {
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
    if (integer === undefined)
      throw execError(
        'bad-value',
        step,
        `unable to cast ${JSON.stringify(value)} of type ${goTypeOf(value)} to int64`,
      );
    sum += integer;
  }
  return scalar(sum);
}

function goTypeOf(value: Json): string {
  if (typeof value === 'string') return 'string';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

function textParam(step: Step, index: number): string {
  const param = step.params[index];
  return param?.kind === 'text' ? param.value : '';
}
