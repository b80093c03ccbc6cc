/**
 * `/api/node` and `/api/edge`: cases R40 and R46 to R55 of the REST reference notes, and what else was recorded.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { env } from 'cloudflare:workers';
import { evictDurableObject, reset } from 'cloudflare:test';
import { limits } from '../../../core/limits.ts';
import type { EdgeJson, NodeJson } from '../../../core/wire/element-json.ts';
import { topologyOf } from '../../../worker/objects/stubs.ts';
import { connectGraphProbe, node } from '../graph-probe.ts';
import { call, expectRefusal, get, post, type Reply } from '../http.ts';

type Metadata = NodeJson['Metadata'];
type Operation = Readonly<Record<string, unknown>>;

const DEVICE = { Name: 'n1', Type: 'device' };
const createNode = async (ID: string, more: object = {}) =>
  post('/api/node', { ID, Metadata: DEVICE, ...more });
const createEdge = async (ID: string, Parent: string, Child: string, more: object = {}) =>
  post('/api/edge', { ID, Parent, Child, Metadata: { RelationType: 'layer2' }, ...more });
const patch = async (path: string, ...operations: readonly Operation[]) =>
  call('PATCH', path, { body: JSON.stringify(operations) });

function read(reply: Reply, status = 200): unknown {
  expect([reply.status, reply.text]).toEqual([status, expect.stringContaining('{') as string]);
  return JSON.parse(reply.text) as unknown;
}
async function metadataOf(id: string): Promise<Metadata> {
  return (read(await get(`/api/node/${id}`)) as NodeJson).Metadata;
}
async function query<T>(text: string): Promise<T> {
  return JSON.parse((await post('/api/topology', { GremlinQuery: text })).text) as T;
}

const HEAD =
  'invalid schema: (root): Must validate all the schemas (allOf)\nMetadata: Must validate all the schemas (allOf)\n';
const ANY = '\n(root): Must validate at least one schema (anyOf)';

beforeEach(async () => {
  await reset();
});

describe('POST /api/node', () => {
  test('answers 201 with all members, our origin and now (R48)', async () => {
    const before = Date.now();
    const reply = await createNode('my-node-0', {
      Metadata: { ...DEVICE, Num: 5, F: 1.5, B: true, L: ['a', '<b>'], O: { x: 1 }, 'a.b': 1 },
    });
    const created = read(reply, 201) as NodeJson;
    expect(Object.keys(created)).toEqual([
      'ID',
      'Metadata',
      'Host',
      'Origin',
      'CreatedAt',
      'UpdatedAt',
      'DeletedAt',
      'Revision',
    ]);
    expect(created).toMatchObject({
      ID: 'my-node-0',
      Metadata: { L: ['a', '<b>'], 'a.b': 1 },
      Host: '',
      Origin: 'api.edgedive',
      DeletedAt: null,
      Revision: 0,
    });
    expect(created.CreatedAt).toBeGreaterThanOrEqual(before);
    expect(created.UpdatedAt).toBe(created.CreatedAt);
    expect(reply.headers.get('Content-Type')).toBe('application/json; charset=UTF-8');
    expect(reply.headers.get('Location')).toBeNull();
    expect(reply.text).toContain('\\u003cb\\u003e');
    expect(reply.text.endsWith('}')).toBe(true);
    const shown = await get('/api/node/my-node-0');
    expect(shown.text).toBe(`${reply.text}\n`);
    expect(read(await get('/api/node')) as NodeJson).toEqual({ 'my-node-0': created });
    expect(await query("G.V().Has('Name','n1').Values('Num')")).toEqual([5]);
  });

  test('keeps what is given, and reads names of members without case', async () => {
    const given = {
      ID: 'my-node-1',
      Metadata: DEVICE,
      Host: 'h1',
      Origin: 'o1',
      CreatedAt: 1_500_000_000_000,
      UpdatedAt: 1_500_000_000_001,
      DeletedAt: null,
      Revision: 7,
    };
    expect(read(await post('/api/node', given), 201) as NodeJson).toEqual(given);
    const lower = { id: 'my-node-2', metadata: DEVICE, HOST: 'h2', unknown: 1 };
    expect(read(await post('/api/node', lower), 201) as NodeJson).toMatchObject({
      ID: 'my-node-2',
      Host: 'h2',
    });
  });

  test('takes YAML too', async () => {
    const yaml = 'ID: from-yaml\nMetadata:\n  Name: y\n  Type: device\n  List: [1, two]\n';
    const reply = await post('/api/node', yaml, { 'Content-Type': 'application/yaml' });
    expect((read(reply, 201) as NodeJson).Metadata).toEqual({ Name: 'y', Type: 'device', List: [1, 'two'] });
  });

  test.each<[string, unknown, string]>([
    ['no id (R46)', { Metadata: DEVICE }, 'No ID found for graph element'],
    ['an empty id', { ID: '', Metadata: DEVICE }, 'No ID found for graph element'],
    ['no name (R47)', { ID: 'q', Metadata: { Type: 'x' } }, `${HEAD}Metadata: Name is required${ANY}`],
    ['no type', { ID: 'q', Metadata: { Name: 'x' } }, `${HEAD}Metadata: Path is required${ANY}`],
    ['no metadata', { ID: 'q' }, `${HEAD}(root): Metadata is required${ANY}`],
    [
      'a namespace without path',
      { ID: 'q', Metadata: { Name: 'x', Type: 'netns' } },
      `${HEAD}Metadata: Path is required${ANY}`,
    ],
    [
      'an ovsport without UUID',
      { ID: 'q', Metadata: { Name: 'x', Type: 'ovsport' } },
      `${HEAD}Metadata: UUID is required${ANY}`,
    ],
    [
      'an empty name',
      { ID: 'q', Metadata: { Name: '', Type: 'x' } },
      `${HEAD}Metadata.Name: String length must be greater than or equal to 1${ANY}`,
    ],
    [
      'a number as name',
      { ID: 'q', Metadata: { Name: 5, Type: 'x' } },
      `${HEAD}Metadata.Name: Invalid type. Expected: string, given: integer${ANY}`,
    ],
    ['a text as metadata', { ID: 'q', Metadata: 'x' }, 'parse error: expected { for member Metadata'],
    ['a number as id', { ID: 5, Metadata: DEVICE }, 'parse error: expected string for member ID'],
    [
      'a text as time',
      { ID: 'z', CreatedAt: 'now', Metadata: DEVICE },
      'strconv.ParseInt: parsing "\\"now\\"": invalid syntax',
    ],
    [
      'a fraction as time',
      { ID: 'z', UpdatedAt: 1.5, Metadata: DEVICE },
      'strconv.ParseInt: parsing "1.5": invalid syntax',
    ],
    ['null', 'null', 'unsupported type'],
    ['nothing', '', 'EOF'],
    ['half a body', '{', 'unexpected EOF'],
    ['a list', '[]', 'parse error: expected {'],
  ])('refuses %s', async (_what, body, text) => {
    expectRefusal(await post('/api/node', body), 400, text);
    expect((await get('/api/node')).text).toBe('{}\n');
  });

  test('refuses what the graph cannot hold: long ids, deep and large metadata, numbers that are none', async () => {
    const long = 'x'.repeat(limits.elementIdCharsMax + 1);
    expectRefusal(await createNode(long), 400, /^ID: longer than/);
    expectRefusal(await createNode('a', { Host: long }), 400, /^Host: longer than/);
    let deep: unknown = 1;
    for (let at = 0; at <= limits.metadataDepthMax; at++) deep = [deep];
    expectRefusal(await createNode('a', { Metadata: { ...DEVICE, deep } }), 400, /^Metadata: nested deeper/);
    const large = { ...DEVICE, text: 'ü'.repeat(limits.elementBytesMax / 2) };
    expectRefusal(await createNode('a', { Metadata: large }), 400, /^Metadata: larger than/);
    const yaml = 'ID: a\nMetadata: {Name: a, Type: b, N: .inf}\n';
    expectRefusal(
      await post('/api/node', yaml, { 'Content-Type': 'application/yaml' }),
      400,
      'Metadata: a number must be finite',
    );
    expect((await get('/api/node')).text).toBe('{}\n');
  });

  test('names of the prototype are data like any other', async () => {
    const body =
      '{"ID":"__proto__","Metadata":{"Name":"p","Type":"t","__proto__":{"polluted":1},"constructor":2}}';
    expect((await post('/api/node', body)).status).toBe(201);
    const text = (await get('/api/node/__proto__')).text;
    expect(text).toContain('"__proto__":{"polluted":1}');
    expect(text).toContain('"constructor":2');
    expect(
      (await patch('/api/node/__proto__', { op: 'add', path: '/Metadata/__proto__/more', value: 2 })).status,
    ).toBe(200);
    await evictDurableObject(topologyOf(env));
    expect((await get('/api/node/__proto__')).text).toContain('"__proto__":{"polluted":1,"more":2}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('refuses an id that is taken with 400 and a code for programs (R48)', async () => {
    expect((await createNode('my-node-1')).status).toBe(201);
    const reply = await createNode('my-node-1', { Metadata: { Name: 'other', Type: 'device' } });
    expectRefusal(reply, 400, 'Node ID conflict');
    expect(reply.headers.get('X-Edgedive-Error')).toBe('elementConflict');
    expect((await metadataOf('my-node-1'))['Name']).toBe('n1');
  });

  test('the time to live of resources does not concern elements', async () => {
    const reply = await post('/api/node', { ID: 'a', Metadata: DEVICE }, { 'X-Resource-TTL': '1ms' });
    expect(reply.status).toBe(201);
    await scheduler.wait(20);
    expect((await get('/api/node/a')).status).toBe(200);
  });

  test('ids may hold slashes and blanks, in paths too', async () => {
    expect((await createNode('rack 7/unit 3')).status).toBe(201);
    expect((read(await get('/api/node/rack%207/unit%203')) as NodeJson).ID).toBe('rack 7/unit 3');
    expect((await call('DELETE', '/api/node/rack%207%2Funit%203')).status).toBe(200);
    expect((await createNode('rack/')).status).toBe(201);
    expect((await get('/api/node/rack')).status).toBe(404);
    expect((await get('/api/node/rack%2F')).status).toBe(200);
  });
});

describe('a full graph', () => {
  const bounds: { elementsMax: number; elementsPerHostMax: number } = limits;
  const { elementsMax, elementsPerHostMax } = bounds;
  afterEach(() => {
    Object.assign(bounds, { elementsMax, elementsPerHostMax });
  });

  test('takes no more nodes and edges, says so with 507, and counts it; a taken id is still a conflict', async () => {
    bounds.elementsMax = 2;
    await createNode('a');
    await createNode('b');
    expectRefusal(await createNode('c'), 507, /^the graph has its 2 elements/);
    expectRefusal(await createEdge('ab', 'a', 'b'), 507, /^the graph has its 2 elements/);
    expectRefusal(await createNode('a'), 400, 'Node ID conflict');
    expect((await topologyOf(env).status()).counters.elementsRefused).toBe(3);
    await call('DELETE', '/api/node/b');
    expect((await createNode('c')).status).toBe(201);
  });

  test('one origin may be full and others not', async () => {
    bounds.elementsPerHostMax = 1;
    await createNode('a');
    expect((await createNode('b')).status).toBe(507);
    expect((await createNode('b', { Origin: 'other.one' })).status).toBe(201);
  });
});

describe('GET and DELETE /api/node', () => {
  test('unknown ids', async () => {
    expectRefusal(await get('/api/node/nosuch'), 404, "Node 'nosuch' not found");
    expectRefusal(await call('DELETE', '/api/node/nosuch'), 404, "Node 'nosuch' not found");
    expectRefusal(await call('DELETE', '/api/node/'), 400, 'Bad Request');
    expectRefusal(await get('/api/edge/nosuch'), 404, "Edge 'nosuch' not found");
  });

  test('a node goes with its edges (R55)', async () => {
    await createNode('a');
    await createNode('b');
    await createEdge('ab', 'a', 'b');
    const reply = await call('DELETE', '/api/node/a');
    expect([reply.status, reply.headers.get('Content-Type'), reply.text]).toEqual([200, 'text/plain', '']);
    expect((await get('/api/edge')).text).toBe('{}\n');
    expect(Object.keys(read(await get('/api/node')) as NodeJson)).toEqual(['b']);
    expectRefusal(await call('DELETE', '/api/node/a'), 404, "Node 'a' not found");
  });

  test('lists of any length are answered, elements of probes among them, and survive an eviction', async () => {
    const probe = await connectGraphProbe('h1');
    const many = Array.from({ length: 3_000 }, (_, at) =>
      node('h1', `n${at}`, { Name: `n${at}`, Type: 'device', Text: 'x'.repeat(500) }),
    );
    await probe.sync(many);
    await createNode('mine');
    await evictDurableObject(topologyOf(env));
    const listed = read(await get('/api/node')) as Record<string, NodeJson>;
    expect(Object.keys(listed)).toHaveLength(3_001);
    expect(listed['n7']).toMatchObject({ Origin: 'agent.h1', Host: 'h1' });
    probe.close();
  });
});

describe('POST /api/edge', () => {
  beforeEach(async () => {
    await createNode('a');
    await createNode('b');
  });

  test('answers 201 and is found by queries', async () => {
    const created = read(
      await createEdge('ab', 'a', 'b', { Metadata: { RelationType: 'layer2', K: 1 } }),
      201,
    ) as EdgeJson;
    expect(created).toMatchObject({
      ID: 'ab',
      Parent: 'a',
      Child: 'b',
      Metadata: { RelationType: 'layer2', K: 1 },
      Host: '',
      Origin: 'api.edgedive',
      DeletedAt: null,
      Revision: 0,
    });
    expect(read(await get('/api/edge')) as NodeJson).toEqual({ ab: created });
    expect(await query("G.V('a').Out().Values('@ID')")).toEqual(['b']);
    expect((await call('DELETE', '/api/edge/ab')).status).toBe(200);
    expect(await query("G.V('a').Out()")).toEqual([]);
  });

  const Metadata = { RelationType: 'layer2' };
  test.each<[string, unknown, string]>([
    ['no id', { Parent: 'a', Child: 'b', Metadata }, 'No ID found for graph element'],
    ['no parent', { ID: 'e', Child: 'b', Metadata }, 'parent ID wrong format'],
    ['no child', { ID: 'e', Parent: 'a', Metadata }, 'child ID wrong format'],
    ['an unknown parent (R53)', { ID: 'e', Parent: 'x', Child: 'b', Metadata }, 'Parent node not found'],
    ['an unknown child (R53)', { ID: 'e', Parent: 'a', Child: 'x', Metadata }, 'Child node not found'],
    [
      'no relation (R54)',
      { ID: 'e', Parent: 'a', Child: 'b', Metadata: {} },
      `${HEAD}Metadata: RelationType is required`,
    ],
    [
      'an empty relation',
      { ID: 'e', Parent: 'a', Child: 'b', Metadata: { RelationType: '' } },
      `${HEAD}Metadata.RelationType: String length must be greater than or equal to 1`,
    ],
  ])('refuses %s', async (_what, body, text) => {
    expectRefusal(await post('/api/edge', body), 400, text);
  });

  test('refuses an id that is taken', async () => {
    await createEdge('ab', 'a', 'b');
    expectRefusal(await createEdge('ab', 'b', 'a'), 400, 'Edge ID conflict');
  });

  test('PATCH changes metadata only, and answers 304 when nothing changes', async () => {
    await createEdge('ab', 'a', 'b');
    const reply = await patch(
      '/api/edge/ab',
      { op: 'add', path: '/Metadata/New', value: 'v' },
      { op: 'replace', path: '/Parent', value: 'b' },
    );
    expect(read(reply) as EdgeJson).toMatchObject({
      Parent: 'a',
      Metadata: { RelationType: 'layer2', New: 'v' },
      Revision: 1,
    });
    expect((await patch('/api/edge/ab', { op: 'add', path: '/Metadata/New', value: 'v' })).status).toBe(304);
    expect(
      (
        read(
          await patch('/api/edge/ab', { op: 'replace', path: '/Metadata/RelationType', value: 'l3' }),
        ) as NodeJson
      ).Metadata,
    ).toEqual({ RelationType: 'l3', New: 'v' });
    expectRefusal(
      await patch('/api/edge/ab', { op: 'remove', path: '/Metadata/RelationType' }),
      400,
      `validating patched resource: ${HEAD}Metadata: RelationType is required`,
    );
  });
});

describe('PATCH /api/node', () => {
  beforeEach(async () => {
    await createNode('n', { Metadata: { ...DEVICE, TID: 'tid' } });
  });

  test('changes metadata, counts the revision, and keeps Name, Type and TID (R49, R50)', async () => {
    const operations = [
      { op: 'add', path: '/Metadata/New', value: { a: [1, 2] } },
      { op: 'replace', path: '/Metadata/Name', value: 'renamed' },
      { op: 'replace', path: '/Metadata/Type', value: 'other' },
      { op: 'replace', path: '/Metadata/TID', value: 'other' },
      { op: 'replace', path: '/Host', value: 'other' },
      { op: 'replace', path: '/ID', value: 'other' },
    ];
    const before = read(await get('/api/node/n')) as NodeJson;
    const reply = await patch('/api/node/n', ...operations);
    const after = read(reply) as NodeJson;
    expect(after).toEqual({
      ...before,
      Metadata: { ...DEVICE, TID: 'tid', New: { a: [1, 2] } },
      UpdatedAt: after.UpdatedAt,
      Revision: 1,
    });
    expect(after.UpdatedAt).toBeGreaterThanOrEqual(before.UpdatedAt);
    expect(reply.text.endsWith('}')).toBe(true);
    const again = await patch('/api/node/n', ...operations);
    expect([again.status, again.text, again.headers.get('Content-Type')]).toEqual([304, '', null]);
    expect(read(await get('/api/node/n')) as NodeJson).toEqual(after);
    expect((await patch('/api/node/n')).status).toBe(304);
  });

  test('refuses to take the name away, with the four lines that a test of the reference reads (R51)', async () => {
    expectRefusal(
      await patch('/api/node/n', { op: 'remove', path: '/Metadata/Name' }),
      400,
      `validating patched resource: ${HEAD}Metadata: Name is required${ANY}`,
    );
  });

  test.each<[string, Operation, string]>([
    [
      'an absent key (R52)',
      { op: 'remove', path: '/Metadata/x' },
      "applying JSON patch to resource: error in remove for path: '/Metadata/x': Unable to remove nonexistent key: x: missing value",
    ],
    [
      'a path that is not there',
      { op: 'replace', path: '/no/such', value: 'y' },
      'applying JSON patch to resource: replace operation does not apply: doc is missing path: /no/such: missing value',
    ],
    [
      'an unknown operation',
      { op: 'bogus', path: '/a' },
      'applying JSON patch to resource: Unexpected kind: bogus',
    ],
    [
      'a failed test',
      { op: 'test', path: '/Metadata/Name', value: 'x' },
      'applying JSON patch to resource: testing value /Metadata/Name failed: test failed',
    ],
    [
      'a removed id',
      { op: 'remove', path: '/ID' },
      'creating a new resource from the patched JSON body: No ID found for graph element',
    ],
    [
      'a text as metadata',
      { op: 'replace', path: '/Metadata', value: 'x' },
      'creating a new resource from the patched JSON body: parse error: expected { for member Metadata',
    ],
    [
      'a document that is none',
      { op: 'replace', path: '', value: 5 },
      'creating a new resource from the patched JSON body: parse error: expected {',
    ],
  ])('refuses %s', async (_what, operation, text) => {
    expectRefusal(await patch('/api/node/n', operation), 400, text);
    expect((read(await get('/api/node/n')) as NodeJson).Revision).toBe(0);
  });

  test('refuses what is no patch, also for ids that are not there (R40, R45)', async () => {
    expectRefusal(
      await call('PATCH', '/api/node/n', { body: '{}' }),
      400,
      /^incorrect JSON patch: .*Patch: \{\}\n$/,
    );
    expectRefusal(
      await call('PATCH', '/api/node/n', { body: '[' }),
      400,
      /^incorrect JSON patch: unexpected EOF/,
    );
    const unknown = await patch('/api/node/nosuch', { op: 'replace', path: '/Name', value: 'y' });
    expect([unknown.status, unknown.text]).toEqual([404, '']);
    const noId = await call('PATCH', '/api/node/', { body: '[]' });
    expect([noId.status, noId.text]).toEqual([400, '']);
  });

  test('a patch that grows without end is refused', async () => {
    const doubling = Array.from({ length: 80 }, () => ({
      op: 'copy',
      from: '/Metadata',
      path: '/Metadata/m',
    }));
    expectRefusal(await patch('/api/node/n', ...doubling), 400, /^validating patched resource: Metadata: /);
    const wide = Array.from({ length: 30 }, (_, at) => ({
      op: 'copy',
      from: '/Metadata',
      path: `/Metadata/m${at}`,
    }));
    expectRefusal(await patch('/api/node/n', ...wide), 400, /Metadata: larger than/);
  });
});

describe('resources that cannot be changed', () => {
  test('say what is wrong with the patch before they refuse it', async () => {
    const { UUID } = read(await post('/api/capture', { GremlinQuery: 'G.V()' }), 201) as { UUID: string };
    expectRefusal(
      await patch(`/api/capture/${UUID}`, { op: 'replace', path: '/no/such', value: 'y' }),
      400,
      'applying JSON patch to resource: replace operation does not apply: doc is missing path: /no/such: missing value',
    );
    expectRefusal(
      await patch(`/api/capture/${UUID}`),
      400,
      'updating resource with patched version: resource not updatable',
    );
  });
});
