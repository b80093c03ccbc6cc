/** What a batch leaves out when the analyzer asked for less. */
import { describe, expect, test } from 'vitest';
import { isSampled } from '../../../core/flow/slow-down.ts';
import { BatchEncoder, NOTHING_LEFT_OUT, type Leave } from '../../../core/wire/batch-encoder.ts';
import { createFlow, createRawPacket, type Flow } from '../../../proto/gen/flow.ts';
import { decodeFlowBatch, type FlowBatch } from '../../../proto/gen/probe.ts';

const flows: Flow[] = Array.from({ length: 64 }, (_, index) =>
  createFlow({ UUID: index.toString(16).padStart(16, '0'), LastRawPackets: [createRawPacket()] }),
);

function encoded(leave: Leave): { batch: FlowBatch; sampledOut: number } {
  const bodies: Uint8Array[] = [];
  const encoder = new BatchEncoder(({ bytes }) => bodies.push(bytes));
  encoder.add(flows, [flows[0]!.UUID, flows[1]!.UUID], leave);
  encoder.finish();
  return { batch: decodeFlowBatch(Buffer.concat(bodies)), sampledOut: encoder.sampledOut };
}

describe('a batch', () => {
  test('has every flow with everything unless less was asked for', () => {
    const { batch, sampledOut } = encoded(NOTHING_LEFT_OUT);
    expect([batch.flows.length, batch.ended.length, sampledOut]).toEqual([64, 2, 0]);
    expect(batch.flows.every(({ LastRawPackets }) => LastRawPackets.length === 1)).toBe(true);
  });

  test('leaves out raw packets before flows', () => {
    const { batch } = encoded({ detail: 1, sampling: 1 });
    expect(batch.flows).toHaveLength(64);
    expect(batch.flows.some(({ LastRawPackets }) => LastRawPackets.length > 0)).toBe(false);
  });

  test('has one flow of so many, whole, and counts the others', () => {
    const { batch, sampledOut } = encoded({ detail: 0, sampling: 4 });
    const told = flows.filter(({ UUID }) => isSampled(UUID, 4)).map(({ UUID }) => UUID);
    expect(batch.flows.map(({ UUID }) => UUID)).toEqual(told);
    expect(batch.ended.map(({ uuid }) => uuid)).toEqual([flows[0]!.UUID]);
    expect(sampledOut).toBe(64 - told.length);
  });
});
