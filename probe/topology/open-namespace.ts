/** A namespace that is being read, as those see it who make nodes of what is in it. */
import type { NamespaceTable } from './namespace-table.ts';

export interface OpenNamespace {
  readonly key: string;
  /** Of the node that owns its interfaces: the host's or the namespace's. */
  readonly nodeId: string;
  readonly tid: string;
  /** "" for the probe's own. */
  readonly name: string;
  /** null for the probe's own. */
  readonly path: string | null;
  readonly table: NamespaceTable;
  /** For ioctls inside. */
  readonly socketFd: number;
  /** Reads one interface anew. Never throws. */
  refresh(index: number): void;
  /** The number that another namespace has here; undefined = none. Never throws. */
  numberOf(other: OpenNamespace): number | undefined;
  /** The namespace that has this number here; undefined = not one that we read. Never throws. */
  neighbour(netnsId: number): OpenNamespace | undefined;
}

/** One interface of all that the probe reads. */
export function keyOf(namespace: OpenNamespace, index: number): string {
  return `${namespace.key}/${index}`;
}

/** An address of one namespace: the same one may stand in several. */
export function addressKeyOf(namespace: OpenNamespace, address: string): string {
  return `${namespace.key} ${address}`;
}
