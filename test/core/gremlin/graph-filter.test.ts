/** Which queries are filters of graph subscribers, and which of them can be told from each element alone. */
import { describe, expect, test } from 'vitest';
import type { GraphNode } from '../../../core/graph/element.ts';
import { readGraphFilter } from '../../../core/gremlin/graph-filter.ts';

const kindOf = (text: string): string => {
  const filter = readGraphFilter(text);
  return 'fault' in filter ? filter.fault : filter.kind;
};

describe('readGraphFilter', () => {
  test.each([
    ['G', 'all'],
    ['G.V().SubGraph()', 'local'],
    ["G.V().Has('Type','veth').SubGraph()", 'local'],
    ["G.V().Has('MTU',GT(1000),'Type','veth').HasNot('Captures').HasKey('Name').SubGraph()", 'local'],
    ["G.V().HasEither('A',1,'B',2).SubGraph('RelationType','layer2')", 'local'],
    ["G.V('id').SubGraph()", 'local'],
    ["G.V().Has('Name',Regex('eth.*')).SubGraph()", 'local'],
    ["G.V().Has('Type','veth').Out().SubGraph()", 'general'],
    ["G.V().Has('Type','veth').Limit(3).SubGraph()", 'general'],
    ["G.E().Has('RelationType','layer2').SubGraph()", 'general'],
    ["G.V().SubGraph().V().Has('Name','a').SubGraph()", 'general'],
    ['G.V().Has().SubGraph()', 'general'],
    ["G.V().Has('Name',Regex('(')).SubGraph()", 'general'],
    ['foo', 'invalid'],
    ['', 'invalid'],
    ['G.V()', 'not-a-graph'],
    ['G.V().Count().SubGraph()', 'not-a-graph'],
    ['G.Flows().Nodes().SubGraph()', 'not-live'],
    ["G.Context('-1h').V().SubGraph()", 'not-live'],
  ])('%s is %s', (text, kind) => {
    expect(kindOf(text)).toBe(kind);
  });

  test('the tests of a local filter hold for the elements that the query finds', () => {
    const filter = readGraphFilter("G.V().Has('Name',Regex('eth.')).HasNot('Gone').SubGraph('MTU',GT(1000))");
    if ('fault' in filter || filter.kind !== 'local') throw new Error('not local');
    const { node, edge } = filter.newTests();
    const of = (metadata: GraphNode['metadata']): never => ({ id: 'a', metadata }) as never;
    expect(node(of({ Name: 'eth0' }))).toBe(true);
    expect(node(of({ Name: 'eth10' }))).toBe(false);
    expect(node(of({ Name: 'eth0', Gone: 1 }))).toBe(false);
    expect(edge?.(of({ MTU: 1500 }))).toBe(true);
    expect(edge?.(of({ MTU: 900 }))).toBe(false);
  });
});
