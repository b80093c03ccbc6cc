/**
 * A search over flow tables as plain data: what the flow steps of a query fold into, what travels to the
 * shards and what a shard executes (`core/flow/run-search.ts`). The shape follows the reference's
 * `filters.SearchQuery`, so that its agents can be asked the same thing.
 */
export type FlowFilter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly FlowFilter[] }
  | { readonly kind: 'not'; readonly filter: FlowFilter }
  | { readonly kind: 'equals'; readonly key: string; readonly value: string | number | boolean }
  | { readonly kind: 'gt' | 'lt' | 'gte' | 'lte'; readonly key: string; readonly value: number }
  /** RE2 syntax, already anchored by whoever made it. */
  | { readonly kind: 'regex'; readonly key: string; readonly pattern: string }
  /** The key cannot be read. */
  | { readonly kind: 'absent'; readonly key: string }
  | { readonly kind: 'ipv4Range'; readonly key: string; readonly cidr: string };

export interface FlowSearch {
  readonly filter?: FlowFilter;
  /** Hosts whose flows can match; absent = all. A hint for routing, the filter still decides. */
  readonly hosts?: readonly string[];
  readonly sort?: { readonly key: string; readonly descending: boolean };
  /** Keys whose values together identify a flow; the first in order stays. */
  readonly dedup?: readonly string[];
  /** Half open, by index, after sort and dedup. */
  readonly range?: { readonly from: number; readonly to: number };
  /** Raw packets are shipped only when asked for. */
  readonly withRawPackets?: boolean;
}
