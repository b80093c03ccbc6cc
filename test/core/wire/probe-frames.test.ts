/** Frames of the probe protocol: one member each, and a close code for everything else. */
import { describe, expect, test } from 'vitest';
import {
  analyzerFrame,
  probeFrame,
  readAnalyzerFrame,
  readProbeFrame,
} from '../../../core/wire/probe-frames.ts';
import { limits } from '../../../core/limits.ts';

const closes = (code: number) => expect.objectContaining({ closeCode: code }) as Error;

describe('readProbeFrame', () => {
  test('reads each kind that analyzerFrame writes', () => {
    expect(readProbeFrame(analyzerFrame({ goodbye: { reason: 'over' } }))).toEqual({
      kind: 'goodbye',
      reason: 'over',
    });
    expect(readProbeFrame(analyzerFrame({ flush_done: { id: 7 } }))).toEqual({ kind: 'flushDone', id: 7 });
    expect(readProbeFrame(analyzerFrame({ status: { json: '{}' } }))).toEqual({ kind: 'status', json: '{}' });
    const text = `{"Name":"${'long '.repeat(100)}"}`;
    expect(readProbeFrame(analyzerFrame({ sync: { sequence: 1, nodes: [text], edges: [] } }))).toEqual({
      kind: 'sync',
      sync: { sequence: 1, nodes: [text], edges: [] },
    });
  });

  test('a member of a newer minor version is unknown, not wrong', () => {
    expect(readProbeFrame(new Uint8Array([0xfa, 0x07, 0x01, 0x00]))).toEqual({ kind: 'unknown' });
  });

  test('names the close code of what is wrong', () => {
    expect(() => readProbeFrame('text')).toThrow(closes(1003));
    expect(() => readProbeFrame(new Uint8Array(0))).toThrow(closes(1007));
    expect(() => readProbeFrame(new Uint8Array([0x0a, 0x7f]))).toThrow(closes(1007));
    expect(() => readProbeFrame(new Uint8Array(limits.frameBytesMax + 1))).toThrow(closes(1009));
    expect(() => readProbeFrame(analyzerFrame({ goodbye: { reason: '' }, flush_done: { id: 1 } }))).toThrow(
      closes(1007),
    );
  });

  test('never throws anything but a WireError, whatever the bytes', () => {
    let seed = 1;
    for (let round = 0; round < 2_000; round++) {
      const bytes = Uint8Array.from(
        { length: 1 + (round % 40) },
        () => (seed = (seed * 48_271) % 2_147_483_647) & 0xff,
      );
      try {
        readProbeFrame(bytes);
      } catch (error) {
        expect(error, `round ${round}`).toMatchObject({ name: 'WireError' });
      }
    }
  });
});

describe('readAnalyzerFrame', () => {
  test('reads what probeFrame writes and refuses the rest with 1007', () => {
    expect(readAnalyzerFrame(probeFrame({ ack: { sequence: 9 } })).ack).toEqual({ sequence: 9 });
    expect(() => readAnalyzerFrame(new Uint8Array([0x0a, 0x7f]))).toThrow(closes(1007));
  });
});
