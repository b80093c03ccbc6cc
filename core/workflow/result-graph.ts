/** The `nodes` and `edges` of a workflow's result as a graph, for the Gremlin step `Workflow` (Gremlin notes, section 7). */
import type { GraphEdge, GraphNode, Json } from '../graph/element.ts';
import { isJsonObject } from '../graph/metadata.ts';
import { decodeEdge, decodeNode } from '../wire/element-body.ts';
import { InputError } from '../wire/json-input.ts';
import type { WorkflowResult } from '../gremlin/context.ts';

/** Members in any case, as elements have them. Throws InputError for elements that are none; absent lists are empty. */
export function graphOfResult(result: unknown, nowMs: number): WorkflowResult {
  const defaults = { origin: '', nowMs };
  const whole = <E extends GraphNode>(
    decoded: Omit<E, 'metadata'> & { readonly metadata: Json | undefined },
  ): E => {
    const { metadata } = decoded;
    return {
      ...decoded,
      metadata: metadata !== undefined && isJsonObject(metadata) ? metadata : {},
    } as unknown as E;
  };
  return {
    nodes: listOf(result, 'nodes').map((node) => whole<GraphNode>(decodeNode(node, defaults))),
    edges: listOf(result, 'edges').map((edge) => whole<GraphEdge>(decodeEdge(edge, defaults))),
  };
}

function listOf(result: unknown, name: string): readonly unknown[] {
  if (typeof result !== 'object' || result === null) return [];
  const key = Object.keys(result).find((each) => each.toLowerCase() === name);
  const value = key === undefined ? null : (result as Readonly<Record<string, unknown>>)[key];
  if (value === null) return [];
  if (!Array.isArray(value)) throw new InputError(`parse error: expected [ for member ${name}`);
  return value;
}
