/** What became of the network between two times. Counters and the like are no difference. */
import type { Edge, Node } from '../../core/api/operations.ts';
import { LiveGraph, withoutQuiet } from './live-graph.ts';

type Elements = Pick<LiveGraph, 'nodes' | 'edges'>;

export type Change = 'came' | 'went' | 'changed';

/** Beside names, since colours alone say nothing to some. */
export const CHANGE_SIGNS: Readonly<Record<Change, string>> = { came: '+', went: '−', changed: '~' };

export interface Difference {
  readonly added: readonly Node[];
  readonly removed: readonly Node[];
  /** As it is at the later time, and the keys that differ. */
  readonly changed: readonly { readonly node: Node; readonly keys: readonly string[] }[];
  readonly linksAdded: readonly Edge[];
  readonly linksRemoved: readonly Edge[];
}

export function differenceOf(before: Elements, after: Elements): Difference {
  const changed: Difference['changed'][number][] = [];
  for (const node of after.nodes.values()) {
    const old = before.nodes.get(node.ID);
    const keys = old === undefined ? [] : differingKeys(old, node);
    if (keys.length > 0) changed.push({ node, keys });
  }
  return {
    added: missingFrom(before.nodes, after.nodes),
    removed: missingFrom(after.nodes, before.nodes),
    changed,
    linksAdded: missingFrom(before.edges, after.edges),
    linksRemoved: missingFrom(after.edges, before.edges),
  };
}

/** By id of the node. */
export function changesOf({ added, removed, changed }: Difference): ReadonlyMap<string, Change> {
  const changes = new Map<string, Change>();
  for (const { ID } of added) changes.set(ID, 'came');
  for (const { ID } of removed) changes.set(ID, 'went');
  for (const { node } of changed) changes.set(node.ID, 'changed');
  return changes;
}

/** The later, with what went still there. */
export function unionOf(before: Elements, after: Elements): LiveGraph {
  const union = new LiveGraph();
  for (const { nodes, edges } of [before, after]) {
    for (const [id, node] of nodes) union.nodes.set(id, node);
    for (const [id, edge] of edges) union.edges.set(id, edge);
  }
  return union;
}

function missingFrom<E extends Node>(these: ReadonlyMap<string, E>, those: ReadonlyMap<string, E>): E[] {
  return [...those.values()].filter(({ ID }) => !these.has(ID));
}

function differingKeys(before: Node, after: Node): string[] {
  const [old, now] = [withoutQuiet(before.Metadata ?? {}), withoutQuiet(after.Metadata ?? {})];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]))
    .toSorted();
}
