/**
 * What a publisher may do to the graph (WebSocket notes, sections 6, 8 and 15): single changes and whole states of its own
 * origin. The origin is forced, metadata is checked, and what belongs to somebody else stays as it is.
 */
import { exceedsJsonBytes } from '../json-size.ts';
import { limits } from '../limits.ts';
import { edgeSchemaFault, nodeSchemaFault } from './element-schema.ts';
import type { GraphNode, Metadata, MetadataOp } from './element.ts';
import type { Graph } from './graph.ts';
import { applyOps, jsonEquals } from './metadata.ts';
import type { OwnedElements } from './origin-elements.ts';
import type { SaidRevisions } from './said-revisions.ts';

/** An element as a publisher gave it: times and Revision are undefined where it gave none. */
export interface Given {
  readonly id: string;
  readonly metadata: Metadata;
  readonly host: string;
  readonly createdAt: number | undefined;
  readonly updatedAt: number | undefined;
  readonly deletedAt: number | undefined;
  readonly revision: number | undefined;
}
export interface GivenEdge extends Given {
  readonly parent: string;
  readonly child: string;
}

export interface GivenOps {
  readonly id: string;
  readonly ops: readonly MetadataOp[];
  readonly updatedAt: number | undefined;
  readonly revision: number | undefined;
}

export type PublisherChange =
  | { readonly kind: 'addNode'; readonly node: Given }
  | { readonly kind: 'updateNode'; readonly node: Given }
  | { readonly kind: 'patchNode'; readonly ops: GivenOps }
  | { readonly kind: 'deleteNode'; readonly id: string; readonly deletedAt: number | undefined }
  | { readonly kind: 'addEdge'; readonly edge: GivenEdge }
  | { readonly kind: 'updateEdge'; readonly edge: Given }
  | { readonly kind: 'patchEdge'; readonly ops: GivenOps }
  | { readonly kind: 'deleteEdge'; readonly id: string; readonly deletedAt: number | undefined };

/** `ignored`: as the protocol has it (known, not newer, not there). `refused`: the publisher's mistake, in words. */
export type Outcome =
  | { readonly kind: 'done' | 'ignored' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly text: string };
export type RefusalReason = 'schema' | 'foreign' | 'dangling' | 'tooMany' | 'tooLarge';

export interface Publisher {
  /** `<client type>.<host id>` */
  readonly origin: string;
  readonly elementsMax: number;
  readonly said: SaidRevisions;
  /** Whether others have set something on the element too. */
  readonly isShared: (id: string) => boolean;
}

const DONE: Outcome = { kind: 'done' };
const IGNORED: Outcome = { kind: 'ignored' };

export class PublisherChanges {
  readonly #graph: Graph;
  readonly #publisher: Publisher;
  readonly #owned: () => OwnedElements;
  readonly #nowMs: number;

  /** `owned` gives the origin's elements as they are at each call. */
  constructor(graph: Graph, publisher: Publisher, owned: () => OwnedElements, nowMs: number) {
    this.#graph = graph;
    this.#publisher = publisher;
    this.#owned = owned;
    this.#nowMs = nowMs;
  }

  apply(change: PublisherChange): Outcome {
    switch (change.kind) {
      case 'addNode':
        return this.#graph.node(change.node.id) === undefined ? this.#addNode(change.node) : IGNORED;
      case 'addEdge':
        return this.#graph.edge(change.edge.id) === undefined ? this.#addEdge(change.edge) : IGNORED;
      case 'updateNode':
        return this.#updateNode(change.node, () => change.node.metadata);
      case 'updateEdge':
        return this.#updateEdge(change.edge, () => change.edge.metadata);
      case 'patchNode':
        return this.#updateNode(change.ops, (before) => applyOps(before, change.ops.ops));
      case 'patchEdge':
        return this.#updateEdge(change.ops, (before) => applyOps(before, change.ops.ops));
      case 'deleteNode': {
        const stored = this.#graph.node(change.id);
        if (stored === undefined) return IGNORED;
        if (!this.#isOwn(stored)) return this.#foreign(stored);
        this.#graph.deleteNode(change.id, change.deletedAt ?? this.#nowMs);
        return DONE;
      }
      case 'deleteEdge': {
        const stored = this.#graph.edge(change.id);
        if (stored === undefined) return IGNORED;
        if (!this.#isOwn(stored)) return this.#foreign(stored);
        this.#graph.deleteEdge(change.id, change.deletedAt ?? this.#nowMs);
        return DONE;
      }
    }
  }

  /**
   * Makes the origin's part of the graph what is listed; what stays as it is makes no event, what belongs to others is left
   * out. Refused as a whole, and nothing changed, when one of the elements may not be.
   */
  sync(nodes: readonly Given[], edges: readonly GivenEdge[]): Outcome {
    const fault = this.#syncFault(nodes, edges);
    if (fault !== undefined) return fault;
    const nodeIds = new Set(nodes.map((node) => node.id));
    const edgesById = new Map(edges.map((edge) => [edge.id, edge]));
    for (const id of this.#owned().edges) {
      const stored = this.#graph.edge(id);
      const given = edgesById.get(id);
      // An edge with other ends is another edge.
      const isSame = given !== undefined && given.parent === stored?.parent && given.child === stored.child;
      if (stored !== undefined && !isSame) this.#graph.deleteEdge(id, this.#nowMs);
    }
    for (const id of this.#owned().nodes) if (!nodeIds.has(id)) this.#graph.deleteNode(id, this.#nowMs);
    let outcome = DONE;
    for (const node of nodes) outcome = worse(outcome, this.#putNode(node));
    for (const edge of edges) outcome = worse(outcome, this.#putEdge(edge));
    return outcome;
  }

  /** Deletes everything of the origin. */
  removeAll(): void {
    this.sync([], []);
  }

  #syncFault(nodes: readonly Given[], edges: readonly GivenEdge[]): Outcome | undefined {
    for (const node of nodes) {
      const fault = nodeSchemaFault(node.metadata);
      if (fault !== undefined) return refused('schema', `node '${node.id}': ${fault}`);
    }
    for (const edge of edges) {
      const fault = edgeSchemaFault(edge.metadata);
      if (fault !== undefined) return refused('schema', `edge '${edge.id}': ${fault}`);
    }
    return undefined;
  }

  #putNode(node: Given): Outcome {
    const stored = this.#graph.node(node.id);
    if (stored === undefined) return this.#addNode(node);
    if (!this.#isOwn(stored) || jsonEquals(stored.metadata, node.metadata)) return IGNORED;
    this.#graph.updateNode(this.#revised(stored, this.#afterSync(stored, node), node.metadata));
    return DONE;
  }

  #putEdge(edge: GivenEdge): Outcome {
    const stored = this.#graph.edge(edge.id);
    if (stored === undefined) return this.#addEdge(edge);
    if (!this.#isOwn(stored) || jsonEquals(stored.metadata, edge.metadata)) return IGNORED;
    this.#graph.updateEdge(this.#revised(stored, this.#afterSync(stored, edge), edge.metadata));
    return DONE;
  }

  /** A whole state is believed whatever its Revision; the Revision never goes back. */
  #afterSync(stored: GraphNode, given: Given): Pick<GivenOps, 'updatedAt' | 'revision'> {
    return { updatedAt: given.updatedAt, revision: Math.max(given.revision ?? 0, stored.revision + 1) };
  }

  #addNode(node: Given): Outcome {
    const fault = nodeSchemaFault(node.metadata) ?? this.#fullFault();
    if (fault !== undefined) return typeof fault === 'string' ? refused('schema', fault) : fault;
    this.#graph.addNode(this.#fresh(node));
    return DONE;
  }

  #addEdge(edge: GivenEdge): Outcome {
    const fault = edgeSchemaFault(edge.metadata) ?? this.#fullFault();
    if (fault !== undefined) return typeof fault === 'string' ? refused('schema', fault) : fault;
    if (this.#graph.node(edge.parent) === undefined) return refused('dangling', 'Parent node not found');
    if (this.#graph.node(edge.child) === undefined) return refused('dangling', 'Child node not found');
    this.#graph.addEdge({ ...this.#fresh(edge), parent: edge.parent, child: edge.child });
    return DONE;
  }

  #updateNode(given: Omit<GivenOps, 'ops'>, metadataOf: (before: Metadata) => Metadata): Outcome {
    const stored = this.#graph.node(given.id);
    if (stored === undefined) return IGNORED;
    if (!this.#isOwn(stored)) return this.#foreign(stored);
    if (!this.#isNewer(stored, given)) return IGNORED;
    const metadata = metadataOf(stored.metadata);
    const fault = updateFault(metadata, nodeSchemaFault);
    if (fault !== undefined) return fault;
    this.#graph.updateNode(this.#revised(stored, given, metadata));
    return DONE;
  }

  #updateEdge(given: Omit<GivenOps, 'ops'>, metadataOf: (before: Metadata) => Metadata): Outcome {
    const stored = this.#graph.edge(given.id);
    if (stored === undefined) return IGNORED;
    if (!this.#isOwn(stored)) return this.#foreign(stored);
    if (!this.#isNewer(stored, given)) return IGNORED;
    const metadata = metadataOf(stored.metadata);
    const fault = updateFault(metadata, edgeSchemaFault);
    if (fault !== undefined) return fault;
    this.#graph.updateEdge(this.#revised(stored, given, metadata));
    return DONE;
  }

  #isOwn(stored: GraphNode): boolean {
    return stored.origin === this.#publisher.origin;
  }

  #foreign(stored: GraphNode): Outcome {
    return refused('foreign', `'${stored.id}' belongs to ${stored.origin || 'another origin'}`);
  }

  #fullFault(): Outcome | undefined {
    const { nodes, edges } = this.#owned();
    const { elementsMax, origin } = this.#publisher;
    if (nodes.size + edges.size >= elementsMax)
      return refused(
        'tooMany',
        `${origin} has ${elementsMax} nodes and edges, the most a publisher may have`,
      );
    if (this.#graph.nodeCount + this.#graph.edgeCount < limits.elementsMax) return undefined;
    return refused('tooMany', `the graph has ${limits.elementsMax} nodes and edges, the most it may have`);
  }

  #fresh(given: Given): GraphNode {
    return {
      id: given.id,
      metadata: given.metadata,
      host: given.host,
      origin: this.#publisher.origin,
      createdAt: given.createdAt ?? this.#nowMs,
      updatedAt: given.updatedAt ?? this.#nowMs,
      deletedAt: null,
      revision: given.revision ?? 0,
    };
  }

  #isNewer(stored: GraphNode, { revision }: Pick<GivenOps, 'revision'>): boolean {
    return revision === undefined || revision > this.#publisher.said.of(stored);
  }

  /** Without a Revision it is the next one; it never goes back. */
  #revised<E extends GraphNode>(
    stored: E,
    given: Pick<GivenOps, 'updatedAt' | 'revision'>,
    metadata: Metadata,
  ): E {
    const next = stored.revision + 1;
    const { said, isShared } = this.#publisher;
    said.give(stored.id, given.revision ?? next, isShared(stored.id));
    return {
      ...stored,
      metadata,
      updatedAt: given.updatedAt ?? this.#nowMs,
      revision: Math.max(given.revision ?? next, next),
    };
  }
}

/** Many small operations can make a large element. */
function updateFault(
  metadata: Metadata,
  schemaFault: (metadata: Metadata) => string | undefined,
): Outcome | undefined {
  const fault = schemaFault(metadata);
  if (fault !== undefined) return refused('schema', fault);
  if (!exceedsJsonBytes(metadata, limits.elementBytesMax)) return undefined;
  return refused('tooLarge', `Metadata would have more than ${limits.elementBytesMax} bytes`);
}

function refused(reason: RefusalReason, text: string): Outcome {
  return { kind: 'refused', reason, text };
}

/** The first refusal counts. */
function worse(before: Outcome, after: Outcome): Outcome {
  return before.kind !== 'refused' && after.kind === 'refused' ? after : before;
}
