import { describe, expect, it } from 'vitest';
import { createFlow, createFlowLayer, createTransportLayer, FlowProtocol } from '../../../proto/gen/flow.ts';
import type { FlowSearch } from '../../../core/flow/search.ts';
import { contextOf, errorOf, graphOf, ids, json, node, run } from './world.ts';

const GRAPH = graphOf([
  node('a', { Type: 'veth', TID: 't-a', MAC: 'aa' }, { host: 'h1' }),
  node('b', { Type: 'device', TID: 't-b', MAC: ['bb', 'bc'] }, { host: 'h2' }),
  node('copy', { Type: 'macvlan', TID: 't-c', MAC: 'aa', Name: 'copy' }, { host: 'h2' }),
  node('host', { Type: 'host', TID: 't-host' }, { host: 'h3' }),
  node('bare', { Type: 'veth' }, { host: 'h4' }),
]);

const tcp = (uuid: string, nodeTid: string, port: number, last: number) =>
  createFlow({
    UUID: uuid,
    NodeTID: nodeTid,
    TrackingID: `k${port}`,
    Last: last,
    Link: createFlowLayer({ Protocol: FlowProtocol.ETHERNET, A: 'aa', B: 'bb' }),
    Network: createFlowLayer({ Protocol: FlowProtocol.IPV4, A: '10.0.0.1', B: '10.0.0.2' }),
    Transport: createTransportLayer({ Protocol: FlowProtocol.TCP, A: 1000, B: port }),
  });
const FLOWS = [
  tcp('f3', 't-a', 80, 3),
  tcp('f1', 't-b', 443, 1),
  tcp('f2', 't-b', 80, 2),
  createFlow({ UUID: 'f0', Last: 4 }),
];

async function searchOf(query: string): Promise<FlowSearch | undefined> {
  const searches: FlowSearch[] = [];
  await run(contextOf(GRAPH, FLOWS, searches), query);
  return searches[0];
}

const context = contextOf(GRAPH, FLOWS);

describe('the search that flow steps fold into', () => {
  it('asks for everything in order of Last when nothing is said', async () => {
    expect(await searchOf('G.Flows()')).toEqual({ sort: { key: 'Last', descending: false } });
  });

  it('joins all filters with AND, and takes the last Sort and Dedup, in any order', async () => {
    expect(
      await searchOf(
        "G.Flows('NodeTID','x').Limit(3).Sort('Start').Has('Start',Gt(5)).Sort(DESC,'UUID').Dedup('Application').Dedup()",
      ),
    ).toEqual({
      filter: {
        kind: 'and',
        filters: [
          { kind: 'equals', key: 'NodeTID', value: 'x' },
          { kind: 'gt', key: 'Start', value: 5 },
        ],
      },
      sort: { key: 'UUID', descending: true },
      dedup: ['Application'],
      range: { from: 0, to: 3 },
    });
  });

  it('names the hosts and TIDs of the nodes that can have flows', async () => {
    expect(await searchOf('G.V().Flows()')).toEqual({
      filter: {
        kind: 'or',
        filters: ['t-a', 't-b', 't-c'].map((value) => ({ kind: 'equals', key: 'NodeTID', value })),
      },
      hosts: ['h1', 'h2'],
      sort: { key: 'Last', descending: false },
    });
  });

  it('does not run when none of the nodes can have flows', async () => {
    expect(await searchOf("G.V('host').Flows()")).toBeUndefined();
    expect(await ids(context, "G.V('bare').Flows()")).toEqual([]);
  });

  it('lets either end satisfy a condition on a whole layer, and neither break a negative one', async () => {
    expect((await searchOf("G.Flows().Has('Transport',80)"))?.filter).toEqual({
      kind: 'or',
      filters: ['A', 'B'].map((end) => ({ kind: 'equals', key: `Transport.${end}`, value: 80 })),
    });
    expect((await searchOf("G.Flows().Has('Network',Nee('x'))"))?.filter).toEqual({
      kind: 'and',
      filters: ['A', 'B'].map((end) => ({
        kind: 'not',
        filter: { kind: 'equals', key: `Network.${end}`, value: 'x' },
      })),
    });
  });

  it('asks for raw packets only when they are wanted', async () => {
    expect((await searchOf('G.Flows().RawPackets()'))?.withRawPackets).toBe(true);
    expect((await searchOf('G.Flows().Count()'))?.withRawPackets).toBeUndefined();
  });

  it('anchors regular expressions', async () => {
    expect((await searchOf("G.Flows().Has('UUID',Regex('a|b'))"))?.filter).toEqual({
      kind: 'regex',
      key: 'UUID',
      pattern: '^(?:a|b)$',
    });
  });

  it('takes one range only', async () => {
    expect((await errorOf(context, 'G.Flows().Limit(2).Limit(1)')).message).toBe(
      "Invalid step 'Limit' on '*traversal.FlowTraversalStep'",
    );
    expect(await ids(context, 'G.Flows().Range(4,2)')).toEqual([]);
  });
});

describe('flows', () => {
  it('come in order of Last', async () => {
    expect(await ids(context, 'G.Flows()')).toEqual(['f1', 'f2', 'f3', 'f0']);
  });

  it('can be asked whether they have a field', async () => {
    expect(await ids(context, "G.Flows().HasNot('Network.A')")).toEqual(['f0']);
    expect(await ids(context, "G.Flows().HasKey('Network.A').Limit(1)")).toEqual(['f1']);
  });

  it('skip what they lack in Values and Sum, and refuse what none can have', async () => {
    expect(await json(context, "G.Flows().Values('Transport.B')")).toEqual([443, 80, 80]);
    expect((await errorOf(context, "G.Flows().Values('Nope')")).message).toBe('Field not found');
    expect(await json(context, "G.Flows().Has('UUID','none').Values('Nope')")).toBe(null);
    expect(await json(context, "G.Flows().Sum('Metric.ABBytes')")).toBe(0);
    expect((await errorOf(context, "G.Flows().Sum('Metric.Nope')")).message).toBe('Field not found');
    expect((await errorOf(context, "G.Flows().Sum('UUID')")).message).toBe(
      'Sum accepts only sub fields of Metric and LastUpadteMetric',
    );
  });

  it('group by the fields named, and MoreThan keeps what has more', async () => {
    expect(Object.keys(((await json(context, "G.Flows().Group('Transport.B')")) as object[])[0]!)).toEqual([
      '80',
      '443',
      '',
    ]);
    expect(await json(context, "G.Flows().Group('Transport.B','NodeTID').MoreThan(1)")).toEqual([]);
    const groups = await run(context, "G.Flows().Group('NodeTID').MoreThan()");
    expect(groups.kind === 'groups' && [...groups.groups.keys()]).toEqual(['t-b']);
    expect((await errorOf(context, 'G.Flows().Group().MoreThan(TRUE)')).message).toBe(
      '%!s(bool=true) is not an integer',
    );
  });

  it('lead to nodes by the first that passes all filters, lists of addresses included', async () => {
    expect(await ids(context, "G.Flows().Has('UUID','f1').Both()")).toEqual(['a', 'b']);
    expect(
      await ids(context, "G.Flows().Has('UUID','f1').In().Has('Type','macvlan').Has('Name','copy')"),
    ).toEqual(['copy']);
    expect(await ids(context, "G.Flows().Has('UUID','f1').Nodes()")).toEqual(['b', 'a', 'b']);
    expect(await ids(context, "G.Flows().Has('UUID','f0').Nodes()")).toEqual([]);
    expect(await ids(context, 'G.Flows().Both().Limit(1)')).toEqual(['a']);
  });

  it('lead to the same nodes without an index', async () => {
    const all = 'G.V().SubGraph().Flows()';
    for (const step of ['In()', 'Out()', 'Both()', 'Nodes()', 'Hops()', "In().Has('Type','macvlan')"])
      expect(await ids(context, `${all}.${step}`)).toEqual(await ids(context, `G.Flows().${step}`));
  });
});
