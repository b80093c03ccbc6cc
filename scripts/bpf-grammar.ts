/**
 * Random filters from a grammar of pcap-filter(7): valid ones with values that occur in packets, contradictions,
 * odd but legal spellings, and near-valid ones (a word too many, too few, exchanged). The same seed gives the same
 * filters.
 */

export interface Random {
  /** 0 ≤ value < 1. */
  next(): number;
  pick<T>(from: readonly T[]): T;
  chance(probability: number): boolean;
}

/** mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    pick: (from) => from[Math.floor(next() * from.length)]!,
    chance: (probability) => next() < probability,
  };
}

const words = (text: string): string[] => text.split(' ');
const hosts4 = words(
  '10.0.0.1 10.0.0.2 192.168.0.1 224.0.0.1 255.255.255.255 10.1 172.16.5 0.0.0.0 127.0.0.1 8.8.8.8',
);
const nets4 = words(
  '10.0.0.0/8 10.0.0.0/24 10/8 192.168.0.0/16 10.0.0.2/31 0.0.0.0/0 10.0.0.1/32 10.1/16 10.0.0.1/8 172.16.0.0/33',
);
const nets4plain = [
  '10',
  '10.0',
  '10.0.0',
  '192.168',
  '10.0.0.1',
  '0',
  '224',
  '0xc0a8',
  '10.0.0.0 mask 255.255.255.0',
];
const hosts6 = words(
  '2001:db8::1 2001:db8::2 ff02::1 fe80::1 :: ::1 ::ffff:10.0.0.1 1:2:3:4:5:6:7:8 fe80::1/128',
);
const nets6 = words('2001:db8::/32 ff00::/8 fe80::/10 2001:db8::1/64 ::/0 2001:db8::/129 2001:db8::1');
const macs = words(
  '02:00:00:00:00:01 02-00-00-00-00-02 2.0.0.0.0.1 0200.0000.0001 020000000002 ff:ff:ff:ff:ff:ff 0:0:0:0:0:0',
);
const ports = words(
  '80 53 8080 0 443 67 5353 6081 4789 65535 65536 domain ftp ntp https bogus 0x50 0120 014e9',
);
const portRanges = words(
  '80-90 53-53 8080-80 0-65535 domain-https ftp-ntp 80 1-70000 50-100x 8000-9000 domain http-bogus',
);
const protocols = words(
  'tcp udp sctp icmp icmp6 igmp igrp pim vrrp carp ah esp ip ip6 arp rarp atalk aarp decnet lat sca moprc mopdl iso esis isis clnp stp ipx netbeui l1 l2 iih lsp snp csnp psnp',
);
const usualProtocols = words('tcp udp ip ip6 icmp arp icmp6 sctp');
const etherProtocols = words(
  '0x0800 0x86dd 0x0806 0x8100 0x88cc 0x42 0xfe 0xe0 0xf0 1500 1501 0x8847 \\ip \\arp \\ip6 \\stp \\ipx \\iso \\aarp \\loopback loopback ip bogus',
);
const ipProtocols = words(
  '6 17 1 58 132 47 51 2 0 300 \\tcp \\udp \\icmp \\sctp gre ospf tcp ipv6-icmp \\bogus',
);
const directions = ['', '', '', 'src ', 'dst ', 'src or dst ', 'src and dst ', 'dst or src ', 'dst and src '];
const headerNames = words('ether link ip ip6 tcp udp icmp icmp6 arp sctp igmp rarp pim vrrp');
const loneWords = words('multicast broadcast vlan mpls pppoes pppoed llc inbound outbound len');
const numberNames = words(
  'tcpflags icmptype icmpcode tcp-syn tcp-fin tcp-ack icmp-echo icmp6-echo icmp6type',
);

const calmRelations = [
  'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0',
  'tcp[13] = 2',
  'ip[0] & 0xf != 5',
  'ip[6:2] & 0x1fff = 0',
  'ether[0] & 1 = 0',
  'icmp[icmptype] = icmp-echo',
  'icmp6[icmp6type] = icmp6-echo',
  'udp[4:2] > 20',
  'ip[2:2] > 40',
  'ether[12:2] = 0x800',
  'tcp[0:2] = 8080',
  'ip[12:4] = 0x0a000001',
  'ip6[6] = 6',
  'len - 14 > 40',
  'ip[8] < 65',
  'len = 62',
  '1 = 1',
  '1 = 2',
];

/** A whole filter. */
export function randomFilter(random: Random): string {
  const calm = random.chance(0.6);
  let filter = expression(random, random.chance(0.5) ? 1 : 3, calm);
  // Geneve stands before all else: where its test fails, libpcap reads memory that nothing has written.
  if (random.chance(0.06)) filter = `geneve${random.pick(['', ' 11', ' 12', ' 16777216'])} and (${filter})`;
  return random.chance(calm ? 0.04 : 0.12) ? damage(random, filter) : filter;
}

function expression(random: Random, depth: number, calm: boolean): string {
  let text = operand(random, depth, calm);
  while (random.chance(depth > 2 ? 0.55 : 0.4) && text.length < 300) {
    const joined = random.pick([' and ', ' or ', ' and ', ' or ', ' && ', ' || ']);
    // A bare address now and then: it inherits qualifiers.
    const next = random.chance(calm ? 0 : 0.2) ? bareAddress(random) : operand(random, depth, calm);
    text += joined + next;
  }
  return text;
}

function operand(random: Random, depth: number, calm: boolean): string {
  if (random.chance(0.15)) return `${random.pick(['not ', '!', '! '])}${operand(random, depth, calm)}`;
  if (depth > 0 && random.chance(0.2)) return `(${expression(random, depth - 1, calm)})`;
  return primitive(random, calm);
}

/** Tests that every Ethernet accepts; filters of these alone go deep instead of failing early. */
function calmPrimitive(random: Random): string {
  const direction = random.pick(directions);
  const port = random.pick(words('80 53 443 8080 5353 67 0x50 domain https'));
  const host = random.pick(words('10.0.0.1 10.0.0.2 192.168.0.1 224.0.0.251 255.255.255.255 10.1'));
  return random.pick([
    () => random.pick(usualProtocols),
    () => random.pick(usualProtocols),
    () => random.pick(protocols),
    () => `${direction}port ${port}`,
    () =>
      `${random.pick(['tcp ', 'udp ', 'sctp '])}${direction}port ${random.pick(['80', '53', '8080', 'domain'])}`,
    () =>
      `${random.pick(['tcp ', 'udp ', ''])}${direction}portrange ${random.pick(['50-90', '8000-8090', '53-53', '0-65535'])}`,
    () => `${random.pick(['', 'ip ', 'arp '])}${direction}host ${host}`,
    () =>
      `${random.pick(['', 'ip6 '])}${direction}host ${random.pick(['2001:db8::1', '2001:db8::2', 'ff02::1'])}`,
    () =>
      `${direction}net ${random.pick(['10.0.0.0/8', '10.0.0.0/30', '192.168.0.0/16', '0.0.0.0/0', '2001:db8::/32', '10'])}`,
    () =>
      `ether ${direction}host ${random.pick(['02:00:00:00:00:01', '02:00:00:00:00:02', 'ff:ff:ff:ff:ff:ff'])}`,
    () => `ip proto ${random.pick(['6', '17', '\\udp', '47'])}`,
    () => `ip6 proto ${random.pick(['6', '17', '44', '0'])}`,
    () => `ether proto ${random.pick(['0x800', '0x86dd', '\\arp', '0x8100', '0x42'])}`,
    () => random.pick(calmRelations),
    () => random.pick(calmRelations),
    () =>
      random.pick([
        'less 60',
        'greater 60',
        'multicast',
        'broadcast',
        'ip multicast',
        'ip6 multicast',
        'llc',
        'llc u',
      ]),
    () => random.pick(['vlan', 'vlan 100', 'mpls', 'pppoes', 'pppoed', 'mpls 100']),
    () =>
      random.pick(['ip protochain 6', 'ip6 protochain 17', 'protochain \\tcp', 'byte 12 = 8', 'byte 23 > 6']),
  ])();
}

function primitive(random: Random, calm: boolean): string {
  if (calm) return calmPrimitive(random);
  const roll = random.next();
  if (roll < 0.16) return random.pick(random.chance(0.7) ? usualProtocols : protocols);
  if (roll < 0.3) return hostTest(random);
  if (roll < 0.4)
    return `${random.pick(['', '', 'tcp ', 'udp ', 'sctp ', 'ip '])}${random.pick(directions)}port ${addressList(random, ports)}`;
  if (roll < 0.46)
    return `${random.pick(['', 'tcp ', 'udp '])}${random.pick(directions)}portrange ${addressList(random, portRanges)}`;
  if (roll < 0.52)
    return `ether ${random.pick(directions)}${random.pick(['host ', 'host ', ''])}${addressList(random, macs)}`;
  if (roll < 0.58)
    return `${random.pick(['ip ', 'ip6 ', '', 'iso ', 'tcp ', 'isis '])}proto ${random.pick(ipProtocols)}`;
  if (roll < 0.62) return `${random.pick(['ether ', 'link ', 'fddi '])}proto ${random.pick(etherProtocols)}`;
  if (roll < 0.64) return `${random.pick(['ip ', 'ip6 ', ''])}protochain ${random.pick(ipProtocols)}`;
  if (roll < 0.78) return relation(random);
  if (roll < 0.86) return encapsulation(random);
  if (roll < 0.89)
    return `${random.pick(['less', 'greater'])} ${random.pick(['60', '0', '64', '100', '1500'])}`;
  if (roll < 0.92)
    return `${random.pick(['', 'ether ', 'ip ', 'ip6 ', 'arp '])}${random.pick(['multicast', 'broadcast', 'multicast'])}`;
  if (roll < 0.95) return `llc ${random.pick(words('i s u rr rnr rej ui test xid UI bogus'))}`;
  if (roll < 0.97)
    return `byte ${random.pick(['0', '12', '14', '23', '100'])} ${random.pick(['=', '<', '>', '&', '|'])} ${random.pick(['0', '1', '8', '69', '255'])}`;
  if (roll < 0.985) return random.pick(loneWords);
  return odd(random);
}

function odd(random: Random): string {
  return random.pick([
    'ether host example',
    'net example',
    'gateway example',
    'gateway 10.0.0.1',
    'ifindex 3',
    'type mgt',
    'wlan addr1 02:00:00:00:00:01',
    'ip addr1 10.0.0.1',
    'vpi 3',
    'vci > 5',
    'oam',
    'fisu',
    'opc 5',
    'rnr 5',
    'on eth0',
    'radio[0] = 1',
    'decnet host 15.10',
    'decnet src 15.10',
    'port 1.2.3.4',
    'host $1f',
    'iso proto \\esis',
    'iso proto 131',
    'tcp host 10.0.0.1',
    'ip host ::1',
    'ip6 host 10.0.0.1',
    'ether host 10.0.0.1',
    'host 02:00:00:00:00:01',
    'host 167772161',
  ]);
}

function addressList(random: Random, from: readonly string[]): string {
  if (!random.chance(0.12)) return random.pick(from);
  const first = random.pick(from);
  return `(${random.chance(0.2) ? 'not ' : ''}${first} ${random.pick(['or', 'and'])} ${random.pick(from)})`;
}

function hostTest(random: Random): string {
  const direction = random.pick(directions);
  const protocol = random.pick(['', '', 'ip ', 'ip6 ', 'arp ', 'rarp ', 'tcp ', 'ether ']);
  if (random.chance(0.5)) {
    return `${protocol}${direction}host ${addressList(random, random.chance(0.7) ? hosts4 : hosts6)}`;
  }
  if (random.chance(0.3)) return `${protocol}net ${random.pick(nets4plain)}`;
  if (direction !== '' && random.chance(0.3)) return `${protocol}${direction}${random.pick(hosts4)}`;
  return `${protocol}${direction}net ${addressList(random, random.chance(0.7) ? nets4 : nets6)}`;
}

function bareAddress(random: Random): string {
  return random.pick(
    [hosts4, hosts6, nets4, ports, portRanges, macs, nets4plain][Math.floor(random.next() * 7)]!,
  );
}

function encapsulation(random: Random): string {
  const [name, values] = random.pick([
    ['vlan', ['100', '200', '300', '4096', '(100)']],
    ['vlan', ['100', '200']],
    ['mpls', ['100', '100000', '1048576']],
    ['pppoes', ['0x27', '1', '65536']],
  ] as const);
  const test = random.chance(0.5) ? name : `${name} ${random.pick(values)}`;
  return random.chance(0.5)
    ? `${test} and ${random.pick([...usualProtocols, 'host 10.0.0.1', 'port 80', 'ether multicast', 'vlan'])}`
    : test;
}

function relation(random: Random): string {
  const operator = random.pick(['=', '==', '!=', '<', '>', '<=', '>=', '=']);
  const text = `${arithmetic(random, 2)} ${operator} ${arithmetic(random, random.chance(0.7) ? 0 : 2)}`;
  return random.chance(0.3) ? random.pick(calmRelations) : text;
}
function arithmetic(random: Random, depth: number): string {
  const roll = random.next();
  if (depth === 0 || roll < 0.3) {
    return random.pick([
      '0',
      '1',
      '2',
      '4',
      '5',
      '6',
      '0x0f',
      '0xff',
      '255',
      '8',
      '10',
      '0x800',
      '31',
      '32',
      '0xffffffff',
      ...numberNames,
    ]);
  }
  if (roll < 0.36) return 'len';
  if (roll < 0.66) {
    const size = random.pick(['', '', '', ':1', ':2', ':4', ':2', ':3']);
    const index = random.chance(0.85)
      ? random.pick(words('0 1 2 4 6 8 9 12 13 14 20 23 40 54 100'))
      : arithmetic(random, depth - 1);
    return `${random.pick(headerNames)}[${index}${size}]`;
  }
  if (roll < 0.71) return `-${arithmetic(random, depth - 1)}`;
  const operator = random.pick(['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>', '&', '+']);
  const text = `${arithmetic(random, depth - 1)} ${operator} ${arithmetic(random, depth - 1)}`;
  return random.chance(0.4) ? `(${text})` : text;
}

/** One small mistake, or a change that happens to be none. */
function damage(random: Random, filter: string): string {
  const parts = filter.split(/(?<=[\s()[\]])|(?=[\s()[\]])/);
  const at = Math.floor(random.next() * parts.length);
  switch (random.pick([0, 1, 2, 3, 4])) {
    case 0:
      parts.splice(at, 1);
      break;
    case 1:
      parts.splice(at, 0, parts[at]!);
      break;
    case 2:
      parts.splice(
        at,
        0,
        random.pick(
          words(
            'and or not ( ) [ ] : / - host port 80 tcp ip6 10.0.0.1 , @ src dst proto mask 99999999999 089 1::2::3 1:2:3',
          ),
        ),
        ' ',
      );
      break;
    case 3:
      parts[at] = random.pick(words('and or not ( ) = & < tcp port host 53 \\tcp net vlan len $ff ~'));
      break;
    case 4: {
      const other = Math.floor(random.next() * parts.length);
      [parts[at], parts[other]] = [parts[other]!, parts[at]!];
    }
  }
  return parts.join('');
}
