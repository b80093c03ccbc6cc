/**
 * `/api/noderule` and `/api/edgerule`: cases R56 to R59 of the REST reference notes, what else was recorded, and what becomes
 * of rules as probes come, tell, go, and the object sleeps.
 */
import { abortAllDurableObjects, evictDurableObject, reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { limits } from '../../../core/limits.ts';
import type { EdgeJson, NodeJson } from '../../../core/wire/element-json.ts';
import { registryOf, topologyOf } from '../../../worker/objects/stubs.ts';
import { connectGraphProbe, edge, node } from '../graph-probe.ts';
import { call, expectRefusal, get, post, type Reply } from '../http.ts';

type Metadata = NodeJson['Metadata'];
interface Rule {
  readonly UUID: string;
  readonly [member: string]: unknown;
}

const UUID_V4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const HEAD =
  'invalid schema: (root): Must validate all the schemas (allOf)\nMetadata: Must validate all the schemas (allOf)\n';

function read(reply: Reply, status = 200): unknown {
  expect([reply.status, reply.text]).toEqual([status, expect.stringMatching(/^[[{]/) as string]);
  return JSON.parse(reply.text) as unknown;
}
const nodeRule = async (rule: object): Promise<Rule> => read(await post('/api/noderule', rule), 201) as Rule;
const edgeRule = async (rule: object): Promise<Rule> => read(await post('/api/edgerule', rule), 201) as Rule;
const update = async (Query: string, keys: Metadata): Promise<Rule> =>
  nodeRule({ Action: 'update', Query, Metadata: keys });
const drop = async (kind: string, { UUID }: Rule): Promise<void> => {
  expect((await call('DELETE', `/api/${kind}/${UUID}`)).status).toBe(200);
};
const create = async (ID: string, more: Metadata = {}): Promise<void> => {
  expect((await post('/api/node', { ID, Metadata: { Name: ID, Type: 'device', ...more } })).status).toBe(201);
};

async function shown(id: string): Promise<NodeJson> {
  return read(await get(`/api/node/${id}`)) as NodeJson;
}
async function metadataOf(id: string): Promise<Metadata> {
  return (await shown(id)).Metadata;
}
async function nodesOf(query: string): Promise<NodeJson[]> {
  return read(await post('/api/topology', { GremlinQuery: query })) as NodeJson[];
}
async function edges(): Promise<EdgeJson[]> {
  return Object.values(read(await get('/api/edge')) as Record<string, EdgeJson>);
}
const eth0 = (more: Metadata = {}): NodeJson =>
  node('h1', 'eth0', { Name: 'eth0', Type: 'device', MTU: 1500, ...more });

beforeEach(async () => {
  await reset();
});

describe('/api/noderule', () => {
  test('creates, lists, shows and deletes, duplicates welcome; answers 201 in the recorded order of members', async () => {
    const sent = {
      Name: 'nr1',
      Description: 'd',
      Metadata: { Name: 'rulenode', Type: 'device' },
      Action: 'create',
    };
    const reply = await post('/api/noderule', { ...sent, UUID: 'mine', Count: 3 });
    const rule = read(reply, 201) as Rule;
    expect(rule.UUID).toMatch(UUID_V4);
    expect(reply.text).toBe(
      `{"Name":"nr1","Description":"d","Metadata":{"Name":"rulenode","Type":"device"},"Action":"create","Query":"","UUID":"${rule.UUID}"}`,
    );
    const again = await nodeRule(sent);
    expect(read(await get('/api/noderule')) as object).toEqual({ [rule.UUID]: rule, [again.UUID]: again });
    expect((await get(`/api/noderule/${rule.UUID}`)).text).toBe(`${reply.text}\n`);
    await drop('noderule', rule);
    expectRefusal(
      await call('DELETE', `/api/noderule/${rule.UUID}`),
      404,
      `Noderule '${rule.UUID}' not found`,
    );
    expectRefusal(await get('/api/noderule/nosuch'), 404, "Noderule 'nosuch' not found");
    expectRefusal(await call('DELETE', '/api/noderule/'), 400, 'Bad Request');
  });

  test('refuses with the recorded texts, and changes nothing then (R56, R58)', async () => {
    const cases: [object, string][] = [
      [{ Metadata: { Name: 'a', Type: 'b' }, Action: 'delete' }, 'Action: regular expression mismatch'],
      [
        { Metadata: { Name: 'a' }, Action: 'create' },
        `${HEAD}Metadata: Path is required\n(root): Must validate at least one schema (anyOf)`,
      ],
      [
        { Metadata: { Name: 'zz' }, Action: 'update', Query: 'G.V()' },
        'Name and Type fields can not be changed',
      ],
      [
        { Metadata: { a: 1 }, Action: 'update', Query: 'G.V(' },
        'Query: Not a valid Gremlin expression: Expected right parenthesis',
      ],
    ];
    for (const [body, text] of cases) expectRefusal(await post('/api/noderule', body), 400, text);
    expectRefusal(await post('/api/noderule', ''), 400, 'EOF');
    expectRefusal(
      await post('/api/noderule', { Action: 'update' }, { 'X-Resource-TTL': '5' }),
      400,
      /^invalid ttl: /,
    );
    expect((await get('/api/noderule')).text).toBe('{}\n');
  });

  test('takes YAML, and ends after its time to live', async () => {
    await create('a');
    const yaml = 'Action: update\nQuery: G.V()\nMetadata:\n  Color: red\n';
    const headers = { 'Content-Type': 'application/yaml', 'X-Resource-TTL': '150ms' };
    const reply = await post('/api/noderule', yaml, headers);
    expect(reply.status).toBe(201);
    expect(await metadataOf('a')).toHaveProperty('Color', 'red');
    await vi.waitFor(async () => {
      expect((await get('/api/noderule')).text).toBe('{}\n');
      expect(await metadataOf('a')).not.toHaveProperty('Color');
    }, 3_000);
  });

  test('beyond rulesMax are refused with 507, others not', async () => {
    const rule = { Name: '', Description: '', Metadata: null, Action: 'update', Query: '' };
    await runInDurableObject(registryOf(env), (_registry, state) => {
      state.storage.transactionSync(() => {
        for (let i = 0; i < limits.rulesMax; i++)
          state.storage.sql.exec(
            "INSERT INTO resource (kind, id, body) VALUES ('noderule', ?, ?)",
            `id${i}`,
            JSON.stringify({ ...rule, UUID: `id${i}` }),
          );
      });
    });
    expectRefusal(
      await post('/api/noderule', rule),
      507,
      `there are ${limits.rulesMax} node rules already, the most that are kept`,
    );
    await edgeRule({ Src: 'G.V()', Dst: 'G.V()', Metadata: { RelationType: 'x' } });
  });

  test('cannot be changed', async () => {
    const { UUID } = await update('G.V()', { a: 1 });
    const patched = await call('PATCH', `/api/noderule/${UUID}`, { body: '[]' });
    expectRefusal(patched, 400, 'updating resource with patched version: resource not updatable');
    const wrong = '[{"op":"replace","path":"/no/such","value":"y"}]';
    expectRefusal(
      await call('PATCH', `/api/noderule/${UUID}`, { body: wrong }),
      400,
      'applying JSON patch to resource: replace operation does not apply: doc is missing path: /no/such: missing value',
    );
  });
});

describe('node rules at work', () => {
  test('a rule makes a fabric node, and deleting the rule takes it away (R57)', async () => {
    const rule = await nodeRule({ Action: 'create', Metadata: { Name: 'TOR1', Type: 'fabric' } });
    const [made] = await nodesOf("G.V().Has('Name','TOR1')");
    expect(made).toMatchObject({
      Metadata: { Name: 'TOR1', Type: 'fabric', Probe: 'fabric', TID: made!.ID },
      Host: '',
      Origin: 'analyzer.edgedive',
      Revision: 1,
      DeletedAt: null,
    });
    // UUIDv5 of "fabric/TOR1" in the OID namespace.
    expect(made!.ID).toMatch(/^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    await drop('noderule', rule);
    expect(await nodesOf("G.V().Has('Name','TOR1')")).toEqual([]);
  });

  test('a node that a rule makes comes back when it is deleted, and what people set on it stays while it lives', async () => {
    await nodeRule({ Action: 'create', Metadata: { Name: 'TOR1', Type: 'fabric' } });
    const [{ ID }] = (await nodesOf("G.V().Has('Name','TOR1')")) as [NodeJson];
    const body = '[{"op":"add","path":"/Metadata/Note","value":"x"}]';
    expect((await call('PATCH', `/api/node/${ID}`, { body })).status).toBe(200);
    await update('G.V()', { Color: 'red' });
    expect(await metadataOf(ID)).toMatchObject({ Note: 'x', Color: 'red', Probe: 'fabric' });
    await call('DELETE', `/api/node/${ID}`);
    await vi.waitFor(async () => expect(await metadataOf(ID)).toMatchObject({ Color: 'red' }), 3_000);
    expect(await metadataOf(ID)).not.toHaveProperty('Note');
  });

  test('keys are set on what matches now and later, with one revision each, and go with the rule', async () => {
    await create('a');
    const rule = await update("G.V().Has('Type','device')", { Color: 'red', 'Labels.Room': 'B12' });
    expect(await shown('a')).toMatchObject({
      Metadata: { Color: 'red', Labels: { Room: 'B12' } },
      Revision: 1,
      Origin: 'api.edgedive',
    });
    await create('b', { Labels: { Rack: 7 } });
    await vi.waitFor(
      async () =>
        expect(await metadataOf('b')).toMatchObject({ Color: 'red', Labels: { Rack: 7, Room: 'B12' } }),
      3_000,
    );
    await drop('noderule', rule);
    expect(await metadataOf('a')).toEqual({ Name: 'a', Type: 'device' });
    expect(await shown('b')).toMatchObject({
      Metadata: { Name: 'b', Type: 'device', Labels: { Rack: 7 } },
      Revision: 2,
    });
    expect((await topologyOf(env).status()).overlaidNodes).toBe(0);
  });

  test('what no longer matches loses the keys', async () => {
    const probe = await connectGraphProbe('h1');
    await probe.sync([eth0({ State: 'DOWN' })]);
    await update("G.V().Has('State','DOWN')", { Alarm: true });
    expect(await metadataOf('eth0')).toHaveProperty('Alarm', true);
    await probe.sync([eth0({ State: 'UP' })]);
    await vi.waitFor(async () => expect(await metadataOf('eth0')).not.toHaveProperty('Alarm'), 3_000);
    probe.close();
  });

  test('a probe that tells of its node again neither wipes the keys nor fights for its own value of one', async () => {
    const probe = await connectGraphProbe('h1');
    await probe.sync([eth0()]);
    const rule = await update("G.V().Has('Name','eth0')", { Color: 'red', MTU: 9000 });
    expect(await shown('eth0')).toMatchObject({ Metadata: { Color: 'red', MTU: 9000 }, Revision: 2 });
    await probe.sync([eth0({ MTU: 1400, State: 'UP' })]);
    const after = await shown('eth0');
    expect(after).toMatchObject({ Metadata: { Color: 'red', MTU: 9000, State: 'UP' }, Revision: 3 });
    // Nothing new: nothing is written.
    await probe.sync([eth0({ MTU: 1300, State: 'UP' })]);
    await scheduler.wait(250);
    expect(await shown('eth0')).toEqual(after);

    await evictDurableObject(topologyOf(env));
    probe.close();
    const restarted = await connectGraphProbe('h1');
    await restarted.sync([eth0({ MTU: 1300, State: 'UP' })]);
    expect(await shown('eth0')).toEqual(after);
    await drop('noderule', rule);
    expect(await metadataOf('eth0')).toEqual({ Name: 'eth0', Type: 'device', MTU: 1300, State: 'UP' });
    restarted.close();
  });

  test('a node that comes back is given the keys again', async () => {
    const probe = await connectGraphProbe('h1');
    await probe.sync([eth0()]);
    await update("G.V().Has('Name','eth0')", { Color: 'red' });
    await probe.sync([]);
    expect((await topologyOf(env).status()).overlaidNodes).toBe(0);
    await probe.sync([eth0()]);
    await vi.waitFor(async () => expect(await metadataOf('eth0')).toHaveProperty('Color', 'red'), 3_000);
    probe.close();
  });

  test('rules and what they did survive the end of every object; a deletion that was missed is made up for', async () => {
    await create('a');
    const rule = await update('G.V()', { Color: 'red' });
    await abortAllDurableObjects();
    expect(await shown('a')).toMatchObject({ Metadata: { Color: 'red' }, Revision: 1 });
    await create('b');
    await vi.waitFor(async () => expect(await metadataOf('b')).toHaveProperty('Color', 'red'), 3_000);
    await drop('noderule', rule);
    await abortAllDurableObjects();
    expect(await metadataOf('a')).toEqual({ Name: 'a', Type: 'device' });
  });

  test('a rule that ends its own condition, and two that end each other’s, settle and stay quiet', async () => {
    await create('a');
    await update("G.V().HasNot('A')", { A: 1 });
    await update("G.V().HasNot('C')", { B: 1 });
    await update("G.V().HasNot('B')", { C: 1 });
    expect(await metadataOf('a')).toMatchObject({ A: 1, B: 1, C: 1 });
    const before = await topologyOf(env).status();
    const { Revision } = await shown('a');
    await scheduler.wait(400);
    const after = await topologyOf(env).status();
    expect(after.counters.ruleEvaluations).toBe(before.counters.ruleEvaluations);
    expect(after.counters.ruleRoundsCut).toBe(0);
    expect((await shown('a')).Revision).toBe(Revision);
  });

  test('statistics of a probe do not cost an evaluation; a key that a query names does', async () => {
    const probe = await connectGraphProbe('h1');
    await probe.sync([eth0()]);
    await update("G.V().Has('Name','eth0')", { Color: 'red' });
    const before = (await topologyOf(env).status()).counters.ruleEvaluations;
    await probe.sync([eth0({ Metric: { RxBytes: 5 } })]);
    await scheduler.wait(300);
    expect((await topologyOf(env).status()).counters.ruleEvaluations).toBe(before);
    await update("G.V().Has('Metric.RxBytes', GT(6))", { Busy: true });
    await probe.sync([eth0({ Metric: { RxBytes: 7 } })]);
    await vi.waitFor(async () => expect(await metadataOf('eth0')).toHaveProperty('Busy', true), 3_000);
    probe.close();
  });

  test('a patch of a key that a rule set changes nothing, of others it does', async () => {
    await create('a');
    await update('G.V()', { Color: 'red' });
    const send = async (path: string) =>
      call('PATCH', '/api/node/a', { body: JSON.stringify([{ op: 'add', path, value: 'blue' }]) });
    expect((await send('/Metadata/Color')).status).toBe(304);
    expect((await send('/Metadata/Note')).status).toBe(200);
    expect(await metadataOf('a')).toEqual({ Name: 'a', Type: 'device', Color: 'red', Note: 'blue' });
  });

  test('faults of rules and what lies over nodes are in the status', async () => {
    const rule = await update("G.V('nosuch')", { K: 1 });
    const status = await topologyOf(env).status();
    expect(status.rules).toBe(1);
    expect(status.ruleFaults[rule.UUID]).toMatch(/^Query: Node 'nosuch' does not exist/);
    const told = read(await get('/api/status')) as { Edgedive: { Topology: { ruleFaults: object } } };
    expect(told.Edgedive.Topology.ruleFaults).toEqual(status.ruleFaults);
  });
});

describe('/api/edgerule', () => {
  test('joins two nodes, and deleting the rule parts them (R59)', async () => {
    await create('a');
    await create('b');
    const sent = {
      Src: "G.V().Has('Name','a')",
      Dst: "G.V().Has('Name','b')",
      Metadata: { RelationType: 'layer2' },
    };
    const reply = await post('/api/edgerule', sent);
    const rule = read(reply, 201) as Rule;
    expect(reply.text).toBe(
      `{"Name":"","Description":"","Src":"G.V().Has('Name','a')","Dst":"G.V().Has('Name','b')","Metadata":{"RelationType":"layer2"},"UUID":"${rule.UUID}"}`,
    );
    expect(await edges()).toEqual([
      expect.objectContaining({
        Parent: 'a',
        Child: 'b',
        Metadata: { RelationType: 'layer2' },
        Host: '',
        Origin: 'analyzer.edgedive',
        Revision: 1,
      }),
    ]);
    expect(await nodesOf("G.V().Has('Name','a').Out('Name','b').Values('Name')")).toEqual(['b']);
    await drop('edgerule', rule);
    expect(await edges()).toEqual([]);
  });

  test('refuses what has no relation or no queries', async () => {
    const Src = 'G.V()';
    expectRefusal(
      await post('/api/edgerule', { Src, Dst: Src, Metadata: {} }),
      400,
      `${HEAD}Metadata: RelationType is required`,
    );
    expectRefusal(
      await post('/api/edgerule', { Src, Metadata: { RelationType: 'x' } }),
      400,
      'Dst: Not a valid Gremlin expression: found "", expected `G`',
    );
  });

  test('edges follow the nodes as they come and go', async () => {
    const probe = await connectGraphProbe('h1');
    await edgeRule({
      Src: "G.V().Has('Name','TOR1')",
      Dst: "G.V().Has('Name','eth0')",
      Metadata: { RelationType: 'layer2', Type: 'fabric' },
    });
    await nodeRule({ Action: 'create', Metadata: { Name: 'TOR1', Type: 'fabric' } });
    await probe.sync([eth0()]);
    const joined = "G.V().Has('Name','TOR1').Out('Name','eth0').Values('Name')";
    await vi.waitFor(async () => expect(await nodesOf(joined)).toEqual(['eth0']), 3_000);
    await probe.sync([]);
    expect(await edges()).toEqual([]);
    await probe.sync([eth0()]);
    await vi.waitFor(async () => expect(await nodesOf(joined)).toEqual(['eth0']), 3_000);
    await evictDurableObject(topologyOf(env));
    expect(await nodesOf(joined)).toEqual(['eth0']);
    probe.close();
  });

  test('what has no room in the graph is left out and counted, and made when there is room', async () => {
    const bounds: { elementsMax: number } = limits;
    const { elementsMax } = bounds;
    try {
      await create('a');
      await create('b');
      bounds.elementsMax = 2;
      await edgeRule({ Src: "G.V('a')", Dst: "G.V('b')", Metadata: { RelationType: 'layer2' } });
      expect(await edges()).toEqual([]);
      expect((await topologyOf(env).status()).counters.ruleElementsRefused).toBeGreaterThan(0);
      bounds.elementsMax = elementsMax;
      await create('c');
      await vi.waitFor(async () => expect(await edges()).toHaveLength(1), 3_000);
    } finally {
      bounds.elementsMax = elementsMax;
    }
  });

  test('makes room for the same edge of a probe, and takes its place when the probe takes it back', async () => {
    const probe = await connectGraphProbe('h1');
    const nodes = [eth0(), node('h1', 'eth1', { Name: 'eth1', Type: 'device' })];
    await probe.sync(nodes);
    await edgeRule({ Src: "G.V('eth0')", Dst: "G.V('eth1')", Metadata: { RelationType: 'layer2' } });
    const [made] = await edges();
    const own = { ...edge('h1', 'eth0', 'eth1', 'layer2'), ID: made!.ID };
    await probe.sync(nodes, [own]);
    expect((await edges()).map(({ Origin }) => Origin)).toEqual(['agent.h1']);
    await probe.sync(nodes);
    await vi.waitFor(
      async () => expect((await edges()).map(({ Origin }) => Origin)).toEqual(['analyzer.edgedive']),
      3_000,
    );
    probe.close();
  });
});
