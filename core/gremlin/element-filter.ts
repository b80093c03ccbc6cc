/**
 * Parameter lists of `Has` and of the steps that filter on the way (`Out('Type', 'veth')`) → a test of elements.
 * Gremlin notes, sections 5 and 6.
 */
import type { GraphEdge, GraphNode } from '../graph/element.ts';
import type { Param, Step } from './ast.ts';
import { conditionOf, EXISTS, testOf } from './condition.ts';
import type { KeyCondition } from './condition.ts';
import { elementReader } from './element-fields.ts';
import { GremlinError } from './errors.ts';
import { printList } from './print.ts';
import type { Run } from './state.ts';

export type ElementTest = (element: GraphNode | GraphEdge) => boolean;

/** One key that must exist, or pairs of key and value; empty for no parameters. Throws GremlinError `exec`. */
export function elementConditions(params: readonly Param[]): KeyCondition[] {
  const [first] = params;
  if (first === undefined) return [];
  const refuse = (param: Param, message: string): GremlinError =>
    new GremlinError('exec', 'bad-parameter', param.offset, message);
  if (params.length === 1) {
    if (first.kind !== 'text') throw refuse(first, 'Key must be a string');
    return [{ key: first.value, condition: EXISTS }];
  }
  if (params.length % 2 !== 0) throw refuse(first, 'params should be a list of key,value');
  return pairs(params, 'keys should be of string type');
}

/** What flows and sockets ask of their parameters: pairs, at least one. Throws GremlinError `exec`. */
export function pairConditions(step: Step): KeyCondition[] {
  const { params } = step;
  if (params.length < 2)
    throw new GremlinError('exec', 'bad-parameter', step.offset, 'At least two parameters must be provided');
  if (params.length % 2 !== 0)
    throw new GremlinError(
      'exec',
      'bad-parameter',
      step.offset,
      `slice must be defined by pair k,v: ${printList(params)}`,
    );
  return pairs(params, 'keys should be of string type');
}

function pairs(params: readonly Param[], keyMessage: string): KeyCondition[] {
  const conditions: KeyCondition[] = [];
  for (let i = 0; i < params.length; i += 2) {
    const key = params[i]!;
    if (key.kind !== 'text') throw new GremlinError('exec', 'bad-parameter', key.offset, keyMessage);
    conditions.push({ key: key.value, condition: conditionOf(params[i + 1]!) });
  }
  return conditions;
}

/** Fields of the element itself that are texts: an id of digits is no number. */
function isOwnText(key: string, of: 'node' | 'edge'): boolean {
  const isEnd = of === 'edge' && (key === 'Parent' || key === 'Child');
  return isEnd || key === '@ID' || key === '@Host' || key === '@Origin';
}

/** Undefined when there is nothing to ask. */
export function elementTest(
  conditions: readonly KeyCondition[],
  of: 'node' | 'edge',
  mode: 'all' | 'any' = 'all',
): ElementTest | undefined {
  const tests = conditions.map(({ key, condition }): ElementTest => {
    const read = elementReader(key, of);
    const test = testOf(condition, isOwnText(key, of));
    return (element) => test(read(element));
  });
  if (tests.length <= 1) return tests[0];
  if (mode === 'any') return (element) => tests.some((test) => test(element));
  return (element) => tests.every((test) => test(element));
}

/** The filter in a step's own parameters, made once a run; undefined when it has none. */
export function stepFilter(run: Run, step: Step, of: 'node' | 'edge'): ElementTest | undefined {
  return run.once(step.params, () => elementTest(elementConditions(step.params), of));
}
