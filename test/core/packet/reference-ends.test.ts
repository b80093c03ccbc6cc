/** Where the reference ends a path, as seen by running it: found by random captures, each kept here in its smallest form. */
import { describe, expect, it } from 'vitest';
import { decodePending } from '../../../core/packet/application.ts';
import { decodePacket, firstLayerOf } from '../../../core/packet/decode.ts';
import { Layers, layerNames } from '../../../core/packet/layers.ts';
import { ethernet, hex, ipv4, ipv6, join, mpls, udp } from './frames.ts';

const text = (words: string) => new TextEncoder().encode(words);
const sip = (words: string) => ethernet(0x0800, ipv4(17, udp(40_000, 5_060, text(words))));
const sctp = (chunks: string) =>
  ethernet(0x0800, ipv4(132, join(hex('138f 8e3c 00000001 00000000'), hex(chunks))));
const options = (bytes: string) => ethernet(0x86dd, ipv6(60, hex(bytes)));

function path(bytes: Uint8Array): string {
  const layers = new Layers();
  decodePacket(layers, bytes, 0, bytes.length, firstLayerOf(1));
  decodePending(layers);
  const names = [...layers.types.subarray(0, layers.count)].map((type) => layerNames[type]!);
  return names.filter((name) => name !== 'Payload' && name !== 'Failure').join('/');
}

describe('a path ends as that of the reference', () => {
  it.each<[string, string, Uint8Array]>([
    [
      'a wrong header in the last line of SIP',
      'Ethernet/IPv4/UDP/SIP',
      sip('OPTIONS sip:x SIP/2.0\r\nCSeq: z OPTIONS\r\n'),
    ],
    [
      '… in a line before',
      'Ethernet/IPv4/UDP',
      sip('OPTIONS sip:x SIP/2.0\r\nCSeq: z OPTIONS\r\nVia: y\r\n'),
    ],
    [
      'an SCTP chunk of an unknown type',
      'Ethernet/IPv4/SCTP/SCTPCookieAck',
      sctp('0b000004 c8000004 0b000004'),
    ],
    [
      'an acknowledgement with its gaps',
      'Ethernet/IPv4/SCTP/SCTPSack',
      sctp('03000014 00000001 00001000 00010000 00020003'),
    ],
    ['… whose gaps are cut', 'Ethernet/IPv4/SCTP', sctp('03000010 00000001 00001000 00010000')],
    ['cut destination options', 'Ethernet/IPv6/IPv6Destination', options('3a 01 04 00 00 00')],
    [
      'an option over the end of its header',
      'Ethernet/IPv6/IPv6Destination/UDP',
      options('11 00 01 08 00 00 00 00 0001 0002 0008 0000'),
    ],
    [
      'an option over the end of the packet',
      'Ethernet/IPv6',
      options('11 00 01 40 00 00 00 00 0001 0002 0008 0000'),
    ],
    [
      'a hop-by-hop header behind MPLS',
      'Ethernet/MPLS/IPv6/UDP',
      ethernet(0x8847, mpls(1, true, ipv6(0, join(hex('11 00 01 04 00 00 00 00'), udp(1, 2))))),
    ],
    [
      'a cut IP header behind MPLS',
      'Ethernet/MPLS/IPv4',
      ethernet(0x8847, mpls(1, true, hex('4500 0054 0000 4000'))),
    ],
  ])('%s: %s', (_what, wanted, bytes) => {
    expect(path(bytes)).toBe(wanted);
  });
});
