/** What a query yields, as a table where it is one: nodes and edges, flows, lists of anything. Anything else stays JSON. */
import type { Edge, Node } from '../../core/api/operations.ts';
import { limits } from '../../core/limits.ts';
import type { LiveGraph } from './live-graph.ts';
import { addressesOf, macOf, nameOf, typeOf } from './node-text.ts';
import { endOf, protocolOf, type FlowJson } from './flow-rows.ts';
import { bytesText, countText } from './figures.ts';

export interface ResultTable {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly cells: readonly string[]; readonly nodeId?: string }[];
  /** Rows that are left out. */
  readonly more: number;
}

type Elements = Pick<LiveGraph, 'nodes' | 'edges'>;
/** A node, or an edge, which has ends. */
type Element = Node & { readonly Parent?: string; readonly Child?: string };

const COLUMNS_MAX = 10;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined for what is no list. */
export function resultTable(result: unknown, rowsMax: number): ResultTable | undefined {
  const list = listOf(result);
  if (list === undefined) return undefined;
  const shown = list.slice(0, rowsMax);
  const more = list.length - shown.length;
  if (shown.length > 0 && shown.every(isElement)) return { ...nodeTable(shown), more };
  if (shown.length > 0 && shown.every(isFlow)) return { ...flowTable(shown), more };
  if (shown.length > 0 && shown.every(isObject)) return { ...anyTable(shown), more };
  return { columns: ['Value'], rows: shown.map((value) => ({ cells: [cellText(value)] })), more };
}

/** A path is a list of lists of nodes, a subgraph a list with one graph. */
function listOf(result: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(result)) return undefined;
  const list = result.every(Array.isArray) ? result.flat() : result;
  return list.flatMap((entry) =>
    isObject(entry) && Array.isArray(entry['Nodes']) ? (entry['Nodes'] as unknown[]) : [entry],
  );
}

function isElement(value: unknown): value is Element {
  return isObject(value) && typeof value['ID'] === 'string' && isObject(value['Metadata']);
}

function isFlow(value: unknown): value is FlowJson {
  return isObject(value) && typeof value['UUID'] === 'string' && typeof value['LayersPath'] === 'string';
}

function nodeTable(nodes: readonly Element[]): Omit<ResultTable, 'more'> {
  if (nodes.some((node) => node.Parent !== undefined))
    return {
      columns: ['Relation', 'Parent', 'Child', 'Host'],
      rows: nodes.map((edge) => ({
        cells: [cellText(edge.Metadata['RelationType']), edge.Parent ?? '', edge.Child ?? '', edge.Host],
      })),
    };
  return {
    columns: ['Name', 'Type', 'Host', 'State', 'Addresses', 'MAC'],
    rows: nodes.map((node) => ({
      nodeId: node.ID,
      cells: [
        nameOf(node),
        typeOf(node),
        node.Host,
        cellText(node.Metadata['State'] ?? ''),
        addressesOf(node).join(', '),
        macOf(node),
      ],
    })),
  };
}

function flowTable(flows: readonly FlowJson[]): Omit<ResultTable, 'more'> {
  return {
    columns: ['Protocol', 'From', 'To', 'Packets there', 'back', 'Bytes there', 'back'],
    rows: flows.map((flow) => ({
      cells: [
        protocolOf(flow),
        endOf(flow, 'A'),
        endOf(flow, 'B'),
        countText(flow.Metric?.ABPackets ?? 0),
        countText(flow.Metric?.BAPackets ?? 0),
        bytesText(flow.Metric?.ABBytes ?? 0),
        bytesText(flow.Metric?.BABytes ?? 0),
      ],
    })),
  };
}

function anyTable(objects: readonly Readonly<Record<string, unknown>>[]): Omit<ResultTable, 'more'> {
  const columns = [...new Set(objects.flatMap((object) => Object.keys(object)))].slice(0, COLUMNS_MAX);
  return {
    columns,
    rows: objects.map((object) => ({ cells: columns.map((name) => cellText(object[name] ?? '')) })),
  };
}

function cellText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * The nodes and links of a result as a graph of its own: what it holds, the ends of its links, and the links that `known` has between its
 * nodes. Undefined for a result without any.
 */
export function resultGraph(result: unknown, known: Elements): Elements | undefined {
  const nodes = new Map<string, Node>();
  const edges = new Map<string, Edge>();
  for (const element of elementsOf(result)) {
    if (element.Parent === undefined) nodes.set(element.ID, element);
    else edges.set(element.ID, element as Edge);
  }
  for (const { Parent: from, Child: to } of edges.values())
    for (const id of [from, to]) {
      const end = known.nodes.get(id);
      if (end !== undefined && !nodes.has(id)) nodes.set(id, end);
    }
  if (nodes.size === 0) return undefined;
  for (const edge of known.edges.values())
    if (nodes.has(edge.Parent) && nodes.has(edge.Child)) edges.set(edge.ID, edge);
  return { nodes, edges };
}

/** Whether it is what G and SubGraph() yield. */
export function isGraph(result: unknown): boolean {
  return Array.isArray(result) && result.length > 0 && result.every((one) => isObject(one) && 'Nodes' in one);
}

/** Nodes and edges, those of graphs among them. */
function elementsOf(result: unknown): Element[] {
  const list = Array.isArray(result) ? (result as unknown[]).flat() : [result];
  return list.flatMap((entry) => {
    if (isElement(entry)) return [entry];
    if (!isObject(entry)) return [];
    return [entry['Nodes'], entry['Edges']].flatMap((some) =>
      Array.isArray(some) ? some.filter(isElement) : [],
    );
  });
}

/** The nodes of a result, to be shown in tree and map. */
export function nodeIdsOf(result: unknown): ReadonlySet<string> {
  const nodes = elementsOf(result).filter(({ Parent }) => Parent === undefined);
  return new Set(nodes.map(({ ID }) => ID));
}

/** Cut where it would take the browser long to show. */
export function jsonText(result: unknown): string {
  const text = JSON.stringify(result, undefined, 2) ?? '';
  const most = limits.pageJsonCharsMax;
  return text.length > most ? `${text.slice(0, most)}\n… (cut: ${text.length - most} characters more)` : text;
}
