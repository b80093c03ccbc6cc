/**
 * The packets filters are compared over: the frames of every capture in a directory, hand-made ones for what
 * captures lack (QinQ, MPLS in PPPoE, extension headers, AH, Geneve, 802.2, DECnet), cut copies, and the same
 * network packets behind other link headers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SamplePacket {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly name: string;
}

/** Frames of a pcap file (either byte order, micro- or nanoseconds) with its link type; nothing for other formats. */
export function readPcap(path: string): { linkType: number; packets: SamplePacket[] } {
  const data = readFileSync(path);
  const magic = data.length < 24 ? 0 : data.readUInt32LE(0);
  const little = magic === 0xa1b2c3d4 || magic === 0xa1b23c4d;
  if (!little && magic !== 0xd4c3b2a1 && magic !== 0x4d3cb2a1) return { linkType: -1, packets: [] };
  const word = (at: number): number => (little ? data.readUInt32LE(at) : data.readUInt32BE(at));
  const packets: SamplePacket[] = [];
  for (let at = 24; at + 16 <= data.length;) {
    const captured = word(at + 8);
    const bytes = new Uint8Array(data.subarray(at + 16, at + 16 + captured));
    packets.push({ bytes, wireLength: word(at + 12), name: `${path.split('/').at(-1)}#${packets.length}` });
    at += 16 + captured;
  }
  return { linkType: word(20) & 0x0fffffff, packets };
}

const hex = (text: string): number[] =>
  (text.replaceAll(/\s/g, '').match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));

const macs = '020000000002 020000000001';
/** Fields: version and length, total length, id, fragment, ttl, protocol, sum, source 10.0.0.1, target 10.0.0.2. */
const ip4 = (protocol: string, fragment = '0000'): string =>
  `4500 0030 0001 ${fragment} 40${protocol} 0000 0a000001 0a000002`;
/** Version, length 24, next header, hops, 2001:db8::1 → 2001:db8::2. */
const ip6 = (next: string): string =>
  `60000000 0018 ${next} 40 20010db8000000000000000000000001 20010db8000000000000000000000002`;
const tcp = '1f90 0050 00000001 00000000 5002 0400 0000 0000';
const udp = (target: string): string => `c000 ${target} 001c 0000`;
const body = '0102030405060708 090a0b0c0d0e0f10';

/** Frames that captures lack: name → hexadecimal. */
const handMade: Readonly<Record<string, string>> = {
  tcp4: `${macs} 0800 ${ip4('06')} ${tcp}`,
  tcp4options: `${macs} 0800 4700 0038 0001 0000 4006 0000 0a000001 0a000002 0101010101010100 ${tcp}`,
  udp4: `${macs} 0800 ${ip4('11')} ${udp('0035')} ${body}`,
  sctp4: `${macs} 0800 ${ip4('84')} 1f90 0050 00000001 00000000 00030010 ${body}`,
  firstFragment: `${macs} 0800 ${ip4('11', '2000')} ${udp('0035')} ${body}`,
  laterFragment: `${macs} 0800 ${ip4('11', '2003')} ${udp('0035')} ${body}`,
  lastFragment: `${macs} 0800 ${ip4('06', '0003')} ${tcp}`,
  icmp4: `${macs} 0800 ${ip4('01')} 0800 0000 0001 0001 ${body}`,
  icmp4unreachable: `${macs} 0800 ${ip4('01')} 0301 0000 0000 0000 ${ip4('11')} ${udp('0035')}`,
  igmp: `01005e000001 020000000001 0800 4600 0020 0001 0000 0102 0000 0a000001 e0000001 94040000 1100 0000 00000000`,
  multicast4: `01005e0000fb 020000000001 0800 4500 0030 0001 0000 4011 0000 0a000001 e00000fb 14e9 14e9 001c 0000 ${body}`,
  broadcast4: `ffffffffffff 020000000001 0800 4500 0030 0001 0000 4011 0000 00000000 ffffffff 0044 0043 001c 0000 ${body}`,
  gre4: `${macs} 0800 ${ip4('2f')} 0000 0800 ${ip4('01')} 0800 0000 0001 0001`,
  ah4: `${macs} 0800 ${ip4('33')} 0604 0000 00000001 00000001 000102030405060708090a0b ${tcp}`,
  esp4: `${macs} 0800 ${ip4('32')} 00000001 00000001 ${body}`,
  pim4: `${macs} 0800 ${ip4('67')} 2000 0000 ${body}`,
  tcp6: `${macs} 86dd ${ip6('06')} ${tcp}`,
  udp6: `${macs} 86dd ${ip6('11')} ${udp('0035')} ${body}`,
  sctp6: `${macs} 86dd ${ip6('84')} 1f90 0050 00000001 00000000 00030010 ${body}`,
  icmp6echo: `${macs} 86dd ${ip6('3a')} 8000 0000 0001 0001 ${body}`,
  icmp6solicit: `3333ff000002 020000000001 86dd 60000000 0018 3a ff fe800000000000000000000000000001 ff0200000000000000000001ff000002 8700 0000 00000000 ${body}`,
  fragment6: `${macs} 86dd ${ip6('2c')} 0600 0001 00000001 ${tcp}`,
  options6: `${macs} 86dd ${ip6('00')} 1100 0502 0000 0100 ${udp('0035')} ${body}`,
  chain6: `${macs} 86dd ${ip6('00')} 3c00 010400000000 2b00 010400000000 2c00 0000 0000 0000 0600 0000 00000001 ${tcp}`,
  ah6: `${macs} 86dd ${ip6('33')} 0604 0000 00000001 00000001 000102030405060708090a0b ${tcp}`,
  none6: `${macs} 86dd ${ip6('3b')}`,
  arp: `ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002`,
  rarp: `ffffffffffff 020000000001 8035 0001 0800 06 04 0003 020000000001 0a000001 000000000000 0a000002`,
  vlan: `${macs} 8100 0064 0800 ${ip4('06')} ${tcp}`,
  vlan6: `${macs} 8100 6064 86dd ${ip6('11')} ${udp('0035')} ${body}`,
  qinq: `${macs} 88a8 00c8 8100 0064 0800 ${ip4('06')} ${tcp}`,
  qinqOld: `${macs} 9100 00c8 8100 0064 0800 ${ip4('11')} ${udp('0035')} ${body}`,
  vlanVlan: `${macs} 8100 012c 8100 00c8 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002`,
  mpls: `${macs} 8847 00064 1ff ${ip4('06')} ${tcp}`,
  mplsTwo: `${macs} 8847 186a00ff 00400140 ${ip4('11')} ${udp('0035')} ${body}`,
  mpls6: `${macs} 8847 00064 1ff ${ip6('06')} ${tcp}`,
  mplsMulticast: `${macs} 8848 00064 1ff ${ip4('06')} ${tcp}`,
  vlanMpls: `${macs} 8100 0064 8847 00064 1ff ${ip4('06')} ${tcp}`,
  pppoed: `${macs} 8863 1109 0000 000c 0101 0000 0103 0004 00000001`,
  pppoes: `${macs} 8864 1100 0027 0032 0021 ${ip4('06')} ${tcp}`,
  pppoes6: `${macs} 8864 1100 0001 0042 0057 ${ip6('11')} ${udp('0035')} ${body}`,
  pppoesControl: `${macs} 8864 1100 0027 000a c021 0901 0008 00000000`,
  pppoesMpls: `${macs} 8864 1100 0027 0034 0281 00064 1ff ${ip4('06')} ${tcp}`,
  vlanPppoes: `${macs} 8100 0064 8864 1100 0027 0032 0021 ${ip4('11')} ${udp('0035')} ${body}`,
  geneveFrame: `${macs} 0800 ${ip4('11')} c000 17c1 0060 0000 0000 6558 00000b00 ${macs} 0800 ${ip4('06')} ${tcp}`,
  geneveIp: `${macs} 0800 ${ip4('11')} c000 17c1 0060 0000 0200 0800 00000c00 0102030401020304 ${ip4('11')} ${udp('0035')} ${body}`,
  geneve6: `${macs} 86dd ${ip6('11')} c000 17c1 0060 0000 0100 6558 00000b00 01020304 ${macs} 86dd ${ip6('06')} ${tcp}`,
  geneveVlan: `${macs} 0800 ${ip4('11')} c000 17c1 0060 0000 0000 6558 00000b00 ${macs} 8100 0064 0800 ${ip4('06')} ${tcp}`,
  geneveVersion: `${macs} 0800 ${ip4('11')} c000 17c1 0060 0000 4000 6558 00000b00 ${macs} 0800 ${ip4('06')} ${tcp}`,
  vxlan: `${macs} 0800 ${ip4('11')} c000 12b5 0060 0000 08000000 00002a00 ${macs} 0800 ${ip4('06')} ${tcp}`,
  stp: `0180c2000000 020000000001 0026 42 42 03 0000 00 00 00 8000020000000001 00000000 8000020000000001 8001 0000 1400 0200 0f00`,
  isisHello: `0180c2000014 020000000001 0030 fe fe 03 83 1b 01 00 0f 01 00 00 ${body} ${body}`,
  isisPoint: `0180c2000015 020000000001 0030 fe fe 03 83 1b 01 00 11 01 00 00 ${body} ${body}`,
  isisState: `0180c2000015 020000000001 0030 fe fe 03 83 1b 01 00 14 01 00 00 ${body} ${body}`,
  esis: `0180c2000014 020000000001 0030 fe fe 03 82 1b 01 00 02 ${body}`,
  clnp: `0180c2000014 020000000001 0030 fe fe 03 81 1b 01 00 02 ${body}`,
  snapIp: `${macs} 0038 aa aa 03 000000 0800 ${ip4('06')} ${tcp}`,
  snapApple: `${macs} 0020 aa aa 03 080007 809b ${body}`,
  snapAppleArp: `${macs} 0020 aa aa 03 000000 80f3 ${body}`,
  apple: `${macs} 809b ${body} ${body}`,
  ipxEthernet: `${macs} 8137 ffff 0022 0000 ${body}`,
  ipxNovell: `${macs} 0022 ffff 0022 0000 ${body}`,
  ipxLlc: `${macs} 0022 e0 e0 03 ffff 0022 ${body}`,
  ipxSnap: `${macs} 0022 aa aa 03 000000 8137 ffff 0022 ${body}`,
  netbeui: `${macs} 0022 f0 f0 03 2c00 ffef ${body}`,
  llcSupervisory: `${macs} 0004 f0 f0 0501 ${body}`,
  llcInformation: `${macs} 0014 f0 f0 0204 ${body}`,
  llcTest: `${macs} 0004 f0 f0 e3 ${body}`,
  decnetLong: `${macs} 6003 1a00 06 0000 aa000400 0a3c 0000 aa000400 0b3c 00 00 00 00 ${body}`,
  decnetPadded: `${macs} 6003 1a00 81 06 0000 aa000400 0a3c 0000 aa000400 0b3c 00 00 00 00 ${body}`,
  decnetShort: `${macs} 6003 1a00 02 0a3c 0b3c 00 ${body}`,
  decnetShortPadded: `${macs} 6003 1a00 81 02 0a3c 0b3c 00 ${body}`,
  lat: `${macs} 6004 0000 ${body}`,
  sca: `${macs} 6007 0000 ${body}`,
  mop: `${macs} 6001 0000 ${body}`,
  mopConsole: `${macs} 6002 0000 ${body}`,
  loopback: `${macs} 9000 0000 0100 ${body}`,
  lldp: `0180c200000e 020000000001 88cc 0207 04 020000000001 0403 05 31 0602 0078 0000`,
  empty: '',
  oneByte: '00',
};

/** Copies cut at places where headers begin and in the middle of them. */
const cuts = [0, 1, 6, 12, 13, 14, 15, 16, 18, 20, 23, 24, 26, 33, 34, 35, 36, 38, 42, 47, 48, 54, 58];

const ethernetPackets = (directory: string | undefined): Map<number, SamplePacket[]> => {
  const byType = new Map<number, SamplePacket[]>();
  const add = (linkType: number, packet: SamplePacket): void => {
    byType.set(linkType, [...(byType.get(linkType) ?? []), packet]);
  };
  for (const [name, text] of Object.entries(handMade)) {
    const bytes = Uint8Array.from(hex(text));
    add(1, { bytes, wireLength: bytes.length, name });
  }
  if (directory === undefined) return byType;
  const seen = new Set<string>();
  for (const file of readdirSync(directory)
    .filter((name) => name.endsWith('.pcap'))
    .sort()) {
    const { linkType, packets } = readPcap(join(directory, file));
    for (const packet of packets.slice(0, 12)) {
      // Frames that differ in checksums and numbers only tell filters nothing new.
      const key = `${linkType}/${packet.bytes.length}/${packet.bytes.subarray(0, 40).join()}`;
      if (!seen.has(key)) add(linkType, packet);
      seen.add(key);
    }
  }
  return byType;
};

/** Broadcast or multicast 1, sent by this host (here: to …:02) 4, else 0. */
function packetType([first, , , , , last]: readonly number[]): number {
  if ((first! & 1) !== 0) return 1;
  return last === 2 ? 4 : 0;
}

/** 802.3 frames have protocol 4 in cooked packets. */
const cookedType = (type: number): number[] => (type <= 1500 ? [0, 4] : [type >> 8, type & 0xff]);

/** Other link headers in front of the network packet of an Ethernet frame. */
const headers: Readonly<Record<number, (type: number, macs: number[]) => number[] | undefined>> = {
  0: (type) => (type === 0x0800 ? [2, 0, 0, 0] : type === 0x86dd ? [30, 0, 0, 0] : [7, 0, 0, 0]),
  9: (type) =>
    type === 0x0800
      ? [0xff, 3, 0, 0x21]
      : type === 0x86dd
        ? [0xff, 3, 0, 0x57]
        : type === 0x8847
          ? [0xff, 3, 2, 0x81]
          : undefined,
  12: (type) => (type === 0x0800 || type === 0x86dd ? [] : undefined),
  108: (type) => (type === 0x0800 ? [0, 0, 0, 2] : type === 0x86dd ? [0, 0, 0, 24] : [0, 0, 0, 7]),
  // Packet type, hardware type, address length and address, protocol.
  113: (type, macs) => [0, packetType(macs), 0, 1, 0, 6, ...macs.slice(6, 12), 0, 0, ...cookedType(type)],
  228: (type) => (type === 0x0800 ? [] : undefined),
  229: (type) => (type === 0x86dd ? [] : undefined),
  // Protocol, reserved, interface index 3, hardware type, packet type, address length and address.
  276: (type, macs) => {
    const hardware = [0, 0, 0, 0, 0, 3, 0, 1, packetType(macs), 6, ...macs.slice(6, 12), 0, 0];
    return [...cookedType(type), ...hardware];
  },
};

/** Packets by link type; `directory` is where captures lie (undefined: hand-made ones only). */
export function samplePackets(directory: string | undefined): Map<number, SamplePacket[]> {
  const byType = ethernetPackets(directory);
  const frames = byType.get(1) ?? [];
  const cut = frames
    .filter((_, index) => index % 5 === 0 || index < 40)
    .flatMap((packet, index) => {
      const at = cuts[index % cuts.length]!;
      if (at >= packet.bytes.length) return [];
      return [{ ...packet, bytes: packet.bytes.slice(0, at), name: `${packet.name} cut at ${at}` }];
    });
  frames.push(...cut);
  for (const [linkType, header] of Object.entries(headers)) {
    const list = byType.get(Number(linkType)) ?? [];
    for (const { bytes, wireLength, name } of frames) {
      if (bytes.length < 14) continue;
      const front = header((bytes[12]! << 8) | bytes[13]!, [...bytes.subarray(0, 12)]);
      if (front === undefined) continue;
      const moved = Uint8Array.from([...front, ...bytes.subarray(14)]);
      list.push({ bytes: moved, wireLength: wireLength - 14 + front.length, name: `${name} as ${linkType}` });
    }
    byType.set(Number(linkType), list);
  }
  return byType;
}
