/** What publishers and pubsub clients may do to the graph; W numbers are the cases of the WebSocket notes, section 16. */
import { abortAllDurableObjects, evictDurableObject, reset } from 'cloudflare:test';
import { beforeEach, describe, expect, test } from 'vitest';
import type { EdgeJson, NodeJson } from '../../../core/wire/element-json.ts';
import {
  connect,
  counters,
  metadataOf,
  nodeIds,
  nodes,
  RED,
  RED_GENERAL,
  testEdge,
  testNode,
  topology,
} from './graph-client.ts';
import { call, post } from '../http.ts';
import { connectProbe } from './socket-client.ts';

beforeEach(async () => {
  await reset();
});

describe('a publisher', () => {
  test('W21: a node is added with a forced origin and times; subscribers hear it', async () => {
    const client = await connect('subscriber');
    const publisher = await connect('publisher', { 'X-Host-ID': 'p1' });
    const before = Date.now();
    publisher.say('NodeAdded', { ...testNode('a'), Origin: 'agent.somebody' });
    const message = await client.next();
    expect(message).toMatchObject({ Namespace: 'Graph', Type: 'NodeAdded', Status: 200 });
    expect(Object.keys(message)).toEqual(['Namespace', 'Type', 'UUID', 'Status', 'Obj']);
    const node = message.Obj as NodeJson;
    expect(node).toMatchObject({ ...testNode('a'), Origin: 't.p1', DeletedAt: null, Revision: 0 });
    expect(Object.keys(node)).toEqual(
      'ID Metadata Host Origin CreatedAt UpdatedAt DeletedAt Revision'.split(' '),
    );
    expect(node.CreatedAt).toBeGreaterThanOrEqual(before);
    expect(node.UpdatedAt).toBe(node.CreatedAt);
    expect(await nodes()).toEqual([node]);
  });

  test('W22, W26: what does not fit is not applied, and the lines say why', async () => {
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', { ID: 'a', Metadata: { Name: 'a' } }, 'u1');
    expect(await publisher.next()).toMatchObject({
      Type: 'NodeAddedReply',
      UUID: 'u1',
      Status: 400,
      Obj: expect.stringMatching(/^invalid schema: .*\n.*\nMetadata: Path is required\n/) as string,
    });
    publisher.say('NodeAdded', { Metadata: { Name: 'a', Type: 'x' } }, 'u2');
    expect(await publisher.next()).toMatchObject({ UUID: 'u2', Obj: 'No ID found for graph element' });
    publisher.say('NodeAdded', { ...testNode('a'), CreatedAt: 'x' }, 'u3');
    expect(await publisher.next()).toMatchObject({
      UUID: 'u3',
      Obj: expect.stringMatching(/CreatedAt/) as string,
    });
    publisher.say('NodeAdded', testNode('a'));
    publisher.say('NodePartiallyUpdated', { ID: 'a', Ops: [{ Type: 3, Key: 'k', Value: 1 }] }, 'u4');
    expect(await publisher.next()).toMatchObject({
      UUID: 'u4',
      Obj: expect.stringMatching(/operation type 3/) as string,
    });
    publisher.say('NodePartiallyUpdated', { ID: 'a', Ops: [{ Type: 2, Key: 'Type', Value: null }] }, 'u5');
    expect(await publisher.next()).toMatchObject({ UUID: 'u5', Status: 400 });
    expect(await metadataOf('a')).toEqual(testNode('a').Metadata);
  });

  test('W23, W24: Added of a known id is ignored; only a greater Revision, or none, updates', async () => {
    const client = await connect('subscriber');
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a', { K: 1 }));
    publisher.say('NodeAdded', testNode('a', { K: 2 }));
    publisher.say('NodeUpdated', { ...testNode('a', { K: 3 }), Revision: 0 });
    publisher.say('NodeUpdated', { ...testNode('a', { K: 4 }), Revision: 1, UpdatedAt: 1_700_000_000_000 });
    publisher.say('NodeUpdated', { ...testNode('a', { K: 5 }), Revision: 1 });
    publisher.say('NodeUpdated', testNode('a', { K: 6 }));
    const told = (await client.rest()).map(({ Type, Obj }) => {
      const { Metadata, Revision } = Obj as NodeJson;
      return [Type, Metadata['K'], Revision];
    });
    expect(told).toEqual([
      ['NodeAdded', 1, 0],
      ['NodeUpdated', 4, 1],
      ['NodeUpdated', 6, 2],
    ]);
    expect(await counters()).toMatchObject({ changesIgnored: 3, changesPublished: 3 });
  });

  test('what others set on a node does not make its publisher’s Revisions old ones', async () => {
    const publisher = await connect('publisher');
    const shown = async () => {
      await publisher.written();
      const { K, Owner, Room } = (await metadataOf('a')) ?? {};
      return [K, Owner, Room];
    };
    publisher.say('NodeAdded', testNode('a', { K: 0 }));
    publisher.say('NodeUpdated', { ...testNode('a', { K: 1 }), Revision: 1 });
    await publisher.written();
    const patch = [{ op: 'add', path: '/Metadata/Owner', value: 'alice' }];
    await call('PATCH', '/api/node/a', { body: JSON.stringify(patch) });
    const rule = { Action: 'update', Query: "G.V('a')", Metadata: { Room: 'B12' } };
    const { UUID } = JSON.parse((await post('/api/noderule', rule)).text) as { UUID: string };
    publisher.say('NodeUpdated', { ...testNode('a', { K: 2 }), Revision: 2 });
    expect(await shown()).toEqual([2, 'alice', 'B12']);
    publisher.say('NodeUpdated', { ...testNode('a', { K: 9 }), Revision: 2 });
    publisher.say('NodeUpdated', { ...testNode('a', { K: 3 }), Revision: 3 });
    expect(await shown()).toEqual([3, 'alice', 'B12']);
    await call('DELETE', `/api/noderule/${UUID}`);
    publisher.say('NodeUpdated', { ...testNode('a', { K: 8 }), Revision: 3 });
    publisher.say('NodeUpdated', { ...testNode('a', { K: 4 }), Revision: 4 });
    expect(await shown()).toEqual([4, 'alice', undefined]);
    expect(await counters()).toMatchObject({ changesIgnored: 2 });
  });

  test('W25: operations set a path and delete it, emptied parents with it', async () => {
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a'));
    publisher.say('NodePartiallyUpdated', {
      ID: 'a',
      Revision: 1,
      Ops: [{ Type: 1, Key: 'z', Value: { q: 1 } }],
    });
    await expect.poll(() => metadataOf('a')).toMatchObject({ z: { q: 1 } });
    publisher.say('NodePartiallyUpdated', {
      ID: 'a',
      Revision: 2,
      Ops: [{ Type: 2, Key: 'z.q', Value: null }],
    });
    await expect.poll(() => metadataOf('a')).toEqual(testNode('a').Metadata);
    publisher.say('NodePartiallyUpdated', { ID: 'a', Revision: 3, Ops: null });
    await expect.poll(async () => (await nodes())[0]?.Revision).toBe(3);
  });

  test('W27, W28: edges need their ends; a deleted node takes its edges along', async () => {
    const client = await connect('subscriber');
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a'));
    publisher.say('EdgeAdded', testEdge('e', 'a', 'b'), 'u');
    expect(await publisher.next()).toMatchObject({ Type: 'EdgeAddedReply', Obj: 'Child node not found' });
    publisher.say('NodeAdded', testNode('b'));
    publisher.say('EdgeAdded', testEdge('e', 'a', 'b'));
    publisher.say('EdgeUpdated', { ...(testEdge('e', 'a', 'b', { MTU: 9000 }) as EdgeJson), Revision: 4 });
    publisher.say('NodeDeleted', testNode('a'));
    publisher.say('NodeDeleted', { ID: 'b' });
    const told = await client.rest();
    expect(told.map(({ Type, Obj }) => `${Type} ${(Obj as NodeJson).ID}`)).toEqual([
      'NodeAdded a',
      'NodeAdded b',
      'EdgeAdded e',
      'EdgeUpdated e',
      'EdgeDeleted e',
      'NodeDeleted a',
      'NodeDeleted b',
    ]);
    expect(told[3]!.Obj).toMatchObject({ Revision: 4, Parent: 'a', Child: 'b' });
    expect((told[5]!.Obj as NodeJson).DeletedAt).toBeGreaterThan(0);
  });

  test('cannot make an element grow beyond what a row holds, one operation at a time', async () => {
    const publisher = await connect('publisher');
    publisher.say('NodeAdded', testNode('a'));
    for (let n = 0; n < 4; n++) {
      const op = { Type: 1, Key: `k${n}`, Value: 'x'.repeat(400_000) };
      publisher.say('NodePartiallyUpdated', { ID: 'a', Ops: [op] }, `u${n}`);
    }
    expect(await publisher.next()).toMatchObject({
      UUID: 'u2',
      Obj: expect.stringMatching(/more than/) as string,
    });
    expect(Object.keys((await metadataOf('a'))!)).toEqual(['Name', 'Type', 'k0', 'k1']);
    expect((await counters()).changesTooLarge).toBe(2);
  });

  test('cannot do harm with odd names and texts', async () => {
    const publisher = await connect('publisher');
    const odd = ['__proto__', 'constructor', 'toString', '\ud800', '\u0000', "'", '</script>', '😀', ' '];
    for (const id of odd) {
      publisher.send(
        `{"Namespace":"Graph","Type":"NodeAdded","Obj":{"ID":${JSON.stringify(id)},"Metadata":{"Name":"n","Type":"t","__proto__":{"a":1},"${'k'.repeat(9)}":1e400}}}`,
      );
      publisher.say('NodePartiallyUpdated', { ID: id, Ops: [{ Type: 1, Key: '__proto__.b', Value: 1 }] });
    }
    publisher.say('NodeAdded', testNode('x'), 'u'.repeat(100_000));
    publisher.say('n'.repeat(100_000), {}, 'u');
    publisher.send(`{"Namespace":"Graph","Type":"NodeAdded","Obj":${'['.repeat(100_000)}`);
    await publisher.written();
    await evictDurableObject(topology());
    const [first] = await nodes();
    expect(JSON.stringify(first!.Metadata)).toBe(
      '{"Name":"n","Type":"t","__proto__":{"a":1,"b":1},"kkkkkkkkk":null}',
    );
    expect(await nodes()).toHaveLength(odd.length + 1);
    expect(({} as Record<string, unknown>)['b']).toBeUndefined();
    expect(await publisher.rest()).toEqual([]);
  });

  test('does not touch what belongs to somebody else', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [testNode('a')]);
    const publisher = await connect('publisher');
    publisher.say('NodeUpdated', { ...testNode('a', { K: 1 }), Revision: 99 }, 'u1');
    expect(await publisher.next()).toMatchObject({ UUID: 'u1', Status: 400, Obj: "'a' belongs to agent.h1" });
    publisher.say('NodeDeleted', testNode('a'), 'u2');
    expect(await publisher.next()).toMatchObject({ UUID: 'u2', Status: 400 });
    publisher.say('Sync', { Nodes: [testNode('a', { K: 2 }), testNode('b')], Edges: null });
    publisher.say('EdgeAdded', testEdge('e', 'a', 'b'));
    await expect.poll(nodeIds).toEqual(['a', 'b']);
    expect(await metadataOf('a')).toEqual(testNode('a').Metadata);
    expect(await counters()).toMatchObject({ changesForeign: 2 });
  });

  test('W34: Sync makes the origin what it lists, with events for the rest only', async () => {
    const publisher = await connect('publisher');
    publisher.say('Sync', { Nodes: [testNode('a'), testNode('b')], Edges: [testEdge('e', 'a', 'b')] });
    await expect.poll(nodeIds).toEqual(['a', 'b']);
    const client = await connect('subscriber');
    publisher.say('SyncReply', { Nodes: [testNode('a')], Edges: null });
    expect(await client.events()).toEqual(['EdgeDeleted e', 'NodeDeleted b']);
    publisher.say('Sync', { Nodes: [testNode('a'), { ID: 'x', Metadata: {} }] }, 'u');
    expect(await publisher.next()).toMatchObject({ Type: 'SyncReply', Status: 400 });
    expect(await nodeIds()).toEqual(['a']);
  });

  test('W32, W33: with DeleteOnDisconnect its elements go with it, otherwise they stay', async () => {
    const client = await connect('subscriber');
    const passing = await connect('publisher', { 'X-Persistence-Policy': 'DeleteOnDisconnect' });
    const lasting = await connect('publisher');
    passing.say('NodeAdded', testNode('a'));
    lasting.say('NodeAdded', testNode('b'));
    await expect.poll(nodeIds).toEqual(['a', 'b']);
    await client.rest();
    passing.close();
    lasting.close();
    const message = await client.next();
    expect(message).toMatchObject({ Type: 'NodeDeleted', Obj: { ID: 'a' } });
    expect((message.Obj as NodeJson).DeletedAt).toBeGreaterThan(0);
    expect(await nodeIds()).toEqual(['b']);
  });

  test('DeleteOnDisconnect holds over an eviction, and over the end of the process', async () => {
    const first = await connect('publisher', { 'X-Persistence-Policy': 'DeleteOnDisconnect' });
    first.say('NodeAdded', testNode('a'));
    await expect.poll(nodeIds).toEqual(['a']);
    await evictDurableObject(topology());
    expect(await nodeIds()).toEqual(['a']);
    first.close();
    await expect.poll(nodeIds).toEqual([]);

    const second = await connect('publisher', { 'X-Persistence-Policy': 'DeleteOnDisconnect' });
    second.say('NodeAdded', testNode('b'));
    await expect.poll(nodeIds).toEqual(['b']);
    await abortAllDurableObjects();
    expect(await nodeIds()).toEqual([]);
  });

  test('a newer connection of the same publisher keeps what the older one published', async () => {
    const policy = { 'X-Host-ID': 'p', 'X-Persistence-Policy': 'DeleteOnDisconnect' };
    const older = await connect('publisher', policy);
    older.say('NodeAdded', testNode('a'));
    await expect.poll(nodeIds).toEqual(['a']);
    const newer = await connect('publisher', policy);
    expect((await older.closed()).code).toBe(1001);
    expect(await nodeIds()).toEqual(['a']);
    newer.say('NodeUpdated', testNode('a', { K: 1 }));
    await expect.poll(() => metadataOf('a')).toMatchObject({ K: 1 });
    newer.close();
    await expect.poll(nodeIds).toEqual([]);
  });
});

describe('pubsub', () => {
  test('W36: everybody hears what it does, itself not', async () => {
    const [one, two, client] = await Promise.all([
      connect('pubsub'),
      connect('pubsub'),
      connect('subscriber'),
    ]);
    one.say('NodeAdded', testNode('a', { Color: 'red' }));
    expect(await two.nextEvent()).toBe('NodeAdded a');
    expect(await client.nextEvent()).toBe('NodeAdded a');
    expect(await one.rest()).toEqual([]);
  });

  test.each([
    ['one that looks at elements', RED],
    ['one that runs', RED_GENERAL],
  ])('nor through a filter: %s', async (_what, filter) => {
    const [one, two] = await Promise.all([connect('pubsub', filter), connect('pubsub', filter)]);
    one.say('NodeAdded', testNode('a', { Color: 'red' }));
    two.say('NodeAdded', testNode('b', { Color: 'red' }));
    expect(await one.events(400)).toEqual(['NodeAdded b']);
    expect(await two.events()).toEqual(['NodeAdded a']);
  });
});
