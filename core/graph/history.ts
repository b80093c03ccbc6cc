/**
 * Time travel as a pure structure: which revisions of elements belong to an interval of time, and the graphs they
 * make (Gremlin notes, section 9.2). Storage feeds it; it never waits for anything.
 */
import type { GraphEdge, GraphNode, Json } from './element.ts';
import { FrozenGraph, groupEdges } from './frozen-graph.ts';
import type { GraphView, IndexedKey } from './view.ts';

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

  /** Every revision that belongs to the slice, or those wanted, by time of its change; several with one id. */
  revisions(slice: TimeSlice, wanted?: WantedRevisions): Revisions {
    const of = <Element extends GraphNode>(revisions: readonly Revision<Element>[]): Element[] =>
      elementsIn(revisions, slice)
        .filter((element) => isWanted(element, wanted))
        .sort((a, b) => a.updatedAt - b.updatedAt);
    return { nodes: of(this.#nodes), edges: of(this.#edges) };
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

/** What of a slice is looked for; without it everything. */
export type WantedRevisions =
  | { readonly id: string }
  /** Nodes that have this text under the key, by itself or in a list. */
  | { readonly key: IndexedKey; readonly text: string };

export function isWanted(element: GraphNode, wanted: WantedRevisions | undefined): boolean {
  if (wanted === undefined) return true;
  if ('id' in wanted) return element.id === wanted.id;
  const { key, text } = wanted;
  const value: Json | undefined = key === '@Host' ? element.host : element.metadata[key];
  return value === text || (Array.isArray(value) && (value as readonly Json[]).includes(text));
}

/** Oldest first, several with one id. */
export interface Revisions {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** Look-ups that are read for themselves before everything is. */
const LOOK_UPS_MAX = 8;
const NONE: Revisions = { nodes: [], edges: [] };

/**
 * A time slice as a graph in which an id can have several revisions; `node(id)` is the latest. It is read when it is first
 * looked at: a query for the flows of a week never asks for the graph of a week, and one for a node reads that node.
 */
export class RevisionGraph implements GraphView {
  readonly #read: (wanted?: WantedRevisions) => Revisions;
  #lookUps = 0;
  #whole: WholeSlice | undefined;

  constructor(read: (wanted?: WantedRevisions) => Revisions) {
    this.#read = read;
  }

  get #all(): WholeSlice {
    return (this.#whole ??= new WholeSlice(this.#read()));
  }

  /** Undefined when it is better to have everything. */
  #lookUp(wanted: WantedRevisions): Revisions | undefined {
    if (this.#whole !== undefined || this.#lookUps >= LOOK_UPS_MAX) return undefined;
    this.#lookUps++;
    return this.#read(wanted);
  }

  get nodeCount(): number {
    return this.#all.nodes.length;
  }

  get edgeCount(): number {
    return this.#all.edges.length;
  }

  nodeRevisions(id: string): readonly GraphNode[] {
    return this.#lookUp({ id })?.nodes ?? this.#all.nodesById.get(id) ?? NONE.nodes;
  }

  edgeRevisions(id: string): readonly GraphEdge[] {
    return this.#lookUp({ id })?.edges ?? this.#all.edgesById.get(id) ?? NONE.edges;
  }

  node(id: string): GraphNode | undefined {
    return latest(this.nodeRevisions(id));
  }

  edge(id: string): GraphEdge | undefined {
    return latest(this.edgeRevisions(id));
  }

  nodes(): Iterable<GraphNode> {
    return this.#all.nodes;
  }

  edges(): Iterable<GraphEdge> {
    return this.#all.edges;
  }

  edgesOut(nodeId: string): Iterable<GraphEdge> {
    return this.#all.out.get(nodeId) ?? NONE.edges;
  }

  edgesIn(nodeId: string): Iterable<GraphEdge> {
    return this.#all.in.get(nodeId) ?? NONE.edges;
  }

  /** Every revision that has the text. */
  nodesWith(key: IndexedKey, text: string): Iterable<GraphNode> | undefined {
    return this.#lookUp({ key, text })?.nodes;
  }
}

/** Everything of a slice, by what it is asked by. */
class WholeSlice {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly nodesById: ReadonlyMap<string, readonly GraphNode[]>;
  readonly edgesById: ReadonlyMap<string, readonly GraphEdge[]>;
  readonly out: ReadonlyMap<string, readonly GraphEdge[]>;
  readonly in: ReadonlyMap<string, readonly GraphEdge[]>;

  constructor({ nodes, edges }: Revisions) {
    this.nodes = nodes;
    this.edges = edges;
    this.nodesById = groupById(nodes);
    this.edgesById = groupById(edges);
    this.out = groupEdges(edges, 'parent');
    this.in = groupEdges(edges, 'child');
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
