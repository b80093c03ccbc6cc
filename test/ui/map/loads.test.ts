import { describe, expect, test } from 'vitest';
import type { Node } from '../../../core/api/operations.ts';
import { loadsOf } from '../../../ui/map/loads.ts';
import type { Line } from '../../../ui/map/scene.ts';
import { bandwidthOf, bitsText } from '../../../ui/model/bandwidth.ts';

const node = (ID: string, bytes: number, more: object = {}): Node =>
  ({
    ID,
    Metadata: { LastUpdateMetric: { RxBytes: bytes, TxBytes: bytes, Start: 1_000, Last: 2_000 }, ...more },
  }) as unknown as Node;
const line = (from: string, to: string): Line => ({
  id: `${from}-${to}`,
  kind: 'layer2',
  from,
  to,
  path: '',
});
const nodes = (...list: Node[]): Map<string, Node> => new Map(list.map((one) => [one.ID, one]));

describe('bandwidthOf', () => {
  test('is bits a second both ways, and their share of the speed each way', () => {
    expect(bandwidthOf(node('a', 125_000, { Speed: 10 }))).toEqual({ bitsPerSecond: 2e6, share: 0.1 });
    expect(bandwidthOf(node('a', 125_000))).toEqual({ bitsPerSecond: 2e6, share: undefined });
    expect(bandwidthOf({ ID: 'x', Metadata: {} } as unknown as Node)).toBeUndefined();
  });
  test('reads well', () => {
    expect([0, 999, 1_500, 2e6, 12e9].map(bitsText)).toEqual([
      '0 bit/s',
      '999 bit/s',
      '1.5 kbit/s',
      '2.0 Mbit/s',
      '12 Gbit/s',
    ]);
  });
});

describe('lines', () => {
  const all = nodes(
    node('a', 125_000, { Speed: 10 }),
    node('b', 1_250, { Speed: 10 }),
    node('c', 0),
    node('d', 1e9),
  );
  const lines = [line('a', 'b'), line('b', 'c'), line('c', 'group'), line('d', 'c')];

  test('say what the busier of their ends counted; those over which nothing goes say nothing', () => {
    const loads = loadsOf(lines, all, 'bandwidth');
    expect([...loads].map(([id, { text }]) => [id, text])).toEqual([
      ['a-b', '2.0 Mbit/s'],
      ['b-c', '20 kbit/s'],
      ['d-c', '16 Gbit/s'],
    ]);
    const [thin, wide] = [loads.get('b-c')!.width, loads.get('a-b')!.width];
    expect(thin).toBeLessThan(wide);
    expect(loads.get('d-c')!.width).toBe(9);
  });

  test('or how full they are, where a speed is known', () => {
    expect([...loadsOf(lines, all, 'share')].map(([id, { text }]) => [id, text])).toEqual([
      ['a-b', '10 %'],
      ['b-c', '0.1 %'],
    ]);
    expect(loadsOf(lines, all, 'alike').size).toBe(0);
  });
});
