/**
 * Whom an interface names: its master, its parent or peer, and what carries it when it is a tunnel. A macvlan or
 * ipvlan has no edge to its parent, as in the reference (topology notes, section 9): `ParentIndex` tells it.
 */
import { isPaired } from './interface-metadata.ts';
import type { Wish } from './link-joiner.ts';
import { keyOf, type OpenNamespace } from './open-namespace.ts';
import { lowerIndexOf, type Link } from './rtnetlink/link.ts';

export interface Naming {
  readonly wishes: readonly Wish[];
  /** The tunnel's own address, when that decides what carries it: who has the address may change. */
  readonly byAddress: string | undefined;
}

/** `parentNamespace`: where the parent, the peer or a tunnel's outer packets are; undefined = we do not read it. */
export function namingOf(
  link: Link,
  type: string,
  namespace: OpenNamespace,
  parentNamespace: OpenNamespace | undefined,
): Naming {
  const wishes: Wish[] = [];
  if (link.masterIndex !== 0) wishes.push({ kind: 'master', target: keyOf(namespace, link.masterIndex) });
  if (parentNamespace === undefined) return { wishes, byAddress: undefined };
  const tunnel = link.data.kind === 'tunnel' ? link.data.tunnel : undefined;
  const parentIndex = lowerIndexOf(link);
  if (parentIndex !== undefined) {
    const target = keyOf(parentNamespace, parentIndex);
    if (link.kind === 'vlan') wishes.push({ kind: 'vlan', target });
    else if (isPaired(type)) wishes.push({ kind: 'peer', target, type });
    else if (tunnel !== undefined) wishes.push({ kind: 'underlay', target, type });
    return { wishes, byAddress: undefined };
  }
  const byAddress = tunnel?.local;
  const carrier = byAddress === undefined ? undefined : parentNamespace.table.ownerOf(byAddress);
  if (carrier !== undefined) wishes.push({ kind: 'underlay', target: keyOf(parentNamespace, carrier), type });
  return { wishes, byAddress };
}
