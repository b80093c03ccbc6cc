import { describe, expect, it } from 'vitest';
import { fieldReader, flowFieldNames, readField } from '../../../core/flow/fields.ts';
import { compileFilter, runSearch } from '../../../core/flow/run-search.ts';
import type { FlowFilter } from '../../../core/flow/search.ts';
import { createDNS, createFlow, createFlowMetric } from '../../../proto/gen/flow.ts';
import type { Flow } from '../../../proto/gen/flow.ts';

const tcp = createFlow({
  UUID: 't',
  TrackingID: 'x',
  Application: 'TCP',
  Last: 30,
  Link: { Protocol: 0, A: 'aa', B: 'bb', ID: 0 },
  Network: { Protocol: 1, A: '10.0.0.1', B: '10.0.0.2', ID: 0 },
  Transport: { Protocol: 2, A: 40_000, B: 80, ID: 0 },
  Metric: createFlowMetric({ ABBytes: 100 }),
  FinishType: 2,
});
const udp6 = createFlow({
  UUID: 'u',
  TrackingID: 'y',
  Application: 'DNS',
  Last: 10,
  Network: { Protocol: 5, A: 'fd00::1', B: 'fd00::2', ID: 9 },
  Transport: { Protocol: 3, A: 5353, B: 53, ID: 0 },
  DNS: createDNS({
    ID: 4660,
    op_code: 'Query',
    response_code: 'No Error',
    QR: true,
    questions: [
      { name: 'a.org', type: 'A', class: 'IN' },
      { name: 'b.org', type: 'AAAA', class: 'IN' },
    ],
  }),
  Metric: createFlowMetric({ ABBytes: 50 }),
  LastRawPackets: [{ Timestamp: 1, Index: 1, Data: Uint8Array.of(1), LinkType: 1 }],
});
const arp = createFlow({
  UUID: 'a',
  TrackingID: 'x',
  Application: 'ARP',
  Last: 20,
  Metric: createFlowMetric(),
});
const flows = [tcp, udp6, arp];

function found(filter: FlowFilter): string {
  return runSearch(flows, { filter })
    .map((flow) => flow.UUID)
    .join('');
}

describe('readField', () => {
  it.each<[string, unknown]>([
    ['Transport.B', 80],
    ['TCP.B', 80],
    ['TCP.Protocol', 'TCP'],
    ['UDP.Protocol', undefined],
    ['IPV4.A', '10.0.0.1'],
    ['IPV6.A', undefined],
    ['ETHERNET.A', 'aa'],
    ['UUID.anything', 't'],
    ['Metric.ABBytes', 100],
    ['Metric.Nope', undefined],
    ['FinishType', 2],
    ['RawPacketsCaptured', 0],
    ['TCPMetric', null],
    ['TCPMetric.ABBytes', undefined],
    ['DNS', undefined],
    ['Nope', undefined],
    ['constructor.name', undefined],
    ['Metric.constructor', undefined],
  ])('reads %s', (key, value) => {
    expect(readField(tcp, key)).toEqual(value);
  });

  it.each<[string, unknown]>([
    ['DNS.ID', 4660],
    ['DNS.OpCode', 'Query'],
    ['DNS.response_code', 'No Error'],
    ['DNS.QR', true],
    ['DNS.Questions.Name', ['a.org', 'b.org']],
    ['DNS.Nope', undefined],
    ['IPV6.ID', 9],
    ['IPV4.A', undefined],
    ['Link', null],
    ['Network', { Protocol: 'IPV6', A: 'fd00::1', B: 'fd00::2', ID: 9 }],
  ])('reads %s of a DNS flow', (key, value) => {
    expect(readField(udp6, key)).toEqual(value);
  });

  it('knows a way to read every name it lists, except raw packets, which are no field', () => {
    for (const name of flowFieldNames)
      if (!name.startsWith('LastRawPackets'))
        expect([name, typeof fieldReader(name)]).toEqual([name, 'function']);
  });
});

describe('runSearch', () => {
  it.each<[string, FlowFilter]>([
    ['t', { kind: 'equals', key: 'Transport.B', value: 80 }],
    ['', { kind: 'equals', key: 'Transport.B', value: '80' }],
    ['t', { kind: 'equals', key: 'Transport.B', value: 80.9 }],
    ['u', { kind: 'equals', key: 'DNS.Questions.Name', value: 'b.org' }],
    ['u', { kind: 'equals', key: 'DNS.QR', value: true }],
    ['t', { kind: 'equals', key: 'FinishType', value: 2 }],
    ['t', { kind: 'equals', key: 'FinishType', value: 'TCP_FIN' }],
    ['ta', { kind: 'not', filter: { kind: 'equals', key: 'Application', value: 'DNS' } }],
    ['tu', { kind: 'gt', key: 'Metric.ABBytes', value: 0 }],
    ['ua', { kind: 'lte', key: 'Metric.ABBytes', value: 50 }],
    ['u', { kind: 'gte', key: 'Network.ID', value: 9 }],
    ['t', { kind: 'lt', key: 'Network.ID', value: 9 }],
    ['ta', { kind: 'regex', key: 'Application', pattern: '^(?:.*P)$' }],
    ['', { kind: 'regex', key: 'Transport.B', pattern: '80' }],
    ['a', { kind: 'absent', key: 'Network.A' }],
    ['t', { kind: 'ipv4Range', key: 'Network.A', cidr: '10.0.0.77/24' }],
    ['', { kind: 'ipv4Range', key: 'Network.A', cidr: '10.0.1.0/24' }],
    ['tua', { kind: 'and', filters: [] }],
    ['tua', { kind: 'or', filters: [] }],
    [
      'ua',
      {
        kind: 'or',
        filters: [
          { kind: 'equals', key: 'UUID', value: 'u' },
          { kind: 'equals', key: 'UUID', value: 'a' },
        ],
      },
    ],
    [
      'ta',
      {
        kind: 'or',
        filters: [
          { kind: 'equals', key: 'UUID', value: 'a' },
          { kind: 'gt', key: 'Metric.ABBytes', value: 60 },
        ],
      },
    ],
    ['', { kind: 'equals', key: 'Nope', value: 1 }],
  ])('finds %j by a filter', (ids, filter) => {
    expect(found(filter)).toBe(ids);
  });

  it('refuses malformed patterns and ranges', () => {
    expect(() => compileFilter({ kind: 'regex', key: 'UUID', pattern: '(' })).toThrow();
    expect(() => compileFilter({ kind: 'ipv4Range', key: 'UUID', cidr: 'fd00::/8' })).toThrow(
      'invalid CIDR address: fd00::/8',
    );
  });

  const ids = (list: readonly Flow[]) => list.map((flow) => flow.UUID).join('');

  it('sorts, descending as the reverse, and keeps flows without the key, last', () => {
    expect(ids(runSearch(flows, { sort: { key: 'Last', descending: false } }))).toBe('uat');
    expect(ids(runSearch(flows, { sort: { key: 'Last', descending: true } }))).toBe('tau');
    expect(ids(runSearch(flows, { sort: { key: 'Application', descending: false } }))).toBe('aut');
    expect(ids(runSearch(flows, { sort: { key: 'Transport.B', descending: true } }))).toBe('tua');
    expect(ids(runSearch(flows, { sort: { key: 'TrackingID', descending: true } }))).toBe('uat');
  });

  it('keeps the first of each key, after the sort, and cuts the range last', () => {
    expect(ids(runSearch(flows, { dedup: ['TrackingID'] }))).toBe('tu');
    expect(ids(runSearch(flows, { dedup: ['Nope'] }))).toBe('t');
    const sort = { key: 'Last', descending: false };
    expect(ids(runSearch(flows, { sort, dedup: ['TrackingID'], range: { from: 1, to: 5 } }))).toBe('a');
    expect(ids(runSearch(flows, { range: { from: 0, to: 2 } }))).toBe('tu');
    expect(ids(runSearch(flows, { range: { from: 2, to: 1 } }))).toBe('');
  });

  it('ships raw packets only when asked for', () => {
    expect(runSearch([udp6], {})[0]?.LastRawPackets).toEqual([]);
    expect(runSearch([udp6], { withRawPackets: true })[0]).toBe(udp6);
    expect(udp6.LastRawPackets).toHaveLength(1);
  });
});
