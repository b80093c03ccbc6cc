/**
 * The edges on one side of a node, in insertion order. Most nodes have few: lists as long as they have to be take a third of
 * a Map's memory. Beyond `LIST_MAX` edges are looked up by id.
 */
import type { GraphEdge } from './element.ts';

const LIST_MAX = 16;
const NONE: readonly GraphEdge[] = [];

export class Adjacency {
  #edges: readonly GraphEdge[] | Map<string, GraphEdge> = NONE;

  values(): Iterable<GraphEdge> {
    return this.#edges.values();
  }

  /** Adds the edge, or puts it in the place of the one with its id. */
  put(edge: GraphEdge): void {
    const edges = this.#edges;
    if (edges instanceof Map) {
      edges.set(edge.id, edge);
      return;
    }
    const at = edges.findIndex(({ id }) => id === edge.id);
    // New lists, because one that is pushed to keeps room for sixteen more.
    if (at >= 0) this.#edges = edges.with(at, edge);
    else if (edges.length < LIST_MAX) this.#edges = [...edges, edge];
    else this.#edges = new Map([...edges, edge].map((one) => [one.id, one]));
  }

  delete(id: string): void {
    const edges = this.#edges;
    if (edges instanceof Map) edges.delete(id);
    else this.#edges = edges.filter((edge) => edge.id !== id);
  }
}
