/**
 * How a Skydive agent is asked for the live flows in its tables, and what it answers (WebSocket notes, section 12). The search is sent
 * as far as the agent's filters can say it, and made again here: what comes back too much costs time, never correctness.
 */
import {
  BoolOp,
  createBool,
  createFilter,
  createNull,
  createSearchQuery,
  createTableQuery,
  createTermBool,
  createTermInt64,
  createTermString,
  decodeTableReply,
  encodeSearchQuery,
  encodeTableQuery,
  type Filter,
} from '../../proto/gen/agent.ts';
import { decodeFlowSet, type Flow } from '../../proto/gen/flow.ts';
import type { FlowFilter, FlowSearch } from '../flow/search.ts';

/** The bytes of a TableQuery. */
export function tableQuery({ filter }: FlowSearch): Uint8Array {
  const said = filter === undefined ? undefined : filterOf(filter);
  const query = encodeSearchQuery(createSearchQuery(said === undefined ? {} : { Filter: said })).finish();
  return encodeTableQuery(createTableQuery({ Type: 'SearchQuery', Query: query })).finish();
}

/** The flows of a TableReply's bytes. Throws RangeError or Error when it is none. */
export function flowsOfReply(bytes: Uint8Array): Flow[] {
  return decodeTableReply(bytes).FlowSets.flatMap((set) => decodeFlowSet(set).Flows);
}

/** As the development head spells it: `{"FlowSetBytes": [base64, …]}`. Throws when it is none. */
export function flowsOfJsonReply(reply: unknown): Flow[] {
  const { FlowSetBytes: sets } = (reply ?? {}) as { readonly FlowSetBytes?: unknown };
  if (!Array.isArray(sets)) throw new TypeError('FlowSetBytes is no list');
  return sets.flatMap((set) => {
    const bytes = Uint8Array.from(atob(String(set)), (character) => character.codePointAt(0) ?? 0);
    return decodeFlowSet(bytes).Flows;
  });
}

/** Undefined where the agent has no such filter: then everything comes that might fit. */
function filterOf(filter: FlowFilter): Filter | undefined {
  switch (filter.kind) {
    case 'and': {
      const parts = filter.filters.flatMap((part) => filterOf(part) ?? []);
      return parts.length === 0 ? undefined : bool(BoolOp.AND, parts);
    }
    case 'or': {
      const parts = filter.filters.map((part) => filterOf(part));
      return parts.includes(undefined) || parts.length === 0 ? undefined : bool(BoolOp.OR, parts as Filter[]);
    }
    case 'not': {
      // What was left out inside would be refused by the agent and is not to be.
      const inner = isWhole(filter.filter) ? filterOf(filter.filter) : undefined;
      return inner === undefined ? undefined : bool(BoolOp.NOT, [inner]);
    }
    case 'equals':
      return equals(filter.key, filter.value);
    case 'gt':
      return createFilter({ GtInt64Filter: int64(filter.key, filter.value) });
    case 'lt':
      return createFilter({ LtInt64Filter: int64(filter.key, filter.value) });
    case 'gte':
      return createFilter({ GteInt64Filter: int64(filter.key, filter.value) });
    case 'lte':
      return createFilter({ LteInt64Filter: int64(filter.key, filter.value) });
    case 'regex':
      return createFilter({ RegexFilter: createTermString({ Key: filter.key, Value: filter.pattern }) });
    case 'absent':
      return createFilter({ NullFilter: createNull({ Key: filter.key }) });
    case 'ipv4Range':
      return createFilter({ IPV4RangeFilter: createTermString({ Key: filter.key, Value: filter.cidr }) });
  }
}

function equals(key: string, value: string | number | boolean): Filter | undefined {
  if (typeof value === 'string')
    return createFilter({ TermStringFilter: createTermString({ Key: key, Value: value }) });
  if (typeof value === 'boolean')
    return createFilter({ TermBoolFilter: createTermBool({ Key: key, Value: value }) });
  return Number.isInteger(value) ? createFilter({ TermInt64Filter: int64(key, value) }) : undefined;
}

function int64(key: string, value: number) {
  return createTermInt64({ Key: key, Value: Math.trunc(value) });
}

function bool(Op: BoolOp, Filters: Filter[]): Filter {
  return createFilter({ BoolFilter: createBool({ Op, Filters }) });
}

/** Whether nothing of it would be left out. */
function isWhole(filter: FlowFilter): boolean {
  if (filter.kind === 'and' || filter.kind === 'or') return filter.filters.every(isWhole);
  if (filter.kind === 'not') return isWhole(filter.filter);
  return filter.kind !== 'equals' || filterOf(filter) !== undefined;
}
