/**
 * What a query may ask of a graph: the live one, one at a time in the past, or a sub-graph. Iteration is in
 * insertion order, so that answers are stable from one request to the next.
 */
import type { GraphEdge, GraphNode } from './element.ts';

/** Keys whose equality is answered without looking at every node. `Host` is the element's own host. */
export const INDEXED_KEYS = ['Name', 'Type', 'TID', 'MAC', 'PeerIntfMAC', '@Host'] as const;
export type IndexedKey = (typeof INDEXED_KEYS)[number];

export interface GraphView {
  readonly nodeCount: number;
  readonly edgeCount: number;
  node(id: string): GraphNode | undefined;
  edge(id: string): GraphEdge | undefined;
  nodes(): Iterable<GraphNode>;
  edges(): Iterable<GraphEdge>;
  /** Edges whose parent is the node. */
  edgesOut(nodeId: string): Iterable<GraphEdge>;
  /** Edges whose child is the node. */
  edgesIn(nodeId: string): Iterable<GraphEdge>;
  /**
   * Nodes whose value under the key is exactly this text, or a list that holds it, in insertion order;
   * undefined = no such index here.
   */
  nodesWith?(key: IndexedKey, value: string): Iterable<GraphNode> | undefined;
  /** These nodes of the graph in insertion order, each once. Absent where `nodesWith` is. */
  inOrder?(nodes: Iterable<GraphNode>): readonly GraphNode[];
}
