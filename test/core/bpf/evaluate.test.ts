/**
 * Which packets a filter matches, on packets built by hand. Ethernet: 14 bytes (type at 12), IPv4: 20 (protocol at 9,
 * addresses at 12 and 16), IPv6: 40 (next header at 6, addresses at 8 and 24), ports at 0 and 2 of the transport header.
 */
import { describe, expect, it } from 'vitest';
import { BpfError, compileBpf } from '../../../core/bpf/bpf.ts';

const bytes = (text: string): Uint8Array =>
  Uint8Array.from((text.replaceAll(/\s/g, '').match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));

const macs = '020000000002 020000000001';
// 10.0.0.1 → 10.0.0.2; the total length is not looked at by any test but those of ip[2:2].
const ip4 = (protocol: string, fragment = '0000'): string =>
  `4500 0030 0001 ${fragment} 40${protocol} 0000 0a000001 0a000002`;
const ip6 = (next: string): string =>
  `60000000 0018 ${next} 40 20010db8000000000000000000000001 20010db8000000000000000000000002`;
// 8080 → 80, flags SYN at 13.
const tcp = '1f90 0050 00000001 00000000 5002 0400 0000 0000';
// 49152 → 53, length 28.
const udp = 'c000 0035 001c 0000 0102030405060708090a0b0c0d0e0f1011121314';

const packets = {
  tcp4: `${macs} 0800 ${ip4('06')} ${tcp}`,
  udp4: `${macs} 0800 ${ip4('11')} ${udp}`,
  // Fragment offset 3 * 8 bytes: what stands at the ports is payload.
  fragment: `${macs} 0800 ${ip4('11', '0003')} ${udp}`,
  icmp: `${macs} 0800 ${ip4('01')} 0800 0000 0001 0001`,
  // Header length 7 words: the ports are 8 bytes further on.
  options: `${macs} 0800 4700 0038 0001 0000 4006 0000 0a000001 0a000002 0101010101010100 ${tcp}`,
  tcp6: `${macs} 86dd ${ip6('06')} ${tcp}`,
  udp6: `${macs} 86dd ${ip6('11')} ${udp}`,
  // Hop-by-hop options of 8 bytes, then UDP.
  hop6: `${macs} 86dd ${ip6('00')} 1100 0502 0000 0100 ${udp}`,
  // Fragment header, then TCP.
  fragment6: `${macs} 86dd ${ip6('2c')} 0600 0001 00000001 ${tcp}`,
  arp: `ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002`,
  vlan: `${macs} 8100 0064 0800 ${ip4('06')} ${tcp}`,
  qinq: `${macs} 88a8 00c8 8100 0064 0800 ${ip4('06')} ${tcp}`,
  // Label 100, bottom of stack; labels 100000 and 1024.
  mpls: `${macs} 8847 00064 1ff ${ip4('06')} ${tcp}`,
  mplsTwo: `${macs} 8847 186a00ff 00400140 ${ip4('11')} ${udp}`,
  pppoe: `${macs} 8864 1100 0027 0032 0021 ${ip4('06')} ${tcp}`,
  // UDP to 6081, network 11, a whole frame inside.
  geneve: `${macs} 0800 ${ip4('11')} c000 17c1 0060 0000 0000 6558 00000b00 ${macs} 0800 ${ip4('06')} ${tcp}`,
  stp: '0180c2000000 020000000001 0026 42 42 03 0000 00 00 00 8000020000000001 00000000 8000020000000001 8001 0000',
} as const;
type Name = keyof typeof packets;

/** The names of the packets that match. */
function matching(filter: string): string[] {
  const matches = compileBpf(filter, 1);
  return Object.entries(packets)
    .filter(([, text]) => {
      const packet = bytes(text);
      return matches(packet, 0, packet.length, packet.length);
    })
    .map(([name]) => name);
}

const isMatch = (filter: string, packet: Uint8Array, wireLength = packet.length): boolean =>
  compileBpf(filter, 1)(packet, 0, packet.length, wireLength);

const everything = Object.keys(packets) as Name[];

describe('compileBpf', () => {
  it.each<[string, Name[]]>([
    ['', everything],
    ['tcp', ['tcp4', 'options', 'tcp6', 'fragment6']],
    ['udp', ['udp4', 'fragment', 'udp6', 'geneve']],
    ['ip6', ['tcp6', 'udp6', 'hop6', 'fragment6']],
    ['arp', ['arp']],
    ['icmp', ['icmp']],
    ['stp', ['stp']],
    ['ip proto 17', ['udp4', 'fragment', 'geneve']],
    ['ip6 proto 0', ['hop6']],
    ['ip6 protochain 17', ['udp6', 'hop6']],
    ['ip6 protochain \\tcp', ['tcp6', 'fragment6']],
    ['ether proto 0x8100', ['vlan']],
    ['ether proto \\arp', ['arp']],
  ])('tells protocols apart: %s', (filter, names) => {
    expect(matching(filter)).toEqual(names);
  });

  it.each<[string, Name[]]>([
    // In IPv4 only first fragments have ports; in IPv6 only what follows the fixed header directly.
    ['port 53', ['udp4', 'udp6']],
    ['dst port domain', ['udp4', 'udp6']],
    ['src port 53', []],
    ['tcp port 80', ['tcp4', 'options', 'tcp6']],
    ['tcp dst port 8080', []],
    ['src port 8080 and dst port 80', ['tcp4', 'options', 'tcp6']],
    ['portrange 50-60', ['udp4', 'udp6']],
    ['portrange 60-50', ['udp4', 'udp6']],
    ['dst portrange 70-90', ['tcp4', 'options', 'tcp6']],
    ['udp and not port 53', ['fragment', 'geneve']],
  ])('finds ports: %s', (filter, names) => {
    expect(matching(filter)).toEqual(names);
  });

  it.each<[string, Name[]]>([
    ['arp host 10.0.0.1', ['arp']],
    ['src host 10.0.0.2', []],
    ['dst host 10.0.0.2 and icmp', ['icmp']],
    ['src net 10 and arp', ['arp']],
    ['net 10.0.0.0/30 and icmp', ['icmp']],
    ['src and dst net 10.0.0.0/31', []],
    ['net 10.0 mask 255.255.0.0 and arp', ['arp']],
    ['host 2001:db8::1 and tcp', ['tcp6', 'fragment6']],
    ['dst net 2001:db8::/32 and udp', ['udp6']],
    ['dst net ff00::/8', []],
    ['ether src 02:00:00:00:00:01 and stp', ['stp']],
    ['ether dst 0200.0000.0002 and icmp', ['icmp']],
    ['broadcast', ['arp']],
    ['ether multicast', ['arp', 'stp']],
  ])('finds addresses: %s', (filter, names) => {
    expect(matching(filter)).toEqual(names);
  });

  it.each<[string, Name[]]>([
    ['vlan', ['vlan', 'qinq']],
    ['vlan 100', ['vlan']],
    ['vlan 200 and vlan 100 and tcp port 80', ['qinq']],
    // The offsets move for what stands behind, joined however: TCP here is TCP behind a tag.
    ['vlan or tcp', ['vlan', 'qinq']],
    ['tcp or vlan', ['tcp4', 'options', 'tcp6', 'fragment6', 'vlan', 'qinq']],
    ['mpls 100 and host 10.0.0.1', ['mpls']],
    ['mpls 100000 and mpls 1024 and udp port 53', ['mplsTwo']],
    ['pppoes 0x27 and tcp port 80', ['pppoe']],
    ['geneve 11 and tcp port 80', ['geneve']],
    ['geneve and ether host 02:00:00:00:00:01', ['geneve']],
    ['geneve 12', []],
    ['llc u', ['stp']],
  ])('sees through encapsulations: %s', (filter, names) => {
    expect(matching(filter)).toEqual(names);
  });

  it.each<[string, Name[]]>([
    ['tcp[tcpflags] & (tcp-syn|tcp-fin) != 0', ['tcp4', 'options']],
    ['tcp[2:2] = 80', ['tcp4', 'options']],
    ['ip[0] & 0xf > 5', ['options']],
    // 28 * 2 = 56.
    ['udp[4:2] * 2 = 56', ['udp4']],
    ['icmp[icmptype] = icmp-echo', ['icmp']],
    ['ether[12:2] = 0x806', ['arp']],
    // 0 - 1 is the largest number, not the smallest.
    ['icmp and -1 > 0x7fffffff', ['icmp']],
    // 14 + 20 + 8 = 42 bytes; the ARP packet has 14 + 28 = 42 as well.
    ['len = 42', ['icmp', 'arp']],
    ['less 42', ['icmp', 'arp']],
    ['ip6[24:4] = 0x20010db8 and ip6[6] = 44', ['fragment6']],
    ['ip[ip[0] & 0xf] = 1 and icmp', ['icmp']],
  ])('computes: %s', (filter, names) => {
    expect(matching(filter)).toEqual(names);
  });

  it('does not match when a load passes the captured bytes, negated or not', () => {
    const packet = bytes(packets.tcp4);
    // Cut in the destination port: 14 + 20 + 3.
    const cut = packet.subarray(0, 37);
    expect(isMatch('tcp src port 8080', cut)).toBe(true);
    expect(isMatch('tcp dst port 80', cut)).toBe(false);
    expect(isMatch('not tcp dst port 80', cut)).toBe(false);
    // What is decided before the load is decided.
    expect(isMatch('tcp or ether[100] = 1', cut)).toBe(true);
    expect(isMatch('ether[100] = 1 or tcp', cut)).toBe(false);
    expect(isMatch('ether[0xffffffff] = 1 or tcp', packet)).toBe(false);
    expect(isMatch('', new Uint8Array(0))).toBe(true);
    expect(isMatch('tcp', new Uint8Array(0))).toBe(false);
  });

  it('divides by zero without a match', () => {
    const packet = bytes(packets.tcp4);
    // ether[1] is 0.
    expect(isMatch('6 / ether[1] = 0', packet)).toBe(false);
    expect(isMatch('not 6 / ether[1] = 0', packet)).toBe(false);
    // ether[5] is 2. `ether[0]` is refused as a divisor, by libpcap too: it takes the index for the divisor.
    expect(isMatch('6 / ether[5] = 3', packet)).toBe(true);
    expect(() => isMatch('6 / ether[0] = 3', packet)).toThrow(/division by zero/);
  });

  it('reads the packet where it lies in a larger buffer, and its length on the wire', () => {
    const packet = bytes(packets.udp4);
    const buffer = new Uint8Array(packet.length + 100).fill(0xff);
    buffer.set(packet, 50);
    const matches = compileBpf('udp port 53 and len = 1500', 1);
    expect(matches(buffer, 50, packet.length, 1500)).toBe(true);
    expect(matches(buffer, 50, packet.length, packet.length)).toBe(false);
    expect(matches(buffer, 50, 36, 1500)).toBe(false);
    // More is said to be captured than the buffer holds: no bytes from outside of it.
    expect(matches(buffer.subarray(0, 60), 50, packet.length, 1500)).toBe(false);
  });

  it('gives up a protocol chain that points back at itself', () => {
    // AH (51) at 34, whose next header is AH again; its length field 3 puts the next at (3 + 2) * 4 = 20: itself.
    const loop = bytes(`${macs} 0800 ${ip4('33')} 3303 0000 00000001 00000001`);
    expect(isMatch('ip protochain 6', loop)).toBe(false);
    expect(isMatch('ip protochain 51', loop)).toBe(true);
  });

  it('runs a filter too large to be reduced', () => {
    const ports = Array.from({ length: 600 }, (_, index) => `port ${index + 1}`).join(' or ');
    expect(isMatch(ports, bytes(packets.tcp4))).toBe(true);
    expect(isMatch(`not (${ports})`, bytes(packets.udp6))).toBe(false);
    expect(isMatch(ports, bytes(packets.icmp))).toBe(false);
  });
});

describe('compileBpf on other link layers', () => {
  const network4 = `${ip4('06')} ${tcp}`;
  const network6 = `${ip6('11')} ${udp}`;
  const cooked1 = (type: string): string => `0004 0001 0006 020000000001 0000 ${type}`;
  const cooked2 = (type: string): string => `${type} 0000 00000003 0001 04 06 020000000001 0000`;

  it.each([
    ['raw', 101, '', ''],
    ['raw by its number in libpcap', 12, '', ''],
    ['cooked', 113, cooked1('0800'), cooked1('86dd')],
    ['cooked, second form', 276, cooked2('0800'), cooked2('86dd')],
    // AF_INET 2; AF_INET6 30 on macOS.
    ['BSD loopback', 0, '02000000', '1e000000'],
    ['OpenBSD loopback', 108, '00000002', '00000018'],
    ['PPP', 9, 'ff030021', 'ff030057'],
  ])('finds IP in %s', (_name, linkType, header4, header6) => {
    const [packet4, packet6] = [bytes(header4 + network4), bytes(header6 + network6)];
    const verdicts = (filter: string): boolean[] =>
      [packet4, packet6].map((packet) =>
        compileBpf(filter, linkType)(packet, 0, packet.length, packet.length),
      );
    expect(verdicts('ip')).toEqual([true, false]);
    expect(verdicts('ip6')).toEqual([false, true]);
    expect(verdicts('tcp port 80')).toEqual([true, false]);
    expect(verdicts('udp port 53')).toEqual([false, true]);
    expect(verdicts('host 10.0.0.1 or host 2001:db8::1')).toEqual([true, true]);
    expect(verdicts('ip[8] = 64')).toEqual([true, false]);
  });

  it('knows the direction only where the packet tells it', () => {
    const packet = bytes(cooked1('0800') + network4);
    expect(compileBpf('outbound', 113)(packet, 0, packet.length, packet.length)).toBe(true);
    expect(compileBpf('inbound', 113)(packet, 0, packet.length, packet.length)).toBe(false);
    const second = bytes(cooked2('0800') + network4);
    expect(compileBpf('ifindex 3', 276)(second, 0, second.length, second.length)).toBe(true);
    expect(() => compileBpf('tcp and inbound', 1)).toThrow(BpfError);
    expect(() => compileBpf('ifindex 3', 1)).toThrow(/ifindex not supported on Ethernet/);
  });

  it('refuses what has no meaning there', () => {
    expect(() => compileBpf('ether host 02:00:00:00:00:01', 101)).toThrow(
      /ethernet addresses supported only on/,
    );
    expect(() => compileBpf('arp', 101)).toThrow(/rejects all packets/);
    expect(() => compileBpf('vlan', 113)).toThrow(/no VLAN support for Linux cooked v1/);
    expect(() => compileBpf('tcp', 147)).toThrow(/not supported on link type 147/);
  });
});
