/** What a query yields, as a table where it is one: nodes and edges, flows, lists of anything. Anything else stays JSON. */
import type { Node } from '../../core/api/operations.ts';
import { addressesOf, macOf, nameOf, typeOf } from './node-text.ts';
import { endOf, protocolOf, type FlowJson } from './flow-rows.ts';
import { bytesText, countText } from './figures.ts';

export interface ResultTable {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly cells: readonly string[]; readonly nodeId?: string }[];
  /** Rows that are left out. */
  readonly more: number;
}

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

function isElement(value: unknown): value is Node & { readonly Parent?: string; readonly Child?: string } {
  return isObject(value) && typeof value['ID'] === 'string' && isObject(value['Metadata']);
}

function isFlow(value: unknown): value is FlowJson {
  return isObject(value) && typeof value['UUID'] === 'string' && typeof value['LayersPath'] === 'string';
}

function nodeTable(
  nodes: readonly (Node & { readonly Parent?: string; readonly Child?: string })[],
): Omit<ResultTable, 'more'> {
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

/** The nodes of a result, to be shown in tree and map. */
export function nodeIdsOf(result: unknown): ReadonlySet<string> {
  const list = listOf(result) ?? [];
  return new Set(list.flatMap((entry) => (isElement(entry) && entry.Parent === undefined ? [entry.ID] : [])));
}
