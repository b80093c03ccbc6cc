import { describe, expect, test } from 'vitest';
import { FlowRows, endOf, shownFlows, type FlowJson, type FlowOrder } from '../../../ui/model/flow-rows.ts';
import { bytesText, durationText } from '../../../ui/model/figures.ts';

const flow = (UUID: string, more: Partial<FlowJson> = {}): FlowJson => ({ UUID, Start: 1, Last: 1, ...more });
const ids = (flows: readonly FlowJson[]) => flows.map(({ UUID }) => UUID);
const show = (
  flows: readonly FlowJson[],
  more: { filter?: string; tids?: ReadonlySet<string>; order?: FlowOrder } = {},
) =>
  ids(
    shownFlows(flows, {
      filter: more.filter ?? '',
      tids: more.tids,
      order: more.order ?? { column: 'last', isDescending: true },
      nodeName: (tid) => (tid === 't1' ? 'rack1 eth0' : tid),
    }),
  );

describe('FlowRows', () => {
  test('keeps the newest state of each flow', () => {
    const rows = new FlowRows(10);
    rows.take([flow('a', { Last: 1 }), flow('b')]);
    rows.take([flow('a', { Last: 5 })]);
    expect(rows.list()).toEqual([flow('b'), flow('a', { Last: 5 })]);
    expect(rows.updates).toBe(3);
  });

  test('the ones silent longest leave a full table, and are counted', () => {
    const rows = new FlowRows(2);
    rows.take([flow('a'), flow('b')]);
    rows.take([flow('a')]);
    rows.take([flow('c')]);
    expect([ids(rows.list()), rows.losses.evicted]).toEqual([['a', 'c'], 1]);
  });

  test('counts what the stream did not send, apart from what nobody knows', () => {
    const rows = new FlowRows(2);
    rows.lost({ Flows: 12, From: 1, To: 2 });
    rows.lost({ Flows: null, From: 2, To: 3 });
    expect(rows.losses).toEqual({ updates: 12, gaps: 1, evicted: 0 });
  });

  test('takes a hundred thousand flows and one more', () => {
    const rows = new FlowRows(100_000);
    const many = Array.from({ length: 100_001 }, (_, index) => flow(`f${index}`));
    rows.take(many);
    expect([rows.size, rows.losses.evicted, rows.list()[0]?.UUID]).toEqual([100_000, 1, 'f1']);
  });
});

describe('shownFlows', () => {
  const flows = [
    flow('dns', {
      Last: 3,
      Application: 'DNS',
      NodeTID: 't1',
      Network: { A: '10.0.0.1', B: '10.0.0.2' },
      Transport: { A: 5353, B: 53 },
      Metric: { ABPackets: 1, ABBytes: 100, BAPackets: 1, BABytes: 900 },
    }),
    flow('six', {
      Last: 9,
      LayersPath: 'Ethernet/IPv6/TCP',
      Network: { A: 'fd00::1', B: 'fd00::2' },
      Transport: { A: 1, B: 443 },
    }),
    flow('arp', {
      Last: 5,
      LayersPath: 'Ethernet/ARP',
      Link: { A: '02:00:00:00:00:01', B: 'ff:ff:ff:ff:ff:ff' },
    }),
  ];

  test('newest first, or as told', () => {
    expect(show(flows)).toEqual(['six', 'arp', 'dns']);
    expect(show(flows, { order: { column: 'bytes', isDescending: true } })[0]).toBe('dns');
    expect(show(flows, { order: { column: 'protocol', isDescending: false } })).toEqual([
      'arp',
      'dns',
      'six',
    ]);
  });

  test.each([
    ['10.0.0.1:5353', ['dns']],
    ['rack1', ['dns']],
    ['ipv6 443', ['six']],
    ['ff:ff', ['arp']],
    ['ipv6 53', []],
  ])('%j finds %j', (filter, expected) => {
    expect(show(flows, { filter })).toEqual(expected);
  });

  test('of one interface', () => {
    expect(show(flows, { tids: new Set(['t1']) })).toEqual(['dns']);
  });

  test('an IPv6 address with its port is written as RFC 3986 has it', () => {
    expect(endOf(flows[1]!, 'B')).toBe('[fd00::2]:443');
  });
});

describe('figures', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [10 * 1024 * 1024, '10 MiB'],
  ])('%d bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

  test.each([
    [0, ''],
    [132_324, '132 µs'],
    [1_500_000, '1.5 ms'],
    [2_000_000_000, '2.00 s'],
  ])('%d ns are %j', (ns, text) => expect(durationText(ns)).toBe(text));
});
