/** libpcap on a real veth pair: what went over the wire is what the flows say, whatever happens to the process. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeFlowBatch } from '../../../proto/gen/probe.ts';
import { decodeStats, FlowFinishType, type Flow, type FlowMetric } from '../../../proto/gen/flow.ts';
import type { CaptureError, CaptureHandle } from '../../../probe/capture/capture-source.ts';
import { PcapSource, type PcapSourceOptions } from '../../../probe/capture/pcap-source.ts';
import { createLog } from '../../../probe/log.ts';
import { until } from '../link/fake-analyzer.ts';
import { sendFrames, udpFrame } from './raw-frames.ts';
import { createVethLab, isAlive, skipCaptures, type VethLab } from './veth-lab.ts';

/** 14 Ethernet + 20 IPv4 + 8 ICMP. */
const PING_HEADER_BYTES = 42;
const PACE = { hold: false, updateMs: 0, detail: 0, sampling: 1 };

describe.skipIf(skipCaptures())('PcapSource on a veth pair', () => {
  let lab: VethLab;
  let source: PcapSource;
  let flows: Flow[];
  let ended: string[];
  let lines: string[];
  const noLoss = (error: CaptureError) => {
    throw error;
  };

  const start = (options: Partial<PcapSourceOptions> = {}) => {
    source = new PcapSource({
      sink: {
        add: (body) => {
          const batch = decodeFlowBatch(body.bytes);
          expect(batch.flows).toHaveLength(body.flows);
          flows.push(...batch.flows);
          ended.push(...batch.ended.map(({ uuid }) => uuid));
        },
        countDropped: (count) => {
          throw new Error(`${count} flow messages dropped`);
        },
      },
      pace: PACE,
      log: createLog('capture', (line) => lines.push(line)),
      ...options,
    });
  };

  beforeEach(() => {
    lab = createVethLab();
    flows = [];
    ended = [];
    lines = [];
    start();
  });

  afterEach(async () => {
    await source.stop();
    lab.remove();
  });

  const icmp = (captureId = 'capture-1') =>
    flows.filter((flow) => flow.LayersPath === 'Ethernet/IPv4/ICMPv4' && flow.CaptureID === captureId);
  const growth = (list: readonly Flow[]) =>
    list.reduce(
      (sum, { LastUpdateMetric: last }) => ({
        ABPackets: sum.ABPackets + last!.ABPackets,
        ABBytes: sum.ABBytes + last!.ABBytes,
        BAPackets: sum.BAPackets + last!.BAPackets,
        BABytes: sum.BABytes + last!.BABytes,
      }),
      { ABPackets: 0, ABBytes: 0, BAPackets: 0, BABytes: 0 },
    );
  const both = (packets: number, dataBytes = 56): Partial<FlowMetric> => {
    const bytes = packets * (PING_HEADER_BYTES + dataBytes);
    return { ABPackets: packets, ABBytes: bytes, BAPackets: packets, BABytes: bytes };
  };

  it('counts ten pings exactly, inside a namespace, and the flow leaves within a second', async () => {
    await source.open(lab.spec(lab.b), noLoss);
    const started = Date.now();
    await lab.ping(10);
    await until('the flow', () => icmp().length > 0, 1_000 + (Date.now() - started));
    await source.flush();
    expect(growth(icmp())).toEqual(both(10));
    expect(icmp().at(-1)).toMatchObject({
      NodeTID: 'tid-1',
      CaptureID: 'capture-1',
      Network: { A: lab.addressA, B: lab.addressB },
      ICMP: { ID: 4_242 },
      Metric: both(10),
    });
    const last = icmp().at(-1)!;
    expect(last.Start).toBeGreaterThanOrEqual(started);
    expect(last.Metric!.RTT).toBeGreaterThan(0);
    expect(last.Metric!.RTT).toBeLessThan(1_000_000_000);
  });

  it('counts bytes on the wire although only HeaderSize of them are looked at', async () => {
    await source.open(lab.spec(lab.a, { headerBytes: 64, rawPacketLimit: 2 }), noLoss);
    await lab.ping(3, 1_200);
    await source.flush();
    expect(growth(icmp())).toEqual(both(3, 1_200));
  });

  it('lets a filter pass what it names, and leaves the exclusion out', async () => {
    await source.open(lab.spec(lab.a, { captureId: 'udp', userFilter: 'udp' }), noLoss);
    await source.open(lab.spec(lab.a, { captureId: 'icmp', userFilter: 'icmp or arp' }), noLoss);
    const exclusion = `not (host ${lab.addressB} and icmp)`;
    await source.open(lab.spec(lab.a, { captureId: 'not', userFilter: 'icmp', exclusion }), noLoss);
    await lab.ping(4);
    await source.flush();
    expect(growth(icmp('icmp'))).toEqual(both(4));
    expect(flows.filter((flow) => flow.CaptureID === 'udp' || flow.CaptureID === 'not')).toEqual([]);
  });

  it('runs several captures on one interface, each with a table of its own', async () => {
    const handles: CaptureHandle[] = [];
    for (const captureId of ['one', 'two', 'three'])
      handles.push(await source.open(lab.spec(lab.a, { captureId }), noLoss));
    await lab.ping(5);
    await handles[0]!.close();
    await source.flush();
    for (const captureId of ['one', 'two', 'three']) expect(growth(icmp(captureId))).toEqual(both(5));
    expect(icmp('one').at(-1)!.FinishType).toBe(FlowFinishType.TIMEOUT);
    // Only what the closed capture held has ended; equal UUIDs on one node are no mistake (they hold no capture).
    const closed = flows.filter(
      (flow) => flow.CaptureID === 'one' && flow.FinishType === FlowFinishType.TIMEOUT,
    );
    expect(ended.toSorted()).toEqual(closed.map((flow) => flow.UUID).toSorted());
    expect(source.pids).toHaveLength(1);
  });

  it('tells packets received, at the end exactly', async () => {
    const handle = await source.open(lab.spec(lab.a, { userFilter: 'icmp' }), noLoss);
    await lab.ping(6);
    await until('received', () => handle.stats().packetsReceived === 12, 3_000);
    await lab.ping(1);
    await handle.close();
    expect(handle.stats()).toMatchObject({ packetsReceived: 14, packetsDropped: 0, flows: 0 });
  });

  it('counts what the kernel had to drop while the process did not read', async () => {
    // 32 MiB in slots for 4 KiB of each packet: some 4,000 to 8,000.
    const handle = await source.open(lab.spec(lab.a, { userFilter: 'udp', headerBytes: 4_096 }), noLoss);
    const [pid] = source.pids;
    process.kill(pid!, 'SIGSTOP');
    sendFrames(lab.b, lab.spec(lab.b).ifIndex, Array<Buffer>(12_000).fill(udpFrame()));
    process.kill(pid!, 'SIGCONT');
    await until('dropped', () => handle.stats().packetsDropped > 0, 5_000);
    await handle.close();
    const { packetsReceived, packetsDropped } = handle.stats();
    expect(packetsReceived + packetsDropped).toBe(12_000);
  }, 20_000);

  it('has room for a burst of tens of thousands of packets', async () => {
    const handle = await source.open(lab.spec(lab.a, { userFilter: 'udp' }), noLoss);
    const [pid] = source.pids;
    process.kill(pid!, 'SIGSTOP');
    sendFrames(lab.b, lab.spec(lab.b).ifIndex, Array<Buffer>(40_000).fill(udpFrame()));
    process.kill(pid!, 'SIGCONT');
    await until('received', () => handle.stats().packetsReceived === 40_000, 5_000);
    await handle.close();
    expect(handle.stats()).toMatchObject({ packetsReceived: 40_000, packetsDropped: 0 });
  }, 20_000);

  it('takes times from the kernel and lengths from the wire', async () => {
    const handle = await source.open(lab.spec(lab.a, { userFilter: 'udp', headerBytes: 60 }), noLoss);
    const before = Date.now();
    process.kill(source.pids[0]!, 'SIGSTOP');
    sendFrames(lab.b, lab.spec(lab.b).ifIndex, [udpFrame({ payloadBytes: 1_000 })]);
    const after = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(source.pids[0]!, 'SIGCONT');
    await handle.close();
    const [flow] = flows;
    expect(flow!.Metric).toMatchObject({ ABPackets: 1, ABBytes: 1_042 });
    expect(flow!.Start).toBeGreaterThanOrEqual(before - 1);
    expect(flow!.Start).toBeLessThanOrEqual(after + 1);
  });

  it('ends every open flow with TIMEOUT when it stops', async () => {
    await source.open(lab.spec(lab.a), noLoss);
    await lab.ping(2);
    await source.stop();
    expect(growth(icmp())).toEqual(both(2));
    expect(icmp().at(-1)!.FinishType).toBe(FlowFinishType.TIMEOUT);
    expect(ended).toContain(icmp().at(-1)!.UUID);
    expect(source.pids).toEqual([]);
  });

  it('sends flow statistics of a capture when it ends', async () => {
    const stats: ReturnType<typeof decodeStats>[] = [];
    await source.stop();
    start({
      sink: {
        add: (body) => stats.push(...decodeFlowBatch(body.bytes).stats),
        countDropped: () => {},
      },
    });
    const handle = await source.open(lab.spec(lab.a, { userFilter: 'icmp' }), noLoss);
    await lab.ping(3);
    await handle.close();
    const sum = stats.reduce((total, one) => total + one.PacketsReceived, 0);
    expect(sum).toBe(6);
    expect(stats.at(-1)).toMatchObject({ CaptureID: 'capture-1', PacketsDropped: 0, FlowCount: 0 });
  });

  it('says why a capture cannot start', async () => {
    const bad = async (more: Parameters<VethLab['spec']>[1]) => {
      try {
        await source.open(lab.spec(lab.a, more), noLoss);
      } catch (error) {
        return (error as CaptureError).message;
      }
      return 'it started';
    };
    expect(await bad({ interfaceName: 'nosuch0' })).toMatch(/nosuch0 .*is gone/);
    expect(await bad({ ifIndex: 4_711 })).toMatch(/eth0 \(index 4711\) is gone/);
    expect(await bad({ userFilter: 'no such filter' })).toMatch(/^capture on eth0 failed: .*syntax error/);
    expect(await bad({ netnsPath: '/var/run/netns/cp-nosuch' })).toMatch(/ENOENT/);
    await source.open(lab.spec(lab.a), noLoss);
    await lab.ping(1);
    await source.flush();
    expect(growth(icmp())).toEqual(both(1));
  });

  it('tells every capture when the process is killed, and captures again in a new one', async () => {
    const lost: string[] = [];
    await source.open(lab.spec(lab.a, { captureId: 'x' }), (error) => lost.push(`x ${error.message}`));
    await source.open(lab.spec(lab.b, { captureId: 'y' }), (error) => lost.push(`y ${error.message}`));
    const [pid] = source.pids;
    process.kill(pid!, 'SIGKILL');
    await until('told', () => lost.length === 2);
    expect(lost).toEqual([
      'x the capture process ended with SIGKILL',
      'y the capture process ended with SIGKILL',
    ]);
    expect(source.status()).toMatchObject({ crashes: 1, captures: 0 });
    await source.open(lab.spec(lab.a), noLoss);
    await lab.ping(2);
    await source.flush();
    expect(growth(icmp())).toEqual(both(2));
    expect(source.pids).not.toContain(pid);
  });

  it('holds updates back while told to, and gives the whole difference afterwards', async () => {
    await source.open(lab.spec(lab.a, { userFilter: 'icmp' }), noLoss);
    await lab.ping(1);
    await until('the birth', () => icmp().length === 1, 2_000);
    source.setPace({ ...PACE, hold: true });
    await lab.ping(5);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(icmp()).toHaveLength(1);
    source.setPace(PACE);
    await until('the update', () => icmp().length === 2, 1_000);
    expect(icmp()[1]!.LastUpdateMetric).toMatchObject(both(5));
    expect(growth(icmp())).toEqual(both(6));
  });

  it('starts a process inside each namespace where it cannot enter them itself', async () => {
    await source.stop();
    start({ processPerNetns: true });
    const one = await source.open(lab.spec(lab.a, { captureId: 'a' }), noLoss);
    await source.open(lab.spec(lab.b, { captureId: 'b' }), noLoss);
    const pids = source.pids;
    expect(pids).toHaveLength(2);
    await lab.ping(3);
    await source.flush();
    expect(growth(icmp('a'))).toEqual(both(3));
    expect(growth(icmp('b'))).toEqual(both(3));
    await one.close();
    expect(source.pids).toHaveLength(1);
    expect(pids.filter(isAlive)).toHaveLength(1);
  });
});
