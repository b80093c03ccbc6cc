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
import { kindMetadata, portMetadata } from '../../../../probe/topology/kind-metadata.ts';
import { routingRules } from '../../../../probe/topology/rule-metadata.ts';
import { NamespaceTable } from '../../../../probe/topology/namespace-table.ts';
import { parseAddress, requestAddresses } from '../../../../probe/topology/rtnetlink/address.ts';
import { requestBridgePorts } from '../../../../probe/topology/rtnetlink/bridge-port.ts';
import { parseLink, requestLinks } from '../../../../probe/topology/rtnetlink/link.ts';
import { LITTLE_ENDIAN, readMessages } from '../../../../probe/topology/rtnetlink/netlink.ts';
import { parseNeighbour } from '../../../../probe/topology/rtnetlink/neighbour.ts';
import { parseNetnsId, requestNetnsId } from '../../../../probe/topology/rtnetlink/netns-id.ts';
import { parseRule, requestRules } from '../../../../probe/topology/rtnetlink/rule.ts';
import { parseRoute } from '../../../../probe/topology/rtnetlink/route.ts';
import { ensurePython } from '../../../../scripts/setup/test-tools.ts';
import {
  AF_BRIDGE,
  bytesOf,
  cases,
  casesOf,
  DELADDR,
  linkCases,
  linkOf,
  NEWADDR,
  NEWLINK,
  NEWNEIGH,
  NEWROUTE,
  only,
} from './recorded-messages.ts';

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
    it.each(linkCases)('$case', ({ hex, pyroute2: expected }) => {
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
        alias: link.alias || undefined,
        altNames: link.altNames.length > 0 ? link.altNames : undefined,
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
        alias: expected.alias,
        altNames: expected.altNames,
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

    it.each(casesOf(NEWADDR, DELADDR))('address: $case', ({ hex, pyroute2: expected }) => {
      const message = only(hex);
      expect(message.type).toBe(expected.event);
      expect(parseAddress(message)).toMatchObject({
        index: expected.index,
        version: expected.family === 2 ? 4 : 6,
        cidr: `${expected.local ?? expected.address}/${expected.prefix}`,
      });
    });

    it.each(casesOf(NEWROUTE))('route: $case', ({ hex, pyroute2: expected }) => {
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

    it.each(casesOf(NEWNEIGH))('neighbour: $case', ({ hex, pyroute2: expected }) => {
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

    it('pyroute2 still says what was recorded', async ({ skip }) => {
      const python = await ensurePython();
      if ('reason' in python) return skip(python.reason);
      const script = fileURLToPath(new URL('make-messages.py', import.meta.url));
      const made = spawnSync(python.python, [script], { encoding: 'utf8', maxBuffer: 16 * 1_048_576 });
      expect(made.stderr).toBe('');
      expect(JSON.parse(made.stdout)).toEqual(
        JSON.parse(readFileSync(script.replace('make-messages.py', 'messages.json'), 'utf8')),
      );
    }, 120_000);

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
            const rule = parseRule(message);
            if (rule !== undefined) JSON.stringify(routingRules([rule]));
          }
          const { links, details } = table.takeChanges();
          for (const index of [...links, ...details]) {
            const [link, port] = [table.link(index), table.port(index)];
            const shown = [link && kindMetadata(link.data), port && portMetadata(port)];
            expect(JSON.stringify(shown).length).toBeLessThan(100_000);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe.skipIf(!LITTLE_ENDIAN)('requests', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

  it('are laid out as netlink(7) and rtnetlink(7) say', () => {
    // attribute 29 (IFLA_EXT_MASK): RTEXT_FILTER_VF
    const functions = '08001d0001000000';
    // length, type, flags (REQUEST | DUMP), sequence, port, struct ifinfomsg
    expect(hex(requestLinks(5))).toBe(
      ['28000000', '1200', '0103', '05000000', '00000000', '00'.repeat(16), functions].join(''),
    );
    // one interface: no DUMP, its index at 4
    expect(hex(requestLinks(6, 258))).toBe(
      [
        '28000000',
        '1200',
        '0100',
        '06000000',
        '00000000',
        '00000000',
        '02010000',
        '00'.repeat(8),
        functions,
      ].join(''),
    );
    // family AF_BRIDGE, with RTEXT_FILTER_BRVLAN_COMPRESSED
    expect(hex(requestBridgePorts(9))).toBe(
      ['28000000', '1200', '0103', '09000000', '00000000', '07', '00'.repeat(15), '08001d0004000000'].join(
        '',
      ),
    );
    // struct fib_rule_hdr
    expect(hex(requestRules(3))).toBe(
      ['1c000000', '2200', '0103', '03000000', '00000000', '00'.repeat(12)].join(''),
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
