/**
 * Packet injections by Skydive agents (WebSocket notes, section 13): the order is the request as it was resolved for the node; how far it has come
 * shows in the node's `PacketInjections` for as long as it runs, and nowhere else.
 */
import type { GraphEvent, GraphNode, Json } from '../../core/graph/element.ts';
import { isJsonObject } from '../../core/graph/metadata.ts';
import type { InjectionReport, InjectionSpec } from '../../core/injection/injection.ts';
import type { AgentSocket } from './agent-orders.ts';

export const INJECTION_NAMESPACE = 'OnDemandPacketInjection';

interface Surroundings {
  readonly agents: () => readonly AgentSocket[];
  readonly send: (socket: WebSocket, namespace: string, type: string, obj: string) => void;
  readonly report: (host: string, report: InjectionReport) => void;
}

interface Running {
  readonly host: string;
  readonly nodeId: string;
  readonly resource: string;
}

export class AgentInjections {
  readonly #around: Surroundings;
  /** Injection → where it was ordered. */
  readonly #running = new Map<string, Running[]>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** False when the host has no agent. */
  start(host: string, nodeId: string, spec: InjectionSpec): boolean {
    const agent = this.#agentOf(host);
    if (agent === undefined) return false;
    const resource = JSON.stringify(resourceOf(spec));
    this.#running.set(spec.UUID, [...(this.#running.get(spec.UUID) ?? []), { host, nodeId, resource }]);
    this.#order(agent, 'Start', nodeId, resource);
    return true;
  }

  stop(uuids: readonly string[]): void {
    for (const uuid of uuids)
      for (const { host, nodeId, resource } of this.#running.get(uuid) ?? []) {
        const agent = this.#agentOf(host);
        if (agent !== undefined) this.#order(agent, 'Stop', nodeId, resource);
        this.#running.delete(uuid);
      }
  }

  #agentOf(host: string): AgentSocket | undefined {
    return this.#around.agents().find(({ hostId }) => hostId === host);
  }

  #order({ socket }: AgentSocket, type: string, nodeId: string, resource: string): void {
    const obj = `{"NodeID":${JSON.stringify(nodeId)},"Resource":${resource}}`;
    this.#around.send(socket, INJECTION_NAMESPACE, type, obj);
  }

  /** What an agent answers to an order. */
  answered(type: string, status: number, obj: unknown): void {
    if (type !== 'StartReply') return;
    const { NodeID, Resource } = (obj ?? {}) as {
      readonly NodeID?: unknown;
      readonly Resource?: { readonly UUID?: unknown };
    };
    const uuid = Resource?.UUID;
    if (typeof NodeID !== 'string' || typeof uuid !== 'string') return;
    const task = this.#running.get(uuid)?.find(({ nodeId }) => nodeId === NodeID);
    if (task === undefined) return;
    if (status !== 200) this.#report(task, uuid, 'error', 0, `the agent answered ${status}`);
    else this.#report(task, uuid, 'active', 0, '');
  }

  /** An injection that no longer shows on its node is done. */
  follow(events: readonly GraphEvent[]): void {
    if (this.#running.size === 0) return;
    for (const event of events) {
      if (event.kind !== 'nodeUpdated') continue;
      const after = injectionsOn(event.node);
      for (const [uuid, packets] of injectionsOn(event.before)) {
        const task = this.#running.get(uuid)?.find(({ nodeId }) => nodeId === event.node.id);
        if (task !== undefined && !after.has(uuid)) this.#report(task, uuid, 'done', packets, '');
      }
      for (const [uuid, packets] of after) {
        const task = this.#running.get(uuid)?.find(({ nodeId }) => nodeId === event.node.id);
        if (task !== undefined) this.#report(task, uuid, 'active', packets, '');
      }
    }
  }

  #report(
    task: Running,
    uuid: string,
    state: InjectionReport['state'],
    packets: number,
    error: string,
  ): void {
    this.#around.report(task.host, { uuid, nodeId: task.nodeId, state, packets, error });
    if (state === 'active') return;
    const others = (this.#running.get(uuid) ?? []).filter((one) => one !== task);
    if (others.length === 0) this.#running.delete(uuid);
    else this.#running.set(uuid, others);
  }
}

/** UUID → packets sent, by the node's own word. */
function injectionsOn(node: GraphNode): Map<string, number> {
  const list: Json | undefined = node.metadata['PacketInjections'];
  const found = new Map<string, number>();
  if (!Array.isArray(list)) return found;
  for (const entry of list as readonly Json[]) {
    if (!isJsonObject(entry)) continue;
    const { UUID: uuid, ID: id, PacketCount: packets } = entry;
    const name = typeof uuid === 'string' ? uuid : id;
    if (typeof name === 'string') found.set(name, typeof packets === 'number' ? packets : 0);
  }
  return found;
}

/** As the agent's Go reads it: addresses as texts without a prefix length, MAC addresses as bytes in base64. */
function resourceOf({ SrcIP, DstIP, SrcMAC, DstMAC, ...spec }: InjectionSpec): object {
  const address = (text: string): string => text.replace(/\/\d+$/, '');
  return {
    ...spec,
    ...(SrcIP !== '' && { SrcIP: address(SrcIP) }),
    ...(DstIP !== '' && { DstIP: address(DstIP) }),
    SrcMAC: macBase64(SrcMAC),
    DstMAC: macBase64(DstMAC),
    Count: spec.Count || 1,
    TTL: spec.TTL || 64,
  };
}

function macBase64(text: string): string {
  const bytes = text === '' ? [] : text.split(/[:-]/).map((part) => Number.parseInt(part, 16));
  return btoa(String.fromCodePoint(...bytes));
}
