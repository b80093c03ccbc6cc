/** What became of the network between two times. Counters and the like are no difference. */
import type { Node } from '../../core/api/operations.ts';
import { withoutQuiet } from './live-graph.ts';

export interface Difference {
  readonly added: readonly Node[];
  readonly removed: readonly Node[];
  /** As it is now, and the keys that differ. */
  readonly changed: readonly { readonly node: Node; readonly keys: readonly string[] }[];
}

export function differenceOf(
  before: ReadonlyMap<string, Node>,
  after: ReadonlyMap<string, Node>,
): Difference {
  const added: Node[] = [];
  const changed: Difference['changed'][number][] = [];
  for (const node of after.values()) {
    const old = before.get(node.ID);
    if (old === undefined) added.push(node);
    else {
      const keys = differingKeys(old, node);
      if (keys.length > 0) changed.push({ node, keys });
    }
  }
  const removed = [...before.values()].filter(({ ID }) => !after.has(ID));
  return { added, removed, changed };
}

function differingKeys(before: Node, after: Node): string[] {
  const [old, now] = [withoutQuiet(before.Metadata ?? {}), withoutQuiet(after.Metadata ?? {})];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]))
    .toSorted();
}
