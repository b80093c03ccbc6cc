/**
 * The fixture of the Gremlin conformance cases as something to query: live graph and flows, and a past of both. The
 * live elements belong to the history as well.
 */
import { runSearch } from '../../core/flow/run-search.ts';
import type { FlowSearch } from '../../core/flow/search.ts';
import type { GraphEdge, GraphNode, Json } from '../../core/graph/element.ts';
import { Graph } from '../../core/graph/graph.ts';
import { isJsonObject, setField } from '../../core/graph/metadata.ts';
import { isPoint, RevisionStore } from '../../core/graph/history.ts';
import type { Revision, TimeSlice, WantedRevisions } from '../../core/graph/history.ts';
import type { FlowHistory, QueryContext } from '../../core/gremlin/context.ts';
import { edgeFromJson, nodeFromJson } from '../../core/wire/element-json.ts';
import type { EdgeJson, NodeJson } from '../../core/wire/element-json.ts';
import { flowFromObject } from '../../core/wire/flow-json.ts';
import { fromBase64 } from '../../core/wire/go-json.ts';
import { createFlowMetric, createRawPacket } from '../../proto/gen/flow.ts';
import type { Flow, FlowMetric, RawPacket } from '../../proto/gen/flow.ts';

interface PacketJson {
  Timestamp: number;
  Index: number;
  Data: string;
  LinkType?: number;
}

type Archived<Element> = Element & { ArchivedAt: number };

export interface Fixture {
  flowExpireSeconds: number;
  nodes: NodeJson[];
  edges: EdgeJson[];
  flows: Record<string, unknown>[];
  rawPackets: Record<string, PacketJson[]>;
  history: {
    nodes: Archived<NodeJson>[];
    edges: Archived<EdgeJson>[];
    flows: Record<string, unknown>[];
    metrics: Record<string, Partial<FlowMetric>[]>;
    rawPackets: Record<string, PacketJson[]>;
  };
}

export interface World {
  readonly fixture: Fixture;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** `none`: no history at all; `noflow`: no flow store. */
  context(store?: 'none' | 'noflow'): QueryContext;
}

export function makeWorld(fixture: Fixture): World {
  const nodes = fixture.nodes.map((node) => nodeFromJson(asDecoded(node)));
  const edges = fixture.edges.map((edge) => edgeFromJson(edge));
  const graph = new Graph();
  for (const node of nodes) graph.addNode(node);
  for (const edge of edges) graph.addEdge(edge);
  const packets = packetsOf(fixture.rawPackets);
  const flows = fixture.flows.map((json): Flow => {
    const flow = flowFromObject(json);
    flow.LastRawPackets = packets.get(flow.UUID) ?? [];
    return flow;
  });
  const store = new RevisionStore(
    [
      ...current(nodes),
      ...fixture.history.nodes.map((json) => archived(nodeFromJson(asDecoded(json)), json)),
    ],
    [...current(edges), ...fixture.history.edges.map((json) => archived(edgeFromJson(json), json))],
  );
  const live: QueryContext = {
    graph,
    flows: { search: (search) => Promise.resolve(runSearch(flows, search)) },
    now: Date.now,
  };
  const history = {
    at: (slice: TimeSlice) => store.at(slice),
    revisions: (slice: TimeSlice, wanted?: WantedRevisions) => store.revisions(slice, wanted),
  };
  const flowHistory = flowHistoryOf(fixture);
  return {
    fixture,
    nodes,
    edges,
    context: (kind) => {
      if (kind === 'none') return live;
      return kind === 'noflow' ? { ...live, history } : { ...live, history, flowHistory };
    },
  };
}

/**
 * The reference decodes routing tables into structures. The build that ran the cases writes "" for a table without a
 * source where the fixture says null (Topology notes, section 8), so the fixture is read as that build read it.
 */
function asDecoded(node: NodeJson): NodeJson {
  const tables = node.Metadata['RoutingTables'];
  if (!Array.isArray(tables)) return node;
  const RoutingTables = (tables as readonly Json[]).map((table) =>
    isJsonObject(table) && table['Src'] === null ? setField(table, 'Src', '') : table,
  );
  return { ...node, Metadata: { ...node.Metadata, RoutingTables } };
}

function current<Element extends GraphNode>(elements: readonly Element[]): Revision<Element>[] {
  return elements.map((element) => ({ element, archivedAt: null }));
}

function archived<Element extends GraphNode>(
  element: Element,
  json: { ArchivedAt: number },
): Revision<Element> {
  return { element, archivedAt: json.ArchivedAt };
}

function packetsOf(json: Record<string, PacketJson[]>): Map<string, RawPacket[]> {
  return new Map(
    Object.entries(json).map(([uuid, packets]) => [
      uuid,
      packets.map((packet) => createRawPacket({ ...packet, Data: fromBase64(packet.Data) })),
    ]),
  );
}

/** Stored flows as the reference's store answers (Gremlin notes, section 9.3), with 14.19 mended. */
function flowHistoryOf(fixture: Fixture): FlowHistory {
  const stored = fixture.history.flows.map((json) => flowFromObject(json));
  const packets = packetsOf(fixture.history.rawPackets);
  const expireMs = fixture.flowExpireSeconds * 1000;
  const find = (search: FlowSearch, slice: TimeSlice): readonly Flow[] =>
    runSearch(
      stored.filter((flow) => flow.Start <= slice.toMs && flow.Last >= slice.fromMs - expireMs),
      search,
    );
  const kept = <Item>(
    search: FlowSearch,
    slice: TimeSlice,
    itemsOf: (uuid: string) => readonly Item[],
  ): Map<string, readonly Item[]> =>
    new Map(
      find(search, slice)
        .map((flow) => [flow.UUID, itemsOf(flow.UUID)] as const)
        .filter(([, items]) => items.length > 0),
    );
  return {
    flows: (search, slice) => Promise.resolve(find(search, slice)),
    metrics: (search, slice) =>
      Promise.resolve(
        kept(search, slice, (uuid) =>
          (fixture.history.metrics[uuid] ?? [])
            .map((metric) => createFlowMetric(metric))
            .filter((metric) => metric.Last <= slice.toMs && (isPoint(slice) || metric.Start >= slice.fromMs))
            .sort((a, b) => a.Last - b.Last),
        ),
      ),
    rawPackets: (search, slice) =>
      Promise.resolve(
        kept(search, slice, (uuid) =>
          (packets.get(uuid) ?? [])
            .filter(({ Timestamp: ms }) => ms <= slice.toMs && (isPoint(slice) || ms >= slice.fromMs))
            .sort((a, b) => a.Index - b.Index),
        ),
      ),
  };
}
