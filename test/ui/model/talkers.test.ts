import { describe, expect, test } from 'vitest';
import type { FlowJson } from '../../../ui/model/flow-rows.ts';
import { talkersOf } from '../../../ui/model/talkers.ts';

const flow = (UUID: string, a: string, b: string, bytes: number, more: Partial<FlowJson> = {}): FlowJson => ({
  UUID,
  Start: 1,
  Last: 2,
  Application: 'TCP',
  Network: { A: a, B: b },
  Metric: { ABPackets: 1, ABBytes: bytes, BAPackets: 1, BABytes: 0 },
  ...more,
});

describe('talkersOf', () => {
  test('adds up both ways between two addresses, most bytes first', () => {
    const { pairs, protocols, bytes } = talkersOf(
      [
        flow('1', '10.0.0.2', '10.0.0.1', 100),
        flow('2', '10.0.0.1', '10.0.0.2', 50, { Application: 'DNS' }),
        flow('3', '10.0.0.1', '10.0.0.3', 400),
      ],
      10,
    );
    expect(pairs).toEqual([
      { a: '10.0.0.1', b: '10.0.0.3', flows: 1, packets: 2, bytes: 400 },
      { a: '10.0.0.1', b: '10.0.0.2', flows: 2, packets: 4, bytes: 150 },
    ]);
    expect(protocols.map(({ a, bytes: sum }) => [a, sum])).toEqual([
      ['TCP', 500],
      ['DNS', 50],
    ]);
    expect(bytes).toBe(550);
  });

  test('counts a flow once that was captured in two places: where more of it was seen', () => {
    const { pairs } = talkersOf(
      [
        flow('1', 'a', 'b', 100, { TrackingID: 't' }),
        flow('2', 'a', 'b', 90, { TrackingID: 't' }),
        flow('3', 'a', 'b', 7, { TrackingID: 'u' }),
      ],
      10,
    );
    expect(pairs).toMatchObject([{ flows: 2, bytes: 107 }]);
  });

  test('lists no more than asked for, and shares are of all', () => {
    const many = Array.from({ length: 30 }, (_, at) => flow(String(at), 'x', `y${at}`, at + 1));
    const { pairs, bytes } = talkersOf(many, 3);
    expect(pairs.map(({ b }) => b)).toEqual(['y29', 'y28', 'y27']);
    expect(bytes).toBe(465);
  });

  test('takes the MACs of flows below IP, and nothing of flows without either', () => {
    const arp = { UUID: '1', Start: 1, Last: 1, Application: 'ARP', Link: { A: 'm2', B: 'm1' } };
    expect(talkersOf([arp, { UUID: '2', Start: 1, Last: 1 }], 10).pairs).toEqual([
      { a: '?', b: '?', flows: 1, packets: 0, bytes: 0 },
      { a: 'm1', b: 'm2', flows: 1, packets: 0, bytes: 0 },
    ]);
  });
});
