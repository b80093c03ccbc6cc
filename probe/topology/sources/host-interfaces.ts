/** The kernel's interfaces by name, for sources that know them by that: a switch's ports, a machine's taps. */
import type { GraphNode } from '../../../core/graph/element.ts';
import type { SourceHost } from './source.ts';

/** In any namespace; those of the host's own first. */
export function interfacesNamed(host: SourceHost, name: string): GraphNode[] {
  const named = [...(host.graph.nodesWith?.('Name', name) ?? [])].filter(({ id }) => host.isInterface(id));
  if (named.length < 2) return named;
  return [...named.filter((node) => isHosts(host, node)), ...named.filter((node) => !isHosts(host, node))];
}

function isHosts({ graph, nodeId }: SourceHost, { id }: GraphNode): boolean {
  for (const edge of graph.edgesIn(id))
    if (edge.parent === nodeId && edge.metadata['RelationType'] === 'ownership') return true;
  return false;
}
