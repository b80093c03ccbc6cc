/**
 * An analyzer as `npm start` runs it, in plain workerd on loopback, filled over a probe's socket: what the bench asks
 * through HTTP.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { edgeToJson, nodeToJson } from '../core/wire/element-json.ts';
import { analyzerFrame, protocolVersion, readAnalyzerFrame } from '../core/wire/probe-frames.ts';
import { ChangeKind, createGraphChange, createHello } from '../proto/gen/probe.ts';
import type { GraphChange } from '../proto/gen/probe.ts';
import { workerdOf } from '../test/e2e/harness/edgedive.ts';
import { Running } from '../test/e2e/harness/process.ts';
import type { World } from './graph-world.ts';

/** One probe brings so many elements, less than `elementsPerHostMax`. */
const ELEMENTS_PER_PROBE = 150_000;
const CHANGES_PER_FRAME = 1_000;
/** Frames on their way unacknowledged, as a probe has them. */
const FRAMES_IN_FLIGHT = 16;

export class BenchAnalyzer {
  readonly #stateDir = mkdtempSync(join(tmpdir(), 'edgedive-bench-'));
  #running: Running | undefined;
  #probes: Probe[] = [];
  url = '';

  /** Starts it, on the same data when it ran before; ms until it said that it is ready. */
  async start(): Promise<number> {
    const startedMs = performance.now();
    this.#running = Running.task('start', [
      '--listen',
      '127.0.0.1:0',
      '--state',
      this.#stateDir,
      '--no-probe',
    ]);
    const [, address] = await this.#running.printed(/^Edgedive ready: (http:\/\/\S+)$/m);
    this.url = address!;
    return performance.now() - startedMs;
  }

  async stop(): Promise<void> {
    for (const probe of this.#probes) probe.close();
    this.#probes = [];
    await this.#running?.stop();
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.#stateDir, { recursive: true, force: true });
  }

  /** Of the workerd process. */
  get rssBytes(): number {
    const status = readFileSync(`/proc/${workerdOf(this.#stateDir)}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  async ask(query: string): Promise<{ status: number; text: string }> {
    const response = await fetch(`${this.url}/api/topology`, {
      method: 'POST',
      // What an answer costs, not its compression: fetch asks for gzip by itself.
      headers: { 'Accept-Encoding': 'identity' },
      body: JSON.stringify({ GremlinQuery: query }),
    });
    return { status: response.status, text: await response.text() };
  }

  /** A request that the Worker answers without asking any object. */
  async askNothing(): Promise<void> {
    await (await fetch(`${this.url}/api/topology`, { method: 'POST', body: '{}' })).text();
  }

  /** Sends the whole graph, nodes first; ms until all of it is acknowledged. */
  async load(world: World): Promise<number> {
    const changes = [
      ...[...world.nodes.values()].map((node) =>
        change(ChangeKind.NODE_ADDED, JSON.stringify(nodeToJson(node))),
      ),
      ...[...world.edges.values()].map((edge) =>
        change(ChangeKind.EDGE_ADDED, JSON.stringify(edgeToJson(edge))),
      ),
    ];
    const startedMs = performance.now();
    for (let at = 0; at < changes.length; at += ELEMENTS_PER_PROBE) {
      const probe = await Probe.open(this.url, `bench-${at}`);
      this.#probes.push(probe);
      await probe.change(changes.slice(at, at + ELEMENTS_PER_PROBE));
    }
    return performance.now() - startedMs;
  }

  /** Changes so many nodes; ms until that is acknowledged. */
  async update(world: World, count: number): Promise<number> {
    const nodes = [...world.nodes.values()].slice(0, Math.min(count, ELEMENTS_PER_PROBE));
    const changes = Array.from({ length: count }, (_, i) => {
      const node = nodes[i % nodes.length]!;
      const changed = { ...node, metadata: { ...node.metadata, State: 'DOWN', Mark: i } };
      return change(ChangeKind.NODE_UPDATED, JSON.stringify(nodeToJson(changed)));
    });
    const startedMs = performance.now();
    await this.#probes[0]!.change(changes);
    return performance.now() - startedMs;
  }
}

function change(kind: ChangeKind, element: string): GraphChange {
  return createGraphChange({ kind, element });
}

class Probe {
  readonly #socket: WebSocket;
  #sequence = 0;
  #acked = 0;
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const { ack } = readAnalyzerFrame(data);
      if (ack === undefined) return;
      this.#acked = ack.sequence;
      this.#wake();
    });
  }

  static async open(url: string, hostId: string): Promise<Probe> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/probe/topology`, {
      headers: { 'X-Host-ID': hostId },
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const probe = new Probe(socket);
    const hello = {
      ...protocolVersion,
      host_id: hostId,
      incarnation: 'bench',
      version: '1',
      clock: Date.now(),
    };
    socket.send(analyzerFrame({ hello: createHello(hello) }));
    await probe.#send({ sync: { sequence: 1, nodes: [], edges: [] } });
    await probe.#wait(0);
    return probe;
  }

  async change(changes: readonly GraphChange[]): Promise<void> {
    for (let at = 0; at < changes.length; at += CHANGES_PER_FRAME) {
      await this.#wait(FRAMES_IN_FLIGHT - 1);
      const sequence = this.#sequence + 1;
      await this.#send({ changes: { sequence, changes: changes.slice(at, at + CHANGES_PER_FRAME) } });
    }
    await this.#wait(0);
  }

  async #send(message: Parameters<typeof analyzerFrame>[0]): Promise<void> {
    this.#sequence += 1;
    this.#socket.send(analyzerFrame(message));
  }

  /** Until at most so many frames are unacknowledged. */
  async #wait(inFlight: number): Promise<void> {
    while (this.#sequence - this.#acked > inFlight)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  close(): void {
    this.#socket.close();
  }
}
