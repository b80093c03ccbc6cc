/** Rings whose interface goes, whose thread dies, that are too small, that cannot be had: nothing is left behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Capture } from '../../../core/capture/capture.ts';
import type { BatchBody } from '../../../core/wire/batch-encoder.ts';
import { decodeFlowBatch } from '../../../proto/gen/probe.ts';
import {
  CaptureUnavailable,
  type CaptureError,
  type CaptureSource,
} from '../../../probe/capture/capture-source.ts';
import { CaptureTask } from '../../../probe/capture/capture-task.ts';
import { PcapSource } from '../../../probe/capture/pcap-source.ts';
import { PreferredSource } from '../../../probe/capture/preferred-source.ts';
import { RING_BYTES_MIN, RingSet } from '../../../probe/capture/ring/ring-set.ts';
import { RingLedger } from '../../../probe/capture/ring/ring-ledger.ts';
import { RingSource } from '../../../probe/capture/ring/ring-source.ts';
import { createLog } from '../../../probe/log.ts';
import { until } from '../link/fake-analyzer.ts';
import { sendFrames, udpFrame } from './raw-frames.ts';
import { createVethLab, skipCaptures, type VethLab } from './veth-lab.ts';

const PACE = { hold: false, updateMs: 0, detail: 0, sampling: 1 };
const quiet = createLog('capture', () => {});

/** Descriptors and mapped packet rings of this process. */
const held = () => ({
  fds: readdirSync('/proc/self/fd').length,
  rings: (readFileSync('/proc/self/maps', 'utf8').match(/socket:\[/g) ?? []).length,
});

describe.skipIf(skipCaptures())('RingSource when things go', () => {
  let lab: VethLab;
  let source: RingSource;
  let packets: number;
  let lost: string[];
  const onLost = (error: CaptureError) => void lost.push(error.message);

  const sinkOf = () => ({
    add: (body: BatchBody) => {
      for (const { LastUpdateMetric: last } of decodeFlowBatch(body.bytes).flows)
        packets += last!.ABPackets + last!.BAPackets;
    },
    countDropped: () => {},
  });

  beforeEach(() => {
    lab = createVethLab('rg');
    packets = 0;
    lost = [];
    source = new RingSource({ sink: sinkOf(), pace: PACE, log: quiet });
  });

  afterEach(async () => {
    await source.stop();
    lab.remove();
  });

  const send = (count: number) =>
    sendFrames(lab.a, lab.spec(lab.a).ifIndex, Array<Buffer>(count).fill(udpFrame()));
  const udp = (more: object = {}) => lab.spec(lab.b, { userFilter: 'udp', ...more });
  const errorOf = async (opening: Promise<unknown>) => {
    const error: unknown = await opening.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return error as CaptureError | undefined;
  };

  it('tells that the interface went down, with all that was captured before, and opens again when it is up', async () => {
    const handle = await source.open(udp(), onLost);
    send(5);
    lab.in(lab.b, 'link', 'set', 'eth0', 'down');
    await until('told', () => lost.length === 1, 2_000);
    expect(lost).toEqual(['no more packets of eth0: ENETDOWN']);
    expect(packets).toBe(5);
    expect(handle.stats()).toMatchObject({ packetsReceived: 5, flows: 0 });
    expect((await errorOf(source.open(udp(), onLost)))?.message).toBe('interface eth0 is down');
    lab.in(lab.b, 'link', 'set', 'eth0', 'up');
    await source.open(udp(), onLost);
    send(3);
    await source.flush();
    expect([packets, lost.length]).toEqual([8, 1]);
  });

  it('tells that the interface was deleted, and says why a capture cannot start', async () => {
    const gone = udp();
    await source.open(gone, onLost);
    lab.in(lab.a, 'link', 'del', 'eth0');
    await until('told', () => lost.length === 1, 2_000);
    expect((await errorOf(source.open(gone, onLost)))?.message).toMatch(/^interface eth0 .*is gone$/);
    const texts = async (more: object) => (await errorOf(source.open({ ...gone, ...more }, onLost)))?.message;
    expect(await texts({ netnsPath: '/var/run/netns/rg-nosuch' })).toMatch(/ENOENT/);
    expect(await texts({ userFilter: 'no such filter' })).toMatch(/^Not a valid BPF expression: /);
    expect(await texts({ userFilter: 'vlan and ether[' })).toMatch(/^Not a valid BPF expression: /);
    expect(source.status()).toMatchObject({ captures: 0, ringBytes: 0, crashes: 0 });
  });

  it('leaves neither descriptors nor memory after a hundred captures', async () => {
    await (await source.open(udp(), onLost)).close();
    const before = held();
    for (let round = 0; round < 20; round++) {
      const handles = await Promise.all(
        Array.from({ length: 5 }, (_, index) =>
          source.open(udp({ userFilter: `udp port ${index}` }), onLost),
        ),
      );
      if (round === 0) expect(held().rings).toBe(before.rings + 5);
      await Promise.all(handles.map((handle) => handle.close()));
    }
    expect(held()).toEqual(before);
  }, 30_000);

  it('is counted, told and begun again when its thread dies, and what it held is given back', async () => {
    await source.warmUp();
    await source.stop();
    const before = held();
    source = new RingSource({ sink: sinkOf(), pace: PACE, log: quiet });
    await source.open(udp({ captureId: 'x' }), (error) => lost.push(`x ${error.message}`));
    await source.open(udp({ captureId: 'y' }), (error) => lost.push(`y ${error.message}`));
    expect(held().rings).toBe(before.rings + 2);
    source.crash();
    await until('told', () => lost.length === 2);
    expect(lost).toEqual(['x the capture thread ended with 1', 'y the capture thread ended with 1']);
    expect(source.status()).toMatchObject({ crashes: 1, captures: 0 });
    expect(held().rings).toBe(before.rings);
    await source.open(udp(), onLost);
    send(4);
    await source.flush();
    expect(packets).toBe(4);
    await source.stop();
    expect(held()).toEqual(before);
  });

  it('counts every packet that did not fit', () => {
    const ledger = new RingLedger();
    const rings = new RingSet(ledger, () => {});
    const own = rings.open(udp(), RING_BYTES_MIN);
    // 256 KiB hold about 1,600 such packets.
    send(4_000);
    expect(own.check()).toBeUndefined();
    while (rings.read());
    own.close();
    expect(own.dropped).toBeGreaterThan(1_000);
    // Those in the last block are not handed over before its time is up.
    const inBlock = 4_000 - own.received - own.dropped;
    expect(inBlock).toBeGreaterThanOrEqual(0);
    expect(inBlock).toBeLessThan(300);
    ledger.release();
  });

  it('serves captures without a type by libpcap where there is no koffi, and says so', async () => {
    const missing = new RingSource({
      sink: sinkOf(),
      pace: PACE,
      log: quiet,
      require: () => {
        throw new Error('koffi could not be loaded: not for this machine\nat …');
      },
    });
    const reason = 'no packet ring: koffi could not be loaded: not for this machine';
    expect(await errorOf(missing.open(udp(), onLost))).toEqual(new CaptureUnavailable(reason));
    const pcap = new PcapSource({ sink: sinkOf(), pace: PACE, log: quiet });
    const any = new PreferredSource(
      { type: 'afpacket', source: missing },
      { type: 'pcap', source: pcap },
      quiet,
    );
    const states = [any, missing].map(async (captureSource: CaptureSource) => {
      const task = new CaptureTask(captureOf(), () => {});
      await task.pursue({ kind: 'run', type: 'afpacket', source: captureSource, spec: udp() });
      const state = task.state();
      const { State, Type, Fallback, Error: error } = state!;
      return { task, shown: { State, Type, Fallback, Error: error } };
    });
    const [fallen, refused] = await Promise.all(states);
    expect(fallen!.shown).toEqual({ State: 'active', Type: 'pcap', Fallback: reason, Error: undefined });
    expect(refused!.shown).toEqual({ State: 'error', Type: 'afpacket', Fallback: undefined, Error: reason });
    send(3);
    await pcap.flush();
    expect(packets).toBe(3);
    expect(any.status()).toEqual({ fallbacks: 1 });
    for (const { task } of [fallen!, refused!]) await task.pursue({ kind: 'none' });
    await pcap.stop();
  });

  it('falls back for a kind of interface that only libpcap can read, and not for a wrong filter', async () => {
    const pcap = new PcapSource({ sink: sinkOf(), pace: PACE, log: quiet });
    const any = new PreferredSource({ type: 'afpacket', source }, { type: 'pcap', source: pcap }, quiet);
    const handle = await any.open(udp({ encapType: 'ppp' }), onLost);
    expect(handle.fallback).toEqual({
      type: 'pcap',
      reason: 'packet rings do not read interfaces of EncapType ppp',
    });
    await handle.close();
    expect((await errorOf(any.open(udp({ userFilter: 'nonsense here' }), onLost)))?.message).toMatch(
      /^Not a valid BPF expression/,
    );
    await pcap.stop();
  });

  it('costs next to nothing while nothing happens', async () => {
    await source.open(udp(), onLost);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const threads = () =>
      readdirSync('/proc/self/task').reduce((sum, thread) => {
        const text = readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8');
        return sum + Number(text.split(' ')[0]) / 1e6;
      }, 0);
    const before = threads();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    // About 4 ms here, of which the thread's share is half; a loop that polls would take hundreds.
    expect(threads() - before).toBeLessThan(100);
  });
});

function captureOf(): Capture {
  return {
    UUID: 'u',
    GremlinQuery: 'G.V()',
    Count: 0,
    SamplingRate: 0,
    PollingInterval: 0,
    ExtraTCPMetric: false,
    IPDefrag: false,
    ReassembleTCP: false,
  };
}
