/**
 * Keeps every probe told which captures it is to run (decision 0005): evaluates the captures' queries soon after
 * the list or the graph changed and sends a host its whole CaptureSet when that differs from the last one sent.
 */
import type { Capture } from '../../core/capture/capture.ts';
import { capturesOn, planCaptures, type CapturePlan } from '../../core/capture/plan.ts';
import { messageOf } from '../../core/errors.ts';
import type { GraphEvent, GraphNode } from '../../core/graph/element.ts';
import type { Graph } from '../../core/graph/graph.ts';
import { canMatter } from '../../core/graph/statistics.ts';
import { timings } from '../../core/limits.ts';
import { sha1 } from '../../core/sha1.ts';
import { captureToJson } from '../../core/wire/capture-json.ts';
import { PacedRuns } from './paced-runs.ts';
import type { ProbeSockets } from './probe-sockets.ts';

/** The nodes that a capture's query selects now, and what that cost; throws when the query cannot run. */
export type FindNodes = (
  query: string,
) => Promise<{ readonly nodes: readonly GraphNode[]; readonly visited: number }>;

export class CaptureOrders {
  readonly #graph: Graph;
  readonly #sockets: ProbeSockets;
  readonly #find: FindNodes;
  readonly #planned: (plan: CapturePlan) => void;
  #captures: readonly Capture[];
  readonly #runs = new PacedRuns(
    () => this.#evaluate(),
    timings.captureEvaluationMs,
    timings.captureEvaluationSlowMs,
  );
  /** Captures whose query failed at the last evaluation, with the reason: for the status. */
  #faults: Readonly<Record<string, string>> = {};

  /** `planned` hears of each plan: others than our probes are told in other ways. */
  constructor(
    graph: Graph,
    sockets: ProbeSockets,
    captures: readonly Capture[],
    find: FindNodes,
    planned: (plan: CapturePlan) => void = () => {},
  ) {
    this.#planned = planned;
    this.#graph = graph;
    this.#sockets = sockets;
    this.#captures = captures;
    this.#find = find;
  }

  get captures(): readonly Capture[] {
    return this.#captures;
  }

  get faults(): Readonly<Record<string, string>> {
    return this.#faults;
  }

  /** The list changed: the probes are told before this resolves. */
  async replace(captures: readonly Capture[]): Promise<void> {
    this.#captures = captures;
    await this.evaluate();
  }

  /** The graph changed. Many changes in a row cost one evaluation. */
  follow(event: GraphEvent): void {
    const queries = this.#captures.map((capture) => capture.GremlinQuery);
    if (queries.length > 0 && canMatter(event, queries)) this.evaluateSoon();
  }

  evaluateSoon(): void {
    this.#runs.soon();
  }

  /** Runs the queries and tells the probes. */
  async evaluate(): Promise<void> {
    await this.#runs.now();
  }

  async #evaluate(): Promise<number> {
    const { plan, visited } = await this.#plan();
    for (const [socket] of this.#sockets.live()) this.#tell(socket, plan);
    this.#planned(plan);
    return visited;
  }

  async #plan(): Promise<{ plan: CapturePlan; visited: number }> {
    const captures = this.#captures;
    const found = new Map<string, readonly GraphNode[]>();
    const faults: Record<string, string> = {};
    let visited = 0;
    for (const capture of captures) {
      try {
        const answer = await this.#find(capture.GremlinQuery);
        found.set(capture.UUID, answer.nodes);
        visited += answer.visited;
      } catch (error) {
        faults[capture.UUID] = messageOf(error);
      }
    }
    this.#faults = faults;
    const carriers = captures.length === 0 ? new Map<string, GraphNode[]>() : this.#carriers();
    return { plan: planCaptures(captures, found, carriers), visited };
  }

  #carriers(): Map<string, GraphNode[]> {
    const carriers = new Map<string, GraphNode[]>();
    for (const node of this.#graph.nodes())
      for (const { id } of capturesOn(node)) carriers.set(id, [...(carriers.get(id) ?? []), node]);
    return carriers;
  }

  #tell(socket: WebSocket, plan: CapturePlan): void {
    const state = this.#sockets.state(socket);
    // Before its first GraphSync a host seems to have no nodes, and an empty set would stop what it runs.
    if (state === undefined || state.sequence === 0) return;
    const orders = (plan.get(state.hostId) ?? []).map(({ capture, nodeIds }) => ({
      capture: JSON.stringify(captureToJson(capture, 0)),
      node_ids: [...nodeIds],
    }));
    const digest = digestOf(JSON.stringify(orders));
    if (digest === state.captures) return;
    const sequence = state.capturesSequence + 1;
    this.#sockets.update(socket, { captures: digest, capturesSequence: sequence });
    this.#sockets.send(socket, { captures: { sequence, captures: orders } });
  }

  /** Active nodes of each capture that has any. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const node of this.#graph.nodes())
      for (const id of new Set(capturesOn(node).flatMap((entry) => (entry.active ? [entry.id] : []))))
        counts[id] = (counts[id] ?? 0) + 1;
    return counts;
  }
}

function digestOf(text: string): string {
  return [...sha1(new TextEncoder().encode(text))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
