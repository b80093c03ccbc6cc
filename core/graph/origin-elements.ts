/**
 * Which elements of a graph belong to which origin, kept up to date from the graph's own events. A connection may
 * only touch its own elements, and they go when it goes.
 */
import type { GraphEvent } from './element.ts';

export interface OwnedElements {
  readonly nodes: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
}

const NOTHING: OwnedElements = { nodes: new Set(), edges: new Set() };

export class OriginElements {
  readonly #owned = new Map<string, { nodes: Set<string>; edges: Set<string> }>();

  /** Ids of everything of this origin now. */
  of(origin: string): OwnedElements {
    return this.#owned.get(origin) ?? NOTHING;
  }

  origins(): Iterable<string> {
    return this.#owned.keys();
  }

  /** Follows one event of the graph. */
  apply(event: GraphEvent): void {
    switch (event.kind) {
      case 'nodeAdded':
        this.#entry(event.node.origin).nodes.add(event.node.id);
        break;
      case 'edgeAdded':
        this.#entry(event.edge.origin).edges.add(event.edge.id);
        break;
      case 'nodeDeleted':
        this.#remove(event.node.origin, 'nodes', event.node.id);
        break;
      case 'edgeDeleted':
        this.#remove(event.edge.origin, 'edges', event.edge.id);
        break;
      case 'nodeUpdated':
        this.#move('nodes', event.before.origin, event.node.origin, event.node.id);
        break;
      case 'edgeUpdated':
        this.#move('edges', event.before.origin, event.edge.origin, event.edge.id);
        break;
    }
  }

  #entry(origin: string): { nodes: Set<string>; edges: Set<string> } {
    let entry = this.#owned.get(origin);
    if (entry === undefined) {
      entry = { nodes: new Set(), edges: new Set() };
      this.#owned.set(origin, entry);
    }
    return entry;
  }

  #remove(origin: string, kind: 'nodes' | 'edges', id: string): void {
    const entry = this.#owned.get(origin);
    if (entry === undefined) return;
    entry[kind].delete(id);
    if (entry.nodes.size === 0 && entry.edges.size === 0) this.#owned.delete(origin);
  }

  #move(kind: 'nodes' | 'edges', from: string, to: string, id: string): void {
    if (from === to) return;
    this.#remove(from, kind, id);
    this.#entry(to)[kind].add(id);
  }
}
