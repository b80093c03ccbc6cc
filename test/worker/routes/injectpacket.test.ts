/**
 * `/api/injectpacket`: cases R60 to R62 of the REST reference notes and the recorded scenario of release 0.28.0, against
 * a graph like that of the recordings; what the probe is told and what its reports become.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { evictDurableObject, reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { createInjectionReport, InjectionState } from '../../../proto/gen/probe.ts';
import type { InjectionSpec } from '../../../core/injection/injection.ts';
import { limits } from '../../../core/limits.ts';
import { pcapHeader, pcapRecord } from '../../../core/packet/pcap-file.ts';
import { toBase64 } from '../../../core/wire/go-json.ts';
import { registryOf, topologyOf } from '../../../worker/objects/stubs.ts';
import { connectGraphProbe, edge, node, type GraphProbe } from '../graph-probe.ts';
import { connect } from '../objects/graph-client.ts';
import { call, expectRefusal, get, post, type Reply } from '../http.ts';

const SRC = "G.V().Has('Name','vm1').Out().Has('Name','eth0')";
const DST = "G.V().Has('Name','vm2').Out().Has('Name','eth0')";
const NODES = [
  node('skyref', 'vm1', { Name: 'vm1', Type: 'netns', TID: 'tid-vm1' }),
  node('skyref', 'vm2', { Name: 'vm2', Type: 'netns', TID: 'tid-vm2' }),
  ...[1, 2].map((i) =>
    node('skyref', `eth0-${i}`, {
      Name: 'eth0',
      Type: 'veth',
      TID: `tid-eth0-${i}`,
      EncapType: 'ether',
      MAC: `02:00:00:00:02:0${i}`,
      IPV4: [`10.50.0.${i}/24`],
      IPV6: [`fd00:50::${i}/64`],
    }),
  ),
];
const EDGES = [1, 2].map((i) => edge('skyref', `vm${i}`, `eth0-${i}`, 'ownership'));
const RECORDED = { Src: SRC, Dst: DST, Type: 'icmp4', Count: 3, Interval: 100, ICMPID: 77, Payload: 'hello' };

let probe: GraphProbe;
beforeEach(async () => {
  await reset();
  probe = await connectGraphProbe('skyref');
  await probe.sync(NODES, EDGES);
});

const create = async (members: object, headers?: Record<string, string>) =>
  post('/api/injectpacket', members, headers);
function idIn(reply: Reply): string {
  expect(reply.status).toBe(201);
  return (JSON.parse(reply.text) as { UUID: string }).UUID;
}
async function shown(id: string): Promise<Record<string, unknown>> {
  return JSON.parse((await get(`/api/injectpacket/${id}`)).text) as Record<string, unknown>;
}
async function ordered(): Promise<{ nodeId: string; spec: InjectionSpec }> {
  const order = await probe.next('inject');
  return { nodeId: order.node_id, spec: JSON.parse(order.injection) as InjectionSpec };
}
/** Reports go through Topology to the Registry; each step is awaited by asking until it shows. */
async function until(id: string, state: string): Promise<Record<string, unknown>> {
  for (;;) {
    const one = await shown(id);
    if (one['State'] === state) return one;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('POST /api/injectpacket', () => {
  test('answers 201 as recorded, and tells the probe what to send', async () => {
    const reply = await create(RECORDED);
    const id = idIn(reply);
    expect(reply.text).toBe(
      `{"Src":"${SRC}","Dst":"${DST}","SrcIP":"","DstIP":"","SrcMAC":"","DstMAC":"","SrcPort":0,"DstPort":0,` +
        `"Type":"icmp4","Payload":"hello","ICMPID":77,"Count":3,"Interval":100,"Mode":"","IncrementPayload":0,` +
        `"StartTime":"0001-01-01T00:00:00Z","Pcap":null,"TTL":0,"UUID":"${id}"}`,
    );
    expect(await ordered()).toEqual({
      nodeId: 'eth0-1',
      spec: {
        UUID: id,
        SrcIP: '10.50.0.1',
        DstIP: '10.50.0.2',
        SrcMAC: '02:00:00:00:02:01',
        DstMAC: '02:00:00:00:02:02',
        SrcPort: 0,
        DstPort: 0,
        Type: 'icmp4',
        Payload: 'hello',
        ICMPID: 77,
        Count: 3,
        Interval: 100,
        Mode: '',
        IncrementPayload: 0,
        Pcap: null,
        TTL: 0,
      },
    });
    expect(await shown(id)).toMatchObject({ State: 'pending', PacketCount: 0 });
  });

  test('sends from every node that matches, each with an id of its own', async () => {
    idIn(await create({ ...RECORDED, Src: "G.V().Has('Name','eth0')" }));
    const orders = [await ordered(), await ordered()];
    expect(orders.map(({ nodeId, spec }) => [nodeId, spec.SrcIP, spec.ICMPID])).toEqual([
      ['eth0-1', '10.50.0.1', 77],
      ['eth0-2', '10.50.0.2', 78],
    ]);
  });

  test.each([
    ['R60 type', { ...RECORDED, Type: 'foo' }, 'given type is not supported'],
    ['no type', { Src: SRC, Dst: DST }, 'given type is not supported'],
    ['R60 mode', { ...RECORDED, Mode: 'x' }, 'given mode is not supported'],
    ['empty', {}, 'given type is not supported'],
    ['R62', { ...RECORDED, DstIP: 'bad' }, 'DstIP: Not a IP or CIDR address'],
    ['source address', { ...RECORDED, SrcIP: 'x' }, 'SrcIP: Not a IP or CIDR address'],
    ['MAC', { ...RECORDED, SrcMAC: 'x' }, 'SrcMAC: Not a MAC address'],
    ['no source', { ...RECORDED, Src: '' }, "Not able to find a source node for ''"],
    [
      'R61',
      { ...RECORDED, Src: "G.V().Has('Name','nosuch')" },
      "Not able to find a source node for 'G.V().Has('Name','nosuch')'",
    ],
    ['source that does not parse', { ...RECORDED, Src: 'G.V(' }, "Not able to find a source node for 'G.V('"],
    [
      'source that yields no nodes',
      { ...RECORDED, Src: 'G.E()' },
      "Not able to find a source node for 'G.E()'",
    ],
    ['no destination', { ...RECORDED, Dst: '' }, 'No destination node and IP'],
    ['no source address', { ...RECORDED, Src: "G.V('vm1')" }, 'No source IP in node'],
    ['no destination address', { ...RECORDED, Dst: "G.V('vm2')" }, 'No destination IP in node'],
    ['no way', { ...RECORDED, Dst: '', DstIP: '10.50.0.99' }, 'Failed to resolve destination MAC address'],
  ])('refuses %s', async (_name, members, text) => {
    expectRefusal(await create(members), 400, text);
    expect(JSON.parse((await get('/api/injectpacket')).text)).toEqual({});
  });

  test.each([
    { ...RECORDED, Dst: '', DstIP: '10.50.0.2', DstMAC: '02:00:00:00:02:02' },
    { ...RECORDED, SrcIP: '10.50.0.1/24' },
    { ...RECORDED, Count: 0 },
    { ...RECORDED, Type: 'tcp4', SrcPort: 1111, DstPort: 2222 },
    { ...RECORDED, Type: 'udp6', SrcPort: 1111, DstPort: 2222 },
    { ...RECORDED, Type: 'icmp6' },
    { ...RECORDED, Mode: 'random' },
  ])('takes %j, as recorded', async (members) => {
    idIn(await create(members));
  });

  test('refuses a port that is none before anything else', async () => {
    expectRefusal(
      await create({ ...RECORDED, Type: 'tcp4', SrcPort: 99_999 }),
      400,
      /^parse error: strconv\.ParseUint: parsing "99999": value out of range/,
    );
  });

  test('sends one capture file to many nodes, and keeps no more of them than can be listed', async () => {
    const many = Array.from({ length: 40 }, (_, i) =>
      node('skyref', `n${i}`, { Name: `n${i}`, Type: 'veth', TID: `t${i}`, EncapType: 'ether' }),
    );
    await probe.sync(many);
    // 24 bytes of head and packets of zeros; about 700 kB as base64.
    const packet = { bytes: new Uint8Array(60_000), wireLength: 60_000, timeMs: 0, subMsNs: 0 };
    const file = [pcapHeader(1), ...Array.from({ length: 9 }, () => pcapRecord(packet))];
    const bytes = new Uint8Array(file.reduce((sum, piece) => sum + piece.length, 0));
    file.reduce((at, piece) => (bytes.set(piece, at), at + piece.length), 0);
    const members = { Src: "G.V().Has('Type','veth')", Type: 'udp4', Pcap: toBase64(bytes) };
    idIn(await create(members));
    for (const { id } of many.map(({ ID }) => ({ id: ID }))) expect((await ordered()).nodeId).toBe(id);

    const single = { ...members, Src: "G.V('n0')" };
    const kept = Math.floor(limits.resourceCharsMax / (members.Pcap.length + 1_000));
    for (let i = 1; i < kept; i++) idIn(await create(single));
    const refused = await create(single);
    expectRefusal(refused, 507, /^the injections that are kept have 16777216 characters/);
    expect(Object.keys(JSON.parse((await get('/api/injectpacket')).text) as object)).toHaveLength(kept);
  });

  test('says so when the probe is gone or too old', async () => {
    probe.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const id = idIn(await create(RECORDED));
    expect(await until(id, 'error')).toMatchObject({
      Error: 'node eth0-1 of skyref: the probe of skyref is not connected',
    });
  });
});

describe('an injection', () => {
  test('shows what its probe reports', async () => {
    const id = idIn(await create(RECORDED));
    await ordered();
    const report = (state: InjectionState, packets: number, error = '') =>
      probe.injected(createInjectionReport({ uuid: id, node_id: 'eth0-1', state, packets, error }));
    report(InjectionState.INJECTION_ACTIVE, 1);
    expect(await until(id, 'active')).toMatchObject({ PacketCount: 1 });
    report(InjectionState.INJECTION_DONE, 3);
    expect(await until(id, 'done')).toMatchObject({ PacketCount: 3 });
    const listed = JSON.parse((await get('/api/injectpacket')).text) as Record<string, object>;
    expect(listed[id]).toMatchObject({ State: 'done', Count: 3 });
  });

  test('is followed although Topology and Registry lost their memory meanwhile', async () => {
    const id = idIn(await create(RECORDED));
    await ordered();
    await evictDurableObject(topologyOf(env));
    await evictDurableObject(registryOf(env));
    probe.injected(
      createInjectionReport({
        uuid: id,
        node_id: 'eth0-1',
        state: InjectionState.INJECTION_FAILED,
        packets: 2,
        error: 'sendto(60 bytes): ENETDOWN',
      }),
    );
    expect(await until(id, 'error')).toMatchObject({
      PacketCount: 2,
      Error: 'node eth0-1 of skyref: sendto(60 bytes): ENETDOWN',
    });
  });

  test('cannot be reported by the probe of another host', async () => {
    const id = idIn(await create(RECORDED));
    const other = await connectGraphProbe('other');
    const report = { uuid: id, node_id: 'eth0-1', state: InjectionState.INJECTION_DONE, packets: 9 };
    other.injected(createInjectionReport(report));
    probe.injected(createInjectionReport({ ...report, state: InjectionState.INJECTION_ACTIVE, packets: 1 }));
    expect(await until(id, 'active')).toMatchObject({ PacketCount: 1 });
    other.close();
  });

  test('is ended on the probe when it is deleted', async () => {
    const id = idIn(await create(RECORDED));
    const deleted = await call('DELETE', `/api/injectpacket/${id}`);
    expect([deleted.status, deleted.text]).toEqual([200, '']);
    expect((await probe.next('stop_injections')).uuids).toEqual([id]);
    expectRefusal(await call('DELETE', `/api/injectpacket/${id}`), 404, `Injectpacket '${id}' not found`);
    expectRefusal(await get('/api/injectpacket/nosuch'), 404, "Injectpacket 'nosuch' not found");
  });

  test('is ended on the probe when its time is over', async () => {
    const id = idIn(await create(RECORDED, { 'X-Resource-TTL': '50ms' }));
    expect((await probe.next('stop_injections')).uuids).toEqual([id]);
    expect((await get(`/api/injectpacket/${id}`)).status).toBe(404);
  });

  test('is told to subscribers: made, begun, done, deleted', async () => {
    const NAMESPACE = 'OnDemandPacketInjectionNotification';
    const subscriber = await connect('subscriber', { 'X-Websocket-Namespace': NAMESPACE });
    const id = idIn(await create(RECORDED));
    await ordered();
    const report = (state: InjectionState, packets: number) =>
      probe.injected(createInjectionReport({ uuid: id, node_id: 'eth0-1', state, packets, error: '' }));
    report(InjectionState.INJECTION_ACTIVE, 1);
    report(InjectionState.INJECTION_ACTIVE, 2);
    report(InjectionState.INJECTION_DONE, 3);
    await until(id, 'done');
    await call('DELETE', `/api/injectpacket/${id}`);
    for (const type of ['Added', 'NodeUpdated', 'NodeUpdated', 'Deleted']) {
      const told = await subscriber.next();
      expect([told.Namespace, told.Type]).toEqual([NAMESPACE, type]);
      expect(told.Obj).toMatchObject({ UUID: id, Src: SRC, ICMPID: 77 });
    }
    expect(await subscriber.rest()).toEqual([]);
  });

  test('cannot be changed', async () => {
    const id = idIn(await create(RECORDED));
    expectRefusal(
      await call('PATCH', `/api/injectpacket/${id}`, { body: '[]' }),
      400,
      'updating resource with patched version: resource not updatable',
    );
  });
});
