/**
 * Those who must not notice what somebody else sends: a subscriber of the graph and one of the flows, each told of something new whenever it is
 * asked for; and the analyzer's own account of what it refused.
 */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { createFlow, createMessage, encodeMessage } from '../../proto/gen/flow.ts';
import { PATIENCE_MS, until } from './client.ts';

let next = 0;

class Listener {
  readonly #socket: WebSocket;
  #heard = '';
  #closed: string | undefined;

  private constructor(address: string, path: string, clientType: string) {
    const headers = { 'X-Client-Type': clientType, 'X-Host-ID': `by-${process.pid}-${next++}` };
    this.#socket = new WebSocket(`ws://${address}${path}`, { headers });
    this.#socket.on('close', (code, reason) => (this.#closed = `${code} ${reason.toString()}`));
    this.#socket.on('message', (data: Buffer) => (this.#heard += data.toString()));
  }

  static async open(address: string, path: string, clientType = 'bystander'): Promise<Listener> {
    const listener = new Listener(address, path, clientType);
    await once(listener.#socket, 'open');
    return listener;
  }

  send(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  /** Rejects unless a message that holds the text has come, or comes in a while. */
  async hears(text: string): Promise<void> {
    await until(() => this.#closed !== undefined || this.#heard.includes(text), `a bystander missed ${text}`);
    if (this.#closed !== undefined) throw new Error(`a bystander was closed: ${this.#closed}`);
    this.#heard = '';
  }

  close(): void {
    this.#socket.terminate();
  }
}

export class Bystanders {
  readonly #url: string;
  readonly #graph: Listener;
  readonly #flows: Listener;
  /** Its flows are what the subscriber of flows hears. */
  readonly #agent: Listener;

  private constructor(address: string, graph: Listener, flows: Listener, agent: Listener) {
    this.#url = `http://${address}`;
    this.#graph = graph;
    this.#flows = flows;
    this.#agent = agent;
  }

  static async open(address: string): Promise<Bystanders> {
    const graph = await Listener.open(address, '/ws/subscriber');
    const flows = await Listener.open(address, '/ws/subscriber/flow');
    return new Bystanders(address, graph, flows, await Listener.open(address, '/ws/agent/flow', 'agent'));
  }

  /** Rejects unless both hear of something that happens now. */
  async check(): Promise<void> {
    const id = `heard-${process.pid}-${next++}`;
    const body = JSON.stringify({ ID: id, Metadata: { Name: id, Type: 'device' } });
    const answer = await this.#ask('/api/node', 'POST', body);
    if (!answer.ok) throw new Error(`a node cannot be made: ${answer.status} ${await answer.text()}`);
    const Flows = [createFlow({ UUID: id, LayersPath: 'Ethernet', Start: 1000, Last: 2000 })];
    this.#agent.send(encodeMessage(createMessage({ Flows })).finish());
    await Promise.all([this.#graph.hears(id), this.#flows.hears(id)]);
    await this.#ask(`/api/node/${id}`, 'DELETE');
  }

  #ask(path: string, method: string, body?: string): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    return fetch(`${this.#url}${path}`, { method, headers, signal, ...(body === undefined ? {} : { body }) });
  }

  /** How much was refused on all sockets so far, by what the status says. */
  async refused(): Promise<number> {
    const { Edgedive } = (await (await this.#ask('/api/status', 'GET')).json()) as Status;
    const objects = [Edgedive.Topology, ...Edgedive.FlowShards, ...Edgedive.FlowHubs];
    return objects
      .flatMap(({ counters }) => Object.entries(counters))
      .filter(([name]) => REFUSALS.has(name))
      .reduce((sum, [, count]) => sum + count, 0);
  }

  close(): void {
    for (const listener of [this.#graph, this.#flows, this.#agent]) listener.close();
  }
}

interface Counted {
  readonly counters: Readonly<Record<string, number>>;
}
interface Status {
  readonly Edgedive: {
    readonly Topology: Counted;
    readonly FlowShards: readonly Counted[];
    readonly FlowHubs: readonly Counted[];
  };
}

/** Counters of messages that were not taken; one message is in one of them. */
const REFUSALS = new Set([
  'clientFramesTooLarge',
  'messagesAnswered400',
  'messagesIgnored',
  'messagesMalformed',
  'probesClosedForFaults',
  'agentMessagesMalformed',
  'agentMessagesTooLarge',
  'framesTooLarge',
  'framesAnswered',
  'framesIgnored',
]);
