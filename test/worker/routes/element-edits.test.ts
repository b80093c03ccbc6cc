/** What people set on the nodes of probes, and edges between them: it stays beside what the probes go on saying. */
import { beforeEach, describe, expect, test } from 'vitest';
import { env } from 'cloudflare:workers';
import { evictDurableObject, reset } from 'cloudflare:test';
import { limits } from '../../../core/limits.ts';
import type { NodeJson } from '../../../core/wire/element-json.ts';
import { topologyOf } from '../../../worker/objects/stubs.ts';
import { connectGraphProbe, edge, node } from '../graph-probe.ts';
import { call, expectRefusal, get, post, type Reply } from '../http.ts';

type Metadata = NodeJson['Metadata'];
type Operation = Readonly<Record<string, unknown>>;

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

beforeEach(async () => {
  await reset();
});

describe('what people set on a node of a probe', () => {
  const eth0 = (more: Metadata = {}) =>
    node('h1', 'eth0', { Name: 'eth0', Type: 'device', MTU: 1500, ...more });

  test('stays when the probe tells of the node again, through an eviction and a reconnection', async () => {
    const probe = await connectGraphProbe('h1');
    await probe.sync([eth0()]);
    const patched = read(
      await patch(
        '/api/node/eth0',
        { op: 'add', path: '/Metadata/Note', value: 'uplink' },
        { op: 'replace', path: '/Metadata/MTU', value: 9000 },
      ),
    ) as NodeJson;
    expect(patched).toMatchObject({
      Metadata: { Note: 'uplink', MTU: 9000 },
      Origin: 'agent.h1',
      Revision: 2,
    });
    await probe.sync([eth0({ State: 'UP' })]);
    expect(await metadataOf('eth0')).toMatchObject({ Note: 'uplink', MTU: 9000, State: 'UP' });
    await evictDurableObject(topologyOf(env));
    probe.close();
    const again = await connectGraphProbe('h1');
    await again.sync([eth0({ State: 'UP', MTU: 1400 })]);
    expect(await metadataOf('eth0')).toMatchObject({ Note: 'uplink', MTU: 9000, State: 'UP' });
    expect((read(await get('/api/node/eth0')) as NodeJson).Revision).toBe(3);
    // Taken away, what the probe said last shows.
    await patch('/api/node/eth0', { op: 'remove', path: '/Metadata/MTU' });
    await patch('/api/node/eth0', { op: 'remove', path: '/Metadata/Note' });
    expect(await metadataOf('eth0')).toEqual({ Name: 'eth0', Type: 'device', State: 'UP', MTU: 1400 });
    again.close();
  });

  test('in an object of the probe leaves the rest of it to the probe', async () => {
    const probe = await connectGraphProbe('h1');
    await probe.sync([eth0({ Labels: { Rack: 7 }, Metric: { RxBytes: 1 } })]);
    await patch('/api/node/eth0', { op: 'add', path: '/Metadata/Labels/Room', value: 'B12' });
    await probe.sync([eth0({ Labels: { Rack: 8 }, Metric: { RxBytes: 2 } })]);
    expect(await metadataOf('eth0')).toMatchObject({
      Labels: { Rack: 8, Room: 'B12' },
      Metric: { RxBytes: 2 },
    });
    probe.close();
  });

  test('goes with the node', async () => {
    const probe = await connectGraphProbe('h1');
    await probe.sync([eth0()]);
    await patch('/api/node/eth0', { op: 'add', path: '/Metadata/Note', value: 'uplink' });
    await probe.sync([]);
    await probe.sync([eth0()]);
    expect(await metadataOf('eth0')).not.toHaveProperty('Note');
    expect((await topologyOf(env).status()).overlaidNodes).toBe(0);
    probe.close();
  });

  test('on an edge of a probe stays too, and a new edge of that id begins without it', async () => {
    const probe = await connectGraphProbe('h1');
    const nodes = [eth0(), node('h1', 'br0', { Name: 'br0', Type: 'bridge' })];
    const link = edge('h1', 'br0', 'eth0', 'layer2');
    await probe.sync(nodes, [link]);
    const path = `/api/edge/${link.ID}`;
    expect((await patch(path, { op: 'add', path: '/Metadata/Cable', value: 'blue' })).status).toBe(200);
    const metadata = async (): Promise<unknown> => (read(await get(path)) as NodeJson).Metadata;
    await probe.sync(nodes, [{ ...link, Metadata: { RelationType: 'layer2', Speed: 10 } }]);
    expect(await metadata()).toEqual({ RelationType: 'layer2', Speed: 10, Cable: 'blue' });
    await evictDurableObject(topologyOf(env));
    await probe.sync(nodes, [link]);
    expect(await metadata()).toEqual({ RelationType: 'layer2', Cable: 'blue' });
    await probe.sync(nodes);
    await probe.sync(nodes, [link]);
    expect(await metadata()).toEqual({ RelationType: 'layer2' });
    expect((await topologyOf(env).status()).overlaidEdges).toBe(0);
    probe.close();
  });

  test('may not be more than fits over a node', async () => {
    const probe = await connectGraphProbe('h1');
    await probe.sync([eth0()]);
    const value = 'x'.repeat(limits.overlayBytesMax);
    expectRefusal(
      await patch('/api/node/eth0', { op: 'add', path: '/Metadata/A', value }),
      400,
      /larger than/,
    );
    probe.close();
  });

  test('an edge may join nodes of probes, and goes with either', async () => {
    const [one, two] = [await connectGraphProbe('h1'), await connectGraphProbe('h2')];
    await one.sync([eth0()]);
    await two.sync([node('h2', 'eth1', { Name: 'eth1', Type: 'device' })]);
    read(await createEdge('cable', 'eth0', 'eth1'), 201) as NodeJson;
    await one.sync(
      [eth0(), node('h1', 'br0', { Name: 'br0', Type: 'bridge' })],
      [edge('h1', 'br0', 'eth0', 'layer2')],
    );
    expect(await query("G.V().Has('Name','br0').Out().Out().Values('Name')")).toEqual(['eth1']);
    await two.sync([]);
    expect((await get('/api/edge/cable')).status).toBe(404);
    one.close();
    two.close();
  });
});
