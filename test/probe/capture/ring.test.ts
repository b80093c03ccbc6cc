/** Packet rings on real veth pairs: what went over the wire is what the flows say. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeFlowBatch } from '../../../proto/gen/probe.ts';
import { FlowFinishType, type Flow } from '../../../proto/gen/flow.ts';
import { limits } from '../../../core/limits.ts';
import type { CaptureError, CaptureHandle } from '../../../probe/capture/capture-source.ts';
import { RingSource } from '../../../probe/capture/ring/ring-source.ts';
import { createLog } from '../../../probe/log.ts';
import { until } from '../link/fake-analyzer.ts';
import { openTun, sendFrames, udpFrame, udpPacket } from './raw-frames.ts';
import { createVethLab, skipCaptures, type VethLab } from './veth-lab.ts';

/** 14 Ethernet + 20 IPv4 + 8 ICMP. */
const PING_HEADER_BYTES = 42;
const PACE = { hold: false, updateMs: 0, detail: 0, sampling: 1 };
const NOTHING = { ABPackets: 0, ABBytes: 0, BAPackets: 0, BABytes: 0 };

describe.skipIf(skipCaptures())('RingSource', () => {
  let lab: VethLab;
  let source: RingSource;
  let flows: Flow[];
  let ended: string[];
  const noLoss = (error: CaptureError) => {
    throw error;
  };

  beforeEach(() => {
    lab = createVethLab('rg');
    flows = [];
    ended = [];
    source = new RingSource({
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
      log: createLog('capture', () => {}),
    });
  });

  afterEach(async () => {
    await source.stop();
    lab.remove();
  });

  const growth = (layersPath: string, captureId = 'capture-1') =>
    flows
      .filter((flow) => flow.LayersPath === layersPath && flow.CaptureID === captureId)
      .reduce(
        (sum, { LastUpdateMetric: last }) => ({
          ABPackets: sum.ABPackets + last!.ABPackets,
          ABBytes: sum.ABBytes + last!.ABBytes,
          BAPackets: sum.BAPackets + last!.BAPackets,
          BABytes: sum.BABytes + last!.BABytes,
        }),
        NOTHING,
      );
  const icmp = (captureId?: string) => growth('Ethernet/IPv4/ICMPv4', captureId);
  const both = (packets: number, dataBytes = 56) => {
    const bytes = packets * (PING_HEADER_BYTES + dataBytes);
    return { ABPackets: packets, ABBytes: bytes, BAPackets: packets, BABytes: bytes };
  };
  const oneWay = (packets: number, bytes: number) => ({ ...NOTHING, ABPackets: packets, ABBytes: bytes });
  const ifIndex = (netns: string) => lab.spec(netns).ifIndex;

  it('counts ten pings exactly, inside a namespace, and the flow leaves within a second', async () => {
    await source.open(lab.spec(lab.b), noLoss);
    const started = Date.now();
    await lab.ping(10);
    await until('the flow', () => icmp().ABPackets > 0, 1_000 + (Date.now() - started));
    await source.flush();
    expect(icmp()).toEqual(both(10));
    const last = flows.findLast((flow) => flow.LayersPath === 'Ethernet/IPv4/ICMPv4')!;
    expect(last).toMatchObject({ NodeTID: 'tid-1', Network: { A: lab.addressA, B: lab.addressB } });
    expect(last.Start).toBeGreaterThanOrEqual(started);
    expect(last.Metric!.RTT).toBeGreaterThan(0);
    expect(last.Metric!.RTT).toBeLessThan(1_000_000_000);
  });

  it('counts bytes on the wire although only HeaderSize of them are looked at', async () => {
    await source.open(lab.spec(lab.a, { headerBytes: 64, rawPacketLimit: 2 }), noLoss);
    await lab.ping(3, 1_200);
    await source.flush();
    expect(icmp()).toEqual(both(3, 1_200));
    const raw = flows
      .filter((flow) => flow.LayersPath === 'Ethernet/IPv4/ICMPv4')
      .flatMap((flow) => flow.LastRawPackets);
    expect(raw.map(({ Data }) => Data.length)).toEqual([64, 64]);
  });

  it('lets a filter pass what it names, and leaves the exclusion out', async () => {
    await source.open(lab.spec(lab.a, { captureId: 'udp', userFilter: 'udp' }), noLoss);
    await source.open(lab.spec(lab.a, { captureId: 'icmp', userFilter: 'icmp or arp' }), noLoss);
    const exclusion = `not (host ${lab.addressB} and icmp)`;
    await source.open(lab.spec(lab.a, { captureId: 'not', userFilter: 'icmp', exclusion }), noLoss);
    await source.open(lab.spec(lab.a, { captureId: 'chain', userFilter: 'ip protochain 1' }), noLoss);
    await lab.ping(4);
    await source.flush();
    expect(icmp('icmp')).toEqual(both(4));
    expect(icmp('chain')).toEqual(both(4));
    expect(flows.filter((flow) => flow.CaptureID === 'udp' || flow.CaptureID === 'not')).toEqual([]);
  });

  it('tells packets received, at the end exactly, and ends the flows of a closed capture alone', async () => {
    const handles: CaptureHandle[] = [];
    for (const captureId of ['one', 'two'])
      handles.push(await source.open(lab.spec(lab.a, { captureId, userFilter: 'icmp' }), noLoss));
    await lab.ping(6);
    await until('received', () => handles[0]!.stats().packetsReceived === 12, 3_000);
    await lab.ping(1);
    await handles[0]!.close();
    expect(handles[0]!.stats()).toMatchObject({ packetsReceived: 14, packetsDropped: 0, flows: 0 });
    await source.flush();
    expect([icmp('one'), icmp('two')]).toEqual([both(7), both(7)]);
    const finished = flows.filter((flow) => flow.FinishType === FlowFinishType.TIMEOUT);
    expect(finished.map((flow) => flow.CaptureID)).toEqual(['one']);
    expect(ended).toEqual(finished.map((flow) => flow.UUID));
  });

  it('ends every open flow with TIMEOUT when it stops', async () => {
    await source.open(lab.spec(lab.a, { userFilter: 'icmp' }), noLoss);
    await lab.ping(1);
    await source.stop();
    expect(icmp()).toEqual(both(1));
    expect(flows.at(-1)!.FinishType).toBe(FlowFinishType.TIMEOUT);
  });

  it('holds updates back while told to, and gives the whole difference afterwards', async () => {
    await source.open(lab.spec(lab.a, { userFilter: 'icmp' }), noLoss);
    await lab.ping(1);
    await until('the birth', () => icmp().ABPackets === 1, 2_000);
    source.setPace({ ...PACE, hold: true });
    await lab.ping(5);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(icmp()).toEqual(both(1));
    source.setPace(PACE);
    await until('the update', () => icmp().ABPackets === 6, 1_500);
    expect(icmp()).toEqual(both(6));
  });

  it('shows the tag that the kernel took off, and tags that it left', async () => {
    await source.open(lab.spec(lab.a, { captureId: 'sent' }), noLoss);
    await source.open(lab.spec(lab.b, { captureId: 'received' }), noLoss);
    const tagged = udpFrame({ vlans: [5] });
    const twice = udpFrame({ vlans: [7, 5], sourcePort: 4_001 });
    sendFrames(lab.a, ifIndex(lab.a), [tagged, tagged, tagged, twice]);
    await source.flush();
    for (const captureId of ['sent', 'received']) {
      expect(growth('Ethernet/Dot1Q/IPv4/UDP', captureId)).toEqual(oneWay(3, 3 * tagged.length));
      expect(growth('Ethernet/Dot1Q/Dot1Q/IPv4/UDP', captureId)).toEqual(oneWay(1, twice.length));
    }
    expect(flows.find((flow) => flow.CaptureID === 'received')!.Link!.ID).toBe(5);
  });

  it('filters by tag, type and length as they are on the wire', async () => {
    const tagged = udpFrame({ vlans: [5] });
    const plain = udpFrame({ sourcePort: 4_001 });
    const filters: Readonly<Record<string, number>> = {
      vlan: 1,
      'vlan 5 and udp port 9': 1,
      'vlan 6': 0,
      'not vlan': 1,
      'udp port 4001 or vlan 5': 2,
      'ether[12:2] = 0x8100': 1,
      'ether proto 0x8100': 1,
      [`len = ${tagged.length}`]: 1,
      [`greater ${tagged.length}`]: 1,
      [`less ${plain.length}`]: 1,
      // Through the tag, as with libpcap on a live interface.
      'udp port 9': 2,
    };
    for (const userFilter of Object.keys(filters))
      await source.open(lab.spec(lab.b, { captureId: userFilter, userFilter }), noLoss);
    sendFrames(lab.a, ifIndex(lab.a), [tagged, plain]);
    await source.flush();
    const packets = Object.keys(filters).map((filter) => {
      const found = ['Ethernet/Dot1Q/IPv4/UDP', 'Ethernet/IPv4/UDP'].map((path) => growth(path, filter));
      return [filter, found.reduce((sum, { ABPackets }) => sum + ABPackets, 0)];
    });
    expect(Object.fromEntries(packets)).toEqual(filters);
  });

  it('reads interfaces without a link layer from the IP header on', async () => {
    const tun = openTun(lab.a, 'tun0');
    try {
      lab.in(lab.a, 'link', 'set', 'tun0', 'up');
      const index = Number(/^(\d+):/.exec(lab.in(lab.a, '-o', 'link', 'show', 'tun0'))![1]);
      const spec = lab.spec(lab.a, { interfaceName: 'tun0', ifIndex: index, encapType: 'none' });
      await source.open({ ...spec, userFilter: 'udp port 9' }, noLoss);
      tun.receive(udpPacket());
      tun.receive(udpPacket());
      await source.flush();
      expect(growth('IPv4/UDP').ABPackets).toBe(2);
    } finally {
      tun.close();
    }
  });

  it('counts each packet of the loopback once', async () => {
    lab.in(lab.a, 'link', 'set', 'lo', 'up');
    const spec = lab.spec(lab.a, { interfaceName: 'lo', ifIndex: 1, encapType: 'loopback' });
    await source.open(spec, noLoss);
    const frame = udpFrame();
    sendFrames(lab.a, 1, [frame, frame, frame]);
    await source.flush();
    expect(growth('Ethernet/IPv4/UDP')).toEqual(oneWay(3, 3 * frame.length));
  });

  it('serves many interfaces of a namespace from one ring, each its own packets', async () => {
    const count = limits.captureRingsPerFilterMax + 4;
    const names = Array.from({ length: count }, (_, index) => `v${index}`);
    for (const name of names) {
      lab.in(lab.a, 'link', 'add', name, 'type', 'veth', 'peer', 'name', name, 'netns', lab.b);
      lab.in(lab.a, 'link', 'set', name, 'up');
      lab.in(lab.b, 'link', 'set', name, 'up');
    }
    const indexOf = (netns: string, name: string) =>
      Number(/^(\d+):/.exec(lab.in(netns, '-o', 'link', 'show', name))![1]);
    const open = (name: string, userFilter: string) =>
      source.open(
        lab.spec(lab.b, {
          interfaceName: name,
          ifIndex: indexOf(lab.b, name),
          captureId: `${name} ${userFilter}`,
          userFilter,
        }),
        noLoss,
      );
    const sockets = () =>
      execFileSync('ip', ['netns', 'exec', lab.b, 'cat', '/proc/net/packet'], { encoding: 'utf8' })
        .trim()
        .split('\n').length - 1;
    const handles: CaptureHandle[] = [];
    for (const name of names) handles.push(await open(name, 'udp'));
    expect(sockets()).toBe(limits.captureRingsPerFilterMax + 1);
    await open(names.at(-1)!, 'icmp');
    expect(sockets()).toBe(limits.captureRingsPerFilterMax + 2);
    const frame = udpFrame();
    const send = () =>
      names.forEach((name, index) =>
        sendFrames(lab.a, indexOf(lab.a, name), Array<Buffer>(index + 1).fill(frame)),
      );
    const counted = () => names.map((name) => growth('Ethernet/IPv4/UDP', `${name} udp`).ABPackets);
    send();
    // Nobody asked for this one.
    sendFrames(lab.a, ifIndex(lab.a), [frame]);
    await source.flush();
    expect(counted()).toEqual(names.map((_, index) => index + 1));
    // One leaves the shared ring; the others stay as they are.
    await handles.at(-2)!.close();
    expect(handles.at(-2)!.stats()).toMatchObject({ packetsReceived: count - 1, packetsDropped: 0 });
    send();
    await source.flush();
    expect(counted()).toEqual(names.map((_, index) => (index + 1) * (index === count - 2 ? 1 : 2)));
    expect(flows.some((flow) => flow.CaptureID.endsWith('icmp'))).toBe(false);
    for (const handle of handles) await handle.close();
    expect(sockets()).toBe(1);
  });
});
