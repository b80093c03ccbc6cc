/**
 * The rules about parameters that hold before anything runs, with the reference's texts (Gremlin notes, section 3).
 * What depends on the value a step meets is checked when it runs.
 */
import type { Param, PredicateName, Step, StepName } from './ast.ts';
import { conditionOf } from './condition.ts';
import { GremlinError } from './errors.ts';
import type { GremlinErrorCode } from './errors.ts';
import { isIpAddress } from './ip.ts';
import { printList, printVerb } from './print.ts';

const METRIC_NAMES: ReadonlySet<string> = new Set([
  'LastUpdateMetric',
  'SFlow',
  'SFlow.LastUpdateMetric',
  'Ovs',
  'Ovs.LastUpdateMetric',
]);

const oneId = (step: Step): void => {
  const { name, params } = step;
  check(params.length <= 1, step, `${name} accepts at most one parameter : ${printList(params)}`);
  check(allTexts(params), step, `${name} parameter must be a string : ${printList(params)}`);
};

const oneKey = (step: Step): void =>
  check(
    step.params.length === 1 && allTexts(step.params),
    step,
    `${step.name} accepts only one parameter of type string : ${printList(step.params)}`,
  );

const oneName = (step: Step): void => {
  const { name, params } = step;
  check(params.length === 1, step, `${name} requires 1 parameter : ${printList(params)}`);
  check(allTexts(params), step, `${name} parameter has to be a string key : ${printList(params)}`);
};

const someTraversals = (step: Step): void =>
  check(
    step.params.length > 0,
    step,
    `${step.name} requires at least 1 traversal : ${printList(step.params)}`,
  );

const someKeys = (step: Step): void => {
  const { name, params } = step;
  check(params.length > 0, step, `${name} requires at least 1 parameter : ${printList(params)}`);
  check(allTexts(params), step, `${name} parameters have to be string keys : ${printList(params)}`);
};

/** Steps that are not named here take what they get, or say when they run what is wrong with it. */
const CHECKS: Readonly<Partial<Record<StepName, (step: Step) => void>>> = {
  V: oneId,
  E: oneId,
  HasKey: oneKey,
  HasNot: oneKey,
  Values: oneName,
  As: oneName,
  Dedup: (step) =>
    check(allTexts(step.params), step, `Dedup parameters have to be string keys : ${printList(step.params)}`),
  ShortestPathTo: (step) =>
    check(
      step.params.length === 1 || step.params.length === 2,
      step,
      `ShortestPathTo predicate accepts only 1 or 2 parameters : ${printList(step.params)}`,
    ),
  Count: (step) =>
    check(step.params.length === 0, step, `Count accepts no parameter : ${printList(step.params)}`),
  Sort: checkSort,
  Range: (step) =>
    check(step.params.length === 2, step, `Range requires 2 parameters : ${printList(step.params)}`),
  Limit: (step) =>
    check(step.params.length === 1, step, `Limit requires 1 parameter : ${printList(step.params)}`),
  ValueMap: (step) => {
    const shown = printList(step.params);
    check(step.params.length > 0, step, `ValueMap requires at least on parameter : ${shown}`);
    check(allTexts(step.params), step, `ValueMap parameters have to be string keys : ${shown}`);
  },
  Select: (step) =>
    check(step.params.length > 0, step, `Select requires at least one key : ${printList(step.params)}`),
  Flows: checkFlows,
  Metrics: checkMetrics,
  ShortestPathsTo: (step) => {
    const areMetadata = step.params.every((param) => param.kind === 'predicate' && param.name === 'Metadata');
    check(
      areMetadata && (step.params.length === 1 || step.params.length === 2),
      step,
      `ShortestPathsTo accepts 1 or 2 Metadata predicates : ${printList(step.params)}`,
    );
  },
  Or: someTraversals,
  And: someTraversals,
  Not: (step) =>
    check(step.params.length === 1, step, `Not requires 1 traversal : ${printList(step.params)}`),
  Min: someKeys,
  Max: someKeys,
  Mean: someKeys,
  Descendants: checkTree,
  Ascendants: checkTree,
  Neighbors: checkTree,
  NextHop: checkNextHop,
  Workflow: (step) => {
    check(step.params.length > 0, step, 'Workflow requires at least 1 parameter');
    const message = 'Workflow accepts a workflow id or name as first parameter';
    check(step.params[0]?.kind === 'text', step, message);
  },
};

/** Throws GremlinError of stage `parse`. */
export function checkStep(step: Step): void {
  CHECKS[step.name]?.(step);
}

function checkMetrics(step: Step): void {
  const shown = printList(step.params);
  check(step.params.length <= 1, step, `Metrics accepts one parameter : ${shown}`);
  check(allTexts(step.params), step, 'Metrics parameter have to be a string');
  const isKnown = step.params.every((param) => param.kind === 'text' && METRIC_NAMES.has(param.value));
  check(isKnown, step, `Metric field unknown : ${shown}`);
}

function checkNextHop(step: Step): void {
  const [address] = step.params;
  check(step.params.length === 1, step, `NextHop accepts one parameter : ${printList(step.params)}`);
  check(address?.kind === 'text', step, 'NextHop parameter have to be a string');
  const isAddress = address?.kind === 'text' && isIpAddress(address.value);
  check(isAddress, step, 'NextHop parameter have to be a valid IP address');
}

function checkSort(step: Step): void {
  const [first, second] = step.params;
  if (first === undefined) return;
  if (second === undefined)
    return check(first.kind === 'text', step, `Sort parameter has to be a string key : ${printVerb(first)}`);
  check(
    step.params.length === 2,
    step,
    `Sort accepts 1 predicate and 1 string parameter : ${printList(step.params)}`,
  );
  check(
    first.kind === 'word' && (first.word === 'ASC' || first.word === 'DESC'),
    step,
    `Use ASC or DESC predicate : ${printVerb(first)}`,
  );
  check(second.kind === 'text', step, `Second sort parameter has to be a string key : ${printVerb(second)}`);
}

function checkFlows(step: Step): void {
  if (step.params.length === 0) return;
  check(step.params.length >= 2, step, 'At least two parameters must be provided');
  check(step.params.length % 2 === 0, step, `slice must be defined by pair k,v: ${printList(step.params)}`);
  for (let i = 0; i < step.params.length; i += 2) {
    checkPairs(step.params.slice(i, i + 2), step, '');
    checkConditions(step.params.slice(i, i + 2), '');
  }
}

/** `[key, value]* [depth]`; a lone parameter is the depth. */
function checkTree(step: Step): void {
  const { name, params } = step;
  const last = params.at(-1);
  const hasDepth = params.length % 2 === 1;
  const pairs = hasDepth ? params.slice(0, -1) : params;
  const prefix = `${name} accepts an optional number of key/value tuples and an optional depth: `;
  // One by one: the first wrong one is named.
  for (let i = 0; i < pairs.length; i += 2) {
    checkPairs(pairs.slice(i, i + 2), step, prefix);
    checkConditions(pairs.slice(i, i + 2), prefix);
  }
  if (!hasDepth) return;
  check(
    last?.kind === 'number' && last.integer && last.value >= 0,
    step,
    `${name} last argument must be the maximum depth specified as an integer`,
  );
}

function checkPairs(params: readonly Param[], step: Step, prefix: string): void {
  check(params.length % 2 === 0, step, `${prefix}slice must be defined by pair k,v: ${printList(params)}`);
  for (let i = 0; i < params.length; i += 2)
    check(params[i]?.kind === 'text', step, `${prefix}keys should be of string type`);
}

function checkConditions(params: readonly Param[], prefix: string): void {
  for (let i = 1; i < params.length; i += 2)
    try {
      conditionOf(params[i]!);
    } catch (error) {
      if (!(error instanceof GremlinError)) throw error;
      throw new GremlinError('parse', error.code, error.offset, prefix + error.message);
    }
}

const ONE_PARAMETER: ReadonlySet<PredicateName> = new Set([
  'Lt',
  'Gt',
  'Lte',
  'Gte',
  'Ne',
  'Nee',
  'Regex',
  'Ipv4Range',
  'Contains',
  'Since',
]);
const TWO_PARAMETERS: ReadonlySet<PredicateName> = new Set(['Inside', 'Outside', 'Between']);

/** `at.text` is the name as it was written. Throws GremlinError of stage `parse`. */
export function checkPredicate(
  name: PredicateName,
  params: readonly Param[],
  at: { readonly text: string; readonly offset: number },
): void {
  const upper = name.toUpperCase();
  if (ONE_PARAMETER.has(name))
    check(
      params.length === 1,
      at,
      `One parameter expected with ${upper}: ${printList(params)}`,
      'bad-predicate',
    );
  if (TWO_PARAMETERS.has(name))
    check(
      params.length === 2,
      at,
      `Two parameters expected with ${upper}: ${printList(params)}`,
      'bad-predicate',
    );
  if (name === 'Regex' || name === 'Contains')
    check(
      params[0]?.kind === 'text',
      at,
      `${upper} predicate expects a string as parameter, got: ${at.text}`,
      'bad-predicate',
    );
  if (name !== 'Metadata') return;
  check(
    params.length % 2 === 0,
    at,
    `slice must be defined by pair k,v: ${printList(params)}`,
    'bad-predicate',
  );
  for (let i = 0; i < params.length; i += 2)
    check(params[i]?.kind === 'text', at, 'keys should be of string type', 'bad-predicate');
}

function allTexts(params: readonly Param[]): boolean {
  return params.every((param) => param.kind === 'text');
}

function check(
  condition: boolean,
  at: { readonly offset: number },
  message: string,
  code: GremlinErrorCode = 'bad-parameter',
): void {
  if (!condition) throw new GremlinError('parse', code, at.offset, message);
}
