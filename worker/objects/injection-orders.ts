/**
 * Packet injections on their way between the registry and the probes: plans them on the graph, tells the probes of the
 * nodes that are to send, and hands their reports on. Nothing is kept here: an order that is lost with its socket is
 * over when no word of it came in time (core/injection/progress.ts), and never given twice.
 */
import type { GraphNode } from '../../core/graph/element.ts';
import type { Graph } from '../../core/graph/graph.ts';
import { addressesOf } from '../../core/graph/addresses.ts';
import { GremlinError } from '../../core/gremlin/errors.ts';
import type {
  InjectionReport,
  InjectionRequest,
  InjectionSpec,
  InjectionTask,
} from '../../core/injection/injection.ts';
import { planInjection } from '../../core/injection/plan.ts';
import { dueMsOf, tooManySources } from '../../core/injection/progress.ts';
import { InjectionState, type InjectionReport as ReportFrame } from '../../proto/gen/probe.ts';
import type { AgentInjections } from './agent-injections.ts';
import type { ProbeSockets } from './probe-sockets.ts';

/** A node that is to send, or why it cannot. */
interface PlannedTask {
  readonly nodeId: string;
  readonly host: string;
  readonly part?: Omit<InjectionSpec, 'Payload' | 'Pcap'>;
  readonly error?: string;
}

export type Planned =
  | { readonly ok: true; readonly uuid: string; readonly tasks: readonly PlannedTask[] }
  | { readonly ok: false; readonly text: string };

export const injectionCounters = ['injectionsOrdered', 'injectionsDone', 'injectionsFailed'] as const;
export type InjectionCounter = (typeof injectionCounters)[number];

export interface InjectionOrdersOptions {
  readonly graph: Graph;
  readonly sockets: ProbeSockets;
  readonly find: (query: string) => Promise<readonly GraphNode[]>;
  readonly report: (host: string, report: InjectionReport) => void;
  readonly agents: AgentInjections;
  readonly count: (name: InjectionCounter) => void;
}

/** Probes know injections since 1.1. */
const MINOR_SINCE = 1;
const ERROR_CHARS_MAX = 1_000;
const STATES = {
  [InjectionState.INJECTION_ACTIVE]: 'active',
  [InjectionState.INJECTION_DONE]: 'done',
  [InjectionState.INJECTION_FAILED]: 'error',
} as const;

export class InjectionOrders {
  readonly #options: InjectionOrdersOptions;

  constructor(options: InjectionOrdersOptions) {
    this.#options = options;
  }

  /** The first node decides whether the request can be met; what fails on others shows as their error. */
  async plan(uuid: string, request: InjectionRequest): Promise<Planned> {
    const sources = (await this.#nodes(request.Src)).filter(({ host }) => host !== '');
    if (sources.length === 0)
      return { ok: false, text: `Not able to find a source node for '${request.Src}'` };
    const tooMany = tooManySources(sources.length);
    if (tooMany !== undefined) return { ok: false, text: tooMany };
    const [destination] = await this.#nodes(request.Dst);
    let macs: ReadonlyMap<string, string | undefined> | undefined;
    const world = {
      random: Math.random,
      macOfAddress: (address: string) => (macs ??= this.#macsByAddress()).get(address),
    };
    const tasks: PlannedTask[] = [];
    for (const [order, source] of sources.entries()) {
      const planned = planInjection(uuid, request, source, destination, order, world);
      if (!planned.ok && order === 0) return planned;
      const task = { nodeId: source.id, host: source.host };
      if (planned.ok) {
        const { Payload: _payload, Pcap: _pcap, ...part } = planned.spec;
        tasks.push({ ...task, part });
      } else tasks.push({ ...task, error: planned.text });
    }
    return { ok: true, uuid, tasks };
  }

  /** `request` is the one that was planned: what all nodes have in common travels once. */
  start(planned: Planned, request: InjectionRequest): void {
    if (!planned.ok) return;
    const { Payload, Pcap } = request;
    for (const { nodeId, host, part, error } of planned.tasks) {
      if (part !== undefined && this.#options.agents.start(host, nodeId, { ...part, Payload, Pcap })) {
        this.#options.count('injectionsOrdered');
        continue;
      }
      const socket = this.#options.sockets.socketOf(host);
      const reason = error ?? this.#cannotBeTold(host, socket);
      if (reason !== undefined || part === undefined || socket === undefined) {
        this.#options.count('injectionsFailed');
        const report = {
          uuid: planned.uuid,
          nodeId,
          state: 'error',
          packets: 0,
          error: reason ?? '',
        } as const;
        this.#options.report(host, report);
        continue;
      }
      this.#options.count('injectionsOrdered');
      const spec: InjectionSpec = { ...part, Payload, Pcap };
      this.#options.sockets.send(socket, { inject: { injection: JSON.stringify(spec), node_id: nodeId } });
    }
  }

  /** Why a host's probe cannot get an order; undefined = it can. */
  #cannotBeTold(host: string, socket: WebSocket | undefined): string | undefined {
    const state = socket && this.#options.sockets.state(socket);
    if (state === undefined) return `the probe of ${host} is not connected`;
    if (state.minor < MINOR_SINCE)
      return `the probe of ${host} is too old: protocol ${state.major}.${state.minor}`;
    return undefined;
  }

  stop(uuids: readonly string[]): void {
    this.#options.agents.stop(uuids);
    for (const [socket] of this.#options.sockets.live())
      this.#options.sockets.send(socket, { stop_injections: { uuids: [...uuids] } });
  }

  /** What a host's probe says; states that only a newer version knows count as running. */
  reported(host: string, frame: ReportFrame): void {
    const state = STATES[frame.state as keyof typeof STATES] ?? 'active';
    if (state === 'done') this.#options.count('injectionsDone');
    if (state === 'error') this.#options.count('injectionsFailed');
    const { uuid, packets, error } = frame;
    const report = { uuid, nodeId: frame.node_id, state, packets, error: error.slice(0, ERROR_CHARS_MAX) };
    this.#options.report(host, report);
  }

  /** Each node once, by TID as the reference does; none for a query that cannot run. */
  async #nodes(query: string): Promise<readonly GraphNode[]> {
    if (query === '') return [];
    try {
      const byTid = new Map<unknown, GraphNode>();
      for (const node of await this.#options.find(query)) {
        const key = node.metadata['TID'] ?? node.id;
        if (!byTid.has(key)) byTid.set(key, node);
      }
      return [...byTid.values()];
    } catch (error) {
      if (error instanceof GremlinError) return [];
      throw error;
    }
  }

  /** IP address → MAC of the only node that has it. */
  #macsByAddress(): Map<string, string | undefined> {
    const macs = new Map<string, string | undefined>();
    for (const node of this.#options.graph.nodes()) {
      const { MAC: mac } = node.metadata;
      for (const address of addressesOf(node))
        macs.set(address, macs.has(address) || typeof mac !== 'string' ? undefined : mac);
    }
    return macs;
  }
}

/** As the registry is to keep them at the beginning. */
export function tasksOf(
  planned: Planned,
  request: InjectionRequest,
  nowMs: number,
): readonly InjectionTask[] {
  if (!planned.ok) return [];
  return planned.tasks.map(({ nodeId, host }) => ({
    NodeID: nodeId,
    Host: host,
    State: 'pending',
    PacketCount: 0,
    dueMs: dueMsOf(request, nowMs),
  }));
}
