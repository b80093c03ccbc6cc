/**
 * Clients of the reference against an analyzer that asks who everybody is: the published Python package with every public method
 * (row R80), what both web pages of the reference ask first, pings (W12), and ways to say who one is (W10).
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { pythonWithSkydiveClient } from './harness/python.ts';

const run = promisify(execFile);
const USERS = JSON.stringify({
  ann: { password: 'se:cret', roles: ['user'] },
  gus: { password: 'g', roles: ['guest'] },
});

describe('clients of the reference', () => {
  let analyzer: Analyzer;
  beforeAll(async () => {
    analyzer = await startEdgedive({ probe: false, args: ['--auth'], env: { EDGEDIVE_USERS: USERS } });
  });
  afterAll(async () => {
    await analyzer.stop();
  });

  it('Python: every public method does what it says (R80)', async () => {
    const script = new URL('./python/every_method.py', import.meta.url).pathname;
    const args = ['-W', 'ignore', script, analyzer.address, 'ann', 'se:cret'];
    const { stdout } = await run(await pythonWithSkydiveClient(), args);
    expect(JSON.parse(stdout)).toEqual({
      node_update: 1,
      node_list: ['a', 'b'],
      edge_update: 2,
      edge_list: 1,
      lookup: 2,
      lookup_nodes: ['h1'],
      lookup_edges: [[true, true]],
      capture_list: [true],
      alert_list: [true],
      noderule_list: [true],
      edgerule_list: [true],
      injection_list: [true],
      end: [0, 0, 0],
      request: 'ann',
      wrong: [401, 'Wrong credentials'],
      'not called': [],
    });
  });

  async function login(headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return analyzer.fetch('/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      body: 'username=ann&password=se%3Acret',
    });
  }

  it('the older page: a cookie of /login, then what it asks first', async () => {
    const cookie = (await login()).headers
      .getSetCookie()
      .map((one) => one.split(';')[0]!)
      .join('; ');
    const origin = analyzer.url;
    const headers = { Cookie: cookie, Origin: origin, Accept: 'application/json' };
    expect(await (await analyzer.fetch('/api', { headers })).json()).toMatchObject({ Service: 'analyzer' });
    expect(await (await analyzer.fetch('/api/config/ui', { headers })).json()).toEqual({});
    const history = await analyzer.fetch('/api/topology', {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify({ GremlinQuery: "G.At('-1m').V().Limit(1)" }),
    });
    expect([history.status, await history.json()]).toEqual([200, []]);
    expect(await answerOf('/ws/subscriber?x-client-type=webui', { Cookie: cookie, Origin: origin })).toBe(
      101,
    );
    expect(
      await answerOf('/ws/subscriber?x-client-type=webui', { Cookie: cookie, Origin: 'http://evil.example' }),
    ).toBe(401);
  });

  it('the newer page: from another origin, with the token of /login', async () => {
    const Origin = 'http://ui.example:8080';
    const asked = await analyzer.fetch('/api/topology', {
      method: 'OPTIONS',
      headers: {
        Origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,x-auth-token',
      },
    });
    expect([asked.status, asked.headers.get('Access-Control-Allow-Origin')]).toEqual([200, '*']);
    const answer = await login({ Origin });
    const { Token } = (await answer.json()) as { Token: string };
    const topology = await analyzer.fetch('/api/topology', {
      method: 'POST',
      headers: { Origin, 'Content-Type': 'application/json', 'X-Auth-Token': Token },
      body: '{"GremlinQuery":"G.V().Count()"}',
    });
    expect([topology.status, await topology.json()]).toEqual([200, 0]);
    expect(await answerOf(`/ws/subscriber?x-client-type=webui&x-auth-token=${Token}`, { Origin })).toBe(101);
  });

  it('sockets ask who one is, and what one may (W9, W10)', async () => {
    const basic = (pair: string) => ({ Authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
    expect(await answerOf('/ws/subscriber?x-client-type=t', {})).toBe(401);
    expect(await answerOf('/ws/publisher?x-client-type=t', basic('gus:g'))).toBe(403);
    expect(await answerOf('/ws/subscriber?x-client-type=t', basic('gus:g'))).toBe(101);
    const { Token } = (await (await login()).json()) as { Token: string };
    expect(await answerOf('/ws/subscriber?x-client-type=t', { Cookie: `authtoken=${Token}` })).toBe(101);
    expect(await answerOf(`/ws/subscriber?x-client-type=t&x-auth-token=${Token}`, {})).toBe(101);
  });

  it('a ping is answered with what it says (W12); no subprotocol is chosen (W11)', async () => {
    const { Token } = (await (await login()).json()) as { Token: string };
    const socket = new WebSocket(`ws://${analyzer.address}/ws/subscriber`, ['something'], {
      headers: { 'X-Client-Type': 't', 'X-Auth-Token': Token },
    });
    socket.on('error', () => {});
    const [upgrade] = (await once(socket, 'upgrade')) as [{ headers: Record<string, string | undefined> }];
    expect(upgrade.headers['sec-websocket-protocol']).toBeUndefined();
    const plain = new WebSocket(`ws://${analyzer.address}/ws/subscriber`, {
      headers: { 'X-Client-Type': 't', 'X-Auth-Token': Token },
    });
    await once(plain, 'open');
    plain.ping('abc');
    const [answer] = (await once(plain, 'pong')) as [Buffer];
    expect(answer.toString()).toBe('abc');
    plain.terminate();
    socket.terminate();
  });

  /** The status of an upgrade. */
  async function answerOf(path: string, headers: Readonly<Record<string, string>>): Promise<number> {
    const socket = new WebSocket(`ws://${analyzer.address}${path}`, { headers });
    return new Promise((resolve, reject) => {
      socket.on('open', () => {
        socket.terminate();
        resolve(101);
      });
      socket.on('unexpected-response', (_request, response) => {
        response.resume();
        socket.terminate();
        resolve(response.statusCode ?? 0);
      });
      socket.on('error', reject);
    });
  }
});
