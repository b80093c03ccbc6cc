import { describe, expect, it } from 'vitest';
import { createFlow, createRawPacket } from '../../../proto/gen/flow.ts';
import type { GraphEdge, GraphNode, Metadata } from '../../../core/graph/element.ts';
import { FrozenGraph } from '../../../core/graph/frozen-graph.ts';
import { Graph } from '../../../core/graph/graph.ts';
import type { QueryResult } from '../../../core/gremlin/context.ts';
import { resultToDot } from '../../../core/wire/gremlin-dot.ts';
import { resultToJson, resultToJsonChunks } from '../../../core/wire/gremlin-json.ts';
import { resultToPcap } from '../../../core/wire/gremlin-pcap.ts';

function node(id: string, metadata: Metadata): GraphNode {
  return {
    id,
    metadata,
    host: 'h',
    origin: 'agent.h',
    createdAt: 1,
    updatedAt: 2,
    deletedAt: null,
    revision: 3,
  };
}

function edge(id: string, parent: string, child: string, metadata: Metadata): GraphEdge {
  return { ...node(id, metadata), parent, child };
}

const NODE = node('n', { Name: '<a&b>' });
const NODE_TEXT =
  '{"ID":"n","Metadata":{"Name":"\\u003ca\\u0026b\\u003e"},"Host":"h","Origin":"agent.h","CreatedAt":1,"UpdatedAt":2,"DeletedAt":null,"Revision":3}';

describe('resultToJson', () => {
  // Gremlin notes, section 10.
  it.each<[string, QueryResult, string]>([
    ['nodes', { kind: 'nodes', nodes: [NODE] }, `[${NODE_TEXT}]`],
    ['no nodes', { kind: 'nodes', nodes: [] }, '[]'],
    ['no edges', { kind: 'edges', edges: [] }, '[]'],
    ['paths', { kind: 'paths', paths: [[NODE, NODE], []] }, `[[${NODE_TEXT},${NODE_TEXT}],[]]`],
    ['an empty graph', { kind: 'graph', graph: new FrozenGraph([], []) }, '[{"Nodes":null,"Edges":null}]'],
    [
      'a graph',
      { kind: 'graph', graph: new FrozenGraph([NODE], []) },
      `[{"Nodes":[${NODE_TEXT}],"Edges":null}]`,
    ],
    ['a number', { kind: 'value', value: 19 }, '19'],
    ['null', { kind: 'value', value: null }, 'null'],
    ['a list', { kind: 'value', value: ['a', [1], { b: null }] }, '["a",[1],{"b":null}]'],
    ['flows', { kind: 'flows', flows: [] }, '[]'],
    ['no groups', { kind: 'groups', groups: new Map() }, '[]'],
    ['no packets', { kind: 'packets', packets: new Map() }, '[]'],
    ['packets that were filtered away', { kind: 'packets', packets: new Map([['f', null]]) }, '[{"f":null}]'],
    ['sockets', { kind: 'sockets', sockets: new Map([['<', [{ Pid: 1 }]]]) }, '[{"\\u003c":[{"Pid":1}]}]'],
    ['next hops', { kind: 'nextHops', hops: new Map([['n', { IP: 'x' }]]) }, '[{"n":{"IP":"x"}}]'],
    [
      'aggregates of nothing',
      { kind: 'metrics', metrics: new Map([['Aggregated', []]]) },
      '[{"Aggregated":[]}]',
    ],
  ])('writes %s', (_name, result, text) => {
    expect(resultToJson(result)).toBe(`${text}\n`);
  });

  it('writes groups as lists of flows', () => {
    const flow = createFlow({ UUID: 'f', TrackingID: 't' });
    const text = resultToJson({ kind: 'groups', groups: new Map([['t', [flow]]]) });
    expect(JSON.parse(text)).toMatchObject([{ t: [{ UUID: 'f', TrackingID: 't' }] }]);
  });
});

describe('resultToJsonChunks', () => {
  it('makes the same body in pieces of bounded size', () => {
    const nodes = Array.from({ length: 5_000 }, (_, i) => node(`n${i}`, { Name: `eth<${i}>` }));
    const chunks = [...resultToJsonChunks({ kind: 'nodes', nodes })];
    expect(chunks.join('')).toBe(resultToJson({ kind: 'nodes', nodes }));
    expect(chunks.length).toBeGreaterThan(5);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(100_000);
    expect(JSON.parse(chunks.join(''))).toHaveLength(5_000);
  });
});

describe('a graph that changes while it is written', () => {
  it('is written as it was at the first piece', () => {
    const graph = new Graph();
    for (let i = 0; i < 2_000; i++) graph.addNode(node(`n${i}`, {}));
    const chunks = resultToJsonChunks({ kind: 'graph', graph });
    let text = String(chunks.next().value);
    graph.deleteNode('n1999', 1);
    graph.addNode(node('late', {}));
    for (const chunk of chunks) text += chunk;
    const [{ Nodes: nodes }] = JSON.parse(text) as [{ Nodes: { ID: string }[] }];
    expect([nodes.length, nodes.at(-1)?.ID]).toEqual([2_000, 'n1999']);
  });
});

describe('resultToDot', () => {
  it('writes nodes, then edges between them, one statement a line', () => {
    const graph = new FrozenGraph(
      [
        node('0123456789', { Name: 'eth0', Type: 'veth', IfIndex: 2, IPV4: ['10.0.0.1/24', '10.0.0.2/24'] }),
        node('b', { Name: 'say "hi"\\' }),
      ],
      [
        edge('e1', '0123456789', 'b', { RelationType: 'layer2' }),
        edge('e2', 'b', '0123456789', { RelationType: 'ownership' }),
        edge('e3', 'b', 'b', {}),
        edge('e4', 'b', 'b', { RelationType: 'a-b"' }),
      ],
    );
    expect(resultToDot({ kind: 'graph', graph })).toBe(
      [
        'digraph g {',
        String.raw`"eth0-01234567" [label="eth0-01234567\nType = veth\nIfIndex = 2\nIPV4 = [10.0.0.1/24 10.0.0.2/24]"]`,
        String.raw`"say \"hi\"\\-b" [label="say \"hi\"\\-b"]`,
        String.raw`"eth0-01234567" -> "say \"hi\"\\-b" [label=layer2,dir=both]`,
        String.raw`"say \"hi\"\\-b" -> "eth0-01234567" [label=ownership,dir=forward]`,
        String.raw`"say \"hi\"\\-b" -> "say \"hi\"\\-b"`,
        String.raw`"say \"hi\"\\-b" -> "say \"hi\"\\-b" [label="a-b\"",dir=forward]`,
        '}',
      ].join('\n'),
    );
  });

  it('refuses anything but a graph', () => {
    expect(() => resultToDot({ kind: 'nodes', nodes: [] })).toThrow(
      expect.objectContaining({ stage: 'encode', message: 'Only graph can be outputted as dot' }) as Error,
    );
  });
});

describe('resultToPcap', () => {
  const packet = (ms: number, bytes: number[], linkType: number) =>
    createRawPacket({ Timestamp: ms, Data: new Uint8Array(bytes), LinkType: linkType });

  it('writes the packets of a link type with their true lengths', () => {
    const packets = new Map([
      ['a', [packet(1_700_000_000_123, [1, 2, 3], 1)]],
      ['b', null],
    ]);
    const hex = [...resultToPcap({ kind: 'packets', packets })]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
    // Header: magic, 2.4, zone and accuracy 0, snap length 4096, Ethernet. Record: 0x6553f100 s, 123,000 µs, 3, 3.
    expect(hex).toBe(
      'd4c3b2a102000400000000000000000000100000010000' +
        '00' +
        '00f15365' +
        '78e00100' +
        '03000000' +
        '03000000' +
        '010203',
    );
  });

  it('writes pcapng when link types differ, one interface each', () => {
    const packets = new Map([['a', [packet(1_700_000_000_123, [1, 2, 3], 1), packet(5, [9], 228)]]]);
    const bytes = resultToPcap({ kind: 'packets', packets });
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const blocks: string[] = [];
    for (let at = 0; at < bytes.length; at += view.getUint32(at + 4, true)) {
      const type = view.getUint32(at, true);
      blocks.push(type === 1 ? `interface ${view.getUint16(at + 8, true)}` : type.toString(16));
    }
    // Section header, an interface description and an enhanced packet for each (pcapng, sections 4.1 to 4.3).
    expect(blocks.toSorted()).toEqual(['6', '6', 'a0d0d0a', 'interface 1', 'interface 228']);
  });

  it('writes nothing when there are no packets', () => {
    expect(resultToPcap({ kind: 'packets', packets: new Map() })).toHaveLength(0);
  });

  it('refuses anything but packets', () => {
    expect(() => resultToPcap({ kind: 'value', value: 1 })).toThrow(
      expect.objectContaining({
        stage: 'encode',
        message: 'Only RawPackets step result can be outputted as pcap',
      }) as Error,
    );
  });
});
