/**
 * Rules that add to the graph what no probe can see (REST notes, section 10), spelled as in the API, because they
 * travel unchanged from it through the registry to where they are evaluated.
 */
import type { Metadata } from '../graph/element.ts';

export const RULE_ACTIONS = ['create', 'update'] as const;

export interface NodeRule {
  readonly UUID: string;
  readonly Name: string;
  readonly Description: string;
  readonly Metadata: Metadata | null;
  /** `create` makes a node of the metadata; `update` sets the metadata on each node that the query selects. */
  readonly Action: (typeof RULE_ACTIONS)[number];
  /** Gremlin, or "". */
  readonly Query: string;
}

/** Joins every node that `Src` selects with every node that `Dst` selects. */
export interface EdgeRule {
  readonly UUID: string;
  readonly Name: string;
  readonly Description: string;
  /** Gremlin. */
  readonly Src: string;
  readonly Dst: string;
  readonly Metadata: Metadata | null;
}

/** All rules of a fabric, oldest first. */
export interface Rules {
  readonly noderule: readonly NodeRule[];
  readonly edgerule: readonly EdgeRule[];
}
