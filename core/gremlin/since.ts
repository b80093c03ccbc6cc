/**
 * `Since(d)`: times at most so long ago, counted back from the time that the traversal is in (`At`), else from now. Before
 * a query runs each becomes `Gte(time)`, so that nothing behind this file knows it.
 */
import { DurationError, parseGoDuration } from '../go-duration.ts';
import type { Param, Query, Step } from './ast.ts';
import { GremlinError } from './errors.ts';

/** The length in ms: whole seconds, or a Go duration. Throws GremlinError `bad-predicate`. */
export function sinceMs(param: Param): number {
  const refuse = (message: string): GremlinError =>
    new GremlinError('exec', 'bad-predicate', param.offset, message);
  if (param.kind === 'number' && param.integer) return param.value * 1000;
  if (param.kind !== 'text') throw refuse('Since expects seconds as an integer or a duration such as "5m"');
  try {
    return Math.trunc(parseGoDuration(param.value));
  } catch (error) {
    if (error instanceof DurationError) throw refuse(error.message);
    throw error;
  }
}

/** The query with times for each Since; the same object when there is none. */
export function resolveSince(query: Query, timeAt: (stepIndex: number) => number): Query {
  let changed = false;
  const steps = query.steps.map((step, index) => {
    const resolved = resolveStep(step, () => timeAt(index));
    changed ||= resolved !== step;
    return resolved;
  });
  return changed ? { ...query, steps } : query;
}

function resolveStep(step: Step, time: () => number): Step {
  const params = resolveParams(step.params, time);
  return params === step.params ? step : { ...step, params };
}

function resolveParams(params: readonly Param[], time: () => number): readonly Param[] {
  let changed = false;
  const resolved = params.map((param) => {
    const one = resolveParam(param, time);
    changed ||= one !== param;
    return one;
  });
  return changed ? resolved : params;
}

function resolveParam(param: Param, time: () => number): Param {
  const { offset } = param;
  if (param.kind === 'traversal') {
    const steps = param.steps.map((step) => resolveStep(step, time));
    return steps.every((step, index) => step === param.steps[index]) ? param : { ...param, steps };
  }
  if (param.kind !== 'predicate') return param;
  if (param.name === 'Since') {
    const value = time() - sinceMs(param.params[0]!);
    return {
      kind: 'predicate',
      name: 'Gte',
      params: [{ kind: 'number', value, integer: true, offset }],
      offset,
    };
  }
  const params = resolveParams(param.params, time);
  return params === param.params ? param : { ...param, params };
}
