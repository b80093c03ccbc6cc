import { describe, expect, it } from 'vitest';
import { FlowFinishType } from '../../../proto/gen/flow.ts';
import {
  ACK,
  FIN,
  MAC_A,
  MAC_B,
  RST,
  SYN,
  ethernet,
  gre,
  hex,
  icmp,
  ipv4,
  ipv6,
  join,
  mpls,
  tcp,
  udp,
  vlan,
  vxlan,
} from '../packet/frames.ts';
import type { TcpFields } from '../packet/frames.ts';
import { START_MS, counts, feed, onlyFlow, tableOf } from './table-of.ts';
import { A, B, tcpFrame, tcpReply, udpFrame } from './table-frames.ts';

describe('FlowTable ids', () => {
  it('makes the ids of the first packet of layer-key-mode.pcap', () => {
    // Flow model notes, section 24: an echo request, id 23604.
    const frame = ethernet(
      0x0800,
      ipv4(1, icmp(8, 0, 23604), { source: '192.168.0.2', target: '192.168.0.1' }),
      'f2 45 25 5b 3a bc',
      '2e b9 2d 76 24 07',
    );
    const table = tableOf();
    table.feed(frame, 0, frame.length, frame.length, 1526468153643, 0);
    expect(onlyFlow(table)).toMatchObject({
      L3TrackingID: '9e42a86914a043b8',
      TrackingID: 'a25d427a9f9dcdb8',
      UUID: '3018d39e38bf4649',
    });
  });

  it('leaves VLAN tags and the ethertype out of the key, and shows those of the first packet', () => {
    const table = tableOf();
    feed(table, ethernet(0x8100, vlan(7, 0x0800, ipv4(17, udp(1, 2)))));
    feed(table, udpFrame(1, 2));
    expect(onlyFlow(table)).toMatchObject({ LayersPath: 'Ethernet/Dot1Q/IPv4/UDP', Link: { ID: 7 } });
    const other = tableOf();
    feed(other, ethernet(0x1234, new Uint8Array(46)));
    feed(other, ethernet(0x0806, hex('0001080006040001 02000000000a 0a010001 000000000000 0a010002')));
    expect(onlyFlow(other).LayersPath).toBe('Ethernet');
  });

  it('packs VLAN ids with the innermost highest', () => {
    const table = tableOf();
    feed(table, ethernet(0x88a8, vlan(8, 0x8100, vlan(10, 0x0800, ipv4(17, udp(1, 2))))));
    expect(onlyFlow(table).Link?.ID).toBe(40968);
  });

  it('merges sides in L3 mode whatever the MACs are, and separates them in L2 mode', () => {
    const first = udpFrame(1, 2);
    const moved = ethernet(0x0800, ipv4(17, udp(1, 2)), '02 00 00 00 00 0c');
    const l3 = tableOf({ layerKeyMode: 'L3' });
    const l2 = tableOf();
    for (const table of [l3, l2]) {
      feed(table, first);
      feed(table, moved);
    }
    expect([l3.size, l2.size]).toEqual([1, 2]);
  });

  it('keys cut TCP headers without ports', () => {
    const table = tableOf();
    const wire = tcpFrame().length;
    for (const source of [1, 2]) feed(table, tcpFrame({ source }).slice(0, 40), 0, wire);
    expect(onlyFlow(table)).toMatchObject({ LayersPath: 'Ethernet/IPv4/TCP', Transport: { A: 0, B: 0 } });
  });
});

describe('FlowTable tunnels', () => {
  const inner = ethernet(
    0x0800,
    ipv4(17, udp(1000, 2000, new Uint8Array(10))),
    '02 00 00 00 00 01',
    '02 00 00 00 00 02',
  );

  it('makes a flow for each sub-packet, with the outer one as parent and its headers subtracted', () => {
    const table = tableOf();
    const frame = ethernet(0x0800, ipv4(17, udp(5555, 4789, vxlan(42, inner))));
    feed(table, frame);
    const [outer, nested] = table.snapshot();
    expect(outer).toMatchObject({
      LayersPath: 'Ethernet/IPv4/UDP/VXLAN',
      ParentUUID: '',
      Network: { ID: 42 },
    });
    expect(nested).toMatchObject({ LayersPath: 'Ethernet/IPv4/UDP', ParentUUID: outer!.UUID });
    expect(counts(outer!)).toEqual([1, frame.length, 0, 0]);
    expect(counts(nested!)).toEqual([1, inner.length, 0, 0]);
  });

  it('ignores the source port of VXLAN', () => {
    const table = tableOf();
    feed(table, ethernet(0x0800, ipv4(17, udp(5555, 4789, vxlan(42, inner)))));
    feed(table, ethernet(0x0800, ipv4(17, udp(6666, 4789, vxlan(42, inner)))));
    feed(table, ethernet(0x0800, ipv4(17, udp(6666, 4789, vxlan(43, inner)))));
    expect(table.snapshot().filter((flow) => flow.Application === 'VXLAN')).toHaveLength(2);
  });

  it('splits an outer flow by the ports behind its tunnel header, as the ids of the reference do', () => {
    const table = tableOf();
    for (const port of [1, 2]) feed(table, ethernet(0x0800, ipv4(47, gre(0x0800, ipv4(17, udp(port, 9))))));
    const outer = table.snapshot().filter((flow) => flow.Application === 'GRE');
    expect(outer).toHaveLength(2);
    expect(outer.map((flow) => flow.Transport)).toEqual([undefined, undefined]);
  });

  it('takes a stack of labels for one tunnel', () => {
    const table = tableOf();
    feed(table, ethernet(0x8847, mpls(1, false, mpls(2, false, mpls(3, true, ipv4(17, udp(1, 2)))))));
    expect(table.snapshot().map((flow) => flow.LayersPath)).toEqual(['Ethernet/MPLS/MPLS/MPLS', 'IPv4/UDP']);
  });

  it('counts the outer flow when nothing is left inside', () => {
    const table = tableOf();
    feed(table, ethernet(0x0800, ipv4(17, udp(5555, 4789, vxlan(42, inner.subarray(0, 9))))));
    expect(onlyFlow(table).LayersPath).toBe('Ethernet/IPv4/UDP/VXLAN');
  });

  it('shows the IPv4 addresses of 4in6, keyed by the IPv6 ones', () => {
    const table = tableOf();
    feed(table, ethernet(0x86dd, ipv6(4, ipv4(17, udp(1, 2)))));
    expect(onlyFlow(table)).toMatchObject({ LayersPath: 'Ethernet/IPv6/IPv4/UDP', Network: { A, B } });
  });
});

describe('FlowTable counters', () => {
  it('counts each side, by length on the wire', () => {
    const table = tableOf();
    feed(table, tcpFrame(), 0, 1000);
    feed(table, tcpReply(), 1, 500);
    feed(table, tcpReply(), 2, 60);
    expect(counts(onlyFlow(table))).toEqual([1, 1000, 2, 560]);
    expect(onlyFlow(table)).toMatchObject({ Start: START_MS, Last: START_MS + 2 });
  });

  it('counts loopback in the direction it has', () => {
    const frame = (source: number, target: number) =>
      ethernet(
        0x0800,
        ipv4(17, udp(source, target), { source: '127.0.0.1', target: '127.0.0.1' }),
        MAC_A,
        MAC_A,
      );
    const table = tableOf();
    feed(table, frame(3000, 4000));
    feed(table, frame(4000, 3000));
    feed(table, frame(4000, 3000));
    expect(counts(onlyFlow(table))).toEqual([1, 42, 2, 84]);
  });

  it('counts frames without IP in L3 mode', () => {
    const table = tableOf({ layerKeyMode: 'L3' });
    feed(table, ethernet(0x1234, new Uint8Array(46)));
    expect(counts(onlyFlow(table))).toEqual([1, 60, 0, 0]);
  });

  it('counts packets that belong to no flow', () => {
    const table = tableOf({ linkType: 101 });
    feed(table, Uint8Array.of(0xff, 0, 0));
    feed(table, new Uint8Array(0));
    expect(table.size).toBe(0);
    expect(table.counters).toMatchObject({ packets: 2, packetsIgnored: 2, bytesIgnored: 3 });
    expect(table.counters.decode).toMatchObject({ Ok: 1, Unsupported: 1 });
  });

  it('measures the round trip of a ping and of a handshake in nanoseconds', () => {
    const table = tableOf();
    const request = ethernet(0x0800, ipv4(1, icmp(8, 0, 5)));
    const reply = ethernet(0x0800, ipv4(1, icmp(0, 0, 5), { source: B, target: A }), MAC_B, MAC_A);
    table.feed(request, 0, request.length, request.length, START_MS, 900_000);
    table.feed(reply, 0, reply.length, reply.length, START_MS + 2, 100_000);
    expect(onlyFlow(table).Metric?.RTT).toBe(1_200_000);
    const handshake = tableOf();
    feed(handshake, tcpFrame({ flags: SYN }));
    feed(handshake, tcpReply({ flags: SYN | ACK }), 7);
    expect(onlyFlow(handshake).Metric?.RTT).toBe(7_000_000);
  });

  it('names the application by a configured port, the source port first', () => {
    const tcpPorts = new Map([
      [80, 'WEB'],
      [40_000, 'OURS'],
    ]);
    const table = tableOf({ applicationPorts: { tcp: tcpPorts } });
    feed(table, tcpFrame());
    expect(onlyFlow(table)).toMatchObject({ Application: 'OURS', LayersPath: 'Ethernet/IPv4/TCP' });
  });
});

describe('FlowTable TCP', () => {
  it('finishes with FIN of both sides, or with an RST', () => {
    const table = tableOf();
    feed(table, tcpFrame({ flags: SYN }));
    feed(table, tcpFrame({ flags: FIN | ACK }));
    expect(onlyFlow(table).FinishType).toBe(FlowFinishType.NOT_FINISHED);
    feed(table, tcpReply({ flags: FIN | ACK }));
    expect(onlyFlow(table).FinishType).toBe(FlowFinishType.TCP_FIN);
    const refused = tableOf();
    feed(refused, tcpFrame({ flags: SYN }));
    feed(refused, tcpReply({ flags: RST | ACK }));
    expect(onlyFlow(refused).FinishType).toBe(FlowFinishType.TCP_RST);
  });

  it('takes a flow that starts with FIN for finished, and a new SYN for a new connection', () => {
    const table = tableOf();
    feed(table, tcpFrame({ flags: FIN | ACK }));
    expect(onlyFlow(table).FinishType).toBe(FlowFinishType.TCP_FIN);
    feed(table, tcpFrame({ flags: SYN }));
    expect(onlyFlow(table).FinishType).toBe(FlowFinishType.NOT_FINISHED);
  });

  it('tells when each side sent SYN, FIN and RST; a repeated SYN is not the other side', () => {
    const table = tableOf({ extraTcpMetric: true });
    feed(table, tcpFrame({ flags: SYN }), 1);
    feed(table, tcpFrame({ flags: SYN }), 2);
    feed(table, tcpReply({ flags: SYN | ACK }), 3);
    feed(table, tcpFrame({ flags: FIN | ACK }), 4);
    feed(table, tcpReply({ flags: RST }), 5);
    expect(onlyFlow(table).TCPMetric).toMatchObject({
      ABSynStart: START_MS + 1,
      BASynStart: START_MS + 3,
      ABSynTTL: 64,
      ABFinStart: START_MS + 4,
      BARstStart: START_MS + 5,
    });
  });

  it('follows TCP inside GRE, where the reference crashes', () => {
    const table = tableOf({ reassembleTcp: true });
    const packet = (fields: TcpFields, payload = 0) =>
      ethernet(0x0800, ipv4(47, gre(0x0800, ipv4(6, tcp(fields, new Uint8Array(payload))))));
    feed(table, packet({ flags: SYN, seq: 9 }));
    feed(table, packet({ seq: 10 }, 100));
    feed(table, packet({ flags: FIN | ACK, seq: 110 }));
    const inner = table.snapshot().find((flow) => flow.ParentUUID !== '');
    expect(inner?.TCPMetric).toMatchObject({ ABPackets: 3, ABBytes: 100, ABSawStart: 1, ABSawEnd: 1 });
  });
});

describe('FlowTable raw packets', () => {
  it('keeps the first packets of a flow and ships each once', () => {
    const table = tableOf({ rawPacketLimit: 2 });
    for (let i = 0; i < 4; i++) feed(table, udpFrame(1, 2, i), i);
    const { flows } = table.tick(START_MS + 1000);
    expect(flows[0]).toMatchObject({ RawPacketsCaptured: 2 });
    expect(
      flows[0]!.LastRawPackets.map(({ Index, Timestamp, LinkType, Data }) => [
        Index,
        Timestamp,
        LinkType,
        Data.length,
      ]),
    ).toEqual([
      [1, START_MS, 1, 42],
      [2, START_MS + 1, 1, 43],
    ]);
    feed(table, udpFrame(1, 2), 1001);
    expect(table.flush(START_MS + 1100).flows[0]).toMatchObject({
      RawPacketsCaptured: 2,
      LastRawPackets: [],
    });
  });

  it('gives inner packets the link type of their first header', () => {
    const table = tableOf({ rawPacketLimit: 1 });
    feed(table, ethernet(0x0800, ipv4(47, gre(0x0800, ipv4(17, udp(1, 2))))));
    expect(
      table.snapshot().map((flow) => [flow.LastRawPackets[0]?.LinkType, flow.LastRawPackets[0]?.Data.length]),
    ).toEqual([
      [1, 66],
      [228, 28],
    ]);
  });
});

describe('FlowTable extra layers', () => {
  const query = join(hex('1234 0100 0001 0000 0000 0000'), hex('03777777 02657800 0001 0001'));
  const frame = ethernet(0x0800, ipv4(17, udp(5000, 53, query)));

  it('reads DNS when asked for, and the newest packet wins', () => {
    const table = tableOf({ extraLayers: 2 });
    feed(table, frame);
    const later = frame.slice();
    later[42] = 0x99;
    feed(table, later, 5);
    expect(onlyFlow(table).DNS).toMatchObject({
      ID: 0x9934,
      op_code: 'Query',
      RD: true,
      questions: [{ name: 'www.ex', type: 'A', class: 'IN' }],
      timestamp: { seconds: 1_700_000_000, nanos: 5_000_000 },
    });
  });

  it('leaves DNS out otherwise', () => {
    const table = tableOf({ extraLayers: 5 });
    feed(table, frame);
    expect(onlyFlow(table)).toMatchObject({ LayersPath: 'Ethernet/IPv4/UDP/DNS', DNS: undefined });
  });
});

describe('FlowTable fragments', () => {
  const datagram = udp(7000, 7001, new Uint8Array(24));
  const fragment = (from: number, to: number, more: boolean, id = 1) =>
    ethernet(0x0800, ipv4(17, datagram.slice(from, to), { offset: from, more, id }));

  it('puts them together in any order and counts all their bytes', () => {
    const table = tableOf({ ipDefrag: true });
    const parts = [fragment(16, 32, false), fragment(0, 8, true), fragment(8, 16, true)];
    for (const part of parts) feed(table, part);
    const flow = onlyFlow(table);
    expect(flow).toMatchObject({
      LayersPath: 'Ethernet/IPv4/Fragment/UDP',
      Transport: { A: 7000, B: 7001 },
      IPMetric: { Fragments: 2, FragmentErrors: 0 },
    });
    expect(counts(flow)).toEqual([3, parts.reduce((sum, part) => sum + part.length, 0), 0, 0]);
  });

  it('makes one flow of all fragments of a host pair without the option', () => {
    const table = tableOf();
    feed(table, fragment(0, 8, true));
    feed(table, fragment(8, 32, false, 2));
    expect(onlyFlow(table)).toMatchObject({ LayersPath: 'Ethernet/IPv4/Fragment', Transport: undefined });
  });

  it('counts fragments that never become a datagram', () => {
    const table = tableOf({ ipDefrag: true });
    const part = fragment(0, 8, true);
    feed(table, part);
    table.tick(START_MS);
    table.tick(START_MS + 31_000);
    expect(table.counters).toMatchObject({ fragmentsDropped: 1, fragmentBytesDropped: part.length });
  });

  it('counts and drops fragments that contradict themselves', () => {
    const table = tableOf({ ipDefrag: true });
    feed(table, ethernet(0x0800, ipv4(17, new Uint8Array(9), { more: true })));
    feed(table, ethernet(0x0800, ipv4(17, new Uint8Array(16), { offset: 65_528 })));
    table.stop(START_MS);
    expect(table.counters.fragmentsDropped).toBe(2);
  });
});
