/**
 * Tells Skydive agents which captures to run (WebSocket notes, section 13). They are told what to begin and what to end, one
 * node and capture a message, and say on the node itself what runs: what is wanted is compared with that, so that a capture left
 * over from another analyzer ends, and nothing has to be remembered.
 */
import { capturesOn, type CapturePlan } from '../../core/capture/plan.ts';
import type { GraphNode } from '../../core/graph/element.ts';
import type { ClientProtocol } from '../../core/wire/envelope.ts';
import { captureToJson } from '../../core/wire/capture-json.ts';

export const CAPTURE_NAMESPACE = 'OnDemandCapture';

export interface AgentSocket {
  readonly socket: WebSocket;
  readonly hostId: string;
  readonly protocol: ClientProtocol;
}

interface Surroundings {
  readonly agents: () => readonly AgentSocket[];
  /** The nodes that an agent told of. */
  readonly nodesOf: (hostId: string) => Iterable<GraphNode>;
  /** `obj` is JSON text. */
  readonly send: (socket: WebSocket, namespace: string, type: string, obj: string) => void;
  readonly count: (name: AgentOrderCounter) => void;
}

export type AgentOrderCounter = 'agentOrders' | 'agentOrdersFailed';
export const agentOrderCounters: readonly AgentOrderCounter[] = ['agentOrders', 'agentOrdersFailed'];

/** `<capture> <node>` */
type Pair = string;

export class AgentOrders {
  readonly #around: Surroundings;
  /** What each was told and does not show yet. */
  readonly #told = new WeakMap<WebSocket, Map<Pair, 'Start' | 'Stop'>>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** The plan is complete: what is not in it is not wanted. */
  tell(plan: CapturePlan): void {
    for (const { socket, hostId } of this.#around.agents()) this.#tell(socket, hostId, plan);
  }

  #tell(socket: WebSocket, hostId: string, plan: CapturePlan): void {
    const told = this.#told.get(socket) ?? new Map<Pair, 'Start' | 'Stop'>();
    this.#told.set(socket, told);
    const wanted = new Map<Pair, string>();
    for (const { capture, nodeIds } of plan.get(hostId) ?? [])
      for (const nodeId of nodeIds)
        wanted.set(pairOf(capture.UUID, nodeId), JSON.stringify(captureToJson(capture, 0)));
    const carried = new Set<Pair>();
    for (const node of this.#around.nodesOf(hostId))
      for (const { id } of capturesOn(node)) carried.add(pairOf(id, node.id));
    // What it shows by now was done.
    for (const [pair, order] of told) if (carried.has(pair) === (order === 'Start')) told.delete(pair);
    for (const [pair, resource] of wanted)
      if (!carried.has(pair) && told.get(pair) !== 'Start')
        this.#order(socket, told, 'Start', pair, resource);
    for (const pair of carried)
      if (!wanted.has(pair) && told.get(pair) !== 'Stop')
        this.#order(socket, told, 'Stop', pair, JSON.stringify({ UUID: pair.slice(0, pair.indexOf(' ')) }));
  }

  #order(
    socket: WebSocket,
    told: Map<Pair, 'Start' | 'Stop'>,
    type: 'Start' | 'Stop',
    pair: Pair,
    resource: string,
  ): void {
    told.set(pair, type);
    this.#around.count('agentOrders');
    const nodeId = JSON.stringify(pair.slice(pair.indexOf(' ') + 1));
    this.#around.send(socket, CAPTURE_NAMESPACE, type, `{"NodeID":${nodeId},"Resource":${resource}}`);
  }

  /** What an agent answers: a capture that could not be begun or ended is tried again when the graph changes. */
  answered(socket: WebSocket, type: string, status: number, obj: unknown): void {
    if (status === 200 || !/^(Start|Stop)Reply$/.test(type)) return;
    this.#around.count('agentOrdersFailed');
    const { NodeID, Resource } = (obj ?? {}) as {
      readonly NodeID?: unknown;
      readonly Resource?: { readonly UUID?: unknown };
    };
    if (typeof NodeID === 'string' && typeof Resource?.UUID === 'string')
      this.#told.get(socket)?.delete(pairOf(Resource.UUID, NodeID));
  }
}

function pairOf(captureId: string, nodeId: string): Pair {
  return `${captureId} ${nodeId}`;
}
