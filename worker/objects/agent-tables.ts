/**
 * Asks Skydive agents for the flows in their tables, which are fresher than what they pushed (WebSocket notes, section 12). An agent
 * that does not answer in time is named; one that did so twice in a row is left in peace for a minute, so that every query does not
 * wait for it again. Release 0.28.0 answers in protobuf, the development head in JSON; both are understood.
 */
import { flowsOfReply, flowsOfJsonReply, tableQuery } from '../../core/agent/table-query.ts';
import type { FlowSearch } from '../../core/flow/search.ts';
import { limits, timings } from '../../core/limits.ts';
import type { Flow } from '../../proto/gen/flow.ts';
import type { AgentSocket } from './agent-orders.ts';

export const TABLE_NAMESPACE = 'Flow';

/** A protobuf object in an envelope. */
type SendQuestion = (
  socket: WebSocket,
  namespace: string,
  type: string,
  uuid: string,
  obj: Uint8Array,
) => void;

interface Asked {
  readonly answer: (flows: readonly Flow[] | undefined) => void;
}

interface Patience {
  failures: number;
  untilMs: number;
}

const FAILURES_MAX = 2;

export interface AgentFlows {
  readonly flows: readonly Flow[];
  /** Hosts whose agent said nothing. */
  readonly silentHosts: readonly string[];
}

const NO_AGENTS: AgentFlows = { flows: [], silentHosts: [] };

export class AgentTables {
  readonly #agents: () => readonly AgentSocket[];
  readonly #send: SendQuestion;
  readonly #asked = new Map<string, Asked>();
  readonly #patience = new WeakMap<WebSocket, Patience>();

  constructor(agents: () => readonly AgentSocket[], send: SendQuestion) {
    this.#agents = agents;
    this.#send = send;
  }

  async search(search: FlowSearch): Promise<AgentFlows> {
    const all = this.#agents();
    if (all.length === 0) return NO_AGENTS;
    const agents = all.filter(({ hostId }) => search.hosts === undefined || search.hosts.includes(hostId));
    const query = tableQuery(search);
    const answers = await Promise.all(
      agents.map(async ({ socket, hostId, protocol }) => ({
        hostId,
        // The question has one spelling, which agents that speak JSON do not read.
        flows: protocol === 'protobuf' ? await this.#ask(socket, query) : undefined,
      })),
    );
    return {
      flows: answers.flatMap(({ flows }) => flows ?? []),
      silentHosts: answers.flatMap(({ hostId, flows }) => (flows === undefined ? [hostId] : [])),
    };
  }

  /** Undefined when it does not answer. */
  async #ask(socket: WebSocket, query: Uint8Array): Promise<readonly Flow[] | undefined> {
    const patience = this.#patience.get(socket) ?? { failures: 0, untilMs: 0 };
    this.#patience.set(socket, patience);
    if (patience.untilMs > Date.now() || this.#asked.size >= limits.agentQueriesMax) return undefined;
    const uuid = crypto.randomUUID();
    const answered = Promise.withResolvers<readonly Flow[] | undefined>();
    const timer = setTimeout(() => answered.resolve(undefined), timings.agentTableMs);
    this.#asked.set(uuid, { answer: answered.resolve });
    this.#send(socket, TABLE_NAMESPACE, 'TableQuery', uuid, query);
    const flows = await answered.promise;
    clearTimeout(timer);
    this.#asked.delete(uuid);
    if (flows !== undefined) patience.failures = 0;
    else if (++patience.failures >= FAILURES_MAX) {
      patience.failures = 0;
      patience.untilMs = Date.now() + timings.agentSilentMs;
    }
    return flows;
  }

  /** An answer: `bytes` in protobuf, or else `obj`. */
  answered(uuid: string, status: number, obj: unknown, bytes: Uint8Array | undefined): void {
    const asked = this.#asked.get(uuid);
    if (asked === undefined) return;
    if (status !== 200) return asked.answer(undefined);
    try {
      asked.answer(bytes === undefined ? flowsOfJsonReply(obj) : flowsOfReply(bytes));
    } catch {
      asked.answer(undefined);
    }
  }
}
