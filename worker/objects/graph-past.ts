/**
 * The graph as it was: what has ended comes from the tables, what still holds from the live graph. A moment costs reading about
 * as many elements as the graph had then that have changed since, however long ago it was (docs/design/history.md).
 */
import type { GraphEdge, GraphEvent, GraphNode } from '../../core/graph/element.ts';
import {
  isWanted,
  livesIn,
  RevisionStore,
  type Revision,
  type TimeSlice,
  type WantedRevisions,
} from '../../core/graph/history.ts';
import type { GraphView } from '../../core/graph/view.ts';
import type { GraphHistory } from '../../core/gremlin/context.ts';
import { GremlinError } from '../../core/gremlin/errors.ts';
import { limits } from '../../core/limits.ts';
import { edgeFromJson, nodeFromJson, type EdgeJson, type NodeJson } from '../../core/wire/element-json.ts';
import type { PastStore } from '../store/past-store.ts';

export type PastCounter = 'pastReads' | 'pastRowsRead' | 'pastRefused' | 'revisionsForgotten';
export const pastCounters: readonly PastCounter[] = [
  'pastReads',
  'pastRowsRead',
  'pastRefused',
  'revisionsForgotten',
];

interface Cached {
  readonly graph: GraphView;
  readonly chars: number;
}

/** What an element of a cached graph takes beside its JSON. */
const ELEMENT_CHARS = 100;

export class GraphPast {
  readonly #store: PastStore;
  readonly #unwritten: () => Iterable<Revision<GraphNode>>;
  readonly #live: GraphView;
  readonly #keepMs: number;
  readonly #count: (name: PastCounter, by?: number) => void;
  /** Moment → graph, the one asked for longest ago first. */
  readonly #cached = new Map<number, Cached>();

  /** `unwritten` is what ended and is not in the tables yet. What ended longer than `keepMs` ago is gone, or may be. */
  constructor(
    store: PastStore,
    unwritten: () => Iterable<Revision<GraphNode>>,
    live: GraphView,
    keepMs: number,
    count: (name: PastCounter, by?: number) => void,
  ) {
    this.#store = store;
    this.#unwritten = unwritten;
    this.#live = live;
    this.#keepMs = keepMs;
    this.#count = count;
  }

  /** For one query; `visited` then says what it took. */
  forQuery(): GraphHistory & { readonly visited: number } {
    let visited = 0;
    const onVisited = (revisions: number): void => void (visited += revisions);
    return {
      at: ({ toMs }) => this.graphAt(toMs, onVisited),
      revisions: (slice, wanted) => this.#read(slice, onVisited, wanted).revisions.revisions(slice, wanted),
      get visited() {
        return visited;
      },
    };
  }

  /**
   * The graph at a moment (ms since 1970). Throws GremlinError: `no-history` when it is not kept that long, `limit` when too
   * much would have to be read.
   */
  graphAt(timeMs: number, onVisited: (revisions: number) => void = () => {}): GraphView {
    const known = this.#cached.get(timeMs);
    if (known !== undefined) {
      this.#cached.delete(timeMs);
      this.#cached.set(timeMs, known);
      return known.graph;
    }
    const slice = { fromMs: timeMs, toMs: timeMs };
    const { revisions, chars } = this.#read(slice, onVisited);
    const graph = revisions.at(slice);
    // What is now can still change, and what comes is not known.
    if (timeMs < Date.now()) this.#cache(timeMs, graph, chars);
    return graph;
  }

  #read(
    slice: TimeSlice,
    onVisited: (revisions: number) => void,
    wanted?: WantedRevisions,
  ): { readonly revisions: RevisionStore; readonly chars: number } {
    const nodes: Revision<GraphNode>[] = [];
    const edges: Revision<GraphEdge>[] = [];
    const keep = <Element extends GraphNode>(
      list: Revision<Element>[],
      revision: Revision<Element>,
    ): void => {
      if (isWanted(revision.element, wanted) && livesIn(revision, slice)) list.push(revision);
    };
    // What still holds would be shown without all that has changed since.
    const oldestMs = Date.now() - this.#keepMs;
    if (slice.toMs < oldestMs) {
      const oldest = new Date(oldestMs).toISOString();
      throw new GremlinError(
        'exec',
        'no-history',
        0,
        `No graph is kept from before ${oldest} (EDGEDIVE_HISTORY)`,
      );
    }
    this.#count('pastReads');
    const meter = new Meter(this.#count);
    const text = wanted === undefined ? undefined : JSON.stringify('id' in wanted ? wanted.id : wanted.text);
    for (const { toMs, json } of this.#store.read(slice, (rows, chars) => meter.look(rows, chars))) {
      // Most of what is looked for in a long time is in few places, and finding a text is much cheaper than parsing.
      if (text !== undefined && !json.includes(text)) continue;
      const before = nodes.length + edges.length;
      const elements = JSON.parse(json) as ((NodeJson | EdgeJson) & { readonly Ended?: number })[];
      onVisited(elements.length);
      for (const one of elements)
        if (isEdge(one)) keep(edges, { element: edgeFromJson(one), archivedAt: one.Ended ?? toMs });
        else keep(nodes, { element: nodeFromJson(one), archivedAt: one.Ended ?? toMs });
      meter.keep((json.length * (nodes.length + edges.length - before)) / elements.length);
    }
    for (const revision of this.#unwritten()) keep(nodes, revision);
    for (const element of this.#live.nodes()) keep(nodes, { element, archivedAt: null });
    for (const element of this.#live.edges()) keep(edges, { element, archivedAt: null });
    return { revisions: new RevisionStore(nodes, edges), chars: meter.kept };
  }

  #cache(timeMs: number, graph: GraphView, charsRead: number): void {
    const chars = charsRead + ELEMENT_CHARS * (graph.nodeCount + graph.edgeCount);
    if (chars > limits.pastGraphsCachedChars) return;
    this.#cached.set(timeMs, { graph, chars });
    let sum = 0;
    for (const one of this.#cached.values()) sum += one.chars;
    for (const [moment, one] of this.#cached) {
      if (this.#cached.size <= limits.pastGraphsCached && sum <= limits.pastGraphsCachedChars) break;
      this.#cached.delete(moment);
      sum -= one.chars;
    }
  }

  /** Hears every change of the graph. Most do not reach back; a clock that was set back, or what a probe tells late, does. */
  follow(events: readonly GraphEvent[]): void {
    if (this.#cached.size === 0) return;
    let earliest = Infinity;
    for (const event of events) earliest = Math.min(earliest, reachesBackTo(event));
    for (const moment of this.#cached.keys()) if (moment >= earliest) this.#cached.delete(moment);
  }

  /** Nothing of before is the same any longer. */
  forgotten(revisions: number): void {
    this.#count('revisionsForgotten', revisions);
    if (revisions > 0) this.#cached.clear();
  }
}

/** Counts what is read, and bounds it. */
class Meter {
  readonly #count: (name: PastCounter, by?: number) => void;
  #rows = 0;
  #looked = 0;
  /** Characters of the states kept. */
  kept = 0;

  constructor(count: (name: PastCounter, by?: number) => void) {
    this.#count = count;
  }

  /** Throws GremlinError `limit`. */
  look(rows: number, chars: number): void {
    this.#rows += rows;
    this.#looked += chars;
    this.#count('pastRowsRead', rows);
    if (this.#rows > limits.pastGraphRowsMax)
      this.#refuse(`${limits.pastGraphRowsMax} rows`, 'pastGraphRowsMax');
    if (this.#looked > limits.pastGraphReadCharsMax)
      this.#refuse(`${limits.pastGraphReadCharsMax} characters`, 'pastGraphReadCharsMax');
  }

  /** Throws GremlinError `limit`. */
  keep(chars: number): void {
    this.kept += chars;
    if (this.kept > limits.pastGraphCharsMax)
      this.#refuse(`${limits.pastGraphCharsMax} characters at once`, 'pastGraphCharsMax');
  }

  #refuse(what: string, limit: string): never {
    this.#count('pastRefused');
    throw new GremlinError(
      'exec',
      'limit',
      0,
      `The time asked for reads more of the graph's past than ${what} (${limit}): ask for a shorter time, or for nodes by ID, Name, Type, TID, MAC or @Host`,
    );
  }
}

function isEdge(json: NodeJson | EdgeJson): json is EdgeJson {
  return 'Parent' in json;
}

/** The first moment that the event can change. */
function reachesBackTo(event: GraphEvent): number {
  switch (event.kind) {
    case 'nodeAdded':
    case 'nodeUpdated':
      return event.node.updatedAt;
    case 'edgeAdded':
    case 'edgeUpdated':
      return event.edge.updatedAt;
    case 'nodeDeleted':
      return event.node.deletedAt ?? 0;
    case 'edgeDeleted':
      return event.edge.deletedAt ?? 0;
  }
}
