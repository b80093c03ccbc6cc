/** Frames as they go on the wire: read back by our own decoder's rules, and by the arithmetic of RFC 1071. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framesOf, InjectionError } from '../../../core/injection/frames.ts';
import { INJECTION_TYPES, type InjectionSpec } from '../../../core/injection/injection.ts';
import { pcapHeader, pcapRecord } from '../../../core/packet/pcap-file.ts';
import { toBase64 } from '../../../core/wire/go-json.ts';

const spec = (change: Partial<InjectionSpec> = {}): InjectionSpec => {
  const isIpv6 = (change.Type ?? 'icmp4').endsWith('6');
  return {
    UUID: 'u',
    SrcIP: isIpv6 ? 'fd00::1' : '10.0.0.1',
    DstIP: isIpv6 ? 'fd00::2' : '10.0.0.2',
    SrcMAC: '02:00:00:00:00:01',
    DstMAC: '02:00:00:00:00:02',
    SrcPort: 1,
    DstPort: 80,
    Type: 'icmp4',
    Payload: 'hello',
    ICMPID: 77,
    Count: 1,
    Interval: 0,
    Mode: '',
    IncrementPayload: 0,
    Pcap: null,
    TTL: 64,
    ...change,
  };
};
const frames = (change: Partial<InjectionSpec> = {}, linkHeader = true) => [
  ...framesOf(spec(change), { linkHeader, random: () => 0.5 }),
];
const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** Ones' complement sum of the words with the carries; 0xffff = the checksum inside is right (RFC 1071). */
function wordSum(...parts: Uint8Array[]): number {
  let sum = 0;
  for (const bytes of parts)
    for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** With the pseudo header of RFC 768, RFC 9293 and RFC 8200; ICMP over IPv4 has none. */
function transportSum(packet: Uint8Array): number {
  const isIpv6 = packet[0]! >> 4 === 6;
  const segment = packet.subarray(isIpv6 ? 40 : 20);
  const protocol = packet[isIpv6 ? 6 : 9]!;
  if (protocol === 1) return wordSum(segment);
  const addresses = isIpv6 ? packet.subarray(8, 40) : packet.subarray(12, 20);
  const rest = Uint8Array.from([segment.length >> 8, segment.length & 255, 0, protocol]);
  return wordSum(addresses, rest, segment);
}

describe('framesOf', () => {
  it('makes an echo request, byte by byte', () => {
    // Ethernet | 45 00 len 33 id 1 | ttl 64 proto 1 sum | addresses | 08 00 sum | id 77 seq 1 | hello
    // IP words: 4500+0021+0001+0000+4001+0a00+0001+0a00+0002 = 9926 → 66d9
    // ICMP words: 0800+0000+004d+0001+6865+6c6c+6f00 = 1_4c1f → 4c20 → b3df
    expect(frames().map((frame) => hex(frame))).toEqual([
      '020000000002' +
        '020000000001' +
        '0800' +
        '45000021' +
        '00010000' +
        '400166d9' +
        '0a000001' +
        '0a000002' +
        '0800b3df' +
        '004d0001' +
        '68656c6c6f',
    ]);
  });

  it('leaves the link header out where there is none', () => {
    expect(frames({}, false)[0]![0]).toBe(0x45);
    expect(frames({ Type: 'udp6' }, false)[0]![0]! >> 4).toBe(6);
  });

  it('has every checksum right, whatever it sends', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...INJECTION_TYPES),
        fc.string({ minLength: 1, maxLength: 60 }),
        fc.nat(0xffff),
        fc.nat(0xffff),
        (Type, Payload, SrcPort, ICMPID) => {
          const [packet] = frames({ Type, Payload, SrcPort, ICMPID }, false);
          if (Type.endsWith('4')) expect(wordSum(packet!.subarray(0, 20))).toBe(0xffff);
          expect(transportSum(packet!)).toBe(0xffff);
        },
      ),
    );
  });

  it('never says that a UDP checksum is missing', () => {
    // 0 would say so (RFC 768). What the checksum of port 1 is, added to the port, makes it 0.
    const base = frames({ Type: 'udp4', SrcPort: 1 }, false)[0]!;
    const checksumOf = (packet: Uint8Array) => (packet[26]! << 8) | packet[27]!;
    const [packet] = frames({ Type: 'udp4', SrcPort: (1 + checksumOf(base)) & 0xffff }, false);
    expect(transportSum(packet!)).toBe(0xffff);
    expect(checksumOf(packet!)).toBe(0xffff);
  });

  it('takes 64 for a TTL of 0, for IPv6 too', () => {
    expect(frames({ TTL: 0 }, false)[0]![8]).toBe(64);
    expect(frames({ TTL: 3, Type: 'tcp4' }, false)[0]![8]).toBe(3);
    expect(frames({ TTL: 0, Type: 'udp6' }, false)[0]![7]).toBe(64);
  });

  it('makes as many as Count says, numbered, and one for 0', () => {
    const numbers = frames({ Count: 3 }, false).map((packet) => packet[27]);
    expect(numbers).toEqual([1, 2, 3]);
    expect(frames({ Count: 0 })).toHaveLength(1);
  });

  it('keeps id and port in mode unique, and draws them anew for each packet but the first in mode random', () => {
    const idsOf = (Mode: '' | 'unique' | 'random') =>
      frames({ Count: 3, Mode }, false).map((packet) => (packet[24]! << 8) | packet[25]!);
    expect(idsOf('')).toEqual([77, 77, 77]);
    expect(idsOf('unique')).toEqual([77, 77, 77]);
    // 1 + floor(0.5 * 65535)
    expect(idsOf('random')).toEqual([77, 32_768, 32_768]);
    const ports = frames({ Type: 'udp4', Count: 2, Mode: 'random', SrcPort: 9 }, false).map(
      (packet) => (packet[20]! << 8) | packet[21]!,
    );
    expect(ports).toEqual([9, 1_024 + 32_255]);
  });

  it('lets the payload grow, and makes 56 letters of none', () => {
    const lengths = frames({ Count: 3, IncrementPayload: 10 }, false).map((packet) => packet.length);
    expect(lengths).toEqual([33, 43, 53]);
    expect(frames({ Payload: '' }, false)[0]).toHaveLength(28 + 56);
  });

  it('sends the packets of a capture file instead', () => {
    const packets = [Uint8Array.from({ length: 60 }, (_, i) => i), Uint8Array.from({ length: 14 }, () => 7)];
    const file = [
      pcapHeader(1),
      ...packets.map((bytes) => pcapRecord({ bytes, wireLength: bytes.length, timeMs: 0, subMsNs: 0 })),
    ];
    const Pcap = toBase64(Uint8Array.from(file.flatMap((piece) => Array.from(piece))));
    expect(frames({ Pcap })).toEqual(packets);
    expect(() => frames({ Pcap }, false)).toThrow(InjectionError);
  });
});
