/**
 * The sockets of the graph with real clients: the published Python package, one that never reads while others work, and an
 * analyzer that is killed. The flow stream with a reader that never reads stands here too.
 */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { pythonWithSkydiveClient } from './harness/python.ts';
import { openSilently, type SilentClient } from './harness/silent.ts';
import { subscribe } from './harness/subscriber.ts';

interface Message {
  readonly Type: string;
  readonly Obj: { readonly ID?: string; readonly Nodes?: { readonly ID: string }[] | null };
}

let next = 0;
async function connect(
  { address }: Analyzer,
  role: string,
  headers: Record<string, string> = {},
): Promise<{ socket: WebSocket; messages: Message[] }> {
  const socket = new WebSocket(`ws://${address}/ws/${role}`, {
    headers: { 'X-Client-Type': 'test', 'X-Host-ID': `${role}-${next++}`, ...headers },
  });
  const messages: Message[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as Message));
  socket.on('error', () => {});
  await once(socket, 'open');
  return { socket, messages };
}

const say = (socket: WebSocket, type: string, obj: unknown): void =>
  socket.send(JSON.stringify({ Namespace: 'Graph', Type: type, UUID: 'u', Status: 200, Obj: obj }));

function node(id: string, metadata: Record<string, unknown> = {}): unknown {
  return { ID: id, Host: 'lab', Metadata: { Name: id, Type: 'device', ...metadata } };
}

interface Counters {
  readonly clientsTooSlow: number;
  readonly clientsBroken: number;
  readonly subscribersTooSlow: number;
  readonly flowsMissed: number;
  readonly subscribersBroken: number;
}
interface Status {
  readonly Subscribers: Record<string, unknown>;
  readonly Edgedive: {
    readonly Topology: { readonly counters: Counters };
    readonly FlowHubs: { readonly counters: Counters; readonly subscribers: unknown[] }[];
  };
}
const statusOf = async (edgedive: Analyzer): Promise<Status> =>
  (await (await edgedive.get('/api/status')).json()) as Status;

/** What a program printed, a JSON value a line. */
function printed(child: ChildProcess): unknown[] {
  const values: unknown[] = [];
  let rest = '';
  child.stdout!.on('data', (data: Buffer) => {
    const lines = (rest + data.toString()).split('\n');
    rest = lines.pop()!;
    for (const line of lines) values.push(JSON.parse(line));
  });
  return values;
}

describe('the graph over its sockets', () => {
  let edgedive: Analyzer;
  let python: string;
  const script = fileURLToPath(new URL('./python/ws_graph.py', import.meta.url));

  beforeAll(async () => {
    edgedive = await startEdgedive({ probe: false });
    python = await pythonWithSkydiveClient();
  });
  afterAll(async () => edgedive?.stop());

  it('serves the published WSClient with sync, filter and DeleteOnDisconnect (W58)', async () => {
    const url = `ws://${edgedive.address}`;
    const listening = spawn(python, [
      script,
      'subscribe',
      url,
      'py-sub',
      "G.V().Has('Type','host').SubGraph()",
    ]);
    const heard = printed(listening) as Message[];
    await eventually(() => expect(heard.map(({ Type }) => Type)).toEqual(['SyncReply']));
    const publishing = spawn(python, [script, 'publish', url, 'py-pub', '']);
    const said = printed(publishing);
    await eventually(async () => {
      const nodes = await edgedive.query<{ Metadata: unknown; Origin: string }[]>("G.V('py-a')");
      expect(nodes[0]).toMatchObject({
        Metadata: { Name: 'py-a', State: 'UP' },
        Origin: 'skydive-python-client.py-pub',
        Revision: 1,
      });
    });
    await once(publishing, 'exit');
    // Nothing was refused, and the close was clean.
    expect(said).toEqual(['published', { clean: true, code: 1000 }]);
    await eventually(async () => expect(await edgedive.query('G.V().Count()')).toBe(0));
    // An update may come by itself, or with the addition.
    const told = (): string[] =>
      heard
        .slice(1)
        .filter(({ Type }) => Type !== 'NodeUpdated')
        .map(({ Type, Obj }) => `${Type} ${Obj.ID}`);
    await eventually(() =>
      expect(told()).toEqual([
        'NodeAdded py-a',
        'NodeAdded py-b',
        'EdgeAdded py-e',
        'NodeDeleted py-a',
        'NodeDeleted py-b',
        'EdgeDeleted py-e',
      ]),
    );
    listening.kill();
  });

  it('serves skydive-ws-client add, listen and delete (W59)', async () => {
    const client = join(dirname(python), 'skydive-ws-client');
    const file = join(mkdtempSync(join(tmpdir(), 'edgedive-ws-')), 'graph.json');
    const edge = { ID: 'w-e', Parent: 'w-a', Child: 'w-b', Metadata: { RelationType: 'layer2' } };
    writeFileSync(file, JSON.stringify({ Nodes: [node('w-a'), node('w-b')], Edges: [edge] }));
    const run = (mode: string): string =>
      execFileSync(python, [client, '--analyzer', edgedive.address, mode, file], { encoding: 'utf8' });
    run('add');
    await eventually(async () => expect(await edgedive.query('G.E().Count()')).toBe(1));
    const listen = [client, '--analyzer', edgedive.address, '--host', 'L', 'listen', '--sync-request'];
    const listening = spawn(python, listen);
    let log = '';
    listening.stderr.on('data', (data: Buffer) => (log += data.toString()));
    await eventually(() => expect(log).toMatch(/Text message received: .*SyncReply.*w-a.*w-b/));
    run('delete');
    await eventually(() => expect(log).toMatch(/Text message received: .*NodeDeleted.*w-b/));
    expect(await edgedive.query('G.V().Count()')).toBe(0);
    listening.kill();
  });

  it('selects no extension, and answers a close with 1000', async () => {
    for (const role of ['subscriber', 'publisher', 'pubsub', 'subscriber/flow']) {
      const { socket } = await connect(edgedive, role);
      expect(socket.extensions).toBe('');
      socket.close(4321);
      expect((await once(socket, 'close'))[0]).toBe(1000);
    }
  });

  it('answers within a second while a subscriber that never reads is let go (W57)', async () => {
    const silent = await openSilently(edgedive.address, '/ws/subscriber', {
      'X-Client-Type': 'test',
      'X-Host-ID': 'silent',
    });
    const [reader, publisher] = [
      await connect(edgedive, 'subscriber'),
      await connect(edgedive, 'publisher', { 'X-Persistence-Policy': 'DeleteOnDisconnect' }),
    ];
    const text = 'x'.repeat(1_000);
    let slowestMs = 0;
    const watching = new AbortController();
    const asking = (async () => {
      while (!watching.signal.aborted) {
        const startedMs = performance.now();
        await edgedive.query('G.V().Count()');
        slowestMs = Math.max(slowestMs, performance.now() - startedMs);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    // As fast as the reference takes them. A publisher that is faster than the analyzer keeps the runtime reading it.
    for (let n = 0; n < 16_000; n++) {
      say(publisher.socket, 'NodeAdded', node(`n${n}`, { text }));
      if (n % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await eventually(() => expect(reader.messages.length).toBe(16_000), { timeoutMs: 30_000 });
    await eventually(
      async () => expect((await statusOf(edgedive)).Subscribers).not.toHaveProperty('silent'),
      {
        timeoutMs: 30_000,
      },
    );
    watching.abort();
    await asking;
    expect(slowestMs).toBeLessThan(1_000);
    const { counters } = (await statusOf(edgedive)).Edgedive.Topology;
    expect(counters.clientsTooSlow + counters.clientsBroken).toBeGreaterThanOrEqual(1);
    expect([1013, 'ended']).toContain(await silent.closeCode(20_000));
    silent.destroy();
    reader.socket.close();
    publisher.socket.close();
    await eventually(async () => expect(await edgedive.query('G.V().Count()')).toBe(0));
  });
});

describe('an analyzer that is killed', () => {
  it('has forgotten what a passing publisher made, and a subscriber that comes again knows the graph', async () => {
    const edgedive = await startEdgedive({ probe: false });
    try {
      const passing = await connect(edgedive, 'publisher', { 'X-Persistence-Policy': 'DeleteOnDisconnect' });
      const lasting = await connect(edgedive, 'publisher');
      say(passing.socket, 'NodeAdded', node('passing'));
      for (let n = 0; n < 50; n++) say(lasting.socket, 'NodeAdded', node(`kept${n}`));
      await eventually(async () => expect(await edgedive.query('G.V().Count()')).toBe(51));
      const before = await connect(edgedive, 'subscriber');
      const gone = Promise.all([before, passing, lasting].map(({ socket }) => once(socket, 'close')));
      await edgedive.kill9Analyzer();
      await gone;
      await edgedive.startAnalyzer();
      const after = await connect(edgedive, 'subscriber');
      say(after.socket, 'SyncRequest', {});
      await eventually(() => expect(after.messages).toHaveLength(1));
      const [graph] = await edgedive.query<[{ Nodes: { ID: string }[] }]>('G');
      const idsOf = (nodes: { readonly ID: string }[]): string[] => nodes.map(({ ID }) => ID).sort();
      expect(idsOf(after.messages[0]!.Obj.Nodes!)).toEqual(idsOf(graph.Nodes));
      expect(graph.Nodes).toHaveLength(50);
      after.socket.close();
    } finally {
      await edgedive.stop();
    }
  });
});

describe('a flow subscriber that never reads', () => {
  it('is let go and counted while the others get every flow', async () => {
    const edgedive = await startEdgedive({ probe: false });
    let silent: SilentClient | undefined;
    try {
      silent = await openSilently(edgedive.address, '/ws/subscriber/flow', {
        'X-Client-Type': 'test',
        'X-Host-ID': 'silent',
      });
      const reader = await subscribe(edgedive.address, { 'X-Websocket-Namespace': 'flow' });
      // Each file has this many flows of a packet each; sent until the silent one is gone.
      const flows = 5_000;
      let files = 0;
      await eventually(
        async () => {
          const uploaded = await edgedive.fetch('/api/pcap', { method: 'POST', body: udpFile(flows, files) });
          expect(uploaded.status).toBe(202);
          files++;
          const [hub] = (await statusOf(edgedive)).Edgedive.FlowHubs;
          expect(hub!.subscribers).toHaveLength(1);
        },
        { timeoutMs: 60_000 },
      );
      const heard = (): number =>
        new Set(
          reader.messages.flatMap((message) =>
            (JSON.parse(message.toString()) as { Obj: { UUID: string }[] }).Obj.map(({ UUID }) => UUID),
          ),
        ).size;
      await eventually(() => expect(heard()).toBe(files * flows));
      const { counters } = (await statusOf(edgedive)).Edgedive.FlowHubs[0]!;
      expect(counters.subscribersTooSlow + counters.subscribersBroken).toBe(1);
      expect([1013, 'ended']).toContain(await silent.closeCode(20_000));
      reader.close();
    } finally {
      silent?.destroy();
      await edgedive.stop();
    }
  });
});

describe('a connection whose peer says nothing', () => {
  it('is asked by the kernel whether it is still there', async () => {
    const edgedive = await startEdgedive({ probe: false });
    try {
      const subscriber = await subscribe(edgedive.address);
      const filter = ['sport', '=', `:${edgedive.address.split(':')[1]}`];
      const { stdout } = await promisify(execFile)('ss', ['-tnoH', 'state', 'established', ...filter]);
      // With nothing to send for it the only timer is the one that asks.
      expect(stdout).toMatch(/timer:\(keepalive,(?:\d+sec|[\d.]+ms|\d+\.\d+sec),0\)/);
      subscriber.close();
    } finally {
      await edgedive.stop();
    }
  });
});

describe('a flow subscriber that stops reading for a while', () => {
  it('is told how many flow updates it missed when it goes on', async () => {
    const edgedive = await startEdgedive({ probe: false });
    try {
      const subscriber = await subscribe(edgedive.address, { 'X-Websocket-Namespace': 'flow' });
      subscriber.pause();
      const flows = 5_000;
      let files = 0;
      await eventually(
        async () => {
          await edgedive.fetch('/api/pcap', { method: 'POST', body: udpFile(flows, files++) });
          expect((await statusOf(edgedive)).Edgedive.FlowHubs[0]!.counters.flowsMissed).toBeGreaterThan(0);
        },
        { timeoutMs: 60_000 },
      );
      subscriber.resume();
      const heard = (): { Type: string; Obj: unknown }[] =>
        subscriber.messages.map(
          (message) => JSON.parse(message.toString()) as { Type: string; Obj: unknown },
        );
      const lost = await eventually(() => {
        const found = heard().filter(({ Type }) => Type === 'lost');
        expect(found).toHaveLength(1);
        return (found[0]!.Obj as { Flows: number }).Flows;
      });
      const stored = heard().filter(({ Type }) => Type === 'store');
      expect(stored.reduce((sum, { Obj }) => sum + (Obj as unknown[]).length, lost)).toBe(files * flows);
      subscriber.close();
    } finally {
      await edgedive.stop();
    }
  });
});

/** A capture file (classic pcap, Ethernet) of UDP packets, each a flow of its own. */
function udpFile(packets: number, file: number): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  const bytes = 14 + 20 + 8;
  const all = [header];
  for (let n = 0; n < packets; n++) {
    const packet = Buffer.alloc(16 + bytes);
    packet.writeUInt32LE(1_700_000_000 + file, 0);
    packet.writeUInt32LE(bytes, 8);
    packet.writeUInt32LE(bytes, 12);
    packet.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0], 16);
    packet.set([0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, file & 255, 1, 10, 1, n >> 8, n & 255], 30);
    packet.writeUInt16BE(1_024 + (n % 60_000), 50);
    packet.writeUInt16BE(53, 52);
    packet.writeUInt16BE(8, 54);
    all.push(packet);
  }
  return Buffer.concat(all);
}
