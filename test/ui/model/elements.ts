/** Nodes and edges as the API spells them, with what a test is not about left out. */
import type { Edge, Node } from '../../../core/api/operations.ts';

const REST = { Host: 'h', Origin: 'agent.h', CreatedAt: 1, UpdatedAt: 1, DeletedAt: null, Revision: 1 };

export function node(ID: string, metadata: Node['Metadata'] = {}): Node {
  return { ID, Metadata: metadata, ...REST };
}

export function edge(Parent: string, Child: string, RelationType = 'ownership'): Edge {
  return { ID: `${Parent}-${RelationType}-${Child}`, Metadata: { RelationType }, Parent, Child, ...REST };
}
