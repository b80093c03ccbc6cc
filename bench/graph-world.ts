/**
 * Seeded graphs of any size, as networks look: hosts of 40 nodes each, with a bridge, namespaces and veth pairs, joined to one
 * another through their uplinks. The same elements as objects, for the library, and as JSON texts, for a probe's socket.
 */
import type { GraphEdge, GraphNode, Metadata } from '../core/graph/element.ts';
import { Graph } from '../core/graph/graph.ts';

export const SEED = 20_261_124;

export interface World {
  readonly graph: Graph;
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly edges: ReadonlyMap<string, GraphEdge>;
}

/** mulberry32: small, seeded, good enough to spread names. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const PER_HOST = 40;
const START_MS = 1_700_000_000_000;

type Role = 'host' | 'bridge' | 'uplink' | 'netns' | 'outer' | 'inner';

/** Of the nodes of a host: one host, a bridge, two uplinks, then a namespace and the two ends of its veth in turn. */
function roleOf(at: number): Role {
  if (at < 2) return at === 0 ? 'host' : 'bridge';
  if (at < 4) return 'uplink';
  return (['netns', 'outer', 'inner'] as const)[(at - 4) % 3]!;
}

const TYPES: Readonly<Record<Role, string>> = {
  host: 'host',
  bridge: 'bridge',
  uplink: 'device',
  netns: 'netns',
  outer: 'veth',
  inner: 'veth',
};

/** Host ids: whose probe tells of the node. */
export function hostOf(index: number): string {
  return `host-${Math.floor(index / PER_HOST)}`;
}

export function makeWorld(nodeCount: number, edgeCount: number): World {
  const random = randomFrom(SEED);
  const graph = new Graph();
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  const times = { createdAt: START_MS, updatedAt: START_MS, deletedAt: null, revision: 1 };
  const addEdge = (parent: number, child: number, RelationType: string): void => {
    if (edges.size >= edgeCount || parent >= nodeCount || child >= nodeCount) return;
    const id = `e${edges.size}`;
    const host = hostOf(parent);
    const origin = `agent.${host}`;
    const edge: GraphEdge = {
      ...times,
      id,
      host,
      origin,
      parent: `n${parent}`,
      child: `n${child}`,
      metadata: { RelationType },
    };
    edges.set(id, edge);
    graph.addEdge(edge);
  };
  for (let i = 0; i < nodeCount; i++) {
    const host = hostOf(i);
    const node: GraphNode = {
      ...times,
      id: `n${i}`,
      host,
      origin: `agent.${host}`,
      metadata: metadataOf(i, host, roleOf(i % PER_HOST), random),
    };
    nodes.set(node.id, node);
    graph.addNode(node);
  }
  for (let i = 0; i < nodeCount; i++) {
    const at = i % PER_HOST;
    const first = i - at;
    const role = roleOf(at);
    if (role === 'inner') {
      addEdge(i - 2, i, 'ownership');
      addEdge(i - 1, i, 'layer2');
    } else if (role !== 'host') addEdge(first, i, 'ownership');
    if (role === 'outer') addEdge(first + 1, i, 'layer2');
    if (at === 2) addEdge(first + 1, i, 'layer2');
    // Uplinks join each host to the one before it.
    if (at === 3 && first > 0) addEdge(i, i - PER_HOST - 1, 'layer2');
  }
  const pick = (): number => Math.floor(random() * nodeCount);
  while (edges.size < edgeCount) addEdge(pick(), pick(), 'layer2');
  return { graph, nodes, edges };
}

function metadataOf(i: number, host: string, role: Role, random: () => number): Metadata {
  const Type = TYPES[role];
  const TID = `tid-${i}`;
  if (role === 'host') return { Name: host, Type, TID, OS: 'linux' };
  if (role === 'netns')
    return { Name: `vm${i}`, Type, TID, Path: `/var/run/netns/vm${i}`, Inode: 4_026_532_000 + i };
  const hex = i.toString(16).padStart(6, '0');
  return {
    Name: `eth${i}`,
    Type,
    TID,
    MAC: `02:00:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`,
    MTU: random() < 0.5 ? 1500 : 900,
    IfIndex: i % PER_HOST,
    State: 'UP',
    IPV4: [`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/24`],
    LinkFlags: ['UP', 'BROADCAST', 'RUNNING'],
  };
}
