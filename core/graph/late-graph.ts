/** A graph that is made when it is first looked at: a query of the past that asks for flows alone never reads it. */
import type { GraphEdge, GraphNode } from './element.ts';
import type { GraphView, IndexedKey } from './view.ts';

export class LateGraph implements GraphView {
  readonly #make: () => GraphView;
  #made: GraphView | undefined;

  constructor(make: () => GraphView) {
    this.#make = make;
  }

  get #graph(): GraphView {
    return (this.#made ??= this.#make());
  }

  get nodeCount(): number {
    return this.#graph.nodeCount;
  }

  get edgeCount(): number {
    return this.#graph.edgeCount;
  }

  node(id: string): GraphNode | undefined {
    return this.#graph.node(id);
  }

  edge(id: string): GraphEdge | undefined {
    return this.#graph.edge(id);
  }

  nodes(): Iterable<GraphNode> {
    return this.#graph.nodes();
  }

  edges(): Iterable<GraphEdge> {
    return this.#graph.edges();
  }

  edgesOut(nodeId: string): Iterable<GraphEdge> {
    return this.#graph.edgesOut(nodeId);
  }

  edgesIn(nodeId: string): Iterable<GraphEdge> {
    return this.#graph.edgesIn(nodeId);
  }

  nodesWith(key: IndexedKey, value: string): Iterable<GraphNode> | undefined {
    return this.#graph.nodesWith?.(key, value);
  }
}
