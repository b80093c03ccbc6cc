/**
 * Messages of the namespace Graph as clients send them (WebSocket notes, sections 6 and 7): from an opened envelope to
 * what is asked, or a fault in words for the reply.
 */
import type { Json, Metadata, MetadataOp } from '../graph/element.ts';
import type { Given, GivenEdge, PublisherChange } from '../graph/publisher-changes.ts';
import { exceedsJsonBytes } from '../json-size.ts';
import { limits } from '../limits.ts';
import { isId, isShallow } from './element-text.ts';

export interface SyncRequest {
  readonly kind: 'syncRequest';
  /** ms since 1970; undefined for now. */
  readonly timeMs: number | undefined;
  /** The new filter, "" for none; undefined to keep the one that is active. */
  readonly filter: string | undefined;
}

export type GraphMessage =
  | SyncRequest
  | { readonly kind: 'sync'; readonly nodes: readonly Given[]; readonly edges: readonly GivenEdge[] }
  | { readonly kind: 'change'; readonly change: PublisherChange };

/** A message that cannot be what its type says; `message` is for the reply. */
export class MessageFault extends Error {
  override readonly name = 'MessageFault';
}

const HOST_CHARS_MAX = 255;

type Fields = Readonly<Record<string, unknown>>;

/** Throws MessageFault. `frameBytes`: of the message; elements of a small one need not be measured. */
export function readGraphMessage(type: string, obj: unknown, frameBytes: number): GraphMessage {
  const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (reader === undefined) throw new MessageFault(`unknown message type '${type.slice(0, 64)}'`);
  return reader(obj, frameBytes > limits.elementBytesMax);
}

const change =
  <G>(read: (obj: unknown, measure: boolean) => G, make: (given: G) => PublisherChange) =>
  (obj: unknown, measure: boolean): GraphMessage => ({ kind: 'change', change: make(read(obj, measure)) });

const READERS: Readonly<Record<string, (obj: unknown, measure: boolean) => GraphMessage>> = {
  SyncRequest: readSyncRequest,
  Sync: readSync,
  SyncReply: readSync,
  NodeAdded: change(readNode, (node) => ({ kind: 'addNode', node })),
  NodeUpdated: change(readNode, (node) => ({ kind: 'updateNode', node })),
  NodePartiallyUpdated: change(readOps, (ops) => ({ kind: 'patchNode', ops })),
  NodeDeleted: change(readDeletion, (gone) => ({ kind: 'deleteNode', ...gone })),
  EdgeAdded: change(readEdge, (edge) => ({ kind: 'addEdge', edge })),
  EdgeUpdated: change(readNode, (edge) => ({ kind: 'updateEdge', edge })),
  EdgePartiallyUpdated: change(readOps, (ops) => ({ kind: 'patchEdge', ops })),
  EdgeDeleted: change(readDeletion, (gone) => ({ kind: 'deleteEdge', ...gone })),
};

function readSyncRequest(obj: unknown): SyncRequest {
  if (obj === null) return { kind: 'syncRequest', timeMs: undefined, filter: undefined };
  const { Time: time, GremlinFilter: filter } = fieldsOf(obj);
  if (time !== undefined && time !== null && !isTime(time))
    throw new MessageFault('Time is not a number of milliseconds');
  if (filter !== undefined && filter !== null && typeof filter !== 'string')
    throw new MessageFault('GremlinFilter is not a text');
  if (typeof filter === 'string' && filter.length > limits.graphFilterCharsMax)
    throw new MessageFault(`GremlinFilter is longer than ${limits.graphFilterCharsMax} characters`);
  return { kind: 'syncRequest', timeMs: time ?? undefined, filter: filter ?? undefined };
}

function readSync(obj: unknown, measure: boolean): GraphMessage {
  const { Nodes: nodes, Edges: edges } = fieldsOf(obj);
  return {
    kind: 'sync',
    nodes: listOf(nodes, 'Nodes').map((node) => readNode(node, measure)),
    edges: listOf(edges, 'Edges').map((edge) => readEdge(edge, measure)),
  };
}

function readNode(obj: unknown, measure: boolean): Given {
  const fields = fieldsOf(obj);
  return {
    id: idOf(fields),
    metadata: metadataOf(fields, measure),
    host: hostOf(fields),
    createdAt: timeOf(fields, 'CreatedAt'),
    updatedAt: timeOf(fields, 'UpdatedAt'),
    deletedAt: timeOf(fields, 'DeletedAt'),
    revision: revisionOf(fields),
  };
}

function readEdge(obj: unknown, measure: boolean): GivenEdge {
  const { Parent: parent, Child: child } = fieldsOf(obj);
  if (!isId(parent)) throw new MessageFault('parent ID wrong format');
  if (!isId(child)) throw new MessageFault('child ID wrong format');
  return { ...readNode(obj, measure), parent, child };
}

/** The id is enough. */
function readDeletion(obj: unknown): { readonly id: string; readonly deletedAt: number | undefined } {
  const fields = fieldsOf(obj);
  return { id: idOf(fields), deletedAt: timeOf(fields, 'DeletedAt') };
}

function readOps(obj: unknown, measure: boolean): Extract<PublisherChange, { kind: 'patchNode' }>['ops'] {
  const fields = fieldsOf(obj);
  const ops = listOf(fields['Ops'], 'Ops').map((op) => readOp(fieldsOf(op)));
  if (measure) checkSize(ops.map((op) => (op.kind === 'set' ? op.value : null)));
  return {
    id: idOf(fields),
    ops,
    updatedAt: timeOf(fields, 'UpdatedAt'),
    revision: revisionOf(fields),
  };
}

function readOp({ Type: type, Key: key, Value: value }: Fields): MetadataOp {
  if (typeof key !== 'string') throw new MessageFault('an operation has no Key');
  if (key.split('.', limits.metadataDepthMax + 1).length > limits.metadataDepthMax)
    throw new MessageFault(`the Key of an operation nests deeper than ${limits.metadataDepthMax}`);
  if (type === 2) return { kind: 'delete', key };
  if (type !== 1)
    throw new MessageFault(`unknown operation type ${JSON.stringify(type) ?? 'none'}, use 1 or 2`);
  if (!isShallow((value ?? null) as Json, limits.metadataDepthMax)) throw tooDeep();
  return { kind: 'set', key, value: (value ?? null) as Json };
}

function fieldsOf(obj: unknown): Fields {
  if (typeof obj !== 'object' || obj === null || Array.isArray(obj))
    throw new MessageFault('Obj is not an object');
  return obj as Fields;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new MessageFault(`${name} is not a list`);
  return value;
}

function idOf(fields: Fields): string {
  const id = fields['ID'];
  if (!isId(id)) throw new MessageFault('No ID found for graph element');
  return id;
}

function metadataOf(fields: Fields, measure: boolean): Metadata {
  const metadata = fields['Metadata'] ?? {};
  if (typeof metadata !== 'object' || Array.isArray(metadata))
    throw new MessageFault('Metadata is not an object');
  if (!isShallow(metadata as Json, limits.metadataDepthMax)) throw tooDeep();
  if (measure) checkSize(metadata);
  return metadata as Metadata;
}

function tooDeep(): MessageFault {
  return new MessageFault(`Metadata nests deeper than ${limits.metadataDepthMax}`);
}

function checkSize(value: unknown): void {
  if (exceedsJsonBytes(value, limits.elementBytesMax))
    throw new MessageFault(`Metadata has more than ${limits.elementBytesMax} bytes`);
}

function hostOf(fields: Fields): string {
  const host = fields['Host'] ?? '';
  if (typeof host !== 'string') throw new MessageFault('Host is not a text');
  if (host.length > HOST_CHARS_MAX)
    throw new MessageFault(`Host is longer than ${HOST_CHARS_MAX} characters`);
  return host;
}

/** Absent, `null` and 0 (which clients send for "none") are undefined. */
function timeOf(fields: Fields, name: string): number | undefined {
  const value = fields[name] ?? 0;
  if (!isTime(value)) throw new MessageFault(`${name} is not a number of milliseconds`);
  return value === 0 ? undefined : value;
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function revisionOf(fields: Fields): number | undefined {
  const value = fields['Revision'] ?? undefined;
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new MessageFault('Revision is not a number');
  return value as number;
}
