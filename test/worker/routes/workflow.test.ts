/** `/api/workflow`: cases R63 to R66 of the REST reference notes, section 12 and 16; and whose rights a script has. */
import { reset } from 'cloudflare:test';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Principal } from '../../../core/auth/principal.ts';
import { bundledWorkflows } from '../../../core/workflow/bundled.ts';
import type { Workflow } from '../../../core/workflow/workflow.ts';
import { innerPrincipal, innerRequest } from '../../../worker/middleware/inner-request.ts';
import { ADMIN, ask, basic, bearer, makeToken } from '../auth/locked.ts';
import { call, expectRefusal, get, post, type Reply } from '../http.ts';
import { requestWith } from './with-env.ts';

const UUID_V4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const [connectivity, mtu, matrix] = bundledWorkflows as readonly [Workflow, Workflow, Workflow];

const guest: Principal = { name: 'gus', kind: 'user', roles: ['guest'] };

beforeEach(async () => {
  await reset();
});

let made = 0;
async function workflow(Source: string, more: object = {}): Promise<Workflow> {
  const reply = await post('/api/workflow', { Name: `w${++made}`, Source, ...more });
  expect(reply).toMatchObject({ status: 201 });
  return JSON.parse(reply.text) as Workflow;
}
const callOf = async ({ UUID }: Pick<Workflow, 'UUID'>, ...Params: unknown[]): Promise<Reply> =>
  post(`/api/workflow/${UUID}/call`, { Params });
async function resultOf(source: string, ...params: unknown[]): Promise<unknown> {
  const reply = await callOf(await workflow(source), ...params);
  expect(reply).toMatchObject({ status: 200 });
  return JSON.parse(reply.text) as unknown;
}
const patch = async (id: string, operations: unknown): Promise<Reply> =>
  call('PATCH', `/api/workflow/${id}`, { body: JSON.stringify(operations) });
const node = async (ID: string, Metadata: object): Promise<void> => {
  expect(
    await post('/api/node', { ID, Metadata: { Name: ID, Type: 'device', TID: ID, ...Metadata } }),
  ).toMatchObject({
    status: 201,
  });
};
const link = async (Parent: string, Child: string): Promise<void> => {
  const edge = { ID: `${Parent}-${Child}`, Parent, Child, Metadata: { RelationType: 'layer2' } };
  expect(await post('/api/edge', edge)).toMatchObject({ status: 201 });
};

describe('the resource', () => {
  test('R63: a name is given once', async () => {
    const first = await post('/api/workflow', { Name: 'n', UUID: 'mine', Strange: 1 });
    expect(first.status).toBe(201);
    expect(JSON.parse(first.text)).toEqual({
      Name: 'n',
      Title: '',
      Abstract: '',
      Description: '',
      Parameters: null,
      Source: '',
      UUID: expect.stringMatching(UUID_V4) as string,
    });
    const again = await post('/api/workflow', { Name: 'n' });
    expectRefusal(again, 400, 'Duplicate workflow, name=n');
    expect(again.headers.get('X-Edgedive-Error')).toBe('duplicateWorkflow');
    expectRefusal(await post('/api/workflow', { Name: mtu.Name }), 400, 'Duplicate workflow, name=CheckMTU');
  });

  test('is listed, shown and deleted', async () => {
    const one = await workflow('() => 1', {
      Parameters: [{ Name: 'a', Type: 'choice', Values: [{ Value: 'x', Description: 'X' }] }],
    });
    expect(one.Parameters).toEqual([
      {
        Name: 'a',
        Description: '',
        Type: 'choice',
        Default: null,
        Values: [{ Value: 'x', Description: 'X' }],
      },
    ]);
    const list = JSON.parse((await get('/api/workflow')).text) as Record<string, Workflow>;
    expect(Object.keys(list)).toEqual([...bundledWorkflows.map(({ UUID }) => UUID), one.UUID]);
    expect(list[one.UUID]).toEqual(one);
    expect(JSON.parse((await get(`/api/workflow/${one.UUID}`)).text)).toEqual(one);
    expect(await call('DELETE', `/api/workflow/${one.UUID}`)).toMatchObject({ status: 200, text: '' });
    expectRefusal(await get(`/api/workflow/${one.UUID}`), 404, `Workflow '${one.UUID}' not found`);
    expectRefusal(await call('DELETE', '/api/workflow/nope'), 404, "Workflow 'nope' not found");
  });

  test('comes as YAML', async () => {
    const body =
      'Name: y\nParameters:\n  - Name: p\n    Default: 5\nSource: |\n  function (p) {\n    return p * 2\n  }\n';
    const reply = await post('/api/workflow', body, { 'Content-Type': 'application/yaml' });
    expect(reply.status).toBe(201);
    expect((await callOf(JSON.parse(reply.text) as Workflow, 4)).text).toBe('8');
  });

  test.each([
    [{}, 'Name: zero value'],
    [{ Name: 1 }, 'parse error: expected string for member Name'],
    [{ Name: 'n', Parameters: 1 }, 'parse error: expected [ for member Parameters'],
  ])('%j is refused', async (body, text) => {
    expectRefusal(await post('/api/workflow', body), 400, text);
  });

  test('ends after its time to live', async () => {
    const reply = await post('/api/workflow', { Name: 'short' }, { 'X-Resource-TTL': '50ms' });
    const { UUID } = JSON.parse(reply.text) as Workflow;
    await vi.waitFor(async () => expect((await get(`/api/workflow/${UUID}`)).status).toBe(404));
    expect((await post('/api/workflow', { Name: 'short' })).status).toBe(201);
  });

  test('is patched as a whole, but for its id', async () => {
    const one = await workflow('() => 1');
    const reply = await patch(one.UUID, [
      { op: 'replace', path: '/Source', value: '() => 2' },
      { op: 'replace', path: '/Name', value: 'renamed' },
      { op: 'replace', path: '/UUID', value: 'mine' },
    ]);
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toEqual({ ...one, Source: '() => 2', Name: 'renamed' });
    expect((await callOf(one)).text).toBe('2');
    expect(await patch(one.UUID, [])).toMatchObject({ status: 200, text: reply.text });
    expectRefusal(await post('/api/workflow', { Name: 'renamed' }), 400, 'Duplicate workflow, name=renamed');
    expect((await post('/api/workflow', { Name: one.Name })).status).toBe(201);
  });

  test.each([
    [{ op: 'add' }, /^incorrect JSON patch: /],
    [[{ op: 'bogus', path: '/Name' }], /^applying JSON patch to resource: /],
    [[{ op: 'replace', path: '/Name', value: '' }], /^validating patched resource: Name: zero value\n$/],
    [[{ op: 'replace', path: '/Name', value: 1 }], /^creating a new resource from the patched JSON body: /],
    [[{ op: 'replace', path: '/Name', value: 'CheckMTU' }], /^Duplicate workflow, name=CheckMTU\n$/],
    [[{ op: 'replace', path: '/Name', value: 'taken' }], /^Duplicate workflow, name=taken\n$/],
  ])('patch %j is refused', async (operations, text) => {
    const one = await workflow('() => 1');
    await workflow('', { Name: 'taken' });
    expectRefusal(await patch(one.UUID, operations), 400, text);
    expect(JSON.parse((await get(`/api/workflow/${one.UUID}`)).text)).toEqual(one);
  });

  test('the bundled ones stay', async () => {
    for (const reply of [
      await call('DELETE', `/api/workflow/${mtu.UUID}`),
      await patch(mtu.UUID, [{ op: 'replace', path: '/Source', value: '' }]),
    ]) {
      expectRefusal(reply, 400, 'CheckMTU is part of the analyzer and stays as it is');
      expect(reply.headers.get('X-Edgedive-Error')).toBe('bundledWorkflow');
    }
    expect(JSON.parse((await get(`/api/workflow/${mtu.UUID}`)).text)).toEqual(mtu);
  });
});

describe('a call', () => {
  test('R64: gives the result', async () => {
    const reply = await callOf(await workflow('function (a, b) { return a + b }'), 1, 2);
    expect(reply).toMatchObject({ status: 200, text: '3' });
    expect(reply.headers.get('Content-Type')).toBe('application/json; charset=UTF-8');
    expect((await callOf(await workflow('() => "<&>"'))).text).toBe(String.raw`"\u003c\u0026\u003e"`);
  });

  test('R65: tells what was thrown', async () => {
    const reply = await callOf(await workflow('function () { throw new Error("boom") }'));
    expectRefusal(reply, 400, 'Error: boom');
    expect(reply.headers.get('X-Edgedive-Error')).toBe('scriptFailed');
  });

  test('R66: needs a workflow', async () => {
    const reply = await callOf({ UUID: 'nope' });
    expectRefusal(reply, 400, 'No workflow found with ID: nope');
    expect(reply.headers.get('X-Edgedive-Error')).toBe('unknownWorkflow');
  });

  test('says what does not compile, or is no function', async () => {
    expectRefusal(
      await callOf(await workflow('function (')),
      400,
      /^Error while compile source function \(: SyntaxError: /,
    );
    expectRefusal(await callOf(await workflow('7')), 400, 'TypeError: 7 is not a function');
  });

  test.each([
    ['', 'EOF'],
    ['{', 'unexpected EOF'],
    ['[]', 'parse error: expected {'],
    ['{"Params":{}}', 'parse error: expected [ for member Params'],
  ])('of the body %j is refused', async (body, text) => {
    const { UUID } = await workflow('() => 1');
    expectRefusal(await post(`/api/workflow/${UUID}/call`, body), 400, text);
  });

  test('with arguments of any depth and size is answered', async () => {
    const { UUID } = await workflow('(a) => Array.isArray(a)');
    const depth = 200_000;
    const body = `{"Params":[${'['.repeat(depth)}${']'.repeat(depth)}]}`;
    const reply = await post(`/api/workflow/${UUID}/call`, body);
    expect([reply.status, reply.headers.get('X-Edgedive-Error')]).toEqual([400, expect.any(String)]);
    expect((await post(`/api/workflow/${UUID}/call`, 'x'.repeat(2e6))).status).toBe(413);
    const long = await callOf(await workflow('(a) => a.length'), 'x'.repeat(1e6));
    expect([long.status, long.text]).toEqual([200, '1000000']);
  });

  test('may leave out what the function takes', async () => {
    const { UUID } = await workflow('function (a) { return [a, arguments.length] }');
    expect((await post(`/api/workflow/${UUID}/call`, '{"params":null}')).text).toBe('[null,0]');
  });

  test('shows what the script said', async () => {
    const reply = await callOf(await workflow('() => { console.log("ö", [1]) }'));
    expect(decodeURIComponent(reply.headers.get('X-Edgedive-Console')!)).toBe('ö [1]\n');
    const failed = await callOf(await workflow('() => { console.log("before"); throw 1 }'));
    expect(failed.headers.get('X-Edgedive-Console')).toBe('before%0A');
  });

  test.each(['x', 'é', '€', '😀'])('cuts what was said between characters: %s', async (character) => {
    const reply = await callOf(
      await workflow(`() => { console.log('a' + ${JSON.stringify(character)}.repeat(5000)) }`),
    );
    const header = reply.headers.get('X-Edgedive-Console')!;
    expect(header.length).toBeLessThanOrEqual(4_096);
    expect(header.length).toBeGreaterThan(4_060);
    expect(decodeURIComponent(header)).toMatch(new RegExp(`^a(?:${character})+$`, 'u'));
  });

  test('is ended by the analyzer’s settings, which is counted', async () => {
    const counted = async (): Promise<number> => {
      const status = JSON.parse((await get('/api/status')).text) as {
        readonly Edgedive: { readonly Registry: { readonly counters: Record<string, number> } };
      };
      return status.Edgedive.Registry.counters['scriptLimit']!;
    };
    const before = await counted();
    const { UUID } = await workflow('() => { for (;;); }');
    const settings = { EDGEDIVE_WORKFLOW_TIME: '100ms' };
    const answer = await requestWith(settings, `/api/workflow/${UUID}/call`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe('the script ran longer than 100 ms (setting workflow.time)\n');
    expect(await counted()).toBe(before + 1);
  });

  test('50 at once', async () => {
    const one = await workflow('async (i) => { sleep(5); return [i, await G.V().Count()] }');
    const replies = await Promise.all(Array.from({ length: 50 }, (_, i) => callOf(one, i)));
    expect(replies.map(({ text }) => text)).toEqual(replies.map((_, i) => `[${i},0]`));
  });
});

describe('what a script may', () => {
  test('ask all that the API has, in any way', async () => {
    await node('a', {});
    const source = `async () => {
      const made = await client.captures.create(new Capture({ GremlinQuery: "G.V().Has('Name', 'a')" }));
      const listed = Object.keys(await captures.list());
      const shown = await client.captures.get(made.UUID);
      await client.captures.delete(made);
      const rule = await client.nodeRules.create({ Action: 'update', Query: "G.V().Has('Name', 'a')", Metadata: { Mark: 1 } });
      return {
        same: listed[0] === made.UUID && shown.LayerKeyMode,
        left: JSON.parse(request('/api/capture', 'GET')),
        marked: (await G.V().HasKey('Mark'))[0].ID,
        text: Gremlin('G.V().Count()'),
        service: JSON.parse(request('/api')).Service,
        rule: rule.UUID.length,
        node: (await nodes.get('a')).ID,
        refusal: await client.captures.get('nope').catch(String),
      };
    }`;
    expect(await resultOf(source)).toMatchObject({
      same: 'L2',
      left: {},
      marked: 'a',
      text: '1\n',
      service: 'analyzer',
      rule: 36,
      node: 'a',
      refusal: "Error: Capture 'nope' not found",
    });
  });

  test.each([
    ['http://example.com/api/capture', 'GET', 'its own analyzer'],
    ['//example.com/api/capture', 'GET', 'its own analyzer'],
    ['/\\\\example.com/api/capture', 'GET', 'its own analyzer'],
    ['api/capture', 'GET', 'its own analyzer'],
    ['/api/token', 'POST', 'not open to scripts'],
    ['/api/%74oken', 'POST', 'not open to scripts'],
    ['/api/capture/../token', 'GET', 'not open to scripts'],
    ['/api/audit', 'GET', 'not open to scripts'],
    ['/login', 'POST', 'not open to scripts'],
    ['/ws/subscriber', 'GET', 'not open to scripts'],
    ['/api/workflow', 'POST', 'not open to scripts'],
    ['/api/workflow/x/call', 'POST', 'not open to scripts'],
    ['/api/workflow/x%2Fcall', 'POST', 'not open to scripts'],
    ['/api/capture', 'CONNECT', 'cannot ask with'],
    ['/api/capture', 'GET /x HTTP/1.1', 'cannot ask with'],
  ])('not: %s %s', async (url, method, text) => {
    const reply = await callOf(await workflow('(url, method) => request(url, method, "{}")'), url, method);
    expect([reply.status, reply.text]).toEqual([400, expect.stringContaining(text)]);
  });

  test('read workflows', async () => {
    expect(await resultOf('async () => Object.keys(await client.workflows.list()).length')).toBe(5);
  });
});

describe('whose rights', () => {
  const runs = async (
    { UUID }: Workflow,
    headers: Readonly<Record<string, string>>,
  ): Promise<[number, string]> => {
    const answer = await ask(`/api/workflow/${UUID}/call`, { method: 'POST', headers, body: '{}' });
    return [answer.status, await answer.text()];
  };
  const CAPTURES = "() => request('/api/capture', 'POST', { GremlinQuery: 'G.V()' }).length > 0";

  test('who may call: users and administrators, not guests and strangers', async () => {
    const one = await workflow('() => 1');
    expect(await runs(one, basic('alice', 'wonderland'))).toEqual([200, '1']);
    expect(await runs(one, bearer(ADMIN))).toEqual([200, '1']);
    expect(await runs(one, basic('gus', 'guest'))).toEqual([
      403,
      "'gus' has no 'write' permission on 'workflow.call'\n",
    ]);
    expect(await runs(one, {})).toEqual([401, expect.stringContaining('Wrong credentials')]);
    expect(await runs(mtu, basic('gus', 'guest'))).toEqual([403, expect.any(String)]);
  });

  test('a script may what its caller may: the same one creates a capture for one and none for another', async () => {
    const capture = await workflow(CAPTURES);
    const count = await workflow("() => Number(Gremlin('G.V().Count()'))");
    const narrow = await makeToken({
      Name: 'narrow',
      Roles: ['user'],
      Scopes: ['workflow.call:write', 'topology:read'],
    });
    expect(await runs(count, bearer(narrow.Token))).toEqual([200, '0']);
    expect(await runs(capture, bearer(narrow.Token))).toEqual([
      400,
      expect.stringMatching(/^Error: 'token:\S+' has no 'write' permission on 'capture'\n$/),
    ]);
    expect((await get('/api/capture')).text).toBe('{}\n');
    expect(await runs(capture, basic('alice', 'wonderland'))).toEqual([200, 'true']);
    expect((await get('/api/capture')).text).toContain('G.V()');
  });

  test('a script sees no credential and can show none', async () => {
    const look = await workflow(`() => {
      const who = JSON.parse(request('/api/whoami?x-auth-token=${ADMIN}')).Name;
      return [who, JSON.stringify(Object.getOwnPropertyNames(globalThis)).includes('edg_')];
    }`);
    expect(await runs(look, basic('alice', 'wonderland'))).toEqual([200, '["alice",false]']);
  });

  test('who an inner request is of stands in no header', () => {
    const outer = new Request('http://localhost/', {
      headers: { Authorization: 'secret', Cookie: 'secret' },
    });
    const url = new URL('http://localhost/api');
    const request = innerRequest(guest, outer, { method: 'GET', url, body: '' });
    expect(innerPrincipal(request)).toBe(guest);
    expect(innerPrincipal(request.clone())).toBeUndefined();
    expect(JSON.stringify([...request.headers])).not.toMatch(/secret|gus/);
  });
});

describe('the Gremlin step', () => {
  const query = async (GremlinQuery: string): Promise<Reply> => post('/api/topology', { GremlinQuery });
  const PAIR = `(a, b) => ({
    nodes: [{ ID: a, Metadata: { Name: a } }, { ID: b, Metadata: { Name: b } }],
    edges: [{ ID: 'e', Parent: a, Child: b, Metadata: { RelationType: 'layer2' } }],
  })`;

  test('makes a graph of a result, by id and by name', async () => {
    const { UUID, Name } = await workflow(PAIR);
    for (const key of [UUID, Name]) {
      const reply = await query(`G.Workflow('${key}', 'x', 'y').V().Has('Name', 'x').Out()`);
      expect(JSON.parse(reply.text)).toMatchObject([{ ID: 'y', Metadata: { Name: 'y' } }]);
    }
    expect((await query("G.Workflow('FlowMatrix').V()")).text.trim()).toBe('[]');
  });

  test('tells what is wrong', async () => {
    const failing = await workflow('() => { throw new Error("boom") }');
    const shapeless = await workflow('() => ({ nodes: [1] })');
    expectRefusal(await query("G.Workflow('nope')"), 400, "Unknown workflow 'nope");
    expectRefusal(
      await query(`G.Workflow('${failing.Name}')`),
      400,
      'error while executing workflow: Error: boom',
    );
    expectRefusal(
      await query(`G.Workflow('${shapeless.Name}')`),
      400,
      /^error while executing workflow: parse error/,
    );
  });

  test('needs the right to call, and scripts have it not', async () => {
    const { Name } = await workflow(PAIR);
    const body = JSON.stringify({ GremlinQuery: `G.Workflow('${Name}', 'x', 'y')` });
    const answer = await ask('/api/topology', { method: 'POST', headers: basic('gus', 'guest'), body });
    expect([answer.status, await answer.text()]).toEqual([
      400,
      "error while executing workflow: 'gus' has no 'write' permission on 'workflow.call'\n",
    ]);
    const calling = await workflow(`() => Gremlin("G.Workflow('${Name}', 'x', 'y')")`);
    expectRefusal(
      await callOf(calling),
      400,
      'Error: error while executing workflow: a script cannot call a workflow',
    );
  });
});

describe('bundled workflows', () => {
  test('CheckMTU looks along the path', async () => {
    for (const [id, MTU] of [
      ['a', 1500],
      ['b', 1400],
      ['c', 1500],
      ['d', 9000],
    ] as const)
      await node(id, { MTU });
    await link('a', 'b');
    await link('b', 'c');
    await link('c', 'd');
    expect(JSON.parse((await callOf(mtu, 'a', 'c')).text)).toEqual({
      MTU: false,
      Path: [
        { ID: 'a', Name: 'a', MTU: 1500 },
        { ID: 'b', Name: 'b', MTU: 1400 },
        { ID: 'c', Name: 'c', MTU: 1500 },
      ],
    });
    expect(JSON.parse((await callOf(mtu, 'c', 'd')).text)).toMatchObject({ MTU: true });
    expectRefusal(await callOf(mtu, 'a', 'nowhere'), 400, 'Error: no path from a to nowhere');
  });

  const socket = (Process: string, Local: string, Remote: string, State: string): object => {
    const [LocalAddress, LocalPort] = Local.split(' ');
    const [RemoteAddress, RemotePort] = Remote.split(' ');
    return {
      Process,
      Name: Process.split('/').pop(),
      LocalAddress,
      LocalPort: Number(LocalPort),
      RemoteAddress,
      RemotePort: Number(RemotePort),
      Protocol: 'TCP',
      State,
    };
  };

  test('FlowMatrix joins clients with servers', async () => {
    await node('server', {
      Sockets: [
        socket('/bin/web', '0.0.0.0 80', '0.0.0.0 0', 'LISTEN'),
        socket('/bin/web', '10.0.0.1 80', '10.0.0.2 5000', 'ESTABLISHED'),
      ],
    });
    await node('client', { Sockets: [socket('/bin/curl', '10.0.0.2 5000', '10.0.0.1 80', 'ESTABLISHED')] });
    const graph = JSON.parse((await callOf(matrix, false, 'graph', true)).text) as {
      readonly nodes: readonly { readonly ID: string; readonly Metadata: object }[];
      readonly edges: readonly {
        readonly Parent: string;
        readonly Child: string;
        readonly Metadata: object;
      }[];
    };
    expect(graph.nodes.map(({ Metadata }) => Metadata)).toEqual([
      expect.objectContaining({ Name: 'curl', Type: 'process', Process: '/bin/curl' }),
      expect.objectContaining({ Name: 'web', Type: 'process', Process: '/bin/web' }),
    ]);
    expect(graph.edges).toEqual([
      expect.objectContaining({
        Parent: graph.nodes[0]!.ID,
        Child: graph.nodes[1]!.ID,
        Metadata: { RelationType: 'connection', Protocol: 'TCP', Port: 80 },
      }),
    ]);
    const { dot } = JSON.parse((await callOf(matrix, 'true', 'dot')).text) as { readonly dot: string };
    expect(dot).toMatch(/^digraph g \{\n(?: {2}"[^\n]+";?\];\n|[^\n]*;\n)+\}\n$/);
    expect(dot).toContain('[label="TCP/80"]');
  });

  test('CheckConnectivity leaves nothing behind when there is nobody to send', async () => {
    await node('a', {});
    const reply = await callOf(connectivity, 'a', 'b');
    expect(reply.status).toBe(400);
    expect((await get('/api/capture')).text).toBe('{}\n');
    expect((await get('/api/injectpacket')).text).toBe('{}\n');
  });
});
