/** The topology link on real sockets: what the analyzer's copy of the graph becomes is what counts. */
import { afterEach, describe, expect, it } from 'vitest';
import type { GraphEdge, GraphNode } from '../../../core/graph/element.ts';
import { Graph } from '../../../core/graph/graph.ts';
import type { NodeJson } from '../../../core/wire/element-json.ts';
import type { FromProbe } from '../../../core/wire/probe-frames.ts';
import { ChangeKind } from '../../../proto/gen/probe.ts';
import { syncFrames } from '../../../probe/link/graph-frames.ts';
import { TopologyLink, type CaptureOrder } from '../../../probe/link/topology-link.ts';
import { createLog } from '../../../probe/log.ts';
import { limits } from '../../../core/limits.ts';
import { FakeAnalyzer, until } from './fake-analyzer.ts';

const PATH = '/ws/probe/topology';
let nextPort = 18_430;
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function nodeOf(id: string, metadata: GraphNode['metadata'] = { Name: id, Type: 'veth' }): GraphNode {
  return {
    id,
    metadata,
    host: 'h1',
    origin: 'agent.h1',
    createdAt: 1,
    updatedAt: 1,
    deletedAt: null,
    revision: 1,
  };
}
const edgeOf = (id: string, parent: string, child: string): GraphEdge => ({ ...nodeOf(id), parent, child });

/** What an analyzer holds that does as the frames say. */
function copyOf(received: readonly FromProbe[]): string[] {
  const elements = new Map<string, number>();
  const put = (text: string) => {
    const json = JSON.parse(text) as NodeJson;
    elements.set(json.ID, json.Revision);
  };
  for (const message of received) {
    if (message.kind === 'sync') {
      elements.clear();
      [...message.sync.nodes, ...message.sync.edges].forEach(put);
    }
    if (message.kind !== 'changes') continue;
    for (const { kind, element } of message.changes.changes) {
      if (kind === ChangeKind.NODE_DELETED || kind === ChangeKind.EDGE_DELETED)
        elements.delete((JSON.parse(element) as NodeJson).ID);
      else put(element);
    }
  }
  return [...elements].map(([id, revision]) => `${id}@${revision}`).sort();
}

async function setUp() {
  const analyzer = await new FakeAnalyzer(nextPort++).start();
  cleanups.push(() => analyzer.kill());
  const made: { link?: TopologyLink } = {};
  const orders: (readonly CaptureOrder[])[] = [];
  const lines: string[] = [];
  const graph = new Graph((event) => made.link?.changed([event]));
  graph.addNode(nodeOf('a'));
  graph.addNode(nodeOf('b'));
  graph.addEdge(edgeOf('ab', 'a', 'b'));
  const link = new TopologyLink({
    analyzer: analyzer.url,
    identity: { hostId: 'h1', incarnation: 'i', version: '1', token: undefined, tls: { pins: [] } },
    graph,
    log: createLog('topology', (line) => lines.push(line)),
    onCaptures: (set) => orders.push(set),
  });
  made.link = link;
  cleanups.push(() => link.stop('test over'));
  link.start();
  await until('connected', () => link.status.connected);
  return { analyzer, graph, link, orders, lines, copy: () => copyOf(analyzer.socket(PATH)!.received) };
}

describe('TopologyLink', () => {
  it('sends the whole graph, then each change, numbered in order', async () => {
    const { analyzer, graph, copy } = await setUp();
    await until('sync', () => copy().length === 3);
    graph.updateNode({ ...nodeOf('a'), revision: 2 });
    graph.addNode(nodeOf('c'));
    graph.deleteNode('b', 5);
    await until('changes', () => copy().join() === 'a@2,c@1');
    const { received } = analyzer.socket(PATH)!;
    const numbers = received.flatMap((message) =>
      message.kind === 'sync'
        ? message.sync.sequence
        : message.kind === 'changes'
          ? message.changes.sequence
          : [],
    );
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const deleted = received
      .flatMap((message) => (message.kind === 'changes' ? message.changes.changes : []))
      .find((change) => change.kind === ChangeKind.NODE_DELETED);
    expect(JSON.parse(deleted!.element)).toMatchObject({ ID: 'b', DeletedAt: 5 });
  });

  it('sends the whole graph again at each connection, with what changed meanwhile', async () => {
    const { analyzer, graph, link, copy } = await setUp();
    await analyzer.kill();
    await until('noticed', () => !link.status.connected);
    graph.addNode(nodeOf('c'));
    graph.deleteEdge('ab', 9);
    await analyzer.start();
    await until('connected', () => link.status.connected);
    await until('sync', () => copy().join() === 'a@1,b@1,c@1');
    expect(link.status.syncs).toBe(2);
  });

  it('hands over the set of captures, and leaves out one that cannot be read', async () => {
    const { analyzer, orders, lines } = await setUp();
    const capture = JSON.stringify({ UUID: 'u1', GremlinQuery: 'G.V()', BPFFilter: 'icmp' });
    analyzer.send(PATH, {
      captures: {
        sequence: 1,
        captures: [
          { capture, node_ids: ['a', 'b'] },
          { capture: '{', node_ids: ['a'] },
          { capture: '[]', node_ids: ['a'] },
        ],
      },
    });
    await until('captures', () => orders.length === 1);
    expect(orders[0]).toEqual([{ capture: JSON.parse(capture), nodeIds: ['a', 'b'] }]);
    expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(2);
  });

  it('sends its status and says goodbye', async () => {
    const { analyzer, link } = await setUp();
    expect(link.sendStatus('{"version":"1"}')).toBe(true);
    await link.stop('SIGTERM');
    await until('goodbye', () => analyzer.socket(PATH)!.received.at(-1)?.kind === 'goodbye');
    expect(analyzer.socket(PATH)!.received.slice(-2)).toEqual([
      { kind: 'status', json: '{"version":"1"}' },
      { kind: 'goodbye', reason: 'SIGTERM' },
    ]);
    expect(link.sendStatus('{}')).toBe(false);
  });
});

describe('syncFrames', () => {
  it('keeps each frame below what the analyzer accepts, and the copy whole', () => {
    const graph = new Graph();
    const text = 'x'.repeat(500_000);
    for (let id = 0; id < 40; id++) graph.addNode(nodeOf(`n${id}`, { Name: text }));
    graph.addEdge(edgeOf('e', 'n0', 'n39'));
    let sequence = 0;
    const frames = [...syncFrames(graph, () => ++sequence)];
    expect(frames.length).toBeGreaterThan(1);
    expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThanOrEqual(limits.frameBytesMax);
    expect(frames).toHaveLength(sequence);
  });
});
