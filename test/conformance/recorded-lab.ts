/**
 * What a recorded scenario presupposes: the graph that its first lists show, the nodes that it uses without having made them, the
 * captures and other resources that a list shows before anything made them, and the flow table at each moment that shows it whole.
 */
import type { EdgeJson, NodeJson } from '../../core/wire/element-json.ts';
import { flowFromObject } from '../../core/wire/flow-json.ts';
import { fromBase64 } from '../../core/wire/go-json.ts';
import { createRawPacket, type Flow, type RawPacket } from '../../proto/gen/flow.ts';
import { jsonOf, misunderstanding, otherKind, queryOf, type RestCase } from './rest-case.ts';

/** A node or an edge as it is recorded. */
export type Element = Partial<EdgeJson> & Pick<NodeJson, 'ID'>;
export interface LabGraph {
  readonly nodes: readonly Element[];
  readonly edges: readonly Element[];
}
export const NO_GRAPH: LabGraph = { nodes: [], edges: [] };

/** Resources of which a scenario may show one that it did not make. */
const RESOURCES = ['capture', 'noderule', 'edgerule', 'alert', 'injectpacket'] as const;

/** Scenarios are sent in the order of the number before their `file`. */
export function inOrder(lines: readonly unknown[]): readonly unknown[] {
  const numbered = lines.map((line) => [numberOf(line), line] as const);
  if (numbered.some(([number]) => number === undefined)) return lines;
  // What was asked at the very end is numbered 999, also where there are a thousand before it.
  return numbered.toSorted(([a], [b]) => a! - b!).map(([, line]) => line);
}

function numberOf(line: unknown): number | undefined {
  const { file } = line as { readonly file?: unknown };
  const digits = typeof file === 'string' ? /^\d+/.exec(file)?.[0] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

export function understood(lines: readonly unknown[]): readonly RestCase[] {
  return lines.filter(
    (line) => otherKind(line) === undefined && misunderstanding(line) === undefined,
  ) as readonly RestCase[];
}

/** The first whole graph that one of the scenarios shows. */
export function labIn(scenarios: readonly (readonly unknown[])[]): LabGraph {
  for (const lines of scenarios) {
    const graph = wholeGraph(understood(lines));
    if (graph.nodes.length > 0) return graph;
  }
  return NO_GRAPH;
}

/** What a scenario's first lists hold, the nodes that its edges join, and what it deletes without having made it. */
export function presupposed(cases: readonly RestCase[], lab: LabGraph): LabGraph {
  const nodes = new Map<string, Element>();
  const edges = new Map<string, Element>();
  const whole = wholeGraph(cases);
  for (const element of [...whole.nodes, ...firstList(cases, '/api/node')]) nodes.set(element.ID, element);
  for (const element of [...whole.edges, ...firstList(cases, '/api/edge')]) edges.set(element.ID, element);
  const made = new Set(cases.filter(isCreation).map(({ request }) => idIn(request.body)));
  const wanted = [
    ...[
      ...edges.values(),
      ...cases.filter((each) => each.request.path === '/api/edge' && isCreation(each)).map(elementOf),
    ].flatMap(({ Parent, Child }) => [Parent, Child]),
    ...cases.flatMap(({ request, response }) =>
      request.method === 'DELETE' && response.status === 200 && request.path.startsWith('/api/node/')
        ? [request.path.slice('/api/node/'.length)]
        : [],
    ),
  ];
  for (const id of wanted)
    if (id !== undefined && !nodes.has(id) && !made.has(id))
      nodes.set(id, { ID: id, Metadata: { Name: id, Type: 'device' } });
  return nodes.size === 0 ? lab : { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** Resources of the first list of each kind that nothing made before: kind, recorded id, resource. */
export function presupposedResources(
  cases: readonly RestCase[],
): readonly (readonly [kind: string, id: string, resource: object])[] {
  return RESOURCES.flatMap((kind) => {
    const path = `/api/${kind}`;
    const at = cases.findIndex(({ request }) => request.method === 'GET' && request.path === path);
    if (at < 0) return [];
    const made = new Set(cases.slice(0, at).filter(isCreation).map(uuidIn));
    const list = (jsonOf(cases[at]!.response.body ?? '') as Record<string, object> | null | undefined) ?? {};
    return Object.entries(list)
      .filter(([id]) => !made.has(id))
      .map(([id, resource]) => [kind, id, resource] as const);
  });
}

/** The whole flow table that an answer shows, as a probe would tell it; undefined when it shows none. */
export function flowTableIn(recorded: RestCase, cases: readonly RestCase[]): readonly Flow[] | undefined {
  if (queryOf(recorded) !== 'G.Flows()' || recorded.response.status !== 200) return undefined;
  const flows = jsonOf(recorded.response.body ?? '');
  if (!Array.isArray(flows)) return undefined;
  const packets = packetsIn(cases);
  return (flows as Record<string, unknown>[]).map((json) => {
    const flow = flowFromObject(json);
    flow.LastRawPackets = packets.get(flow.UUID) ?? [];
    return flow;
  });
}

interface PacketJson {
  readonly Timestamp: number;
  readonly Index: number;
  readonly Data: string;
  readonly LinkType?: number;
}

function packetsIn(cases: readonly RestCase[]): ReadonlyMap<string, RawPacket[]> {
  const shown = cases.find(
    (each) => queryOf(each) === 'G.Flows().RawPackets()' && each.response.body?.startsWith('[') === true,
  );
  const [byFlow = {}] =
    (jsonOf(shown?.response.body ?? '') as Record<string, PacketJson[]>[] | undefined) ?? [];
  return new Map(
    Object.entries(byFlow).map(([uuid, list]) => [
      uuid,
      list.map((packet) => createRawPacket({ ...packet, Data: fromBase64(packet.Data) })),
    ]),
  );
}

function firstList(cases: readonly RestCase[], path: string): readonly Element[] {
  const first = cases.find(({ request }) => request.method === 'GET' && request.path === path);
  return Object.values((jsonOf(first?.response.body ?? '') as Record<string, Element> | undefined) ?? {});
}

/** The first answer to `G`. */
function wholeGraph(cases: readonly RestCase[]): LabGraph {
  const first = cases.find((each) => queryOf(each) === 'G' && each.response.body?.startsWith('[') === true);
  const answer = jsonOf(first?.response.body ?? '') as
    | readonly { readonly Nodes: readonly Element[] | null; readonly Edges: readonly Element[] | null }[]
    | undefined;
  return { nodes: answer?.[0]?.Nodes ?? [], edges: answer?.[0]?.Edges ?? [] };
}

function isCreation({ request, response }: RestCase): boolean {
  return request.method === 'POST' && response.status === 201;
}

function uuidIn({ response }: RestCase): string | undefined {
  return (jsonOf(response.body ?? '') as { UUID?: string } | undefined)?.UUID;
}

function elementOf({ request }: RestCase): Partial<Element> {
  return (jsonOf(request.body ?? '') as Partial<Element> | undefined) ?? {};
}

function idIn(body: string | null): string | undefined {
  return (jsonOf(body ?? '') as Partial<Element> | undefined)?.ID;
}
