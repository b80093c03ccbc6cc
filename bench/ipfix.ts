/**
 * Flows as IPFIX, beside the protobuf that the analyzer gets of the same flows (the baseline): `npm run bench -- ipfix`. And what the exporter really does: decode a batch, encode its flows.
 */
import { limits, timings } from '../core/limits.ts';
import { BatchEncoder, NOTHING_LEFT_OUT, type BatchBody } from '../core/wire/batch-encoder.ts';
import { IpfixEncoder } from '../core/export/ipfix.ts';
import { decodeFlowBatch } from '../proto/gen/probe.ts';
import { loadFlow } from './edge-load.ts';

const FLOWS = 1_000;
const ROUNDS = 200;

/** Flows a second, the best of five. */
function rate(work: () => void): number {
  let best = 0;
  for (let turn = 0; turn < 5; turn++) {
    const began = performance.now();
    for (let round = 0; round < ROUNDS / 5; round++) work();
    best = Math.max(best, (FLOWS * ROUNDS) / 5 / ((performance.now() - began) / 1_000));
  }
  return best;
}

export function main(): Promise<number> {
  const now = Date.now();
  const flows = Array.from({ length: FLOWS }, (_, index) => loadFlow('ipfix', index, 7, now));
  const bodies: BatchBody[] = [];
  const batches = new BatchEncoder((body) => bodies.push(body));
  const protobuf = rate(() => {
    bodies.length = 0;
    batches.add(flows, [], NOTHING_LEFT_OUT);
    batches.finish();
  });
  let bytes = 0;
  const options = {
    domain: 0,
    messageBytesMax: limits.ipfixMessageBytes,
    templatesEveryMs: timings.ipfixTemplatesMs,
  };
  const encoder = new IpfixEncoder(options, (message) => (bytes += message.length));
  const encode = (all: typeof flows): void => {
    for (const flow of all) encoder.add(flow, now);
    encoder.flush(now);
  };
  encode(flows);
  const perFlow = bytes / FLOWS;
  const ipfix = rate(() => encode(flows));
  const whole = rate(() => {
    for (const { bytes: body } of bodies) encode(decodeFlowBatch(body).flows);
  });
  const show = (what: string, value: number): void =>
    console.log(
      `${what.padEnd(34)} ${Math.round(value).toLocaleString('en').padStart(12)} flows/s   ${(value / protobuf).toFixed(2)}`,
    );
  show('protobuf (baseline)', protobuf);
  show('IPFIX', ipfix);
  show('batch decoded, then IPFIX', whole);
  console.log(
    `${perFlow.toFixed(0)} bytes a flow, ${(bodies.reduce((sum, body) => sum + body.bytes.length, 0) / FLOWS).toFixed(0)} as protobuf`,
  );
  return Promise.resolve(0);
}
