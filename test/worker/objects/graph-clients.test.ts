/**
 * `/ws/subscriber`, `/ws/publisher` and `/ws/pubsub`: who is let in, what is asked and what is told beside the graph. W numbers
 * are the cases of the WebSocket notes, section 16.
 */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../../../core/limits.ts';
import { handOver } from '../../../worker/objects/handover.ts';
import { registryOf } from '../../../worker/objects/stubs.ts';
import { call, get, post } from '../http.ts';
import {
  connect,
  counters,
  nodeIds,
  RED,
  testNode,
  topology,
  type GraphJson,
  type Message,
} from './graph-client.ts';
import { connectProbe, SocketClient, upgrade } from './socket-client.ts';

beforeEach(async () => {
  await reset();
});

describe('upgrade', () => {
  test('W1, W2, W11: 101 with host and service, whatever the capitals, no subprotocol, no extension', async () => {
    for (const role of ['subscriber', 'publisher', 'pubsub']) {
      const response = await upgrade(`/ws/${role}`, {
        Upgrade: 'WebSocket',
        'X-Client-Type': 't',
        'Sec-WebSocket-Protocol': 'chat',
        'Sec-WebSocket-Extensions': 'permessage-deflate',
      });
      expect(response.status).toBe(101);
      expect(response.headers.get('X-Host-ID')).toBe('edgedive');
      expect(response.headers.get('X-Service-Type')).toBe('analyzer');
      expect(response.headers.get('Sec-WebSocket-Protocol')).toBeNull();
      response.webSocket?.accept();
    }
  });

  test.each<[string, Record<string, string>, string]>([
    ['no X-Client-Type (W3)', {}, 'X-Client-Type header not provided'],
    ['protocol xml (W4)', { 'X-Client-Type': 't', 'X-Client-Protocol': 'xml' }, "'xml'"],
    ['protocol JSON in capitals (W4)', { 'X-Client-Type': 't', 'X-Client-Protocol': 'JSON' }, "'JSON'"],
    ['an unknown policy', { 'X-Client-Type': 't', 'X-Update-Policy': 'bogus' }, "'bogus'"],
    [
      'a filter that does not parse',
      { 'X-Client-Type': 't', 'X-Host-ID': 'h', 'X-Gremlin-Filter': 'foo' },
      "Invalid Gremlin filter 'foo' for client h",
    ],
    [
      'a filter that yields no graph',
      { 'X-Client-Type': 't', 'X-Gremlin-Filter': 'G.V()' },
      "Gremlin query 'G.V()' did not return a graph",
    ],
    [
      'a filter that looks at flows',
      { 'X-Client-Type': 't', 'X-Gremlin-Filter': 'G.Flows().Nodes().SubGraph()' },
      'asks for more than the graph as it is now',
    ],
  ])('refuses %s with 400 and the text, before the upgrade', async (_what, headers, text) => {
    const response = await upgrade('/ws/subscriber', headers);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(text);
    expect((await counters()).clientsRefused).toBe(1);
  });

  test('nobody publishes as a probe or as the analyzer', async () => {
    const as = async (type: string, host: string, role = 'publisher'): Promise<number> => {
      const response = await upgrade(`/ws/${role}`, { 'X-Client-Type': type, 'X-Host-ID': host });
      response.webSocket?.accept();
      return response.status;
    };
    expect(await as('agent', 'h1')).toBe(400);
    expect(await as('api', 'edgedive', 'pubsub')).toBe(400);
    expect(await as('agent', 'h1', 'subscriber')).toBe(101);
    expect(await as('analyzer', 'another')).toBe(101);
  });

  test('W5: everything from query parameters; the client stands in the status', async () => {
    const response = await upgrade(
      '/ws/subscriber?x-client-type=webui&x-host-id=q&x-update-policy=partial',
      {},
    );
    expect(response.status).toBe(101);
    response.webSocket?.accept();
    await connect('publisher', { 'X-Host-ID': 'p' });
    const status = JSON.parse((await get('/api/status')).text) as Record<string, Record<string, unknown>>;
    expect(Object.keys(status['Subscribers']!)).toEqual(['q']);
    expect(status['Subscribers']!['q']).toMatchObject({
      ServiceType: 'webui',
      ClientProtocol: 'json',
      IsConnected: true,
      RemoteHost: 'q',
    });
    expect(Object.keys(status['Publishers']!)).toEqual(['p']);
  });

  test('W6, W7: one host id: another credential 409, the same one takes over, other endpoints apart', async () => {
    const join = (principal: string): Promise<Response> =>
      topology().fetch(
        handOver(
          new Request('http://localhost/ws/subscriber', {
            headers: { Upgrade: 'websocket', 'X-Host-ID': 's1', 'X-Client-Type': 't' },
          }),
          { principal, address: '', connection: '' },
        ),
      );
    const first = await join('alice');
    const older = new SocketClient(first.webSocket!, (data) => data);
    expect((await join('bob')).status).toBe(409);
    const again = await join('alice');
    again.webSocket?.accept();
    expect((await older.closed()).code).toBe(1001);
    await connect('publisher', { 'X-Host-ID': 's1' });
    expect((await topology().status()).clients).toHaveLength(2);
    expect(await counters()).toMatchObject({ clientsReplaced: 1, clientsRefused: 1 });
  });

  test('W8: a plain GET is 426', async () => {
    for (const role of ['subscriber', 'publisher', 'pubsub'])
      expect((await call('GET', `/ws/${role}`)).status).toBe(426);
  });
});

describe('SyncRequest', () => {
  test('W13, W14: of an empty graph; Obj null; without an id the reply has none', async () => {
    const client = await connect('subscriber');
    expect(await client.ask({})).toEqual({
      Namespace: 'Graph',
      Type: 'SyncReply',
      UUID: 'ask-0',
      Status: 200,
      Obj: { Nodes: null, Edges: null },
    });
    expect((await client.ask(null)).Status).toBe(200);
    client.send('{"Namespace":"Graph","Type":"SyncRequest","Obj":{}}');
    expect(await client.next()).not.toHaveProperty('UUID');
    client.send('{"Namespace":"Graph","Type":"SyncRequest","Obj":5}');
    expect(await client.next()).toMatchObject({
      Type: 'SyncReply',
      Status: 400,
      Obj: 'Obj is not an object',
    });
  });

  test('W15, W16: what is no filter is told, and the old one stays', async () => {
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a'));
    const client = await connect('subscriber', { 'X-Host-ID': 'me', ...RED });
    expect(await client.ask({ GremlinFilter: 'foo' })).toMatchObject({
      Status: 400,
      Obj: "Invalid Gremlin filter 'foo' for client me",
    });
    expect(await client.ask({ GremlinFilter: 'G.V()' })).toMatchObject({
      Status: 400,
      Obj: "Gremlin query 'G.V()' did not return a graph",
    });
    expect(await client.graph()).toEqual({ Nodes: null, Edges: null });
  });

  test('W17: set, reset by "", and asked without one: the whole graph', async () => {
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a'));
    publisher.say('NodeAdded', testNode('b', { Color: 'red' }));
    const client = await connect('subscriber');
    const idsOf = (graph: GraphJson): string[] => (graph.Nodes ?? []).map(({ ID }) => ID);
    await expect.poll(nodeIds).toEqual(['a', 'b']);
    expect(idsOf(await client.graph({ GremlinFilter: RED['X-Gremlin-Filter'] }))).toEqual(['b']);
    expect(idsOf(await client.graph({}))).toEqual(['b']);
    expect(idsOf(await client.graph({ GremlinFilter: '' }))).toEqual(['a', 'b']);
    expect(idsOf(await client.graph({}))).toEqual(['a', 'b']);
    expect(idsOf(await client.graph({ GremlinFilter: "G.V('b').SubGraph()" }))).toEqual(['b']);
    expect(idsOf(await client.graph({ GremlinFilter: "G.V('none').Dedup().SubGraph()" }))).toEqual([]);
  });

  test('W35, W37: a publisher gets the whole graph, pubsub one reply', async () => {
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a'));
    expect((await publisher.graph()).Nodes).toHaveLength(1);
    const pubsub = await connect('pubsub');
    pubsub.say('SyncRequest', { TimeSlice: null, TimePoint: false, GremlinFilter: null }, 'u');
    const replies = await pubsub.rest();
    expect(replies.map(({ Type, UUID, Status }) => [Type, UUID, Status])).toEqual([['SyncReply', 'u', 200]]);
  });

  test('W18: of a time from before what is kept is refused with the reason', async () => {
    const client = await connect('subscriber');
    expect(await client.ask({ Time: 1_700_000_000_000 })).toMatchObject({
      Status: 400,
      Obj: expect.stringContaining('No graph is kept from before') as string,
    });
  });

  test('of a time is the graph as it was, as far as the filter shows it', async () => {
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a', { Color: 'red' }));
    publisher.say('NodeAdded', testNode('b'));
    await publisher.written();
    await scheduler.wait(5);
    const then = Date.now();
    await scheduler.wait(5);
    publisher.say('NodeUpdated', testNode('a', { Color: 'blue' }));
    publisher.say('NodeDeleted', testNode('b'));
    await publisher.written();
    const client = await connect('subscriber');
    const colours = ({ Nodes }: GraphJson) =>
      (Nodes ?? []).map(({ ID, Metadata }) => [ID, Metadata['Color']]);
    expect(colours(await client.graph())).toEqual([['a', 'blue']]);
    expect(colours(await client.graph({ Time: then }))).toEqual([
      ['a', 'red'],
      ['b', undefined],
    ]);
    const red = { Time: then, GremlinFilter: RED['X-Gremlin-Filter'] };
    expect(colours(await client.graph(red))).toEqual([['a', 'red']]);
    expect(colours(await client.graph({}))).toEqual([]);
  });

  test('there is a most of different filters; those in use and none are open to everybody', async () => {
    const filter = (n: number) => `G.V().Has('N',${n}).SubGraph()`;
    const filters = Array.from({ length: limits.graphFiltersMax }, (_, n) => filter(n));
    await Promise.all(filters.map((text) => connect('subscriber', { 'X-Gremlin-Filter': text })));
    const refused = await upgrade('/ws/subscriber', { 'X-Client-Type': 't', 'X-Gremlin-Filter': filter(-1) });
    expect(refused.status).toBe(503);
    await connect('subscriber', { 'X-Gremlin-Filter': filter(0) });
    const client = await connect('subscriber');
    expect(await client.ask({ GremlinFilter: filter(-1) })).toMatchObject({ Status: 503 });
    expect(await client.ask({ GremlinFilter: filter(5) })).toMatchObject({ Status: 200 });
  });

  test('more than the bound are answered 429', async () => {
    const client = await connect('subscriber');
    for (let n = 0; n <= limits.graphSyncsBurst + 2; n++) client.say('SyncRequest', {}, String(n));
    const statuses = (await client.rest(500)).map(({ Status }) => Status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(limits.graphSyncsBurst);
    expect(statuses).toContain(429);
  });
});

describe('messages that are wrong', () => {
  test('W19: nothing that is no message ends the connection; what has an id is answered 400', async () => {
    const client = await connect('subscriber');
    for (const text of [
      'not json',
      '{}',
      '[]',
      '{"Namespace":"Graph","Type":"Nonsense"}',
      '{"Status":"200"}',
    ])
      client.send(text);
    expect(await client.rest()).toEqual([]);
    client.say('Nonsense', {}, 'u1');
    expect(await client.next()).toEqual({
      Namespace: 'Graph',
      Type: 'NonsenseReply',
      UUID: 'u1',
      Status: 400,
      Obj: "unknown message type 'Nonsense'",
    });
    for (let n = 0; n < 100; n++) client.say('Nonsense', {}, String(n));
    expect((await client.rest()).length).toBeLessThanOrEqual(limits.subscriberRepliesBurst + 2);
    expect((await client.ask()).Status).toBe(200);
  });

  test('W20: a subscriber changes nothing, and is told so', async () => {
    const client = await connect('subscriber');
    client.say('NodeAdded', testNode('a'), 'u1');
    expect(await client.next()).toMatchObject({ Type: 'NodeAddedReply', UUID: 'u1', Status: 400 });
    expect(await nodeIds()).toEqual([]);
  });

  test('a frame that is too large closes with 1009', async () => {
    const client = await connect('subscriber');
    client.send('x'.repeat(limits.clientFrameBytesMax + 1));
    expect((await client.closed()).code).toBe(1009);
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a', { Long: 'x'.repeat(900_000) }));
    publisher.say('Sync', { Nodes: [testNode('a', { Long: 'x'.repeat(1_100_000) })] }, 'u');
    expect(await publisher.next()).toMatchObject({ Type: 'SyncReply', Status: 400 });
    publisher.send('x'.repeat(limits.publisherFrameBytesMax + 1));
    expect((await publisher.closed()).code).toBe(1009);
    expect((await counters()).clientFramesTooLarge).toBe(2);
    expect(await nodeIds()).toEqual(['a']);
  });
});

describe('notifications', () => {
  const NAMESPACE = 'OnDemandCaptureNotification';
  const told = ({ Namespace, Type, Obj }: Message): unknown[] => [
    Namespace,
    Type,
    (Obj as { UUID: string }).UUID,
  ];

  test('W39: a capture that is made, runs on a node and is deleted', async () => {
    const client = await connect('subscriber', { 'X-Websocket-Namespace': NAMESPACE });
    const probe = await connectProbe('topology', 'h1');
    const created = await post('/api/capture', { GremlinQuery: "G.V().Has('Name','a')" });
    const { UUID } = JSON.parse(created.text) as { UUID: string };
    const added = await client.next();
    expect(told(added)).toEqual([NAMESPACE, 'Added', UUID]);
    expect(added.Obj).toMatchObject({ GremlinQuery: "G.V().Has('Name','a')", Count: 0 });
    await probe.sync(1, [testNode('a', { Captures: [{ ID: UUID, State: 'active' }] })]);
    expect(told(await client.next())).toEqual([NAMESPACE, 'NodeUpdated', UUID]);
    await probe.sync(2, [testNode('a', { Captures: [{ ID: UUID, State: 'active', PacketsReceived: 5 }] })]);
    await probe.sync(3, []);
    expect(told(await client.next())).toEqual([NAMESPACE, 'NodeUpdated', UUID]);
    await call('DELETE', `/api/capture/${UUID}`);
    expect(told(await client.next())).toEqual([NAMESPACE, 'Deleted', UUID]);
    expect(await client.rest()).toEqual([]);
  });

  test('W40: a capture whose time to live ends', async () => {
    const client = await connect('subscriber');
    await post('/api/capture', { GremlinQuery: 'G.V()' }, { 'X-Resource-TTL': '200ms' });
    expect((await client.next()).Type).toBe('Added');
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    await registryOf(env).status();
    expect((await client.next()).Type).toBe('Deleted');
  });
});
