/**
 * Tells subscribers what becomes of captures (WebSocket notes, section 13): made, deleted, and that a node began or ceased to
 * carry one. The messages carry the capture as it is kept, with Count 0.
 */
import { capturesOn } from '../../core/capture/plan.ts';
import type { Capture } from '../../core/capture/capture.ts';
import type { GraphEvent, GraphNode } from '../../core/graph/element.ts';
import { captureToJson } from '../../core/wire/capture-json.ts';
import { escapeHtml } from '../../core/wire/go-json.ts';
import type { FabricGraph } from './fabric-graph.ts';

const NAMESPACE = 'OnDemandCaptureNotification';

interface Listeners {
  /** `obj` is JSON text. */
  notify(namespace: string, type: string, obj: string): void;
}

export class CaptureNotices {
  readonly #captures: () => readonly Capture[];
  readonly #listeners: Listeners;

  constructor(fabric: FabricGraph, captures: () => readonly Capture[], listeners: Listeners) {
    this.#captures = captures;
    this.#listeners = listeners;
    fabric.listen((events) => this.#follow(events));
  }

  /** The list of captures became another. */
  changed(before: readonly Capture[], after: readonly Capture[]): void {
    const known = new Map(before.map((capture) => [capture.UUID, capture]));
    for (const capture of after) if (!known.delete(capture.UUID)) this.#tell('Added', capture);
    for (const capture of known.values()) this.#tell('Deleted', capture);
  }

  #follow(events: readonly GraphEvent[]): void {
    const captures = this.#captures();
    if (captures.length === 0) return;
    const changed = new Set(events.flatMap(changedCaptures));
    if (changed.size === 0) return;
    for (const capture of captures) if (changed.has(capture.UUID)) this.#tell('NodeUpdated', capture);
  }

  #tell(type: string, capture: Capture): void {
    this.#listeners.notify(NAMESPACE, type, escapeHtml(JSON.stringify(captureToJson(capture, 0))));
  }
}

/** Ids of captures that became active on a node, or are so no longer. */
function changedCaptures(event: GraphEvent): string[] {
  switch (event.kind) {
    case 'nodeAdded':
      return activeOn(event.node);
    case 'nodeDeleted':
      return activeOn(event.node);
    case 'nodeUpdated': {
      if (event.before.metadata['Captures'] === event.node.metadata['Captures']) return [];
      const before = new Set(activeOn(event.before));
      const after = new Set(activeOn(event.node));
      return [...[...before].filter((id) => !after.has(id)), ...[...after].filter((id) => !before.has(id))];
    }
    case 'edgeAdded':
    case 'edgeUpdated':
    case 'edgeDeleted':
      return [];
  }
}

function activeOn(node: GraphNode): string[] {
  return capturesOn(node).flatMap(({ id, active }) => (active ? [id] : []));
}
