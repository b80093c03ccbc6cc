import { describe, expect, test } from 'vitest';
import { queryOf } from '../../../ui/model/node-text.ts';
import { nodeIdsOf, resultGraph, resultTable } from '../../../ui/model/query-result.ts';
import { parseQuery } from '../../../core/gremlin/parser.ts';
import { printQuery } from '../../../core/gremlin/print.ts';
import { edge, node } from './elements.ts';

describe('resultTable', () => {
  test('nodes, with their ids', () => {
    const table = resultTable(
      [node('a', { Name: 'eth0', Type: 'veth', State: 'UP', IPV4: ['10.0.0.1/8'] })],
      10,
    );
    expect(table?.rows).toEqual([{ nodeId: 'a', cells: ['eth0', 'veth', 'h', 'UP', '10.0.0.1/8', ''] }]);
  });

  test('paths and graphs are their nodes', () => {
    const [a, b] = [node('a'), node('b')];
    expect(resultTable([[a, b]], 10)?.rows.map(({ nodeId }) => nodeId)).toEqual(['a', 'b']);
    const graph = [{ Nodes: [a, b], Edges: [edge('a', 'b')] }];
    expect([...nodeIdsOf(graph)]).toEqual(['a', 'b']);
  });

  test('edges are no nodes', () => {
    expect(resultTable([edge('a', 'b')], 10)?.rows).toEqual([{ cells: ['ownership', 'a', 'b', 'h'] }]);
    expect(nodeIdsOf([edge('a', 'b')]).size).toBe(0);
  });

  test('flows, values and objects of any kind', () => {
    const flow = {
      UUID: 'u',
      LayersPath: 'Ethernet/IPv4/UDP',
      Start: 1,
      Last: 1,
      Network: { A: '10.0.0.1', B: '10.0.0.2' },
    };
    expect(resultTable([flow], 10)?.rows[0]?.cells.slice(0, 3)).toEqual(['UDP', '10.0.0.1', '10.0.0.2']);
    expect(resultTable(['a', 7], 10)).toEqual({
      columns: ['Value'],
      rows: [{ cells: ['a'] }, { cells: ['7'] }],
      more: 0,
    });
    expect(resultTable([{ x: 1 }, { y: [2] }], 10)?.rows.map(({ cells }) => cells)).toEqual([
      ['1', ''],
      ['', '[2]'],
    ]);
  });

  test('is cut and says by how much; what is no list is no table', () => {
    expect(resultTable([1, 2, 3], 2)).toMatchObject({ rows: [{ cells: ['1'] }, { cells: ['2'] }], more: 1 });
    expect(resultTable(42, 2)).toBeUndefined();
  });
});

describe('queryOf', () => {
  test.each(['plain', "it's", String.raw`a\b'`])('parses for a node of the TID %j', (TID) => {
    const query = parseQuery(queryOf(node('n', { TID })));
    expect(printQuery(query)).toBe(printQuery(parseQuery(printQuery(query))));
    expect(JSON.stringify(query)).toContain(JSON.stringify(TID));
  });
});

describe('resultGraph', () => {
  const [a, b, c] = [node('a'), node('b'), node('c')];
  const [ab, bc] = [edge('a', 'b'), edge('b', 'c')];
  const known = {
    nodes: new Map([a, b, c].map((one) => [one.ID, one])),
    edges: new Map([ab, bc].map((one) => [one.ID, one])),
  };
  const drawn = (result: unknown) => {
    const graph = resultGraph(result, known);
    return graph && [[...graph.nodes.keys()], [...graph.edges.keys()]];
  };

  test('nodes and paths with the links between them', () => {
    expect(drawn([a, b])).toEqual([['a', 'b'], [ab.ID]]);
    expect(drawn([[a, b, c]])).toEqual([
      ['a', 'b', 'c'],
      [ab.ID, bc.ID],
    ]);
  });

  test('links with their ends, graphs as they are', () => {
    expect(drawn([bc])).toEqual([['b', 'c'], [bc.ID]]);
    expect(drawn([{ Nodes: [a], Edges: null }])).toEqual([['a'], []]);
  });

  test('nothing for what has no nodes', () => {
    for (const result of [3, [], ['a'], [{ UUID: 'x' }], undefined]) expect(drawn(result)).toBeUndefined();
  });
});
