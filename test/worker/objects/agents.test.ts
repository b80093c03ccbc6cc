/**
 * Skydive's agents, by one that says and does what theirs do: rows W44, W45, W50, W52 to W56 of the WebSocket notes, section 16, and what
 * section 15 adds.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { protobufEnvelope } from '../../../core/wire/envelope.ts';
import {
  createTableReply,
  decodeSearchQuery,
  decodeTableQuery,
  encodeTableReply,
} from '../../../proto/gen/agent.ts';
import {
  createStructMessage,
  decodeStructMessage,
  encodeStructMessage,
  Format,
} from '../../../proto/gen/envelope.ts';
import {
  createFlow,
  createFlowLayer,
  createFlowMetric,
  createFlowSet,
  createMessage,
  createStats,
  encodeFlowSet,
  encodeMessage,
  type Flow,
} from '../../../proto/gen/flow.ts';
import { connectGraphProbe, node } from '../graph-probe.ts';
import { call, get, post } from '../http.ts';
import { SocketClient, upgrade } from './socket-client.ts';

interface Said {
  readonly namespace: string;
  readonly type: string;
  readonly uuid: string;
  readonly format: number;
  readonly obj: Uint8Array;
}

const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const jsonOf = ({ obj }: Said) =>
  JSON.parse(new TextDecoder().decode(obj)) as { NodeID: string; Resource: { UUID: string } };

class Agent extends SocketClient<Said> {
  constructor(raw: WebSocket) {
    super(raw, (data) => {
      const {
        Namespace,
        Type,
        UUID,
        Format: format,
        Obj,
      } = decodeStructMessage(new Uint8Array(data as ArrayBuffer));
      return { namespace: Namespace, type: Type, uuid: UUID, format, obj: Obj };
    });
  }

  say(namespace: string, type: string, obj: unknown, uuid = '', status = 200): void {
    const message = createStructMessage({
      Namespace: namespace,
      Type: type,
      UUID: uuid,
      Status: status,
      Obj: text(obj),
    });
    this.send(encodeStructMessage(message).finish());
  }

  sync(...nodes: object[]): void {
    this.say('Graph', 'Sync', { Nodes: nodes, Edges: [] });
  }
}

const closers: (() => void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  for (const id of Object.keys(JSON.parse((await get('/api/capture')).text) as object))
    await call('DELETE', `/api/capture/${id}`);
});

async function connectAgent(hostId: string): Promise<Agent> {
  const answer = await upgrade('/ws/agent/topology', {
    'X-Host-ID': hostId,
    'X-Client-Type': 'agent',
    'X-Client-Protocol': 'protobuf',
    'X-Websocket-Namespace': '*',
    'X-Persistence-Policy': 'DeleteOnDisconnect',
    Cookie: '',
  });
  expect([answer.status, answer.headers.get('X-Service-Type')]).toEqual([101, 'analyzer']);
  const agent = new Agent(answer.webSocket!);
  closers.push(() => agent.close());
  return agent;
}

async function connectFlows(hostId: string): Promise<WebSocket> {
  const answer = await upgrade('/ws/agent/flow', { 'X-Host-ID': hostId, 'X-Client-Type': 'agent' });
  const socket = answer.webSocket!;
  socket.accept();
  closers.push(() => socket.close());
  return socket;
}

async function subscribe(namespace: string) {
  const answer = await upgrade('/ws/subscriber/flow', {
    'X-Client-Type': 't',
    'X-Host-ID': crypto.randomUUID(),
    'X-Websocket-Namespace': namespace,
  });
  const client = new SocketClient<{ Namespace: string; Type: string; Obj: object[] }>(
    answer.webSocket!,
    (data) => JSON.parse(data as string) as { Namespace: string; Type: string; Obj: object[] },
  );
  closers.push(() => client.close());
  return client;
}

const veth = (host: string, id: string, more: object = {}) =>
  node(host, id, { Name: id, Type: 'veth', TID: `tid-${id}`, ...more });

function flow(uuid: string, more: Partial<Flow> = {}): Flow {
  return createFlow({
    UUID: uuid,
    LayersPath: 'Ethernet/IPv4/UDP',
    Start: 1_000,
    Last: 2_000,
    Network: createFlowLayer({ Protocol: 1, A: '10.0.0.1', B: '10.0.0.2' }),
    Metric: createFlowMetric({ ABPackets: 2, ABBytes: 96, Start: 1_000, Last: 2_000 }),
    ...more,
  });
}

const found = async (query: string) =>
  JSON.parse((await post('/api/topology', { GremlinQuery: query })).text) as Record<string, unknown>[];

describe('the graph of an agent', () => {
  test('is there after its Sync, is its own, and goes with it (W53, W60)', async () => {
    const agent = await connectAgent('ag-1');
    agent.sync(veth('ag-1', 'v1'), { ...veth('ag-1', 'v2'), Origin: 'agent.somebody-else' });
    await vi.waitFor(async () =>
      expect(await found("G.V().Has('Name', Within('v1', 'v2'))")).toHaveLength(2),
    );
    for (const { Origin } of await found("G.V().Has('Name', Within('v1', 'v2'))"))
      expect(Origin).toBe('agent.ag-1');
    const { Agents } = JSON.parse((await get('/api/status')).text) as { Agents: Record<string, object> };
    expect(Agents['ag-1']).toMatchObject({
      ServiceType: 'agent',
      ClientProtocol: 'protobuf',
      IsConnected: true,
    });
    agent.close();
    await vi.waitFor(async () => expect(await found("G.V().Has('Name', Within('v1', 'v2'))")).toEqual([]));
  });

  test('is not told by two at once', async () => {
    const probe = await connectGraphProbe('ag-2');
    closers.push(() => probe.close());
    const answer = await upgrade('/ws/agent/topology', { 'X-Host-ID': 'ag-2', 'X-Client-Type': 'agent' });
    expect(answer.status).toBe(409);
    const other = await upgrade('/ws/agent/topology', { 'X-Host-ID': 'ag-2b', 'X-Client-Type': 'webui' });
    expect(other.status).toBe(400);
  });
});

describe('captures on an agent', () => {
  const capture = async (query: string) =>
    JSON.parse((await post('/api/capture', { GremlinQuery: query })).text) as { UUID: string };

  test('are begun, shown and ended (W54, W55)', async () => {
    const agent = await connectAgent('ag-3');
    agent.sync(veth('ag-3', 'c1'), veth('ag-3', 'c2'));
    await vi.waitFor(async () =>
      expect(await found("G.V().Has('Name', Within('c1', 'c2'))")).toHaveLength(2),
    );
    const { UUID } = await capture("G.V().Has('Name', 'c1')");
    const start = await agent.next(({ type }) => type === 'Start');
    expect([start.namespace, start.format]).toEqual(['OnDemandCapture', 0]);
    expect(jsonOf(start)).toMatchObject({
      NodeID: 'c1',
      Resource: { UUID, GremlinQuery: "G.V().Has('Name', 'c1')" },
    });
    agent.say('OnDemandCapture', 'StartReply', jsonOf(start), start.uuid);
    agent.say('Graph', 'NodeUpdated', {
      ...veth('ag-3', 'c1', { Captures: [{ ID: UUID, State: 'active' }] }),
      Revision: 2,
    });
    await vi.waitFor(async () =>
      expect(JSON.parse((await get(`/api/capture/${UUID}`)).text)).toMatchObject({ Count: 1 }),
    );
    await call('DELETE', `/api/capture/${UUID}`);
    const stop = await agent.next(({ type }) => type === 'Stop');
    expect(jsonOf(stop)).toMatchObject({ NodeID: 'c1', Resource: { UUID } });
    agent.say('Graph', 'NodeUpdated', { ...veth('ag-3', 'c1'), Revision: 3 });
    // Told once, however often the graph changes.
    agent.say('Graph', 'NodeUpdated', { ...veth('ag-3', 'c2', { X: 1 }), Revision: 2 });
    expect((await agent.rest(300)).filter(({ namespace }) => namespace === 'OnDemandCapture')).toEqual([]);
  });

  test('that fail are tried again when the graph changes', async () => {
    const agent = await connectAgent('ag-4');
    agent.sync(veth('ag-4', 'd1'));
    const { UUID } = await capture("G.V().Has('Name', 'd1')");
    const first = await agent.next(({ type }) => type === 'Start');
    agent.say('OnDemandCapture', 'StartReply', jsonOf(first), first.uuid, 500);
    agent.say('Graph', 'NodeAdded', veth('ag-4', 'd2'));
    expect(jsonOf(await agent.next(({ type }) => type === 'Start')).Resource.UUID).toBe(UUID);
  });

  test('left over from another analyzer are ended', async () => {
    const agent = await connectAgent('ag-5');
    agent.sync(veth('ag-5', 'e1', { Captures: [{ ID: 'left-over', State: 'active' }] }));
    expect(jsonOf(await agent.next(({ type }) => type === 'Stop'))).toEqual({
      NodeID: 'e1',
      Resource: { UUID: 'left-over' },
    });
  });
});

describe('flows of an agent', () => {
  test('250 of them in 25 messages reach a subscriber, at most 100 at once (W44)', async () => {
    const subscriber = await subscribe('flow');
    const socket = await connectFlows('ag-6');
    for (let message = 0; message < 25; message++) {
      const Flows = Array.from({ length: 10 }, (_, at) => flow(`w44-${message}-${at}`));
      socket.send(encodeMessage(createMessage({ Flows })).finish());
    }
    const seen = new Set<string>();
    while (seen.size < 250) {
      const { Type, Obj } = await subscriber.next();
      expect([Type, Obj.length <= 100]).toEqual(['store', true]);
      for (const { UUID } of Obj as { UUID: string }[]) seen.add(UUID);
    }
    expect(seen.size).toBe(250);
  });

  test('the message of section 10 is one flow; garbage before it does no harm (W45, W52)', async () => {
    const subscriber = await subscribe('flow');
    const socket = await connectFlows('ag-7');
    socket.send('no protobuf at all');
    socket.send(new Uint8Array([0xff, 0xff, 0xff]));
    const hex =
      '0a4d0a02663112114574686572' +
      '6e65742f495076342f55445050e80758d00faa0116080' +
      '11a0831302e302e302e31220831302e302e302e32' +
      'b201070803108827183582020a1002186030e80738d00f';
    socket.send(Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16)));
    const { Obj } = await subscriber.next();
    expect(Obj).toHaveLength(1);
    expect(Obj[0]).toMatchObject({
      UUID: 'f1',
      LayersPath: 'Ethernet/IPv4/UDP',
      Network: { Protocol: 'IPV4', A: '10.0.0.1', B: '10.0.0.2' },
      Transport: { Protocol: 'UDP', A: 5000, B: 53 },
      Metric: { ABPackets: 2, ABBytes: 96 },
      Start: 1000,
      Last: 2000,
    });
  });

  test('its statistics reach those who ask for them (W50)', async () => {
    const subscriber = await subscribe('stats');
    const socket = await connectFlows('ag-8');
    socket.send(
      encodeMessage(
        createMessage({ Stats: createStats({ CaptureID: 'x', FlowCount: 3, PacketsReceived: 9 }) }),
      ).finish(),
    );
    expect(await subscriber.next()).toMatchObject({
      Namespace: 'stats',
      Type: 'stats',
      Obj: {
        CaptureID: 'x',
        FlowCount: 3,
        FlowDropped: 0,
        KernelFlowDropped: 0,
        PacketsDropped: 0,
        PacketsReceived: 9,
      },
    });
  });
});

describe('a query for flows', () => {
  const ask = (query: string) => post('/api/topology', { GremlinQuery: query });

  test('is asked of an agent’s table; the fresher flow counts (W56)', async () => {
    const agent = await connectAgent('ag-9');
    agent.sync(veth('ag-9', 'q1'));
    const socket = await connectFlows('ag-9');
    socket.send(encodeMessage(createMessage({ Flows: [flow('w56-a', { NodeTID: 'tid-q1' })] })).finish());
    await vi.waitFor(async () => expect(await shardFlows()).toBeGreaterThan(0));
    const answer = ask("G.V().Has('Name', 'q1').Flows().Has('Network.A', '10.0.0.1').Sort('UUID')");
    const question = await agent.next(({ type }) => type === 'TableQuery');
    expect([question.namespace, question.format]).toEqual(['Flow', Format.PROTOBUF]);
    const { Type, Query } = decodeTableQuery(question.obj);
    expect(Type).toBe('SearchQuery');
    expect(decodeSearchQuery(Query).Filter).toBeDefined();
    const sets = createFlowSet({
      Flows: [
        flow('w56-a', { NodeTID: 'tid-q1', Last: 9_000 }),
        flow('w56-b', { NodeTID: 'tid-q1' }),
        flow('w56-c', {
          NodeTID: 'tid-q1',
          Network: createFlowLayer({ Protocol: 1, A: '10.9.9.9', B: '10.0.0.2' }),
        }),
      ],
    });
    const reply = encodeTableReply(
      createTableReply({ Status: 200, FlowSets: [encodeFlowSet(sets).finish()] }),
    ).finish();
    const envelope = { namespace: 'Flow', type: 'TableResult', uuid: question.uuid, status: 200 };
    agent.send(protobufEnvelope(envelope, reply, Format.PROTOBUF));
    const flows = JSON.parse((await answer).text) as { UUID: string; Last: number }[];
    expect(flows.map(({ UUID, Last }) => [UUID, Last])).toEqual([
      ['w56-a', 9_000],
      ['w56-b', 2_000],
    ]);
  });

  test('does not wait long for one that is silent, and names it', async () => {
    const agent = await connectAgent('ag-10');
    agent.sync(veth('ag-10', 'r1'));
    const first = await ask('G.Flows().Limit(1)');
    // Agents of other tests whose flows are still kept are silent too.
    const silent = (reply: typeof first) => reply.headers.get('X-Edgedive-Silent-Hosts')?.split(', ');
    expect([first.status, silent(first)]).toEqual([200, expect.arrayContaining(['ag-10'])]);
    await ask('G.Flows().Limit(1)');
    // After two it is left in peace, and still named.
    expect(await agent.rest(10)).toHaveLength(2);
    expect(silent(await ask('G.Flows().Limit(1)'))).toContain('ag-10');
    expect(await agent.rest(50)).toEqual([]);
  });

  async function shardFlows(): Promise<number> {
    const status = JSON.parse((await get('/api/status')).text) as {
      Edgedive: { FlowShards: { liveFlows: number }[] };
    };
    return status.Edgedive.FlowShards.reduce((sum, { liveFlows }) => sum + liveFlows, 0);
  }
});

test('other analyzers are told that there is nothing to replicate', async () => {
  const answer = await upgrade('/ws/replication', { 'X-Host-ID': 'other', 'X-Client-Type': 'analyzer' });
  expect([answer.status, await answer.text()]).toEqual([
    501,
    expect.stringMatching(/^this analyzer replicates with no other/),
  ]);
});
