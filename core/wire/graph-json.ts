/**
 * A whole graph as the reference's `{"Nodes":[…],"Edges":[…]}`, in pieces, so that a large one never stands in memory
 * as one text. A side without elements is `null`.
 */
import type { GraphNode } from '../graph/element.ts';
import type { GraphView } from '../graph/view.ts';
import { edgeToJson, nodeToJson } from './element-json.ts';
import { escapeHtml } from './go-json.ts';

export function* graphJsonChunks(graph: GraphView): Generator<string> {
  yield '{"Nodes":';
  yield* listChunks(graph.nodes(), (node) => JSON.stringify(nodeToJson(node)));
  yield ',"Edges":';
  yield* listChunks(graph.edges(), (edge) => JSON.stringify(edgeToJson(edge)));
  yield '}';
}

function* listChunks<E>(elements: Iterable<E>, spell: (element: E) => string): Generator<string> {
  let isFirst = true;
  for (const element of elements) {
    yield (isFirst ? '[' : ',') + escapeHtml(spell(element));
    isFirst = false;
  }
  yield isFirst ? 'null' : ']';
}

/** Elements by id, as lists of resources are answered: `{"id":{…},…}` and a line feed. */
export function* elementsJsonChunks<E extends GraphNode>(
  elements: Iterable<E>,
  spell: (element: E) => unknown,
): Generator<string> {
  let isFirst = true;
  for (const element of elements) {
    const text = `${JSON.stringify(element.id)}:${JSON.stringify(spell(element))}`;
    yield (isFirst ? '{' : ',') + escapeHtml(text);
    isFirst = false;
  }
  yield isFirst ? '{}\n' : '}\n';
}
