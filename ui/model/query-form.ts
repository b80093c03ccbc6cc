/** A query said in a form, for those who do not speak Gremlin, written as Gremlin. */
import { quoted } from './node-text.ts';

export const THINGS = { nodes: 'nodes', links: 'links', flows: 'flows' } as const;
export type Thing = keyof typeof THINGS;

/** What is asked of the value of a key, and how people say it. */
export const CONDITIONS = {
  is: 'is',
  isNot: 'is not',
  like: 'contains',
  above: 'is more than',
  below: 'is less than',
  within: 'is within the subnet',
  exists: 'is there',
} as const;
export type Condition = keyof typeof CONDITIONS;

/** What is made of what was found. */
export const YIELDS = {
  all: 'all of them',
  count: 'how many',
  values: 'the values of',
  graph: 'the graph of',
} as const;
export type Yield = keyof typeof YIELDS;

export interface Asked {
  readonly key: string;
  readonly condition: Condition;
  readonly value: string;
}

export interface FormQuery {
  readonly thing: Thing;
  /** All must hold; those without a key are none. */
  readonly asked: readonly Asked[];
  readonly yields: Yield;
  /** The key of `values`. */
  readonly key: string;
  /** Of the past: how long ago, such as `5m`; for flows, those since then. '' for now. */
  readonly ago: string;
  /** 0 for all. */
  readonly limit: number;
}

const STEPS: Readonly<Record<Thing, string>> = { nodes: '.V()', links: '.E()', flows: '.Flows()' };
const REGEX_CHARACTERS = /[\\^$.|?*+()[\]{}]/g;

export function gremlinOf({ thing, asked, yields, key, ago, limit }: FormQuery): string {
  const steps = asked.filter((one) => one.key.trim() !== '').map(stepOf);
  return [
    'G',
    contextOf(thing, ago.trim()),
    STEPS[thing],
    ...steps,
    limit > 0 ? `.Limit(${limit})` : '',
    yieldOf(thing, yields, key.trim()),
  ].join('');
}

function contextOf(thing: Thing, ago: string): string {
  if (ago === '') return '';
  return thing === 'flows' ? `.At(NOW, ${quoted(ago)})` : `.At(${quoted(`-${ago}`)})`;
}

function stepOf({ key, condition, value }: Asked): string {
  const name = quoted(key.trim());
  switch (condition) {
    case 'exists':
      return `.HasKey(${name})`;
    case 'is':
      return `.Has(${name}, ${literal(value)})`;
    case 'isNot':
      return `.Has(${name}, Ne(${literal(value)}))`;
    case 'like':
      return `.Has(${name}, Regex(${quoted(`.*${value.replaceAll(REGEX_CHARACTERS, String.raw`\$&`)}.*`)}))`;
    case 'above':
      return `.Has(${name}, Gt(${literal(value)}))`;
    case 'below':
      return `.Has(${name}, Lt(${literal(value)}))`;
    case 'within':
      return `.Has(${name}, Ipv4Range(${quoted(value)}))`;
  }
}

/** Whole numbers are numbers, as nearly all values of digits are. */
function literal(value: string): string {
  return /^-?\d{1,15}$/.test(value) ? String(Number(value)) : quoted(value);
}

function yieldOf(thing: Thing, yields: Yield, key: string): string {
  if (yields === 'count') return '.Count()';
  if (yields === 'values' && key !== '') return `.Values(${quoted(key)})`;
  return yields === 'graph' && thing !== 'flows' ? '.SubGraph()' : '';
}
