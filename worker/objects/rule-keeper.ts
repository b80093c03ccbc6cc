/**
 * Keeps the graph as the fabric's rules ask for: evaluates them when they or the graph changed (`core/rules/plan.ts`) and
 * makes, sets and takes away what differs. What rules do is told to everybody but does not make them evaluate again.
 */
import type { GraphEdge, GraphEvent, GraphNode, Metadata } from '../../core/graph/element.ts';
import type { Graph } from '../../core/graph/graph.ts';
import { askingForStatistics, canMatter } from '../../core/graph/statistics.ts';
import type { GraphView } from '../../core/graph/view.ts';
import { jsonEquals } from '../../core/graph/metadata.ts';
import { limits, timings } from '../../core/limits.ts';
import { planRules, type RulePlan, type RuleReach } from '../../core/rules/plan.ts';
import { namesOfKeys, RuleView } from '../../core/rules/rule-view.ts';
import type { Rules } from '../../core/rules/rule.ts';
import type { FabricGraph } from './fabric-graph.ts';
import { PacedRuns } from './paced-runs.ts';

export type RuleCounter =
  | 'ruleEvaluations'
  | 'ruleRoundsCut'
  | 'ruleEdgesCut'
  | 'ruleKeysCut'
  | 'ruleElementsRefused';
export const ruleCounters: readonly RuleCounter[] = [
  'ruleEvaluations',
  'ruleRoundsCut',
  'ruleEdgesCut',
  'ruleKeysCut',
  'ruleElementsRefused',
];

export interface RuleStatus {
  readonly rules: number;
  /** Rule UUID → what keeps it from doing what it says. */
  readonly ruleFaults: Readonly<Record<string, string>>;
  /** Rule UUID → how many nodes each of its queries selects. */
  readonly ruleReach: Readonly<Record<string, RuleReach>>;
  /** Nodes and edges on which rules or people set something that their owners did not say. */
  readonly overlaidNodes: number;
  readonly overlaidEdges: number;
}

interface Surroundings {
  readonly fabric: FabricGraph;
  /** Of what rules make. */
  readonly origin: string;
  /** Runs a query in a view of the graph. */
  readonly find: (
    query: string,
    view: GraphView,
  ) => Promise<{ readonly nodes: readonly GraphNode[]; readonly visited: number }>;
  /** Runs work that writes; gives the object up when it fails. */
  readonly guard: (work: () => void) => void;
  readonly count: (name: RuleCounter, by?: number) => void;
}

type Change = (graph: Graph, nowMs: number) => void;

export class RuleKeeper {
  readonly #around: Surroundings;
  readonly #runs = new PacedRuns(
    () => this.#evaluate(),
    timings.ruleEvaluationMs,
    timings.ruleEvaluationSlowMs,
  );
  #rules: Rules;
  /** Queries that ask for statistics: there may be thousands of events a second that bring nothing else. */
  #statistical: readonly string[];
  #faults: Readonly<Record<string, string>> = {};
  #reach: Readonly<Record<string, RuleReach>> = {};
  /** Top-level names that rules may have set on nodes. */
  #names: ReadonlySet<string>;
  #turnVisits = 0;

  constructor(around: Surroundings, rules: Rules) {
    this.#around = around;
    this.#rules = rules;
    this.#statistical = askingForStatistics(queriesOf(rules));
    const { overlays } = around.fabric;
    this.#names = namesOfKeys([...overlays.ids()].flatMap((id) => Object.keys(overlays.of(id).rules)));
    // An evaluation may have been due when the object's memory went.
    if (this.#isIdle) return;
    this.#runs.soon();
  }

  get rules(): Rules {
    return this.#rules;
  }

  /** Whether there is nothing to do and nothing to undo. */
  get #isIdle(): boolean {
    const { noderule, edgerule } = this.#rules;
    return noderule.length + edgerule.length + this.#around.fabric.made.size + this.#names.size === 0;
  }

  /** The lists changed: the graph is as they ask when this resolves. */
  async replace(rules: Rules): Promise<void> {
    this.#rules = rules;
    this.#statistical = askingForStatistics(queriesOf(rules));
    await this.#runs.now();
  }

  /** The graph changed. */
  follow(events: readonly GraphEvent[], source: unknown): void {
    if (source === this || this.#isIdle) return;
    if (events.some((event) => canMatter(event, this.#statistical))) this.#runs.soon();
  }

  async #evaluate(): Promise<number> {
    const { fabric, origin, count } = this.#around;
    const rules = this.#rules;
    const willSet = rules.noderule.flatMap(({ Metadata: keys }) => Object.keys(keys ?? {}));
    const names = namesOfKeys(willSet);
    const view = new RuleView({
      graph: fabric.graph,
      madeNodes: fabric.made.nodes,
      madeEdges: fabric.made.edges,
      isCovered: (nodeId) => fabric.overlays.has(nodeId),
      beneathRules: (node) => fabric.overlays.beneathRules(node),
      names: new Set([...names, ...this.#names]),
    });
    const maker = { origin, nowMs: Date.now() };
    const plan = await planRules(rules, view, maker, (query, seen) => this.#find(query, seen));
    count('ruleEvaluations');
    count('ruleEdgesCut', plan.edgesCut);
    count('ruleKeysCut', plan.keysCut);
    if (!plan.isSettled) count('ruleRoundsCut');
    this.#faults = Object.fromEntries(plan.faults);
    this.#reach = Object.fromEntries(plan.reach);
    await this.#apply(plan);
    this.#names = names;
    return plan.visited;
  }

  async #find(query: string, view: GraphView): ReturnType<Surroundings['find']> {
    const found = await this.#around.find(query, view);
    this.#turnVisits += found.visited;
    if (this.#turnVisits > limits.ruleVisitsPerTurnMax) {
      this.#turnVisits = 0;
      await othersTurn();
    }
    return found;
  }

  /** Several transactions when it is much; one that is lost with the object is made up for when it wakes. */
  async #apply(plan: RulePlan): Promise<void> {
    const { fabric, guard } = this.#around;
    const changes = [...this.#changes(plan)];
    for (let at = 0; at < changes.length; at += limits.ruleChangesPerWriteMax) {
      if (at > 0) await othersTurn();
      const nowMs = Date.now();
      guard(() =>
        fabric.write(nowMs, this, (graph) => {
          for (const change of changes.slice(at, at + limits.ruleChangesPerWriteMax)) change(graph, nowMs);
        }),
      );
    }
  }

  /** What differs from the plan. Each looks again when its turn comes: others may have written meanwhile. */
  *#changes({ effects }: RulePlan): Generator<Change> {
    const { graph, overlays, edgeOverlays, made } = this.#around.fabric;
    for (const id of made.edges)
      if (!effects.edges.has(id))
        yield (now, nowMs) => {
          if (made.edges.has(id)) now.deleteEdge(id, nowMs);
        };
    for (const id of made.nodes)
      if (!effects.nodes.has(id))
        yield (now, nowMs) => {
          if (made.nodes.has(id)) now.deleteNode(id, nowMs);
        };
    for (const node of effects.nodes.values()) {
      const live = graph.node(node.id);
      if (live === undefined || !jsonEquals(overlays.base(live), node.metadata))
        yield (now, nowMs) => this.#putNode(now, node, nowMs);
    }
    const covered = [...overlays.ids()].filter((id) => !effects.keys.has(id));
    for (const id of [...covered, ...effects.keys.keys()]) {
      const keys = effects.keys.get(id) ?? {};
      if (!sameKeys(overlays.of(id).rules, keys)) yield (now, nowMs) => this.#setKeys(now, id, keys, nowMs);
    }
    for (const edge of effects.edges.values()) {
      const live = graph.edge(edge.id);
      if (
        live === undefined ||
        (made.edges.has(edge.id) && !jsonEquals(edgeOverlays.base(live), edge.metadata))
      )
        yield (now, nowMs) => this.#putEdge(now, edge, nowMs);
    }
  }

  #mayAdd(): boolean {
    const { fabric, origin, count } = this.#around;
    const hasRoom = fabric.hasRoom(origin);
    if (!hasRoom) count('ruleElementsRefused');
    return hasRoom;
  }

  #putNode(graph: Graph, node: GraphNode, nowMs: number): void {
    const { made, overlays } = this.#around.fabric;
    const live = graph.node(node.id);
    if (live !== undefined) {
      if (made.nodes.has(node.id))
        graph.updateNode(revised(live, overlays.show(node.id, node.metadata), nowMs));
    } else if (this.#mayAdd()) {
      graph.addNode(node);
      made.add('node', node.id);
    }
  }

  #setKeys(graph: Graph, id: string, rules: Metadata, nowMs: number): void {
    const { overlays } = this.#around.fabric;
    const live = graph.node(id);
    if (live === undefined) return;
    const shown = overlays.lay(id, overlays.base(live), { edits: overlays.of(id).edits, rules });
    if (!jsonEquals(shown, live.metadata)) graph.updateNode(revised(live, shown, nowMs));
  }

  /** An edge that somebody else has drawn is enough. */
  #putEdge(graph: Graph, edge: GraphEdge, nowMs: number): void {
    const { made, edgeOverlays } = this.#around.fabric;
    const live = graph.edge(edge.id);
    if (live !== undefined) {
      if (made.edges.has(edge.id))
        graph.updateEdge(revised(live, edgeOverlays.show(edge.id, edge.metadata), nowMs));
      return;
    }
    const hasEnds = graph.node(edge.parent) !== undefined && graph.node(edge.child) !== undefined;
    if (!hasEnds || !this.#mayAdd()) return;
    graph.addEdge(edge);
    made.add('edge', edge.id);
  }

  status(): RuleStatus {
    return {
      rules: this.#rules.noderule.length + this.#rules.edgerule.length,
      ruleFaults: this.#faults,
      ruleReach: this.#reach,
      overlaidNodes: this.#around.fabric.overlays.size,
      overlaidEdges: this.#around.fabric.edgeOverlays.size,
    };
  }
}

function queriesOf({ noderule, edgerule }: Rules): readonly string[] {
  return [...noderule.map(({ Query }) => Query), ...edgerule.flatMap(({ Src, Dst }) => [Src, Dst])];
}

function revised<E extends GraphNode>(live: E, metadata: Metadata, nowMs: number): E {
  return { ...live, metadata, updatedAt: nowMs, revision: live.revision + 1 };
}

/** Also in the same order, because of two keys one may lie inside the other. */
function sameKeys(a: Metadata, b: Metadata): boolean {
  return Object.keys(a).join() === Object.keys(b).join() && jsonEquals(a, b);
}

/** Lets what waits for the object run. */
async function othersTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, 0);
  });
}
