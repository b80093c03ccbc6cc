/**
 * What runs a query: the value between two steps, the traversal it belongs to, and the meter that bounds the work.
 */
import type { Flow, RawPacket } from '../../proto/gen/flow.ts';
import type { GraphEdge, GraphNode, Json } from '../graph/element.ts';
import type { RevisionGraph, TimeSlice } from '../graph/history.ts';
import type { GraphView } from '../graph/view.ts';
import { limits } from '../limits.ts';
import type { Step } from './ast.ts';
import type { MetricRecord, QueryContext, QueryCost } from './context.ts';
import { GremlinError } from './errors.ts';
import { PlanRecord } from './plan.ts';
import type { FlowPlan } from './steps/flow-search.ts';

/** A graph, when it was so, and what `As` remembered on it. */
export interface Traversal {
  readonly view: GraphView;
  /** Set when the slice is longer than a point: several revisions of one id. Then `view` is the same object. */
  readonly revisions?: RevisionGraph;
  /** Set by `At`. */
  readonly slice?: TimeSlice;
  /** False on sub-graphs: `At` fails there. */
  readonly canTravel: boolean;
  readonly remembered: Map<string, readonly GraphNode[]>;
}

export type Value =
  | { readonly kind: 'graph'; readonly on: Traversal }
  | { readonly kind: 'nodes'; readonly on: Traversal; readonly nodes: readonly GraphNode[] }
  | { readonly kind: 'edges'; readonly on: Traversal; readonly edges: readonly GraphEdge[] }
  | { readonly kind: 'paths'; readonly on: Traversal; readonly paths: readonly (readonly GraphNode[])[] }
  /** `list`: a list, or the null that stands for an empty one. */
  | { readonly kind: 'value'; readonly value: Json; readonly list: boolean }
  /** Objects with the same members. */
  | { readonly kind: 'table'; readonly rows: readonly Row[] }
  | { readonly kind: 'flows'; readonly on: Traversal; readonly plan: FlowPlan }
  | { readonly kind: 'groups'; readonly groups: ReadonlyMap<string, readonly Flow[]> }
  /** Groups by keys that the query names: what aggregates take. */
  | {
      readonly kind: 'keyedGroups';
      readonly keys: readonly string[];
      readonly groups: ReadonlyMap<string, readonly Flow[]>;
    }
  /** Nodes or edges by keys, on the way to a table. */
  | {
      readonly kind: 'elementGroups';
      readonly on: Traversal;
      readonly of: 'node' | 'edge';
      /** The Group step. */
      readonly step: Step;
      readonly keys: readonly string[];
      readonly groups: readonly ElementGroup[];
    }
  | {
      readonly kind: 'metrics';
      readonly on: Traversal;
      readonly metrics: ReadonlyMap<string, readonly MetricRecord[]>;
    }
  | { readonly kind: 'packets'; readonly packets: ReadonlyMap<string, readonly RawPacket[] | null> }
  | { readonly kind: 'sockets'; readonly sockets: ReadonlyMap<string, readonly Json[]> }
  | { readonly kind: 'nextHops'; readonly hops: ReadonlyMap<string, Json> };

export interface ElementGroup {
  readonly values: readonly Json[];
  readonly elements: (GraphNode | GraphEdge)[];
}

export type Row = Readonly<Record<string, Json>>;

export type ValueKind = Value['kind'];
export type ValueOf<Kind extends ValueKind> = Extract<Value, { kind: Kind }>;

type Apply = (value: Value, step: Step, before: Step | undefined) => Value | Promise<Value>;

/** One run of one query. */
export class Run {
  readonly context: QueryContext;
  readonly cost: QueryCost = { visited: 0 };
  readonly plan = new PlanRecord();
  /** While a traversal inside Or, And or Not runs. */
  isNested = false;
  readonly #made = new Map<object, unknown>();

  /** Runs one step on a value; for traversals inside steps. */
  readonly apply: Apply;

  constructor(context: QueryContext, apply: Apply) {
    this.context = context;
    this.apply = apply;
  }

  /** What is made of a step's parameters once, however often a traversal inside another meets the step. */
  once<Made>(key: object, make: () => Made): Made {
    if (this.#made.has(key)) return this.#made.get(key) as Made;
    const made = make();
    this.#made.set(key, made);
    return made;
  }

  /** Counts elements looked at. Throws GremlinError `limit` when there were too many. */
  visit(step: Step, count = 1): void {
    this.cost.visited += count;
    if (this.cost.visited > limits.queryVisitsMax)
      throw new GremlinError(
        'exec',
        'limit',
        step.offset,
        `The query visits more than ${limits.queryVisitsMax} elements (queryVisitsMax)`,
      );
  }

  /** Throws GremlinError `limit` when a step has yielded too much to go on. */
  checkSize(step: Step, count: number): void {
    if (count > limits.queryElementsMax)
      throw new GremlinError(
        'exec',
        'limit',
        step.offset,
        `${step.name} yields more than ${limits.queryElementsMax} elements (queryElementsMax)`,
      );
  }
}

/** All revisions of a node inside the traversal's time; one or none outside time slices. */
export function nodesById(on: Traversal, id: string): readonly GraphNode[] {
  if (on.revisions !== undefined) return on.revisions.nodeRevisions(id);
  const node = on.view.node(id);
  return node === undefined ? [] : [node];
}

export function edgesById(on: Traversal, id: string): readonly GraphEdge[] {
  if (on.revisions !== undefined) return on.revisions.edgeRevisions(id);
  const edge = on.view.edge(id);
  return edge === undefined ? [] : [edge];
}

export function scalar(value: Json): ValueOf<'value'> {
  return { kind: 'value', value, list: false };
}

/** An empty list reads as null, as in the reference. */
export function listValue(members: readonly Json[]): ValueOf<'value'> {
  return { kind: 'value', value: members.length === 0 ? null : members, list: true };
}

export function execError(code: GremlinError['code'], step: Step, message: string, hint = ''): GremlinError {
  return new GremlinError('exec', code, step.offset, message, hint);
}
