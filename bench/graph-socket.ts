/**
 * The graph over its sockets, on an analyzer as `npm start` runs it: how fast a graph goes in through `/ws/publisher`, and how
 * many events of it come out at subscribers. Baseline of the load: what the reference took on such a machine.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODES = 10_019;
const EDGES = 20_024;
/** Elements a second that the reference takes. */
const REFERENCE_PER_SECOND = 4_500;
/** Of a fan-out; each goes to every subscriber. */
const EVENTS = 5_000;

interface SocketRow {
  readonly what: string;
  readonly perSecond: number;
  readonly baseline: string;
  /** Ours divided by the baseline's; more is better. */
  readonly ratio: number | null;
}

interface Analyzer {
  readonly address: string;
  stop(): Promise<void>;
}

async function startAnalyzer(): Promise<Analyzer> {
  const state = mkdtempSync(join(tmpdir(), 'edgedive-bench-'));
  const args = ['scripts/run.mjs', 'start', '--listen', '127.0.0.1:0', '--state', state, '--no-probe'];
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout!.on('data', (data: Buffer) => {
      text += data.toString();
      const ready = /^Edgedive ready: http:\/\/(\S+)$/m.exec(text);
      if (ready !== null) resolve(ready[1]!);
    });
    child.once('exit', () => reject(new Error('the analyzer did not start')));
  });
  return {
    address,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(state, { recursive: true, force: true });
    },
  };
}

async function connect(address: string, role: string, hostId: string, more = {}): Promise<WebSocket> {
  const headers = { 'X-Client-Type': 'bench', 'X-Host-ID': hostId, ...more };
  const socket = new WebSocket(`ws://${address}/ws/${role}`, { headers, perMessageDeflate: false });
  await once(socket, 'open');
  return socket;
}

async function count(address: string, query: string): Promise<number> {
  const response = await fetch(`http://${address}/api/topology`, {
    method: 'POST',
    body: JSON.stringify({ GremlinQuery: query }),
  });
  return (await response.json()) as number;
}

async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 20));
}

function node(n: number): unknown {
  const Metadata = {
    Name: `eth${n}`,
    Type: n % 40 === 0 ? 'host' : 'veth',
    MAC: `02:00:00:00:${(n >> 8) & 255}:${n & 255}`,
    MTU: 1500,
    State: 'UP',
    IPV4: [`10.0.${(n >> 8) & 255}.${n & 255}/24`],
  };
  return { ID: `n${n}`, Metadata, Host: `host-${Math.floor(n / 40)}` };
}

function edge(n: number): unknown {
  const [parent, child] = n < NODES - 1 ? [n, n + 1] : [n % NODES, (n * 7) % NODES];
  return { ID: `e${n}`, Parent: `n${parent}`, Child: `n${child}`, Metadata: { RelationType: 'layer2' } };
}

const message = (type: string, obj: unknown): string =>
  JSON.stringify({ Namespace: 'Graph', Type: type, Status: 200, Obj: obj });

/** Seconds until everything that `send` sends stands in the answers. */
async function load(address: string, send: (socket: WebSocket) => void): Promise<number> {
  const socket = await connect(address, 'publisher', 'load', {
    'X-Persistence-Policy': 'DeleteOnDisconnect',
  });
  const started = performance.now();
  send(socket);
  await until(async () => (await count(address, 'G.E().Count()')) === EDGES);
  const seconds = (performance.now() - started) / 1_000;
  socket.close();
  await until(async () => (await count(address, 'G.V().Count()')) === 0);
  return seconds;
}

function loadRow(what: string, seconds: number): SocketRow {
  const perSecond = Math.round((NODES + EDGES) / seconds);
  const ratio = Number((perSecond / REFERENCE_PER_SECOND).toPrecision(3));
  return { what, perSecond, baseline: `the reference: ${REFERENCE_PER_SECOND} a second`, ratio };
}

/** Events a second that all subscribers together get while one publisher adds nodes: each of them has to arrive. */
async function fanOut(
  address: string,
  subscribers: number,
  headers: Record<string, string>,
): Promise<number> {
  const publisher = await connect(address, 'publisher', 'fan', {
    'X-Persistence-Policy': 'DeleteOnDisconnect',
  });
  let got = 0;
  const sockets = await Promise.all(
    Array.from({ length: subscribers }, (_, n) => connect(address, 'subscriber', `s${n}`, headers)),
  );
  for (const socket of sockets) socket.on('message', () => got++);
  const started = performance.now();
  for (let n = 0; n < EVENTS; n++) publisher.send(message('NodeAdded', node(n)));
  await until(() => got >= EVENTS * subscribers);
  const seconds = (performance.now() - started) / 1_000;
  for (const socket of [...sockets, publisher]) socket.close();
  await until(async () => (await count(address, 'G.V().Count()')) === 0);
  return got / seconds;
}

async function measureSockets(): Promise<SocketRow[]> {
  const analyzer = await startAnalyzer();
  const { address } = analyzer;
  try {
    const elements = `${NODES} nodes, ${EDGES} edges`;
    const rows: SocketRow[] = [];
    for (const run of ['first', 'again'])
      rows.push(
        loadRow(
          `${elements} through /ws/publisher, a message each (${run})`,
          await load(address, (socket) => {
            for (let n = 0; n < NODES; n++) socket.send(message('NodeAdded', node(n)));
            for (let n = 0; n < EDGES; n++) socket.send(message('EdgeAdded', edge(n)));
          }),
        ),
      );
    const Nodes = Array.from({ length: NODES }, (_, n) => node(n));
    const Edges = Array.from({ length: EDGES }, (_, n) => edge(n));
    rows.push(
      loadRow(
        `${elements} as one Sync`,
        await load(address, (socket) => socket.send(message('Sync', { Nodes, Edges }))),
      ),
    );
    const filter = { 'X-Gremlin-Filter': "G.V().Has('State','UP').SubGraph()" };
    for (const [what, subscribers, headers] of [
      ['1 subscriber', 1, {}],
      ['100 subscribers', 100, {}],
      ['100 subscribers with one filter', 100, filter],
    ] as const)
      rows.push({
        what: `events to ${what}`,
        perSecond: Math.round(await fanOut(address, subscribers, headers)),
        baseline: 'none',
        ratio: null,
      });
    return rows;
  } finally {
    await analyzer.stop();
  }
}

/** Prints the rows of this bench. */
export async function benchSockets(): Promise<SocketRow[]> {
  const rows = await measureSockets();
  console.log('\nThe graph over its sockets');
  for (const { what, perSecond, baseline, ratio } of rows)
    console.log(
      `${what.padEnd(75)} ${String(perSecond).padStart(8)} a second   ${baseline}${ratio === null ? '' : `, ratio ${ratio}`}`,
    );
  return rows;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchSockets();
