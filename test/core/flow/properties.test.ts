import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FlowTable, FlowTableOptions } from '../../../core/flow/table.ts';
import type { Flow } from '../../../proto/gen/flow.ts';
import { flowToObject } from '../../../core/wire/flow-json.ts';
import { anyCapture, anyCaptures, simpleCapture } from './any-frames.ts';
import type { Capture } from './any-frames.ts';
import { START_MS, counts, tableOf } from './table-of.ts';

/** fast-check prints the seed and the smallest counterexample when one of these fails. */
const RUNS = { numRuns: 200 };

const anyOptions: fc.Arbitrary<Partial<FlowTableOptions>> = fc.record({
  layerKeyMode: fc.constantFrom('L2' as const, 'L3' as const),
  extraTcpMetric: fc.boolean(),
  ipDefrag: fc.boolean(),
  reassembleTcp: fc.boolean(),
  extraLayers: fc.constantFrom(0, 2, 7),
  rawPacketLimit: fc.constantFrom(0, 2),
});

const anyOrSimple = fc.oneof({ weight: 9, arbitrary: simpleCapture }, { weight: 1, arbitrary: anyCapture });

function feedAll(table: FlowTable, captures: readonly Capture[]): void {
  for (const { bytes, wireLength, afterMs } of captures)
    table.feed(bytes, 0, bytes.length, wireLength, START_MS + afterMs, 0);
}

function shown(flows: readonly Flow[]): string[] {
  return flows.map((flow) => JSON.stringify(flowToObject(flow))).toSorted();
}

describe('FlowTable, whatever is fed', () => {
  it('never throws, and every flow can be shown', () => {
    fc.assert(
      fc.property(
        anyCaptures,
        anyOptions,
        fc.constantFrom(1, 0, 9, 12, 113, 228, 276),
        (captures, options, linkType) => {
          const table = tableOf({ ...options, linkType, mplsUdpPorts: [40_001] });
          feedAll(table, captures);
          table.tick(START_MS + 10_000);
          for (const flow of [...table.snapshot(), ...table.stop(START_MS + 20_000).flows]) {
            expect(flow.UUID).toMatch(/^[0-9a-f]{1,16}$/);
            JSON.stringify(flowToObject(flow));
          }
        },
      ),
      RUNS,
    );
  });

  it('loses no byte: those of outer flows, ignored packets and unfinished datagrams are those fed', () => {
    fc.assert(
      fc.property(anyCaptures, anyOptions, (captures, options) => {
        const table = tableOf(options);
        feedAll(table, captures);
        let bytes = 0;
        let packets = 0;
        for (const flow of table.stop(START_MS + 10_000).flows) {
          if (flow.ParentUUID !== '') continue;
          const [abPackets, abBytes, baPackets, baBytes] = counts(flow) as [number, number, number, number];
          packets += abPackets + baPackets;
          bytes += abBytes + baBytes;
        }
        const { counters } = table;
        expect(packets + counters.packetsIgnored + counters.fragmentsDropped).toBe(captures.length);
        expect(bytes + counters.bytesIgnored + counters.fragmentBytesDropped).toBe(
          captures.reduce((sum, capture) => sum + capture.wireLength, 0),
        );
      }),
      RUNS,
    );
  });

  it('sends differences that add up to the counters, wherever ticks and flushes fall', () => {
    fc.assert(
      fc.property(anyCaptures, fc.array(fc.nat(60), { maxLength: 6 }), (captures, cuts) => {
        const table = tableOf({ entriesMax: 8 });
        const sums = new Map<string, number[]>();
        const last = new Map<string, number[]>();
        const take = (flows: readonly Flow[]) => {
          for (const flow of flows) {
            const change = flow.LastUpdateMetric!;
            const sum = sums.get(flow.UUID) ?? [0, 0, 0, 0];
            const parts = [change.ABPackets, change.ABBytes, change.BAPackets, change.BABytes];
            sums.set(
              flow.UUID,
              sum.map((value, i) => value + parts[i]!),
            );
            last.set(flow.UUID, counts(flow));
          }
        };
        for (const [index, capture] of captures.entries()) {
          feedAll(table, [capture]);
          if (cuts.includes(index)) take(table.flush(START_MS + capture.afterMs).flows);
          if (cuts.includes(index + 1)) take(table.tick(START_MS + capture.afterMs).flows);
        }
        take(table.stop(START_MS + 10_000).flows);
        expect(table.counters.flowsCreated).toBe(table.counters.flowsEnded);
        expect(sums).toEqual(last);
      }),
      RUNS,
    );
  });

  it('makes the same flows when a capture is cut at any packet and goes on', () => {
    fc.assert(
      fc.property(anyCaptures, fc.nat(60), anyOptions, (captures, cut, options) => {
        const whole = tableOf(options);
        feedAll(whole, captures);
        const parts = tableOf(options);
        feedAll(parts, captures.slice(0, cut));
        parts.snapshot();
        feedAll(parts, captures.slice(cut));
        expect(shown(parts.snapshot())).toEqual(shown(whole.snapshot()));
      }),
      RUNS,
    );
  });

  it('counts the simple packets the same way as all others', () => {
    fc.assert(
      fc.property(
        fc.array(anyOrSimple, { minLength: 30, maxLength: 120, size: 'max' }),
        anyOptions,
        fc.nat(),
        (captures, options, hashSeed) => {
          const fast = tableOf({ ...options, hashSeed });
          const general = tableOf({ ...options, fastPath: false });
          feedAll(fast, captures);
          feedAll(general, captures);
          expect(shown(fast.snapshot())).toEqual(shown(general.snapshot()));
          expect(fast.counters.decode).toEqual(general.counters.decode);
          expect(shown(fast.stop(START_MS).flows)).toEqual(shown(general.stop(START_MS).flows));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives the same flows from the middle of a larger buffer', () => {
    fc.assert(
      fc.property(anyCaptures, anyOptions, (captures, options) => {
        const alone = tableOf(options);
        const ring = tableOf(options);
        const buffer = new Uint8Array(4096);
        for (const { bytes, wireLength, afterMs } of captures) {
          alone.feed(bytes, 0, bytes.length, wireLength, START_MS + afterMs, 0);
          buffer.fill(0xff);
          const slot = buffer.subarray(100);
          slot.set(bytes, 33);
          ring.feed(slot, 33, bytes.length, wireLength, START_MS + afterMs, 0);
        }
        expect(shown(ring.snapshot())).toEqual(shown(alone.snapshot()));
      }),
      RUNS,
    );
  });
});
