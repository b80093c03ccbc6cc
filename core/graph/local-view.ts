/**
 * A filtered view of a graph whose nodes are told by looking at each alone, with the edges between them: what changes of
 * the graph mean for whoever sees only that view. Nothing is remembered and nothing else of the graph is looked at, so it
 * costs what the change costs, whatever the size of the graph.
 */
import type { GraphEdge, GraphEvent, GraphNode } from './element.ts';
import type { NetChange, NetChanges } from './net-changes.ts';
import type { GraphView } from './view.ts';

export interface ViewTests {
  readonly node: (node: GraphNode) => boolean;
  /** Undefined: every edge between two nodes of the view. */
  readonly edge: ((edge: GraphEdge) => boolean) | undefined;
}

/** An event of a view, and who caused it (NetChange). */
export interface ViewEvent {
  readonly event: GraphEvent;
  readonly source: unknown;
}

interface Seen<E extends GraphNode> extends NetChange<E> {
  /** Whether it belonged to the view before, and does after. */
  readonly was: boolean;
  readonly is: boolean;
}

/**
 * `graph` is as it is after the changes. In the reference's order: added nodes, removed nodes, added edges, removed edges,
 * then updates (WebSocket notes, section 7); before all what was deleted and is there again under its id.
 */
export function localViewEvents(changes: NetChanges, graph: GraphView, tests: ViewTests): ViewEvent[] {
  return eventsOf(...seenChanges(changes, graph, tests));
}

function seenChanges(
  changes: NetChanges,
  graph: GraphView,
  tests: ViewTests,
): [Seen<GraphNode>[], Seen<GraphEdge>[]] {
  const nodes = new Map<string, Seen<GraphNode>>();
  const edgeIds = new Set(changes.edges.keys());
  /** Who brought an edge in or out that did not change itself. */
  const sources = new Map<string, unknown>();
  for (const [id, change] of changes.nodes) {
    const was = change.before !== undefined && tests.node(change.before);
    const is = change.after !== undefined && tests.node(change.after);
    nodes.set(id, { ...change, was, is });
    if (was === is) continue;
    for (const edges of [graph.edgesOut(id), graph.edgesIn(id)])
      for (const edge of edges) {
        edgeIds.add(edge.id);
        sources.set(edge.id, change.source);
      }
  }
  const isSeen = (id: string, when: 'was' | 'is'): boolean => {
    const seen = nodes.get(id);
    if (seen !== undefined) return seen[when];
    const node = graph.node(id);
    return node !== undefined && tests.node(node);
  };
  const belongs = (edge: GraphEdge | undefined, when: 'was' | 'is'): boolean =>
    edge !== undefined &&
    isSeen(edge.parent, when) &&
    isSeen(edge.child, when) &&
    (tests.edge === undefined || tests.edge(edge));
  const edges: Seen<GraphEdge>[] = [];
  for (const id of edgeIds) {
    const same = graph.edge(id);
    const change = changes.edges.get(id) ?? {
      before: same,
      after: same,
      gone: undefined,
      source: sources.get(id),
    };
    edges.push({ ...change, was: belongs(change.before, 'was'), is: belongs(change.after, 'is') });
  }
  return [[...nodes.values()], edges];
}

function eventsOf(nodes: readonly Seen<GraphNode>[], edges: readonly Seen<GraphEdge>[]): ViewEvent[] {
  const events: ViewEvent[] = [];
  const tell = (event: GraphEvent, { source }: { source: unknown }): void => {
    events.push({ event, source });
  };
  for (const seen of edges)
    if (isReplaced(seen)) tell({ kind: 'edgeDeleted', edge: seen.gone ?? seen.before! }, seen);
  for (const seen of nodes)
    if (isReplaced(seen)) tell({ kind: 'nodeDeleted', node: seen.gone ?? seen.before! }, seen);
  for (const seen of nodes)
    if (seen.is && (!seen.was || isReplaced(seen))) tell({ kind: 'nodeAdded', node: seen.after! }, seen);
  for (const seen of nodes)
    if (seen.was && !seen.is) tell({ kind: 'nodeDeleted', node: seen.gone ?? seen.after! }, seen);
  for (const seen of edges)
    if (seen.is && (!seen.was || isReplaced(seen))) tell({ kind: 'edgeAdded', edge: seen.after! }, seen);
  for (const seen of edges)
    if (seen.was && !seen.is) tell({ kind: 'edgeDeleted', edge: seen.gone ?? seen.after! }, seen);
  for (const seen of nodes)
    if (isUpdated(seen)) tell({ kind: 'nodeUpdated', node: seen.after!, before: seen.before! }, seen);
  for (const seen of edges)
    if (isUpdated(seen)) tell({ kind: 'edgeUpdated', edge: seen.after!, before: seen.before! }, seen);
  return events;
}

/** Deleted, and there again under the same id. */
function isReplaced(seen: Seen<GraphNode>): boolean {
  return seen.was && seen.is && seen.gone !== undefined;
}

function isUpdated(seen: Seen<GraphNode>): boolean {
  return seen.was && seen.is && seen.gone === undefined && seen.before !== seen.after;
}
