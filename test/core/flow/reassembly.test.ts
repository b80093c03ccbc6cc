import { describe, expect, it } from 'vitest';
import { TcpStreams } from '../../../core/flow/reassembly.ts';
import type { StreamCounts } from '../../../core/flow/reassembly.ts';

type Segment = readonly [seq: number, length: number, kind?: 'syn' | 'end', timeMs?: number];

/** Feeds one direction; what it counted, and whether it ended by itself. */
function follow(...segments: readonly Segment[]): StreamCounts & { readonly ended: boolean } {
  const streams = new TcpStreams();
  streams.reserve(1);
  let ended = false;
  for (const [index, [seq, length, kind, timeMs]] of segments.entries())
    ended = streams.take(0, 0, seq, length, kind === 'syn', kind === 'end', timeMs ?? index, 0);
  return { ...streams.close(0, 0), ended };
}

describe('TcpStreams', () => {
  it('counts SYN, data and FIN in order', () => {
    expect(follow([9, 0, 'syn'], [10, 100], [110, 50], [160, 0, 'end'])).toEqual({
      packets: 4,
      bytes: 150,
      outOfOrder: 0,
      skipped: 0,
      skippedBytes: 0,
      sawStart: true,
      sawEnd: true,
      ended: true,
    });
  });

  it('counts repeated bytes once', () => {
    // The second half of the repetition is new.
    expect(follow([9, 0, 'syn'], [10, 100], [10, 100], [60, 100])).toMatchObject({ packets: 4, bytes: 150 });
  });

  it('lets a swapped segment wait and calls it late', () => {
    expect(follow([9, 0, 'syn'], [110, 50], [10, 100], [160, 0, 'end'])).toMatchObject({
      packets: 4,
      bytes: 150,
      outOfOrder: 1,
      skipped: 0,
      ended: true,
    });
  });

  it('tells the bytes that never came when it is closed', () => {
    expect(follow([9, 0, 'syn'], [10, 100], [210, 50])).toMatchObject({
      packets: 3,
      bytes: 150,
      skipped: 1,
      skippedBytes: 100,
      ended: false,
    });
  });

  it('follows a connection that began before the capture', () => {
    expect(follow([5000, 100], [5100, 100])).toMatchObject({
      packets: 2,
      bytes: 200,
      skipped: 1,
      sawStart: false,
    });
  });

  it('goes round the end of the sequence numbers', () => {
    expect(follow([-100, 0, 'syn'], [-99, 99], [0, 50], [50, 0, 'end'])).toMatchObject({
      bytes: 149,
      ended: true,
    });
  });

  it('bounds what waits, whether or not the start was seen', () => {
    const streams = new TcpStreams();
    streams.reserve(1);
    streams.take(0, 0, 0, 0, true, false, 0, 0);
    // Every other segment is missing.
    for (let i = 1; i <= 5000; i++) streams.take(0, 0, i * 200, 100, false, false, i, 0);
    for (let i = 1; i <= 5000; i++) streams.take(0, 1, i * 200, 100, false, false, i, 0);
    expect(streams.close(0, 0)).toMatchObject({ packets: 5001, bytes: 500_000, skipped: 5000 });
    expect(streams.close(0, 1)).toMatchObject({ packets: 5000, bytes: 500_000, skipped: 5000 });
  });

  it('does not open a stream for its end, nor for its silence', () => {
    const streams = new TcpStreams();
    streams.reserve(1);
    expect(streams.take(0, 0, 1, 0, false, true, 0, 0)).toBe(false);
    expect(streams.isOpen(0, 0)).toBe(false);
  });
});
