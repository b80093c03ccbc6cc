/**
 * What one source shows on the host's graph: pictures in, differences out. Remembers what it wrote, so that it can be
 * taken back, and writes again what went with somebody else's node as soon as such a node is there again.
 */
import type { GraphEvent, Metadata } from '../../../core/graph/element.ts';
import { jsonEquals } from '../../../core/graph/metadata.ts';
import { tidOf } from '../../../core/ids.ts';
import type { HostGraph } from '../host-graph.ts';
import type { NamespaceOwner, NetnsFiles } from '../netns-files.ts';
import { textOf } from './json-read.ts';
import type { OwnEdge, OwnNode, Picture } from './source.ts';

const NOTHING: Picture = { nodes: [], edges: [], keys: new Map() };

interface Owned {
  readonly ownerId: string | undefined;
  readonly tid: string;
  /** Of its ownership, as far as that is written. */
  readonly edgeId: string | undefined;
}

export class SourceElements {
  readonly #graph: HostGraph;
  readonly #files: NetnsFiles | undefined;
  readonly #hostNode: NamespaceOwner;
  #picture: Picture = NOTHING;
  readonly #nodes = new Map<string, Owned>();
  /** By ends and relation, the id of what is written: making ids anew took most of the time of a large picture. */
  readonly #edges = new Map<string, string>();
  /** Node id → names of the keys written. */
  readonly #keys = new Map<string, readonly string[]>();
  readonly #claimed = new Set<string>();
  /** Nodes of others that the picture names: what happens to them concerns us. */
  readonly #named = new Set<string>();
  /** A namespace that could not be had yet. */
  #isWaiting = false;

  constructor(graph: HostGraph, files: NetnsFiles | undefined, hostNode: NamespaceOwner) {
    this.#graph = graph;
    this.#files = files;
    this.#hostNode = hostNode;
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  show(picture: Picture): void {
    this.#picture = picture;
    const edges = new Set(picture.edges.map((edge) => keyOf(edge)));
    for (const [key, id] of this.#edges) if (!edges.has(key)) this.#removeEdge(key, id);
    const nodes = new Set(picture.nodes.map((node) => node.id));
    for (const id of this.#nodes.keys()) if (!nodes.has(id)) this.#removeNode(id);
    for (const [id, names] of this.#keys) this.#removeKeys(id, names, picture.keys.get(id));
    this.#write();
    const claims = new Set(picture.nodes.map(({ owner }) => (owner.kind === 'netns' ? owner.path : '')));
    for (const path of this.#claimed) if (!claims.has(path)) this.#unclaim(path);
  }

  clear(): void {
    this.show(NOTHING);
  }

  /** Writes again what came back. */
  graphChanged(events: readonly GraphEvent[]): void {
    if (events.some((event) => this.#concerns(event))) this.#write();
  }

  #concerns(event: GraphEvent): boolean {
    if (event.kind !== 'nodeAdded' && event.kind !== 'nodeDeleted') return false;
    const { id, metadata } = event.node;
    if (this.#nodes.has(id)) return false;
    return this.#named.has(id) || (this.#isWaiting && metadata['Type'] === 'netns');
  }

  #write(): void {
    const { nodes, edges, keys } = this.#picture;
    this.#named.clear();
    this.#isWaiting = false;
    for (const node of nodes) this.#putNode(node);
    for (const edge of edges) {
      this.#named.add(edge.parent).add(edge.child);
      this.#putEdge(edge);
    }
    for (const [id, metadata] of keys) {
      this.#named.add(id);
      this.#graph.setOverlays(id, metadata);
      this.#keys.set(id, Object.keys(metadata));
    }
  }

  #putEdge(edge: OwnEdge): void {
    const key = keyOf(edge);
    const known = this.#graph.graph.edge(this.#edges.get(key) ?? '');
    if (known !== undefined && jsonEquals(known.metadata, edge.metadata)) return;
    const id = this.#graph.putEdge(edge.parent, edge.child, edge.metadata);
    if (id !== undefined) this.#edges.set(key, id);
  }

  #putNode(node: OwnNode): void {
    const known = this.#nodes.get(node.id);
    const owner = this.#ownerOf(node, known);
    const ownerId = owner?.nodeId;
    const isSame = ownerId === undefined || known?.ownerId === ownerId;
    const tid = known !== undefined && isSame ? known.tid : this.#tidOf(node, owner);
    if (!isSame && known?.edgeId !== undefined) this.#graph.removeEdge(known.edgeId);
    if (!this.#graph.putNode(node.id, { TID: tid, ...node.metadata })) return;
    this.#nodes.set(node.id, { ownerId, tid, edgeId: this.#putOwnership(node.id, ownerId, known) });
  }

  #putOwnership(id: string, ownerId: string | undefined, known: Owned | undefined): string | undefined {
    if (ownerId === undefined) return undefined;
    this.#named.add(ownerId);
    const isThere = known?.ownerId === ownerId && this.#graph.graph.edge(known.edgeId ?? '') !== undefined;
    return isThere ? known.edgeId : this.#graph.putEdge(ownerId, id, { RelationType: 'ownership' });
  }

  #tidOf({ metadata }: OwnNode, owner: NamespaceOwner | undefined): string {
    return tidOf(owner?.tid ?? this.#hostNode.tid, textOf(metadata['Name']), textOf(metadata['Type']));
  }

  /** undefined: it is not there now. */
  #ownerOf({ owner }: OwnNode, known: Owned | undefined): NamespaceOwner | undefined {
    if (owner.kind === 'nobody') return undefined;
    if (owner.kind === 'node') {
      this.#named.add(owner.id);
      const found = this.#graph.graph.node(owner.id);
      return found && { nodeId: owner.id, tid: textOf(found.metadata['TID']) };
    }
    this.#claimed.add(owner.path);
    const found = this.#files?.claim(this, owner.path, owner.label) ?? 'closed';
    if (typeof found === 'object') return found;
    this.#isWaiting = true;
    // A namespace that we may not see is no reason to hide what is in it; one that just ended is no move.
    const wasHosts = known === undefined || known.ownerId === this.#hostNode.nodeId;
    return found === 'closed' && wasHosts ? this.#hostNode : undefined;
  }

  #removeNode(id: string): void {
    this.#nodes.delete(id);
    this.#graph.removeNode(id);
  }

  #removeEdge(key: string, id: string): void {
    this.#edges.delete(key);
    this.#graph.removeEdge(id);
  }

  #removeKeys(id: string, names: readonly string[], wanted: Metadata = {}): void {
    const gone = names.filter((name) => !Object.hasOwn(wanted, name));
    if (gone.length > 0) this.#graph.setOverlays(id, Object.fromEntries(gone.map((name) => [name, null])));
    if (gone.length === names.length) this.#keys.delete(id);
  }

  #unclaim(path: string): void {
    this.#claimed.delete(path);
    this.#files?.unclaim(this, path);
  }
}

function keyOf({ parent, child, metadata }: OwnEdge): string {
  return `${parent} ${child} ${metadata.RelationType}`;
}
