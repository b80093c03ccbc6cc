/** A host for a source alone: no kernel, a graph of its own, and what the source showed and complained of. */
import type { Metadata } from '../../../../core/graph/element.ts';
import { HostGraph } from '../../../../probe/topology/host-graph.ts';
import type { Picture, SourceHost } from '../../../../probe/topology/sources/source.ts';

export interface FakeHost extends SourceHost {
  readonly hostGraph: HostGraph;
  readonly pictures: Picture[];
  readonly complaints: string[];
  /** Of the last picture's nodes, by name. */
  metadataOf(name: string): Metadata | undefined;
}

export function fakeHost(): FakeHost {
  const hostGraph = new HostGraph('h');
  hostGraph.putNode('host', { Name: 'h', Type: 'host', TID: 'host-tid' });
  const pictures: Picture[] = [];
  const complaints: string[] = [];
  return {
    hostGraph,
    pictures,
    complaints,
    hostId: 'h',
    nodeId: 'host',
    tid: 'host-tid',
    graph: hostGraph.graph,
    show: (picture) => void pictures.push(picture),
    onGraph: () => {},
    namespaces: () => [],
    isInterface: () => true,
    watch: () => ({ remove: () => {} }),
    complain: (text) => void complaints.push(text),
    metadataOf: (name) => pictures.at(-1)?.nodes.find(({ metadata }) => metadata['Name'] === name)?.metadata,
  };
}
