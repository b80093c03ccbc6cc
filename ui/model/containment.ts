/**
 * What lies in what: hosts hold namespaces, bridges and interfaces, bridges hold their ports. Each node has one place, so that tree and map
 * show it once. A port is in its bridge when both belong to the same owner; everything else is in its owner, or at the top.
 */
import type { Node } from '../../core/api/operations.ts';
import type { LiveGraph } from './live-graph.ts';
import { nameOf, typeOf } from './node-text.ts';

export interface Containment {
  readonly roots: readonly string[];
  /** Only of nodes that hold something. */
  readonly children: ReadonlyMap<string, readonly string[]>;
  readonly parent: ReadonlyMap<string, string>;
}

const BRIDGES = new Set(['bridge', 'ovsbridge']);
/** Order among siblings; interfaces come last. */
const RANKS: Readonly<Record<string, number>> = { host: 0, netns: 1, container: 2, ovsbridge: 3, bridge: 3 };
const RANK_OF_OTHERS = 4;

const collator = new Intl.Collator('en', { numeric: true });

/** Proportional to the graph's size. */
export function containmentOf({ nodes, edges }: Pick<LiveGraph, 'nodes' | 'edges'>): Containment {
  const owner = new Map<string, string>();
  const bridge = new Map<string, string>();
  for (const { Parent: from, Child: to, Metadata: metadata } of edges.values()) {
    const parent = nodes.get(from);
    if (parent === undefined || !nodes.has(to)) continue;
    const relation = metadata['RelationType'];
    if (relation === 'ownership') owner.set(to, from);
    else if (relation === 'layer2' && BRIDGES.has(typeOf(parent))) bridge.set(to, from);
  }
  const parent = new Map(owner);
  for (const [port, of] of bridge) if (owner.get(port) === owner.get(of)) parent.set(port, of);
  for (const id of parent.keys()) if (isInItself(id, parent)) parent.delete(id);
  return { parent, ...siblings(nodes, parent) };
}

/** Edges that users make may go round in circles. */
function isInItself(id: string, parent: ReadonlyMap<string, string>): boolean {
  const seen = new Set<string>();
  for (let at = parent.get(id); at !== undefined && !seen.has(at); at = parent.get(at)) {
    if (at === id) return true;
    seen.add(at);
  }
  return false;
}

function siblings(
  nodes: ReadonlyMap<string, Node>,
  parent: ReadonlyMap<string, string>,
): Pick<Containment, 'roots' | 'children'> {
  const roots: string[] = [];
  const children = new Map<string, string[]>();
  for (const id of nodes.keys()) {
    const of = parent.get(id);
    if (of === undefined) roots.push(id);
    else {
      const list = children.get(of);
      if (list === undefined) children.set(of, [id]);
      else list.push(id);
    }
  }
  const key = (id: string): { rank: number; name: string } => {
    const node = nodes.get(id)!;
    return { rank: RANKS[typeOf(node)] ?? RANK_OF_OTHERS, name: nameOf(node) };
  };
  const inOrder = (ids: string[]): void => {
    const keys = new Map(ids.map((id) => [id, key(id)]));
    ids.sort((a, b) => {
      const [left, right] = [keys.get(a)!, keys.get(b)!];
      return left.rank - right.rank || collator.compare(left.name, right.name) || (a < b ? -1 : 1);
    });
  };
  inOrder(roots);
  for (const list of children.values()) inOrder(list);
  return { roots, children };
}

/** The node itself and all that hold it, inmost first. */
export function wayUp({ parent }: Containment, id: string): string[] {
  const way: string[] = [];
  for (let at: string | undefined = id; at !== undefined; at = parent.get(at)) way.push(at);
  return way;
}

/** The same with nothing but these and what holds them. */
export function narrowed(whole: Containment, ids: ReadonlySet<string>): Containment {
  const kept = new Set([...ids].flatMap((id) => wayUp(whole, id)));
  const only = (list: readonly string[]): readonly string[] => list.filter((id) => kept.has(id));
  const children = new Map<string, readonly string[]>();
  for (const [id, list] of whole.children) {
    const left = kept.has(id) ? only(list) : [];
    if (left.length > 0) children.set(id, left);
  }
  const parent = new Map([...whole.parent].filter(([id]) => kept.has(id)));
  return { roots: only(whole.roots), children, parent };
}
