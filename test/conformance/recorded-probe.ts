/**
 * The agent of a recorded lab, played by a probe of ours: tells the graph and the flows that the recordings show and
 * carries every capture it is told to, without capturing anything. What it says leaves the analyzer when it says goodbye.
 */
import { WebSocket } from 'ws';
import type { EdgeJson, NodeJson } from '../../core/wire/element-json.ts';
import { analyzerFrame, protocolVersion, readAnalyzerFrame } from '../../core/wire/probe-frames.ts';
import type { Flow } from '../../proto/gen/flow.ts';
import {
  ChangeKind,
  createHello,
  type CaptureSet,
  type ToAnalyzer,
  type ToProbe,
} from '../../proto/gen/probe.ts';

/** Longer than any answer takes that comes at all. */
const ANSWER_MS_MAX = 10_000;

interface RunningCapture {
  readonly UUID: string;
  readonly Name?: string;
  readonly Description?: string;
  readonly BPFFilter?: string;
  readonly Type?: string;
}

export class RecordedProbe {
  readonly host: string;
  readonly #graph: Link;
  readonly #flow: Link;
  readonly #nodes = new Map<string, NodeJson>();
  #flows = new Map<string, Flow>();

  private constructor(host: string, graph: Link, flow: Link) {
    this.host = host;
    this.#graph = graph;
    this.#flow = flow;
    graph.heard = (message) => {
      if (message.captures !== undefined) this.#carry(message.captures);
    };
  }

  /** `base` is the URL of the analyzer. Rejects when it does not take the probe. */
  static async connect(base: string, host: string): Promise<RecordedProbe> {
    const [graph, flow] = await Promise.all([
      Link.open(base, '/ws/probe/topology', host),
      Link.open(base, '/ws/probe/flow', host),
    ]);
    return new RecordedProbe(host, graph, flow);
  }

  /** The whole graph of the host; resolves when it is kept. */
  async sync(nodes: readonly NodeJson[], edges: readonly EdgeJson[]): Promise<void> {
    for (const node of nodes) this.#nodes.set(node.ID, node);
    const texts = (list: readonly unknown[]): string[] => list.map((element) => JSON.stringify(element));
    await this.#graph.tell((sequence) => ({ sync: { sequence, nodes: texts(nodes), edges: texts(edges) } }));
  }

  /** The whole flow table of the host; resolves when it can be asked. */
  async setFlows(flows: readonly Flow[]): Promise<void> {
    const next = new Map(flows.map((flow) => [`${flow.CaptureID} ${flow.UUID}`, flow]));
    const gone = [...this.#flows].filter(([key]) => !next.has(key)).map(([, flow]) => flow);
    this.#flows = next;
    const ended = gone.map(({ UUID, CaptureID }) => ({ uuid: UUID, capture_id: CaptureID }));
    await this.#flow.tell((sequence) => ({
      flows: { sequence, flows: [...flows, ...gone], stats: [], flows_dropped: 0, ended },
    }));
  }

  /** Whether a node of this host has the TID. */
  has(tid: string): boolean {
    return [...this.#nodes.values()].some((node) => node.Metadata['TID'] === tid);
  }

  /** Resolves when the analyzer knows all that it was told so far. */
  async settled(): Promise<void> {
    await Promise.all([this.#graph.settled(), this.#flow.settled()]);
  }

  /** Resolves when nothing of this host is left. */
  async goodbye(): Promise<void> {
    await Promise.all([this.#graph.goodbye(), this.#flow.goodbye()]);
  }

  /** The analyzer said which captures run here: each node says which of them it carries. */
  #carry({ captures }: CaptureSet): void {
    const carried = new Map<string, object[]>();
    for (const { capture, node_ids } of captures)
      for (const id of node_ids) carried.set(id, [...(carried.get(id) ?? []), stateOf(capture)]);
    for (const [id, node] of this.#nodes) {
      const states = carried.get(id);
      const { Captures: before, ...metadata } = node.Metadata;
      if (JSON.stringify(before) === JSON.stringify(states)) continue;
      const next = {
        ...node,
        Metadata: { ...metadata, ...(states === undefined ? {} : { Captures: states }) },
        Revision: node.Revision + 1,
      } as NodeJson;
      this.#nodes.set(id, next);
      const change = { kind: ChangeKind.NODE_UPDATED, element: JSON.stringify(next) };
      void this.#graph.tell((sequence) => ({ changes: { sequence, changes: [change] } }));
    }
  }
}

function stateOf(text: string): object {
  const { UUID, Name, Description, BPFFilter, Type } = JSON.parse(text) as RunningCapture;
  return {
    ID: UUID,
    State: 'active',
    Name,
    Description,
    BPFFilter,
    Type,
    PacketsReceived: 0,
    PacketsDropped: 0,
    PacketsIfDropped: 0,
  };
}

/** One of the two connections of a probe. */
class Link {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, () => void>();
  #sequence = 0;
  #welcomed: () => void = () => {};
  heard: (message: ToProbe) => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#hear(readAnalyzerFrame(data)));
  }

  static async open(base: string, path: string, host: string): Promise<Link> {
    const url = `${base.replace(/^http/, 'ws')}${path}`;
    const link = new Link(new WebSocket(url, { headers: { 'X-Host-ID': host } }));
    const welcome = new Promise<void>((resolve, reject) => {
      link.#welcomed = resolve;
      link.#socket.on('error', reject);
      link.#socket.on('close', (code, reason) =>
        reject(new Error(`${path} was closed: ${code} ${reason.toString()}`)),
      );
    });
    link.#socket.on('open', () =>
      link.#send({
        hello: createHello({
          ...protocolVersion,
          host_id: host,
          incarnation: crypto.randomUUID(),
          version: 'recorded',
          clock: Date.now(),
        }),
      }),
    );
    await withinTime(welcome, `welcome at ${path}`);
    return link;
  }

  /** Resolves when it is acknowledged. */
  async tell(message: (sequence: number) => Partial<ToAnalyzer>): Promise<void> {
    const sequence = ++this.#sequence;
    const acknowledged = new Promise<void>((resolve) => this.#waiting.set(sequence, resolve));
    this.#send(message(sequence));
    await withinTime(acknowledged, 'acknowledgement');
  }

  async settled(): Promise<void> {
    const last = [...this.#waiting].at(-1);
    if (last === undefined) return;
    const [sequence, resolve] = last;
    const acknowledged = new Promise<void>((done) =>
      this.#waiting.set(sequence, () => {
        resolve();
        done();
      }),
    );
    await withinTime(acknowledged, 'acknowledgement');
  }

  async goodbye(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#socket.on('close', () => resolve()));
    this.#send({ goodbye: { reason: 'the recording ends' } });
    await withinTime(closed, 'end');
  }

  #send(message: Partial<ToAnalyzer>): void {
    this.#socket.send(analyzerFrame(message));
  }

  #hear(message: ToProbe): void {
    if (message.welcome !== undefined) this.#welcomed();
    if (message.flush !== undefined) this.#send({ flush_done: { id: message.flush.id } });
    for (const [sequence, done] of this.#waiting) {
      if (message.ack === undefined || sequence > message.ack.sequence) continue;
      this.#waiting.delete(sequence);
      done();
    }
    this.heard(message);
  }
}

async function withinTime(promise: Promise<void>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} from the analyzer`)), ANSWER_MS_MAX);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
