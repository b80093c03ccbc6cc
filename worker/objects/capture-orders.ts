/**
 * Keeps every probe told which captures it is to run (decision 0005): evaluates the captures' queries soon after
 * the list or the graph changed and sends a host its whole CaptureSet when that differs from the last one sent.
 */
import type { Capture } from '../../core/capture/capture.ts';
import { capturesOn, planCaptures, type CapturePlan } from '../../core/capture/plan.ts';
import { messageOf } from '../../core/errors.ts';
import type { GraphEvent, GraphNode } from '../../core/graph/element.ts';
import type { Graph } from '../../core/graph/graph.ts';
import { jsonEquals } from '../../core/graph/metadata.ts';
import { timings } from '../../core/limits.ts';
import { sha1 } from '../../core/sha1.ts';
import { captureToJson } from '../../core/wire/capture-json.ts';
import type { ProbeSockets } from './probe-sockets.ts';

/** The nodes that a capture's query selects now, and what that cost; throws when the query cannot run. */
export type FindNodes = (
  query: string,
) => Promise<{ readonly nodes: readonly GraphNode[]; readonly visited: number }>;

/** Metadata that changes all the time and that hardly a query asks for. */
const STATISTICS: ReadonlySet<string> = new Set(['Captures', 'Metric', 'LastUpdateMetric', 'SFlow']);

/** An element costs about 0.1 µs to look at (docs/design/objects.md). */
const VISITS_PER_MS_OF_WAIT = 1_000;

export class CaptureOrders {
  readonly #graph: Graph;
  readonly #sockets: ProbeSockets;
  readonly #find: FindNodes;
  #captures: readonly Capture[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  /** Elements that the last evaluation looked at. */
  #visited = 0;
  /** Captures whose query failed at the last evaluation, with the reason: for the status. */
  #faults: Readonly<Record<string, string>> = {};

  constructor(graph: Graph, sockets: ProbeSockets, captures: readonly Capture[], find: FindNodes) {
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
    if (this.#captures.length > 0 && this.#matters(event)) this.evaluateSoon();
  }

  /** The dearer the last evaluation was, the longer the next one waits: at most about a tenth of the time is spent. */
  evaluateSoon(): void {
    const { captureEvaluationMs: least, captureEvaluationSlowMs: most } = timings;
    const waitMs = Math.min(most, Math.max(least, this.#visited / VISITS_PER_MS_OF_WAIT));
    this.#timer ??= setTimeout(() => void this.evaluate(), waitMs);
  }

  #matters(event: GraphEvent): boolean {
    if (event.kind !== 'nodeUpdated' && event.kind !== 'edgeUpdated') return true;
    const [before, after] =
      event.kind === 'nodeUpdated'
        ? [event.before.metadata, event.node.metadata]
        : [event.before.metadata, event.edge.metadata];
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (jsonEquals(before[key], after[key])) continue;
      if (!STATISTICS.has(key) || this.#captures.some((capture) => capture.GremlinQuery.includes(key)))
        return true;
    }
    return false;
  }

  /** Runs the queries and tells the probes. One evaluation at a time; a call during one runs another behind it. */
  async evaluate(): Promise<void> {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running !== undefined) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#evaluateUntilQuiet();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  async #evaluateUntilQuiet(): Promise<void> {
    do {
      this.#again = false;
      const plan = await this.#plan();
      for (const [socket] of this.#sockets.live()) this.#tell(socket, plan);
    } while (this.#again);
  }

  async #plan(): Promise<CapturePlan> {
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
    this.#visited = visited;
    return planCaptures(captures, found, captures.length === 0 ? new Map() : this.#carriers());
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
