/** What rules ask for: with real queries on a real graph, chains, loops and collisions among them. */
import { describe, expect, test } from 'vitest';
import type { GraphEdge, GraphNode, Metadata } from '../../../core/graph/element.ts';
import { Graph } from '../../../core/graph/graph.ts';
import { Overlays } from '../../../core/graph/overlays.ts';
import { parseQuery, runQuery } from '../../../core/gremlin/gremlin.ts';
import { edgeId, uuidV5 } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { planRules, type RulePlan } from '../../../core/rules/plan.ts';
import { namesOfKeys, RuleView } from '../../../core/rules/rule-view.ts';
import type { EdgeRule, NodeRule } from '../../../core/rules/rule.ts';

const RULES = 'analyzer.here';
const times = { createdAt: 1, updatedAt: 1, deletedAt: null, revision: 1 };

function node(id: string, metadata: Metadata = {}, origin = 'agent.h'): GraphNode {
  return { id, metadata: { Name: id, Type: 'device', ...metadata }, host: 'h', origin, ...times };
}
function edge(parent: string, child: string, origin = 'agent.h'): GraphEdge {
  return { ...node(`${parent}-${child}`, {}, origin), metadata: { RelationType: 'layer2' }, parent, child };
}

let lastUuid = 0;
function update(Query: string, keys: Metadata): NodeRule {
  return { UUID: `u${++lastUuid}`, Name: '', Description: '', Metadata: keys, Action: 'update', Query };
}
function create(metadata: Metadata): NodeRule {
  return {
    UUID: `u${++lastUuid}`,
    Name: '',
    Description: '',
    Metadata: metadata,
    Action: 'create',
    Query: '',
  };
}
function join(Src: string, Dst: string, RelationType = 'layer2'): EdgeRule {
  return { UUID: `u${++lastUuid}`, Name: '', Description: '', Src, Dst, Metadata: { RelationType } };
}

interface World {
  readonly nodes?: readonly GraphNode[];
  readonly edges?: readonly GraphEdge[];
  readonly overlays?: Overlays;
}

let evaluations = 0;
function idsOfMade(elements: readonly GraphNode[]): Set<string> {
  return new Set(elements.filter(({ origin }) => origin === RULES).map(({ id }) => id));
}
async function plan(
  { nodes = [], edges = [], overlays = new Overlays([]) }: World,
  ...rules: readonly (NodeRule | EdgeRule)[]
): Promise<RulePlan> {
  const graph = new Graph();
  for (const each of nodes) graph.addNode(each);
  for (const each of edges) graph.addEdge(each);
  const noderule = rules.filter((rule) => 'Action' in rule);
  const edgerule = rules.filter((rule) => 'Src' in rule);
  const view = new RuleView({
    graph,
    madeNodes: idsOfMade(nodes),
    madeEdges: idsOfMade(edges),
    isCovered: (id) => overlays.has(id),
    beneathRules: (each) => overlays.beneathRules(each),
    names: namesOfKeys(noderule.flatMap((rule) => Object.keys(rule.Metadata ?? {}))),
  });
  evaluations = 0;
  return planRules({ noderule, edgerule }, view, { origin: RULES, nowMs: 5 }, async (query, seen) => {
    evaluations++;
    const context = { graph: seen, flows: { search: () => Promise.resolve([]) }, now: () => 5 };
    const { result, cost } = await runQuery(parseQuery(query), context);
    if (result.kind === 'nodes') return { nodes: result.nodes, visited: cost.visited };
    return { nodes: result.kind === 'paths' ? result.paths.flat() : [], visited: cost.visited };
  });
}
const keysOf = (given: RulePlan): Record<string, Metadata> => Object.fromEntries(given.effects.keys);
const linksOf = (given: RulePlan): string[] =>
  [...given.effects.edges.values()].map(({ parent, child }) => `${parent}>${child}`);

describe('planRules', () => {
  test('sets keys on what a query selects, in one round when nothing can feed back', async () => {
    const planned = await plan(
      { nodes: [node('a'), node('b')] },
      update("G.V().Has('Name','a')", { Color: 'red' }),
    );
    expect(keysOf(planned)).toEqual({ a: { Color: 'red' } });
    expect(planned).toMatchObject({ isSettled: true, edgesCut: 0, keysCut: 0 });
    expect(planned.faults.size).toBe(0);
    expect(evaluations).toBe(1);
  });

  test('counts what each query of a rule selects', async () => {
    const [set, made, drawn] = [
      update("G.V().Has('Name',Within('a','b'))", { Color: 'red' }),
      create({ Name: 'x', Type: 'host' }),
      join("G.V().Has('Name','a')", "G.V().Has('Name','nobody')"),
    ];
    const { reach } = await plan({ nodes: [node('a'), node('b'), node('c')] }, set, made, drawn);
    expect(Object.fromEntries(reach)).toEqual({ [set.UUID]: { Query: 2 }, [drawn.UUID]: { Src: 1, Dst: 0 } });
  });

  test('rules see what other rules set, whichever comes first', async () => {
    const rules = [
      update("G.V().Has('Team','core')", { Page: 'yes' }),
      update("G.V().Has('Color','red')", { Team: 'core' }),
      update("G.V().Has('Name','a')", { Color: 'red' }),
    ];
    const wanted = { a: { Page: 'yes', Team: 'core', Color: 'red' } };
    expect(keysOf(await plan({ nodes: [node('a'), node('b')] }, ...rules))).toEqual(wanted);
    expect(keysOf(await plan({ nodes: [node('a'), node('b')] }, ...rules.toReversed()))).toEqual(wanted);
  });

  test('a rule that ends its own condition keeps what it selected, and settles', async () => {
    const world = { nodes: [node('a'), node('b', { Color: 'blue' })] };
    const planned = await plan(world, update("G.V().HasNot('Color')", { Color: 'red' }));
    expect(keysOf(planned)).toEqual({ a: { Color: 'red' } });
    expect(planned.isSettled).toBe(true);
  });

  test('two rules that end each other’s condition both get what they first selected', async () => {
    const planned = await plan(
      { nodes: [node('a')] },
      update("G.V().HasNot('B')", { A: 1 }),
      update("G.V().HasNot('A')", { B: 1 }),
    );
    expect(keysOf(planned)).toEqual({ a: { A: 1, B: 1 } });
    expect(planned.isSettled).toBe(true);
  });

  test('what rules set before does not count: the evaluation begins beneath it', async () => {
    const overlays = new Overlays([]);
    const shown = overlays.lay(
      'a',
      { Name: 'a', Type: 'device' },
      { edits: [{ path: ['Note'], value: 'n' }], rules: { Color: 'red' } },
    );
    const world = { nodes: [{ ...node('a'), metadata: shown }], overlays };
    expect(keysOf(await plan(world, update("G.V().Has('Color','red')", { Team: 'x' })))).toEqual({});
    expect(keysOf(await plan(world, update("G.V().HasNot('Color')", { Color: 'red' })))).toEqual({
      a: { Color: 'red' },
    });
    // What people set is no rule's doing.
    expect(keysOf(await plan(world, update("G.V().Has('Note','n')", { Team: 'x' })))).toEqual({
      a: { Team: 'x' },
    });
  });

  test('of two rules with one key the older has its way', async () => {
    const older = update('G.V()', { Color: 'red', Room: 1 });
    const newer = update("G.V().Has('Name','a')", { Color: 'blue', Floor: 2, 'Labels.x': 1 });
    const planned = await plan({ nodes: [node('a'), node('b')] }, older, newer);
    expect(keysOf(planned)).toEqual({
      a: { Color: 'red', Room: 1, Floor: 2, 'Labels.x': 1 },
      b: { Color: 'red', Room: 1 },
    });
    expect(Object.keys(keysOf(planned)['a']!)).toEqual(['Floor', 'Labels.x', 'Color', 'Room']);
  });

  test('a made node has the id, TID and origin that the reference gives it, and other rules see it', async () => {
    const planned = await plan(
      { nodes: [node('eth0')] },
      create({ Name: 'TOR1', Type: 'fabric', Rack: 7 }),
      update("G.V().Has('Name','TOR1')", { Room: 'B' }),
      join("G.V().Has('Name','TOR1')", "G.V().Has('Name','eth0')"),
    );
    const id = uuidV5('fabric/TOR1');
    expect(planned.effects.nodes.get(id)).toMatchObject({
      metadata: { Name: 'TOR1', Type: 'fabric', Rack: 7, TID: id, Probe: 'fabric' },
      host: '',
      origin: RULES,
    });
    expect(keysOf(planned)).toEqual({ [id]: { Room: 'B' } });
    expect(linksOf(planned)).toEqual([`${id}>eth0`]);
    expect([...planned.effects.edges.keys()]).toEqual([edgeId(id, 'eth0', 'layer2')]);
  });

  test('an id that is taken, and a second rule for one node, are told', async () => {
    const [first, second] = [create({ Name: 'x', Type: 'y' }), create({ Name: 'x', Type: 'y', Other: 1 })];
    const planned = await plan({}, first, second);
    expect(planned.effects.nodes.size).toBe(1);
    expect([...planned.faults]).toEqual([[second.UUID, 'an older rule makes a node of this Type and Name']]);
    const taken = await plan({ nodes: [node(uuidV5('y/x'))] }, first);
    expect(taken.effects.nodes.size).toBe(0);
    expect([...taken.faults]).toEqual([[first.UUID, 'Node ID conflict']]);
  });

  test('joins every match with every match, once, and nothing with itself', async () => {
    const planned = await plan(
      { nodes: [node('a'), node('b'), node('c')] },
      join("G.V().Has('Name', Within('a','b'))", 'G.V()'),
      join("G.V('a')", "G.V('b')"),
    );
    expect(linksOf(planned)).toEqual(['a>b', 'a>c', 'b>a', 'b>c']);
  });

  test('edges of rules are walked by other rules; edges made before are not', async () => {
    const old = { ...edge('b', 'c', RULES), id: 'old' };
    const world = { nodes: [node('a'), node('b'), node('c')], edges: [old] };
    const planned = await plan(
      world,
      update("G.V().Has('Name','a').Out().Out()", { Far: true }),
      update("G.V().Has('Name','a').Out()", { Near: true }),
      join("G.V('a')", "G.V('b')"),
    );
    expect(keysOf(planned)).toEqual({ b: { Near: true } });
  });

  test('an edge that hangs on a node which rules no longer make is not walked', async () => {
    const gone = node('gone', {}, RULES);
    const world = { nodes: [node('a'), gone, node('c')], edges: [edge('a', 'gone'), edge('gone', 'c')] };
    const planned = await plan(
      world,
      update("G.V('a').Both()", { K: 1 }),
      update("G.V('a').Out().Out()", { L: 1 }),
    );
    expect(keysOf(planned)).toEqual({});
  });

  test('a query that fails is told and disturbs no other', async () => {
    const bad = update("G.V('nosuch')", { K: 1 });
    const planned = await plan({ nodes: [node('a')] }, bad, update('G.V()', { L: 1 }));
    expect(planned.faults.get(bad.UUID)).toMatch(/^Query: Node 'nosuch' does not exist/);
    expect(keysOf(planned)).toEqual({ a: { L: 1 } });
  });

  test('an edge rule without matches says so', async () => {
    const rule = join("G.V().Has('Name','x')", 'G.V()');
    const planned = await plan({ nodes: [node('a')] }, rule);
    expect([...planned.faults]).toEqual([[rule.UUID, 'Source or Destination node not found']]);
  });

  test('a chain longer than the rounds ends and is told', async () => {
    // Each rule marks the next node of a line: one more round for each.
    const length = limits.ruleRoundsMax + 4;
    const names = Array.from({ length }, (_, at) => `n${at}`);
    const world = {
      nodes: names.map((name) => node(name)),
      edges: names.slice(1).map((name, at) => edge(names[at]!, name)),
    };
    const planned = await plan(
      world,
      update("G.V('n0')", { Mark: 1 }),
      update("G.V().Has('Mark',1).Out()", { Mark: 1 }),
    );
    expect(planned.isSettled).toBe(false);
    expect(planned.effects.keys.size).toBe(limits.ruleRoundsMax);
    expect(evaluations).toBe(2 * limits.ruleRoundsMax);
  });

  test('too many edges and too many bytes are cut, counted and told', async () => {
    const nodes = Array.from({ length: 120 }, (_, at) => node(`n${at}`));
    const rule = join('G.V()', 'G.V()');
    const planned = await plan({ nodes }, rule);
    expect(planned.effects.edges.size).toBeLessThanOrEqual(limits.ruleEdgesMax);
    expect(planned.edgesCut).toBe(120 * 120 - limits.ruleEdgesMax);
    expect(planned.faults.get(rule.UUID)).toBe(`14400 edges; only ${limits.ruleEdgesMax} of them are made`);

    const large = Array.from({ length: 5 }, (_, at) => update('G.V()', { [`k${at}`]: 'x'.repeat(65_000) }));
    const cut = await plan({ nodes: [node('a')] }, ...large);
    expect(Object.keys(keysOf(cut)['a']!).toSorted()).toEqual(['k0', 'k1', 'k2', 'k3']);
    expect(cut.keysCut).toBe(1);
    expect([...cut.faults.keys()]).toEqual([large[4]!.UUID]);
  });
});
