import { describe, expect, test } from 'vitest';
import { compactLine, size, type ShownFlow } from '../../cli/flow-line.ts';

const flow: ShownFlow = {
  Start: 0,
  Last: new Date(2026, 0, 31, 12, 0, 0, 7).getTime(),
  Application: 'TCP',
  LayersPath: 'Ethernet/IPv4/TCP',
  NodeTID: 'tid',
  Link: { A: '02:00:00:00:00:01', B: '02:00:00:00:00:02' },
  Network: { A: '10.0.0.1', B: 'fe80::1' },
  Transport: { A: 1234, B: 80 },
  Metric: { ABPackets: 10, ABBytes: 980, BAPackets: 9, BABytes: 1_234_567 },
};

describe('compactLine', () => {
  test('tells when, where, between whom and how much, in local time', () => {
    expect(compactLine(flow, 'eth0')).toBe(
      '2026-01-31 12:00:00.007  eth0  10.0.0.1:1234 -> [fe80::1]:80  TCP  10 / 980 B <> 9 / 1.2 MB  open',
    );
  });

  test('shows MAC addresses where there is no network layer, and how the flow ended', () => {
    const { Network: _network, Transport: _transport, ...arp } = flow;
    expect(compactLine({ ...arp, Application: 'ARP', FinishType: 1 }, '')).toBe(
      '2026-01-31 12:00:00.007  02:00:00:00:00:01 -> 02:00:00:00:00:02  ARP  10 / 980 B <> 9 / 1.2 MB  timeout',
    );
  });
});

test('size uses powers of a thousand', () => {
  expect([0, 999, 1000, 1_500_000, 2e15, 3e18].map(size)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '1.5 MB',
    '2.0 PB',
    '3000.0 PB',
  ]);
});
