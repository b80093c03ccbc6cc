import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExportStatus } from '../../../core/exporter/datagram.ts';
import { ExportedFlowTable } from '../../../core/exporter/exported-flows.ts';
import { decodeNetflow5 } from '../../../core/exporter/netflow5.ts';
import { decodeNetflow9 } from '../../../core/exporter/netflow9.ts';
import { decodeSflow } from '../../../core/exporter/sflow.ts';
import { TemplateCache } from '../../../core/exporter/template.ts';
import { Bytes } from './bytes.ts';

const NOW = 1_700_000_000_000;

/** 10.0.0.1:40000 → 10.0.0.2:80 TCP, 5 packets, 700 bytes, uptimes 9000 to 9500 of 10000. */
function record5(): Bytes {
  return new Bytes()
    .u32(0x0a000001, 0x0a000002, 0)
    .u16(1, 2)
    .u32(5, 700, 9000, 9500)
    .u16(40000, 80)
    .u8(0, 0x1b, 6, 0)
    .u16(0, 0)
    .u8(24, 24)
    .u16(0);
}
const header5 = (count: number) => new Bytes().u16(5, count).u32(10_000, 1_600_000_000, 0, 1).u8(0, 0).u16(0);

describe('decodeNetflow5', () => {
  it('reads a record and moves its uptimes to the time of arrival', () => {
    const { status, records } = decodeNetflow5(header5(1).add(record5()).done(), NOW);
    expect(status).toBe(ExportStatus.ok);
    expect(records).toEqual([
      {
        sourceAddress: '10.0.0.1',
        destinationAddress: '10.0.0.2',
        ipVersion: 4,
        sourceMac: '',
        destinationMac: '',
        vlan: 0,
        protocol: 6,
        sourcePort: 40000,
        destinationPort: 80,
        tcpFlags: 0x1b,
        packets: 5,
        bytes: 700,
        startMs: NOW - 1000,
        lastMs: NOW - 500,
      },
    ]);
  });

  it('keeps the records before a cut, and refuses a count that cannot be', () => {
    const cut = header5(2)
      .add(record5())
      .add(record5())
      .done()
      .subarray(0, 24 + 48 + 47);
    expect(decodeNetflow5(cut, NOW)).toMatchObject({
      status: ExportStatus.truncated,
      records: { length: 1 },
    });
    expect(decodeNetflow5(header5(31).done(), NOW).status).toBe(ExportStatus.malformed);
  });
});

const TEMPLATE_FIELDS: [number, number][] = [
  [8, 4],
  [12, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [2, 4],
  [1, 4],
  [22, 4],
  [21, 4],
];
function set(id: number, body: Bytes): Bytes {
  return new Bytes().u16(id, body.length + 4).add(body);
}
function template(id: number, fields: [number, number][]): Bytes {
  const body = new Bytes().u16(id, fields.length);
  for (const [element, length] of fields) body.u16(element, length);
  return body;
}
const data9 = () => new Bytes().u32(0x0a000001, 0x0a000002).u16(40000, 80).u8(6).u32(5, 700, 9000, 9500);
const header9 = () => new Bytes().u16(9, 2).u32(10_000, 1_600_000_000, 1, 42);

describe('decodeNetflow9', () => {
  it('counts data before its template and reads it after', () => {
    const templates = new TemplateCache();
    const early = decodeNetflow9(header9().add(set(260, data9())).done(), 'a', templates, NOW);
    expect(early).toMatchObject({ status: ExportStatus.unknownTemplate, records: [], unknownSets: 1 });
    const both = header9()
      .add(set(0, template(260, TEMPLATE_FIELDS)))
      .add(set(260, data9().add(data9()).u8(0, 0)));
    const later = decodeNetflow9(both.done(), 'a', templates, NOW);
    expect(later.status).toBe(ExportStatus.ok);
    expect(later.records).toHaveLength(2);
    expect(later.records[0]).toMatchObject({
      sourceAddress: '10.0.0.1',
      destinationPort: 80,
      packets: 5,
      bytes: 700,
      startMs: NOW - 1000,
      lastMs: NOW - 500,
    });
    const stranger = decodeNetflow9(header9().add(set(260, data9())).done(), 'b', templates, NOW);
    expect(stranger.unknownSets).toBe(1);
  });

  it('reads IPFIX with enterprise and variable-length fields, and both directions of a biflow', () => {
    const templates = new TemplateCache();
    const fields = new Bytes().u16(300, 9);
    fields.u16(27, 16).u16(28, 16).u16(7, 2).u16(11, 2).u16(4, 1).u16(152, 8);
    fields.u16(0x8000 | 2, 8).u32(29305); // reverse packetDeltaCount
    fields.u16(0x8000 | 99, 0xffff).u32(12345); // somebody's own text
    fields.u16(2, 8);
    const record = new Bytes()
      .u32(0xfd000000, 0, 0, 1)
      .u32(0xfd000000, 0, 0, 2)
      .u16(5000, 53)
      .u8(17)
      .u64(NOW - 7);
    record.u64(3).u8(2, 104, 105).u64(4);
    const sets = set(2, fields).add(set(300, record));
    const datagram = new Bytes()
      .u16(10, 16 + sets.length)
      .u32(1_700_000_000, 1, 7)
      .add(sets)
      .done();
    const { status, records } = decodeNetflow9(datagram, 'a', templates, NOW);
    expect(status).toBe(ExportStatus.ok);
    expect(records).toMatchObject([
      {
        sourceAddress: 'fd00::1',
        destinationAddress: 'fd00::2',
        sourcePort: 5000,
        packets: 4,
        startMs: NOW - 7,
      },
      { sourceAddress: 'fd00::2', destinationAddress: 'fd00::1', sourcePort: 53, packets: 3 },
    ]);
  });

  it('never throws, whatever the bytes', () => {
    const sink = { packet: () => {}, counters: () => {} };
    const templates = new TemplateCache();
    const versions = fc.constantFrom([0, 5], [0, 9], [0, 10], [0, 0, 0, 5]);
    fc.assert(
      fc.property(versions, fc.uint8Array({ maxLength: 400 }), (version, rest) => {
        const bytes = Uint8Array.from([...version, ...rest]);
        decodeNetflow5(bytes, NOW);
        decodeNetflow9(bytes, 'x', templates, NOW);
        decodeSflow(bytes, sink);
      }),
    );
  });
});

describe('ExportedFlowTable', () => {
  const one = () => decodeNetflow5(header5(1).add(record5()).done(), NOW).records[0]!;

  it('joins both directions in one flow and says the growth at each message', () => {
    const table = new ExportedFlowTable({ nodeTid: 'tid', captureId: 'c' });
    table.add(one(), NOW);
    const reply = { ...one(), sourceAddress: '10.0.0.2', destinationAddress: '10.0.0.1', sourcePort: 80 };
    table.add({ ...reply, destinationPort: 40000, packets: 2, bytes: 100 }, NOW);
    const [flow, ...others] = table.tick(NOW + 100).flows;
    expect(others).toEqual([]);
    expect(flow).toMatchObject({
      LayersPath: 'IPv4/TCP',
      Network: { A: '10.0.0.1', B: '10.0.0.2' },
      Transport: { A: 40000, B: 80 },
      NodeTID: 'tid',
      CaptureID: 'c',
      Metric: { ABPackets: 5, ABBytes: 700, BAPackets: 2, BABytes: 100 },
      LastUpdateMetric: { ABPackets: 5, BAPackets: 2 },
    });
    expect(table.tick(NOW + 200).flows).toEqual([]);
    table.add(one(), NOW + 300);
    expect(table.flush(NOW + 400).flows).toMatchObject([
      { UUID: flow!.UUID, Metric: { ABPackets: 10 }, LastUpdateMetric: { ABPackets: 5, BAPackets: 0 } },
    ]);
  });

  it('ends silent flows by its own clock and sends what it must evict', () => {
    const table = new ExportedFlowTable({ nodeTid: 't', captureId: 'c', flowExpireMs: 1000, entriesMax: 1 });
    table.add(one(), NOW);
    table.add({ ...one(), protocol: 17 }, NOW);
    expect(table.counters).toMatchObject({ flowsCreated: 2, flowsEvicted: 1 });
    const first = table.tick(NOW + 10);
    expect(first.flows.map((flow) => flow.Application)).toEqual(['TCP', 'UDP']);
    expect(first.ended).toEqual([first.flows[0]!.UUID]);
    expect(first.flows[0]!.UUID).not.toBe(first.flows[1]!.UUID);
    const last = table.tick(NOW + 1000);
    expect(last.flows).toMatchObject([{ FinishType: 1, LastUpdateMetric: { ABPackets: 0 } }]);
    expect(table.size).toBe(0);
  });
});
