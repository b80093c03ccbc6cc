/**
 * A graph made once and never changed: a sub-graph of a query's answer, or the graph as it was. Lighter than
 * `Graph`: no indexes, no events.
 */
import type { GraphEdge, GraphNode } from './element.ts';
import type { GraphView } from './view.ts';

const NO_EDGES: readonly GraphEdge[] = [];

export class FrozenGraph implements GraphView {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #edges = new Map<string, GraphEdge>();
  /** Made when first asked for. */
  #out: ReadonlyMap<string, GraphEdge[]> | undefined;
  #in: ReadonlyMap<string, GraphEdge[]> | undefined;

  /** Of several elements with one id the latest revision stays; edges with a missing end are left out. */
  constructor(nodes: Iterable<GraphNode>, edges: Iterable<GraphEdge>) {
    for (const node of nodes) {
      const known = this.#nodes.get(node.id);
      if (known === undefined || isLater(node, known)) this.#nodes.set(node.id, node);
    }
    for (const edge of edges) {
      if (!this.#nodes.has(edge.parent) || !this.#nodes.has(edge.child)) continue;
      const known = this.#edges.get(edge.id);
      if (known === undefined || isLater(edge, known)) this.#edges.set(edge.id, edge);
    }
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  get edgeCount(): number {
    return this.#edges.size;
  }

  node(id: string): GraphNode | undefined {
    return this.#nodes.get(id);
  }

  edge(id: string): GraphEdge | undefined {
    return this.#edges.get(id);
  }

  nodes(): Iterable<GraphNode> {
    return this.#nodes.values();
  }

  edges(): Iterable<GraphEdge> {
    return this.#edges.values();
  }

  edgesOut(nodeId: string): Iterable<GraphEdge> {
    this.#out ??= groupEdges(this.#edges.values(), 'parent');
    return this.#out.get(nodeId) ?? NO_EDGES;
  }

  edgesIn(nodeId: string): Iterable<GraphEdge> {
    this.#in ??= groupEdges(this.#edges.values(), 'child');
    return this.#in.get(nodeId) ?? NO_EDGES;
  }
}

/** Revisions count within one life of an element; what was deleted and made anew begins at 1. */
function isLater(a: GraphNode, b: GraphNode): boolean {
  return a.createdAt === b.createdAt ? a.revision > b.revision : a.createdAt > b.createdAt;
}

/** Edges by the node at one of their ends, in the order given. */
export function groupEdges(
  edges: Iterable<GraphEdge>,
  end: 'parent' | 'child',
): ReadonlyMap<string, GraphEdge[]> {
  const groups = new Map<string, GraphEdge[]>();
  for (const edge of edges) {
    const group = groups.get(edge[end]);
    if (group === undefined) groups.set(edge[end], [edge]);
    else group.push(edge);
  }
  return groups;
}
