/**
 * A flow search over records that are kept encoded: only the members that filter, sort and dedup look at are decoded,
 * and what is found leaves as the bytes it was kept in. Finding one flow among 100,000 costs a fifth of decoding them.
 */
import { createFlow, encodeFlow, flowFields, type Flow } from '../../proto/gen/flow.ts';
import { Writer } from '../../proto/gen/runtime.ts';
import { flowMemberOf } from './fields.ts';
import type { FlowPages, FlowSlot } from './flow-pages.ts';
import { keysOf, membersBehind, reduceFlows } from './reduction.ts';
import type { FlowReduction, Reduced } from './reduction.ts';
import { compileFilter, runSearch } from './run-search.ts';
import type { FlowFilter, FlowSearch } from './search.ts';

/** `FlowSet.Flows` */
const FLOWS = (1 << 3) | 2;

export interface EncodedAnswer {
  /** A `flow.FlowSet`. */
  readonly flowSet: Uint8Array;
  readonly visited: number;
  readonly shipped: number;
}

export interface KeptFlow {
  readonly slot: FlowSlot;
  readonly hasPackets: boolean;
}

/** Some members of a flow, and where the whole of it is. */
interface PartialFlow extends Flow {
  kept?: KeptFlow;
}

/**
 * What is wanted of the flows that a search finds; no record leaves. Throws as `runSearch` does when a pattern or a range
 * of the filter is malformed.
 */
export function reduceEncoded(
  pages: FlowPages,
  kept: Iterable<KeptFlow>,
  search: FlowSearch,
  reduction: FlowReduction,
): { readonly reduced: Reduced; readonly visited: number } {
  const fields = fieldsOf(search);
  for (const key of keysOf(reduction).flatMap(membersBehind)) addField(fields, key);
  const { sort, dedup, range } = search;
  const test = search.filter ? compileFilter(search.filter) : undefined;
  let visited = 0;
  const seen = function* (): Generator<Flow> {
    for (const one of kept) {
      visited++;
      const flow = fields.size === 0 ? createFlow() : pages.readOnly(one.slot, fields);
      if (test === undefined || test(flow)) yield flow;
    }
  };
  const isStream = sort === undefined && dedup === undefined && range === undefined;
  const { filter: _done, ...order } = search;
  const found = isStream ? seen() : runSearch(seen(), { ...order, withRawPackets: true });
  return { reduced: reduceFlows(found, reduction), visited };
}

/** Throws as `runSearch` does when a pattern or a range of the filter is malformed. */
export function searchEncoded(pages: FlowPages, kept: Iterable<KeptFlow>, search: FlowSearch): EncodedAnswer {
  const fields = fieldsOf(search);
  let visited = 0;
  const seen = function* (): Generator<Flow> {
    for (const one of kept) {
      visited++;
      const flow: PartialFlow = fields.size === 0 ? createFlow() : pages.readOnly(one.slot, fields);
      flow.kept = one;
      yield flow;
    }
  };
  // The packets are in no partial record, so the objects that come back are those that went in.
  const found = runSearch(seen(), { ...search, withRawPackets: true });
  const writer = Writer.create();
  for (const flow of found) {
    const { slot, hasPackets } = (flow as PartialFlow).kept!;
    if (!hasPackets || search.withRawPackets === true) {
      writer.uint32(FLOWS).bytes(pages.bytesOf(slot));
    } else {
      const whole = pages.read(slot);
      whole.LastRawPackets = [];
      encodeFlow(whole, writer.uint32(FLOWS).fork()).ldelim();
    }
  }
  return { flowSet: writer.finish(), visited, shipped: found.length };
}

function addField(fields: Set<number>, key: string): void {
  const member = flowMemberOf(key);
  if (member !== undefined) fields.add(flowFields[member]);
}

/** Numbers of the members that deciding the search needs. */
export function fieldsOf(search: FlowSearch): Set<number> {
  const fields = new Set<number>();
  const add = (key: string): void => addField(fields, key);
  const walk = (filter: FlowFilter): void => {
    switch (filter.kind) {
      case 'and':
      case 'or':
        filter.filters.forEach(walk);
        return;
      case 'not':
        walk(filter.filter);
        return;
      case 'equals':
      case 'gt':
      case 'lt':
      case 'gte':
      case 'lte':
      case 'regex':
      case 'absent':
      case 'ipv4Range':
        add(filter.key);
    }
  };
  if (search.filter !== undefined) walk(search.filter);
  if (search.sort !== undefined) add(search.sort.key);
  search.dedup?.forEach(add);
  return fields;
}
