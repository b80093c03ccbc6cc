/**
 * `/api/topology` over HTTP: cases R5 to R18 of the REST reference notes, Accept negotiation of section 16. What the
 * queries yield is the matter of test/core/gremlin.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../../core/limits.ts';
import { negotiate } from '../../../core/wire/accept.ts';
import { connectGraphProbe, edge, node, type GraphProbe } from '../graph-probe.ts';
import { call, expectRefusal, get, post, type Reply } from '../http.ts';

const query = async (text: string, headers?: Readonly<Record<string, string>>): Promise<Reply> =>
  post('/api/topology', { GremlinQuery: text }, headers);

const NOT_DOT = 'Error while encoding response: Only graph can be outputted as dot';
const NOT_PCAP = 'Error while encoding response: Only RawPackets step result can be outputted as pcap';

describe('on an empty graph', () => {
  test('a query answers an empty list as JSON (R5, R7)', async () => {
    for (const headers of [{}, { Accept: 'application/json' }, { Accept: '*/*' }, { Accept: 'text/html' }]) {
      const reply = await query('G.V()', headers);
      expect([reply.status, reply.text]).toEqual([200, '[]\n']);
      expect(reply.headers.get('Content-Type')).toBe('application/json; charset=UTF-8');
    }
  });

  test('G answers one graph without nodes and edges (R6)', async () => {
    expect((await query('G')).text).toBe('[{"Nodes":null,"Edges":null}]\n');
  });

  test.each([
    '',
    ' \n',
    '{}',
    'null',
    '{"GremlinQuery":""}',
    '{"GremlinQuery":null}',
    '{"gremlinquery":"G.V()"}',
  ])('the body %j holds no query: 204 (R8)', async (body) => {
    const reply = await post('/api/topology', body);
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect(reply.headers.get('Content-Type')).toBe('application/json');
  });

  test('POST without any body is 204', async () => {
    expect((await call('POST', '/api/topology')).status).toBe(204);
  });

  test.each([
    ['{', 'unexpected EOF'],
    ['[]', 'parse error: expected {'],
    ['{"GremlinQuery":1}', 'parse error: expected string for member GremlinQuery'],
    ['{"GremlinQuery":"G.V()"} x', 'invalid character after top-level value'],
    ['G.V()', /^invalid JSON: /],
  ])('refuses the body %s (R9)', async (body, text) => {
    expectRefusal(await post('/api/topology', body), 400, text);
  });

  test.each([
    ['G.V(', 'Expected right parenthesis'],
    ['foo', 'found "foo", expected `G`'],
    ['G.V().Bogus()', 'Expected step function, got: Bogus'],
  ])('refuses the query %s with the reference’s text (R10, R11)', async (text, refusal) => {
    const reply = await query(text);
    expectRefusal(reply, 400, refusal);
    expect(reply.headers.get('X-Edgedive-Error')).toBe('invalidQuery');
  });

  test.each([
    ['G.V(', 'at 4: expected ) for the parenthesis opened at 3'],
    ['G.V().HasKye(1)', 'at 6: expected the name of a step; did you mean HasKey?'],
    [
      "G.V().Has('é', é)",
      'at 15: expected a text in quotes, a number, TRUE, FALSE, or a predicate such as Regex(%E2%80%A6)',
    ],
    ['G.Flows().Group().Count()', /^at 18: Count needs a key to group by/],
  ])(
    'tells in a header where %s is wrong and what was expected; the body stays the reference’s',
    async (text, hint) => {
      const reply = await query(text);
      expect(reply.status).toBe(400);
      expect(reply.text.split('\n')).toHaveLength(2);
      expect(reply.headers.get('X-Edgedive-Hint')).toEqual(
        typeof hint === 'string' ? hint : (expect.stringMatching(hint) as string),
      );
    },
  );

  test('explains a refused query as JSON when the plan is asked for', async () => {
    const reply = await post('/api/topology?explain=1', { GremlinQuery: "G.V().Has('a', Betwen(1,2))" });
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.text)).toEqual({
      Error: 'Unexpected token while parsing parameters, got: Betwen',
      Stage: 'parse',
      Code: 'syntax',
      Offset: 15,
      At: "G.V().Has('a', »Betwen(1,2))",
      Hint: expect.stringContaining('did you mean Between?') as string,
    });
  });

  test('refuses a query above the limit, and a body above its own', async () => {
    const long = `G.V('${'x'.repeat(limits.queryCharsMax)}')`;
    expectRefusal(await query(long), 400, `query is longer than ${limits.queryCharsMax} characters`);
    expect((await query('x'.repeat(limits.bodyBytesMax))).status).toBe(413);
  });

  test('does not read YAML', async () => {
    const reply = await post('/api/topology', 'GremlinQuery: G.V()', { 'Content-Type': 'application/yaml' });
    expect(reply.status).toBe(400);
  });

  test('packets as pcap: none is an empty file (R17)', async () => {
    const reply = await query('G.Flows().RawPackets()', { Accept: 'application/vnd.tcpdump.pcap' });
    expect([reply.status, reply.text]).toEqual([200, '']);
    expect(reply.headers.get('Content-Type')).toBe('application/vnd.tcpdump.pcap');
  });
});

describe('on a graph of four nodes', () => {
  let probe: GraphProbe;
  const host = 'h1';

  beforeAll(async () => {
    probe = await connectGraphProbe(host);
    await probe.sync(
      [
        node(host, 'n-host', { Name: host, Type: 'host' }),
        node(host, 'n-eth0', { Name: 'eth0', Type: 'device', Note: '<a&b>' }),
        node(host, 'n-eth1', { Name: 'eth1', Type: 'device' }),
        node(host, 'n-br0', { Name: 'br0', Type: 'bridge' }),
      ],
      [edge(host, 'n-host', 'n-eth0', 'ownership'), edge(host, 'n-br0', 'n-eth0', 'layer2')],
    );
  });
  afterAll(() => {
    probe.close();
  });

  test('counts as a bare number (R12)', async () => {
    expect((await query('G.V().Count()')).text).toBe('4\n');
  });

  test('escapes as the reference does', async () => {
    expect((await query("G.V().Has('Name','eth0').Values('Note')")).text).toBe(
      '["\\u003ca\\u0026b\\u003e"]\n',
    );
  });

  test('suggests the key that was meant beside an empty answer', async () => {
    const reply = await query("G.V().Has('Naem', 'eth0')");
    expect([reply.status, reply.text]).toEqual([200, '[]\n']);
    expect(reply.headers.get('X-Edgedive-Warning')).toBe(
      'Has at 6: no node has the key Naem; did you mean Name?',
    );
    expect((await query("G.V().Has('Name', 'nope')")).headers.get('X-Edgedive-Warning')).toBeNull();
  });

  test('explains how it ran instead of answering', async () => {
    const reply = await post('/api/topology?explain=1', {
      GremlinQuery: "G.V().Has('Note', Ne('x'), 'Name', Within('eth0', 'br0')).Out().Count()",
    });
    expect(reply.headers.get('Content-Type')).toBe('application/json; charset=UTF-8');
    expect(JSON.parse(reply.text)).toMatchObject({
      Query: "G.V().Has('Note', Ne('x'), 'Name', Within('eth0', 'br0')).Out().Count()",
      Steps: [
        { Step: 'V()', From: 'graph', To: 'nodes', Index: 'Name = eth0, br0', Visited: 2, Count: 2 },
        { Step: "Has('Note', Ne('x'), 'Name', Within('eth0', 'br0'))", Visited: 2, Count: 1 },
        { Step: 'Out()', Count: 0 },
        { Step: 'Count()', To: 'value' },
      ],
      Result: { Kind: 'value', Count: 1 },
      Warnings: [],
      Cost: { shards: 0, silentHosts: [] },
    });
    const plain = await post('/api/topology?explain=0', { GremlinQuery: 'G.V().Count()' });
    expect(plain.text).toBe('4\n');
  });

  test('tells what the query cost', async () => {
    expect((await query('G.V()')).headers.get('X-Edgedive-Cost')).toMatch(
      /^visited=\d+, shards=\d+, silent=\d+, ms=[\d.]+$/,
    );
  });

  test('draws a graph as DOT (R13)', async () => {
    for (const text of ['G', "G.V().Has('Type','device').SubGraph()"]) {
      const reply = await query(text, { Accept: 'text/vnd.graphviz' });
      expect(reply.status).toBe(200);
      expect(reply.headers.get('Content-Type')).toBe('text/vnd.graphviz; charset=UTF-8');
      expect(reply.text).toMatch(/^digraph g \{\n[^]*\}$/);
    }
  });

  test('draws nothing else (R14), unless JSON is welcome too', async () => {
    expectRefusal(await query('G.V()', { Accept: 'text/vnd.graphviz' }), 406, NOT_DOT);
    const reply = await query('G.V()', { Accept: 'text/vnd.graphviz, */*;q=0.1' });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('Content-Type')).toBe('application/json; charset=UTF-8');
  });

  test('shows only packets as pcap (R15)', async () => {
    const pcap = { Accept: 'application/vnd.tcpdump.pcap' };
    expectRefusal(await query('G.Flows()', pcap), 406, NOT_PCAP);
    expectRefusal(await query('G.V()', pcap), 406, NOT_PCAP);
  });

  test('GET shows the whole graph as an object (R18)', async () => {
    const reply = await get('/api/topology');
    expect(reply.status).toBe(200);
    expect(reply.headers.get('Content-Type')).toBe('application/json; charset=UTF-8');
    expect(reply.text.endsWith('}\n')).toBe(true);
    const graph = JSON.parse(reply.text) as { Nodes: { ID: string }[]; Edges: { Parent: string }[] };
    expect(graph.Nodes.map((shown) => shown.ID).toSorted()).toEqual(['n-br0', 'n-eth0', 'n-eth1', 'n-host']);
    expect(graph.Edges.map((shown) => shown.Parent).toSorted()).toEqual(['n-br0', 'n-host']);
  });

  test('a capture on two of them is ordered from their probe at once', async () => {
    const GremlinQuery = "G.V().Has('Type','device')";
    const created = JSON.parse((await post('/api/capture', { GremlinQuery })).text) as { UUID: string };
    for (;;) {
      const { captures } = await probe.next('captures');
      const order = captures.find(({ capture }) => capture.includes(created.UUID));
      if (order === undefined) continue;
      expect([...order.node_ids].toSorted()).toEqual(['n-eth0', 'n-eth1']);
      break;
    }
  });
});

describe('negotiate', () => {
  const offers = ['application/json', 'text/vnd.graphviz'] as const;
  test.each([
    [undefined, ['application/json']],
    ['', ['application/json']],
    ['text/xml', ['application/json']],
    ['TEXT/vnd.Graphviz', ['text/vnd.graphviz']],
    ['*/*', ['application/json']],
    ['application/json, text/plain, */*', ['application/json']],
    ['text/vnd.graphviz;q=0.9, application/json;q=0.5', ['text/vnd.graphviz', 'application/json']],
    ['text/vnd.graphviz, application/*;q=0.1', ['text/vnd.graphviz', 'application/json']],
    ['text/vnd.graphviz;q=0', ['application/json']],
    ['text/*', ['application/json']],
  ])('Accept %j asks for %j', (header, asked) => {
    expect(negotiate(header, [...offers])).toEqual(asked);
  });
});
