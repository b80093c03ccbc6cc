import { describe, expect, it } from 'vitest';
import { LiveTable } from '../../../core/flow/live-table.ts';
import { runSearch } from '../../../core/flow/run-search.ts';
import type { FlowSearch } from '../../../core/flow/search.ts';
import { createFlow, decodeFlowSet, type Flow } from '../../../proto/gen/flow.ts';

const MB = 1_048_576;
const flowOf = (uuid: string, more: Partial<Flow> = {}) =>
  createFlow({ UUID: uuid, Application: 'TCP', ...more });
const found = (table: LiveTable, search: FlowSearch = {}, hosts?: string[]) =>
  decodeFlowSet(table.search(search, hosts && new Set(hosts)).flowSet).Flows;
const uuids = (table: LiveTable, hosts?: string[]) => found(table, {}, hosts).map((flow) => flow.UUID);
/** Node decodes bytes as Buffer, which is no Uint8Array to a comparison. */
const comparable = (flow: Flow) => ({
  ...flow,
  LastRawPackets: flow.LastRawPackets.map((kept) => ({ ...kept, Data: [...kept.Data] })),
});
const packet = (index: number) => ({ Timestamp: 1, Index: index, Data: Uint8Array.of(index), LinkType: 1 });

describe('LiveTable', () => {
  it('gives back what was last told of each flow of each host, the idlest first', () => {
    const table = new LiveTable(MB);
    table.put('a', flowOf('1'), 10);
    table.put('b', flowOf('1', { Application: 'UDP' }), 20);
    table.put('a', flowOf('2'), 30);
    table.put('a', flowOf('1', { LayersPath: 'Ethernet/IPv4/TCP', Last: 1_700_000_000_000 }), 40);
    expect(uuids(table)).toEqual(['1', '2', '1']);
    expect(uuids(table, ['b'])).toEqual(['1']);
    expect(found(table, {}, ['a']).at(-1)).toEqual(
      flowOf('1', { LayersPath: 'Ethernet/IPv4/TCP', Last: 1_700_000_000_000 }),
    );
    expect(table.size).toBe(3);
    expect(table.sizeOf('a')).toBe(2);
  });

  it('keeps flows of two captures apart that have one UUID, and ends each by itself', () => {
    const table = new LiveTable(MB);
    table.put('a', flowOf('1', { CaptureID: 'x', Last: 1 }), 1);
    table.put('a', flowOf('1', { CaptureID: 'y', Last: 2 }), 2);
    expect(table.size).toBe(2);
    table.delete('a', 'x', '1');
    expect(found(table).map(({ CaptureID, Last }) => [CaptureID, Last])).toEqual([['y', 2]]);
  });

  it('keeps the raw packets of earlier tellings, each once', () => {
    const table = new LiveTable(MB);
    table.put('a', flowOf('1', { LastRawPackets: [packet(1), packet(2)] }), 1);
    table.put('a', flowOf('1', { LastRawPackets: [packet(2), packet(3)] }), 2);
    table.put('a', flowOf('1'), 3);
    const [flow] = found(table, { withRawPackets: true });
    expect(flow!.LastRawPackets.map(({ Index }) => Index)).toEqual([1, 2, 3]);
    expect(found(table)[0]!.LastRawPackets).toEqual([]);
  });

  it('finds what the same search over whole flows finds, and ships no more', () => {
    const table = new LiveTable(MB);
    const flows = Array.from({ length: 100 }, (_, i) =>
      flowOf(`${i}`, {
        Application: ['TCP', 'UDP', 'DNS'][i % 3]!,
        Network: { Protocol: i % 2 === 0 ? 1 : 5, A: `10.0.0.${i % 7}`, B: '10.0.0.99', ID: 0 },
        Metric: { ABPackets: (i * 37) % 11, ABBytes: i, BAPackets: 0, BABytes: 0, Start: 0, Last: i, RTT: 0 },
        TrackingID: `t${i % 20}`,
        LastRawPackets: i % 5 === 0 ? [packet(1)] : [],
      }),
    );
    for (const flow of flows) table.put('a', flow, flow.Metric!.Last);
    const equals = (key: string, value: string | number) => ({ kind: 'equals', key, value }) as const;
    const searches: FlowSearch[] = [
      {},
      { range: { from: 3, to: 5 } },
      { filter: equals('Application', 'UDP') },
      {
        filter: {
          kind: 'and',
          filters: [equals('IPV4.A', '10.0.0.4'), { kind: 'not', filter: equals('Application', 'TCP') }],
        },
      },
      {
        filter: {
          kind: 'or',
          filters: [equals('UUID', '5'), { kind: 'gt', key: 'Metric.ABBytes', value: 90 }],
        },
        withRawPackets: true,
      },
      { sort: { key: 'Metric.ABPackets', descending: true }, range: { from: 0, to: 7 } },
      { sort: { key: 'Application', descending: false }, dedup: ['TrackingID'] },
      { filter: { kind: 'absent', key: 'DNS.ID' }, dedup: ['NoSuchField'] },
      { filter: { kind: 'ipv4Range', key: 'Network.A', cidr: '10.0.0.0/30' }, range: { from: 0, to: 1 } },
    ];
    for (const search of searches) {
      const wanted = runSearch(flows, search);
      expect(found(table, search).map(comparable)).toEqual(wanted.map(comparable));
      expect(table.search(search).shipped).toBe(wanted.length);
    }
  });

  it('lets the idlest go when its bytes are used up, and says how many', () => {
    const table = new LiveTable(20_000);
    let evicted = 0;
    for (let i = 0; i < 200; i++) evicted += table.put('a', flowOf(`flow-${i}`), i);
    expect(table.bytes).toBeLessThanOrEqual(20_000);
    expect(evicted).toBe(200 - table.size);
    expect(uuids(table)[0]).toBe(`flow-${evicted}`);
  });

  it('reclaims what growing, shrinking and leaving flows left behind', () => {
    const table = new LiveTable(64 * MB);
    const big = 'x'.repeat(5_000);
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 200; i++)
        table.put(
          'a',
          flowOf(`${i}`, { LayersPath: round % 2 === 0 ? big.repeat(1 + round / 6) : `p${round}` }),
          round,
        );
    }
    table.put('b', flowOf('huge', { LayersPath: 'y'.repeat(2 * MB) }), 31);
    for (let i = 0; i < 150; i++) table.delete('a', '', `${i}`);
    for (let i = 0; i < 20_000; i++) table.put('c', flowOf(`c${i}`), 32);
    expect(table.dropIdle(32)).toBe(51);
    expect(table.size).toBe(20_000);
    expect(uuids(table, ['c'])).toHaveLength(20_000);
    expect(table.dropHost('c')).toBe(20_000);
    expect(table.bytes).toBe(0);
  });
});
