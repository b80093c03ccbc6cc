/** What `Flows` and the steps folded into it have come to, and the search that it is (Gremlin notes, section 8.2). */
import type { FlowFilter, FlowSearch } from '../../flow/search.ts';
import type { Step } from '../ast.ts';

export interface FlowPlan {
  readonly step: Step;
  readonly filters: readonly FlowFilter[];
  /** Hosts and TIDs of the nodes whose flows are wanted; absent = all flows. */
  readonly nodes?: {
    readonly hosts: readonly string[];
    readonly tids: readonly string[];
    /** Whether flows can be captured on any of them: if not nothing is asked, not even a store that is missing. */
    readonly areCapturable: boolean;
  };
  readonly sort?: FlowSearch['sort'];
  readonly dedupKey?: string;
  readonly range?: FlowSearch['range'];
}

/** Undefined: no flow can match, because none of the nodes has any. */
export function searchOf(plan: FlowPlan): FlowSearch | undefined {
  const filters = [...plan.filters];
  if (plan.nodes !== undefined) {
    if (plan.nodes.tids.length === 0) return undefined;
    filters.push({
      kind: 'or',
      filters: plan.nodes.tids.map((tid) => ({ kind: 'equals', key: 'NodeTID', value: tid })),
    });
  }
  return {
    ...(filters.length === 0 ? {} : { filter: joined(filters) }),
    ...(plan.nodes === undefined ? {} : { hosts: plan.nodes.hosts }),
    sort: plan.sort ?? { key: 'Last', descending: false },
    ...(plan.dedupKey === undefined ? {} : { dedup: [plan.dedupKey] }),
    ...(plan.range === undefined ? {} : { range: plan.range }),
  };
}

function joined(filters: readonly FlowFilter[]): FlowFilter {
  return filters.length === 1 ? filters[0]! : { kind: 'and', filters };
}
