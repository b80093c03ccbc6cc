/**
 * A graph in Graphviz' language (Gremlin notes, section 11). Unlike the reference, names are escaped and every statement
 * stands on a line of its own.
 */
import type { GraphEdge, GraphNode, Json } from '../graph/element.ts';
import type { QueryResult } from '../gremlin/context.ts';
import { GremlinError } from '../gremlin/errors.ts';

const LABEL_KEYS = ['Type', 'IfIndex', 'State', 'TID', 'IPV4', 'IPV6'] as const;

/** Throws GremlinError of stage `encode` when the answer is no graph. */
export function resultToDot(result: QueryResult): string {
  if (result.kind !== 'graph')
    throw new GremlinError('encode', 'bad-output', 0, 'Only graph can be outputted as dot');
  const { graph } = result;
  const lines = ['digraph g {'];
  for (const node of graph.nodes()) lines.push(nodeLine(node));
  for (const edge of graph.edges()) {
    const parent = graph.node(edge.parent);
    const child = graph.node(edge.child);
    if (parent !== undefined && child !== undefined) lines.push(edgeLine(edge, parent, child));
  }
  lines.push('}');
  return lines.join('\n');
}

/** Name and the first 8 characters of the id. */
function titleOf(node: GraphNode): string {
  const name = node.metadata['Name'];
  return `${typeof name === 'string' ? escape(name) : ''}-${escape(node.id.slice(0, 8))}`;
}

function nodeLine(node: GraphNode): string {
  const title = titleOf(node);
  let label = title;
  for (const key of LABEL_KEYS) {
    const value = node.metadata[key];
    if (value !== undefined) label += `\\n${key} = ${escape(textOf(value))}`;
  }
  return `"${title}" [label="${label}"]`;
}

function edgeLine(edge: GraphEdge, parent: GraphNode, child: GraphNode): string {
  const line = `"${titleOf(parent)}" -> "${titleOf(child)}"`;
  const type = edge.metadata['RelationType'];
  if (type === undefined) return line;
  const text = textOf(type);
  const label = /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? text : `"${escape(text)}"`;
  return `${line} [label=${label},dir=${text === 'layer2' ? 'both' : 'forward'}]`;
}

/** Lists as Go prints them. */
function textOf(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(textOf).join(' ')}]`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function escape(text: string): string {
  return text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n');
}
