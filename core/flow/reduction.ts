/**
 * What a query needs of flows instead of the flows themselves: their number, some of their fields, or numbers by
 * group. Whoever holds flows reduces them; partial answers of several holders are merged (`mergeReduced`), so that
 * a sum over a million flows ships one row a shard. Everything here is plain data that travels as JSON.
 */
import type { Flow } from '../../proto/gen/flow.ts';
import { fieldReader } from './fields.ts';
import type { FieldReader, FieldValue } from './fields.ts';
import type { FlowSearch } from './search.ts';

export type FlowReduction =
  | { readonly kind: 'count' }
  /** Values of the fields of each flow, in the order of the search. */
  | { readonly kind: 'rows'; readonly keys: readonly string[] }
  /** By the values of `keys` (none: all flows are one group) the numbers of each column, whose fields are added per flow. */
  | {
      readonly kind: 'groups';
      readonly keys: readonly string[];
      readonly columns: readonly (readonly string[])[];
    };

/** A field of one flow; empty when the flow has none. */
export type Cell = readonly [] | readonly [FieldValue];

/** What a column comes to. `count`: flows that have a number there; min and max are null when there are none. */
export interface ColumnNumbers {
  readonly count: number;
  readonly sum: number;
  readonly min: number | null;
  readonly max: number | null;
}

export interface FlowGroup {
  readonly values: readonly Cell[];
  readonly flows: number;
  readonly columns: readonly ColumnNumbers[];
}

export type Reduced =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly Cell[])[] }
  | { readonly kind: 'groups'; readonly groups: readonly FlowGroup[] };

/** `Newest.ABBytes` is of the last update's metric, or of the totals of a flow that no update has seen. */
const NEWEST = 'Newest.';

/** The record members that a key of a reduction reads. */
export function membersBehind(key: string): readonly string[] {
  if (!key.startsWith(NEWEST)) return [key];
  return ['LastUpdateMetric', 'Metric'];
}

function readerOf(key: string): FieldReader {
  if (!key.startsWith(NEWEST)) return fieldReader(key) ?? (() => undefined);
  const member = key.slice(NEWEST.length);
  const readers = [fieldReader(`LastUpdateMetric.${member}`), fieldReader(`Metric.${member}`)];
  return (flow) => readers[flow.LastUpdateMetric === undefined ? 1 : 0]?.(flow);
}

/** All fields that the reduction reads, each once. */
export function keysOf(reduction: FlowReduction): readonly string[] {
  switch (reduction.kind) {
    case 'count':
      return [];
    case 'rows':
      return reduction.keys;
    case 'groups':
      return [...new Set([...reduction.keys, ...reduction.columns.flat()])];
  }
}

/** Reads the fields that a reduction needs from a flow. */
export function rowReader(keys: readonly string[]): (flow: Flow) => readonly Cell[] {
  const readers = keys.map(readerOf);
  return (flow) =>
    readers.map((read): Cell => {
      const value = read(flow);
      return value === undefined ? [] : [value];
    });
}

interface GroupSoFar {
  readonly values: readonly Cell[];
  flows: number;
  readonly columns: { count: number; sum: number; min: number | null; max: number | null }[];
}

/** Takes rows of `keysOf(reduction)` one by one. */
class Reducer {
  readonly #reduction: FlowReduction;
  readonly #rows: (readonly Cell[])[] = [];
  readonly #groups = new Map<string, GroupSoFar>();
  /** Where in a row the keys and the fields of the columns stand. */
  readonly #keysAt: readonly number[];
  readonly #columnsAt: readonly (readonly number[])[];
  #count = 0;

  constructor(reduction: FlowReduction) {
    this.#reduction = reduction;
    const keys = keysOf(reduction);
    const grouped = reduction.kind === 'groups' ? reduction : { keys: [], columns: [] };
    this.#keysAt = grouped.keys.map((key) => keys.indexOf(key));
    this.#columnsAt = grouped.columns.map((fields) => fields.map((field) => keys.indexOf(field)));
  }

  add(row: readonly Cell[]): void {
    this.#count++;
    if (this.#reduction.kind === 'rows') this.#rows.push(row);
    if (this.#reduction.kind === 'groups') this.#addToGroup(row);
  }

  #addToGroup(row: readonly Cell[]): void {
    const values = this.#keysAt.map((at) => row[at]!);
    const group = groupOf(this.#groups, values, this.#columnsAt.length);
    group.flows++;
    for (const [index, fieldsAt] of this.#columnsAt.entries()) {
      let total: number | undefined;
      for (const at of fieldsAt) {
        const [value] = row[at]!;
        if (typeof value === 'number') total = (total ?? 0) + value;
      }
      if (total !== undefined)
        addNumbers(group.columns[index]!, { count: 1, sum: total, min: total, max: total });
    }
  }

  result(): Reduced {
    switch (this.#reduction.kind) {
      case 'count':
        return { kind: 'count', count: this.#count };
      case 'rows':
        return { kind: 'rows', rows: this.#rows };
      case 'groups':
        return { kind: 'groups', groups: [...this.#groups.values()] };
    }
  }
}

function groupOf(groups: Map<string, GroupSoFar>, values: readonly Cell[], columns: number): GroupSoFar {
  const id =
    values.length === 1 && typeof values[0]![0] === 'string' ? values[0]![0] : JSON.stringify(values);
  let group = groups.get(id);
  if (group === undefined) {
    const none = Array.from({ length: columns }, () => ({ count: 0, sum: 0, min: null, max: null }));
    group = { values, flows: 0, columns: none };
    groups.set(id, group);
  }
  return group;
}

function addNumbers(to: GroupSoFar['columns'][number], from: ColumnNumbers): void {
  to.count += from.count;
  to.sum += from.sum;
  if (from.min !== null) to.min = to.min === null ? from.min : Math.min(to.min, from.min);
  if (from.max !== null) to.max = to.max === null ? from.max : Math.max(to.max, from.max);
}

/** Flows that were found, in their order, to what is wanted of them. */
export function reduceFlows(flows: Iterable<Flow>, reduction: FlowReduction): Reduced {
  const read = rowReader(keysOf(reduction));
  const reducer = new Reducer(reduction);
  for (const flow of flows) reducer.add(read(flow));
  return reducer.result();
}

/** The same of rows of `keysOf(reduction)`. */
export function reduceRows(rows: Iterable<readonly Cell[]>, reduction: FlowReduction): Reduced {
  const reducer = new Reducer(reduction);
  for (const row of rows) reducer.add(row);
  return reducer.result();
}

/** Several holders' answers as one; rows stand one holder after the other. */
export function mergeReduced(parts: readonly Reduced[], reduction: FlowReduction): Reduced {
  switch (reduction.kind) {
    case 'count': {
      let count = 0;
      for (const part of parts) if (part.kind === 'count') count += part.count;
      return { kind: 'count', count };
    }
    case 'rows':
      return { kind: 'rows', rows: parts.flatMap((part) => (part.kind === 'rows' ? part.rows : [])) };
    case 'groups': {
      const groups = new Map<string, GroupSoFar>();
      for (const part of parts) {
        if (part.kind !== 'groups') continue;
        for (const one of part.groups) {
          const group = groupOf(groups, one.values, one.columns.length);
          group.flows += one.flows;
          for (const [index, numbers] of one.columns.entries()) addNumbers(group.columns[index]!, numbers);
        }
      }
      return { kind: 'groups', groups: [...groups.values()] };
    }
  }
}

/** The search without an order that nothing depends on: sorting is the dearest part of most. */
export function withoutNeedlessOrder(search: FlowSearch, reduction: FlowReduction): FlowSearch {
  const isCut = search.range !== undefined || search.dedup !== undefined;
  if (search.sort === undefined || reduction.kind === 'rows') return search;
  if (reduction.kind !== 'count' && isCut) return search;
  const { sort: _needless, ...rest } = search;
  return rest;
}

/**
 * How several holders are asked, so that their answers can be merged: each for its part of the numbers, or, where the
 * flows that count are known only when all are seen together (a range, a dedup), for rows with what orders them.
 */
export function sharedReduction(
  search: FlowSearch,
  reduction: FlowReduction,
): { readonly kind: 'parts' } | { readonly kind: 'rows'; readonly keys: readonly string[] } {
  const isCut = search.range !== undefined || search.dedup !== undefined;
  if (!isCut && (reduction.kind !== 'rows' || search.sort === undefined)) return { kind: 'parts' };
  const order = [...(search.sort === undefined ? [] : [search.sort.key]), ...(search.dedup ?? [])];
  return { kind: 'rows', keys: [...new Set([...keysOf(reduction), ...order])] };
}
