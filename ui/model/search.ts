/** Finding nodes by a part of their name, kind, IP or MAC; several words must all be found. */
import type { Node } from '../../core/api/operations.ts';
import { addressesOf, macOf, nameOf, typeOf } from './node-text.ts';

/** Ids of the nodes that fit, at most `most`, in the order of the map; `isCut` when there are more. */
export function searchNodes(
  nodes: ReadonlyMap<string, Node>,
  text: string,
  most: number,
): { readonly ids: ReadonlySet<string>; readonly isCut: boolean } {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const ids = new Set<string>();
  if (words.length === 0) return { ids, isCut: false };
  for (const node of nodes.values()) {
    const said = [nameOf(node), typeOf(node), macOf(node), node.ID, ...addressesOf(node)]
      .join(' ')
      .toLowerCase();
    if (!words.every((word) => said.includes(word))) continue;
    if (ids.size === most) return { ids, isCut: true };
    ids.add(node.ID);
  }
  return { ids, isCut: false };
}
