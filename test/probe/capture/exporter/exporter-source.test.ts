/** Real exporters watch real traffic; the flows that come out hold the packets and bytes that went over the wire. */
import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CaptureError } from '../../../../probe/capture/capture-source.ts';
import { FlowFinishType, ICMPType, type Flow } from '../../../../proto/gen/flow.ts';
import { createOvsLab, type OvsLab } from './ovs-lab.ts';
import {
  bothWays,
  createCollectingSource,
  isPing,
  isPing6,
  isTalk,
  type CollectingSource,
} from './exporter-flows.ts';
import {
  createExporterLab,
  skipWithout,
  startPmacctd,
  startSoftflowd,
  type ExporterLab,
} from './exporter-lab.ts';

/** IPv4 and ICMP headers with 56 bytes of data; with IPv6 the header is 40 bytes; UDP as long as asked. */
const PING_BYTES = 20 + 8 + 56;
const PING6_BYTES = 40 + 8 + 56;
const TALK_BYTES = 100;
const UDP_BYTES = 20 + 8 + TALK_BYTES;
const ETHERNET_BYTES = 14;

/** Exporters look at their flows once a second or less, and are not alone on the machine. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let lab: ExporterLab;
let collecting: CollectingSource;
const noLoss = (error: CaptureError) => {
  throw error;
};

async function setUp(): Promise<void> {
  lab = await createExporterLab();
  collecting = createCollectingSource();
}

async function tearDown(): Promise<void> {
  await collecting.source.stop();
  await lab.remove();
}

const last = (condition: (flow: Flow) => boolean) => collecting.flows.findLast(condition)!;
const netflowCounters = () => collecting.source.status()['netflow'] as Record<string, number>;

describe.skipIf(skipWithout('ping', 'softflowd', 'softflowctl'))('netflow from softflowd', () => {
  beforeEach(setUp);
  afterEach(tearDown);

  it.each([
    ['NetFlow 5', ['5'], false],
    ['NetFlow 9', ['9'], true],
    ['IPFIX', ['10'], true],
    // This way softflowd throws the neighbour's advertisement into one record with the echo replies.
    ['IPFIX with both directions in a record', ['10', '-b'], false],
  ])('counts %s as it was on the wire', async (_name, version, hasIpv6) => {
    await collecting.source.open(lab.spec({ exporter: 'netflow' }), noLoss);
    const softflowd = await startSoftflowd(lab, ...version);
    const before = Date.now();
    await lab.ping(10);
    await lab.talk(7, TALK_BYTES);
    if (hasIpv6) await lab.ping(4, 6);
    const after = Date.now();
    await softflowd.expireAll();
    await collecting.reaches(isPing, bothWays(10, PING_BYTES));
    await collecting.reaches(isTalk, bothWays(7, UDP_BYTES));
    if (hasIpv6) await collecting.reaches(isPing6, bothWays(4, PING6_BYTES));
    expect(last(isPing)).toMatchObject({
      NodeTID: 'tid-1',
      CaptureID: 'capture-1',
      LayersPath: 'IPv4/ICMPv4',
      Application: 'ICMPv4',
      Network: { A: lab.addressA, B: lab.addressB },
      ICMP: { Type: ICMPType.ECHO, Code: 0 },
      Metric: bothWays(10, PING_BYTES),
    });
    // The exporter's times, moved by no more than a second of rounding in datagrams that tell whole seconds.
    const { Start, Last } = last(isTalk);
    expect(Start).toBeGreaterThan(before - 1_000);
    expect(Last).toBeLessThan(after + 1_000);
    expect(Last).toBeGreaterThanOrEqual(Start);
    await collecting.source.stop();
    expect(last(isTalk).FinishType).toBe(FlowFinishType.TIMEOUT);
  });
});

describe.skipIf(skipWithout('ping', 'pmacctd'))('netflow from pmacctd', () => {
  beforeEach(setUp);
  afterEach(tearDown);

  it.each([
    ['NetFlow 9', 9],
    ['IPFIX', 10],
  ])('counts %s as it was on the wire, over several records of a flow', async (_name, version) => {
    await collecting.source.open(lab.spec({ exporter: 'netflow' }), noLoss);
    await startPmacctd(
      lab,
      'plugins: nfprobe[n]',
      `nfprobe_receiver: ${lab.addressA}:2055`,
      `nfprobe_version: ${version}`,
      'aggregate[n]: src_mac, dst_mac, src_host, dst_host, src_port, dst_port, proto, tos, tcpflags',
      'nfprobe_timeouts: tcp=1:udp=1:icmp=1:general=1:maxlife=2:expint=1',
    );
    await lab.ping(10);
    await lab.talk(7, TALK_BYTES);
    await collecting.reaches(isPing, bothWays(10, PING_BYTES));
    await lab.ping(5);
    await lab.talk(2, TALK_BYTES);
    await collecting.reaches(isPing, bothWays(15, PING_BYTES));
    await collecting.reaches(isTalk, bothWays(9, UDP_BYTES));
    expect(new Set(collecting.flows.filter(isTalk).map((flow) => flow.UUID)).size).toBe(1);
    expect(last(isTalk).LayersPath).toBe('Ethernet/IPv4/UDP');
    expect(netflowCounters()).toMatchObject({ malformed: 0, truncated: 0, faults: 0 });
  });
});

describe.skipIf(skipWithout('ping', 'pmacctd'))('sflow from pmacctd', () => {
  beforeEach(setUp);
  afterEach(tearDown);
  const start = () =>
    startPmacctd(
      lab,
      'plugins: sfprobe[s]',
      `sfprobe_receiver: ${lab.addressA}:6343`,
      `sfprobe_agentip: ${lab.addressA}`,
      'sampling_rate: 1',
    );

  it('makes of sampled packets what a capture makes of packets', async () => {
    const handle = await collecting.source.open(lab.spec({ exporter: 'sflow' }), noLoss);
    await start();
    await lab.ping(10);
    await lab.talk(7, TALK_BYTES);
    await collecting.reaches(isPing, bothWays(10, ETHERNET_BYTES + PING_BYTES));
    await collecting.reaches(isTalk, bothWays(7, ETHERNET_BYTES + UDP_BYTES));
    expect(last(isPing)).toMatchObject({
      LayersPath: 'Ethernet/IPv4/ICMPv4',
      Network: { A: lab.addressA, B: lab.addressB },
      NodeTID: 'tid-1',
    });
    await handle.close();
    expect(handle.stats().packetsReceived).toBeGreaterThanOrEqual(2 * (10 + 7));
    expect(handle.stats().packetsDropped).toBe(0);
  });

  it('applies the filter to each sampled packet', async () => {
    await collecting.source.open(
      lab.spec({ exporter: 'sflow' }, { userFilter: 'udp and src port 40000' }),
      noLoss,
    );
    await start();
    await lab.ping(10);
    await lab.talk(7, TALK_BYTES);
    const oneWay = { ...bothWays(7, ETHERNET_BYTES + UDP_BYTES), BAPackets: 0, BABytes: 0 };
    await collecting.reaches(() => true, oneWay);
    expect(collecting.flows.every(isTalk)).toBe(true);
  });
});

describe.skipIf(skipWithout('ping', 'ovs-vswitchd'))('sflow from Open vSwitch', () => {
  let ovs: OvsLab;
  beforeEach(async () => {
    await setUp();
    ovs = await createOvsLab();
  });
  afterEach(async () => {
    await ovs.remove();
    await tearDown();
  });

  it('counts what crosses its bridge, and shows its counters', async () => {
    const { netnsPath } = ovs;
    const handle = await collecting.source.open(
      lab.spec({ exporter: 'sflow', address: '' }, { netnsPath }),
      noLoss,
    );
    await ovs.exportSflow(6343);
    await ovs.ping(10);
    await collecting.reaches(isPing, bothWays(10, ETHERNET_BYTES + PING_BYTES));
    await expect
      .poll(() => handle.stats().metadata?.['SFlow'], { timeout: 10_000 })
      .toMatchObject({ IfMetrics: expect.any(Object), Metric: { IfInOctets: expect.any(Number) } });
  });
});

describe.skipIf(skipWithout())('a listener', () => {
  beforeEach(setUp);
  afterEach(tearDown);

  /** 24 bytes of header and a record of UDP 10.0.0.1:1 → 10.0.0.2:2, `packets` of 100 bytes. */
  const netflow5 = (packets: number) => {
    const datagram = Buffer.alloc(72);
    datagram.writeUInt16BE(5, 0);
    datagram.writeUInt16BE(1, 2);
    datagram.writeUInt32BE(10_000, 4);
    datagram.set([10, 0, 0, 1, 10, 0, 0, 2], 24);
    datagram.writeUInt32BE(packets, 40);
    datagram.writeUInt32BE(packets * 100, 44);
    datagram.writeUInt16BE(1, 56);
    datagram.writeUInt16BE(2, 58);
    datagram[62] = 17;
    return datagram;
  };
  const here = (port: number) =>
    lab.spec({ exporter: 'netflow', address: '127.0.0.1', port }, { netnsPath: null });
  const send = (port: number, datagrams: readonly Uint8Array[]) =>
    new Promise<void>((resolve) => {
      const socket = createSocket('udp4');
      let left = datagrams.length;
      const sent = () => {
        if (--left === 0) socket.close(() => resolve());
      };
      for (const datagram of datagrams) socket.send(datagram, port, '127.0.0.1', sent);
    });

  it('says on which address and port it could not listen', async () => {
    await collecting.source.open(here(18_701), noLoss);
    await expect(collecting.source.open(here(18_701), noLoss)).rejects.toThrow(
      /^listening on 127\.0\.0\.1:18701 failed: bind\(127\.0\.0\.1:18701\): EADDRINUSE$/,
    );
    const elsewhere = lab.spec({ exporter: 'netflow', address: '192.0.2.1', port: 18_702 });
    await expect(collecting.source.open(elsewhere, noLoss)).rejects.toThrow(/EADDRNOTAVAIL/);
    const gone = lab.spec({ exporter: 'netflow' }, { netnsPath: '/var/run/netns/ex-gone' });
    await expect(collecting.source.open(gone, noLoss)).rejects.toThrow(/ENOENT/);
    const sampled = lab.spec({ exporter: 'sflow' }, { userFilter: 'port' });
    await expect(collecting.source.open(sampled, noLoss)).rejects.toThrow(/^Not a valid BPF expression/);
    // Nothing is left behind: the port is free again.
    const handle = await collecting.source.open(lab.spec({ exporter: 'sflow' }), noLoss);
    await handle.close();
  });

  it('gives its port back when it is closed, and its flows end', async () => {
    const handle = await collecting.source.open(here(18_703), noLoss);
    await send(18_703, [netflow5(3)]);
    await handle.close();
    expect(collecting.flows.at(-1)).toMatchObject({
      FinishType: FlowFinishType.TIMEOUT,
      Metric: { ABPackets: 3, ABBytes: 300, BAPackets: 0, BABytes: 0 },
    });
    expect(handle.stats()).toEqual({ packetsReceived: 1, packetsDropped: 0, flows: 0 });
    await (await collecting.source.open(here(18_703), noLoss)).close();
  });

  it('counts what it does not understand, by reason, and goes on', async () => {
    await collecting.source.open(here(18_704), noLoss);
    const data9 = Buffer.alloc(28);
    data9.writeUInt16BE(9, 0);
    data9.writeUInt16BE(300, 20);
    data9.writeUInt16BE(8, 22);
    await send(18_704, [
      netflow5(1).subarray(0, 60),
      Buffer.from('hello'),
      Buffer.alloc(0),
      data9,
      netflow5(4),
    ]);
    await collecting.reaches(() => true, { ABPackets: 4, ABBytes: 400, BAPackets: 0, BABytes: 0 });
    await expect.poll(netflowCounters, { timeout: 5_000 }).toMatchObject({
      datagrams: 5,
      records: 1,
      truncated: 1,
      unknownVersion: 2,
      unknownTemplate: 1,
      faults: 0,
    });
  });

  it('counts the datagrams that the kernel had no room for', async () => {
    const handle = await collecting.source.open(here(18_705), noLoss);
    // 4 MiB hold about 5,000 small datagrams (768 bytes of accounting each); sent faster than a loaded thread reads.
    const sent = 60_000;
    const burst = Array.from({ length: 1_000 }, () => netflow5(1));
    for (let i = 0; i < sent / burst.length; i++) await send(18_705, burst);
    await handle.close();
    const { packetsReceived, packetsDropped } = handle.stats();
    expect(packetsReceived + packetsDropped).toBe(sent);
    expect(collecting.sum(() => true).ABPackets).toBe(packetsReceived);
  });

  it('ends with its thread, and says so once', async () => {
    const ends: string[] = [];
    await collecting.source.open(here(18_706), (error) => ends.push(error.message));
    collecting.source.crash();
    await expect.poll(() => ends, { timeout: 5_000 }).toHaveLength(1);
    expect(ends[0]).toMatch(/^the exporter thread /);
    await (await collecting.source.open(here(18_706), noLoss)).close();
    expect(collecting.source.status()).toMatchObject({ starts: 2, crashes: 1 });
  });
});
