/**
 * The past, through HTTP to plain workerd: a graph of 10,019 nodes and 20,024 edges of which 100,000 states have ended, and
 * 400,000 flow messages of an hour. Each row's baseline is the same question asked of what is live; moments are asked
 * for once each, so that none is answered from the cache unless the row says so. `--json FILE` writes the rows.
 */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { analyzerFrame, protocolVersion, readAnalyzerFrame } from '../core/wire/probe-frames.ts';
import { createFlow, createFlowMetric, type Flow } from '../proto/gen/flow.ts';
import {
  ChangeKind,
  createFlowBatch,
  createHello,
  type ToAnalyzer,
  type ToProbe,
} from '../proto/gen/probe.ts';
import { startEdgedive, type Analyzer } from '../test/e2e/harness/edgedive.ts';

const NODES = 10_019;
const EDGES = 20_024;
const REVISIONS = 100_000;
/** Elements in one message of a probe: about what a large host tells at once. */
const CHANGES = 500;
const FLOWS = 20_000;
const TOLD_EACH = 20;
const HOST = 'bench';

class Probe {
  readonly #socket: WebSocket;
  #acked = 0;
  #wake = (): void => {};

  constructor(address: string, kind: 'topology' | 'flow') {
    this.#socket = new WebSocket(`ws://${address}/ws/probe/${kind}`, { headers: { 'X-Host-ID': HOST } });
    this.#socket.binaryType = 'nodebuffer';
    this.#socket.on('message', (data: Buffer) => this.#take(readAnalyzerFrame(new Uint8Array(data))));
  }

  #take(message: ToProbe): void {
    if (message.flush !== undefined) this.tell({ flush_done: { id: message.flush.id } });
    if (message.ack !== undefined) this.#acked = message.ack.sequence;
    this.#wake();
  }

  async hello(): Promise<void> {
    await new Promise((resolve) => void this.#socket.once('open', resolve));
    const hello = {
      ...protocolVersion,
      host_id: HOST,
      incarnation: 'bench',
      version: '1',
      clock: Date.now(),
    };
    this.tell({ hello: createHello(hello) });
  }

  tell(message: Partial<ToAnalyzer>): void {
    this.#socket.send(analyzerFrame(message));
  }

  async acked(sequence: number): Promise<void> {
    while (this.#acked < sequence)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  close(): void {
    this.#socket.terminate();
  }
}

function nodeText(index: number, state: number): string {
  const Name = index % 40 === 0 ? `host-${index / 40}` : `eth${index}`;
  const metric = {
    RxBytes: 1_000 * state + index,
    RxPackets: state,
    TxBytes: 2_000 * state,
    TxPackets: state,
  };
  return JSON.stringify({
    ID: `n${index}`,
    Metadata: {
      Name,
      Type: index % 40 === 0 ? 'host' : 'device',
      TID: `tid-${index}`,
      MAC: `02:00:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`,
      MTU: 1500,
      State: 'UP',
      IPV4: [`10.0.${index >> 8}.${index & 255}/24`],
      LinkFlags: ['UP', 'BROADCAST', 'RUNNING'],
      Metric: metric,
      LastUpdateMetric: { ...metric, Start: state, Last: state + 1 },
    },
  });
}

function edgeTexts(): string[] {
  return Array.from({ length: EDGES }, (_, index) => {
    const child = (index % (NODES - 1)) + 1;
    const isOwned = index < NODES - 1;
    const parent = isOwned ? child - (child % 40 === 0 ? 1 : child % 40) : (child * 7 + index) % NODES;
    return JSON.stringify({
      ID: `e${index}`,
      Parent: `n${parent}`,
      Child: `n${child}`,
      Metadata: { RelationType: isOwned ? 'ownership' : 'layer2' },
    });
  });
}

/** Times of the graph: before the first change, in the middle of them, and after the last. */
async function fillGraph(edgedive: Analyzer): Promise<{ moments: number[]; perSecond: number }> {
  const probe = new Probe(edgedive.address, 'topology');
  await probe.hello();
  const nodes = Array.from({ length: NODES }, (_, index) => nodeText(index, 0));
  probe.tell({ sync: { sequence: 1, nodes, edges: edgeTexts() } });
  await probe.acked(1);
  const moments = [Date.now() + 1];
  const started = performance.now();
  const messages = REVISIONS / CHANGES;
  for (let message = 0; message < messages; message++) {
    const changes = Array.from({ length: CHANGES }, (_, one) => {
      const element = nodeText((message * CHANGES + one) % NODES, 1 + message);
      return { kind: ChangeKind.NODE_UPDATED, element };
    });
    probe.tell({ changes: { sequence: message + 2, changes } });
    await probe.acked(message + 2);
    if (message === messages >> 1) moments.push(Date.now() + 1);
  }
  const perSecond = REVISIONS / ((performance.now() - started) / 1_000);
  return { moments: [...moments, Date.now() + 1], perSecond };
}

/** Flows that live for 200 s each, spread over an hour that ends now, told of every 10 s. */
async function fillFlows(edgedive: Analyzer, endMs: number): Promise<number> {
  const probe = new Probe(edgedive.address, 'flow');
  await probe.hello();
  const startOf = (flow: number): number => endMs - 3_600_000 + Math.floor((flow * 3_400_000) / FLOWS);
  const messages: [last: number, flow: number, time: number][] = [];
  for (let flow = 0; flow < FLOWS; flow++)
    for (let time = 1; time <= TOLD_EACH; time++) messages.push([startOf(flow) + 10_000 * time, flow, time]);
  messages.sort(([a], [b]) => a - b);
  const started = performance.now();
  let sequence = 0;
  for (let at = 0; at < messages.length; at += 500) {
    const some = messages.slice(at, at + 500);
    const flows = some.map(([last, flow, time]) => flowOf(flow, startOf(flow), last, time));
    const ended = some
      .filter(([, , time]) => time === TOLD_EACH)
      .map(([, flow]) => ({ uuid: uuidOf(flow), capture_id: 'c1' }));
    probe.tell({ flows: createFlowBatch({ sequence: ++sequence, flows, ended }) });
    if (sequence % 8 === 0) await probe.acked(sequence);
  }
  await probe.acked(sequence);
  return messages.length / ((performance.now() - started) / 1_000);
}

const uuidOf = (flow: number): string => flow.toString(16).padStart(16, '0');

function flowOf(flow: number, start: number, last: number, time: number): Flow {
  return createFlow({
    UUID: uuidOf(flow),
    LayersPath: 'Ethernet/IPv4/TCP',
    Application: flow % 100 === 0 ? 'DNS' : 'TCP',
    CaptureID: 'c1',
    NodeTID: `tid-${flow % NODES}`,
    TrackingID: uuidOf(flow ^ 0xabcdef),
    L3TrackingID: uuidOf(flow ^ 0x123456),
    Start: start,
    Last: last,
    Link: { Protocol: 0, A: '02:00:00:00:00:01', B: '02:00:00:00:00:02', ID: 0 },
    Network: { Protocol: 1, A: `10.1.${(flow >> 8) & 255}.${flow & 255}`, B: '10.0.0.1', ID: 0 },
    Transport: { Protocol: 2, A: 1024 + (flow % 60_000), B: 443, ID: 0 },
    Metric: createFlowMetric({ ABPackets: time, ABBytes: 1_000 * time, Start: start, Last: last }),
    LastUpdateMetric: createFlowMetric({ ABPackets: 1, ABBytes: 1_000, Start: last - 10_000, Last: last }),
  });
}

interface Row {
  readonly question: string;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly visited: number;
  readonly baseline: string;
  readonly ratio: number;
}

async function ask(edgedive: Analyzer, query: string): Promise<{ ms: number; visited: number }> {
  const started = performance.now();
  const answer = await edgedive.fetch('/api/topology', {
    method: 'POST',
    // What an answer costs, not its compression: fetch asks for gzip by itself.
    headers: { 'Accept-Encoding': 'identity' },
    body: JSON.stringify({ GremlinQuery: query }),
  });
  const text = await answer.text();
  const ms = performance.now() - started;
  if (answer.status !== 200) throw new Error(`${query}: ${text}`);
  return { ms, visited: Number(/visited=(\d+)/.exec(answer.headers.get('X-Edgedive-Cost') ?? '')?.[1]) };
}

/** `queryAt(n)` is the n-th asking. */
async function times(edgedive: Analyzer, queryAt: (n: number) => string) {
  const ms: number[] = [];
  let visited = 0;
  for (let n = 0; n < 15; n++) {
    const one = await ask(edgedive, queryAt(n));
    if (n > 0) ms.push(one.ms);
    visited = one.visited;
  }
  ms.sort((a, b) => a - b);
  return { medianMs: ms[ms.length >> 1]!, p99Ms: ms.at(-1)!, visited };
}

async function measure(edgedive: Analyzer): Promise<Row[]> {
  const endMs = Date.now();
  const { moments, perSecond } = await fillGraph(edgedive);
  const [first = 0, middle = 0, last = 0] = moments;
  const flowsPerSecond = await fillFlows(edgedive, endMs);
  const status = (await (await edgedive.get('/api/status')).json()) as {
    Edgedive: { Topology: { history: object }; FlowShards: { history: object }[] };
  };
  console.log(
    `written: ${Math.round(perSecond)} changes and ${Math.round(flowsPerSecond)} flow messages a second`,
  );
  console.log('graph', JSON.stringify(status.Edgedive.Topology.history));
  console.log('flows', JSON.stringify(status.Edgedive.FlowShards[0]!.history));
  const rows: Row[] = [];
  const row = async (question: string, queryAt: (n: number) => string, baseline: string): Promise<void> => {
    const ours = await times(edgedive, queryAt);
    const plain = await times(edgedive, () => baseline);
    rows.push({ question, ...ours, baseline, ratio: ours.medianMs / plain.medianMs });
  };
  // A millisecond apart no moment is the same, and nothing of the graph differs.
  await row('G.At(now).V()', () => 'G.At(NOW).V()', 'G.V()');
  await row('G.At(after all changes).V()', (n) => `G.At(${last + n}).V()`, 'G.V()');
  await row('G.At(amid them).V()', (n) => `G.At(${middle + n}).V()`, 'G.V()');
  await row('G.At(before them).V()', (n) => `G.At(${first + n}).V()`, 'G.V()');
  await row('G.At(before them).V().Count()', (n) => `G.At(${first - 20 + n}).V().Count()`, 'G.V().Count()');
  await row('the same, asked again', () => `G.At(${first}).V().Count()`, 'G.V().Count()');
  await row(
    "G.At(before them).V().Has('Name','eth777')",
    (n) => `G.At(${first - 40 + n}).V().Has('Name','eth777')`,
    "G.V().Has('Name','eth777')",
  );
  await row("G.At(NOW,'100ms').V().Count()", () => "G.At(NOW,'100ms').V().Count()", 'G.V().Count()');
  await row(
    "G.At(NOW,'1h').V().Has('TID','tid-777').Metrics().Count()",
    () => "G.At(NOW,'1h').V().Has('TID','tid-777').Metrics().Count()",
    "G.V().Has('TID','tid-777').Metrics().Count()",
  );
  const half = endMs - 1_800_000;
  await row('G.At(-30m).Flows().Count()', (n) => `G.At(${half + n}).Flows().Count()`, 'G.Flows().Count()');
  await row(
    "G.At(-30m).Flows().Has('UUID',…)",
    (n) => `G.At(${half + n}).Flows().Has('UUID','${uuidOf(FLOWS >> 1)}')`,
    `G.Flows().Has('UUID','${uuidOf(FLOWS - 1)}')`,
  );
  await row(
    "G.At(-30m).Flows().Has('Application','DNS')",
    (n) => `G.At(${half + n}).Flows().Has('Application','DNS')`,
    "G.Flows().Has('Application','DNS')",
  );
  await row(
    "G.At(-30m,'5m').Flows().Has('UUID',…).Metrics()",
    (n) => `G.At(${half + n},'5m').Flows().Has('UUID','${uuidOf(FLOWS >> 1)}').Metrics()`,
    `G.Flows().Has('UUID','${uuidOf(FLOWS - 1)}').Metrics()`,
  );
  await row(
    "G.At(NOW,'1h').Flows().Sort(DESC,'Metric.ABBytes').Limit(10)",
    () => "G.At(NOW,'1h').Flows().Sort(DESC,'Metric.ABBytes').Limit(10)",
    "G.Flows().Sort(DESC,'Metric.ABBytes').Limit(10)",
  );
  return rows;
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'string' } } });
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`,
  );
  const edgedive = await startEdgedive({ probe: false });
  try {
    const rows = await measure(edgedive);
    for (const { question, medianMs, p99Ms, visited, baseline, ratio } of rows)
      console.log(
        `${question.padEnd(62)} ${medianMs.toFixed(1).padStart(7)} ms, worst ${p99Ms.toFixed(1).padStart(7)} ms, visited ${String(visited).padStart(7)}   ${baseline}: ratio ${ratio.toFixed(2)}`,
      );
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
    return 0;
  } finally {
    await edgedive.stop();
  }
}
