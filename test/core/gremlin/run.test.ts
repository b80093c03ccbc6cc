import { array, assert, asyncProperty, constantFrom, integer, oneof, record, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../core/graph/element.ts';
import { FrozenGraph } from '../../../core/graph/frozen-graph.ts';
import { RevisionStore } from '../../../core/graph/history.ts';
import type { QueryContext } from '../../../core/gremlin/context.ts';
import { parseQuery, runQuery } from '../../../core/gremlin/gremlin.ts';
import { limits } from '../../../core/limits.ts';
import { contextOf, edge, errorOf, graphOf, ids, json, node, NOW_MS, run } from './world.ts';

const HOST = graphOf(
  [
    node('host', { Name: 'h1', Type: 'host', TID: 't-host' }),
    node('eth0', { Name: 'eth0', Type: 'device', MTU: 1500, Tags: ['a', 'b'], Speed: 2.5 }),
    node('eth1', { Name: 'eth1', Type: 'device', MTU: '9000', Up: true }),
    node('ns', { Name: 'ns', Type: 'netns' }),
    node('10', { Name: '10', Type: 'veth', MTU: 900 }),
  ],
  [edge('host', 'eth0'), edge('host', 'eth1'), edge('host', 'ns'), edge('ns', '10')],
);
const context = contextOf(HOST);

describe('runQuery', () => {
  it('answers the same query twice with the same, because it changes nothing', async () => {
    const query = parseQuery("G.V().Limit(3).Has('Type','device').Sort(DESC,'Name').Limit(1)");
    const first = await runQuery(query, context);
    expect(await runQuery(query, context)).toEqual(first);
  });

  it('keeps the order in which nodes were added', async () => {
    expect(await ids(context, 'G.V()')).toEqual(['host', 'eth0', 'eth1', 'ns', '10']);
  });

  it('limits first when Limit is written first', async () => {
    expect(await ids(context, "G.V().Limit(2).Has('Type','device')")).toEqual(['eth0']);
    expect(await ids(context, "G.V().Has('Type','device').Limit(1)")).toEqual(['eth0']);
    expect(await ids(context, "G.V('host').Out().Limit(1).Has('Type','netns')")).toEqual([]);
  });

  it('counts after Dedup, As and Select', async () => {
    expect(await ids(context, "G.V().Dedup('Type').Limit(3)")).toEqual(['host', 'eth0', 'ns']);
    expect(await ids(context, "G.V().As('a').Limit(2)")).toEqual(['host', 'eth0']);
    expect(await ids(context, "G.V().As('a').Select('a','a').Range(4,7)")).toEqual(['10', 'host', 'eth0']);
    expect(await json(context, "G.V().Values('Type').Dedup().Limit(2)")).toEqual(['host', 'device']);
  });

  it('returns stored values, not what they convert to', async () => {
    expect(await json(context, "G.V().Values('MTU')")).toEqual([1500, '9000', 900]);
    expect(await json(context, "G.V().ValueMap('Up','Speed')")).toEqual([{ Speed: 2.5 }, { Up: true }]);
  });

  it('sorts numbers before texts and leaves what is missing last, both ways', async () => {
    expect(await ids(context, "G.V().Sort('MTU')")).toEqual(['10', 'eth0', 'eth1', 'host', 'ns']);
    expect(await ids(context, "G.V().Sort(DESC,'MTU')")).toEqual(['eth1', 'eth0', '10', 'host', 'ns']);
    expect(await ids(context, "G.V().Sort('Name')")).toEqual(['10', 'eth0', 'eth1', 'host', 'ns']);
    expect(await ids(context, 'G.V().Sort(DESC, "@CreatedAt").Limit(1)')).toEqual(['10']);
  });

  it('gives a live element no time of deletion', async () => {
    expect(await json(context, "G.V().Values('@DeletedAt')")).toBe(null);
    expect(await ids(context, "G.V().HasKey('@DeletedAt')")).toEqual([]);
  });

  it('anchors every alternative of a regular expression', async () => {
    expect(await ids(context, "G.V().Has('Name', Regex('eth|ns'))")).toEqual(['ns']);
    expect(await ids(context, "G.V().Has('Name', Regex('eth.|ns'))")).toEqual(['eth0', 'eth1', 'ns']);
  });

  it('reads a backslash at the end of an expression and an open \\Q, on nodes and on flows', async () => {
    const odd = contextOf(graphOf([node('a', { Name: 'a$' }), node('b', { Name: 'a.b' })]));
    expect(await ids(odd, "G.V().Has('Name', Regex('a\\'))")).toEqual(['a']);
    expect(await ids(odd, "G.V().Has('Name', Regex('\\Qa.b'))")).toEqual(['b']);
    expect(await ids(odd, "G.Flows().Has('UUID', Regex('fd00.*\\'))")).toEqual([]);
    expect(await ids(odd, "G.Flows().Has('UUID', Regex('\\Qa'))")).toEqual([]);
  });

  it('takes the two sides of Outside as alternatives', async () => {
    expect(await ids(context, "G.V().Has('MTU', Outside(900, 1500))")).toEqual(['eth1']);
    expect(await ids(context, "G.V().Has('MTU', Outside(901, 1499))")).toEqual(['eth0', 'eth1', '10']);
  });

  it('treats edges like nodes', async () => {
    expect(await json(context, "G.E().Values('RelationType').Dedup()")).toEqual(['ownership']);
    expect(await ids(context, "G.E().Sort(DESC,'Child').Limit(1)")).toEqual(['host>ns']);
    expect(await ids(context, "G.E().HasKey('Parent').Has('Child','10')")).toEqual(['ns>10']);
    expect(await json(context, 'G.E().Keys()')).toContain('Parent');
  });

  it('remembers nodes on the traversal, and forgets them on a sub-graph', async () => {
    expect(await ids(context, "G.V('host').As('h').G.V('ns').Select('h')")).toEqual(['host']);
    expect((await errorOf(context, "G.V().As('h').SubGraph().V().Select('h')")).message).toBe(
      "Key h not registered. Need to be registered using 'As' step",
    );
  });

  it('takes each node once into a sub-graph', async () => {
    const result = await run(context, "G.V('host').Out().In().SubGraph()");
    expect(result.kind === 'graph' && [...result.graph.nodes()].map((one) => one.id)).toEqual(['host']);
  });

  it('refuses ranges that are no integers, and yields nothing for empty ones', async () => {
    expect((await errorOf(context, "G.V().Limit('a')")).message).toBe('a is not an integer');
    expect((await errorOf(context, 'G.V().Range(0,1.5)')).message).toBe('%!s(float64=1.5) is not an integer');
    expect(await ids(context, 'G.V().Range(4,2)')).toEqual([]);
    expect(await ids(context, 'G.V().Limit(-1)')).toEqual([]);
    expect(await ids(context, 'G.V().Range(-2,1)')).toEqual(['host']);
  });

  it('says where in the text an error comes from', async () => {
    const error = await errorOf(context, "G.V().Has('Name', Regex('^a'))");
    expect([error.stage, error.code, error.offset]).toEqual(['exec', 'bad-predicate', 24]);
  });
});

describe('indexes', () => {
  const value = oneof(
    constantFrom<Json>('a', 'b', '', 7, true, null),
    array(constantFrom<Json>('a', 'b', 7), { maxLength: 2 }),
  );

  it('find the same nodes in the same order as looking at each of them', async () => {
    const metadata = record({ Name: value, Type: value, MAC: value }, { requiredKeys: [] });
    const pair = tuple(
      constantFrom('Name', 'Metadata.Type', 'MAC', '@Host', '@ID'),
      constantFrom('a', 'b', '', 'n1'),
    );
    await assert(
      asyncProperty(array(tuple(metadata, metadata), { maxLength: 8 }), pair, async (all, [key, text]) => {
        const nodes = all.map(([first], i) => node(`n${i}`, first, { host: i % 2 === 0 ? 'a' : 'b' }));
        const graph = graphOf(nodes);
        for (const [i, [, second]] of all.entries())
          if (i % 3 === 0) graph.updateNode({ ...nodes[i]!, metadata: second });
        const plain = new FrozenGraph(graph.nodes(), []);
        const query = `G.V().Has('${key}','${text}')`;
        expect(await ids(contextOf(graph), query)).toEqual(await ids(contextOf(plain), query));
      }),
    );
  });

  it('spare looking at the other nodes', async () => {
    const many = graphOf(Array.from({ length: 500 }, (_, i) => node(`n${i}`, { Name: `eth${i}` })));
    const { cost } = await runQuery(parseQuery("G.V().Has('Name','eth7')"), contextOf(many));
    expect(cost.visited).toBeLessThan(5);
  });
});

describe('paths and trees', () => {
  /** A ring of n nodes in which each owns the next. */
  function ring(n: number): QueryContext {
    const nodes = Array.from({ length: n }, (_, i) =>
      node(`n${i}`, { Name: `n${i}`, Kind: i % 10 === 5 ? 'goal' : 'x' }),
    );
    return contextOf(
      graphOf(
        nodes,
        nodes.map((_, i) => edge(`n${i}`, `n${(i + 1) % n}`)),
      ),
    );
  }

  it('go round a ring once, however often it could be gone round', async () => {
    expect(await ids(ring(5), "G.V('n3').Descendants(0)")).toEqual(['n3', 'n4', 'n0', 'n1', 'n2']);
    expect(await ids(ring(5), "G.V('n3').Ascendants(2)")).toEqual(['n3', 'n2', 'n1']);
    expect(await ids(ring(5), "G.V('n3').Neighbors(1)")).toEqual(['n3', 'n4', 'n2']);
  });

  it('cost what the graph has, not what its ways are: a ladder of diamonds', async () => {
    const steps = 60;
    const nodes = [node('d0', {})];
    const edges = [];
    for (let i = 0; i < steps; i++) {
      for (const side of ['a', 'b']) {
        nodes.push(node(`${side}${i}`, {}));
        edges.push(edge(`d${i}`, `${side}${i}`));
      }
      nodes.push(node(`d${i + 1}`, {}));
      for (const side of ['a', 'b']) edges.push(edge(`${side}${i}`, `d${i + 1}`));
    }
    const { cost, result } = await runQuery(
      parseQuery("G.V('d0').Descendants(0)"),
      contextOf(graphOf(nodes, edges)),
    );
    expect(result.kind === 'nodes' && result.nodes.length).toBe(nodes.length);
    expect(cost.visited).toBeLessThan(5 * nodes.length);
  });

  it('end a chain deeper than the bound with an error that names it', async () => {
    const error = await errorOf(ring(limits.queryDepthMax + 10), "G.V('n0').Descendants(0)");
    expect([error.code, error.message]).toEqual([
      'limit',
      `Descendants goes deeper than ${limits.queryDepthMax} (queryDepthMax)`,
    ]);
  });

  it('lead to the nearest of several targets, for all inputs with one search', async () => {
    const context = ring(100);
    const result = await run(context, "G.V('n11').ShortestPathTo(Metadata('Kind','goal'))");
    expect(result.kind === 'paths' && result.paths.map((path) => path.map((one) => one.id))).toEqual([
      ['n11', 'n12', 'n13', 'n14', 'n15'],
    ]);
    const { cost } = await runQuery(
      parseQuery("G.V().ShortestPathTo(Metadata('Kind','goal')).Count()"),
      context,
    );
    expect(cost.visited).toBeLessThan(1000);
  });

  it('take predicates for targets and for edges', async () => {
    const result = await json(
      context,
      "G.V('10').ShortestPathTo(Metadata('Name',Regex('h.*')), Metadata('RelationType',Ne('layer2'))).Count()",
    );
    expect(result).toBe(1);
  });

  it('are as short as ring by ring search says, whatever the graph', async () => {
    const link = tuple(integer({ min: 0, max: 9 }), integer({ min: 0, max: 9 }));
    await assert(
      asyncProperty(array(link, { maxLength: 15 }), async (links) => {
        const nodes = Array.from({ length: 10 }, (_, i) => node(`n${i}`, { Goal: i < 2 ? 'yes' : 'no' }));
        const edges = links.map(([a, b], i) => ({ ...edge(`n${a}`, `n${b}`), id: `e${i}` }));
        const result = await run(
          contextOf(graphOf(nodes, edges)),
          "G.V().ShortestPathTo(Metadata('Goal','yes'))",
        );
        const found = new Map(
          result.kind === 'paths' ? result.paths.map((path) => [path[0]!.id, path.length] as const) : [],
        );
        let reached = new Set(['n0', 'n1']);
        for (let length = 1; length <= 10; length++) {
          for (const id of reached) expect(found.get(id)).toBeLessThanOrEqual(length);
          for (const [id, own] of found) if (own === length) expect(reached).toContain(id);
          const next = new Set(reached);
          for (const [a, b] of links)
            for (const [from, to] of [
              [a, b],
              [b, a],
            ])
              if (reached.has(`n${from}`)) next.add(`n${to}`);
          reached = next;
        }
        expect(found.size).toBe(reached.size);
      }),
    );
  });
});

describe('bounds', () => {
  it('stop a query that would visit too much, naming the limit', async () => {
    const nodes = Array.from({ length: 400 }, (_, i) => node(`n${i}`, {}));
    const star = graphOf(
      nodes,
      nodes.slice(1).map((one) => edge('n0', one.id)),
    );
    const error = await errorOf(contextOf(star), `G.V()${'.Both()'.repeat(12)}.Count()`);
    expect(error.code).toBe('limit');
    expect(error.message).toMatch(/queryVisitsMax|queryElementsMax/);
  });

  it('match hostile expressions in linear time', async () => {
    const long = contextOf(graphOf([node('n', { Name: 'a'.repeat(20_000) })]));
    const start = Date.now();
    expect(await ids(long, "G.V().Has('Name', Regex('(a+)+b'))")).toEqual([]);
    expect(Date.now() - start).toBeLessThan(2_000);
  });

  it('refuse expressions that are too large', async () => {
    expect(
      (await errorOf(context, `G.V().Has('Name', Regex('${'a'.repeat(limits.regexCharsMax + 1)}'))`)).message,
    ).toContain('regexCharsMax');
    expect((await errorOf(context, "G.V().Has('Name', Regex('((a{0,30}b?){0,30}c){0,1000}'))")).code).toMatch(
      /bad-predicate/,
    );
  });
});

describe('the past', () => {
  const at = (seconds: number): number => 1_700_000_000_000 + seconds * 1000;
  const first = node('n', { MTU: 1 }, { createdAt: at(0), updatedAt: at(0) });
  const second = { ...first, metadata: { MTU: 2 }, updatedAt: at(100), revision: 2 };
  const gone = node('old', {}, { createdAt: at(10), updatedAt: at(10), deletedAt: at(50) });
  const store = new RevisionStore(
    [
      { element: first, archivedAt: at(100) },
      { element: second, archivedAt: null },
      { element: gone, archivedAt: at(50) },
    ],
    [
      {
        element: { ...edge('n', 'old'), createdAt: at(10), updatedAt: at(10), deletedAt: at(50) },
        archivedAt: at(50),
      },
    ],
  );
  const past: QueryContext = {
    ...context,
    history: {
      at: (slice) => store.at(slice),
      revisions: (slice, wanted) => store.revisions(slice, wanted),
    },
  };

  it('is one state at a point in time, borders included', async () => {
    expect(await json(past, "G.At(1700000099).V('n').Values('MTU')")).toEqual([1]);
    // Both belong to the moment of the change; the higher revision counts.
    expect(await json(past, "G.At(1700000100).V('n').Values('MTU')")).toEqual([2]);
    expect(await ids(past, "G.At(1700000050).V('n').Out()")).toEqual(['old']);
    expect(await ids(past, "G.At(1700000051).V('n').Out()")).toEqual([]);
  });

  it('is every revision in a slice, for one id too', async () => {
    expect(await json(past, "G.At(1700000200, 200).V('n').Values('MTU')")).toEqual([1, 2]);
    expect(await json(past, "G.At(1700000200, '3m20s').V().Count()")).toBe(3);
    expect(await ids(past, "G.At(1700000200, 200).V('old').In()")).toEqual(['n', 'n']);
    expect(await json(past, 'G.At(1700000200, 200).V().SubGraph().V().Values("MTU")')).toEqual([2]);
  });

  it('counts from now for durations and NOW', async () => {
    const back = Math.round((NOW_MS - at(60)) / 1000);
    expect(await json(past, `G.At('-${back}s').V('n').Values('MTU')`)).toEqual([1]);
    expect(await json(past, 'G.At(NOW).V().Values("MTU")')).toEqual([2]);
    expect(await json(past, 'G.At(NOW, FOREVER).V().Dedup().Count()')).toBe(2);
  });

  it('reads milliseconds above 2147483647 and RFC 1123 times', async () => {
    expect(await json(past, "G.At(1700000099000).V('n').Values('MTU')")).toEqual([1]);
    expect(await json(past, "G.At('Tue, 14 Nov 2023 22:14:59 GMT').V('n').Values('MTU')")).toEqual([1]);
    expect(await json(past, "G.At('Tue, 14 Nov 2023 22:15:00 CET').V('n').Values('MTU')")).toEqual([2]);
    expect((await errorOf(past, "G.At('Tue, 31 Feb 2023 22:15:00 GMT')")).code).toBe('bad-time');
  });

  it('is not there on sub-graphs, nor without a store', async () => {
    expect((await errorOf(past, 'G.V().SubGraph().At(NOW)')).message).toBe(
      'Backend does not support history',
    );
    expect((await errorOf(context, 'G.At(NOW)')).code).toBe('no-history');
    expect((await errorOf(past, 'G.At(NOW).Flows()')).message).toBe('No storage backend has been configured');
  });
});

describe('Workflow', () => {
  const answering = (workflow: NonNullable<QueryContext['workflow']>): QueryContext => ({
    ...context,
    workflow,
  });

  it('makes a graph of what the workflow returns', async () => {
    const given = answering((name, args) =>
      Promise.resolve({ nodes: [node(`${name}-${JSON.stringify(args)}`, {})], edges: [] }),
    );
    expect(await ids(given, "G.Workflow('check', 'a', 1, true).V()")).toEqual(['check-["a",1,true]']);
  });

  it('tells an unknown one from one that failed', async () => {
    expect((await errorOf(context, "G.Workflow('x')")).message).toBe("Unknown workflow 'x");
    const failing = answering(() => Promise.reject(new Error('boom')));
    expect((await errorOf(failing, "G.Workflow('x')")).message).toBe('error while executing workflow: boom');
  });
});
