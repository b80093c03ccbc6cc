/**
 * Which Revision a publisher gave an element last, where the stored one has become another: rules and people who edit an element
 * raise it too, and an update that is new to its owner must not be taken for an old one.
 */
import type { GraphEvent, GraphNode } from './element.ts';

export class SaidRevisions {
  readonly #said = new Map<string, number>();

  /** What a further update of the element has to exceed. */
  of(stored: GraphNode): number {
    return this.#said.get(stored.id) ?? stored.revision;
  }

  /** The owner gave this one. The stored one may be raised behind its back in the same write. */
  give(id: string, revision: number, isShared: boolean): void {
    if (isShared || this.#said.has(id)) this.#said.set(id, revision);
  }

  /** Follows a write: `isOwner` says whether the element's owner made it. */
  follow(events: readonly GraphEvent[], isOwner: (origin: string) => boolean): void {
    for (const event of events)
      switch (event.kind) {
        case 'nodeUpdated':
        case 'edgeUpdated': {
          const { id, origin, revision } = event.before;
          if (!isOwner(origin) && !this.#said.has(id)) this.#said.set(id, revision);
          break;
        }
        case 'nodeDeleted':
          this.#said.delete(event.node.id);
          break;
        case 'edgeDeleted':
          this.#said.delete(event.edge.id);
          break;
        case 'nodeAdded':
        case 'edgeAdded':
          break;
      }
  }
}
