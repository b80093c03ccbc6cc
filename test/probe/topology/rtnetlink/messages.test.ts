/**
 * Our decoder against pyroute2's word on the same bytes (messages.json, made by make-messages.py from the numbers
 * in the kernel's headers): kinds of interface that the kernel at hand may not be able to make.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encapTypeName, stateName, typeOfKind } from '../../../../probe/topology/link-names.ts';
import { NamespaceTable } from '../../../../probe/topology/namespace-table.ts';
import { parseAddress, requestAddresses } from '../../../../probe/topology/rtnetlink/address.ts';
import { parseLink, requestLinks, type Link } from '../../../../probe/topology/rtnetlink/link.ts';
import {
  LITTLE_ENDIAN,
  readMessages,
  type NetlinkMessage,
} from '../../../../probe/topology/rtnetlink/netlink.ts';
import { parseNeighbour } from '../../../../probe/topology/rtnetlink/neighbour.ts';
import { parseNetnsId, requestNetnsId } from '../../../../probe/topology/rtnetlink/netns-id.ts';
import { parseRoute } from '../../../../probe/topology/rtnetlink/route.ts';
import messages from './messages.json' with { type: 'json' };

/** The members that pyroute2 gave; absent ones were not in the message. */
interface Meaning {
  readonly event: number;
  readonly index?: number;
  readonly hardwareType?: number;
  readonly flags?: number;
  readonly name?: string;
  readonly mtu?: number;
  readonly address?: string;
  /** Of an interface its name, of a neighbour the bits. */
  readonly state?: string | number;
  readonly master?: number;
  readonly link?: number;
  readonly linkNetnsId?: number;
  readonly kind?: string;
  readonly slaveKind?: string;
  readonly vlanId?: number;
  readonly bondMode?: number;
  readonly bondSlave?: Readonly<Record<string, number | string>>;
  readonly rxBytes?: number;
  readonly txBytes?: number;
  readonly txCompressed?: number;
  readonly family?: number;
  readonly prefix?: number;
  readonly local?: string;
  readonly table?: number;
  readonly protocol?: number;
  readonly destination?: string;
  readonly priority?: number;
  readonly source?: string;
  readonly hops?: readonly { readonly index: number; readonly gateway: string | null }[];
  readonly mac?: string;
  readonly vlan?: number;
  readonly vni?: number;
}

interface Case {
  readonly case: string;
  readonly hex: string;
  readonly pyroute2: Meaning;
}

const cases = messages as readonly Case[];
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const NEWLINK = 16;
const DELLINK = 17;
const NEWADDR = 20;
const DELADDR = 21;
const NEWROUTE = 24;
const NEWNEIGH = 28;

function only(hex: string): NetlinkMessage {
  const all = [...readMessages(bytesOf(hex))];
  expect(all).toHaveLength(1);
  return all[0]!;
}

function linkOf(name: string): Link {
  return parseLink(only(cases.find((entry) => entry.case === name)!.hex))!;
}

/** pyroute2 shows 6 bytes of any address, reading into the next attribute when there are 4. */
function agreesOnAddress(ours: string | undefined, theirs: string | undefined): void {
  if (theirs === undefined || ours === undefined) {
    expect(theirs?.startsWith('00:00:00:00') ?? true).toBe(true);
    return;
  }
  const common = Math.min(ours.length, theirs.length);
  expect(ours.slice(0, common)).toBe(theirs.slice(0, common));
}

describe.skipIf(!LITTLE_ENDIAN)(
  'messages decoded as pyroute2 decodes them (recorded on a little-endian host)',
  () => {
    const links = cases.filter((entry) => [NEWLINK, DELLINK].includes(entry.pyroute2.event));
    it.each(links)('$case', ({ hex, pyroute2: expected }) => {
      const message = only(hex);
      const link = parseLink(message)!;
      expect(message.type).toBe(expected.event);
      expect({
        index: link.index,
        hardwareType: link.hardwareType,
        flags: link.flags,
        name: link.name,
        mtu: link.mtu,
        state: stateName(link.operState).replaceAll('-', ''),
        master: link.masterIndex || undefined,
        link: link.parentIndex || undefined,
        linkNetnsId: link.parentNetnsId,
        kind: link.kind || undefined,
        slaveKind: link.slaveKind || undefined,
        vlanId: link.vlanId,
        bondMode: link.bondMode,
        rxBytes: link.counters?.[2],
        txBytes: link.counters?.[3],
        txCompressed: link.counters?.[22],
      }).toEqual({
        index: expected.index,
        hardwareType: expected.hardwareType,
        flags: expected.flags,
        name: expected.name,
        mtu: expected.mtu,
        state: expected.state,
        master: expected.master,
        link: expected.link,
        linkNetnsId: expected.linkNetnsId,
        kind: expected.kind,
        slaveKind: expected.slaveKind,
        vlanId: expected.vlanId,
        bondMode: expected.bondMode,
        rxBytes: expected.rxBytes,
        txBytes: expected.txBytes,
        txCompressed: expected.txCompressed,
      });
      agreesOnAddress(link.mac, expected.address);
      const slave = expected.bondSlave;
      expect(link.bondSlave !== undefined).toBe(slave !== undefined);
      if (slave !== undefined) {
        expect(link.bondSlave).toMatchObject({
          state: slave['IFLA_BOND_SLAVE_STATE'],
          miiStatus: slave['IFLA_BOND_SLAVE_MII_STATUS'],
          linkFailureCount: slave['IFLA_BOND_SLAVE_LINK_FAILURE_COUNT'],
          permMac: slave['IFLA_BOND_SLAVE_PERM_HWADDR'],
          queueId: slave['IFLA_BOND_SLAVE_QUEUE_ID'] ?? 0,
          aggregatorId: slave['IFLA_BOND_SLAVE_AD_AGGREGATOR_ID'],
        });
      }
    });

    const ofEvents = (...events: number[]): readonly Case[] =>
      cases.filter((entry) => events.includes(entry.pyroute2.event));
    const addresses = ofEvents(NEWADDR, DELADDR);
    it.each(addresses)('address: $case', ({ hex, pyroute2: expected }) => {
      const message = only(hex);
      expect(message.type).toBe(expected.event);
      expect(parseAddress(message)).toMatchObject({
        index: expected.index,
        version: expected.family === 2 ? 4 : 6,
        cidr: `${expected.local ?? expected.address}/${expected.prefix}`,
      });
    });

    it.each(ofEvents(NEWROUTE))('route: $case', ({ hex, pyroute2: expected }) => {
      const anywhere = expected.family === 2 ? '0.0.0.0' : '::';
      expect(parseRoute(only(hex))).toEqual({
        table: expected.table,
        protocol: expected.protocol,
        prefix: `${expected.destination ?? anywhere}/${expected.prefix}`,
        priority: expected.priority ?? 0,
        source: expected.source,
        hops: expected.hops!.map(({ index, gateway }) => ({ index, gateway: gateway ?? undefined })),
      });
    });

    it.each(ofEvents(NEWNEIGH))('neighbour: $case', ({ hex, pyroute2: expected }) => {
      expect(parseNeighbour(only(hex))).toEqual({
        index: expected.index,
        forwarding: expected.family === 7,
        state: expected.state,
        flags: expected.flags,
        ip: expected.address,
        mac: expected.mac,
        vlan: expected.vlan,
        vni: expected.vni,
      });
    });

    it('leaves out routes that are clones of others, and what is not IP', () => {
      const bytes = bytesOf(cases.find((entry) => entry.case === 'default route')!.hex);
      bytes[16 + 9] = 2; // RTM_F_CLONED
      expect([...readMessages(bytes)].map(parseRoute)).toEqual([undefined]);
      bytes[16 + 9] = 0;
      bytes[16] = 28; // AF_MPLS
      expect([...readMessages(bytes)].map(parseRoute)).toEqual([undefined]);
    });

    const script = fileURLToPath(new URL('make-messages.py', import.meta.url));
    const made = spawnSync('python3', [script], { encoding: 'utf8' });
    it.skipIf(made.status !== 0)(
      'pyroute2 on this machine still says what was recorded (needs pyroute2)',
      () => {
        expect(JSON.parse(made.stdout)).toEqual(
          JSON.parse(readFileSync(script.replace('make-messages.py', 'messages.json'), 'utf8')),
        );
      },
    );

    it('keeps hardware addresses of every length, and none that is all zero', () => {
      expect(linkOf('gre').mac).toBe('0a:00:00:01');
      expect(linkOf('ip6tnl').mac).toBe('fd:00:00:00:00:00:00:00:00:00:00:00:00:00:00:01');
      expect(linkOf('sit with an all-zero address').mac).toBeUndefined();
    });

    it('names kinds and encapsulations as the reference does', () => {
      // topology notes, section 8
      const named = [
        'dummy',
        'gre',
        'gretap',
        'ipip',
        'ip6tnl',
        'sit with an all-zero address',
        'wireguard',
        'can',
      ].map((name) => [typeOfKind(linkOf(name).kind), encapTypeName(linkOf(name).hardwareType)].join(' '));
      expect(named).toEqual([
        'dummy ether',
        'gre gre',
        'gretap ether',
        'ipip ipip',
        'ip6tnl tunnel6',
        'sit sit',
        'wireguard none',
        'can can',
      ]);
      expect([typeOfKind(''), typeOfKind('tun')]).toEqual(['device', 'tuntap']);
      expect(encapTypeName(12_345)).toBe('unknown12345');
    });
  },
);

describe('what is not about the interface itself', () => {
  const changed = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const bytes = bytesOf(cases.find((entry) => entry.case === 'deleted')!.hex);
    change(bytes);
    return bytes;
  };
  const AF_BRIDGE = 7;

  it.skipIf(!LITTLE_ENDIAN)("a port's leaving of a bridge does not delete the interface", () => {
    const table = new NamespaceTable();
    const add = changed((bytes) => (bytes[4] = NEWLINK));
    const leave = changed((bytes) => (bytes[16] = AF_BRIDGE));
    for (const bytes of [add, leave]) for (const message of readMessages(bytes)) table.apply(message);
    expect(table.link(36)?.name).toBe('gone0');
  });

  it.skipIf(!LITTLE_ENDIAN)('a wireless event does not replace what is known', () => {
    // attribute 11 = IFLA_WIRELESS in place of IFLA_OPERSTATE (16)
    const wireless = changed((bytes) => {
      bytes[4] = NEWLINK;
      const at = Buffer.from(bytes).indexOf(Buffer.from([5, 0, 16, 0]));
      bytes[at + 2] = 11;
    });
    expect([...readMessages(wireless)].map(parseLink)).toEqual([undefined]);
  });
});

describe('any bytes', () => {
  it('are read without a throw', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...cases.map((entry) => entry.hex)),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 12 }),
        fc.nat(400),
        (hex, changes, length) => {
          const bytes = bytesOf(hex);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          const table = new NamespaceTable();
          for (const message of readMessages(bytes.subarray(0, length))) {
            table.apply(message);
            parseNetnsId(message);
            parseRoute(message);
            parseNeighbour(message);
          }
          table.takeChanges();
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe.skipIf(!LITTLE_ENDIAN)('requests', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

  it('are laid out as netlink(7) and rtnetlink(7) say', () => {
    // length, type, flags (REQUEST | DUMP), sequence, port, struct ifinfomsg
    expect(hex(requestLinks(5))).toBe(
      ['20000000', '1200', '0103', '05000000', '00000000', '00'.repeat(16)].join(''),
    );
    // one interface: no DUMP, its index at 4
    expect(hex(requestLinks(6, 258))).toBe(
      ['20000000', '1200', '0100', '06000000', '00000000', '00000000', '02010000', '00'.repeat(8)].join(''),
    );
    expect(hex(requestAddresses(7))).toBe(
      ['18000000', '1600', '0103', '07000000', '00000000', '00'.repeat(8)].join(''),
    );
    // struct rtgenmsg padded to 4, attribute 3 (NETNSA_FD) of 8 bytes
    expect(hex(requestNetnsId(8, 17))).toBe(
      ['1c000000', '5a00', '0100', '08000000', '00000000', '00000000', '0800', '0300', '11000000'].join(''),
    );
  });
});
