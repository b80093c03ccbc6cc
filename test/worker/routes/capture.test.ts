/**
 * `/api/capture`: cases R19 to R39 of the REST reference notes, amended by their section 16; bodies recorded from
 * release 0.28.0 where they are compared as a whole.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { reset } from 'cloudflare:test';
import { limits } from '../../../core/limits.ts';
import { call, expectRefusal, get, post, type Reply } from '../http.ts';

const UUID_V4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const QUERY = "G.V().Has('Name','eth0')";
const create = async (
  members: Readonly<Record<string, unknown>>,
  headers?: Readonly<Record<string, string>>,
) => post('/api/capture', { GremlinQuery: QUERY, ...members }, headers);

interface CaptureAnswer {
  readonly UUID: string;
  readonly [member: string]: unknown;
}
function captureIn(reply: Reply): CaptureAnswer {
  expect(reply.status).toBe(201);
  return JSON.parse(reply.text) as CaptureAnswer;
}
async function listed(): Promise<Record<string, CaptureAnswer>> {
  return JSON.parse((await get('/api/capture')).text) as Record<string, CaptureAnswer>;
}

beforeEach(async () => {
  await reset();
});

describe('POST /api/capture', () => {
  test('answers 201 with the defaults, in the recorded order of members and without line feed (R19)', async () => {
    const reply = await create({});
    const { UUID } = captureIn(reply);
    expect(UUID).toMatch(UUID_V4);
    expect(reply.headers.get('Content-Type')).toBe('application/json; charset=UTF-8');
    expect(reply.text).toBe(
      `{"GremlinQuery":"G.V().Has('Name','eth0')","Count":0,"SamplingRate":0,"PollingInterval":0,` +
        `"ExtraTCPMetric":false,"IPDefrag":false,"ReassembleTCP":false,"LayerKeyMode":"L2","UUID":"${UUID}"}`,
    );
  });

  test('keeps every member, and escapes as the reference does', async () => {
    const members = {
      GremlinQuery: QUERY,
      BPFFilter: 'icmp or port 53',
      Name: 'my capture',
      Description: 'some text <b>&amp;',
      Type: 'pcap',
      Port: 6343,
      SamplingRate: 1,
      PollingInterval: 10,
      RawPacketLimit: 5,
      HeaderSize: 128,
      ExtraTCPMetric: true,
      IPDefrag: true,
      ReassembleTCP: true,
      LayerKeyMode: 'L3',
      ExtraLayers: 7,
      Target: '127.0.0.1:9999',
      TargetType: 'netflowv5',
    };
    const reply = await create(members);
    const { UUID, ...rest } = captureIn(reply);
    expect(rest).toEqual({ ...members, Count: 0 });
    expect(reply.text).toContain('"Description":"some text \\u003cb\\u003e\\u0026amp;"');
    expect((await listed())[UUID]).toEqual({ ...members, Count: 0, UUID });
  });

  test('refuses the same again with 409 (R20), but not with another filter (R21)', async () => {
    captureIn(await create({}));
    expectRefusal(await create({}), 409, 'duplicated resource');
    expectRefusal(await create({ RawPacketLimit: 3, Name: 'other' }), 409, 'duplicated resource');
    captureIn(await create({ BPFFilter: 'port 80' }));
    captureIn(await create({ Type: 'pcap' }));
  });

  test('lets a type that captures a node once differ in nothing but the query (R22, R23)', async () => {
    captureIn(await create({ Type: 'pcapsocket' }));
    expectRefusal(await create({ Type: 'pcapsocket', BPFFilter: 'port 80' }), 409, 'duplicated resource');
    captureIn(await create({ Type: 'afpacket' }));
    captureIn(await create({ Type: 'afpacket', BPFFilter: 'port 80' }));
  });

  test('takes the same again once the first is deleted', async () => {
    const { UUID } = captureIn(await create({}));
    await call('DELETE', `/api/capture/${UUID}`);
    captureIn(await create({}));
  });

  const GREMLIN = 'GremlinQuery: Not a valid Gremlin expression: ';
  test.each([
    [{}, `${GREMLIN}found "", expected \`G\``],
    [{ GremlinQuery: '' }, `${GREMLIN}found "", expected \`G\``],
    [{ gremlinquery: 'G.V()' }, `${GREMLIN}found "", expected \`G\``],
    [{ GremlinQuery: 'foo' }, `${GREMLIN}found "foo", expected \`G\``],
    [{ GremlinQuery: 'G.V(' }, `${GREMLIN}Expected right parenthesis`],
  ])('refuses %j (R24)', async (body, text) => {
    expectRefusal(await post('/api/capture', body), 400, text);
  });

  test.each(['G.V().Count()', 'G.Flows()', 'G.E()', 'G', "G.V().Values('Name')"])(
    'refuses %s, which yields no nodes',
    async (GremlinQuery) => {
      expectRefusal(await create({ GremlinQuery }), 400, /^GremlinQuery: Not a valid Gremlin expression: /);
    },
  );

  test('takes a path query', async () => {
    captureIn(await create({ GremlinQuery: "G.V().Has('Name','a').ShortestPathTo(Metadata('Name','b'))" }));
  });

  test('refuses a bad filter (R25)', async () => {
    expectRefusal(
      await create({ BPFFilter: 'err_port 80' }),
      400,
      "BPFFilter: Not a valid BPF expression: can't parse filter expression: syntax error",
    );
  });

  test('refuses an unknown type, and names the known ones (R26)', async () => {
    expectRefusal(
      await create({ Type: 'bogus' }),
      400,
      'Type: Not a valid capture type: bogus, available types: [ovssflow pcapsocket ovsmirror dpdk afpacket pcap ebpf sflow ovsnetflow]',
    );
  });

  test('refuses what ebpf cannot do (R27)', async () => {
    expectRefusal(
      await create({ Type: 'ebpf', BPFFilter: 'icmp' }),
      400,
      "ebpf capture doesn't support BPF filtering",
    );
    expectRefusal(
      await create({ Type: 'ebpf', RawPacketLimit: 3 }),
      400,
      "ebpf capture doesn't support raw packet capture",
    );
    captureIn(await create({ Type: 'ebpf', ExtraTCPMetric: true }));
  });

  const RAW = 'RawPacketLimit: A valid raw packet limit size is > 0 && <= 10';
  const HEADER = 'HeaderSize: A valid header size is >= 14 && <= 4096';
  const LAYER = 'LayerKeyMode: Not a valid layer key mode';
  test.each([
    [{ RawPacketLimit: 11 }, RAW],
    [{ RawPacketLimit: -1 }, RAW],
    [{ HeaderSize: 13 }, HEADER],
    [{ HeaderSize: 4097 }, HEADER],
    [{ HeaderSize: -1 }, HEADER],
    [{ LayerKeyMode: 'L4' }, LAYER],
    [{ LayerKeyMode: 'l2' }, LAYER],
    [{ Target: '1.2.3.4' }, 'Target: Not a valid address'],
    [{ Port: 99_999 }, 'Port: A valid port is >= 0 && <= 65535'],
    [{ Port: -5 }, 'Port: A valid port is >= 0 && <= 65535'],
    [
      { ExtraLayers: 999 },
      'ExtraLayers: A valid extra layers mask is a sum of 1 (VRRP), 2 (DNS) and 4 (DHCPv4), or 255 (all)',
    ],
    [
      { TargetType: 'nosuch' },
      'TargetType: Not a valid target type: nosuch, available types: [netflowv5 erspanv1]',
    ],
  ])('refuses %j (R28 to R31)', async (members, text) => {
    expectRefusal(await create(members), 400, text);
  });

  test.each([
    { RawPacketLimit: 10 },
    { RawPacketLimit: 0 },
    { HeaderSize: 0 },
    { HeaderSize: 14 },
    { HeaderSize: 4096 },
    { LayerKeyMode: 'L3' },
    { ExtraLayers: 255 },
    { Target: '1.2.3.4:99' },
    { Port: 65_535 },
    { Type: '' },
    { BPFFilter: null, Type: null, LayerKeyMode: null },
  ])('takes %j (R28 to R31)', async (members) => {
    captureIn(await create(members));
  });

  test('keeps an explicitly empty LayerKeyMode empty, and so leaves it out', async () => {
    expect(captureIn(await create({ LayerKeyMode: '' }))).not.toHaveProperty('LayerKeyMode');
  });

  test('tells all broken rules at once, in a stable order', async () => {
    const reply = await create({
      GremlinQuery: 'x',
      Target: 'x',
      HeaderSize: 1,
      Type: 'nosuch',
      BPFFilter: 'foo bar',
    });
    expect(reply.status).toBe(400);
    expect(
      reply.text
        .trimEnd()
        .split('\n')
        .map((line) => line.split(':')[0]),
    ).toEqual(['GremlinQuery', 'BPFFilter', 'Type', 'HeaderSize', 'Target']);
  });

  test('makes its own UUID and Count, and drops members it does not know (R32)', async () => {
    const capture = captureIn(await create({ UUID: 'mine', Count: 42, Foo: 1 }));
    expect(capture.UUID).toMatch(UUID_V4);
    expect(capture['Count']).toBe(0);
    expect(capture).not.toHaveProperty('Foo');
  });

  test.each([
    ['{', /^unexpected EOF\n$/],
    ['', /^EOF\n$/],
    ['null', /^unsupported type\n$/],
    ['[]', /^parse error: expected \{/],
    ['"x"', /^parse error: expected \{/],
    ['{"GremlinQuery": 5}', /^parse error: expected string/],
    ['{"GremlinQuery": "G.V()", "ExtraLayers": "DNS"}', /^parse error: expected number/],
    ['{"GremlinQuery": "G.V()", "SamplingRate": -1}', /^parse error: strconv.ParseUint/],
    ['{"GremlinQuery": "G.V()", "SamplingRate": 4294967296}', /value out of range/],
    ['{"GremlinQuery": "G.V()", "Port": 1.5}', /^parse error: strconv.ParseInt/],
    ['{"GremlinQuery": "G.V()", "IPDefrag": 1}', /^parse error: expected bool/],
  ])('refuses the body %s', async (body, text) => {
    expectRefusal(await post('/api/capture', body), 400, text);
  });

  test('reads the first JSON value whatever follows it and whatever Content-Type says', async () => {
    captureIn(await post('/api/capture', `{"GremlinQuery": "G.V()"} xx`));
    captureIn(
      await post('/api/capture', `{"GremlinQuery": "G.V().Has('a','b')"}`, {
        'Content-Type': 'application/x-www-form-urlencoded',
      }),
    );
  });

  test('lets the last of a repeated member win', async () => {
    const body = '{"GremlinQuery": "x", "GremlinQuery": "G.V()"}';
    expect(captureIn(await post('/api/capture', body))['GremlinQuery']).toBe('G.V()');
  });

  test('reads YAML, and answers JSON (R35)', async () => {
    const yaml = { 'Content-Type': 'application/yaml' };
    const text = "GremlinQuery: G.V().Has('Name','br1')\nName: from yaml\nIPDefrag: true\n";
    const capture = captureIn(await post('/api/capture', text, yaml));
    expect(capture).toMatchObject({ Name: 'from yaml', IPDefrag: true });
    expectRefusal(await post('/api/capture', 'a: [', yaml), 400, /^yaml: line 1: /);
    expectRefusal(await post('/api/capture', '', yaml), 400, 'unsupported type');
    expectRefusal(
      await post('/api/capture', '['.repeat(100_000), yaml),
      400,
      'yaml: line 1: nested too deep',
    );
  });

  test('reads less YAML than JSON, which is read faster', async () => {
    const body = `${' '.repeat(limits.yamlBytesMax)}{"GremlinQuery": "G.V()"}`;
    expectRefusal(
      await post('/api/capture', body, { 'Content-Type': 'application/yaml' }),
      413,
      `request body is larger than ${limits.yamlBytesMax} bytes`,
    );
    captureIn(await post('/api/capture', body));
  });

  test('refuses a body that breaks off with 400: it is the client that failed', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"GremlinQuery":')),
      pull: (controller) => controller.error(new Error('Network connection lost.')),
    });
    expectRefusal(await call('POST', '/api/capture', { body }), 400, /^(unexpected )?EOF\n?$/);
  });

  test('is JSON again when the YAML type has parameters', async () => {
    const typed = { 'Content-Type': 'application/yaml; charset=utf-8' };
    expect((await post('/api/capture', 'GremlinQuery: G.V()', typed)).status).toBe(400);
  });

  test('refuses a body above the limit with 413, announced or not', async () => {
    const large = 'x'.repeat(limits.bodyBytesMax + 1);
    expectRefusal(await post('/api/capture', large), 413, /^request body is larger than \d+ bytes\n$/);
    const stream = new Response(large).body!;
    expect((await call('POST', '/api/capture', { body: stream })).status).toBe(413);
  });
});

describe('X-Resource-TTL', () => {
  test('deletes the capture after that time (R33)', async () => {
    captureIn(await create({}, { 'X-Resource-TTL': '300ms' }));
    expect(Object.keys(await listed())).toHaveLength(1);
    await scheduler.wait(600);
    expect(await listed()).toEqual({});
  });

  test.each([
    ['5', 'invalid ttl: time: missing unit in duration "5"'],
    ['soon', 'invalid ttl: time: invalid duration "soon"'],
    ['-1s', 'invalid ttl: negative duration "-1s"'],
  ])('refuses %s (R34)', async (ttl, text) => {
    expectRefusal(await create({}, { 'X-Resource-TTL': ttl }), 400, text);
    expect(await listed()).toEqual({});
  });

  test('0s means for ever', async () => {
    const { UUID } = captureIn(await create({}, { 'X-Resource-TTL': '0s' }));
    await scheduler.wait(50);
    expect(Object.keys(await listed())).toEqual([UUID]);
  });

  test('comes after the field rules', async () => {
    expectRefusal(await create({ Type: 'bogus' }, { 'X-Resource-TTL': '5' }), 400, /^Type: /);
  });
});

describe('GET /api/capture', () => {
  test('lists by id, and an empty list is an empty object', async () => {
    const empty = await get('/api/capture');
    expect([empty.status, empty.text]).toEqual([200, '{}\n']);
    const { UUID } = captureIn(await create({}));
    const list = await listed();
    expect(Object.keys(list)).toEqual([UUID]);
    expect(list[UUID]).toMatchObject({ UUID, GremlinQuery: QUERY, Count: 0 });
  });

  test('shows one, also with a slash behind its id', async () => {
    const { UUID } = captureIn(await create({}));
    const one = await get(`/api/capture/${UUID}`);
    expect(one.status).toBe(200);
    expect(one.text).toMatch(/^\{"GremlinQuery":.*\}\n$/);
    expect((await get(`/api/capture/${UUID}/`)).text).toBe(one.text);
  });

  test.each(['nope', 'a%20b', 'a/b', "x'y"])('answers 404 for %s (R36)', async (id) => {
    expectRefusal(await get(`/api/capture/${id}`), 404, `Capture '${decodeURIComponent(id)}' not found`);
    expectRefusal(
      await call('DELETE', `/api/capture/${id}`),
      404,
      `Capture '${decodeURIComponent(id)}' not found`,
    );
  });
});

describe('DELETE /api/capture', () => {
  test('answers 200 with an empty text, and then 404 (R37)', async () => {
    const { UUID } = captureIn(await create({}));
    const reply = await call('DELETE', `/api/capture/${UUID}`);
    expect([reply.status, reply.text]).toEqual([200, '']);
    expect(reply.headers.get('Content-Type')).toBe('text/plain');
    expectRefusal(await call('DELETE', `/api/capture/${UUID}`), 404, `Capture '${UUID}' not found`);
    expectRefusal(await get(`/api/capture/${UUID}`), 404, `Capture '${UUID}' not found`);
  });

  test('wants an id (R38)', async () => {
    expectRefusal(await call('DELETE', '/api/capture/'), 400, 'Bad Request');
  });
});

describe('PATCH /api/capture', () => {
  const patch = '[{"op":"replace","path":"/Name","value":"x"}]';

  test('is refused for captures (R39)', async () => {
    const { UUID } = captureIn(await create({}));
    expectRefusal(
      await call('PATCH', `/api/capture/${UUID}`, { body: patch }),
      400,
      'updating resource with patched version: resource not updatable',
    );
    expectRefusal(
      await call('PATCH', `/api/capture/${UUID}`, { body: '{}' }),
      400,
      /^incorrect JSON patch: .*\. Patch: \{\}\n$/,
    );
  });

  test('of an unknown id is 404 and empty (R40), of none 400 and empty', async () => {
    for (const [path, status] of [
      ['/api/capture/nope', 404],
      ['/api/capture/', 400],
    ] as const) {
      const reply = await call('PATCH', path, { body: patch });
      expect([reply.status, reply.text]).toEqual([status, '']);
      expect(reply.headers.get('Content-Type')).toBeNull();
    }
  });
});
