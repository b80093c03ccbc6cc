import { describe, expect, it } from 'vitest';
import { LiveTable } from '../../../core/flow/live-table.ts';
import { createFlow, type Flow } from '../../../proto/gen/flow.ts';

const MB = 1_048_576;
const flowOf = (uuid: string, more: Partial<Flow> = {}) =>
  createFlow({ UUID: uuid, Application: 'TCP', ...more });
const uuids = (table: LiveTable, hosts?: string[]) =>
  Array.from(table.flows(hosts && new Set(hosts)), (flow) => flow.UUID);
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
    expect([...table.flows(new Set(['a']))].at(-1)).toEqual(
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
    expect(Array.from(table.flows(), ({ CaptureID, Last }) => [CaptureID, Last])).toEqual([['y', 2]]);
  });

  it('keeps the raw packets of earlier tellings, each once', () => {
    const table = new LiveTable(MB);
    table.put('a', flowOf('1', { LastRawPackets: [packet(1), packet(2)] }), 1);
    table.put('a', flowOf('1', { LastRawPackets: [packet(2), packet(3)] }), 2);
    table.put('a', flowOf('1'), 3);
    const [flow] = table.flows();
    expect(flow!.LastRawPackets.map(({ Index }) => Index)).toEqual([1, 2, 3]);
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
