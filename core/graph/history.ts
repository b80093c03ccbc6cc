/**
 * Time travel as a pure structure: which revisions of elements belong to an interval of time, and the graphs they
 * make (Gremlin notes, section 9.2). Storage feeds it; it never waits for anything.
 */
import type { GraphEdge, GraphNode } from './element.ts';
import { FrozenGraph, groupEdges } from './frozen-graph.ts';
import type { GraphView } from './view.ts';

/** [fromMs, toMs] in ms since 1970, both included; equal for a point in time. */
export interface TimeSlice {
  readonly fromMs: number;
  readonly toMs: number;
}

export function isPoint(slice: TimeSlice): boolean {
  return slice.fromMs === slice.toMs;
}

/** One state of an element, and when the next one took its place; null = still current. */
export interface Revision<Element extends GraphNode> {
  readonly element: Element;
  readonly archivedAt: number | null;
}

/** Whether a revision belongs to the slice. Borders count: what was deleted at t is still there at t. */
export function livesIn(revision: Revision<GraphNode>, slice: TimeSlice): boolean {
  const { element, archivedAt } = revision;
  return (
    element.createdAt <= slice.toMs &&
    element.updatedAt <= slice.toMs &&
    (element.deletedAt === null || element.deletedAt >= slice.fromMs) &&
    (archivedAt === null || archivedAt >= slice.fromMs)
  );
}

export class RevisionStore {
  readonly #nodes: readonly Revision<GraphNode>[];
  readonly #edges: readonly Revision<GraphEdge>[];

  constructor(nodes: Iterable<Revision<GraphNode>>, edges: Iterable<Revision<GraphEdge>>) {
    this.#nodes = inOrderOfCreation(nodes);
    this.#edges = inOrderOfCreation(edges);
  }

  /** The graph as it was: of each element the latest of the revisions that belong to the slice. */
  at(slice: TimeSlice): GraphView {
    return new FrozenGraph(elementsIn(this.#nodes, slice), elementsIn(this.#edges, slice));
  }

  /** Every revision that belongs to the slice, by time of its change; several with one id. */
  revisions(slice: TimeSlice): { nodes: readonly GraphNode[]; edges: readonly GraphEdge[] } {
    return {
      nodes: elementsIn(this.#nodes, slice).sort((a, b) => a.updatedAt - b.updatedAt),
      edges: elementsIn(this.#edges, slice).sort((a, b) => a.updatedAt - b.updatedAt),
    };
  }
}

function inOrderOfCreation<Element extends GraphNode>(
  revisions: Iterable<Revision<Element>>,
): readonly Revision<Element>[] {
  return [...revisions].sort((a, b) => a.element.createdAt - b.element.createdAt);
}

function elementsIn<Element extends GraphNode>(
  revisions: readonly Revision<Element>[],
  slice: TimeSlice,
): Element[] {
  return revisions
    .filter((revision) => livesIn(revision, slice))
    .map((revision) => asKnownAt(revision.element, slice.toMs));
}

/** Nobody knew yet of a deletion that came later. */
function asKnownAt<Element extends GraphNode>(element: Element, timeMs: number): Element {
  const { deletedAt } = element;
  return deletedAt !== null && deletedAt > timeMs ? { ...element, deletedAt: null } : element;
}

/** A time slice as a graph in which an id can have several revisions; `node(id)` is the latest. */
export class RevisionGraph implements GraphView {
  readonly #nodes: readonly GraphNode[];
  readonly #edges: readonly GraphEdge[];
  readonly #nodesById: ReadonlyMap<string, readonly GraphNode[]>;
  readonly #edgesById: ReadonlyMap<string, readonly GraphEdge[]>;
  readonly #out: ReadonlyMap<string, readonly GraphEdge[]>;
  readonly #in: ReadonlyMap<string, readonly GraphEdge[]>;

  /** Oldest first, as `RevisionStore.revisions` yields them. */
  constructor(nodes: readonly GraphNode[], edges: readonly GraphEdge[]) {
    this.#nodes = nodes;
    this.#edges = edges;
    this.#nodesById = groupById(nodes);
    this.#edgesById = groupById(edges);
    this.#out = groupEdges(edges, 'parent');
    this.#in = groupEdges(edges, 'child');
  }

  get nodeCount(): number {
    return this.#nodes.length;
  }

  get edgeCount(): number {
    return this.#edges.length;
  }

  nodeRevisions(id: string): readonly GraphNode[] {
    return this.#nodesById.get(id) ?? [];
  }

  edgeRevisions(id: string): readonly GraphEdge[] {
    return this.#edgesById.get(id) ?? [];
  }

  node(id: string): GraphNode | undefined {
    return latest(this.nodeRevisions(id));
  }

  edge(id: string): GraphEdge | undefined {
    return latest(this.edgeRevisions(id));
  }

  nodes(): Iterable<GraphNode> {
    return this.#nodes;
  }

  edges(): Iterable<GraphEdge> {
    return this.#edges;
  }

  edgesOut(nodeId: string): Iterable<GraphEdge> {
    return this.#out.get(nodeId) ?? [];
  }

  edgesIn(nodeId: string): Iterable<GraphEdge> {
    return this.#in.get(nodeId) ?? [];
  }
}

function groupById<Element extends GraphNode>(
  elements: readonly Element[],
): ReadonlyMap<string, readonly Element[]> {
  const groups = new Map<string, Element[]>();
  for (const element of elements) {
    const group = groups.get(element.id);
    if (group === undefined) groups.set(element.id, [element]);
    else group.push(element);
  }
  return groups;
}

function latest<Element extends GraphNode>(revisions: readonly Element[]): Element | undefined {
  let found: Element | undefined;
  for (const revision of revisions)
    if (found === undefined || revision.revision > found.revision) found = revision;
  return found;
}
