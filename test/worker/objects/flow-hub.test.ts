/** The FlowHub object and `/ws/subscriber/flow`: who gets what, in which spelling, and who is let go. */
import { evictDurableObject, reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { limits, timings } from '../../../core/limits.ts';
import { decodeStructMessage, type StructMessage } from '../../../proto/gen/envelope.ts';
import { decodeMessage, decodeStats, type Flow } from '../../../proto/gen/flow.ts';
import { handOver } from '../../../worker/objects/handover.ts';
import { hubFor, shardForHost } from '../../../worker/objects/stubs.ts';
import {
  connectProbe,
  subscribe,
  testFlow,
  upgrade,
  type ProbeClient,
  type SubscriberClient,
} from './socket-client.ts';

interface Message {
  readonly Namespace: string;
  readonly Type: string;
  readonly UUID: string;
  readonly Status: number;
  readonly Obj: unknown;
}

const hub = () => hubFor(env, 'any');
const counters = async () => (await hub().status()).counters;

async function nextJson(client: SubscriberClient): Promise<Message> {
  const frame = await client.next();
  expect(frame).toBeTypeOf('string');
  return JSON.parse(frame as string) as Message;
}

async function nextStruct(client: SubscriberClient): Promise<StructMessage> {
  const frame = await client.next();
  expect(frame).toBeInstanceOf(ArrayBuffer);
  return decodeStructMessage(new Uint8Array(frame as ArrayBuffer));
}

async function restJson(client: SubscriberClient): Promise<Message[]> {
  return (await client.rest()).map((frame) => JSON.parse(frame as string) as Message);
}

const uuidsOf = (message: Message): string[] => (message.Obj as Flow[]).map(({ UUID }) => UUID);
const stats = {
  CaptureID: 'c1',
  FlowCount: 2,
  FlowDropped: 0,
  KernelFlowDropped: 0,
  PacketsDropped: 0,
  PacketsReceived: 52,
};

let probe: ProbeClient;
let sequence = 0;
async function send(flows: readonly Flow[], more: Parameters<ProbeClient['batch']>[2] = {}): Promise<void> {
  sequence++;
  probe.batch(sequence, flows, more);
  await probe.acked(sequence);
}

beforeEach(async () => {
  await reset();
  sequence = 0;
  probe = await connectProbe('flow', 'h1');
});

describe('upgrade', () => {
  test('is answered 101 with host and service, no subprotocol, no extension', async () => {
    const response = await upgrade('/ws/subscriber/flow', {
      'X-Client-Type': 'test',
      'Sec-WebSocket-Protocol': 'chat',
      'Sec-WebSocket-Extensions': 'permessage-deflate',
    });
    expect(response.status).toBe(101);
    expect(response.headers.get('X-Host-ID')).toBe('edgedive');
    expect(response.headers.get('X-Service-Type')).toBe('analyzer');
    expect(response.headers.get('Sec-WebSocket-Protocol')).toBeNull();
    response.webSocket?.accept();
  });

  test.each<[string, Record<string, string>, number, string]>([
    ['a plain request', { Upgrade: '', 'X-Client-Type': 't' }, 426, ''],
    ['no X-Client-Type', {}, 400, 'X-Client-Type header not provided\n'],
    ['protocol xml', { 'X-Client-Type': 't', 'X-Client-Protocol': 'xml' }, 400, 'xml'],
    ['protocol in capitals', { 'X-Client-Type': 't', 'X-Client-Protocol': 'JSON' }, 400, 'JSON'],
    ['protobuf flows over JSON', { 'X-Client-Type': 't', 'X-Flow-Format': 'protobuf' }, 400, 'X-Flow-Format'],
    [
      'a filter that does not parse',
      { 'X-Client-Type': 't', 'X-Gremlin-Filter': 'foo' },
      400,
      "Invalid Gremlin filter 'foo'",
    ],
    [
      'a filter without flows',
      { 'X-Client-Type': 't', 'X-Gremlin-Filter': 'G.V()' },
      400,
      'does not return flows',
    ],
    [
      'too many namespaces',
      {
        'X-Client-Type': 't',
        'X-Websocket-Namespace': Array.from({ length: 40 }, (_, n) => `flow/${n}`).join(),
      },
      400,
      'namespaces',
    ],
  ])('refuses %s', async (_what, headers, status, text) => {
    const response = await upgrade('/ws/subscriber/flow', headers);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(text);
  });

  test('takes everything from query parameters too', async () => {
    const response = await upgrade(
      '/ws/subscriber/flow?x-client-type=webui&x-host-id=q&x-websocket-namespace=stats&x-websocket-namespace=flow%2Fc1',
      {},
    );
    expect(response.status).toBe(101);
    response.webSocket?.accept();
    expect((await hub().status()).subscribers).toMatchObject([{ hostId: 'q', clientType: 'webui' }]);
  });

  test('with a host id that is connected closes the older with 1001', async () => {
    const older = await subscribe('s1');
    await subscribe('s1');
    expect((await older.closed()).code).toBe(1001);
    expect((await hub().status()).subscribers).toHaveLength(1);
  });
});

describe('a host id that is taken', () => {
  const join = (principal: string): Promise<Response> =>
    hub().fetch(
      handOver(
        new Request('http://localhost/ws/subscriber/flow', {
          headers: { Upgrade: 'websocket', 'X-Host-ID': 's1', 'X-Client-Type': 't' },
        }),
        { principal, address: '', connection: '' },
      ),
    );

  test('is refused with 409 for another credential and replaced for the same', async () => {
    const first = await join('alice');
    expect(first.status).toBe(101);
    first.webSocket?.accept();
    expect((await join('bob')).status).toBe(409);
    const again = await join('alice');
    expect(again.status).toBe(101);
    again.webSocket?.accept();
    expect(await counters()).toMatchObject({ subscribersRefused: 1, subscribersReplaced: 1 });
  });
});

describe('stream', () => {
  test('JSON: an envelope of type store with the flows as in REST', async () => {
    const client = await subscribe('s1');
    await send([testFlow('a', { Start: 1, Last: 2 })]);
    const message = await nextJson(client);
    expect(Object.keys(message)).toEqual(['Namespace', 'Type', 'UUID', 'Status', 'Obj']);
    expect(message).toMatchObject({ Namespace: 'flow', Type: 'store', Status: 200 });
    expect(message.Obj).toEqual([
      {
        UUID: 'a',
        LayersPath: 'Ethernet/IPv4/UDP',
        Application: 'UDP',
        Start: 1,
        Last: 2,
        TrackingID: 't-a',
        ParentUUID: '',
        NodeTID: 'tid',
        CaptureID: 'c1',
        RawPacketsCaptured: 0,
      },
    ]);
  });

  test('protobuf: the same JSON array in a binary envelope; statistics as protobuf, told by Format (W51)', async () => {
    const client = await subscribe('s1', { 'X-Client-Protocol': 'protobuf' });
    await send([testFlow('a')], { stats: [stats] });
    const flows = await nextStruct(client);
    expect(flows).toMatchObject({ Namespace: 'flow', Type: 'store', Status: 200, Format: 0 });
    expect((JSON.parse(new TextDecoder().decode(flows.Obj)) as Flow[]).map(({ UUID }) => UUID)).toEqual([
      'a',
    ]);
    const told = await nextStruct(client);
    expect(told).toMatchObject({ Namespace: 'stats', Type: 'stats', Format: 1 });
    expect(decodeStats(told.Obj)).toEqual(stats);
  });

  test('X-Flow-Format: protobuf gives flow.Message with Format 1', async () => {
    const client = await subscribe('s1', { 'X-Client-Protocol': 'protobuf', 'X-Flow-Format': 'protobuf' });
    const flow = testFlow('a');
    await send([flow]);
    const message = await nextStruct(client);
    expect(message).toMatchObject({ Namespace: 'flow', Type: 'store', Format: 1 });
    expect(decodeMessage(message.Obj).Flows).toEqual([flow]);
  });

  test('250 flows come as at most 100 a message, each once', async () => {
    const client = await subscribe('s1');
    await send(Array.from({ length: 250 }, (_, index) => testFlow(`f${index}`)));
    const messages = [await nextJson(client), await nextJson(client), await nextJson(client)];
    expect(messages.map((message) => uuidsOf(message).length)).toEqual([100, 100, 50]);
    expect(new Set(messages.flatMap(uuidsOf)).size).toBe(250);
    expect(await client.rest()).toEqual([]);
  });

  test('namespaces: all, one capture, another, both, and the default (W46, W47, W49)', async () => {
    const header = (value: string) => ({ 'X-Websocket-Namespace': value });
    const [all, x, z, both, byDefault, star, onlyStats] = await Promise.all([
      subscribe('all', header('flow')),
      subscribe('x', header('flow/X')),
      subscribe('z', header('flow/Z')),
      subscribe('both', header('flow, flow/X')),
      subscribe('default'),
      subscribe('star', header('*')),
      subscribe('stats', header('stats')),
    ]);
    await send([testFlow('a', { CaptureID: 'X' }), testFlow('b', { CaptureID: 'Y' })], { stats: [stats] });
    const seen = async (client: SubscriberClient): Promise<unknown[]> =>
      (await restJson(client)).map((message) => [
        message.Namespace,
        message.Type === 'store' ? uuidsOf(message) : message.Obj,
      ]);
    expect(await seen(all)).toEqual([['flow', ['a', 'b']]]);
    expect(await seen(x)).toEqual([['flow/X', ['a']]]);
    expect(await seen(z)).toEqual([]);
    expect(await seen(both)).toEqual([
      ['flow', ['a', 'b']],
      ['flow/X', ['a']],
    ]);
    expect(await seen(byDefault)).toEqual([
      ['flow', ['a', 'b']],
      ['stats', stats],
    ]);
    expect(await seen(star)).toEqual([
      ['flow', ['a', 'b']],
      ['stats', stats],
    ]);
    expect(await seen(onlyStats)).toEqual([['stats', stats]]);
  });

  test('a Gremlin filter lets through what it finds', async () => {
    const client = await subscribe('s1', {
      'X-Gremlin-Filter': "G.Flows().Has('Application', 'DNS')",
      'X-Websocket-Namespace': 'flow',
    });
    await send([testFlow('a'), testFlow('b', { Application: 'DNS' })]);
    expect(uuidsOf(await nextJson(client))).toEqual(['b']);
  });

  test('one that leaves takes nothing from the others; one that comes later gets what comes later (W48)', async () => {
    const [one, two] = await Promise.all([subscribe('one'), subscribe('two')]);
    await send([testFlow('a')]);
    await Promise.all([nextJson(one), nextJson(two)]);
    one.close();
    await expect.poll(async () => (await hub().status()).subscribers.length).toBe(1);
    await send([testFlow('b')]);
    expect(uuidsOf(await nextJson(two))).toEqual(['b']);
    two.close();
    await expect.poll(async () => (await hub().status()).subscribers.length).toBe(0);
    await send([testFlow('c')]);
    await send([testFlow('d')]);
    expect((await shardForHost(env, 'h1').status()).hubs).toMatchObject([{ idle: true }]);
    const three = await subscribe('three');
    await send([testFlow('e')]);
    expect(uuidsOf(await nextJson(three))).toEqual(['e']);
  });

  test('a batch that comes twice is streamed once', async () => {
    const client = await subscribe('s1');
    await send([testFlow('a')]);
    probe.batch(1, [testFlow('a')]);
    await probe.acked(1);
    expect(await restJson(client)).toHaveLength(1);
  });

  test('goes on after an eviction of hub and shard, with the same subscription', async () => {
    const client = await subscribe('s1', {
      'X-Client-Protocol': 'protobuf',
      'X-Websocket-Namespace': 'flow/c1',
    });
    await send([testFlow('a')]);
    await nextStruct(client);
    await evictDurableObject(hub());
    await evictDurableObject(shardForHost(env, 'h1'));
    await send([testFlow('b'), testFlow('c', { CaptureID: 'c2' })]);
    const message = await nextStruct(client);
    expect(message.Namespace).toBe('flow/c1');
    expect(new TextDecoder().decode(message.Obj)).toContain('"b"');
    expect(await client.rest()).toEqual([]);
  });
});

describe('a subscriber that does not read', () => {
  /** As a runtime that tells it says that so much of `slow` is unsent. */
  const unsent = (bytes: number): Promise<void> =>
    runInDurableObject(hub(), (_object, state) => {
      for (const socket of state.getWebSockets())
        if ((socket.deserializeAttachment() as { hostId: string }).hostId === 'slow')
          Object.defineProperty(socket, 'bufferedAmount', { value: bytes, configurable: true });
    });

  test('hears nothing more, then how much it missed, and goes on; others notice nothing', async () => {
    const [slow, other] = await Promise.all([subscribe('slow'), subscribe('other')]);
    await unsent(limits.subscriberHoldBytes + 1);
    await send([testFlow('a'), testFlow('b')]);
    await send([testFlow('c')]);
    expect(uuidsOf(await nextJson(other))).toEqual(['a', 'b']);
    expect(uuidsOf(await nextJson(other))).toEqual(['c']);
    // Not before it has read half of it.
    await unsent(limits.subscriberHoldBytes / 2 + 1);
    expect(await slow.rest()).toEqual([]);
    await unsent(0);
    const lost = await nextJson(slow);
    expect(lost).toMatchObject({ Namespace: 'flow', Type: 'lost', Status: 200, Obj: { Flows: 3 } });
    const { From, To } = lost.Obj as { From: number; To: number };
    expect([From <= To, To <= Date.now()]).toEqual([true, true]);
    await send([testFlow('d')]);
    expect(uuidsOf(await nextJson(slow))).toEqual(['d']);
    expect(await counters()).toMatchObject({ subscribersHeld: 1, flowsMissed: 3, subscribersTooSlow: 0 });
  });

  test('for long is closed with 1013 and counted', async () => {
    const slow = await subscribe('slow');
    await unsent(limits.subscriberHoldBytes + 1);
    await send([testFlow('a')]);
    await vi.waitFor(async () => expect((await counters()).subscribersHeld).toBe(1));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + timings.subscriberHeldMs + 1_000 });
    try {
      expect(await slow.closed()).toMatchObject({
        code: 1013,
        reason: expect.stringMatching(/unread/) as string,
      });
    } finally {
      vi.useRealTimers();
    }
    expect((await counters()).subscribersTooSlow).toBe(1);
    expect((await hub().status()).subscribers).toEqual([]);
  });
});

describe('frames from a subscriber', () => {
  test('with an id are answered 400 in the reply form, at a limited rate; others are ignored', async () => {
    const client = await subscribe('s1');
    client.send('{"Namespace":"Graph","Type":"SyncRequest","Obj":{}}');
    expect(await nextJson(client)).toMatchObject({ Namespace: 'Graph', Type: 'SyncReply', Status: 400 });
    client.send('{"namespace":"flow","type":"Hello","uuid":"u1"}');
    expect(await nextJson(client)).toMatchObject({
      Namespace: 'flow',
      Type: 'HelloReply',
      UUID: 'u1',
      Status: 400,
    });
    for (const text of ['not json', '{}', '[]', '{"Type":"NoId"}', '{"Status":"200","UUID":"x"}'])
      client.send(text);
    expect(await client.rest()).toEqual([]);
    for (let index = 0; index < 100; index++) client.send(`{"Type":"T","UUID":"${index}"}`);
    expect((await client.rest()).length).toBeLessThanOrEqual(limits.subscriberRepliesBurst + 2);
    await send([testFlow('a')]);
    expect(uuidsOf(await nextJson(client))).toEqual(['a']);
    expect((await counters()).framesIgnored).toBeGreaterThan(80);
  });

  test('that are too large close with 1009', async () => {
    const client = await subscribe('s1');
    client.send(new Uint8Array(limits.clientFrameBytesMax + 1));
    expect((await client.closed()).code).toBe(1009);
    expect((await counters()).framesTooLarge).toBe(1);
  });
});

describe('a subscriber that comes back', () => {
  const positionOf = (message: Message): string => {
    expect(message).toMatchObject({ Namespace: 'flow', Type: 'position', Status: 200 });
    return message.Obj as string;
  };
  const come = (resume: string, more: Record<string, string> = {}): Promise<SubscriberClient> =>
    subscribe('s1', { 'X-Flow-Resume': resume, 'X-Websocket-Namespace': 'flow', ...more });

  test('gets what it missed, once, and then what is new', async () => {
    const before = await come('now');
    positionOf(await nextJson(before));
    await send([testFlow('a')]);
    expect(uuidsOf(await nextJson(before))).toEqual(['a']);
    const position = positionOf(await nextJson(before));
    before.close();
    await vi.waitFor(async () => expect((await hub().status()).subscribers).toEqual([]));
    await send([testFlow('b'), testFlow('c')]);
    await send([testFlow('d')]);
    const again = await come(position);
    expect(uuidsOf(await nextJson(again))).toEqual(['b', 'c']);
    expect(uuidsOf(await nextJson(again))).toEqual(['d']);
    const caughtUp = positionOf(await nextJson(again));
    await send([testFlow('e')]);
    expect(uuidsOf(await nextJson(again))).toEqual(['e']);
    expect(positionOf(await nextJson(again))).not.toBe(caughtUp);
    expect(await again.rest()).toEqual([]);
    expect(await counters()).toMatchObject({ subscribersResumed: 1, subscribersResumedTooLate: 0 });
  });

  test('gets only what its filter lets through', async () => {
    const position = positionOf(await nextJson(await come('now')));
    await send([testFlow('a'), testFlow('b', { Application: 'TCP' })]);
    const again = await come(position, { 'X-Gremlin-Filter': "G.Flows().Has('Application', 'TCP')" });
    expect(uuidsOf(await nextJson(again))).toEqual(['b']);
  });

  test.each<[string, () => Promise<string>]>([
    ['another hub', () => Promise.resolve(`${crypto.randomUUID()}.3.1700000000000`)],
    [
      'a hub that has been away since',
      async () => {
        const position = positionOf(await nextJson(await come('now')));
        await evictDurableObject(hub());
        return position;
      },
    ],
  ])('with the position of %s is told that updates are missing', async (_what, positionFrom) => {
    const position = await positionFrom();
    const client = await come(position);
    const lost = await nextJson(client);
    expect(lost).toMatchObject({ Type: 'lost', Obj: { Flows: null, From: Number(position.split('.')[2]) } });
    expect(positionOf(await nextJson(client))).not.toBe(position);
    await send([testFlow('a')]);
    expect(uuidsOf(await nextJson(client))).toEqual(['a']);
    expect((await counters()).subscribersResumedTooLate).toBe(1);
  });

  test('nothing is kept when none is expected', async () => {
    const client = await subscribe('s2');
    await send([testFlow('a')]);
    expect(uuidsOf(await nextJson(client))).toEqual(['a']);
    expect(await restJson(client)).toEqual([]);
    expect((await hub().status()).recentBytes).toBe(0);
  });

  test.each(['yesterday', '1.2.3'])('is refused with the position %s', async (resume) => {
    const headers = { 'X-Client-Type': 't', 'X-Flow-Resume': resume };
    const response = await upgrade('/ws/subscriber/flow', headers);
    expect([response.status, await response.text()]).toEqual([400, expect.stringMatching(/X-Flow-Resume/)]);
  });
});
