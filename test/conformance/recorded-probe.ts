/**
 * The agent of a recorded lab, played by a probe of ours: tells the graph and the flows that the recordings show and
 * carries every capture it is told to, without capturing anything. What it says leaves the analyzer when it says goodbye.
 */
import type { EdgeJson, NodeJson } from '../../core/wire/element-json.ts';
import type { Flow } from '../../proto/gen/flow.ts';
import { ChangeKind, type CaptureSet } from '../../proto/gen/probe.ts';
import { ProbeLink } from '../e2e/harness/probe-link.ts';

interface RunningCapture {
  readonly UUID: string;
  readonly Name?: string;
  readonly Description?: string;
  readonly BPFFilter?: string;
  readonly Type?: string;
}

export class RecordedProbe {
  readonly host: string;
  readonly #graph: ProbeLink;
  readonly #flow: ProbeLink;
  readonly #nodes = new Map<string, NodeJson>();
  #flows = new Map<string, Flow>();

  private constructor(host: string, graph: ProbeLink, flow: ProbeLink) {
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
      ProbeLink.open(base, '/ws/probe/topology', host),
      ProbeLink.open(base, '/ws/probe/flow', host),
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
