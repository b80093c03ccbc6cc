import { describe, expect, it } from 'vitest';
import { flowToObject } from '../../../core/wire/flow-json.ts';
import { ethernet, gre, ipv4, ipv6, tcp, udp, vlan, vxlan } from '../packet/frames.ts';
import type { FlowTableOptions } from '../../../core/flow/table.ts';
import { feed, START_MS, tableOf } from './table-of.ts';

const tcpFrame = ethernet(0x0800, ipv4(6, tcp({ flags: 16, seq: 100 }, new Uint8Array(20))));
const udpFrame = ethernet(0x0800, ipv4(17, udp(1000, 2000, new Uint8Array(20))));

/** The flows and reasons of a table that met `frame` twice and then `variant`. */
function outcome(
  frame: Uint8Array,
  variant: Uint8Array,
  wireLength: number,
  options: Partial<FlowTableOptions>,
): string {
  const table = tableOf({ mplsUdpPorts: [7777], ...options });
  for (const bytes of [frame, frame]) table.feed(bytes, 0, bytes.length, bytes.length, START_MS, 0);
  table.feed(variant, 0, variant.length, wireLength, START_MS + 1, 0);
  const flows = table.stop(START_MS + 2).flows.map(flowToObject);
  return JSON.stringify({ flows, counters: table.counters, reasons: table.counters.decode });
}

/** VXLAN around a frame, cut to so many bytes behind the UDP header. */
function vxlanFrame(length: number): Uint8Array {
  const inner = vxlan(5, udpFrame).subarray(0, length);
  return ethernet(0x0800, ipv4(17, udp(1000, 4789, inner)));
}

/** The frame with bytes of its IP packet replaced, from an offset behind the Ethernet header. */
function patched(frame: Uint8Array, offset: number, ...values: readonly number[]): Uint8Array {
  const bytes = frame.slice();
  bytes.set(values, 14 + offset);
  return bytes;
}

const variants: readonly (readonly [string, Uint8Array, Uint8Array])[] = [
  ['a first fragment', udpFrame, patched(udpFrame, 6, 0x20, 0)],
  ['a later fragment', udpFrame, patched(udpFrame, 6, 0, 1)],
  ['a packet that must not be fragmented', udpFrame, patched(udpFrame, 6, 0x40, 0)],
  ['a header of six words', udpFrame, patched(udpFrame, 0, 0x46)],
  ['a header of four words', udpFrame, patched(udpFrame, 0, 0x44)],
  ['another version', udpFrame, patched(udpFrame, 0, 0x55)],
  ['a total length of 0', udpFrame, patched(udpFrame, 2, 0, 0)],
  ['a total length below the headers', udpFrame, patched(udpFrame, 2, 0, 24)],
  ['a total length above what is there', udpFrame, patched(udpFrame, 2, 4, 0)],
  ['another protocol', udpFrame, patched(udpFrame, 9, 50)],
  ['a datagram of 4 bytes', udpFrame, patched(udpFrame, 24, 0, 4)],
  ['a datagram of 7 bytes', udpFrame, patched(udpFrame, 24, 0, 7)],
  ['a datagram of 8 bytes', udpFrame, patched(udpFrame, 24, 0, 8)],
  ['a datagram without length', udpFrame, patched(udpFrame, 24, 0, 0)],
  ['VXLAN where it was cut before', vxlanFrame(4), vxlanFrame(50)],
  ['VXLAN', udpFrame, patched(udpFrame, 22, 0x12, 0xb5)],
  ['Geneve from its port', udpFrame, patched(udpFrame, 20, 0x17, 0xc1)],
  ['a port registered as MPLS', udpFrame, patched(udpFrame, 22, 0x1e, 0x61)],
  ['the other way round by port', udpFrame, patched(udpFrame, 20, 0x07, 0xd0, 0x03, 0xe8)],
  ['SYN', tcpFrame, patched(tcpFrame, 33, 2)],
  ['FIN', tcpFrame, patched(tcpFrame, 33, 17)],
  ['RST', tcpFrame, patched(tcpFrame, 33, 4)],
  ['a TCP header of four words', tcpFrame, patched(tcpFrame, 32, 0x40)],
  ['a TCP header longer than the packet', tcpFrame, patched(tcpFrame, 32, 0xf0)],
  ['the next segment', tcpFrame, patched(tcpFrame, 24, 0, 0, 0, 120)],
  ['a segment behind a gap', tcpFrame, patched(tcpFrame, 24, 0, 0, 1, 120)],
  ['one tag', udpFrame, ethernet(0x8100, vlan(5, 0x0800, udpFrame.slice(14)))],
  ['two tags', udpFrame, ethernet(0x88a8, vlan(5, 0x8100, vlan(6, 0x0800, udpFrame.slice(14))))],
  [
    'three tags',
    udpFrame,
    ethernet(0x8100, vlan(4, 0x8100, vlan(5, 0x8100, vlan(6, 0x0800, udpFrame.slice(14))))),
  ],
  ['another MAC', udpFrame, patched(udpFrame, -3, 0x77)],
];

function agree(frame: Uint8Array, variant: Uint8Array, wireLength: number): void {
  for (const options of [{}, { layerKeyMode: 'L3' as const }, { ipDefrag: true, reassembleTcp: true }])
    expect(outcome(frame, variant, wireLength, options)).toBe(
      outcome(frame, variant, wireLength, { ...options, fastPath: false }),
    );
}

describe('FastPath', () => {
  it.each(variants)('agrees with the general way on %s', (_, frame, variant) => {
    agree(frame, variant, variant.length);
  });

  it.each([
    ['TCP', tcpFrame],
    ['UDP', udpFrame],
  ])('agrees on %s cut after any byte', (_, frame) => {
    for (let length = 0; length <= frame.length; length++) agree(frame, frame.slice(0, length), frame.length);
  });

  it('agrees where the length on the wire is not known', () => {
    agree(udpFrame, udpFrame, 0);
  });

  it('goes on following a connection whose key a tunnel between equal addresses shares', () => {
    const local = { source: '10.1.0.1', target: '10.1.0.1' };
    const segment = (bytes: number) =>
      ethernet(0x0800, ipv4(6, tcp({ source: 53, target: 40_000, flags: 16 }, new Uint8Array(bytes)), local));
    // In L3 mode the outer flow is keyed by its own addresses and the ports inside.
    const inner = ethernet(0x86dd, ipv6(6, tcp({ source: 40_000, target: 53, flags: 0 }), 1, 1));
    const tunnel = ethernet(0x0800, ipv4(47, gre(0x6558, inner, 9), local));
    const flows = [true, false].map((fastPath) => {
      const table = tableOf({ layerKeyMode: 'L3', reassembleTcp: true, rawPacketLimit: 2, fastPath });
      for (const frame of [segment(0), tunnel, segment(1)]) feed(table, frame);
      return table.stop(START_MS).flows.map(flowToObject);
    });
    expect(flows[0]).toEqual(flows[1]);
    expect(flows[0]!.find(({ LayersPath: path }) => path === 'Ethernet/IPv4/TCP')).toMatchObject({
      TCPMetric: { ABPackets: 1, ABBytes: 1 },
    });
  });
});
