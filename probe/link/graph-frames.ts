/**
 * The host's graph as frames for the topology socket: the whole of it, or the changes since. A frame stays below
 * what the analyzer accepts; a graph that does not fit into one GraphSync goes on in GraphChanges, which add to it.
 */
import type { GraphEdge, GraphEvent, GraphNode } from '../../core/graph/element.ts';
import type { GraphView } from '../../core/graph/view.ts';
import { limits } from '../../core/limits.ts';
import { edgeToJson, nodeToJson } from '../../core/wire/element-json.ts';
import { analyzerFrame } from '../../core/wire/probe-frames.ts';
import { ChangeKind, type GraphChange } from '../../proto/gen/probe.ts';

/** Room for tags and lengths around each element. */
const FRAMING_BYTES = 16;
/** A frame ends before it gets larger than this; one element may have `limits.elementBytesMax` more. */
const FRAME_BYTES_TARGET = limits.frameBytesMax - 2 * limits.elementBytesMax;

const nodeText = (node: GraphNode) => JSON.stringify(nodeToJson(node));
const edgeText = (edge: GraphEdge) => JSON.stringify(edgeToJson(edge));

const KINDS = {
  nodeAdded: ChangeKind.NODE_ADDED,
  nodeUpdated: ChangeKind.NODE_UPDATED,
  nodeDeleted: ChangeKind.NODE_DELETED,
  edgeAdded: ChangeKind.EDGE_ADDED,
  edgeUpdated: ChangeKind.EDGE_UPDATED,
  edgeDeleted: ChangeKind.EDGE_DELETED,
} as const satisfies Record<GraphEvent['kind'], ChangeKind>;

/** A change as it travels; the element is as after the change, a deleted one carries DeletedAt. */
export function changeOf(event: GraphEvent): GraphChange {
  return { kind: KINDS[event.kind], element: 'node' in event ? nodeText(event.node) : edgeText(event.edge) };
}

/** Frames that make the analyzer's copy equal to this graph; `nextSequence` is called once a frame, in order. */
export function* syncFrames(graph: GraphView, nextSequence: () => number): Generator<Uint8Array> {
  const nodes: string[] = [];
  const edges: string[] = [];
  const rest: GraphChange[] = [];
  let bytes = 0;
  const fits = (text: string) => {
    bytes += Buffer.byteLength(text) + FRAMING_BYTES;
    return bytes <= FRAME_BYTES_TARGET;
  };
  for (const node of graph.nodes()) {
    const text = nodeText(node);
    if (fits(text)) nodes.push(text);
    else rest.push({ kind: ChangeKind.NODE_ADDED, element: text });
  }
  for (const edge of graph.edges()) {
    const text = edgeText(edge);
    if (fits(text)) edges.push(text);
    else rest.push({ kind: ChangeKind.EDGE_ADDED, element: text });
  }
  yield analyzerFrame({ sync: { sequence: nextSequence(), nodes, edges } });
  yield* changeFrames(rest, nextSequence);
}

/** The changes in as few frames as they fit into. */
export function* changeFrames(
  changes: readonly GraphChange[],
  nextSequence: () => number,
): Generator<Uint8Array> {
  let part: GraphChange[] = [];
  let bytes = 0;
  for (const change of changes) {
    const size = Buffer.byteLength(change.element) + FRAMING_BYTES;
    if (part.length > 0 && bytes + size > FRAME_BYTES_TARGET) {
      yield analyzerFrame({ changes: { sequence: nextSequence(), changes: part } });
      part = [];
      bytes = 0;
    }
    part.push(change);
    bytes += size;
  }
  if (part.length > 0) yield analyzerFrame({ changes: { sequence: nextSequence(), changes: part } });
}
