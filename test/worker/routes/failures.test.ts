/** Origins narrowed to a list, objects that fail, answers too large for one piece: the Worker with other surroundings. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { limits } from '../../../core/limits.ts';
import { connectGraphProbe, node } from '../graph-probe.ts';
import { get } from '../http.ts';
import { namespaceOf, requestWith } from './with-env.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('EDGEDIVE_ALLOWED_ORIGINS with a list', () => {
  const listed = { EDGEDIVE_ALLOWED_ORIGINS: 'http://ui.example' };
  const from = (origin: string, init: RequestInit = {}): RequestInit => ({
    ...init,
    headers: { Origin: origin },
  });

  test('lets the listed origin call, by name', async () => {
    const reply = await requestWith(listed, '/api', from('http://ui.example'));
    expect(reply.status).toBe(200);
    expect(reply.headers.get('Access-Control-Allow-Origin')).toBe('http://ui.example');
    expect(reply.headers.get('Vary')).toContain('Origin');
  });

  test('lets the analyzer’s own pages and programs without Origin call', async () => {
    expect((await requestWith(listed, '/api', from('http://localhost'))).status).toBe(200);
    expect((await requestWith(listed, '/api')).status).toBe(200);
  });

  test('refuses others: requests that a browser sends unasked, preflights and upgrades', async () => {
    const post = { method: 'POST', body: '{"GremlinQuery":"G.V()"}' };
    expect((await requestWith(listed, '/api/capture', from('http://evil.example', post))).status).toBe(403);
    expect((await requestWith(listed, '/api', from('null'))).status).toBe(403);
    const preflight = { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'POST' };
    expect((await requestWith(listed, '/api', { method: 'OPTIONS', headers: preflight })).status).toBe(403);
    const upgrade = { Origin: 'http://evil.example', Upgrade: 'websocket' };
    const reply = await requestWith(listed, '/ws/subscriber/flow', { headers: upgrade });
    expect(reply.status).toBe(403);
    expect(reply.headers.get('Access-Control-Allow-Origin')).toBeNull();
    expect(await reply.text()).toBe(
      "origin 'http://evil.example' is not allowed: add it to EDGEDIVE_ALLOWED_ORIGINS\n",
    );
  });
});

describe('an object that fails', () => {
  const failing = (error: Error) => {
    const fail = async (): Promise<never> => {
      throw error;
    };
    return { TOPOLOGY: namespaceOf({ query: fail, status: fail }) };
  };
  const query = { method: 'POST', body: '{"GremlinQuery":"G.V()"}' };

  test('is answered 500 with an id; the log has the reason, the answer has not', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    const reply = await requestWith(failing(new Error('secret reason')), '/api/topology', query);
    expect(reply.status).toBe(500);
    const id = reply.headers.get('X-Request-Id')!;
    expect(await reply.text()).toBe(`internal error (request ${id})\n`);
    expect(logged).toHaveBeenCalledWith(expect.stringContaining(id));
    expect(logged).toHaveBeenCalledWith(expect.stringContaining('secret reason'));
  });

  test('is answered 503 when asking again helps', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const overloaded = Object.assign(new Error('too many'), { overloaded: true });
    const reply = await requestWith(failing(overloaded), '/api/topology', query);
    expect([reply.status, reply.headers.get('Retry-After')]).toEqual([503, '1']);
  });

  test('does not spoil the status: its place tells the error', async () => {
    const reply = await requestWith(failing(new Error('gone')), '/api/status');
    expect(reply.status).toBe(200);
    expect(await reply.json()).toMatchObject({
      Agents: {},
      Edgedive: { Topology: { error: 'gone' }, Registry: { resources: {} } },
    });
  });
});

describe('silent hosts', () => {
  test('are counted, and the first of them named', async () => {
    const silentHosts = Array.from({ length: 25 }, (_, i) => `höst ${i}`);
    const answer = {
      status: 200,
      contentType: 'application/json; charset=UTF-8',
      body: '[]\n',
      cost: { visited: 7, shards: 2, silentHosts, silentShards: ['main/shard/1'], ms: 300 },
      warnings: [],
    };
    const TOPOLOGY = namespaceOf({ query: async () => answer });
    const reply = await requestWith({ TOPOLOGY }, '/api/topology', {
      method: 'POST',
      body: '{"GremlinQuery":"G.Flows()"}',
    });
    expect(reply.headers.get('X-Edgedive-Cost')).toBe('visited=7, shards=2, silent=25, ms=300');
    const named = reply.headers.get('X-Edgedive-Silent-Hosts')!.split(', ');
    expect(named).toHaveLength(20);
    expect(named[0]).toBe('h%C3%B6st%200');
    expect(reply.headers.get('X-Edgedive-Silent-Shards')).toBe('main%2Fshard%2F1');
  });
});

describe('a large graph', () => {
  test('is streamed whole, and ends like a small one', async () => {
    const probe = await connectGraphProbe('big');
    const nodes = Array.from({ length: 400 }, (_, i) =>
      node('big', `n${i}`, { Name: `n${i}`, Type: 'device', Pad: 'x'.repeat(4000) }),
    );
    await probe.sync(nodes);
    const reply = await get('/api/topology');
    expect(reply.text.length).toBeGreaterThan(limits.answerBytesMax);
    expect(reply.text.endsWith('}\n')).toBe(true);
    expect((JSON.parse(reply.text) as { Nodes: unknown[] }).Nodes).toHaveLength(400);
    probe.close();
  });
});
