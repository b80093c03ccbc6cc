/**
 * The graph as `/ws/subscriber` tells it: a whole (SyncReply), then changes. Pure; who owns the socket hands over each message of the
 * namespace Graph. What asks for it reads `nodes` and `edges` and the two versions, which say whether anything, and
 * whether anything that the tree or the map shows, became another.
 */
import type { Edge, Graph, Node } from '../../core/api/operations.ts';

interface PartialUpdate {
  readonly ID: string;
  readonly UpdatedAt: number;
  readonly Revision: number;
  readonly Ops: readonly { readonly Type: number; readonly Key: string; readonly Value: unknown }[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Changes of nothing but these leave the tree and the map as they are. */
const QUIET_KEYS = new Set([
  'Metric',
  'LastUpdateMetric',
  'Ovs',
  'SFlow',
  'Features',
  'Neighbors',
  'FDB',
  'RoutingTables',
  'Sockets',
]);

/** The metadata that tree and map show. */
export function withoutQuiet(metadata: Fields): Fields {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !QUIET_KEYS.has(key)));
}

export class LiveGraph {
  readonly nodes = new Map<string, Node>();
  readonly edges = new Map<string, Edge>();
  /** Grows with each change. */
  version = 0;
  /** Grows with each change that is more than counters. */
  shapeVersion = 0;

  /** False for a message that is none of the graph's, or speaks of an element that is not there. */
  apply(type: string, obj: unknown): boolean {
    const done = this.#apply(type, obj);
    if (done) this.version++;
    return done;
  }

  #apply(type: string, obj: unknown): boolean {
    switch (type) {
      case 'SyncReply':
      case 'Sync':
        return this.#replace(obj as Graph);
      case 'NodeAdded':
      case 'NodeUpdated':
        return this.#setNode(obj as Node);
      case 'NodePartiallyUpdated':
        return this.#patch(this.nodes, obj as PartialUpdate, (node) => this.#setNode(node));
      case 'NodeDeleted':
        return this.#remove(this.nodes, obj as Node);
      case 'EdgeAdded':
      case 'EdgeUpdated':
        return this.#setEdge(obj as Edge);
      case 'EdgePartiallyUpdated':
        return this.#patch(this.edges, obj as PartialUpdate, (edge) => this.#setEdge(edge));
      case 'EdgeDeleted':
        return this.#remove(this.edges, obj as Edge);
      default:
        return false;
    }
  }

  #replace({ Nodes: nodes, Edges: edges }: Graph): boolean {
    this.nodes.clear();
    this.edges.clear();
    for (const node of nodes ?? []) this.nodes.set(node.ID, node);
    for (const edge of edges ?? []) this.edges.set(edge.ID, edge);
    this.shapeVersion++;
    return true;
  }

  #setNode(node: Node): boolean {
    const before = this.nodes.get(node.ID);
    this.nodes.set(node.ID, node);
    if (before === undefined || !isQuiet(before.Metadata, node.Metadata)) this.shapeVersion++;
    return true;
  }

  #setEdge(edge: Edge): boolean {
    this.edges.set(edge.ID, edge);
    this.shapeVersion++;
    return true;
  }

  #patch<E extends Node>(
    elements: Map<string, E>,
    update: PartialUpdate,
    set: (element: E) => boolean,
  ): boolean {
    const before = elements.get(update.ID);
    if (before === undefined) return false;
    let metadata: Fields = before.Metadata;
    for (const { Type: type, Key: key, Value: value } of update.Ops)
      metadata = type === 1 ? withValue(metadata, key.split('.'), value) : without(metadata, key.split('.'));
    return set({ ...before, Metadata: metadata, UpdatedAt: update.UpdatedAt, Revision: update.Revision });
  }

  #remove(elements: Map<string, unknown>, { ID: id }: { readonly ID: string }): boolean {
    const wasThere = elements.delete(id);
    if (wasThere) this.shapeVersion++;
    return wasThere;
  }
}

/** Whether two metadata differ in counters and tables only. Values that did not change keep their identity in patches, not in whole updates. */
function isQuiet(before: Fields, after: Fields): boolean {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const name of names) {
    if (QUIET_KEYS.has(name) || before[name] === after[name]) continue;
    if (JSON.stringify(before[name]) !== JSON.stringify(after[name])) return false;
  }
  return true;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** Objects on the way are made, as in core/graph/metadata.ts. */
function withValue(fields: Fields, [name = '', ...rest]: readonly string[], value: unknown): Fields {
  return { ...fields, [name]: rest.length === 0 ? value : withValue(fieldsOf(fields[name]), rest, value) };
}

/** Objects that are emptied go as well. */
function without(fields: Fields, [name = '', ...rest]: readonly string[]): Fields {
  if (!Object.hasOwn(fields, name)) return fields;
  const { [name]: _gone, ...others } = fields;
  if (rest.length === 0) return others;
  const inner = without(fieldsOf(fields[name]), rest);
  return Object.keys(inner).length === 0 ? others : { ...fields, [name]: inner };
}
