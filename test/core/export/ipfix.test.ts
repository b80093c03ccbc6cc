/** Flows as IPFIX: every field where RFC 7011 and our own collector look for it, messages within their bound, sequence numbers of records. */
import { describe, expect, test } from 'vitest';
import { IpfixEncoder } from '../../../core/export/ipfix.ts';
import { decodeNetflow9 } from '../../../core/exporter/netflow9.ts';
import { ExportStatus } from '../../../core/exporter/datagram.ts';
import { TemplateCache } from '../../../core/exporter/template.ts';
import {
  createFlow,
  createFlowLayer,
  createFlowMetric,
  createTransportLayer,
  FlowFinishType,
  FlowProtocol,
  type Flow,
} from '../../../proto/gen/flow.ts';

const NOW = 1_795_440_000_000;
const growth = createFlowMetric({
  ABPackets: 3,
  ABBytes: 2 ** 40 + 7,
  BAPackets: 2,
  BABytes: 120,
  Start: NOW - 5_000,
  Last: NOW - 1_000,
});

function flow(init: Partial<Flow> = {}): Flow {
  return createFlow({
    UUID: '0123456789abcdef',
    LayersPath: 'Ethernet/IPv4/TCP',
    Link: createFlowLayer({
      Protocol: FlowProtocol.ETHERNET,
      A: '02:00:00:00:00:01',
      B: '02:00:00:00:00:02',
      ID: 7,
    }),
    Network: createFlowLayer({ Protocol: FlowProtocol.IPV4, A: '10.1.2.3', B: '192.168.255.254' }),
    Transport: createTransportLayer({ Protocol: FlowProtocol.TCP, A: 51_000, B: 443 }),
    Start: NOW - 60_000,
    Last: NOW - 1_000,
    Metric: createFlowMetric({ ABPackets: 100, ABBytes: 1, Start: NOW - 60_000, Last: NOW }),
    LastUpdateMetric: growth,
    NodeTID: 'tid',
    ...init,
  });
}

function messagesOf(flows: readonly Flow[], messageBytesMax = 1_400, nowMs = NOW): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const encoder = new IpfixEncoder({ domain: 9, messageBytesMax, templatesEveryMs: 60_000 }, (message) =>
    messages.push(message),
  );
  for (const one of flows) encoder.add(one, nowMs);
  encoder.flush(nowMs);
  return messages;
}

function recordsOf(messages: readonly Uint8Array[]) {
  const templates = new TemplateCache();
  return messages.flatMap((message) => {
    const read = decodeNetflow9(message, 'probe', templates, NOW);
    expect([read.status, read.unknownSets, read.domain]).toEqual([ExportStatus.ok, 0, 9]);
    return read.records;
  });
}

const words = (message: Uint8Array, at: number, bytes: number): number =>
  Number.parseInt(Buffer.from(message.subarray(at, at + bytes)).toString('hex'), 16);

describe('a message', () => {
  test('has the header of RFC 7011, section 3.1, and templates before records', () => {
    const [message] = messagesOf([flow()]);
    const header = [0, 2].map((at) => words(message!, at, 2));
    expect(header).toEqual([10, message!.length]);
    expect([4, 8, 12].map((at) => words(message!, at, 4))).toEqual([NOW / 1_000, 0, 9]);
    // Set 2 with the three templates, each field 4 bytes, those of the other direction 8.
    expect(words(message!, 16, 2)).toBe(2);
    expect(words(message!, 20, 2)).toBe(256);
    expect(words(message!, 16 + words(message!, 18, 2), 2)).toBe(256);
  });

  test('is never longer than its bound, and the sequence counts the records before it', () => {
    const flows = Array.from({ length: 100 }, (_, index) =>
      flow({ UUID: index.toString(16).padStart(16, '0'), ...(index % 3 === 0 && IPV6) }),
    );
    const messages = messagesOf(flows, 600);
    let before = 0;
    for (const message of messages) {
      expect(message.length).toBeLessThanOrEqual(600);
      expect(words(message, 2, 2)).toBe(message.length);
      expect(words(message, 8, 4)).toBe(before);
      const records = recordsOf([messages[0]!, message]).length - recordsOf([messages[0]!]).length;
      // A biflow is two records to a collector that splits them.
      before += (message === messages[0] ? recordsOf([message]).length : records) / 2;
    }
    expect(before).toBe(100);
    expect(messages.length).toBeGreaterThan(10);
  });

  test('tells the templates again after their time, and only then', () => {
    const messages: Uint8Array[] = [];
    const encoder = new IpfixEncoder({ domain: 0, messageBytesMax: 1_400, templatesEveryMs: 60_000 }, (one) =>
      messages.push(one),
    );
    for (const afterMs of [0, 30_000, 59_999, 60_000, 60_001]) {
      encoder.add(flow(), NOW + afterMs);
      encoder.flush(NOW + afterMs);
    }
    expect(messages.map((message) => words(message, 16, 2))).toEqual([2, 256, 256, 2, 256]);
  });

  test('is not made of nothing', () => {
    expect(messagesOf([])).toEqual([]);
    expect(messagesOf([flow({ LastUpdateMetric: createFlowMetric({}) })])).toEqual([]);
  });
});

const IPV6: Partial<Flow> = {
  LayersPath: 'Ethernet/IPv6/UDP',
  Network: createFlowLayer({ Protocol: FlowProtocol.IPV6, A: 'fd00::1', B: '2001:db8::ff' }),
  Transport: createTransportLayer({ Protocol: FlowProtocol.UDP, A: 53, B: 5_353 }),
};

describe('a record', () => {
  test('has what the flow grew by, each way, when, and between whom', () => {
    const [there, back] = recordsOf(messagesOf([flow()]));
    expect(there).toMatchObject({
      protocol: 6,
      packets: 3,
      bytes: 2 ** 40 + 7,
      startMs: NOW - 5_000,
      lastMs: NOW - 1_000,
    });
    expect(JSON.stringify(there)).toContain('10.1.2.3');
    expect(JSON.stringify(there)).toContain('192.168.255.254');
    expect(back).toMatchObject({ protocol: 6, packets: 2, bytes: 120 });
  });

  test('of IPv6 has its addresses', () => {
    const [record] = recordsOf(messagesOf([flow(IPV6)]));
    expect(JSON.stringify(record)).toContain('fd00::1');
    expect(JSON.stringify(record)).toContain('2001:db8::ff');
    expect(record).toMatchObject({ protocol: 17 });
  });

  test.each<[string, Partial<Flow>, number]>([
    ['ICMPv4', { Transport: undefined, LayersPath: 'Ethernet/IPv4/ICMPv4' }, 1],
    ['GRE', { Transport: undefined, LayersPath: 'Ethernet/IPv4/GRE' }, 47],
    ['SCTP', { Transport: createTransportLayer({ Protocol: FlowProtocol.SCTP, A: 1, B: 2 }) }, 132],
    ['what nobody knows', { Transport: undefined, LayersPath: 'Ethernet/IPv4' }, 255],
  ])('of %s names the protocol', (_what, init, protocol) => {
    const [message] = messagesOf([flow(init)]);
    // Behind the header, the templates and the header of the set: addresses, ports, then the protocol.
    const at = 16 + words(message!, 18, 2) + 4;
    expect(words(message!, at + 12, 1)).toBe(protocol);
  });

  test('without an address of the network is one of the link', () => {
    for (const init of [{ Network: undefined }, { Network: createFlowLayer({ A: 'what', B: '' }) }]) {
      const [message] = messagesOf([flow(init)]);
      const at = 16 + words(message!, 18, 2);
      expect(words(message!, at, 2)).toBe(258);
      expect(Buffer.from(message!.subarray(at + 4 + 48, at + 4 + 60)).toString('hex')).toBe(
        '020000000001020000000002',
      );
    }
  });

  test.each<[FlowFinishType, number]>([
    [FlowFinishType.NOT_FINISHED, 2],
    [FlowFinishType.TIMEOUT, 1],
    [FlowFinishType.TCP_FIN, 3],
    [FlowFinishType.TCP_RST, 3],
  ])('of a flow that ended by %s gives the reason %s', (FinishType, reason) => {
    const [message] = messagesOf([flow({ FinishType })]);
    const end = message!.length;
    // Reason, id of the flow, point of observation.
    expect(words(message!, end - 13, 1)).toBe(reason);
    expect(Buffer.from(message!.subarray(end - 12, end - 4)).toString('hex')).toBe('0123456789abcdef');
    expect(words(message!, end - 4, 4)).not.toBe(0);
  });

  test('of a flow that was told the first time has all of it', () => {
    const [there] = recordsOf(messagesOf([flow({ LastUpdateMetric: undefined })]));
    expect(there).toMatchObject({ packets: 100, bytes: 1 });
  });
});
