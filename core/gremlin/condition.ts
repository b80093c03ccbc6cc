/**
 * What one value of a query asks of one field, as data: made from a parameter once, then either tested against
 * values (`testOf`) or turned into a flow filter (`steps/flow-filter.ts`). Gremlin notes, sections 6.2 and 6.3.
 */
import { RE2JS } from 're2js';
import { messageOf } from '../errors.ts';
import type { Json } from '../graph/element.ts';
import { parseIpv4, parseIpv4Cidr } from '../ip.ts';
import { limits } from '../limits.ts';
import type { Param, PredicateName } from './ast.ts';
import { GremlinError } from './errors.ts';
import { sinceMs } from './since.ts';
import { toInteger } from './values.ts';

export type Condition =
  | { readonly kind: 'exists' }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'lt' | 'lte' | 'gt' | 'gte'; readonly value: number }
  /** `source` is anchored. */
  | { readonly kind: 'regex'; readonly source: string; readonly regex: RE2JS; readonly offset: number }
  | { readonly kind: 'contains'; readonly part: string }
  | { readonly kind: 'ipv4Range'; readonly cidr: string; readonly word: number; readonly mask: number }
  | { readonly kind: 'not'; readonly condition: Condition }
  /** No conditions: holds always, also for `or` (an empty Within). */
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly Condition[] };

export const EXISTS: Condition = { kind: 'exists' };

/** Throws GremlinError of stage `exec` with the reference's texts. */
export function conditionOf(param: Param): Condition {
  switch (param.kind) {
    case 'text':
      return { kind: 'text', value: param.value };
    case 'number':
      return { kind: 'integer', value: Math.trunc(param.value) };
    case 'boolean':
      return { kind: 'boolean', value: param.value };
    case 'word':
    case 'traversal':
      throw uncastable(param);
    case 'predicate':
      return predicateCondition(param);
  }
}

/** A key that must exist (`Has(k)`), and the pairs of `Has(k, v, …)`. */
export interface KeyCondition {
  readonly key: string;
  readonly condition: Condition;
}

function predicateCondition(param: Extract<Param, { kind: 'predicate' }>): Condition {
  const { name, params } = param;
  switch (name) {
    case 'Metadata':
      throw uncastable(param);
    case 'Within':
      return { kind: 'or', conditions: params.map(memberCondition) };
    case 'Without':
      return { kind: 'and', conditions: params.map((member) => not(memberCondition(member))) };
    case 'Ne':
      return { kind: 'and', conditions: [EXISTS, different(params[0]!)] };
    case 'Nee':
      return different(params[0]!);
    case 'Lt':
    case 'Lte':
    case 'Gt':
    case 'Gte':
      return compare(name, integerOf(params[0]!, name.toUpperCase()));
    case 'Inside':
    case 'Outside':
    case 'Between': {
      const from = integerOf(params[0]!, name);
      const to = integerOf(params[1]!, name);
      if (name === 'Outside') return { kind: 'or', conditions: [compare('Lt', from), compare('Gt', to)] };
      return {
        kind: 'and',
        conditions: [compare(name === 'Between' ? 'Gte' : 'Gt', from), compare('Lt', to)],
      };
    }
    case 'Regex':
      return regexCondition(params[0]!);
    case 'Ipv4Range':
      return rangeCondition(params[0]!);
    case 'Contains':
      return { kind: 'contains', part: params[0]?.kind === 'text' ? params[0].value : '' };
    case 'Since':
      // Made a time before anything runs (`since.ts`); alone it only has to be readable.
      sinceMs(params[0]!);
      return compare('Gte', 0);
  }
}

function compare(name: 'Lt' | 'Lte' | 'Gt' | 'Gte', value: number): Condition {
  return { kind: name.toLowerCase() as 'lt' | 'lte' | 'gt' | 'gte', value };
}

function not(condition: Condition): Condition {
  return { kind: 'not', condition };
}

/** `Ne(true)` means "is false": something that is no boolean does not match. */
function different(param: Param): Condition {
  if (param.kind === 'boolean') return { kind: 'boolean', value: !param.value };
  return not(memberCondition(param));
}

/** Text compares as text, everything else as an integer. */
function memberCondition(param: Param): Condition {
  if (param.kind === 'text') return { kind: 'text', value: param.value };
  if (param.kind === 'number') return { kind: 'integer', value: Math.trunc(param.value) };
  if (param.kind === 'boolean') return { kind: 'integer', value: param.value ? 1 : 0 };
  throw uncastable(param);
}

function integerOf(param: Param, shownName: string): number {
  const scalar = param.kind === 'text' || param.kind === 'number' || param.kind === 'boolean';
  const value = scalar ? toInteger(param.value) : undefined;
  if (value === undefined)
    throw new GremlinError(
      'exec',
      'bad-predicate',
      param.offset,
      `${shownName} values should be of int64 type`,
    );
  return value;
}

/**
 * Whole texts only. The pattern is compiled alone first: a wrong one must not become right inside the anchors. What alone
 * is wrong gets the reference's anchors, with which it is shown or (a backslash at the end) becomes right as there; an
 * open \Q is closed.
 */
function regexCondition(param: Param): Condition {
  const pattern = param.kind === 'text' ? param.value : '';
  const refuse = (message: string): GremlinError =>
    new GremlinError('exec', 'bad-predicate', param.offset, message);
  if (pattern.startsWith('^') || pattern.endsWith('$'))
    throw refuse("Regex are anchored by default, ^ and $ don't have to be provided");
  if (pattern.length > limits.regexCharsMax)
    throw refuse(`The regular expression has more than ${limits.regexCharsMax} characters (regexCharsMax)`);
  const isRight = compile(pattern) instanceof RE2JS;
  let source = isRight ? `^(?:${pattern})$` : `^${pattern}$`;
  let regex = compile(source);
  if (isRight && !(regex instanceof RE2JS)) {
    source = `^(?:${pattern}\\E)$`;
    regex = compile(source);
  }
  if (!(regex instanceof RE2JS)) throw refuse(`error parsing regexp: ${regex}`);
  if (regex.programSize() <= limits.regexInstructionsMax)
    return { kind: 'regex', source, regex, offset: param.offset };
  throw refuse(
    `The regular expression needs more than ${limits.regexInstructionsMax} instructions (regexInstructionsMax)`,
  );
}

/** The expression, or what is wrong with it. */
function compile(source: string): RE2JS | string {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    return messageOf(error).replace(/^error parsing regexp: /, '');
  }
}

function rangeCondition(param: Param): Condition {
  const refuse = (message: string): GremlinError =>
    new GremlinError('exec', 'bad-predicate', param.offset, message);
  if (param.kind !== 'text') throw refuse('Ipv4Range value has to be a string');
  const range = parseIpv4Cidr(param.value);
  if (range === undefined) throw refuse(`invalid CIDR address: ${param.value}`);
  return { kind: 'ipv4Range', cidr: param.value, ...range };
}

/** Go's text for a predicate where a value belongs. */
function uncastable(param: Param): GremlinError {
  const type = goTypeOf(param);
  const inner = param.kind === 'predicate' && param.name === 'Regex' ? `regex:${regexText(param)}` : '';
  const message = `unable to cast ${type}{${inner}} of type ${type} to int64`;
  return new GremlinError('exec', 'bad-predicate', param.offset, message);
}

const GO_NAMES: Readonly<Partial<Record<PredicateName, string>>> = {
  Lt: 'LTElementMatcher',
  Lte: 'LTEElementMatcher',
  Gt: 'GTElementMatcher',
  Gte: 'GTEElementMatcher',
  Ne: 'NEElementMatcher',
  Nee: 'NEEElementMatcher',
  Ipv4Range: 'IPV4RangeElementMatcher',
};

function goTypeOf(param: Param): string {
  if (param.kind === 'word') return `traversal.${param.word[0]}${param.word.slice(1).toLowerCase()}Predicate`;
  if (param.kind !== 'predicate') return param.kind;
  if (param.name === 'Metadata') return 'graph.Metadata';
  return `traversal.${GO_NAMES[param.name] ?? `${param.name}ElementMatcher`}`;
}

function regexText(param: Extract<Param, { kind: 'predicate' }>): string {
  const [pattern] = param.params;
  return JSON.stringify(pattern?.kind === 'text' ? pattern.value : '');
}

/** Holds or not for a value as read; undefined = the key does not exist. */
export type Test = (value: Json | undefined) => boolean;

/**
 * `strict` is how flows and sockets compare: texts as text only, integers as integers only. Otherwise an integer
 * meets whatever `toInteger` reads as one. A list satisfies a comparison when one of its members does.
 */
export function testOf(condition: Condition, strict = false): Test {
  switch (condition.kind) {
    case 'exists':
      return (value) => value !== undefined;
    case 'text': {
      const text = condition.value;
      return (value) => value === text || (Array.isArray(value) && value.includes(text));
    }
    case 'boolean': {
      const wanted = condition.value;
      return (value) => value === wanted || (Array.isArray(value) && value.includes(wanted));
    }
    case 'integer':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return integerTest(condition, strict);
    case 'regex':
      return regexTest(condition);
    case 'contains': {
      const { part } = condition;
      return someMember((member) => typeof member === 'string' && member.includes(part));
    }
    case 'ipv4Range': {
      const { word, mask } = condition;
      return someMember((member) => typeof member === 'string' && isInRange(member, word, mask));
    }
    case 'not': {
      const inner = testOf(condition.condition, strict);
      return (value) => !inner(value);
    }
    case 'and': {
      const tests = condition.conditions.map((member) => testOf(member, strict));
      return (value) => tests.every((test) => test(value));
    }
    case 'or':
      return anyTest(condition.conditions, strict);
  }
}

function anyTest(conditions: readonly Condition[], strict: boolean): Test {
  if (conditions.length === 0) return () => true;
  // `Within` with many texts is common (lists of ids): one look-up instead of one comparison each.
  const texts = new Set<Json>();
  const others: Test[] = [];
  for (const member of conditions)
    if (member.kind === 'text') texts.add(member.value);
    else others.push(testOf(member, strict));
  return (value) =>
    (value !== undefined &&
      (Array.isArray(value) ? value.some((item: Json) => texts.has(item)) : texts.has(value))) ||
    others.some((test) => test(value));
}

function integerTest(
  condition: Extract<Condition, { kind: 'integer' | 'lt' | 'lte' | 'gt' | 'gte' }>,
  strict: boolean,
): Test {
  const { kind, value: bound } = condition;
  return someMember((member) => {
    if (strict && typeof member !== 'number') return false;
    const integer = toInteger(member);
    if (integer === undefined) return false;
    switch (kind) {
      case 'integer':
        return integer === bound;
      case 'lt':
        return integer < bound;
      case 'lte':
        return integer <= bound;
      case 'gt':
        return integer > bound;
      case 'gte':
        return integer >= bound;
    }
  });
}

/** Time is linear in the text, but a large expression makes the line steep: the product is bounded. */
function regexTest({ regex, offset }: Extract<Condition, { kind: 'regex' }>): Test {
  const instructions = regex.programSize();
  let work = 0;
  return someMember((member) => {
    if (typeof member !== 'string') return false;
    work += member.length * instructions;
    if (work > limits.regexWorkMax)
      throw new GremlinError(
        'exec',
        'limit',
        offset,
        `The regular expression costs more than ${limits.regexWorkMax} characters times instructions (regexWorkMax)`,
      );
    return regex.test(member);
  });
}

function someMember(test: (member: Json) => boolean): Test {
  return (value) => {
    if (value === undefined) return false;
    return Array.isArray(value) ? (value as readonly Json[]).some(test) : test(value);
  };
}

/** An address with or without `/n`, one or two digits that do not count. */
function isInRange(text: string, word: number, mask: number): boolean {
  const address = parseIpv4(text.replace(/\/[0-9]{1,2}$/, ''));
  return address !== undefined && (address & mask) === word;
}
