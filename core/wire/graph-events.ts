/**
 * Changes of the graph as the messages that subscribers get (WebSocket notes, section 6). Each is spelled when the first
 * client wants it, once for each update policy and protocol, and shared by all others.
 */
import type { GraphEdge, GraphEvent, GraphNode, MetadataOp } from '../graph/element.ts';
import { diffMetadata, hasDottedName } from '../graph/metadata.ts';
import { edgeToJson, nodeToJson } from './element-json.ts';
import { encodeEnvelope, type ClientProtocol } from './envelope.ts';
import type { Frame } from './flow-messages.ts';
import { escapeHtml } from './go-json.ts';
import type { UpdatePolicy } from './graph-subscription.ts';

const TYPES = {
  nodeAdded: 'NodeAdded',
  nodeUpdated: 'NodeUpdated',
  nodeDeleted: 'NodeDeleted',
  edgeAdded: 'EdgeAdded',
  edgeUpdated: 'EdgeUpdated',
  edgeDeleted: 'EdgeDeleted',
} as const;

interface Spelled {
  readonly type: string;
  readonly obj: string;
}

export class EventMessage {
  readonly event: GraphEvent;
  readonly #newUuid: () => string;
  #full: Spelled | undefined;
  #partial: Spelled | undefined;
  #uuid: string | undefined;
  readonly #frames = new Map<string, Frame>();

  /** `newUuid` gives the message its id. */
  constructor(event: GraphEvent, newUuid: () => string) {
    this.event = event;
    this.#newUuid = newUuid;
  }

  frame(policy: UpdatePolicy, protocol: ClientProtocol): Frame {
    const isUpdate = this.event.kind === 'nodeUpdated' || this.event.kind === 'edgeUpdated';
    const key = isUpdate ? `${policy} ${protocol}` : protocol;
    let frame = this.#frames.get(key);
    if (frame === undefined) {
      const { type, obj } = isUpdate && policy === 'partial' ? this.#spellPartial() : this.#spellFull();
      this.#uuid ??= this.#newUuid();
      frame = encodeEnvelope({ namespace: 'Graph', type, uuid: this.#uuid, status: 200, obj }, protocol);
      this.#frames.set(key, frame);
    }
    return frame;
  }

  #spellFull(): Spelled {
    this.#full ??= { type: TYPES[this.event.kind], obj: escapeHtml(JSON.stringify(elementJson(this.event))) };
    return this.#full;
  }

  /** The whole element where the operations would be longer, or cannot say it. */
  #spellPartial(): Spelled {
    if (this.#partial !== undefined) return this.#partial;
    const full = this.#spellFull();
    const partial = spellOps(this.event);
    this.#partial = partial !== undefined && partial.obj.length < full.obj.length ? partial : full;
    return this.#partial;
  }
}

function elementJson(event: GraphEvent): unknown {
  return 'node' in event ? nodeToJson(event.node) : edgeToJson(event.edge);
}

function spellOps(event: GraphEvent): Spelled | undefined {
  if (event.kind === 'nodeUpdated') return opsOf('NodePartiallyUpdated', event.before, event.node);
  if (event.kind === 'edgeUpdated') return opsOf('EdgePartiallyUpdated', event.before, event.edge);
  return undefined;
}

function opsOf<E extends GraphNode | GraphEdge>(type: string, before: E, after: E): Spelled | undefined {
  if (hasDottedName(before.metadata) || hasDottedName(after.metadata)) return undefined;
  const ops = diffMetadata(before.metadata, after.metadata).map(opToJson);
  const obj = { ID: after.id, UpdatedAt: after.updatedAt, Revision: after.revision, Ops: ops };
  return { type, obj: escapeHtml(JSON.stringify(obj)) };
}

function opToJson(op: MetadataOp): unknown {
  return op.kind === 'set'
    ? { Type: 1, Key: op.key, Value: op.value }
    : { Type: 2, Key: op.key, Value: null };
}
