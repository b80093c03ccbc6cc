/** When packets come faster than they can be taken: detail goes before flows, and what is lost is told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CaptureRunner } from '../../../probe/capture/capture-runner.ts';
import type { FromChild } from '../../../probe/capture/child-protocol.ts';
import { Overload } from '../../../probe/capture/overload.ts';
import { SETTLE_MS } from '../../../probe/capture/ring/packet-ring.ts';
import { RingLedger } from '../../../probe/capture/ring/ring-ledger.ts';
import { RING_BYTES_MIN, RingSet } from '../../../probe/capture/ring/ring-set.ts';
import { decodeFlowBatch } from '../../../proto/gen/probe.ts';
import type { Flow } from '../../../proto/gen/flow.ts';
import { sendFrames, udpFrame } from './raw-frames.ts';
import { createVethLab, skipCaptures, type VethLab } from './veth-lab.ts';

const ASKED = { hold: false, updateMs: 10_000, detail: 0, sampling: 1 };
const LOST = 100;

describe('Overload', () => {
  /** Seconds in each of which so many packets were lost, or a tick came so late. */
  const after = (...seconds: readonly (readonly [lost: number, lateMs: number])[]) => {
    const overload = new Overload();
    for (const [lost, lateMs] of seconds) overload.look(lost, lateMs);
    return overload;
  };
  const times = (count: number, lost: number) => Array.from({ length: count }, () => [lost, 0] as const);

  it('leaves out nothing in one bad second', () => {
    expect(after([LOST, 0], [0, 0], [LOST, 0]).slow(ASKED)).toBe(ASKED);
  });

  it('leaves out raw packets, then application layers, then makes updates rarer, a step a second', () => {
    expect(after(...times(2, LOST)).slow(ASKED)).toEqual({ ...ASKED, detail: 1, sampling: 1 });
    expect(after(...times(3, LOST)).slow(ASKED)).toEqual({ ...ASKED, detail: 2, sampling: 1 });
    expect(after(...times(4, LOST)).slow(ASKED)).toEqual({
      ...ASKED,
      updateMs: 30_000,
      detail: 2,
      sampling: 1,
    });
    expect(after(...times(9, LOST)).counters).toEqual({ stage: 3, raised: 3, seconds: 7 });
  });

  it('takes a tick that comes late for overload', () => {
    expect(after([0, 600], [0, 600]).counters.stage).toBe(1);
    expect(after([0, 400], [0, 400]).counters.stage).toBe(0);
  });

  it('goes a step back after ten calm seconds, and counts them anew after a bad one', () => {
    const high = times(4, LOST);
    expect(after(...high, ...times(9, 0)).counters.stage).toBe(3);
    expect(after(...high, ...times(10, 0)).counters.stage).toBe(2);
    expect(after(...high, ...times(30, 0)).counters.stage).toBe(0);
    expect(after(...high, ...times(9, 0), [LOST, 0], ...times(9, 0)).counters.stage).toBe(3);
  });

  it('never asks for more than the analyzer does', () => {
    const slower = { hold: true, updateMs: 60_000, detail: 2, sampling: 1 };
    expect(after(...times(2, LOST)).slow(slower)).toEqual(slower);
    expect(after(...times(4, LOST)).slow(slower)).toEqual(slower);
  });
});

describe.skipIf(skipCaptures())('a ring that is too small', () => {
  /** A ring of 256 KiB holds about 1,600 of the frames. */
  const FRAMES = 4_000;
  let lab: VethLab;
  let ledger: RingLedger;
  let rings: RingSet;
  let runner: CaptureRunner;
  let flows: Flow[];
  let told: Extract<FromChild, { kind: 'stats' }>[];

  beforeEach(() => {
    lab = createVethLab('ov');
    flows = [];
    told = [];
    ledger = new RingLedger();
    rings = new RingSet(ledger, (_capture, error) => {
      throw new Error(error);
    });
    runner = new CaptureRunner({
      channel: {
        send: (message) => void (message.kind === 'stats' && told.push(message)),
        sendBatch: ({ bytes }) => void flows.push(...decodeFlowBatch(bytes).flows),
        waitingBytes: 0,
      },
      open: (spec) => rings.open(spec, RING_BYTES_MIN),
      settleMs: 0,
      between: () => {},
      onStop: () => {},
    });
    // Seconds go by when the test says so.
    vi.useFakeTimers({ toFake: ['performance'] });
  });

  afterEach(() => {
    vi.useRealTimers();
    runner.receive({ kind: 'stop' });
    ledger.release();
    lab.remove();
  });

  /** A second in which the ring is not read before it has lost packets of a flow of its own. */
  async function badSecond(sourcePort: number): Promise<void> {
    vi.advanceTimersByTime(100);
    runner.tick();
    sendFrames(lab.a, lab.spec(lab.a).ifIndex, Array<Buffer>(FRAMES).fill(udpFrame({ sourcePort })));
    await sleep(SETTLE_MS);
    while (rings.read());
    vi.advanceTimersByTime(900);
    runner.tick(900);
  }

  it('loses detail first; its flows and their counters stay, and what was lost is told', async () => {
    const spec = lab.spec(lab.b, { userFilter: 'udp', rawPacketLimit: 5 });
    runner.receive({ kind: 'open', id: 1, spec, bufferBytes: RING_BYTES_MIN });
    for (let second = 1; second <= 4; second++) await badSecond(5_000 + second);
    expect(told.map(({ overload }) => overload.stage)).toEqual([0, 1, 2, 3]);
    runner.receive({ kind: 'flush', request: 1 });

    const flowOf = (port: number) => flows.findLast(({ Transport }) => Transport?.A === port)!;
    expect([1, 2, 3, 4].map((second) => flowOf(5_000 + second).RawPacketsCaptured)).toEqual([5, 5, 0, 0]);
    const counted = [1, 2, 3, 4].reduce((sum, second) => sum + flowOf(5_000 + second).Metric!.ABPackets, 0);
    const [figures] = told.at(-1)!.captures;
    expect(figures!.packetsDropped).toBeGreaterThan(4 * 1_000);
    expect(figures!.packetsReceived).toBe(counted);
    expect(figures!.packetsReceived + figures!.packetsDropped).toBe(4 * FRAMES);
    expect(figures!.flows).toBe(4);
  });
});
