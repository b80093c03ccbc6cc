/** What the language has beyond the reference (docs/gremlin.md): nested traversals, tables of groups, and the rest. */
import { describe, expect, it } from 'vitest';
import { createFlow, createFlowLayer, createFlowMetric, FlowProtocol } from '../../../proto/gen/flow.ts';
import type { FlowSearch } from '../../../core/flow/search.ts';
import { parseQuery, runQuery } from '../../../core/gremlin/gremlin.ts';
import { limits } from '../../../core/limits.ts';
import { contextOf, edge, errorOf, graphOf, ids, json, node, NOW_MS } from './world.ts';

const GRAPH = graphOf(
  [
    node('host', { Name: 'h1', Type: 'host' }),
    node('br', { Name: 'br0', Type: 'bridge', TID: 't-br', MAC: 'bb', Speed: 1000 }),
    node('v1', { Name: 'vm1-eth0', Type: 'veth', TID: 't-1', MAC: 'aa:01', MTU: 1500, Speed: 10 }),
    node('v2', { Name: 'vm2-eth0', Type: 'veth', TID: 't-2', MAC: 'aa:02', MTU: 9000, Speed: 2.5 }),
    node('n1', { Name: 'vm1', Type: 'netns' }),
    node('e1', {
      Name: 'eth0',
      Type: 'veth',
      TID: 't-e',
      MAC: ['ee', 'ef'],
      Captures: [{ ID: 'c-1', Name: 'web' }],
    }),
  ],
  [
    edge('host', 'br'),
    edge('host', 'v1'),
    edge('host', 'v2'),
    edge('host', 'n1'),
    edge('n1', 'e1'),
    edge('br', 'v1', { RelationType: 'layer2' }),
    edge('br', 'v2', { RelationType: 'layer2' }),
    edge('v1', 'e1', { RelationType: 'layer2' }),
  ],
);

const flow = (id: string, tid: string, a: string, b: string, bytes: number, capture: string) =>
  createFlow({
    UUID: id,
    NodeTID: tid,
    CaptureID: capture,
    Application: bytes > 50 ? 'TCP' : 'DNS',
    Last: NOW_MS - bytes * 1000,
    Link: createFlowLayer({ Protocol: FlowProtocol.ETHERNET, A: 'aa:01', B: 'ee' }),
    Network: createFlowLayer({ Protocol: FlowProtocol.IPV4, A: a, B: b }),
    Metric: createFlowMetric({ ABBytes: bytes, BABytes: 1, ABPackets: 2, Start: 5, Last: 9, RTT: 3 }),
  });
const FLOWS = [
  flow('f1', 't-1', '10.0.0.1', '10.0.0.2', 100, 'c-1'),
  flow('f2', 't-1', '10.0.0.1', '10.0.0.3', 10, 'c-2'),
  flow('f3', 't-e', '10.0.0.9', '10.0.0.2', 60, 'c-1'),
  flow('f4', 't-gone', '10.0.0.1', '10.0.0.2', 1, 'c-old'),
];
const searches: FlowSearch[] = [];
const context = {
  ...contextOf(GRAPH, FLOWS, searches),
  captures: () => [{ id: 'c-2', name: 'dns' }],
};

describe('Or, And, Not', () => {
  it.each<[string, readonly string[]]>([
    ["G.V().Or(Has('Type','bridge'), Has('Type','netns'))", ['br', 'n1']],
    ["G.V().Or(Has('Type','netns') Has('Type','bridge'))", ['br', 'n1']],
    ["G.V().Or(__.Has('Type','netns'), __.Out('Type','netns'))", ['host', 'n1']],
    ["G.V().Not(Has('Type','veth'))", ['host', 'br', 'n1']],
    ["G.V().And(Has('Type','veth'), Not(In('Type','netns')))", ['v1', 'v2']],
    ["G.V().Not(Out('Type','netns')).Has('Type','host')", []],
    [
      "G.V().Has('Type','veth').Or(Has('MTU', Gt(1500)).Has('Name', Contains('vm2')), In('Name','vm1'))",
      ['v2', 'e1'],
    ],
    // Several steps: a veth whose bridge has another port with a large MTU.
    ["G.V().And(InE('RelationType','layer2').InV().Has('Type','bridge').Out('MTU', 9000))", ['v1', 'v2']],
    ['G.V().Not(Both())', []],
    ['G.V().And(Both().Limit(0))', []],
    ["G.V().And(Descendants(2).Has('Name','eth0'))", ['host', 'n1', 'e1']],
    ["G.V().Or(Values('Captures'))", ['e1']],
    ["G.V().And(Out().Or(Has('Type','bridge'), Has('Name','eth0')))", ['host', 'v1', 'n1']],
  ])('%s', async (text, expected) => {
    expect(await ids(context, text)).toEqual(expected);
  });

  it('filters edges', async () => {
    expect(await ids(context, "G.E().Or(OutV().Has('Name','eth0'), InV('Type','bridge'))")).toEqual([
      'n1>e1',
      'br>v1',
      'br>v2',
      'v1>e1',
    ]);
    expect(await ids(context, "G.E().Not(Has('RelationType','ownership')).Has('Parent','v1')")).toEqual([
      'v1>e1',
    ]);
  });

  it('asks once for the flows of all nodes', async () => {
    searches.length = 0;
    expect(await ids(context, "G.V().Has('Type','veth').Not(Flows())")).toEqual(['v2']);
    expect(await ids(context, "G.V().And(Has('Type','veth'), Flows().Has('Application','DNS'))")).toEqual([
      'v1',
    ]);
    expect(searches).toHaveLength(2);
  });

  it.each<[string, readonly string[]]>([
    ["G.Flows().Or(Has('Network','10.0.0.9'), Has('Application','DNS'))", ['f3', 'f2', 'f4']],
    ["G.Flows().Not(Has('Network','10.0.0.2'))", ['f2']],
    ["G.Flows().And(Has('Network.A','10.0.0.1'), Not(CaptureNode()))", ['f4']],
    ["G.Flows().Or(CaptureNode('Name', Contains('eth0')).In('Type','netns'))", ['f3']],
    ["G.Flows().Not(Out('Name','eth0'))", []],
    ["G.Flows().And(In('Name','vm1-eth0'), Has('Metric.ABBytes', Gt(50)))", ['f1', 'f3']],
    ["G.Flows().Not(Hops('Name','nope')).Limit(2)", ['f1', 'f3']],
  ])('%s', async (text, expected) => {
    expect(await ids(context, text)).toEqual(expected);
  });

  it.each([
    ['G.V().Or(Count())', 'Count cannot stand inside Or'],
    ["G.V().Or(As('a'))", 'As cannot stand inside Or'],
    ['G.V().Not(Out().Flows())', 'Flows inside Not has to begin its traversal and to follow nodes'],
    ['G.V().Not(Out().Not(Flows()))', 'Flows inside Not has to begin its traversal and to follow nodes'],
    ['G.V().Not(Flows().Limit(1))', 'Limit cannot stand inside Not'],
    ['G.E().Or(Flows())', 'Flows inside Or has to begin its traversal and to follow nodes'],
    ["G.V().Or(ShortestPathTo(Metadata('a','b')))", 'ShortestPathTo cannot stand inside Or'],
    ['G.V().Or(InV())', 'Error while executing the query'],
    ['G.Flows().Or(Out().Metrics())', 'Metrics cannot stand inside Or'],
    ['G.Or(Has(1))', 'Error while executing the query'],
  ])('%s is refused: %s', async (text, message) => {
    expect((await errorOf(context, text)).message).toBe(message);
  });

  it('does not cost more than the ways it goes', async () => {
    const many = graphOf(
      Array.from({ length: 2_000 }, (_, i) => node(`n${i}`, { Type: 'veth', Name: `n${i}` })),
      Array.from({ length: 1_999 }, (_, i) => edge(`n${i}`, `n${i + 1}`)),
    );
    const { cost } = await runQuery(
      parseQuery("G.V().Not(Out('Name', Regex('n1.*')).Has('Type','veth'))"),
      contextOf(many),
    );
    expect(cost.visited).toBeLessThan(10_000);
  });
});

describe('indexes', () => {
  const visitedBy = async (text: string): Promise<number> =>
    (await runQuery(parseQuery(text), context)).cost.visited;

  it.each([
    "G.V().Has('Name', Within('br0','vm1'))",
    "G.V().Has('Speed', Gt(0)).Has('Name','br0')",
    "G.V().Has('Speed', Gt(0), 'Name', 'br0')",
    "G.V().HasEither('Name','br0','@ID','n1')",
    "G.V().Or(Has('Name','br0'), Has('MTU',1).Has('MAC','ef'))",
    "G.V().And(HasKey('TID'), Has('MAC', Within('ef','bb')))",
    "G.V().Has('@Host','nobody')",
    "G.V().Has('TID','t-br')",
    "G.E().Has('Parent','br')",
    "G.E().Has('RelationType','layer2','@ID','br>v1')",
    'G.V().Limit(2)',
    'G.E().Range(0, 2)',
  ])('%s looks at no more than it has to', async (text) => {
    expect(await visitedBy(text)).toBeLessThanOrEqual(4);
  });

  it('finds nodes in the order of the graph, each once', async () => {
    expect(await ids(context, "G.V().Has('Name', Within('vm1','br0','vm1'))")).toEqual(['br', 'n1']);
    expect(await ids(context, "G.V().HasEither('Type','veth','Name','br0','MAC','aa:02')")).toEqual([
      'br',
      'v1',
      'v2',
      'e1',
    ]);
  });

  it('counts the whole graph without looking at it', async () => {
    expect(await visitedBy('G.V().Count()')).toBe(0);
    expect(await json(context, 'G.E().Count()')).toBe(8);
  });
});

describe('tables of groups', () => {
  it.each<[string, unknown]>([
    [
      "G.Flows().Group('Network.A').Sum('Metric.ABBytes')",
      [
        { 'Network.A': '10.0.0.1', Count: 3, Sum: 111 },
        { 'Network.A': '10.0.0.9', Count: 1, Sum: 60 },
      ],
    ],
    [
      "G.Flows().Group('Network.A','Application').Count().Limit(1)",
      [{ 'Network.A': '10.0.0.1', Application: 'DNS', Count: 2 }],
    ],
    [
      "G.Flows().Group('Application').Mean('Metric.ABBytes','Metric.BABytes').Sort('Application')",
      [
        // (10 + 1 + 1 + 1) / 2 and (100 + 1 + 60 + 1) / 2.
        { Application: 'DNS', Count: 2, Mean: 6.5 },
        { Application: 'TCP', Count: 2, Mean: 81 },
      ],
    ],
    ["G.Flows().Group('Application').Max('Metric.ABBytes').Sort(DESC,'Max').Values('Max')", [100, 10]],
    ["G.Flows().Group('Application').Min('Metric.ABBytes').Sort().Limit(1).Values('Min')", [1]],
    ["G.Flows().Group('Network.B').Count().Has('Count', Gt(1))", [{ 'Network.B': '10.0.0.2', Count: 3 }]],
    [
      "G.Flows().Group('Network.B').MoreThan(1).Sum('Metric.ABBytes')",
      [{ 'Network.B': '10.0.0.2', Count: 3, Sum: 161 }],
    ],
    ["G.Flows().Group('Network.B').Count().Count()", 2],
    ["G.Flows().Group('Transport.A').Count()", [{ 'Transport.A': null, Count: 4 }]],
    ["G.Flows().Has('UUID','none').Group('Network.A').Count().Sort('nope')", []],
  ])('%s', async (text, expected) => {
    expect(await json(context, text)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    [
      "G.V().Group('Type').Count()",
      [
        { Type: 'veth', Count: 3 },
        { Type: 'host', Count: 1 },
        { Type: 'bridge', Count: 1 },
        { Type: 'netns', Count: 1 },
      ],
    ],
    ["G.V().Has('TID', Ne('')).Group('Type').Sum('MTU').Limit(1)", [{ Type: 'veth', Count: 3, Sum: 10_500 }]],
    ["G.E().Group('RelationType').Count().Values('RelationType')", ['ownership', 'layer2']],
    ["G.V().Group('Type').Max('Speed').Has('Max', Gt(100))", [{ Type: 'bridge', Count: 1, Max: 1000 }]],
  ])('of elements: %s', async (text, expected) => {
    expect(await json(context, text)).toEqual(expected);
  });

  it.each(['G.V().Group()', "G.V().Group('Type')", "G.E().Group('RelationType')", 'G.V().Group().Count()'])(
    '%s stays the error of the reference',
    async (text) => {
      const error = await errorOf(context, text);
      expect([error.message, error.hint]).toEqual([
        'Error while executing the query',
        "Group of nodes and edges needs a key and an aggregate, for example Group('Type').Count()",
      ]);
    },
  );

  it('are made only of groups whose key is named, as the reference refuses the others', async () => {
    const error = await errorOf(context, 'G.Flows().Group().Count()');
    expect([error.message, error.hint]).toEqual([
      "Invalid step 'Count' on '*traversal.GroupTraversalStep'",
      "Count needs a key to group by, for example Group('Application').Count(…)",
    ]);
  });

  it.each([
    ["G.Flows().Group('Netwrok.A').Count()", 'flows have no field Netwrok.A; did you mean Network.A?'],
    ["G.Flows().Group('Application').Sum('Metric.ABByte')", ''],
    [
      "G.Flows().Group('Application').Count().Sort('count')",
      'the columns are Application, Count; did you mean Count?',
    ],
    ["G.Flows().Values('aplication')", 'flows have no field aplication; did you mean Application?'],
    ["G.Flows().Group('Capture').Count()", 'Capture is for filters; flows have the field CaptureID'],
  ])('%s: Field not found', async (text, hint) => {
    if (hint === '') {
      // Any name under a metric could be one; the sum of what no flow has is 0.
      expect(await json(context, text)).toMatchObject([{ Sum: 0 }, { Sum: 0 }]);
      return;
    }
    const error = await errorOf(context, text);
    expect([error.message, error.hint]).toEqual(['Field not found', hint]);
  });
});

describe('Min, Max, Mean', () => {
  it.each<[string, unknown]>([
    ["G.V().Min('MTU')", 1500],
    ["G.V().Max('Speed')", 1000],
    ["G.V().Has('Type','veth').Mean('Speed')", 6.25],
    ["G.V().Max('MTU','Speed')", 9002.5],
    ["G.V().Max('Nothing')", null],
    ["G.E().Max('@Revision')", 1],
    ["G.Flows().Min('Metric.ABBytes')", 1],
    ["G.Flows().Mean('Metric.ABBytes')", 42.75],
    ["G.Flows().Has('UUID','none').Max('Last')", null],
  ])('%s', async (text, expected) => {
    expect(await json(context, text)).toEqual(expected);
  });
});

describe('paths between many', () => {
  it('go from each to the nearest, or from each to every one', async () => {
    const names = async (text: string) =>
      ((await json(context, text)) as { ID: string }[][]).map((path) => path.map(({ ID }) => ID).join(' '));
    expect(await names("G.V().Has('Type','veth').ShortestPathTo(Metadata('Type','bridge'))")).toEqual([
      'v1 br',
      'v2 br',
      'e1 v1 br',
    ]);
    expect(
      await names(
        "G.V().Has('Name', Within('vm2-eth0','eth0')).ShortestPathsTo(Metadata('Type', Within('bridge','netns')), Metadata('RelationType','layer2'))",
      ),
    ).toEqual(['v2 br', 'e1 v1 br']);
    expect(
      await names(
        "G.V().Has('Name', Within('vm2-eth0','eth0')).ShortestPathsTo(Metadata('Type', Within('bridge','netns')))",
      ),
    ).toEqual(['v2 br', 'v2 host n1', 'e1 v1 br', 'e1 n1']);
  });
});

describe('Contains, Since, captures by name', () => {
  it.each<[string, readonly string[]]>([
    ["G.V().Has('Name', Contains('vm'))", ['v1', 'v2', 'n1']],
    ["G.V().Has('MAC', Contains('f'))", ['e1']],
    ["G.V().Has('MTU', Contains('15'))", []],
    ["G.V().Has('Name', Contains('.'))", []],
    ["G.Flows().Has('Network', Contains('0.9'))", ['f3']],
    ["G.Flows().Has('Network.B', Contains('0.0.2')).Has('Application', Contains('C'))", ['f1', 'f3']],
    ['G.Flows(Since(60))', ['f3', 'f2', 'f4']],
    ["G.Flows(Since('1m'), 'Application', 'DNS')", ['f2', 'f4']],
    ["G.Flows().Has('Last', Since('1s'))", ['f4']],
    ["G.V().Has('@CreatedAt', Since(3600))", []],
    ["G.Flows().Has('Capture','web')", ['f1', 'f3']],
    ["G.Flows().Has('Capture','dns')", ['f2']],
    ["G.Flows().Has('Capture','c-2')", ['f2']],
    ["G.Flows().Has('Capture','c-old')", ['f4']],
    ["G.Flows().Has('Capture', Ne('web'))", ['f2', 'f4']],
    ["G.Flows('Capture.Name', Regex('w.*|d.*'))", ['f1', 'f3', 'f2']],
    ["G.Flows().Has('Capture.Name', Ne('web'))", ['f2']],
    ["G.Flows().Has('Capture.Name', Nee('web'))", ['f2', 'f4']],
    ["G.Flows().Has('Capture.ID', Within('c-1','c-2'))", ['f1', 'f3', 'f2']],
    ["G.Flows().Has('Capture','nope')", []],
    ["G.Flows().Or(Has('Capture','dns'), Has('Capture','web'))", ['f1', 'f3', 'f2']],
  ])('%s', async (text, expected) => {
    expect(await ids(context, text)).toEqual(expected);
  });

  it('counts Since back from the time that At says', async () => {
    const asked: FlowSearch[] = [];
    const past = {
      ...contextOf(GRAPH),
      history: {
        at: () => GRAPH,
        revisions: () => ({ nodes: [], edges: [] }),
      },
      flowHistory: {
        flows: (search: FlowSearch) => {
          asked.push(search);
          return Promise.resolve([]);
        },
        metrics: () => Promise.resolve(new Map()),
        rawPackets: () => Promise.resolve(new Map()),
      },
    };
    await ids(past, 'G.At(1700000100).Flows(Since(60))');
    expect(asked[0]?.filter).toEqual({ kind: 'gte', key: 'Last', value: 1_700_000_040_000 });
  });

  it.each([
    ["G.V().Has('@CreatedAt', Since('x'))", 'time: invalid duration "x"'],
    ["G.V().Has('@CreatedAt', Since(1.5))", 'Since expects seconds as an integer or a duration such as "5m"'],
  ])('%s is refused: %s', async (text, message) => {
    expect((await errorOf(context, text)).message).toBe(message);
  });
});

describe('warnings', () => {
  const warningsOf = async (text: string): Promise<readonly string[]> =>
    (await runQuery(parseQuery(text), context)).plan.warnings;

  it.each([
    ["G.V().Has('Naem','eth0')", 'Has at 6: no node has the key Naem; did you mean Name?'],
    ["G.V().HasKey('@Id')", 'HasKey at 6: no node has the key @Id; did you mean @ID?'],
    ["G.V().Has('Zzzzzzz', 1)", 'Has at 6: no node has the key Zzzzzzz'],
    [
      "G.E().Has('RelationTyp','layer2')",
      'Has at 6: no edge has the key RelationTyp; did you mean RelationType?',
    ],
    [
      "G.V().Has('Type','veth').HasEither('Nme','a','Mtu',1)",
      'HasEither at 25: no node has the key Nme; did you mean Name?',
    ],
    ["G.V().Values('Tpye')", 'Values at 6: no node has the key Tpye; did you mean Type?'],
    ["G.V().Sum('MTUs')", 'Sum at 6: no node has the key MTUs; did you mean MTU?'],
    ["G.V().Sort('name')", 'Sort at 6: no node has the key name; did you mean Name?'],
    ["G.Flows().Has('Netwrok','10.0.0.1')", 'Has at 10: flows have no field Netwrok; did you mean Network?'],
    ["G.Flows().Sort('last')", 'Sort at 10: flows have no field last; did you mean Last?'],
    ["G.Flows().HasKey('Network.C')", 'HasKey at 10: flows have no field Network.C; did you mean Network.A?'],
    ["G.Flows().Not(Has('Capure','web'))", 'Has at 14: flows have no field Capure; did you mean Capture?'],
  ])('%s: %s', async (text, warning) => {
    expect(await warningsOf(text)).toContain(warning);
  });

  it.each([
    "G.V().Has('Name','nope')",
    "G.V().Has('MTU', Gt(1000000))",
    "G.V('n1').Has('MTU', 1)",
    "G.V().Or(Has('MTU', 1), Out().Has('Captures.ID', 'x'))",
    "G.Flows().Has('DNS.Questions.Name','x')",
    "G.Flows().Has('Metric.ABBytes', Gt(1))",
    "G.Flows().Has('TCP.B', 80, 'UUID.x', 'f1', 'Network', 'a', 'Capture.Name', 'web')",
  ])('%s: none', async (text) => {
    expect(await warningsOf(text)).toEqual([]);
  });
});

describe('bounds', () => {
  it('an expression inside a traversal is compiled once, however many elements meet it', async () => {
    const nodes = Array.from({ length: 3_000 }, (_, i) => node(`n${i}`, { Type: 'veth' }));
    const many = contextOf(
      graphOf(
        nodes,
        nodes.map(({ id }, i) => edge(id, nodes[(i + 1) % nodes.length]!.id)),
      ),
    );
    const startedMs = performance.now();
    // Compiling it takes some milliseconds: for each node anew it would be half a minute.
    const heavy = "Regex('(.{100}){9}')";
    for (const step of [`Descendants('a', ${heavy})`, `Out('a', ${heavy})`, `Has('a', ${heavy})`])
      expect(await ids(many, `G.V().And(Both().${step}.Has('b', 1))`)).toEqual([]);
    expect(await ids(many, `G.V().And(Descendants('a', ${heavy}, 2).Has('b', 1))`)).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  it('a traversal inside a step cannot be deeper than predicates can', async () => {
    const deep = `G.V()${'.Not(Out()'.repeat(limits.queryNestingMax + 2)}${')'.repeat(limits.queryNestingMax + 2)}`;
    expect((await errorOf(context, deep)).message).toContain('queryNestingMax');
  });
});
