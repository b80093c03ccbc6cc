/**
 * Names for the kernel's numbers, spelled as the reference and iproute2 spell them (topology notes, section 8).
 * LinkFlags are the kernel's true names (linux/if.h); the reference mixed up bits 2 to 4 (section 26).
 */
import type { BondSlave } from './rtnetlink/bond-member.ts';

/** By bit of ifi_flags, from bit 0. */
const FLAG_NAMES = [
  'UP',
  'BROADCAST',
  'DEBUG',
  'LOOPBACK',
  'POINTTOPOINT',
  'NOTRAILERS',
  'RUNNING',
  'NOARP',
  'PROMISC',
  'ALLMULTI',
  'MASTER',
  'SLAVE',
  'MULTICAST',
  'PORTSEL',
  'AUTOMEDIA',
  'DYNAMIC',
  'LOWER_UP',
  'DORMANT',
  'ECHO',
] as const;

export const FLAG_UP = 1;

export function flagNames(flags: number): string[] {
  return FLAG_NAMES.filter((_, bit) => ((flags >>> bit) & 1) === 1);
}

/** IF_OPER_… of RFC 2863, from 0. */
const STATE_NAMES = ['UNKNOWN', 'NOT-PRESENT', 'DOWN', 'LOWER-LAYER-DOWN', 'TESTING', 'DORMANT', 'UP'];

export function stateName(operState: number): string {
  return STATE_NAMES[operState] ?? 'UNKNOWN';
}

/** Type of a kind: what the kernel calls it, but for the few that the reference named. */
export function typeOfKind(kind: string): string {
  if (kind === '') return 'device';
  return kind === 'tun' ? 'tuntap' : kind;
}

/** The name of a number; one that this build has none for becomes `unknown7`. */
export function nameAt(names: readonly string[], number: number): string {
  return names[number] ?? `unknown${number}`;
}

const BOND_MODES = [
  'balance-rr',
  'active-backup',
  'balance-xor',
  'broadcast',
  '802.3ad',
  'balance-tlb',
  'balance-alb',
];

export function bondModeName(mode: number): string {
  return BOND_MODES[mode] ?? 'unknown';
}

const MII_STATES = ['UP', 'GOING_DOWN', 'DOWN', 'GOING_BACK'];

/** Metadata `BondSlave`; the AD fields are there in mode 802.3ad only. */
export function bondSlaveMetadata(slave: BondSlave): Record<string, string | number> {
  return {
    Type: 'bond',
    State: slave.state === 0 ? 'ACTIVE' : 'BACKUP',
    MiiStatus: MII_STATES[slave.miiStatus] ?? 'UNKNOWN',
    LinkFailureCount: slave.linkFailureCount,
    QueueId: slave.queueId,
    ...(slave.aggregatorId === undefined ? {} : { AggregatorId: slave.aggregatorId }),
    ...(slave.actorPortState === undefined ? {} : { AdActorOperPortState: slave.actorPortState }),
    ...(slave.partnerPortState === undefined ? {} : { AdPartnerOperPortState: slave.partnerPortState }),
    ...(slave.permMac === undefined ? {} : { PermMAC: slave.permMac }),
  };
}

/** ARPHRD_… of linux/if_arp.h. */
const HARDWARE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'generic'],
  [1, 'ether'],
  [2, 'eether'],
  [3, 'ax25'],
  [4, 'pronet'],
  [5, 'chaos'],
  [6, 'ieee802'],
  [7, 'arcnet'],
  [8, 'atalk'],
  [15, 'dlci'],
  [19, 'atm'],
  [23, 'metricom'],
  [24, 'ieee1394'],
  [27, 'eui64'],
  [32, 'infiniband'],
  [256, 'slip'],
  [257, 'cslip'],
  [258, 'slip6'],
  [259, 'cslip6'],
  [260, 'rsrvd'],
  [264, 'adapt'],
  [270, 'rose'],
  [271, 'x25'],
  [272, 'hwx25'],
  [280, 'can'],
  [512, 'ppp'],
  [513, 'hdlc'],
  [516, 'lapb'],
  [517, 'ddcmp'],
  [518, 'rawhdlc'],
  [519, 'rawip'],
  [768, 'ipip'],
  [769, 'tunnel6'],
  [770, 'frad'],
  [771, 'skip'],
  [772, 'loopback'],
  [773, 'ltalk'],
  [774, 'fddi'],
  [775, 'bif'],
  [776, 'sit'],
  [777, 'ip/ddp'],
  [778, 'gre'],
  [779, 'pimreg'],
  [780, 'hippi'],
  [781, 'ash'],
  [782, 'econet'],
  [783, 'irda'],
  [784, 'fcpp'],
  [785, 'fcal'],
  [786, 'fcpl'],
  ...Array.from({ length: 13 }, (_, index): [number, string] => [787 + index, `fcfb${index}`]),
  [800, 'tr'],
  [801, 'ieee802.11'],
  [802, 'ieee802.11/prism'],
  [803, 'ieee802.11/radiotap'],
  [804, 'ieee802.15.4'],
  [805, 'ieee802.15.4/monitor'],
  [820, 'phonet'],
  [821, 'phonet_pipe'],
  [822, 'caif'],
  [823, 'gre6'],
  [824, 'netlink'],
  [825, '6lowpan'],
  [65_534, 'none'],
  [65_535, 'void'],
]);

/** Metadata `EncapType`. */
export function encapTypeName(hardwareType: number): string {
  return HARDWARE_NAMES.get(hardwareType) ?? `unknown${hardwareType}`;
}
