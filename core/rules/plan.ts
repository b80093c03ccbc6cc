/**
 * What a fabric's rules ask for, as a whole: nodes to make, keys to set, edges to draw. Rules see each other's work (`rule-view.ts`),
 * so they are evaluated in rounds until nothing new is selected. What a rule has selected in an earlier round it keeps:
 * therefore rounds end, and the outcome does not hang on which rule came first. Every evaluation begins anew from the
 * graph without rules, so what is no longer selected loses what rules gave it (docs/design/rules.md).
 */
import { messageOf } from '../errors.ts';
import type { GraphEdge, GraphNode, Metadata } from '../graph/element.ts';
import { edgeId, uuidV5 } from '../ids.ts';
import { limits } from '../limits.ts';
import { namesOfKeys, type RuleEffects, type RuleView } from './rule-view.ts';
import type { EdgeRule, NodeRule, Rules } from './rule.ts';

/** The nodes that a query selects in a view, and the elements it looked at; throws when it cannot run. */
export type FindNodes = (
  query: string,
  view: RuleView,
) => Promise<{ readonly nodes: readonly GraphNode[]; readonly visited: number }>;

export interface RulePlan {
  readonly effects: RuleEffects;
  /** Rule UUID → what keeps it from doing what it says. */
  readonly faults: ReadonlyMap<string, string>;
  /** Rule UUID → how many nodes each of its queries selects; rules without a query are not there. */
  readonly reach: ReadonlyMap<string, RuleReach>;
  /** Elements that the queries looked at. */
  readonly visited: number;
  /** Edges left out because a rule may not make more. */
  readonly edgesCut: number;
  /** Keys left out because too much lies over their nodes. */
  readonly keysCut: number;
  /** False when rules went on selecting more after the last round. */
  readonly isSettled: boolean;
}

/** Whose the made elements are, and the time. */
export interface Maker {
  readonly origin: string;
  readonly nowMs: number;
}

type Side = 'Query' | 'Src' | 'Dst';
export type RuleReach = Readonly<Partial<Record<Side, number>>>;
const encoder = new TextEncoder();

export async function planRules(
  rules: Rules,
  view: RuleView,
  maker: Maker,
  find: FindNodes,
): Promise<RulePlan> {
  const selected = new Selected();
  const faults = new Map<string, string>();
  let visited = 0;
  let round = 0;
  let drawn = draw(rules, selected, view, maker);
  for (;;) {
    let grew = false;
    view.effects = drawn.effects;
    for (const { rule, side, query } of queriesOf(rules)) {
      try {
        const found = await find(query, view);
        visited += found.visited;
        if (selected.add(rule.UUID, side, found.nodes)) grew = true;
      } catch (error) {
        faults.set(rule.UUID, `${side}: ${messageOf(error)}`);
      }
    }
    round++;
    drawn = draw(rules, selected, view, maker);
    const isSettled = !grew || !canFeed(rules);
    if (isSettled || round === limits.ruleRoundsMax) {
      for (const [uuid, fault] of drawn.faults) if (!faults.has(uuid)) faults.set(uuid, fault);
      const { effects, edgesCut, keysCut } = drawn;
      const reach = selected.reachOf(rules);
      return { effects, faults, reach, visited, edgesCut, keysCut, isSettled };
    }
  }
}

function* queriesOf(rules: Rules): Generator<{ rule: NodeRule | EdgeRule; side: Side; query: string }> {
  for (const rule of rules.noderule)
    if (rule.Action === 'update' && rule.Query !== '') yield { rule, side: 'Query', query: rule.Query };
  for (const rule of rules.edgerule) {
    yield { rule, side: 'Src', query: rule.Src };
    yield { rule, side: 'Dst', query: rule.Dst };
  }
}

/** Whether what rules do can be seen by any of their queries: else one round is enough. */
function canFeed(rules: Rules): boolean {
  if (rules.edgerule.length > 0) return true;
  const names = namesOfKeys(
    rules.noderule.flatMap((rule) => (rule.Action === 'update' ? Object.keys(rule.Metadata ?? {}) : [])),
  );
  return rules.noderule.some((rule) => [...names].some((name) => rule.Query.includes(name)));
}

/** Node ids by rule and side, in the order in which they were found. */
class Selected {
  readonly #ids = new Map<string, Set<string>>();

  /** True when there was one among them that had not been selected yet. */
  add(uuid: string, side: Side, nodes: readonly GraphNode[]): boolean {
    const key = `${uuid} ${side}`;
    const ids = this.#ids.get(key) ?? new Set<string>();
    this.#ids.set(key, ids);
    const before = ids.size;
    for (const node of nodes) ids.add(node.id);
    return ids.size > before;
  }

  of(uuid: string, side: Side): ReadonlySet<string> {
    return this.#ids.get(`${uuid} ${side}`) ?? NO_IDS;
  }

  reachOf(rules: Rules): ReadonlyMap<string, RuleReach> {
    const reach = new Map<string, RuleReach>();
    for (const { rule, side } of queriesOf(rules))
      reach.set(rule.UUID, { ...reach.get(rule.UUID), [side]: this.of(rule.UUID, side).size });
    return reach;
  }
}

const NO_IDS: ReadonlySet<string> = new Set();

interface Drawn {
  readonly effects: RuleEffects;
  readonly faults: ReadonlyMap<string, string>;
  readonly edgesCut: number;
  readonly keysCut: number;
}

/** Where two rules want different things the older one gets it. */
function draw(rules: Rules, selected: Selected, view: RuleView, maker: Maker): Drawn {
  const faults = new Map<string, string>();
  const nodes = new Map<string, GraphNode>();
  for (const rule of rules.noderule) {
    if (rule.Action !== 'create') continue;
    const node = madeNode(rule, maker);
    if (nodes.has(node.id)) faults.set(rule.UUID, 'an older rule makes a node of this Type and Name');
    else if (view.liveNode(node.id) !== undefined) faults.set(rule.UUID, 'Node ID conflict');
    else nodes.set(node.id, node);
  }
  const { keys, keysCut } = drawKeys(rules.noderule, selected, faults);
  const { edges, edgesCut } = drawEdges(rules.edgerule, selected, maker, faults);
  return { effects: { nodes, keys, edges }, faults, edgesCut, keysCut };
}

function madeNode(rule: NodeRule, maker: Maker): GraphNode {
  const metadata = rule.Metadata ?? {};
  const [type, name] = [textOf(metadata, 'Type'), textOf(metadata, 'Name')];
  const id = uuidV5(`${type}/${name}`);
  const probe = type === 'fabric' ? { Probe: 'fabric' } : {};
  return made(id, { ...metadata, TID: id, ...probe }, maker);
}

/** Rules were checked to have it. */
function textOf(metadata: Metadata, key: string): string {
  const value = metadata[key];
  return typeof value === 'string' ? value : '';
}

function made(id: string, metadata: Metadata, { origin, nowMs }: Maker): GraphNode {
  return {
    id,
    metadata,
    host: '',
    origin,
    createdAt: nowMs,
    updatedAt: nowMs,
    deletedAt: null,
    revision: 1,
  };
}

function drawKeys(
  rules: readonly NodeRule[],
  selected: Selected,
  faults: Map<string, string>,
): { keys: ReadonlyMap<string, Metadata>; keysCut: number } {
  const over = new Map<string, { rules: NodeRule[]; bytes: number }>();
  let keysCut = 0;
  for (const rule of rules) {
    if (rule.Action !== 'update' || rule.Metadata === null) continue;
    const bytes = encoder.encode(JSON.stringify(rule.Metadata)).length;
    for (const id of selected.of(rule.UUID, 'Query')) {
      const node = over.get(id) ?? { rules: [], bytes: 0 };
      over.set(id, node);
      if (node.bytes + bytes > limits.overlayBytesMax) {
        keysCut += Object.keys(rule.Metadata).length;
        faults.set(rule.UUID, `rules set more than ${limits.overlayBytesMax} bytes on one node`);
        continue;
      }
      node.bytes += bytes;
      node.rules.push(rule);
    }
  }
  // Nodes on which the same rules lie share one object.
  const together = new Map<string, Metadata>();
  const keys = new Map<string, Metadata>();
  for (const [id, node] of over) {
    const which = node.rules.map((rule) => rule.UUID).join();
    const metadata = together.get(which) ?? keysOf(node.rules);
    together.set(which, metadata);
    keys.set(id, metadata);
  }
  return { keys, keysCut };
}

/** The newest rule first, so that the keys of the oldest are set last and stay. */
function keysOf(rules: readonly NodeRule[]): Metadata {
  const keys = new Map<string, Metadata[string]>();
  for (const rule of rules.toReversed())
    for (const [key, value] of Object.entries(rule.Metadata ?? {})) {
      keys.delete(key);
      keys.set(key, value);
    }
  return Object.fromEntries(keys);
}

function drawEdges(
  rules: readonly EdgeRule[],
  selected: Selected,
  maker: Maker,
  faults: Map<string, string>,
): { edges: ReadonlyMap<string, GraphEdge>; edgesCut: number } {
  const edges = new Map<string, GraphEdge>();
  let edgesCut = 0;
  for (const rule of rules) {
    const metadata = rule.Metadata ?? {};
    const relationType = textOf(metadata, 'RelationType');
    const [parents, children] = [selected.of(rule.UUID, 'Src'), selected.of(rule.UUID, 'Dst')];
    if (parents.size === 0 || children.size === 0)
      faults.set(rule.UUID, 'Source or Destination node not found');
    const pairs = parents.size * children.size;
    let looked = 0;
    for (const parent of parents) {
      if (looked >= limits.ruleEdgesMax) break;
      for (const child of children) {
        if (looked++ >= limits.ruleEdgesMax) break;
        if (parent === child) continue;
        const id = edgeId(parent, child, relationType);
        if (!edges.has(id)) edges.set(id, { ...made(id, metadata, maker), parent, child });
      }
    }
    if (pairs > limits.ruleEdgesMax) {
      edgesCut += pairs - limits.ruleEdgesMax;
      faults.set(rule.UUID, `${pairs} edges; only ${limits.ruleEdgesMax} of them are made`);
    }
  }
  return { edges, edgesCut };
}
