/** `/api/status`: the reference's members (REST section 4 of the reference notes), and our counters under `Edgedive`. */
import { afterEach, describe, expect, test } from 'vitest';
import { connectGraphProbe, node, type GraphProbe } from '../graph-probe.ts';
import { call, get, post } from '../http.ts';

interface Status {
  readonly Agents: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly Edgedive: {
    readonly Topology: {
      readonly nodes: number;
      readonly probes: readonly { readonly hostId: string; readonly status: unknown }[];
    };
    readonly FlowShards: readonly object[];
    readonly FlowHubs: readonly object[];
    readonly Registry: {
      readonly resources: { readonly capture: number };
      readonly told: boolean;
      readonly counters: Readonly<Record<string, number>>;
    };
  };
}
async function status(): Promise<Status> {
  return JSON.parse((await get('/api/status')).text) as Status;
}
async function counter(name: string): Promise<number> {
  return (await status()).Edgedive.Registry.counters[name] ?? Number.NaN;
}

let probe: GraphProbe | undefined;
afterEach(() => {
  probe?.close();
  probe = undefined;
});

describe('GET /api/status', () => {
  test('has the reference’s members in its order, then ours', async () => {
    const shown = JSON.parse((await get('/api/status')).text) as object;
    expect(Object.keys(shown)).toEqual([
      'Agents',
      'Peers',
      'Publishers',
      'Subscribers',
      'Alerts',
      'Captures',
      'Probes',
      'Edgedive',
    ]);
    expect(shown).toMatchObject({
      Peers: { Incomers: {}, Outgoers: {} },
      Alerts: { IsMaster: true },
      Captures: { IsMaster: true },
    });
  });

  test('shows a connected probe as an agent, and its graph', async () => {
    probe = await connectGraphProbe('h1');
    await probe.sync([node('h1', 'n1', { Name: 'h1', Type: 'host' })]);
    const { Agents, Edgedive } = await status();
    expect(Agents['h1']).toMatchObject({
      ServiceType: 'agent',
      ClientProtocol: 'protobuf',
      IsConnected: true,
      RemoteHost: 'h1',
    });
    expect(Agents['h1']!['ConnectTime']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(Edgedive.Topology.nodes).toBe(1);
    expect(Edgedive.FlowShards).toHaveLength(1);
    expect(Edgedive.FlowHubs).toHaveLength(1);
  });

  test.each([
    ['data', '{"links":{"flow":{"connected":true}}}', { links: { flow: { connected: true } } }],
    ['text', 'no JSON', 'no JSON'],
  ])('shows what a probe tells of itself as %s', async (host, text, shown) => {
    const told = async () =>
      (await status()).Edgedive.Topology.probes.find(({ hostId }) => hostId === host)?.status;
    probe = await connectGraphProbe(host);
    expect(await told()).toBeNull();
    probe.report(text);
    await probe.sync([]);
    expect(await told()).toEqual(shown);
  });

  test('counts captures', async () => {
    await post('/api/capture', { GremlinQuery: 'G.V()' });
    const { Registry } = (await status()).Edgedive;
    expect(Registry.resources.capture).toBe(1);
    expect(Registry.told).toBe(true);
  });

  test.each([
    ['unknownRoute', async () => get('/nope')],
    ['wrongMethod', async () => call('PUT', '/api')],
    ['malformedBody', async () => post('/api/capture', '{')],
    ['invalidResource', async () => post('/api/capture', '{}')],
    ['invalidTtl', async () => post('/api/capture', { GremlinQuery: "G.V('t')" }, { 'X-Resource-TTL': '5' })],
    ['invalidQuery', async () => post('/api/topology', { GremlinQuery: 'x' })],
    [
      'notAcceptable',
      async () => post('/api/topology', { GremlinQuery: 'G.V()' }, { Accept: 'text/vnd.graphviz' }),
    ],
    ['unknownResource', async () => get('/api/capture/nope')],
    ['forbiddenHost', async () => get('http://evil.example/api')],
    ['bodyTooLarge', async () => post('/api/topology', 'x'.repeat(2_000_000))],
    ['missingId', async () => call('DELETE', '/api/capture/')],
  ])('counts refusals: %s', async (name, refused) => {
    const before = await counter(name);
    const reply = await refused();
    expect(reply.headers.get('X-Edgedive-Error')).toBe(name);
    expect(await counter(name)).toBe(before + 1);
  });
});
