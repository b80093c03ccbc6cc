/** `/api/pcap` (R67 of the reference notes): what is taken, what is kept of it, what is refused. */
import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { limits, timings } from '../../../core/limits.ts';
import { PcapReader, pcapHeader, pcapRecord, type PcapPacket } from '../../../core/packet/pcap-file.ts';
import { shardForFiles, shardForHost } from '../../../worker/objects/stubs.ts';
import { ethernet, hex, ipv4, join, tcp, udp } from '../../core/packet/frames.ts';
import { call, expectRefusal, get, post, type Reply } from '../http.ts';
import { connectProbe, subscribe, testFlow } from '../objects/socket-client.ts';

const START_MS = 1_700_000_000_000;

function frameOf(flow: number, payload = 4): Uint8Array {
  const source = `10.${flow >> 16}.${(flow >> 8) & 255}.${flow & 255}`;
  return ethernet(0x0800, ipv4(17, udp(1000, 2000, new Uint8Array(payload)), { source }));
}

function fileOf(frames: readonly Uint8Array[]): Uint8Array {
  const records = frames.map((bytes, i) =>
    pcapRecord({ bytes, wireLength: bytes.length, timeMs: START_MS + i, subMsNs: 0 }),
  );
  return join(pcapHeader(1), ...records);
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = new Response(bytes as Uint8Array<ArrayBuffer>).body!.pipeThrough(
    new CompressionStream('gzip'),
  );
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

const upload = (body: Uint8Array | string, query = ''): Promise<Reply> =>
  call('POST', `/api/pcap${query}`, { body: body as BodyInit });

interface Counts {
  readonly packets: number;
  readonly flows: number;
  readonly flowsEvicted: number;
  readonly truncated: boolean;
  readonly note: string;
}
async function accepted(body: Uint8Array | string, query = ''): Promise<Counts> {
  const reply = await upload(body, query);
  expect(reply.status, reply.text).toBe(202);
  expect(reply.headers.get('Content-Type')).toBe('application/json; charset=UTF-8');
  return JSON.parse(reply.text) as Counts;
}

async function query<T = Record<string, unknown>[]>(gremlin: string): Promise<T> {
  const reply = await post('/api/topology', { GremlinQuery: gremlin });
  expect(reply.status, reply.text).toBe(200);
  return JSON.parse(reply.text) as T;
}

async function askForPackets(
  gremlin: string,
): Promise<{ status: number; headers: Headers; bytes: Uint8Array }> {
  const answer = await exports.default.fetch('http://localhost/api/topology', {
    method: 'POST',
    headers: { Accept: 'application/vnd.tcpdump.pcap' },
    body: JSON.stringify({ GremlinQuery: gremlin }),
  });
  return {
    status: answer.status,
    headers: answer.headers,
    bytes: new Uint8Array(await answer.arrayBuffer()),
  };
}

function packetsOf(file: Uint8Array): PcapPacket[] {
  const packets: PcapPacket[] = [];
  for (const packet of new PcapReader().push(file)) packets.push({ ...packet, bytes: packet.bytes.slice() });
  return packets;
}

const three = fileOf([frameOf(1), frameOf(2), frameOf(1)]);

beforeEach(async () => {
  await reset();
});

describe('POST /api/pcap', () => {
  test('answers 202 with counts, and the flows are there to ask for (R67)', async () => {
    expect(await accepted(three)).toEqual({
      packets: 3,
      packetsIgnored: 0,
      bytes: three.length,
      flows: 2,
      flowsEvicted: 0,
      truncated: false,
      note: '',
    });
    const [flow] = await query("G.Flows().Has('Network.A', '10.0.0.1')");
    expect(flow).toMatchObject({ LayersPath: 'Ethernet/IPv4/UDP', Start: START_MS, Last: START_MS + 2 });
    expect(flow).toMatchObject({ Metric: { ABPackets: 2, Start: START_MS, Last: START_MS + 2 } });
    // No tick has come over the file's flows, and they belong to no node and no capture.
    for (const member of ['LastUpdateMetric', 'NodeTID', 'CaptureID', 'FinishType'])
      expect(flow).not.toHaveProperty(member);
  });

  test('replaces the flows of a file that is sent again', async () => {
    await accepted(three);
    await accepted(three);
    expect(await query('G.Flows().Count()')).toBe(2);
    expect(await query("G.Flows().Sum('Metric.ABPackets')")).toBe(3);
  });

  test('sends each flow to subscribers once, with all it has as its growth', async () => {
    const subscriber = await subscribe('s1');
    await accepted(three);
    const frames = (await subscriber.rest()).map(
      (frame) =>
        JSON.parse(frame as string) as { Type: string; Obj: { LastUpdateMetric: object; Metric: object }[] },
    );
    const flows = frames.filter(({ Type }) => Type === 'store').flatMap(({ Obj }) => Obj);
    expect(flows).toHaveLength(2);
    for (const flow of flows) expect(flow.LastUpdateMetric).toEqual(flow.Metric);
    subscriber.close();
  });

  test('keeps the flows over an eviction, over the grace of lost probes, and until they have been idle too long', async () => {
    await accepted(three);
    await evictDurableObject(shardForFiles(env));
    const [before] = await query("G.Flows().Has('Network.A', '10.0.0.2')");
    expect(before).not.toHaveProperty('LastUpdateMetric');
    expect(
      await runInDurableObject(shardForFiles(env), (_object, { storage }) =>
        storage.sql.exec('SELECT * FROM gone').toArray(),
      ),
    ).toEqual([]);
    const idleMs = timings.flowForgottenMs + 1_000;
    await runInDurableObject(shardForFiles(env), (_object, { storage }) => {
      storage.sql.exec(`UPDATE log SET at_ms = at_ms - ${idleMs}`);
    });
    await evictDurableObject(shardForFiles(env));
    await shardForFiles(env).status();
    await runDurableObjectAlarm(shardForFiles(env));
    expect(await query('G.Flows().Count()')).toBe(0);
  });

  test('stores flows in the shard that holds what probes read from files', async () => {
    await accepted(three);
    const probe = await connectProbe('flow', 'pcap:1@h1');
    const [shown] = (await query('G.Flows()')) as unknown as [{ UUID: string }];
    probe.batch(1, [testFlow('other'), testFlow(shown.UUID, { CaptureID: '' })]);
    await probe.acked(1);
    probe.tell({ goodbye: { reason: 'files read' } });
    await probe.closed();
    expect((await shardForHost(env, 'pcap:1@h1').status()).liveFlows).toBe(3);
  });

  test('takes more flows than it keeps in memory', async () => {
    const count = limits.pcapFlowsWithExtrasMax + 1_000;
    const file = fileOf(Array.from({ length: count }, (_, i) => frameOf(i)));
    const counts = await accepted(file, '?ExtraTCPMetric=true');
    expect(counts.flowsEvicted).toBeGreaterThan(0);
    expect(counts).toMatchObject({ packets: count, flows: count, truncated: false });
    expect(await query('G.Flows().Count()')).toBe(count);
  });

  test('reads several files at the same time', async () => {
    const files = Array.from({ length: 3 * limits.pcapUploadsMax }, (_, i) => fileOf([frameOf(i)]));
    await Promise.all(files.map((file) => accepted(file)));
    expect(await query('G.Flows().Count()')).toBe(files.length);
  });

  test('counts what it read in the status', async () => {
    await accepted(three);
    await accepted(three.subarray(0, three.length - 1));
    const { Edgedive } = JSON.parse((await get('/api/status')).text) as {
      Edgedive: { FlowShards: { counters: Record<string, number> }[] };
    };
    expect(Edgedive.FlowShards[0]!.counters).toMatchObject({
      files: 2,
      filesCut: 1,
      filePackets: 5,
      fileBytes: 2 * three.length - 1,
      fileFlows: 4,
    });
  });
});

describe('the body of POST /api/pcap', () => {
  test.each([
    ['nothing', '', 'EOF'],
    ['another text', 'hello world, this is not a pcap file', 'Unknown magic 6c6c6568'],
    ['half a head', three.subarray(0, 20), 'unexpected EOF'],
    ['zeros that begin like pcapng', join(hex('0a0d0d0a'), new Uint8Array(60)), 'Unknown magic a0d0d0a'],
  ])('is refused when it is %s (R67)', async (_what, body, text) => {
    expectRefusal(await upload(body), 400, text);
    expect(await query('G.Flows().Count()')).toBe(0);
  });

  test('may end inside a packet: what came before is kept, and the answer says so', async () => {
    const counts = await accepted(three.subarray(0, three.length - 10));
    expect(counts).toMatchObject({
      packets: 2,
      flows: 2,
      truncated: true,
      note: 'the file ends inside a packet',
    });
  });

  test('may be gzip, whatever the headers say', async () => {
    const packed = await gzip(three);
    expect(await accepted(packed)).toMatchObject({ packets: 3, bytes: three.length, truncated: false });
  });

  test('may be gzip that is cut: what unpacks is kept', async () => {
    // Random payloads, so that the packed file is long.
    const frames = Array.from({ length: 300 }, (_, i) => {
      const frame = frameOf(i, 1000);
      crypto.getRandomValues(frame.subarray(60));
      return frame;
    });
    const packed = await gzip(fileOf(frames));
    const counts = await accepted(packed.subarray(0, packed.length >> 1));
    expect(counts.truncated).toBe(true);
    expect(counts.note).toMatch(/^(gzip: .+|the file ends inside a packet)$/);
    expect(counts.packets).toBeGreaterThan(50);
    expect(counts.packets).toBeLessThan(200);
    expect(await query('G.Flows().Count()')).toBe(counts.packets);
  });

  test('is refused when it is gzip that does not unpack to a head', async () => {
    const broken = Uint8Array.of(0x1f, 0x8b, ...new Uint8Array(40).fill(0xff));
    expectRefusal(await upload(broken), 400, /^gzip: /);
  });

  test('is refused with 413 when it unpacks to far more than it is', async () => {
    const record = pcapRecord({
      bytes: new Uint8Array(1_000_000),
      wireLength: 60,
      timeMs: START_MS,
      subMsNs: 0,
    });
    let left = 80;
    const file = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(pcapHeader(1)),
      pull(controller) {
        controller.enqueue(record.slice());
        if (--left === 0) controller.close();
      },
    });
    const packed = new Uint8Array(
      await new Response(file.pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
    );
    expect(packed.length).toBeLessThan(1_000_000);
    expectRefusal(
      await upload(packed),
      413,
      `capture file unpacks to more than ${limits.pcapExpansionMax} times its size`,
    );
  });
});

describe('options of POST /api/pcap', () => {
  const connection = fileOf([
    ethernet(0x0800, ipv4(6, tcp({ flags: 2 }))),
    ethernet(0x0800, ipv4(6, tcp({ flags: 0x10 }))),
  ]);

  test('are the members of captures that have the same names, in any case of letters', async () => {
    await accepted(connection, '?ExtraTCPMetric=true&rawPacketLimit=1&layerkeymode=L3');
    const [flow] = await query('G.Flows()');
    expect(flow).toMatchObject({ RawPacketsCaptured: 1, TCPMetric: { ABSynStart: START_MS } });
    expect(flow!['TrackingID']).toBe(flow!['L3TrackingID']);
  });

  test('are off unless asked for', async () => {
    await accepted(connection, '?ExtraTCPMetric=0&other=1');
    const [flow] = await query('G.Flows()');
    expect(flow).not.toHaveProperty('TCPMetric');
    expect(flow!['TrackingID']).not.toBe(flow!['L3TrackingID']);
  });

  test.each([
    ['?RawPacketLimit=11', 'RawPacketLimit: A valid raw packet limit size is > 0 && <= 10'],
    ['?LayerKeyMode=L4', 'LayerKeyMode: Not a valid layer key mode'],
    ['?RawPacketLimit=many', 'parse error: expected number for member RawPacketLimit'],
    ['?IPDefrag=perhaps', 'parse error: expected bool for member IPDefrag'],
    ['?LinkType=-1', 'LinkType: A valid link type is >= 0 && <= 65535'],
  ])('%s is refused', async (options, text) => {
    expectRefusal(await upload(connection, options), 400, text);
  });

  test('RawPacketLimit brings packets back as a capture file (R16)', async () => {
    await accepted(connection, '?RawPacketLimit=2');
    const { headers, bytes } = await askForPackets('G.Flows().RawPackets()');
    expect(headers.get('Content-Type')).toBe('application/vnd.tcpdump.pcap');
    // R16: the classic form with snap length 4096; here with the packets' own lengths.
    expect(bytes.subarray(0, 8)).toEqual(hex('d4c3b2a1 02000400'));
    const view = new DataView(bytes.buffer);
    expect([view.getUint32(16, true), view.getUint32(20, true)]).toEqual([4096, 1]);
    expect(packetsOf(bytes)).toEqual(packetsOf(connection));
  });

  test('packets of one other link type come back as a file of that type, of several as pcapng', async () => {
    const bare = join(pcapHeader(101), fileOf([ipv4(6, tcp({ flags: 2 })), ipv4(6, tcp())]).subarray(24));
    await accepted(bare, '?RawPacketLimit=2');
    const { bytes } = await askForPackets('G.Flows().RawPackets()');
    expect(new DataView(bytes.buffer).getUint32(20, true)).toBe(228);
    expect(packetsOf(bytes).map(({ bytes: data }) => data)).toEqual(
      packetsOf(bare).map(({ bytes: data }) => data),
    );

    await accepted(connection, '?RawPacketLimit=2');
    const both = (await askForPackets('G.Flows().RawPackets()')).bytes;
    expect(both.subarray(0, 4)).toEqual(hex('0a0d0d0a'));
    const expected = [...packetsOf(bytes), ...packetsOf(connection)];
    expect(packetsOf(both)).toHaveLength(4);
    expect(packetsOf(both)).toEqual(expect.arrayContaining(expected));
  });

  test('no packets are no bytes', async () => {
    await accepted(connection);
    const { status, bytes } = await askForPackets('G.Flows().RawPackets()');
    expect([status, bytes.length]).toEqual([200, 0]);
  });
});

describe('other methods on /api/pcap', () => {
  test.each(['GET', 'PUT', 'DELETE'])('%s is 405', async (method) => {
    const reply = await call(method, '/api/pcap');
    expect(reply.status).toBe(405);
    expect(reply.headers.get('Allow')).toBe('POST, OPTIONS');
  });

  test('a Content-Length above the limit is refused unread', async () => {
    const headers = { 'Content-Length': String(limits.pcapBytesMax + 1) };
    expectRefusal(
      await call('POST', '/api/pcap', { body: three as BodyInit, headers }),
      413,
      `capture file is larger than ${limits.pcapBytesMax} bytes`,
    );
  });
});
