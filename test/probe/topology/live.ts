/** What tests with the real kernel share: `ip` as the oracle, waiting for an event to arrive, reading a probe's graph. */
import { execFileSync } from 'node:child_process';
import type { GraphEdge, GraphNode, Json, Metadata } from '../../../core/graph/element.ts';
import type { Graph } from '../../../core/graph/graph.ts';

export const isRoot = process.getuid?.() === 0;
export const whyNot = 'needs root: network namespaces and interfaces are made';

/** `ip` with these words; its output. */
export function ip(words: string): string {
  return execFileSync('ip', words.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Like `ip`, for cleaning up what may be gone. */
export function tryIp(words: string): void {
  try {
    ip(words);
  } catch {
    // gone already
  }
}

/** What `ip -j` says of an interface. */
export interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly operstate: string;
  readonly link_type: string;
  readonly address?: string;
  readonly master?: string;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly addr_info: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
  }[];
}

export function ipLinks(netns?: string): IpLink[] {
  return JSON.parse(ip(`${netns === undefined ? '' : `-n ${netns} `}-j -d addr`)) as IpLink[];
}

/** Resolves when the function stops throwing; after the time-out with what it throws. */
export async function eventually(check: () => void, timeoutMs = 3_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      check();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => void setTimeout(resolve, 10));
  }
}

/** A key of metadata as text; "" when it is none. */
export function textOf(element: { readonly metadata: Metadata }, key: string): string {
  const value = element.metadata[key];
  return typeof value === 'string' ? value : '';
}

export function nodesNamed(graph: Graph, name: string): GraphNode[] {
  return [...graph.nodes()].filter((node) => node.metadata['Name'] === name);
}

/** Throws when there is none or more than one. */
export function nodeNamed(graph: Graph, name: string, ownerName?: string): GraphNode {
  const found = nodesNamed(graph, name).filter(
    (node) => ownerName === undefined || ownersOf(graph, node).includes(ownerName),
  );
  if (found.length !== 1) throw new Error(`${found.length} nodes named ${name} of ${ownerName ?? 'anybody'}`);
  return found[0]!;
}

export function ownersOf(graph: Graph, node: GraphNode): Json[] {
  return edgesInto(graph, node, 'ownership').map((edge) => graph.node(edge.parent)!.metadata['Name']!);
}

export function edgesInto(graph: Graph, node: GraphNode, relationType: string): GraphEdge[] {
  return [...graph.edgesIn(node.id)].filter((edge) => edge.metadata['RelationType'] === relationType);
}

/** layer2 edges of a node as `parent>child type`, names. */
export function layer2Of(graph: Graph, node: GraphNode): string[] {
  const name = (id: string): string => textOf(graph.node(id)!, 'Name');
  return [...graph.edgesOut(node.id), ...graph.edgesIn(node.id)]
    .filter((edge) => edge.metadata['RelationType'] === 'layer2')
    .map((edge) => `${name(edge.parent)}>${name(edge.child)} ${textOf(edge, 'Type')}`.trim())
    .sort();
}
