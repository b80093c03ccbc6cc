/**
 * Nodes and edges as people make, change and delete them through `/api/node` and `/api/edge` (REST notes, section 9). What they
 * change on a node that others keep saying anew is laid over it, so that it stays (`core/graph/overlays.ts`).
 */
import { edited } from '../../core/graph/edits.ts';
import type { GraphEdge, GraphNode, Json, Metadata } from '../../core/graph/element.ts';
import { GraphError } from '../../core/graph/errors.ts';
import type { Graph } from '../../core/graph/graph.ts';
import { jsonEquals } from '../../core/graph/metadata.ts';
import { withLayers } from '../../core/graph/overlays.ts';
import { limits } from '../../core/limits.ts';
import {
  checkEdge,
  checkNode,
  decodeEdge,
  decodeNode,
  metadataFault,
  type Checked,
  type ElementKind,
} from '../../core/wire/element-body.ts';
import {
  edgeFromJson,
  edgeToJson,
  nodeFromJson,
  nodeToJson,
  type EdgeJson,
} from '../../core/wire/element-json.ts';
import { elementsJsonChunks } from '../../core/wire/graph-json.ts';
import { InputError } from '../../core/wire/json-input.ts';
import { applyPatch, PatchError } from '../../core/wire/json-patch.ts';
import { textOrStream } from './answer-stream.ts';
import type { FabricGraph } from './fabric-graph.ts';

export type ElementFault = 'elementConflict' | 'invalidResource' | 'invalidPatch' | 'graphFull';

/** `json` is the element in public form. */
export type ElementAnswer =
  | { readonly kind: 'done'; readonly json: string }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'unknown' }
  | Refused;
interface Refused {
  readonly kind: 'refused';
  readonly fault: ElementFault;
  readonly text: string;
}

export class UserElements {
  readonly #fabric: FabricGraph;
  readonly #origin: string;

  /** `origin` is that of elements whose maker does not name another. */
  constructor(fabric: FabricGraph, origin: string) {
    this.#fabric = fabric;
    this.#origin = origin;
  }

  /** All of them by id, as `{"id":{…},…}`. */
  list(kind: ElementKind): string | ReadableStream<Uint8Array> {
    const { graph } = this.#fabric;
    return textOrStream(
      kind === 'node'
        ? elementsJsonChunks(graph.nodes(), nodeToJson)
        : elementsJsonChunks(graph.edges(), edgeToJson),
    );
  }

  get(kind: ElementKind, id: string): string | undefined {
    const json = this.#json(kind, id);
    return json === undefined ? undefined : JSON.stringify(json);
  }

  #json(kind: ElementKind, id: string): Json | undefined {
    const { graph } = this.#fabric;
    const [node, edge] = kind === 'node' ? [graph.node(id), undefined] : [undefined, graph.edge(id)];
    if (node !== undefined) return nodeToJson(node) as unknown as Json;
    return edge && (edgeToJson(edge) as unknown as Json);
  }

  /** `text` is an element that was checked, in public form. */
  create(kind: ElementKind, text: string, nowMs: number): ElementAnswer {
    const json = JSON.parse(text) as EdgeJson;
    const element = kind === 'node' ? nodeFromJson(json) : edgeFromJson(json);
    const { graph } = this.#fabric;
    const isTaken = (kind === 'node' ? graph.node(element.id) : graph.edge(element.id)) !== undefined;
    if (!isTaken && !this.#fabric.hasRoom(element.origin))
      return refused(
        'graphFull',
        `the graph has its ${this.#fabric.elementsMax} elements, or those of ${element.origin} are ${limits.elementsPerHostMax}`,
      );
    try {
      this.#fabric.write(nowMs, this, (now) => add(now, kind, element));
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      const isConflict = error.code === 'node-conflict' || error.code === 'edge-conflict';
      return refused(isConflict ? 'elementConflict' : 'invalidResource', error.message);
    }
    return { kind: 'done', json: this.get(kind, element.id)! };
  }

  /** False when there is none. The edges of a node go with it. */
  delete(kind: ElementKind, id: string, nowMs: number): boolean {
    if (this.#json(kind, id) === undefined) return false;
    this.#fabric.write(nowMs, this, (graph) => {
      if (kind === 'node') graph.deleteNode(id, nowMs);
      else graph.deleteEdge(id, nowMs);
    });
    return true;
  }

  /** Only metadata changes; a node's Name, Type and TID stay whatever the patch says. */
  patch(kind: ElementKind, id: string, patch: readonly unknown[], nowMs: number): ElementAnswer {
    const before = this.#json(kind, id);
    if (before === undefined) return { kind: 'unknown' };
    const read = this.#patched(kind, before, patch, nowMs);
    if (!('element' in read)) return read;
    const { graph } = this.#fabric;
    const element = kind === 'node' ? graph.node(id)! : graph.edge(id)!;
    const changed = this.#change(kind, element, read.element.metadata, nowMs);
    if (changed === undefined) return { kind: 'unchanged' };
    return changed.kind === 'done' ? { kind: 'done', json: this.get(kind, id)! } : changed;
  }

  #patched(
    kind: ElementKind,
    before: Json,
    patch: readonly unknown[],
    nowMs: number,
  ): ElementAnswer | { readonly element: GraphNode } {
    let checked: Checked<GraphNode>;
    const defaults = { origin: this.#origin, nowMs };
    try {
      const after = applyPatch(before, patch);
      checked =
        kind === 'node' ? checkNode(decodeNode(after, defaults)) : checkEdge(decodeEdge(after, defaults));
    } catch (error) {
      if (error instanceof PatchError)
        return refused('invalidPatch', `applying JSON patch to resource: ${error.message}`);
      if (!(error instanceof InputError)) throw error;
      return refused('invalidPatch', `creating a new resource from the patched JSON body: ${error.message}`);
    }
    return checked.ok ? checked : refused('invalidPatch', `validating patched resource: ${checked.fault}`);
  }

  /** Undefined when nothing changes. */
  #change(
    kind: ElementKind,
    element: GraphNode,
    patched: Metadata,
    nowMs: number,
  ): { readonly kind: 'done' } | Refused | undefined {
    const wanted = kind === 'node' ? { ...patched, ...identityOf(element.metadata) } : patched;
    if (jsonEquals(element.metadata, wanted)) return undefined;
    const overlays = kind === 'node' ? this.#fabric.overlays : this.#fabric.edgeOverlays;
    const { rules, edits } = overlays.of(element.id);
    const now = { base: overlays.base(element), edits };
    const after = edited(now, element.metadata, wanted, element.origin === this.#origin);
    const tooMuch = metadataFault(after.edits as unknown as Json, limits.overlayBytesMax);
    if (tooMuch !== undefined) return refused('invalidPatch', `validating patched resource: ${tooMuch}`);
    const metadata = withLayers(after.base, { edits: after.edits, rules });
    // All that was to change is set by rules, which have the last word.
    if (jsonEquals(metadata, element.metadata)) return undefined;
    this.#fabric.write(nowMs, this, (graph) => {
      overlays.lay(element.id, after.base, { edits: after.edits, rules });
      const revised = { ...element, metadata, updatedAt: nowMs, revision: element.revision + 1 };
      if (kind === 'node') graph.updateNode(revised);
      else graph.updateEdge(revised as GraphEdge);
    });
    return { kind: 'done' };
  }
}

function add(graph: Graph, kind: ElementKind, element: GraphNode | GraphEdge): void {
  if (kind === 'node') graph.addNode(element);
  else graph.addEdge(element as GraphEdge);
}

function refused(fault: ElementFault, text: string): Refused {
  return { kind: 'refused', fault, text };
}

/** What a patch cannot change. */
function identityOf(metadata: Metadata): Metadata {
  const { Name, Type, TID } = metadata;
  return {
    ...(Name !== undefined && { Name }),
    ...(Type !== undefined && { Type }),
    ...(TID !== undefined && TID !== '' && { TID }),
  };
}
