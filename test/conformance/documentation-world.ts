/**
 * The network that docs/gremlin.md asks about: a host with two namespaces joined by a bridge, as in the README, with two captures
 * and a handful of flows. Examples with a result are run on it.
 */
import { runSearch } from '../../core/flow/run-search.ts';
import type { GraphEdge, GraphNode, Metadata } from '../../core/graph/element.ts';
import { Graph } from '../../core/graph/graph.ts';
import type { QueryContext } from '../../core/gremlin/context.ts';
import {
  createFlow,
  createFlowLayer,
  createFlowMetric,
  createTransportLayer,
  FlowProtocol,
} from '../../proto/gen/flow.ts';
import type { Flow } from '../../proto/gen/flow.ts';

/** 2026-11-26T12:00:00Z: what is now on that page. */
export const NOW_MS = 1_795_694_400_000;

const graph = new Graph();
const times = { createdAt: NOW_MS - 3_600_000, updatedAt: NOW_MS - 60_000, deletedAt: null, revision: 1 };
const home = { host: 'my-laptop', origin: 'agent.my-laptop' };

function add(id: string, metadata: Metadata): void {
  const node: GraphNode = { ...times, ...home, id, metadata };
  graph.addNode(node);
}

function join(parent: string, child: string, RelationType: string): void {
  const edge: GraphEdge = {
    ...times,
    ...home,
    id: `${parent}-${child}-${RelationType}`,
    parent,
    child,
    metadata: { RelationType },
  };
  graph.addEdge(edge);
}

const veth = (Name: string, MAC: string, MTU: number, more: Metadata = {}): Metadata => ({
  Name,
  Type: 'veth',
  MAC,
  MTU,
  State: 'UP',
  TID: `tid-${MAC}`,
  ...more,
});

add('laptop', { Name: 'my-laptop', Type: 'host', TID: 'tid-laptop' });
add('br0', {
  Name: 'br0',
  Type: 'bridge',
  MAC: '02:00:00:00:00:b0',
  MTU: 1500,
  State: 'UP',
  TID: 'tid-br0',
  IPV4: ['192.168.0.254/24'],
});
add('eth1', {
  Name: 'eth1',
  Type: 'device',
  MAC: '02:00:00:00:00:e1',
  MTU: 9000,
  State: 'DOWN',
  TID: 'tid-eth1',
});
for (const [i, mtu] of [1500, 1400].entries()) {
  const n = i + 1;
  add(`vm${n}`, { Name: `vm${n}`, Type: 'netns', Path: `/var/run/netns/vm${n}` });
  const captures = n === 1 ? { Captures: [{ ID: 'c0ffee', Name: 'web', State: 'active' }] } : {};
  add(`vm${n}-eth0`, veth(`vm${n}-eth0`, `02:00:00:00:01:0${n}`, mtu, captures));
  add(`vm${n}/eth0`, veth('eth0', `02:00:00:00:02:0${n}`, mtu, { IPV4: [`192.168.0.${n}/24`] }));
}
for (const id of ['br0', 'eth1', 'vm1', 'vm1-eth0', 'vm2', 'vm2-eth0']) join('laptop', id, 'ownership');
for (const n of [1, 2]) {
  join(`vm${n}`, `vm${n}/eth0`, 'ownership');
  join('br0', `vm${n}-eth0`, 'layer2');
  join(`vm${n}-eth0`, `vm${n}/eth0`, 'layer2');
}

function flow(id: string, a: number, b: number, port: number, bytes: number, agoSeconds: number): Flow {
  const isTcp = port !== 53;
  return createFlow({
    UUID: id,
    LayersPath: `Ethernet/IPv4/${isTcp ? 'TCP' : 'UDP/DNS'}`,
    Application: isTcp ? 'TCP' : 'DNS',
    TrackingID: `t-${id}`,
    NodeTID: 'tid-02:00:00:00:01:01',
    CaptureID: isTcp ? 'c0ffee' : 'd15c0',
    Start: NOW_MS - 600_000,
    Last: NOW_MS - agoSeconds * 1000,
    Link: createFlowLayer({
      Protocol: FlowProtocol.ETHERNET,
      A: `02:00:00:00:02:0${a}`,
      B: `02:00:00:00:02:0${b}`,
    }),
    Network: createFlowLayer({ Protocol: FlowProtocol.IPV4, A: `192.168.0.${a}`, B: `192.168.0.${b}` }),
    Transport: createTransportLayer({
      Protocol: isTcp ? FlowProtocol.TCP : FlowProtocol.UDP,
      A: 40_000 + bytes,
      B: port,
    }),
    Metric: createFlowMetric({ ABPackets: 10, ABBytes: bytes, BAPackets: 8, BABytes: bytes / 2 }),
  });
}

const FLOWS = [
  flow('f1', 1, 2, 80, 6_000, 5),
  flow('f2', 1, 2, 443, 1_000, 30),
  flow('f3', 2, 1, 22, 400, 120),
  flow('f4', 1, 9, 53, 80, 10),
];

export const documentationContext: QueryContext = {
  graph,
  flows: { search: (search) => Promise.resolve(runSearch(FLOWS, search)) },
  history: {
    at: () => graph,
    revisions: () => ({ nodes: [...graph.nodes()], edges: [...graph.edges()] }),
  },
  flowHistory: {
    flows: (search) => Promise.resolve(runSearch(FLOWS, search)),
    metrics: () => Promise.resolve(new Map()),
    rawPackets: () => Promise.resolve(new Map()),
  },
  captures: () => [
    { id: 'c0ffee', name: 'web' },
    { id: 'd15c0', name: 'dns' },
  ],
  now: () => NOW_MS,
};
