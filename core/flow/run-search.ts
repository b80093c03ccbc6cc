/**
 * Runs a flow search over flows: filter, sort, de-duplicate, cut. Used by whoever holds flows (a shard's live table, a
 * stored segment); fields and their values are those of fields.ts.
 *
 * Where the reference loses flows on which a sort or dedup key cannot be read, they stay here: last in a sort, and as
 * one value in a dedup (Gremlin notes, section 14).
 */
import { RE2JS } from 're2js';
import { FlowFinishType } from '../../proto/gen/flow.ts';
import type { Flow } from '../../proto/gen/flow.ts';
import { parseIpv4, parseIpv4Cidr } from '../ip.ts';
import { fieldReader } from './fields.ts';
import type { FieldReader, FieldValue } from './fields.ts';
import type { FlowFilter, FlowSearch } from './search.ts';

export type FlowPredicate = (flow: Flow) => boolean;

const FINISH_NAMES = Object.keys(FlowFinishType);
const NO_FIELD: FieldReader = () => undefined;

function readerOf(key: string): FieldReader {
  return fieldReader(key) ?? NO_FIELD;
}

/** A test that holds when the value, or one member of a list, satisfies `test`. */
function onAny(key: string, test: (value: FieldValue) => boolean): FlowPredicate {
  const read = readerOf(key);
  return (flow) => {
    const value = read(flow);
    if (value === undefined) return false;
    return Array.isArray(value) ? value.some((member) => test(member as FieldValue)) : test(value);
  };
}

/** Text compares with text, integers with integers. FinishType, a number, answers to its name too. */
function equals(key: string, value: string | number | boolean): FlowPredicate {
  const finish = key === 'FinishType' && typeof value === 'string' ? FINISH_NAMES.indexOf(value) : -1;
  if (finish >= 0) return (flow) => flow.FinishType === finish;
  const wanted = typeof value === 'number' ? Math.trunc(value) : value;
  return onAny(key, (member) => member === wanted);
}

function compares(key: string, test: (value: number) => boolean): FlowPredicate {
  return onAny(key, (member) => typeof member === 'number' && test(member));
}

function inIpv4Range(key: string, cidr: string): FlowPredicate {
  const range = parseIpv4Cidr(cidr);
  if (range === undefined) throw new Error(`invalid CIDR address: ${cidr}`);
  return onAny(key, (member) => {
    if (typeof member !== 'string') return false;
    // An address may carry a prefix length, which is not looked at.
    const word = parseIpv4(member.replace(/\/\d{1,2}$/, ''));
    return word !== undefined && (word & range.mask) === range.word;
  });
}

/**
 * One of several; none given holds always, as an empty `Within` does in the reference. Many values of one text field
 * (the nodes that a query came from) are looked up at once.
 */
function anyOf(filters: readonly FlowFilter[]): FlowPredicate {
  if (filters.length === 0) return () => true;
  const first = filters[0]!;
  if (first.kind === 'equals' && first.key !== 'FinishType') {
    const wanted = new Set<unknown>();
    let isAllOfIt = true;
    for (const filter of filters) {
      if (filter.kind === 'equals' && filter.key === first.key && typeof filter.value === 'string')
        wanted.add(filter.value);
      else isAllOfIt = false;
    }
    if (isAllOfIt) return onAny(first.key, (member) => wanted.has(member));
  }
  const any = filters.map(compileFilter);
  return (flow) => any.some((test) => test(flow));
}

/** A filter made once, run per flow. Throws when a pattern or a range is malformed. */
export function compileFilter(filter: FlowFilter): FlowPredicate {
  switch (filter.kind) {
    case 'and': {
      const all = filter.filters.map(compileFilter);
      return (flow) => all.every((test) => test(flow));
    }
    case 'or':
      return anyOf(filter.filters);
    case 'not': {
      const test = compileFilter(filter.filter);
      return (flow) => !test(flow);
    }
    case 'equals':
      return equals(filter.key, filter.value);
    case 'gt':
      return compares(filter.key, (value) => value > filter.value);
    case 'lt':
      return compares(filter.key, (value) => value < filter.value);
    case 'gte':
      return compares(filter.key, (value) => value >= filter.value);
    case 'lte':
      return compares(filter.key, (value) => value <= filter.value);
    case 'regex': {
      const pattern = RE2JS.compile(filter.pattern);
      return onAny(filter.key, (member) => typeof member === 'string' && pattern.matcher(member).find());
    }
    case 'absent': {
      const read = readerOf(filter.key);
      return (flow) => read(flow) === undefined;
    }
    case 'ipv4Range':
      return inIpv4Range(filter.key, filter.cidr);
    default:
      return unknownFilter(filter);
  }
}

/** A kind that a newer version knows: refusing is better than a wrong answer. */
function unknownFilter(filter: never): never {
  throw new Error(`unknown flow filter: ${JSON.stringify(filter)}`);
}

/** Numbers before text, as the order of a column. */
function compareValues(a: FieldValue, b: FieldValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'number') return -1;
  if (typeof b === 'number') return 1;
  const textA = typeof a === 'string' ? a : JSON.stringify(a);
  const textB = typeof b === 'string' ? b : JSON.stringify(b);
  return textA < textB ? -1 : textA > textB ? 1 : 0;
}

/** Ascending keeps the order of equals, descending reverses it, as in the reference; what has no value comes last. */
function sortItems<Item>(
  items: readonly Item[],
  valueOf: (item: Item) => FieldValue | undefined,
  isDescending: boolean,
): Item[] {
  const present: { item: Item; value: FieldValue }[] = [];
  const missing: Item[] = [];
  for (const item of items) {
    const value = valueOf(item);
    if (value === undefined) missing.push(item);
    else present.push({ item, value });
  }
  present.sort((a, b) => compareValues(a.value, b.value));
  if (isDescending) present.reverse();
  return present.map(({ item }) => item).concat(missing);
}

/** Keeps the first item of each combination of values. */
function dedupItems<Item>(
  items: readonly Item[],
  valuesOf: (item: Item) => readonly (FieldValue | undefined)[],
): Item[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const identity = JSON.stringify(valuesOf(item).map((value) => value ?? null));
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

/** Sort, dedup and range of a search on whatever has its fields; `read` gives the reader of a key. */
export function arrange<Item>(
  items: readonly Item[],
  search: FlowSearch,
  read: (key: string) => (item: Item) => FieldValue | undefined,
): readonly Item[] {
  const { sort, dedup, range } = search;
  let arranged = items;
  if (sort) arranged = sortItems(arranged, read(sort.key), sort.descending);
  if (dedup) {
    const readers = dedup.map(read);
    arranged = dedupItems(arranged, (item) => readers.map((reader) => reader(item)));
  }
  return range ? arranged.slice(Math.max(range.from, 0), Math.max(range.to, 0)) : arranged;
}

function withoutRawPackets(flow: Flow): Flow {
  return { ...flow, LastRawPackets: [] };
}

/**
 * The flows that a search asks for, in its order. Flows are shared with the input; only raw packets are left out, in a
 * copy, unless they were asked for. Throws when a pattern or a range of the filter is malformed.
 */
export function runSearch(flows: Iterable<Flow>, search: FlowSearch): Flow[] {
  const test = search.filter ? compileFilter(search.filter) : undefined;
  const { sort, dedup, range } = search;
  const found: Flow[] = [];
  // Without sort and dedup the first ones are enough.
  const most = sort === undefined && dedup === undefined && range ? range.to : Infinity;
  for (const flow of flows) {
    if (found.length >= most) break;
    if (test === undefined || test(flow)) found.push(flow);
  }
  const arranged = arrange(found, search, readerOf);
  if (search.withRawPackets === true) return [...arranged];
  return arranged.map((flow) => (flow.LastRawPackets.length > 0 ? withoutRawPackets(flow) : flow));
}
