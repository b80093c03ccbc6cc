/** Queries of the past over HTTP: what is shown, what is refused, and what the status tells. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { topologyOf } from '../../../worker/objects/stubs.ts';
import { Topology } from '../../../worker/objects/topology.ts';
import { connectGraphProbe, edge, node, type GraphProbe } from '../graph-probe.ts';
import { expectRefusal, get, post } from '../http.ts';
import { namespaceOf, requestWith } from './with-env.ts';

const query = (text: string) => post('/api/topology', { GremlinQuery: text });

describe('a link that was there a moment ago', () => {
  let probe: GraphProbe;
  let then: number;

  beforeAll(async () => {
    probe = await connectGraphProbe('h1');
    const rest = [node('h1', 'n-host', { Name: 'h1', Type: 'host' })];
    await probe.sync(
      [...rest, node('h1', 'n-eth9', { Name: 'eth9', Type: 'device' })],
      [edge('h1', 'n-host', 'n-eth9', 'ownership')],
    );
    then = Date.now();
    await new Promise((resolve) => void setTimeout(resolve, 5));
    await probe.sync(rest);
  });
  afterAll(() => {
    probe.close();
  });

  test('is found at that time, with its edges', async () => {
    expect((await query("G.V().Has('Name', 'eth9').Count()")).text).toBe('0\n');
    const reply = await query(`G.At(${then}).V().Has('Name', 'h1').Out().Values('Name')`);
    expect([reply.status, reply.text]).toEqual([200, '["eth9"]\n']);
    expect(reply.headers.get('X-Edgedive-Cost')).toMatch(/^visited=[1-9]/);
  });

  test('also by the words of the reference’s clients', async () => {
    // The Grafana data source tests its connection with this query.
    expect((await query("G.At('-1s').V().Limit(1)")).status).toBe(200);
    const reply = await query("G.Context(NOW, '1h').V().Has('Name', 'eth9').Count()");
    expect(reply.text).toBe('1\n');
    expectRefusal(await query("G.At('now')"), 400, 'Time must be in RFC1123 or in Go Duration format');
  });

  test('and the status tells how much past there is, and where', async () => {
    type Told = { Edgedive: Record<'Topology', { history: object }> & { FlowShards: { history: object }[] } };
    const { Edgedive } = JSON.parse((await get('/api/status')).text) as Told;
    const settings = { keepMs: 7 * 86_400_000, bytesMax: 2_147_483_648, faults: [] };
    // One write of the graph, in which two lives of about one length ended.
    expect(Edgedive.Topology.history).toMatchObject({ ...settings, rows: 1, revisions: 2 });
    expect(Edgedive.FlowShards[0]!.history).toEqual({
      ...settings,
      rows: 0,
      flows: 0,
      bytes: 0,
      oldestMs: null,
      archive: { files: 0, flows: 0, bytes: 0, oldestMs: null },
    });
  });

  test('is not to be found where no history is kept', async () => {
    const answer = await runInDurableObject(topologyOf(env), async (_object, state) => {
      const off = new Topology(state, { ...env, EDGEDIVE_HISTORY: '0' });
      await state.blockConcurrencyWhile(async () => {});
      return off.query(`G.At(${then}).V()`, 'json');
    });
    const TOPOLOGY = namespaceOf({ query: async () => answer });
    const body = JSON.stringify({ GremlinQuery: `G.At(${then}).V()` });
    const reply = await requestWith({ TOPOLOGY }, '/api/topology', { method: 'POST', body });
    expect([reply.status, await reply.text()]).toEqual([400, 'Backend does not support history\n']);
  });
});
