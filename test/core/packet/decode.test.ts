import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePending } from '../../../core/packet/application.ts';
import { decodePacket, firstLayerOf } from '../../../core/packet/decode.ts';
import { DecodeStatus, LAYERS_MAX, Layers, layerNames } from '../../../core/packet/layers.ts';
import { ethernet, geneve, gre, hex, icmp, ipv4, ipv6, join, mpls, tcp, udp, vlan, vxlan } from './frames.ts';

function decode(bytes: Uint8Array, linkType = 1, mplsPorts?: ReadonlySet<number>): Layers {
  const layers = new Layers();
  decodePacket(layers, bytes, 0, bytes.length, firstLayerOf(linkType), mplsPorts);
  decodePending(layers);
  return layers;
}

function path(bytes: Uint8Array, linkType = 1, mplsPorts?: ReadonlySet<number>): string {
  const layers = decode(bytes, linkType, mplsPorts);
  return [...layers.types.subarray(0, layers.count)].map((type) => layerNames[type]).join('/');
}

const data = new Uint8Array(4);

describe('decodePacket', () => {
  it.each<[string, Uint8Array]>([
    ['Ethernet/IPv4/TCP', ethernet(0x0800, ipv4(6, tcp()))],
    ['Ethernet/IPv4/UDP/Payload', ethernet(0x0800, ipv4(17, udp(1, 2, data)))],
    ['Ethernet/IPv6/TCP', ethernet(0x86dd, ipv6(6, tcp()))],
    [
      'Ethernet/Dot1Q/Dot1Q/IPv4/ICMPv4/Payload',
      ethernet(0x88a8, vlan(10, 0x8100, vlan(8, 0x0800, ipv4(1, icmp(8, 0, 1))))),
    ],
    ['Ethernet/IPv4/IPv4/UDP', ethernet(0x0800, ipv4(4, ipv4(17, udp(1, 2))))],
    ['Ethernet/IPv4/IPv6/UDP', ethernet(0x0800, ipv4(41, ipv6(17, udp(1, 2))))],
    [
      'Ethernet/IPv4/GRE/Ethernet/IPv4/UDP',
      ethernet(0x0800, ipv4(47, gre(0x6558, ethernet(0x0800, ipv4(17, udp(1, 2)))))),
    ],
    [
      'Ethernet/IPv4/GRE/MPLS/IPv4/UDP',
      ethernet(0x0800, ipv4(47, gre(0x8847, mpls(3, true, ipv4(17, udp(1, 2)))))),
    ],
    [
      'Ethernet/IPv4/UDP/VXLAN/Ethernet/IPv4/UDP',
      ethernet(0x0800, ipv4(17, udp(9, 4789, vxlan(5, ethernet(0x0800, ipv4(17, udp(1, 2))))))),
    ],
    [
      'Ethernet/IPv4/UDP/Geneve/IPv4/UDP',
      ethernet(0x0800, ipv4(17, udp(9, 6081, geneve(5, 0x0800, ipv4(17, udp(1, 2)))))),
    ],
    ['Ethernet/MPLS/MPLS/IPv4/UDP', ethernet(0x8847, mpls(1, false, mpls(2, true, ipv4(17, udp(1, 2)))))],
    [
      'Ethernet/MPLS/Ethernet/ARP',
      ethernet(
        0x8847,
        mpls(2, true, ethernet(0x0806, hex('0001080006040001 02000000000a 0a010001 000000000000 0a010002'))),
      ),
    ],
    [
      'Ethernet/IPv6/IPv6HopByHop/UDP',
      ethernet(0x86dd, ipv6(0, join(hex('11 00 01 04 00 00 00 00'), udp(1, 2)))),
    ],
    [
      'Ethernet/IPv6/IPv6Destination/TCP',
      ethernet(0x86dd, ipv6(60, join(hex('06 00 01 04 00 00 00 00'), tcp()))),
    ],
    [
      'Ethernet/IPv6/IPv6Fragment/Fragment',
      ethernet(0x86dd, ipv6(44, join(hex('11 00 00 01 00 00 00 07'), udp(1, 2)))),
    ],
    ['Ethernet/IPv6/ICMPv6/ICMPv6Echo', ethernet(0x86dd, ipv6(58, hex('80 00 00 00 12 34 00 01')))],
    [
      'Ethernet/IPv6/ICMPv6/ICMPv6NeighborSolicitation',
      ethernet(0x86dd, ipv6(58, join(hex('87 00 00 00'), new Uint8Array(20)))),
    ],
    ['Ethernet/IPv4/Fragment', ethernet(0x0800, ipv4(17, udp(1, 2), { more: true }))],
    [
      'Ethernet/IPv4/UDP/GTPv1U/IPv4/TCP',
      ethernet(0x0800, ipv4(17, udp(9, 2152, join(hex('30 ff 00 28 00 00 00 01'), ipv4(6, tcp()))))),
    ],
    [
      'Ethernet/IPv4/IPSecAH/UDP',
      ethernet(0x0800, ipv4(51, join(hex('11 01 0000 00000001 00000001'), udp(1, 2)))),
    ],
    ['Ethernet/LLC/SNAP/IPv4/UDP', ethernet(36, join(hex('aa aa 03 00 00 00 08 00'), ipv4(17, udp(1, 2))))],
    ['Ethernet/IPv4/UDP/NTP', ethernet(0x0800, ipv4(17, udp(123, 123, new Uint8Array(48))))],
    ['Ethernet/IPv4/UDP/DNS', ethernet(0x0800, ipv4(17, udp(9, 53, new Uint8Array(12))))],
  ])('reads %s', (expected, bytes) => {
    expect(path(bytes)).toBe(expected);
    expect(decode(bytes).status).toBe(DecodeStatus.Ok);
  });

  it('finds ERSPAN frames behind GRE without a layer for their header', () => {
    const inner = ethernet(0x0800, ipv4(1, icmp(8, 0, 1)));
    const bytes = ethernet(0x0800, ipv4(47, gre(0x88be, join(new Uint8Array(8), inner))));
    expect(path(bytes)).toBe('Ethernet/IPv4/GRE/Ethernet/IPv4/ICMPv4/Payload');
  });

  it('reads ports registered as MPLS', () => {
    const bytes = ethernet(0x0800, ipv4(17, udp(9, 51234, mpls(16, true, ipv4(17, udp(1, 2))))));
    expect(path(bytes)).toBe('Ethernet/IPv4/UDP/Payload');
    expect(path(bytes, 1, new Set([51234]))).toBe('Ethernet/IPv4/UDP/MPLS/IPv4/UDP');
  });

  it.each([
    [113, '/LinuxSLL/IPv4/UDP', hex('0000 0001 0006 02000000000a 0000 0800')],
    [276, '/LinuxSLL/IPv4/UDP', hex('0800 0000 00000002 0001 00 06 02000000000a0000')],
    [0, '/Loopback/IPv4/UDP', hex('02000000')],
    [108, '/Loopback/IPv4/UDP', hex('00000002')],
    [9, '/PPP/IPv4/UDP', hex('ff03 0021')],
    [12, '/IPv4/UDP', hex('')],
    [101, '/IPv4/UDP', hex('')],
    [228, '/IPv4/UDP', hex('')],
  ])('reads link type %i', (linkType, expected, head) => {
    expect(`/${path(join(head, ipv4(17, udp(1, 2))), linkType)}`).toBe(expected);
  });

  it('tells why it ended', () => {
    const whole = ethernet(0x0800, ipv4(6, tcp()));
    expect(decode(whole.subarray(0, 40)).status).toBe(DecodeStatus.Truncated);
    expect(path(whole.subarray(0, 40))).toBe('Ethernet/IPv4/TCP/Failure');
    expect(decode(ethernet(0x1234, data)).status).toBe(DecodeStatus.Unsupported);
    const malformed = whole.slice();
    malformed[14] = 0x44;
    expect(decode(malformed).status).toBe(DecodeStatus.Malformed);
    expect(decode(ethernet(0x0800, ipv4(200, data))).status).toBe(DecodeStatus.Unsupported);
    expect(firstLayerOf(147)).toBe(0);
  });

  it('cuts Ethernet padding by the length of the IP header', () => {
    const layers = decode(join(ethernet(0x0800, ipv4(17, udp(1, 2))), new Uint8Array(18)));
    expect(layers.end).toBe(14 + 20 + 8);
  });

  it('leaves out application layers that are cut', () => {
    expect(path(ethernet(0x0800, ipv4(17, udp(123, 123, new Uint8Array(47)))))).toBe('Ethernet/IPv4/UDP');
    expect(path(ethernet(0x0800, ipv4(17, udp(9, 53, new Uint8Array(11)))))).toBe('Ethernet/IPv4/UDP');
    expect(path(ethernet(0x0800, ipv4(17, udp(9, 4789, new Uint8Array(7)))))).toBe(
      'Ethernet/IPv4/UDP/Failure',
    );
  });

  it('stops at the greatest number of layers', () => {
    const tags = Array.from({ length: 100 }, () => hex('0001 8100'));
    const layers = decode(ethernet(0x8100, join(...tags)));
    expect(layers.status).toBe(DecodeStatus.TooManyLayers);
    expect(layers.count).toBe(LAYERS_MAX + 1);
  });

  it('never throws, loops or leaves the bytes, whatever they are', () => {
    const anyLink = fc.constantFrom(0, 1, 9, 12, 51, 101, 108, 113, 228, 229, 276);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), anyLink, fc.nat(20), (bytes, linkType, cut) => {
        const layers = new Layers();
        const to = Math.max(bytes.length - cut, 0);
        decodePacket(layers, bytes, 0, to, firstLayerOf(linkType), new Set([1234]));
        decodePending(layers);
        expect(layers.at).toBeLessThanOrEqual(to);
        for (let i = 0; i < layers.count; i++)
          expect(layers.starts[i]! + layers.lengths[i]!).toBeLessThanOrEqual(to);
      }),
      { numRuns: 2000 },
    );
  });

  it('does not look behind the end: what follows never changes the result', () => {
    const frames = [
      ethernet(0x0800, ipv4(6, tcp())),
      ethernet(
        0x0800,
        ipv4(17, udp(9, 4789, vxlan(5, ethernet(0x0800, ipv4(17, udp(1, 53, new Uint8Array(30))))))),
      ),
      ethernet(0x86dd, ipv6(0, join(hex('11 00 01 04 00 00 00 00'), udp(1, 2)))),
      ethernet(0x0800, ipv4(47, gre(0x8847, mpls(3, true, ipv4(17, udp(1, 2))), 7))),
    ];
    for (const frame of frames)
      for (let length = 0; length <= frame.length; length++) {
        const alone = path(frame.slice(0, length));
        const padded = join(frame.subarray(0, length), new Uint8Array(64).fill(0xff));
        const layers = new Layers();
        decodePacket(layers, padded, 0, length, firstLayerOf(1));
        decodePending(layers);
        expect([...layers.types.subarray(0, layers.count)].map((type) => layerNames[type]).join('/')).toBe(
          alone,
        );
      }
  });
});
