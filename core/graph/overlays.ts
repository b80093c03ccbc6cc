/**
 * What others than a node's owner set on it: the rules, and people who edit a node that a probe or a publisher keeps saying anew. (Edges
 * have such layers too, of people only; what is said of nodes here holds for them.)
 * It lies over the owner's own metadata and is kept apart from it, so that whatever the owner says next shows through
 * beneath it, and that it can be taken away again without a trace (docs/design/rules.md).
 */
import { withChanges, withEdits, type Edit } from './edits.ts';
import type { GraphNode, Json, Metadata } from './element.ts';
import { jsonEquals, setField } from './metadata.ts';

export interface Overlay {
  /** What people set through the API, in order. */
  readonly edits: readonly Edit[];
  /** Keys (dotted ones address nested objects) and values of the rules; they lie on top. */
  readonly rules: Metadata;
}

/** With what the owner says under the names that are covered: names that are missing here it does not have. */
export interface StoredOverlay extends Overlay {
  readonly hidden: Metadata;
}

const NO_OVERLAY: Overlay = { edits: [], rules: {} };

/** The metadata with the keys set, in order. */
export function withKeys(metadata: Metadata, keys: Metadata): Metadata {
  let after = metadata;
  for (const [key, value] of Object.entries(keys)) after = setField(after, key, value);
  return after;
}

/** What is shown when this lies over what the owner says. */
export function withLayers(base: Metadata, { edits, rules }: Overlay): Metadata {
  return withKeys(withEdits(base, edits), rules);
}

/** The top-level names that setting a key can change. */
export function namesOfKey(key: string): readonly string[] {
  const dot = key.indexOf('.');
  return dot < 0 ? [key] : [key.slice(0, dot), key];
}

export class Overlays {
  readonly #byNode = new Map<string, StoredOverlay>();
  readonly #unsaved = new Set<string>();

  constructor(stored: Iterable<readonly [nodeId: string, overlay: StoredOverlay]> = []) {
    for (const [id, overlay] of stored) this.#byNode.set(id, overlay);
  }

  get size(): number {
    return this.#byNode.size;
  }

  ids(): Iterable<string> {
    return this.#byNode.keys();
  }

  has(nodeId: string): boolean {
    return this.#byNode.has(nodeId);
  }

  of(nodeId: string): Overlay {
    return this.#byNode.get(nodeId) ?? NO_OVERLAY;
  }

  /** What the node's owner says of it. */
  base(node: GraphNode): Metadata {
    const overlay = this.#byNode.get(node.id);
    if (overlay === undefined) return node.metadata;
    const covered = coveredBy(overlay);
    const own = Object.entries(node.metadata).filter(([name]) => !covered.has(name));
    return { ...Object.fromEntries(own), ...overlay.hidden };
  }

  /** What the node is without the rules: what they look at. */
  beneathRules(node: GraphNode): Metadata {
    const overlay = this.#byNode.get(node.id);
    return overlay === undefined ? node.metadata : withEdits(this.base(node), overlay.edits);
  }

  /** What a node shows whose owner now says this of it. */
  show(nodeId: string, base: Metadata): Metadata {
    const overlay = this.#byNode.get(nodeId);
    return overlay === undefined ? base : this.lay(nodeId, base, overlay);
  }

  /**
   * What a node shows after somebody who does not know of what lies over it wrote it: only what he changed is the owner's new
   * word. The metadata of the node itself when it is in order.
   */
  absorb(node: GraphNode, before: Metadata): Metadata {
    const overlay = this.#byNode.get(node.id);
    if (overlay === undefined) return node.metadata;
    if (jsonEquals(withLayers(node.metadata, overlay), node.metadata)) return node.metadata;
    const base = withChanges(this.base({ ...node, metadata: before }), before, node.metadata);
    return this.lay(node.id, base, overlay);
  }

  /** Replaces what lies over a node, over this own metadata of its owner; returns what it then shows. */
  lay(nodeId: string, base: Metadata, { edits, rules }: Overlay): Metadata {
    if (edits.length === 0 && Object.keys(rules).length === 0) {
      this.forget(nodeId);
      return base;
    }
    const covered = coveredBy({ edits, rules });
    const hidden = Object.fromEntries(Object.entries(base).filter(([name]) => covered.has(name)));
    const before = this.#byNode.get(nodeId);
    const after = { edits, rules, hidden };
    if (before === undefined || !sameOverlay(before, after)) this.#unsaved.add(nodeId);
    this.#byNode.set(nodeId, after);
    return withLayers(base, { edits, rules });
  }

  /** The node is gone, or nothing lies over it any more. */
  forget(nodeId: string): void {
    if (this.#byNode.delete(nodeId)) this.#unsaved.add(nodeId);
  }

  get hasUnsaved(): boolean {
    return this.#unsaved.size > 0;
  }

  /** What changed since the last call; undefined = nothing lies over the node. */
  takeUnsaved(): [nodeId: string, overlay: StoredOverlay | undefined][] {
    const changed = [...this.#unsaved].map((id): [string, StoredOverlay | undefined] => [
      id,
      this.#byNode.get(id),
    ]);
    this.#unsaved.clear();
    return changed;
  }
}

function coveredBy({ edits, rules }: Overlay): ReadonlySet<string> {
  return new Set([...edits.map(({ path }) => path[0]!), ...Object.keys(rules).flatMap(namesOfKey)]);
}

function sameOverlay(a: StoredOverlay, b: StoredOverlay): boolean {
  const sameEdits = a.edits === b.edits || jsonEquals(a.edits as unknown as Json, b.edits as unknown as Json);
  return sameEdits && jsonEquals(a.rules, b.rules) && jsonEquals(a.hidden, b.hidden);
}
