/** Which nodes and edges rules made, kept up to date from the graph's own events. Only the rules take them away again. */
import type { GraphEvent } from './element.ts';

export type MadeKind = 'node' | 'edge';

export class MadeElements {
  readonly nodes = new Set<string>();
  readonly edges = new Set<string>();
  /** Kind and id; whether it is one now. */
  readonly #unsaved = new Map<string, readonly [kind: MadeKind, id: string, isMade: boolean]>();

  constructor(stored: Iterable<readonly [kind: MadeKind, id: string]>) {
    for (const [kind, id] of stored) this.#of(kind).add(id);
  }

  get size(): number {
    return this.nodes.size + this.edges.size;
  }

  #of(kind: MadeKind): Set<string> {
    return kind === 'node' ? this.nodes : this.edges;
  }

  add(kind: MadeKind, id: string): void {
    this.#of(kind).add(id);
    this.#unsaved.set(`${kind} ${id}`, [kind, id, true]);
  }

  /** Follows one event of the graph. */
  apply(event: GraphEvent): void {
    if (event.kind === 'nodeDeleted') this.#remove('node', event.node.id);
    if (event.kind === 'edgeDeleted') this.#remove('edge', event.edge.id);
  }

  #remove(kind: MadeKind, id: string): void {
    if (this.#of(kind).delete(id)) this.#unsaved.set(`${kind} ${id}`, [kind, id, false]);
  }

  /** What changed since the last call. */
  takeUnsaved(): (readonly [kind: MadeKind, id: string, isMade: boolean])[] {
    const changed = [...this.#unsaved.values()];
    this.#unsaved.clear();
    return changed;
  }
}
