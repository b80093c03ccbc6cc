/**
 * The graph as rules see it: without what rules made and set before, and with what they make and set in the evaluation
 * under way. So what a rule does can be seen by others but never feeds back from one evaluation into the next.
 */
import type { GraphEdge, GraphNode, Metadata } from '../graph/element.ts';
import { groupEdges } from '../graph/frozen-graph.ts';
import { namesOfKey, withKeys } from '../graph/overlays.ts';
import type { GraphView, IndexedKey } from '../graph/view.ts';

/** What rules make and set. */
export interface RuleEffects {
  /** Made nodes and edges, by id. */
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly edges: ReadonlyMap<string, GraphEdge>;
  /** Keys and values to set, by node. */
  readonly keys: ReadonlyMap<string, Metadata>;
}

const NO_EFFECTS: RuleEffects = { nodes: new Map(), edges: new Map(), keys: new Map() };

/** The live graph and which part of it is the rules' doing. */
export interface RuledGraph {
  readonly graph: GraphView;
  /** Ids of what rules made. */
  readonly madeNodes: ReadonlySet<string>;
  readonly madeEdges: ReadonlySet<string>;
  /** Nodes on which rules, or people, set something. */
  readonly isCovered: (nodeId: string) => boolean;
  /** Its metadata without what rules set. */
  readonly beneathRules: (node: GraphNode) => Metadata;
  /** Top-level names that rules set now, or will. */
  readonly names: ReadonlySet<string>;
}

export class RuleView implements GraphView {
  readonly #ruled: RuledGraph;
  #effects: RuleEffects = NO_EFFECTS;
  #madeOut: ReadonlyMap<string, GraphEdge[]> = new Map();
  #madeIn: ReadonlyMap<string, GraphEdge[]> = new Map();
  readonly #seen = new Map<string, { readonly live: GraphNode; readonly seen: GraphNode }>();

  constructor(ruled: RuledGraph) {
    this.#ruled = ruled;
  }

  set effects(effects: RuleEffects) {
    this.#effects = effects;
    this.#madeOut = groupEdges(effects.edges.values(), 'parent');
    this.#madeIn = groupEdges(effects.edges.values(), 'child');
    this.#seen.clear();
  }

  get nodeCount(): number {
    return this.#ruled.graph.nodeCount - this.#ruled.madeNodes.size + this.#effects.nodes.size;
  }

  get edgeCount(): number {
    return this.#ruled.graph.edgeCount - this.#ruled.madeEdges.size + this.#effects.edges.size;
  }

  node(id: string): GraphNode | undefined {
    const made = this.#effects.nodes.get(id);
    if (made !== undefined) return this.#see(made, made.metadata);
    const live = this.liveNode(id);
    return live === undefined ? undefined : this.#seeLive(live);
  }

  /** The node of this id that rules did not make. */
  liveNode(id: string): GraphNode | undefined {
    const live = this.#ruled.graph.node(id);
    return this.#ruled.madeNodes.has(id) ? undefined : live;
  }

  edge(id: string): GraphEdge | undefined {
    return this.#visible(this.#ruled.graph.edge(id)) ?? this.#effects.edges.get(id);
  }

  *nodes(): Iterable<GraphNode> {
    for (const node of this.#ruled.graph.nodes())
      if (!this.#ruled.madeNodes.has(node.id)) yield this.#seeLive(node);
    for (const node of this.#effects.nodes.values()) yield this.#see(node, node.metadata);
  }

  *edges(): Iterable<GraphEdge> {
    yield* this.#onlyVisible(this.#ruled.graph.edges());
    yield* this.#effects.edges.values();
  }

  *edgesOut(nodeId: string): Iterable<GraphEdge> {
    yield* this.#onlyVisible(this.#ruled.graph.edgesOut(nodeId));
    yield* this.#madeOut.get(nodeId) ?? [];
  }

  *edgesIn(nodeId: string): Iterable<GraphEdge> {
    yield* this.#onlyVisible(this.#ruled.graph.edgesIn(nodeId));
    yield* this.#madeIn.get(nodeId) ?? [];
  }

  /** The live graph's index serves unless rules set the key. */
  nodesWith(key: IndexedKey, value: string): Iterable<GraphNode> | undefined {
    if (this.#ruled.names.has(key)) return undefined;
    const live = this.#ruled.graph.nodesWith?.(key, value);
    return live === undefined ? undefined : this.#with(live, key, value);
  }

  *#with(live: Iterable<GraphNode>, key: IndexedKey, value: string): Generator<GraphNode> {
    for (const node of live) if (!this.#ruled.madeNodes.has(node.id)) yield this.#seeLive(node);
    for (const node of this.#effects.nodes.values()) {
      const held = key === '@Host' ? node.host : node.metadata[key];
      if (held === value || (Array.isArray(held) && held.includes(value)))
        yield this.#see(node, node.metadata);
    }
  }

  #seeLive(node: GraphNode): GraphNode {
    if (!this.#ruled.isCovered(node.id) && !this.#effects.keys.has(node.id)) return node;
    const known = this.#seen.get(node.id);
    return known?.live === node ? known.seen : this.#see(node, this.#ruled.beneathRules(node));
  }

  #see(node: GraphNode, beneath: Metadata): GraphNode {
    const known = this.#seen.get(node.id);
    if (known?.live === node) return known.seen;
    const keys = this.#effects.keys.get(node.id);
    const seen = { ...node, metadata: keys === undefined ? beneath : withKeys(beneath, keys) };
    this.#seen.set(node.id, { live: node, seen });
    return seen;
  }

  *#onlyVisible(edges: Iterable<GraphEdge>): Generator<GraphEdge> {
    for (const edge of edges) if (this.#visible(edge) !== undefined) yield edge;
  }

  /** Not what rules made, and not what hangs on a node that rules made before and do not make now. */
  #visible(edge: GraphEdge | undefined): GraphEdge | undefined {
    if (edge === undefined || this.#ruled.madeEdges.has(edge.id)) return undefined;
    if (this.#ruled.madeNodes.size === 0) return edge;
    return this.node(edge.parent) === undefined || this.node(edge.child) === undefined ? undefined : edge;
  }
}

/** The top-level names under which these keys are. */
export function namesOfKeys(keys: Iterable<string>): Set<string> {
  return new Set([...keys].flatMap(namesOfKey));
}
