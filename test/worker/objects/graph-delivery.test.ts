/**
 * What subscribers hear of the graph: through filters, held back, many of them, and after an eviction. W numbers are the cases
 * of the WebSocket notes, section 16.
 */
import { evictDurableObject, reset, runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, test } from 'vitest';
import { call, post } from '../http.ts';
import { limits } from '../../../core/limits.ts';
import type { NodeJson } from '../../../core/wire/element-json.ts';
import {
  createStructMessage,
  decodeStructMessage,
  encodeStructMessage,
} from '../../../proto/gen/envelope.ts';
import {
  connect,
  counters,
  Follower,
  nodes,
  RED,
  RED_GENERAL,
  sorted,
  testEdge,
  testNode,
  topology,
} from './graph-client.ts';
import { SocketClient, upgrade } from './socket-client.ts';

beforeEach(async () => {
  await reset();
});

describe('events', () => {
  test('W29: partial updates carry what changed, whole ones where that is shorter', async () => {
    const partial = await connect('subscriber', { 'X-Update-Policy': 'Partial' });
    const full = await connect('subscriber');
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a', { Long: 'x'.repeat(200), Gone: { k: 1 } }));
    publisher.say('NodeUpdated', testNode('a', { Long: 'x'.repeat(200), K: { a: [1] } }));
    const keys = (letter: string) =>
      Object.fromEntries(Array.from({ length: 20 }, (_, n) => [letter + n, n]));
    publisher.say('NodeUpdated', testNode('a', keys('k')));
    publisher.say('NodeUpdated', testNode('a', keys('l')));
    const told = await partial.rest();
    expect(told.map(({ Type }) => Type)).toEqual([
      'NodeAdded',
      'NodePartiallyUpdated',
      'NodeUpdated',
      'NodeUpdated',
    ]);
    expect(told[1]!.Obj).toEqual({
      ID: 'a',
      UpdatedAt: expect.any(Number) as number,
      Revision: 1,
      Ops: [
        { Type: 2, Key: 'Gone', Value: null },
        { Type: 1, Key: 'K', Value: { a: [1] } },
      ],
    });
    expect((await full.rest()).map(({ Type }) => Type).slice(1)).toEqual(Array(3).fill('NodeUpdated'));
  });

  test('what people do through the API is heard, as operations too', async () => {
    const partial = await connect('subscriber', { 'X-Update-Policy': 'partial' });
    await post('/api/node', testNode('a', { Long: 'x'.repeat(200) }));
    const patch = [{ op: 'add', path: '/Metadata/Rack', value: 'r7' }];
    await call('PATCH', '/api/node/a', { body: JSON.stringify(patch) });
    await call('DELETE', '/api/node/a');
    const told = await partial.rest();
    expect(told.map(({ Type }) => Type)).toEqual(['NodeAdded', 'NodePartiallyUpdated', 'NodeDeleted']);
    expect(told[1]!.Obj).toMatchObject({ ID: 'a', Ops: [{ Type: 1, Key: 'Rack', Value: 'r7' }] });
  });

  describe.each([
    ['looks at elements', RED],
    ['runs', RED_GENERAL],
  ])('through a filter that %s', (_what, filter) => {
    test('W30, W31: nodes come and go with their edges, in order', async () => {
      const client = await connect('subscriber', filter);
      const publisher = await connect('publisher');
      const steps: [string, unknown, string[]][] = [
        ['NodeAdded', testNode('a'), []],
        ['NodeAdded', testNode('b', { Color: 'red' }), ['NodeAdded b']],
        ['EdgeAdded', testEdge('e', 'a', 'b'), []],
        ['NodeUpdated', testNode('a', { Color: 'red' }), ['NodeAdded a', 'EdgeAdded e']],
        ['NodeUpdated', testNode('a', { Color: 'red', K: 1 }), ['NodeUpdated a']],
        ['EdgeUpdated', testEdge('e', 'a', 'b', { K: 1 }), ['EdgeUpdated e']],
        ['NodeUpdated', testNode('b', { Color: 'blue' }), ['NodeDeleted b', 'EdgeDeleted e']],
        ['NodeUpdated', testNode('b', { Color: 'red' }), ['NodeAdded b', 'EdgeAdded e']],
        ['NodeDeleted', { ID: 'a' }, ['NodeDeleted a', 'EdgeDeleted e']],
      ];
      for (const [type, obj, expected] of steps) {
        publisher.say(type, obj);
        const told = await client.rest(250);
        expect(told.map(({ Type, Obj }) => `${Type} ${(Obj as NodeJson).ID}`)).toEqual(expected);
        const gone = told.find(({ Type }) => Type === 'NodeDeleted');
        if (gone !== undefined && type === 'NodeUpdated') expect(gone.Obj).toMatchObject({ DeletedAt: null });
        if (gone !== undefined && type === 'NodeDeleted')
          expect((gone.Obj as NodeJson).DeletedAt).toBeGreaterThan(0);
      }
      expect((await client.graph()).Nodes?.map(({ ID }) => ID)).toEqual(['b']);
    });
  });

  test('a filter on edges, and one that reaches further, follow the graph', async () => {
    const layer2 = await connect('subscriber', {
      'X-Gremlin-Filter': "G.E().Has('RelationType','layer2').SubGraph()",
    });
    const around = await connect('subscriber', {
      'X-Gremlin-Filter': "G.V().Has('Name','a').Both().SubGraph()",
    });
    const publisher = await connect('publisher');
    for (const id of ['a', 'b', 'c']) publisher.say('NodeAdded', testNode(id));
    publisher.say('EdgeAdded', testEdge('e1', 'a', 'b'));
    publisher.say('EdgeAdded', testEdge('e2', 'b', 'c', { RelationType: 'ownership' }));
    expect(await layer2.events(400)).toEqual(['NodeAdded a', 'NodeAdded b', 'EdgeAdded e1']);
    expect(await around.events()).toEqual(['NodeAdded b']);
    publisher.say('EdgeDeleted', { ID: 'e1' });
    expect(await layer2.events(400)).toEqual(['NodeDeleted a', 'NodeDeleted b', 'EdgeDeleted e1']);
    expect(await around.events()).toEqual(['NodeDeleted b']);
  });

  test('W38: only the namespaces asked for, replies included', async () => {
    const namespaces = (value: string) => ({ 'X-Websocket-Namespace': value });
    const alert = await connect('subscriber', namespaces('Alert'));
    const both = await connect('subscriber', namespaces('Alert,Graph'));
    const star = await connect('subscriber', namespaces('*'));
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a'));
    alert.say('SyncRequest', {}, 'u');
    expect(await both.nextEvent()).toBe('NodeAdded a');
    expect(await star.nextEvent()).toBe('NodeAdded a');
    expect(await alert.rest()).toEqual([]);
  });

  test('W42, W43: protobuf in and out', async () => {
    const open = async (role: string): Promise<SocketClient<Uint8Array>> => {
      const headers = { 'X-Client-Type': 't', 'X-Client-Protocol': 'protobuf' };
      const response = await upgrade(`/ws/${role}`, headers);
      return new SocketClient(response.webSocket!, (data) => new Uint8Array(data as ArrayBuffer));
    };
    const [client, publisher, json] = [
      await open('subscriber'),
      await open('publisher'),
      await connect('subscriber'),
    ];
    const bytes =
      '0a 05 47 72 61 70 68 12 0b 53 79 6e 63 52 65 71 75 65 73 74 1a 02 75 31 20 c8 01 32 02 7b 7d';
    client.send(Uint8Array.from(bytes.split(' '), (pair) => Number.parseInt(pair, 16)));
    const reply = await client.next();
    // Fields 1, 2, 3, 4 and 6, no field 5: the header is spelled by hand.
    const obj = '{"Nodes":null,"Edges":null}';
    expect(new TextDecoder().decode(reply)).toBe(
      `\n\u0005Graph\u0012\tSyncReply\u001a\u0002u1 \ufffd\u00012${String.fromCharCode(obj.length)}${obj}`,
    );
    const added = createStructMessage({
      Namespace: 'Graph',
      Type: 'NodeAdded',
      Status: 200,
      Obj: new TextEncoder().encode(JSON.stringify(testNode('a'))),
    });
    publisher.send(encodeStructMessage(added).finish());
    expect(await json.nextEvent()).toBe('NodeAdded a');
    expect(decodeStructMessage(await client.next())).toMatchObject({ Type: 'NodeAdded', Format: 0 });
  });
});

describe('a client that does not read', () => {
  const hide = (hostId: string, unread: () => number): Promise<void> =>
    runInDurableObject(topology(), (_object, state) => {
      for (const socket of state.getWebSockets())
        if ((socket.deserializeAttachment() as { hostId: string }).hostId === hostId)
          Object.defineProperty(socket, 'bufferedAmount', { get: unread, configurable: true });
    });

  test('is held back, then told the latest of everything; others go on', async () => {
    const [slow, other] = await Promise.all([connect('subscriber'), connect('subscriber')]);
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a'));
    publisher.say('NodeAdded', testNode('gone'));
    expect(await slow.events()).toEqual(['NodeAdded a', 'NodeAdded gone']);
    let unread = limits.graphHoldBytes + 1;
    await hide(slow.hostId, () => unread);
    for (let n = 1; n <= 20; n++) publisher.say('NodeUpdated', testNode('a', { K: n }));
    publisher.say('NodeDeleted', { ID: 'gone' });
    publisher.say('NodeAdded', testNode('passing'));
    publisher.say('NodeDeleted', { ID: 'passing' });
    publisher.say('NodeAdded', testNode('new'));
    slow.say('SyncRequest', {}, 'late');
    expect(await other.events()).toHaveLength(2 + 24);
    expect(await slow.rest()).toEqual([]);
    expect((await topology().status()).clients.find(({ hostId }) => hostId === slow.hostId)?.isHeld).toBe(
      true,
    );
    unread = 0;
    const told = await slow.rest(400);
    expect(told.map(({ Type }) => Type)).toEqual(['NodeDeleted', 'NodeAdded', 'NodeUpdated', 'SyncReply']);
    expect((told[2]!.Obj as NodeJson).Metadata['K']).toBe(20);
    expect((await counters()).clientsHeld).toBe(1);
  });

  test('at all is closed with 1013 and counted', async () => {
    const [slow, other] = await Promise.all([connect('subscriber'), connect('subscriber')]);
    await hide(slow.hostId, () => limits.graphHoldBytes + 1);
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a'));
    // Held for longer than timings.graphHeldMs.
    await expect.poll(() => slow.isClosed, { timeout: 8_000 }).toBe(true);
    expect(await slow.closed()).toMatchObject({
      code: 1013,
      reason: expect.stringMatching(/unread/) as string,
    });
    expect(await other.events()).toEqual(['NodeAdded a']);
    expect((await counters()).clientsTooSlow).toBe(1);
  }, 10_000);
});

describe('many clients', () => {
  test('get more than one turn can send in several, and all know the same at the end', async () => {
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect('subscriber')));
    const publisher = await connect('publisher');
    const ids = Array.from({ length: 100 }, (_, n) => `n${n}`);
    for (const id of ids) publisher.say('NodeAdded', testNode(id));
    for (const id of ids) publisher.say('NodeUpdated', testNode(id, { K: 1 }));
    for (const id of ids.slice(50)) publisher.say('NodeDeleted', { ID: id });
    await publisher.written();
    const followers = await Promise.all(
      clients.map(async (client) => {
        const follower = new Follower();
        for (const message of await client.rest(800)) follower.follow(message);
        return follower;
      }),
    );
    const graph = sorted({ Nodes: await nodes(), Edges: [] });
    expect(graph.Nodes).toHaveLength(50);
    for (const follower of followers) expect(follower.graph()).toEqual(graph);
    expect((await counters()).turnsCutShort).toBeGreaterThan(0);
  });
});

describe('after an eviction', () => {
  test.each([
    ['no filter', {}],
    ['a filter that looks at elements', RED],
    ['a filter that runs', RED_GENERAL],
  ])('clients with %s hear what happens next, and nothing twice', async (_what, filter) => {
    const client = await connect('subscriber', { ...filter, 'X-Update-Policy': 'partial' });
    const publisher = await connect('publisher');
    const long = { Color: 'red', Long: 'x'.repeat(300) };
    publisher.say('NodeAdded', testNode('a', long));
    publisher.say('NodeAdded', testNode('b', { Color: 'red' }));
    expect(await client.events(400)).toEqual(['NodeAdded a', 'NodeAdded b']);
    await evictDurableObject(topology());
    publisher.say('NodeUpdated', testNode('a', { ...long, K: 1 }));
    publisher.say('NodeDeleted', { ID: 'b' });
    const told = await client.rest(400);
    expect(told.map(({ Type }) => Type).sort()).toEqual(['NodeDeleted', 'NodePartiallyUpdated']);
    expect(told.find(({ Type }) => Type === 'NodePartiallyUpdated')!.Obj).toMatchObject({
      Ops: [{ Type: 1, Key: 'K', Value: 1 }],
    });
    expect((await client.graph()).Nodes?.map(({ ID }) => ID)).toEqual(['a']);
  });

  test('a filter set by SyncRequest and the namespaces are still known', async () => {
    const client = await connect('subscriber', { 'X-Websocket-Namespace': 'Graph' });
    await client.ask({ GremlinFilter: RED['X-Gremlin-Filter'] });
    await evictDurableObject(topology());
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a'));
    publisher.say('NodeAdded', testNode('b', { Color: 'red' }));
    expect(await client.events()).toEqual(['NodeAdded b']);
  });

  test('a client whose filter had to run again is closed, so that it asks anew', async () => {
    const client = await connect('subscriber', RED_GENERAL);
    await runInDurableObject(topology(), (_object, state) => {
      const [socket] = state.getWebSockets('graphClient');
      socket!.serializeAttachment({ ...(socket!.deserializeAttachment() as object), awaitsFilter: true });
    });
    await evictDurableObject(topology());
    await topology().status();
    expect((await client.closed()).code).toBe(1013);
    expect((await counters()).clientsOutOfStep).toBe(1);
  });
});
