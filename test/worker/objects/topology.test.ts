/** The Topology object: what probes tell becomes the graph, survives, and goes when they go. */
import {
  abortAllDurableObjects,
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Capture } from '../../../core/capture/capture.ts';
import { limits, timings } from '../../../core/limits.ts';
import type { NodeJson } from '../../../core/wire/element-json.ts';
import { ChangeKind } from '../../../proto/gen/probe.ts';
import { topologyOf } from '../../../worker/objects/stubs.ts';
import { connectProbe, openProbe, upgrade } from './socket-client.ts';

const topology = () => topologyOf(env);

function node(id: string, metadata: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ID: id,
    Metadata: { Name: id, Type: 'device', TID: `tid-${id}`, ...metadata },
    CreatedAt: 5,
    UpdatedAt: 6,
    Revision: 9,
  };
}

function edge(parent: string, child: string): Record<string, unknown> {
  return { ID: `${parent}-${child}`, Parent: parent, Child: child, Metadata: { RelationType: 'ownership' } };
}

async function graph(): Promise<{
  Nodes: NodeJson[] | null;
  Edges: (NodeJson & { Parent: string; Child: string })[] | null;
}> {
  return JSON.parse((await topology().graphJson()) as string) as Awaited<ReturnType<typeof graph>>;
}

async function nodeIds(): Promise<string[]> {
  return ((await graph()).Nodes ?? []).map(({ ID }) => ID).sort();
}

function capture(UUID: string, GremlinQuery: string, more: Partial<Capture> = {}): Capture {
  return {
    UUID,
    GremlinQuery,
    Count: 0,
    SamplingRate: 0,
    PollingInterval: 0,
    ExtraTCPMetric: false,
    IPDefrag: false,
    ReassembleTCP: false,
    ...more,
  };
}

/** Lets the alarm see a later time by making what it looks at older. */
async function ageVanished(byMs: number): Promise<void> {
  await runInDurableObject(topology(), (_object, state) => {
    state.storage.sql.exec('UPDATE probe SET gone_ms = gone_ms - ? WHERE gone_ms IS NOT NULL', byMs);
  });
  await evictDurableObject(topology());
  await topology().status();
  await runDurableObjectAlarm(topology());
}

beforeEach(async () => {
  await reset();
});

describe('handshake', () => {
  test('a first Hello is welcomed with our version and host id', async () => {
    const probe = await openProbe('topology', 'h1');
    const welcome = await probe.hello('h1');
    expect(welcome).toMatchObject({
      major: 1,
      host_id: 'edgedive',
      last_sequence: 0,
      batches_in_flight_max: limits.batchesInFlightMax,
    });
  });

  test('the 101 names host and service', async () => {
    const response = await upgrade('/ws/probe/topology', { 'X-Host-ID': 'h1' });
    expect(response.status).toBe(101);
    expect(response.headers.get('X-Host-ID')).toBe('edgedive');
    expect(response.headers.get('X-Service-Type')).toBe('analyzer');
    response.webSocket?.accept();
  });

  test('refuses an upgrade without X-Host-ID with 400 and a plain request with 426', async () => {
    expect((await upgrade('/ws/probe/topology', {})).status).toBe(400);
    expect((await upgrade('/ws/probe/topology', { 'X-Host-ID': 'h1', Upgrade: '' })).status).toBe(426);
  });

  test.each([
    ['a newer major version', { major: 2 }, 4001],
    ['another host id than the upgrade', { host_id: 'h2' }, 1008],
    ['no incarnation', { incarnation: '' }, 1008],
  ])('closes a Hello with %s', async (_what, more, code) => {
    const probe = await openProbe('topology', 'h1');
    void probe.hello('h1', 'one', more).catch(() => {});
    expect(await probe.closed()).toMatchObject({ code, reason: expect.stringMatching(/./) as string });
    expect((await topology().status()).counters.probesClosedForFaults).toBe(1);
  });

  test('accepts an unknown newer minor version', async () => {
    const probe = await openProbe('topology', 'h1');
    expect((await probe.hello('h1', 'one', { minor: 99 })).major).toBe(1);
  });

  test('closes 1008 when another message comes before Hello', async () => {
    const probe = await openProbe('topology', 'h1');
    probe.tell({ sync: { sequence: 1, nodes: [], edges: [] } });
    expect((await probe.closed()).code).toBe(1008);
  });

  test('the newer connection of one incarnation replaces the older with 1001, its graph untouched', async () => {
    const first = await connectProbe('topology', 'h1');
    await first.sync(1, [node('a')]);
    const second = await connectProbe('topology', 'h1');
    expect((await first.closed()).code).toBe(1001);
    expect(await nodeIds()).toEqual(['a']);
    expect((await topology().status()).probes.map(({ hostId }) => hostId)).toEqual(['h1']);
    expect(second.isClosed).toBe(false);
  });

  test('another incarnation takes the host over, the older is told 4003', async () => {
    const first = await connectProbe('topology', 'h1', 'one');
    await connectProbe('topology', 'h1', 'two');
    expect((await first.closed()).code).toBe(4003);
    expect((await topology().status()).counters.probesReplaced).toBe(1);
  });
});

describe('frames that are wrong', () => {
  test.each<[string, (probe: Awaited<ReturnType<typeof connectProbe>>) => void, number]>([
    ['bytes that are no message', (probe) => probe.send(new Uint8Array([0x0a, 0xff, 0xff])), 1007],
    ['an empty frame', (probe) => probe.send(new Uint8Array(0)), 1007],
    ['a text frame', (probe) => probe.send('hello'), 1003],
    [
      'two members in one frame',
      (probe) => probe.tell({ goodbye: { reason: '' }, status: { json: '{}' } }),
      1007,
    ],
    ['a second Hello', (probe) => void probe.hello('h1').catch(() => {}), 1002],
    ['changes before a sync', (probe) => probe.tell({ changes: { sequence: 1, changes: [] } }), 1002],
    ['a flush answer', (probe) => probe.tell({ flush_done: { id: 1 } }), 1002],
  ])('%s end only their own connection', async (_what, wrong, code) => {
    const other = await connectProbe('topology', 'h2');
    await other.sync(1, [node('b')]);
    const probe = await connectProbe('topology', 'h1');
    wrong(probe);
    const { code: closed, reason } = await probe.closed();
    expect(closed).toBe(code);
    expect(reason).not.toBe('');
    await other.changes(2, [[ChangeKind.NODE_ADDED, node('c')]]);
    expect(await nodeIds()).toEqual(['b', 'c']);
  });

  test('a gap in the numbers closes 4002', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, []);
    probe.tell({ changes: { sequence: 3, changes: [] } });
    expect((await probe.closed()).code).toBe(4002);
  });

  test('an unknown member of a newer minor version is passed over', async () => {
    const probe = await connectProbe('topology', 'h1');
    probe.send(new Uint8Array([0xfa, 0x07, 0x01, 0x00])); // field 127, length-delimited
    await probe.sync(1, [node('a')]);
    expect((await topology().status()).counters.unknownFrames).toBe(1);
  });
});

describe('graph', () => {
  test('a sync makes the elements the host has, with our origin and host, Revision 1', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(
      1,
      [{ ...node('a'), Origin: 'agent.other', Host: 'other' }, node('b')],
      [edge('a', 'b')],
    );
    const { Nodes, Edges } = await graph();
    expect(Nodes?.[0]).toEqual({
      ID: 'a',
      Metadata: { Name: 'a', Type: 'device', TID: 'tid-a' },
      Host: 'h1',
      Origin: 'agent.h1',
      CreatedAt: 5,
      UpdatedAt: 6,
      DeletedAt: null,
      Revision: 1,
    });
    expect(Edges?.[0]).toMatchObject({ Parent: 'a', Child: 'b', Origin: 'agent.h1', Revision: 1 });
  });

  test('a second sync keeps what is unchanged, counts up what changed and deletes what is missing', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [node('a'), node('b'), node('c')], [edge('a', 'b'), edge('a', 'c')]);
    const again = await connectProbe('topology', 'h1', 'restarted');
    await again.sync(1, [node('a'), node('b', { State: 'UP' })], [edge('a', 'b')]);
    const { Nodes, Edges } = await graph();
    expect(Nodes?.map(({ ID, Revision }) => [ID, Revision])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(Edges?.map(({ ID }) => ID)).toEqual(['a-b']);
  });

  test('changes apply in order; one that says nothing new changes no Revision', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [node('a')]);
    await probe.changes(2, [
      [ChangeKind.NODE_ADDED, node('b')],
      [ChangeKind.EDGE_ADDED, edge('a', 'b')],
      [ChangeKind.NODE_UPDATED, node('a')],
      [ChangeKind.NODE_UPDATED, node('b', { MTU: 1500 })],
      [ChangeKind.NODE_ADDED, node('d')],
      [ChangeKind.NODE_DELETED, { ID: 'd' }],
    ]);
    const { Nodes, Edges } = await graph();
    expect(Nodes?.map(({ ID, Revision }) => [ID, Revision])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(Edges).toHaveLength(1);
    await probe.changes(3, [[ChangeKind.NODE_DELETED, { ID: 'a' }]]);
    expect((await graph()).Edges).toBeNull();
  });

  test('a repeated number is acknowledged and not applied again', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [node('a')]);
    await probe.changes(2, [[ChangeKind.NODE_UPDATED, node('a', { N: 1 })]]);
    await probe.changes(2, [[ChangeKind.NODE_UPDATED, node('a', { N: 2 })]]);
    expect((await graph()).Nodes?.[0]).toMatchObject({ Metadata: { N: 1 }, Revision: 2 });
  });

  test("refuses and counts another host's elements, dangling edges, and what is malformed or too large", async () => {
    const other = await connectProbe('topology', 'h2');
    await other.sync(1, [node('theirs')]);
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(
      1,
      [
        node('mine'),
        node('theirs', { Stolen: true }),
        { Metadata: {} },
        node('big', { Text: 'x'.repeat(limits.elementBytesMax) }),
      ],
      [edge('mine', 'theirs'), edge('mine', 'nowhere')],
    );
    await probe.changes(2, [[ChangeKind.NODE_DELETED, { ID: 'theirs' }]]);
    const { Nodes, Edges } = await graph();
    expect(Nodes?.map(({ ID, Host }) => [ID, Host])).toEqual([
      ['theirs', 'h2'],
      ['mine', 'h1'],
    ]);
    expect(Nodes?.[0]?.Metadata).not.toHaveProperty('Stolen');
    expect(Edges?.map(({ ID }) => ID)).toEqual(['mine-theirs']);
    expect((await topology().status()).counters).toMatchObject({
      elementsForeign: 2,
      elementsDangling: 1,
      elementsMalformed: 1,
      elementsTooLarge: 1,
    });
  });

  test('metadata that is too deep is refused', async () => {
    const probe = await connectProbe('topology', 'h1');
    let deep: unknown = 1;
    for (let level = 0; level < 100; level++) deep = { deep };
    await probe.sync(1, [node('a', { deep })]);
    expect(await nodeIds()).toEqual([]);
    expect((await topology().status()).counters.elementsMalformed).toBe(1);
  });
});

describe('a probe that goes', () => {
  test('with Goodbye takes its graph along at once', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [node('a')]);
    probe.tell({ goodbye: { reason: 'stopped' } });
    expect((await probe.closed()).code).toBe(1000);
    expect(await nodeIds()).toEqual([]);
  });

  test('without a word leaves its graph for the grace, across a restart, and then loses it', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [node('a')]);
    probe.close(1001);
    await expect.poll(async () => (await topology().status()).vanished.length).toBe(1);
    await ageVanished(timings.probeGraceMs - 5_000);
    expect(await nodeIds()).toEqual(['a']);
    await ageVanished(5_000);
    expect(await nodeIds()).toEqual([]);
    expect((await topology().status()).vanished).toEqual([]);
  });

  test('and comes back within the grace keeps everything', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [node('a')]);
    probe.close(1001);
    await expect.poll(async () => (await topology().status()).vanished.length).toBe(1);
    const back = await connectProbe('topology', 'h1');
    await back.sync(1, [node('a')]);
    await ageVanished(timings.probeGraceMs);
    expect((await graph()).Nodes?.[0]?.Revision).toBe(1);
  });

  test('because the whole process died is given up after the grace', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [node('a')]);
    await abortAllDurableObjects();
    expect(await nodeIds()).toEqual(['a']);
    expect((await topology().status()).vanished.map(({ hostId }) => hostId)).toEqual(['h1']);
    await ageVanished(timings.probeGraceMs);
    expect(await nodeIds()).toEqual([]);
  });
});

describe('after an eviction', () => {
  test('graph, captures and probes are still there, and the socket goes on where it was', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [node('a')], []);
    await topology().setResources({ capture: [capture('c1', 'G.V().Has("Name", "a")')] });
    await probe.nextOf('captures');
    await evictDurableObject(topology());
    const status = await topology().status();
    expect(status).toMatchObject({ nodes: 1, captures: 1, probes: [{ hostId: 'h1', elements: 1 }] });
    await probe.changes(2, [[ChangeKind.NODE_ADDED, node('b')]]);
    expect(await nodeIds()).toEqual(['a', 'b']);
    expect(await probe.rest(300)).toEqual([]); // The same CaptureSet is not told twice.
  });
});

describe('captures', () => {
  test('each host is told the nodes of its own that match and can be captured on', async () => {
    const one = await connectProbe('topology', 'h1');
    await one.sync(1, [node('a'), node('b', { Type: 'host' }), node('c')]);
    const two = await connectProbe('topology', 'h2');
    await two.sync(1, [node('d'), node('e', { Name: 'other' })]);
    await Promise.all([one.nextOf('captures'), two.nextOf('captures')]); // The empty sets.
    await topology().setResources({ capture: [capture('c1', "G.V().Has('Name', Without('other'))")] });
    const [first, second] = await Promise.all([one.nextOf('captures'), two.nextOf('captures')]);
    expect(first.captures.map(({ node_ids }) => node_ids)).toEqual([['a', 'c']]);
    expect(JSON.parse(first.captures[0]!.capture)).toMatchObject({ UUID: 'c1' });
    expect(second.captures.map(({ node_ids }) => node_ids)).toEqual([['d']]);
    expect(second.sequence).toBe(2);
  });

  test('a node that appears later is captured on soon; a deleted capture is taken back', async () => {
    await topology().setResources({ capture: [capture('c1', "G.V().Has('Name', 'later')")] });
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, []);
    expect((await probe.nextOf('captures')).captures).toEqual([]);
    await probe.changes(2, [[ChangeKind.NODE_ADDED, node('later')]]);
    expect((await probe.nextOf('captures')).captures.map(({ node_ids }) => node_ids)).toEqual([['later']]);
    await topology().setResources({ capture: [] });
    expect((await probe.nextOf('captures')).captures).toEqual([]);
  });

  test('a node that no longer matches keeps a capture it carries', async () => {
    await topology().setResources({ capture: [capture('c1', "G.V().HasNot('Captures')")] });
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [node('a')]);
    expect((await probe.nextOf('captures')).captures).toHaveLength(1);
    await probe.changes(2, [
      [ChangeKind.NODE_UPDATED, node('a', { Captures: [{ ID: 'c1', State: 'active' }] })],
    ]);
    expect(await probe.rest(400)).toEqual([]);
    expect(await topology().captureCounts()).toEqual({ c1: 1 });
  });

  test('every connection is told the set anew, but only after its sync', async () => {
    await topology().setResources({ capture: [capture('c1', 'G.V()')] });
    const probe = await connectProbe('topology', 'h1');
    expect(await probe.rest(300)).toEqual([]);
    await probe.sync(1, [node('a')]);
    expect((await probe.nextOf('captures')).captures).toHaveLength(1);
    const again = await connectProbe('topology', 'h1');
    await again.sync(1, [node('a')]);
    expect((await again.nextOf('captures')).captures).toHaveLength(1);
  });

  test('counts only active states, each node once', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [
      node('a', {
        Captures: [
          { ID: 'c1', State: 'active' },
          { ID: 'c2', State: 'error' },
        ],
      }),
      node('b', { Captures: [{ ID: 'c1', State: 'active' }] }),
    ]);
    expect(await topology().captureCounts()).toEqual({ c1: 2 });
  });

  test('a query that cannot run is named in the status and disturbs no other', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [node('a')]);
    await probe.nextOf('captures');
    await topology().setResources({ capture: [capture('bad', "G.V('missing')"), capture('good', 'G.V()')] });
    expect((await probe.nextOf('captures')).captures).toHaveLength(1);
    expect(Object.keys((await topology().status()).captureFaults)).toEqual(['bad']);
  });
});

describe('query', () => {
  test('answers JSON, dot and refusals', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(1, [node('a'), node('b')], [edge('a', 'b')]);
    const nodes = await topology().query("G.V().Has('Name', 'a')", 'json');
    expect(nodes).toMatchObject({ status: 200, contentType: 'application/json; charset=UTF-8' });
    if (nodes.status === 200) expect(JSON.parse(nodes.body as string)).toMatchObject([{ ID: 'a' }]);
    expect(await topology().query('G', 'dot')).toMatchObject({
      status: 200,
      body: expect.stringContaining('digraph') as string,
    });
    expect(await topology().query('G.V()', 'dot')).toMatchObject({ status: 406 });
    expect(await topology().query('foo', 'json')).toMatchObject({ status: 400 });
  });

  test('a large graph comes as a stream', async () => {
    const probe = await connectProbe('topology', 'h1');
    await probe.sync(
      1,
      Array.from({ length: 3_000 }, (_, index) => node(`n${index}`, { Text: 'x'.repeat(500) })),
    );
    const body = await topology().graphJson();
    expect(body).toBeInstanceOf(ReadableStream);
    const text = await new Response(body as ReadableStream).text();
    expect((JSON.parse(text) as { Nodes: unknown[] }).Nodes).toHaveLength(3_000);
  });
});
