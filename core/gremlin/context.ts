/**
 * What a query runs against, and what comes out: the only things `core/gremlin` knows of the world. The Topology
 * object supplies the live graph, its history and the shards' flows; tests supply fixtures.
 */
import type { Flow, FlowMetric, RawPacket } from '../../proto/gen/flow.ts';
import type { FlowReduction, Reduced } from '../flow/reduction.ts';
import type { FlowSearch } from '../flow/search.ts';
import type { GraphEdge, GraphNode, Json } from '../graph/element.ts';
import type { Revisions, TimeSlice, WantedRevisions } from '../graph/history.ts';
import type { GraphView } from '../graph/view.ts';

export type { TimeSlice } from '../graph/history.ts';

export interface FlowSource {
  /** Live flows, filtered, sorted, de-duplicated and cut as the search says. */
  search(search: FlowSearch): Promise<readonly Flow[]>;
  /** What is wanted of these flows, without them. Absent: it is made of what `search` yields. */
  reduce?(search: FlowSearch, reduction: FlowReduction): Promise<Reduced>;
}

/** The graph's past. A point in time is one view; a slice holds every revision that lived in it. */
export interface GraphHistory {
  at(slice: TimeSlice): GraphView;
  /** Every revision inside the slice, or those wanted, oldest first, several with one id. */
  revisions(slice: TimeSlice, wanted?: WantedRevisions): Revisions;
}

/** The flows' past. `search` has no time members: the slice restricts it. */
export interface FlowHistory {
  flows(search: FlowSearch, slice: TimeSlice): Promise<readonly Flow[]>;
  /** As `FlowSource.reduce`. */
  reduce?(search: FlowSearch, slice: TimeSlice, reduction: FlowReduction): Promise<Reduced>;
  metrics(search: FlowSearch, slice: TimeSlice): Promise<ReadonlyMap<string, readonly FlowMetric[]>>;
  rawPackets(search: FlowSearch, slice: TimeSlice): Promise<ReadonlyMap<string, readonly RawPacket[]>>;
}

export interface QueryContext {
  readonly graph: GraphView;
  readonly flows: FlowSource;
  /** Absent: `Backend does not support history`. */
  readonly history?: GraphHistory;
  /** Absent: `No storage backend has been configured`. */
  readonly flowHistory?: FlowHistory;
  /** Captures by id and name, for `Has('Capture', …)`; those that nodes carry in their metadata are known without. */
  readonly captures?: () => Iterable<NamedCapture>;
  /** ms since 1970. */
  readonly now: () => number;
  /**
   * Runs a stored workflow by id or name; its nodes and edges become a graph. Resolves to undefined when there is
   * none of that name; a rejection is the workflow's own failure. Absent: there are no workflows.
   */
  readonly workflow?: (idOrName: string, args: readonly Json[]) => Promise<WorkflowResult | undefined>;
}

export interface NamedCapture {
  readonly id: string;
  readonly name: string;
}

export interface WorkflowResult {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** What was done to answer, for the cost header. */
export interface QueryCost {
  visited: number;
}

/** The answer as data; `core/wire/gremlin-json.ts` spells it. */
export type QueryResult =
  | { readonly kind: 'graph'; readonly graph: GraphView }
  | { readonly kind: 'nodes'; readonly nodes: readonly GraphNode[] }
  | { readonly kind: 'edges'; readonly edges: readonly GraphEdge[] }
  | { readonly kind: 'paths'; readonly paths: readonly (readonly GraphNode[])[] }
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'flows'; readonly flows: readonly Flow[] }
  | { readonly kind: 'groups'; readonly groups: ReadonlyMap<string, readonly Flow[]> }
  | { readonly kind: 'metrics'; readonly metrics: ReadonlyMap<string, readonly MetricRecord[]> }
  | { readonly kind: 'packets'; readonly packets: ReadonlyMap<string, readonly RawPacket[] | null> }
  | { readonly kind: 'sockets'; readonly sockets: ReadonlyMap<string, readonly Json[]> }
  | { readonly kind: 'nextHops'; readonly hops: ReadonlyMap<string, Json> };

/**
 * One metric of a node or flow: counters by public name (zero ones may be missing); Start and Last in ms. The family
 * decides which counters there are, which are shown when zero, and how a metric is split in time.
 */
export interface MetricRecord {
  readonly family: 'flow' | 'interface' | 'sflow';
  readonly counters: Readonly<Record<string, number>>;
  readonly Start: number;
  readonly Last: number;
}
