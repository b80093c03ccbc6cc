/**
 * Nodes and edges as everything inside Edgedive sees them. `core/wire/element-json.ts` knows how they are
 * spelled outside (ID, Metadata, …). Elements are immutable: a change makes a new object with Revision + 1.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Nested JSON; a dotted key addresses nested objects (`core/graph/metadata.ts`). */
export type Metadata = { readonly [key: string]: Json };

interface Element {
  readonly id: string;
  readonly metadata: Metadata;
  /** Host id of the probe that made it; "" for what rules and users made. */
  readonly host: string;
  /** `<service>.<host id>`: whose connection owns it. */
  readonly origin: string;
  /** ms since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deletedAt: number | null;
  readonly revision: number;
}

export type GraphNode = Element;

export interface GraphEdge extends Element {
  /** Node ids. */
  readonly parent: string;
  readonly child: string;
}

/** One step of a partial update; applied in order. `set` creates the objects on the way, `delete` prunes emptied ones. */
export type MetadataOp =
  | { readonly kind: 'set'; readonly key: string; readonly value: Json }
  | { readonly kind: 'delete'; readonly key: string };

/** A change of the graph as data: what the graph emits, what is stored, what subscribers get. */
export type GraphEvent =
  | { readonly kind: 'nodeAdded'; readonly node: GraphNode }
  | { readonly kind: 'nodeUpdated'; readonly node: GraphNode; readonly before: GraphNode }
  | { readonly kind: 'nodeDeleted'; readonly node: GraphNode }
  | { readonly kind: 'edgeAdded'; readonly edge: GraphEdge }
  | { readonly kind: 'edgeUpdated'; readonly edge: GraphEdge; readonly before: GraphEdge }
  | { readonly kind: 'edgeDeleted'; readonly edge: GraphEdge };
