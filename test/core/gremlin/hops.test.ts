/** Flows of one conversation on two hosts, and what the steps from flows to nodes make of them. */
import { describe, expect, it } from 'vitest';
import { createFlow, createFlowLayer, type Flow } from '../../../proto/gen/flow.ts';
import { contextOf, edge, graphOf, ids, node } from './world.ts';

const MAC_A = '02:00:00:00:00:0a';
const MAC_B = '02:00:00:00:00:0b';
const LAYER2 = { RelationType: 'layer2' };

const interfaceNode = (id: string, metadata: Record<string, string | string[]> = {}) =>
  node(id, { Name: id, Type: 'veth', TID: `tid-${id}`, ...metadata });

/** a - port-a - br-a - vx-a  ~  vx-b - br-b - port-b - b, and `far`, which has no MAC of the flows but an address. */
const graph = graphOf(
  [
    interfaceNode('a', { MAC: MAC_A, IPV4: ['10.0.0.1/24'] }),
    ...['port-a', 'br-a', 'vx-a', 'vx-b', 'br-b', 'port-b'].map((id) => interfaceNode(id)),
    interfaceNode('b', { MAC: MAC_B, IPV4: ['10.0.0.2/24'] }),
    interfaceNode('far', { MAC: '02:00:00:00:00:0f', IPV4: ['10.9.0.1/24'], IPV6: ['fd00::9/64'] }),
    interfaceNode('lo-1', { IPV4: ['127.0.0.1/8'] }),
    interfaceNode('lo-2', { IPV4: ['127.0.0.1/8'] }),
  ],
  [
    edge('a', 'port-a', LAYER2),
    edge('br-a', 'port-a', LAYER2),
    edge('br-a', 'vx-a', LAYER2),
    edge('br-b', 'vx-b', LAYER2),
    edge('br-b', 'port-b', LAYER2),
    edge('port-b', 'b', LAYER2),
  ],
);

function flow(at: string, start: number, change: Partial<Flow> = {}): Flow {
  return createFlow({
    UUID: `f-${at}`,
    TrackingID: 'trk',
    L3TrackingID: 'l3',
    NodeTID: `tid-${at}`,
    Link: createFlowLayer({ A: MAC_A, B: MAC_B }),
    Network: createFlowLayer({ A: '10.0.0.1', B: '10.0.0.2' }),
    Start: start,
    Last: start,
    ...change,
  });
}

describe('Hops', () => {
  const WAY = ['a', 'port-a', 'br-a', 'vx-a', 'vx-b', 'br-b', 'port-b', 'b'];

  it('are in the order of the way, whatever the clocks of the hosts say', async () => {
    // The second host's clock is behind: its flows seem to begin first.
    const flows = WAY.map((at, i) => flow(at, i < 4 ? 2000 : 1000 - i));
    expect(await ids(contextOf(graph, flows.toReversed()), 'G.Flows().Hops()')).toEqual(WAY);
  });

  it('keep an order that was asked for', async () => {
    const flows = [flow('b', 1), flow('a', 2), flow('br-a', 3)];
    expect(await ids(contextOf(graph, flows), "G.Flows().Sort('Start').Hops()")).toEqual(['b', 'a', 'br-a']);
  });

  it('begin with the segment of the sender and end with that of the receiver when a flow is routed', async () => {
    const ROUTER = '02:00:00:00:00:ee';
    const near = { TrackingID: 'trk-1', Link: createFlowLayer({ A: MAC_A, B: ROUTER }) };
    const far = { TrackingID: 'trk-2', Link: createFlowLayer({ A: ROUTER, B: MAC_B }) };
    const flows = [flow('b', 1, far), flow('port-b', 1, far), flow('br-a', 9, near), flow('a', 9, near)];
    expect(await ids(contextOf(graph, flows), 'G.Flows().Hops()')).toEqual(['a', 'br-a', 'port-b', 'b']);
  });

  it('leave conversations in the order of the flows', async () => {
    const flows = [
      flow('b', 1, { L3TrackingID: 'x', Last: 1 }),
      flow('a', 2, { L3TrackingID: 'y', Last: 2 }),
    ];
    expect(await ids(contextOf(graph, flows), 'G.Flows().Hops()')).toEqual(['b', 'a']);
  });
});

describe('the ends of a flow', () => {
  it('are found by IP address where nobody has the MAC', async () => {
    const routed = flow('a', 1, {
      Link: createFlowLayer({ A: MAC_A, B: '02:00:00:00:00:ee' }),
      Network: createFlowLayer({ A: '10.0.0.1', B: '10.9.0.1' }),
    });
    const context = contextOf(graph, [routed]);
    expect(await ids(context, 'G.Flows().Out()')).toEqual(['far']);
    expect(await ids(context, 'G.Flows().Nodes()')).toEqual(['a', 'a', 'far']);
    expect(await ids(context, "G.Flows().Nodes().Has('Name','far')")).toEqual(['far']);
  });

  it('are found for a flow without a link layer', async () => {
    const { Link: _none, ...rest } = flow('a', 1, {
      Network: createFlowLayer({ A: 'fd00::9', B: '10.0.0.2' }),
    });
    expect(await ids(contextOf(graph, [rest as Flow]), 'G.Flows().Both()')).toEqual(['far', 'b']);
  });

  it('are not guessed when several nodes have the address', async () => {
    const local = flow('a', 1, {
      Link: createFlowLayer({ A: MAC_A, B: '' }),
      Network: createFlowLayer({ A: '10.0.0.1', B: '127.0.0.1' }),
    });
    expect(await ids(contextOf(graph, [local]), 'G.Flows().Out()')).toEqual([]);
  });
});
