/** Alerts from the route to those who hear of them: rows R41 to R45 (REST notes) and W41 (WebSocket notes). */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Alert, Firing } from '../../../core/alert/alert.ts';
import { registryOf, topologyOf } from '../../../worker/objects/stubs.ts';
import { connectGraphProbe, node, type GraphProbe } from '../graph-probe.ts';
import { call, expectRefusal, get, post } from '../http.ts';
import { connect, type GraphClient } from './graph-client.ts';

let probe: GraphProbe | undefined;
let client: GraphClient | undefined;
afterEach(async () => {
  probe?.close();
  client?.close();
  for (const id of Object.keys(JSON.parse((await get('/api/alert')).text) as object))
    await call('DELETE', `/api/alert/${id}`);
  vi.restoreAllMocks();
});

const create = async (body: object) => JSON.parse((await post('/api/alert', body)).text) as Alert;

describe('/api/alert', () => {
  test('refuses what is no alert (R41, R42)', async () => {
    expectRefusal(await post('/api/alert', {}), 400, 'Expression: zero value');
    expectRefusal(
      await post('/api/alert', { Expression: 'G.V()', Trigger: 'bogus' }),
      400,
      'Trigger: regular expression mismatch',
    );
  });

  test('shows every member, also empty ones (R43)', async () => {
    const alert = await create({ Expression: 'G.V(' });
    expect(Object.keys(alert)).toEqual([
      'Name',
      'Description',
      'Expression',
      'Action',
      'Trigger',
      'CreateTime',
      'UUID',
    ]);
    expect(JSON.parse((await get('/api/alert')).text)).toEqual({ [alert.UUID]: alert });
  });

  test('is changed by a patch, its id never (R44, R45)', async () => {
    const alert = await create({ Expression: "G.V().Has('Name','zz')" });
    const patch = (body: unknown) =>
      call('PATCH', `/api/alert/${alert.UUID}`, { body: JSON.stringify(body) });
    const named = await patch([{ op: 'add', path: '/Name', value: 'x' }]);
    expect([named.status, JSON.parse(named.text)]).toEqual([200, { ...alert, Name: 'x' }]);
    expect((await patch([])).status).toBe(200);
    expect(JSON.parse((await patch([{ op: 'replace', path: '/UUID', value: 'mine' }])).text)).toMatchObject({
      UUID: alert.UUID,
    });
    expectRefusal(await patch({ op: 'add' }), 400, /^incorrect JSON patch: /);
    expectRefusal(
      await patch([{ op: 'replace', path: '/Trigger', value: 'never' }]),
      400,
      'validating patched resource: Trigger: regular expression mismatch',
    );
    expectRefusal(
      await patch([{ op: 'replace', path: '/Name', value: 7 }]),
      400,
      /^creating a new resource from the patched JSON body: /,
    );
  });

  test('loses no change of those who write at the same time', async () => {
    const { UUID } = await create({ Name: 'first', Expression: 'G.V()' });
    const patch = (...body: object[]) => call('PATCH', `/api/alert/${UUID}`, { body: JSON.stringify(body) });
    const replace = (path: string, value: string) => ({ op: 'replace', path, value });
    await Promise.all(
      ['/Name', '/Description', '/Action', '/Trigger'].map((path) =>
        patch(replace(path, path === '/Action' ? 'http://x/' : path === '/Trigger' ? 'graph' : 'new')),
      ),
    );
    expect(JSON.parse((await get(`/api/alert/${UUID}`)).text)).toMatchObject({
      Name: 'new',
      Description: 'new',
      Action: 'http://x/',
      Trigger: 'graph',
    });
    const test = { op: 'test', path: '/Name', value: 'new' };
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => patch(test, replace('/Name', name))));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(2);
  });
});

describe('an alert', () => {
  const firing = async () => (await client!.next(({ Type }) => Type === 'Alert')).Obj as Firing;
  const names = ({ ReasonData }: Firing) =>
    (ReasonData as { Metadata: { Name: string } }[]).map(({ Metadata }) => Metadata.Name).toSorted();

  test('fires when its answer becomes another, and not when something else changes (W41)', async () => {
    probe = await connectGraphProbe('alert-1');
    client = await connect('subscriber', { 'X-Websocket-Namespace': 'Alert' });
    const alert = await create({ Expression: "G.V().Has('Name', Regex('trig.*'))", Trigger: 'graph' });
    await probe.sync([node('alert-1', 'n1', { Name: 'other', Type: 'host' })]);
    await probe.sync([
      node('alert-1', 'n1', { Name: 'other', Type: 'host' }),
      node('alert-1', 'n2', { Name: 'trig-1', Type: 'host' }),
    ]);
    const first = await firing();
    expect([first.UUID, names(first)]).toEqual([alert.UUID, ['trig-1']]);
    expect(Date.parse(first.Timestamp)).toBeGreaterThan(0);
    await vi.waitFor(async () => {
      const { alertFiredMs } = await topologyOf(env).status();
      expect(alertFiredMs[alert.UUID]).toBe(Date.parse(first.Timestamp));
    });
    const both = [
      node('alert-1', 'n3', { Name: 'trig-2', Type: 'host' }),
      node('alert-1', 'n2', { Name: 'trig-1', Type: 'host' }),
    ];
    // A counter and another node are nothing new to it.
    await probe.sync([
      node('alert-1', 'n4', { Name: 'more', Type: 'host' }),
      node('alert-1', 'n2', { Name: 'trig-1', Type: 'host', Metric: { RxBytes: 5 } }),
    ]);
    await probe.sync(both);
    expect(names(await firing())).toEqual(['trig-1', 'trig-2']);
    // Empty arms it again.
    await probe.sync([]);
    await vi.waitFor(async () => expect(await lastDigest(alert.UUID)).toBe(''));
    await probe.sync(both);
    expect(names(await firing())).toEqual(['trig-1', 'trig-2']);
    expect(await client.rest(200)).toEqual([]);
  });

  async function lastDigest(uuid: string): Promise<string | undefined> {
    return runInDurableObject(topologyOf(env), (_object, { storage }) => {
      const [row] = storage.sql.exec<{ digest: string }>('SELECT digest FROM alert WHERE uuid = ?', uuid);
      return row?.digest;
    });
  }

  test('does not fire again because the object woke', async () => {
    probe = await connectGraphProbe('alert-2');
    await probe.sync([node('alert-2', 'n1', { Name: 'lasting', Type: 'host' })]);
    const alert = await create({ Expression: "G.V().Has('Name', 'lasting').Count()" });
    await vi.waitFor(async () => expect(await lastDigest(alert.UUID)).not.toBe(''));
    await evictDurableObject(topologyOf(env));
    client = await connect('subscriber', { 'X-Websocket-Namespace': 'Alert' });
    expect(await client.rest(400)).toEqual([]);
  });

  test('may be a script, which asks Gremlin and nothing else', async () => {
    probe = await connectGraphProbe('alert-3');
    client = await connect('subscriber', { 'X-Websocket-Namespace': 'Alert' });
    await create({
      Expression:
        "G.V().Has('Name', Regex('scripted.*')).then((all) => all.length > 1 && all.map(({ ID }) => ID).sort())",
    });
    const rude = await create({ Expression: "request('/api/capture', 'POST', { GremlinQuery: 'G.V()' })" });
    const wrong = await create({ Expression: 'JSON.parse(Gremlin("G.Bogus()"))' });
    await probe.sync([node('alert-3', 's1', { Name: 'scripted-1', Type: 'host' })]);
    await probe.sync([
      node('alert-3', 's1', { Name: 'scripted-1', Type: 'host' }),
      node('alert-3', 's2', { Name: 'scripted-2', Type: 'host' }),
    ]);
    expect((await firing()).ReasonData).toEqual(['s1', 's2']);
    await vi.waitFor(async () => {
      const { alertFaults } = await topologyOf(env).status();
      expect(alertFaults).toMatchObject({
        [rude.UUID]: 'Error: the script of an alert asks Gremlin and nothing else',
        [wrong.UUID]: expect.stringContaining('Error: ') as string,
      });
    });
    expect((await get('/api/capture')).text).toBe('{}\n');
  });

  test('that cannot be asked says so and leaves others alone', async () => {
    client = await connect('subscriber', { 'X-Websocket-Namespace': 'Alert' });
    const broken = await create({ Expression: 'G.V().ShortestPathTo(1).Bogus' });
    await create({ Expression: 'G.V().Count().Bogus(' });
    await create({ Expression: "G.Context('-1s').V().Count()" });
    const good = await create({ Expression: "G.V().Has('Name', 'nobody').Count().Has()" });
    await vi.waitFor(async () => {
      const status = JSON.parse((await get('/api/status')).text) as {
        Edgedive: { Topology: { alertFaults: Record<string, string> } };
      };
      expect(Object.keys(status.Edgedive.Topology.alertFaults)).toContain(broken.UUID);
    });
    expect(good.UUID).not.toBe('');
  });
});

describe('an action', () => {
  test('is told until it is heard, signed, under one id', async () => {
    const heard: Request[] = [];
    const bodies: string[] = [];
    const answers = [500, 200];
    await runInDurableObject(registryOf(env), async (registry) => {
      vi.spyOn(globalThis, 'fetch').mockImplementation(async (request) => {
        heard.push(request as Request);
        bodies.push(await (request as Request).text());
        return new Response('heard', { status: answers.shift() ?? 404 });
      });
      await registry.tellAction('a1', 'https://hooks.example.org/x', '{"UUID":"a1"}');
    });
    await vi.waitFor(() => expect(heard).toHaveLength(2), { timeout: 5_000, interval: 50 });
    expect(bodies).toEqual(['{"UUID":"a1"}', '{"UUID":"a1"}']);
    expect(heard.map(({ method, redirect }) => [method, redirect])).toEqual([
      ['POST', 'manual'],
      ['POST', 'manual'],
    ]);
    await vi.waitFor(async () => expect((await registryOf(env).status()).webhooks.waiting).toBe(0));
    const ids = heard.map(({ headers }) => headers.get('webhook-id'));
    expect([ids[0], heard[0]!.headers.get('Content-Type')]).toEqual([ids[1], 'application/json']);
  });

  test('on a private address is not told', async () => {
    await registryOf(env).tellAction('a2', 'http://127.0.0.1:9/x', '{}');
    await vi.waitFor(async () => {
      const { webhooks, counters } = await registryOf(env).status();
      expect([webhooks.waiting, webhooks.faults['a2'], counters.webhooksRefused]).toEqual([
        0,
        "not told: '127.0.0.1' is a private address",
        1,
      ]);
    });
  });
});
