/**
 * How nodes and edges are spelled outside: REST, Gremlin answers, WebSocket messages, and the topology frames
 * of our probes. Member order is the reference's.
 */
import type { GraphEdge, GraphNode, Metadata } from '../graph/element.ts';

export interface NodeJson {
  ID: string;
  Metadata: Metadata;
  Host: string;
  Origin: string;
  CreatedAt: number;
  UpdatedAt: number;
  DeletedAt: number | null;
  Revision: number;
}

export interface EdgeJson extends NodeJson {
  Parent: string;
  Child: string;
}

export function nodeToJson(node: GraphNode): NodeJson {
  return {
    ID: node.id,
    Metadata: node.metadata,
    Host: node.host,
    Origin: node.origin,
    CreatedAt: node.createdAt,
    UpdatedAt: node.updatedAt,
    DeletedAt: node.deletedAt,
    Revision: node.revision,
  };
}

export function edgeToJson(edge: GraphEdge): EdgeJson {
  return { ...nodeToJson(edge), Parent: edge.parent, Child: edge.child };
}

export function nodeFromJson(json: NodeJson): GraphNode {
  return {
    id: json.ID,
    metadata: json.Metadata,
    host: json.Host,
    origin: json.Origin,
    createdAt: json.CreatedAt,
    updatedAt: json.UpdatedAt,
    deletedAt: json.DeletedAt,
    revision: json.Revision,
  };
}

export function edgeFromJson(json: EdgeJson): GraphEdge {
  return { ...nodeFromJson(json), parent: json.Parent, child: json.Child };
}
