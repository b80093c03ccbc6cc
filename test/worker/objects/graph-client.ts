/** A client of `/ws/subscriber`, `/ws/publisher` or `/ws/pubsub`, and the graph that one builds from what it hears. */
import { env } from 'cloudflare:workers';
import { applyOps } from '../../../core/graph/metadata.ts';
import type { Metadata, MetadataOp } from '../../../core/graph/element.ts';
import type { EdgeJson, NodeJson } from '../../../core/wire/element-json.ts';
import type { GraphRole } from '../../../core/wire/graph-subscription.ts';
import { topologyOf } from '../../../worker/objects/stubs.ts';
import { get } from '../http.ts';
import { SocketClient, upgrade } from './socket-client.ts';

export interface Message {
  readonly Namespace: string;
  readonly Type: string;
  readonly UUID?: string;
  readonly Status: number;
  readonly Obj: unknown;
}

export interface GraphJson {
  readonly Nodes: NodeJson[] | null;
  readonly Edges: EdgeJson[] | null;
}

export class GraphClient extends SocketClient<Message> {
  readonly hostId: string;
  #request = 0;

  constructor(raw: WebSocket, hostId: string) {
    super(raw, (data) => JSON.parse(data as string) as Message);
    this.hostId = hostId;
  }

  say(type: string, obj: unknown, uuid?: string): void {
    const id = uuid === undefined ? {} : { UUID: uuid };
    this.send(JSON.stringify({ Namespace: 'Graph', Type: type, ...id, Status: 200, Obj: obj }));
  }

  /** The reply to a SyncRequest; what came before it stays. */
  async ask(obj: unknown = {}): Promise<Message> {
    const uuid = `ask-${this.#request++}`;
    this.say('SyncRequest', obj, uuid);
    return this.next(({ Type, UUID }) => Type === 'SyncReply' && UUID === uuid);
  }

  /** Resolves when what it said is in the graph: whatever the answer, it comes after that. */
  async written(): Promise<void> {
    await this.ask();
  }

  async graph(obj: unknown = {}): Promise<GraphJson> {
    return (await this.ask(obj)).Obj as GraphJson;
  }

  /** The next message, told as its type and the element's id. */
  async nextEvent(): Promise<string> {
    return eventOf(await this.next());
  }

  /** Everything that came until now. */
  async events(waitMs?: number): Promise<string[]> {
    return (await this.rest(waitMs)).map(eventOf);
  }
}

export function eventOf({ Type, Obj }: Message): string {
  return `${Type} ${(Obj as NodeJson).ID}`;
}

let next = 0;

export async function connect(
  role: GraphRole,
  headers: Readonly<Record<string, string>> = {},
): Promise<GraphClient> {
  const hostId = headers['X-Host-ID'] ?? `${role}-${next++}`;
  const response = await upgrade(`/ws/${role}`, { 'X-Host-ID': hostId, 'X-Client-Type': 't', ...headers });
  if (response.webSocket === null) throw new Error(`no upgrade: ${response.status} ${await response.text()}`);
  return new GraphClient(response.webSocket, hostId);
}

export function testNode(id: string, metadata: Metadata = {}): Pick<NodeJson, 'ID' | 'Metadata' | 'Host'> {
  return { ID: id, Metadata: { Name: id, Type: 'device', ...metadata }, Host: 'lab' };
}

export function testEdge(id: string, parent: string, child: string, metadata: Metadata = {}): unknown {
  return { ID: id, Parent: parent, Child: child, Metadata: { RelationType: 'layer2', ...metadata } };
}

/** What a client that follows the messages believes the graph to be. Throws for a message that does not fit it. */
export class Follower {
  readonly nodes = new Map<string, NodeJson>();
  readonly edges = new Map<string, EdgeJson>();

  follow({ Type, Obj }: Message): void {
    if (Type === 'SyncReply') return this.#restart(Obj as GraphJson);
    const kind = Type.startsWith('Node') ? this.nodes : this.edges;
    this.#apply(Type.slice(4), Obj as EdgeJson, kind as Map<string, EdgeJson>);
  }

  #restart({ Nodes, Edges }: GraphJson): void {
    this.nodes.clear();
    this.edges.clear();
    for (const node of Nodes ?? []) this.nodes.set(node.ID, node);
    for (const edge of Edges ?? []) this.edges.set(edge.ID, edge);
  }

  #apply(what: string, element: EdgeJson, known: Map<string, EdgeJson>): void {
    const before = known.get(element.ID);
    if ((before === undefined) !== (what === 'Added'))
      throw new Error(`${what} of ${element.ID}, which is ${before === undefined ? 'un' : ''}known`);
    if (what === 'Deleted') known.delete(element.ID);
    else if (what === 'PartiallyUpdated')
      known.set(element.ID, patched(before!, element as unknown as Patch));
    else known.set(element.ID, element);
  }

  /** As `G` answers it, by id. */
  graph(): GraphJson {
    return sorted({ Nodes: [...this.nodes.values()], Edges: [...this.edges.values()] });
  }
}

interface Patch {
  readonly UpdatedAt: number;
  readonly Revision: number;
  readonly Ops: readonly { readonly Type: number; readonly Key: string; readonly Value: never }[];
}

function patched(before: EdgeJson, { UpdatedAt, Revision, Ops }: Patch): EdgeJson {
  const ops = Ops.map(({ Type, Key, Value }): MetadataOp =>
    Type === 1 ? { kind: 'set', key: Key, value: Value } : { kind: 'delete', key: Key },
  );
  return { ...before, Metadata: applyOps(before.Metadata, ops), UpdatedAt, Revision };
}

export function sorted({ Nodes, Edges }: GraphJson): GraphJson {
  const byId = (a: NodeJson, b: NodeJson): number => (a.ID < b.ID ? -1 : 1);
  return { Nodes: [...(Nodes ?? [])].sort(byId), Edges: [...(Edges ?? [])].sort(byId) };
}

export const topology = () => topologyOf(env);
export const counters = async () => (await topology().status()).counters;

/** The nodes that the API answers. */
export async function nodes(): Promise<NodeJson[]> {
  return (JSON.parse((await get('/api/topology')).text) as GraphJson).Nodes ?? [];
}
export async function nodeIds(): Promise<string[]> {
  return (await nodes()).map(({ ID }) => ID).sort();
}
export async function metadataOf(id: string): Promise<NodeJson['Metadata'] | undefined> {
  return (await nodes()).find(({ ID }) => ID === id)?.Metadata;
}

/** Told from each element alone. */
export const RED = { 'X-Gremlin-Filter': "G.V().Has('Color','red').SubGraph()" };
/** Yields the same, and only its query can tell. */
export const RED_GENERAL = { 'X-Gremlin-Filter': "G.V().Has('Color','red').Dedup().SubGraph()" };
