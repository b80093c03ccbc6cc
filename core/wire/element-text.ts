/**
 * Reads one node or edge from the JSON text in which probes send it. What is checked is what the graph relies on:
 * an id, an object of metadata that is neither too large nor too deep, and an edge's two ends.
 */
import type { GraphEdge, GraphNode, Json, Metadata } from '../graph/element.ts';
import { limits } from '../limits.ts';

export type ElementFault = 'malformed' | 'tooLarge';
export type ElementText<E> =
  | { readonly ok: true; readonly element: E }
  | { readonly ok: false; readonly fault: ElementFault };

const encoder = new TextEncoder();

export function readNodeText(text: string): ElementText<GraphNode> {
  const fields = readFields(text);
  return typeof fields === 'string' ? { ok: false, fault: fields } : { ok: true, element: elementOf(fields) };
}

export function readEdgeText(text: string): ElementText<GraphEdge> {
  const fields = readFields(text);
  if (typeof fields === 'string') return { ok: false, fault: fields };
  const { Parent: parent, Child: child } = fields.all;
  if (!isId(parent) || !isId(child)) return { ok: false, fault: 'malformed' };
  return { ok: true, element: { ...elementOf(fields), parent, child } };
}

/** The id alone; a deletion needs no more. */
export function readIdText(text: string): ElementText<string> {
  const value = parse(text);
  const id = isRecord(value) ? value['ID'] : undefined;
  return isId(id) ? { ok: true, element: id } : { ok: false, fault: 'malformed' };
}

interface Fields {
  readonly id: string;
  readonly metadata: Metadata;
  readonly all: Readonly<Record<string, unknown>>;
}

function readFields(text: string): Fields | ElementFault {
  if (text.length > limits.elementBytesMax) return 'tooLarge';
  if (text.length * 3 > limits.elementBytesMax && encoder.encode(text).length > limits.elementBytesMax)
    return 'tooLarge';
  const all = parse(text);
  if (!isRecord(all) || !isId(all['ID'])) return 'malformed';
  const metadata = all['Metadata'] ?? {};
  if (!isRecord(metadata) || Array.isArray(metadata)) return 'malformed';
  if (!isShallow(metadata as Json, limits.metadataDepthMax)) return 'malformed';
  return { id: all['ID'], metadata: metadata as Metadata, all };
}

function elementOf({ id, metadata, all }: Fields): GraphNode {
  return {
    id,
    metadata,
    host: typeof all['Host'] === 'string' ? all['Host'] : '',
    origin: typeof all['Origin'] === 'string' ? all['Origin'] : '',
    createdAt: timeOf(all['CreatedAt']),
    updatedAt: timeOf(all['UpdatedAt']),
    deletedAt: null,
    revision: timeOf(all['Revision']),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= limits.elementIdCharsMax;
}

/** 0 stands for "not given". */
function timeOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

/** Without recursion beyond the bound, so that no nesting can exhaust the stack. */
export function isShallow(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return (
    levels > 0 &&
    Object.values(value as Record<string, Json>).every((member) => isShallow(member, levels - 1))
  );
}
