/**
 * Answers of queries as JSON, in the shapes of Gremlin notes section 10: lists bare, everything keyed in a list of one
 * object, a graph with `null` for a side without elements. `<`, `>`, `&` are escaped and a line feed ends the body.
 */
import type { GraphEdge, GraphNode } from '../graph/element.ts';
import type { QueryResult } from '../gremlin/context.ts';
import { metricToJson } from '../gremlin/steps/metric.ts';
import { edgeToJson, nodeToJson } from './element-json.ts';
import { flowToJson, rawPacketToObject } from './flow-json.ts';
import { escapeHtml } from './go-json.ts';

/** The whole body. */
export function resultToJson(result: QueryResult): string {
  let body = '';
  for (const chunk of resultToJsonChunks(result)) body += chunk;
  return body;
}

/** A chunk is handed out when it has about this many characters. */
const CHUNK_CHARS = 65_536;

/** The body in pieces of some 64 KiB, made as they are asked for: a large answer is never whole in memory. */
export function* resultToJsonChunks(result: QueryResult): Generator<string> {
  let buffer = '';
  for (const piece of pieces(result)) {
    buffer += piece;
    if (buffer.length < CHUNK_CHARS) continue;
    yield escapeHtml(buffer);
    buffer = '';
  }
  yield escapeHtml(`${buffer}\n`);
}

function* pieces(result: QueryResult): Generator<string> {
  switch (result.kind) {
    case 'graph':
      yield* graphPieces([...result.graph.nodes()], [...result.graph.edges()]);
      return;
    case 'nodes':
      yield* list(result.nodes, nodeText);
      return;
    case 'edges':
      yield* list(result.edges, edgeText);
      return;
    case 'paths':
      yield* list(result.paths, (path) => `[${path.map(nodeText).join(',')}]`);
      return;
    case 'value':
      if (Array.isArray(result.value)) yield* list(result.value, (member) => JSON.stringify(member));
      else yield JSON.stringify(result.value);
      return;
    case 'flows':
      yield* list(result.flows, flowToJson);
      return;
    case 'groups':
      yield* keyed(result.groups, (flows) => `[${flows.map(flowToJson).join(',')}]`);
      return;
    case 'metrics':
      yield* keyed(result.metrics, (records) => JSON.stringify(records.map(metricToJson)));
      return;
    case 'packets':
      yield* keyed(result.packets, (packets) =>
        JSON.stringify(packets === null ? null : packets.map(rawPacketToObject)),
      );
      return;
    case 'sockets':
      yield* keyed(result.sockets, (sockets) => JSON.stringify(sockets));
      return;
    case 'nextHops':
      yield* keyed(result.hops, (hop) => JSON.stringify(hop));
      return;
  }
}

/** Lists, not the graph's own iterators: a live graph may change while a reader takes its time. */
function* graphPieces(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Generator<string> {
  yield '[{"Nodes":';
  yield* listOrNull(nodes, nodeText);
  yield ',"Edges":';
  yield* listOrNull(edges, edgeText);
  yield '}]';
}

function nodeText(node: GraphNode): string {
  return JSON.stringify(nodeToJson(node));
}

function edgeText(edge: GraphEdge): string {
  return JSON.stringify(edgeToJson(edge));
}

function* list<Item>(items: Iterable<Item>, textOf: (item: Item) => string): Generator<string> {
  let separator = '[';
  for (const item of items) {
    yield separator + textOf(item);
    separator = ',';
  }
  yield separator === '[' ? '[]' : ']';
}

function* listOrNull<Item>(items: Iterable<Item>, textOf: (item: Item) => string): Generator<string> {
  let separator = '[';
  for (const item of items) {
    yield separator + textOf(item);
    separator = ',';
  }
  yield separator === '[' ? 'null' : ']';
}

/** A list with one object; an empty list when there is no key. */
function* keyed<Item>(entries: ReadonlyMap<string, Item>, textOf: (item: Item) => string): Generator<string> {
  let separator = '[{';
  for (const [key, item] of entries) {
    yield `${separator}${JSON.stringify(key)}:${textOf(item)}`;
    separator = ',';
  }
  yield separator === '[{' ? '[]' : '}]';
}
