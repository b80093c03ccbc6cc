/** Routes, neighbours and forwarding entries: their form, and the real kernel's against `ip` and `bridge`. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopologyProbe, type TopologyProbe } from '../../../probe/topology/topology.ts';
import { tableMetadata } from '../../../probe/topology/table-metadata.ts';
import { limits } from '../../../core/limits.ts';
import { routingRules } from '../../../probe/topology/rule-metadata.ts';
import { LITTLE_ENDIAN } from '../../../probe/topology/rtnetlink/netlink.ts';
import type { Neighbour } from '../../../probe/topology/rtnetlink/neighbour.ts';
import { parseRule } from '../../../probe/topology/rtnetlink/rule.ts';
import { messageOf } from './rtnetlink/recorded-messages.ts';
import { eventually, ip, isRoot, nodeNamed, tryIp, whyNot } from './live.ts';

const hop = (index: number, gateway?: string): { index: number; gateway: string | undefined } => ({
  index,
  gateway,
});

describe('tableMetadata', () => {
  it('has the form of the reference', () => {
    // topology.jsonl, node up0
    const metadata = tableMetadata(
      [
        {
          table: 255,
          protocol: 2,
          prefix: '172.30.0.1/32',
          priority: 0,
          source: '172.30.0.1',
          hops: [hop(6)],
        },
        {
          table: 254,
          protocol: 2,
          prefix: '172.30.0.0/24',
          priority: 0,
          source: '172.30.0.1',
          hops: [hop(6)],
        },
        {
          table: 254,
          protocol: 3,
          prefix: '192.0.2.0/24',
          priority: 0,
          source: undefined,
          hops: [hop(6, '172.30.0.2')],
        },
      ],
      [
        {
          index: 6,
          forwarding: false,
          state: 0x20,
          flags: 0,
          mac: undefined,
          ip: '172.30.0.2',
          vlan: undefined,
          vni: undefined,
        },
        {
          index: 6,
          forwarding: true,
          state: 0x80,
          flags: 2,
          mac: '33:33:00:00:00:01',
          ip: undefined,
          vlan: undefined,
          vni: undefined,
        },
      ],
    );
    expect(Object.fromEntries(metadata.byIndex)).toEqual({
      6: {
        RoutingTables: [
          {
            ID: 254,
            Src: '172.30.0.1',
            Routes: [
              { Protocol: 2, Prefix: '172.30.0.0/24', NextHops: [{ Priority: 0, IfIndex: 6 }] },
              {
                Protocol: 3,
                Prefix: '192.0.2.0/24',
                NextHops: [{ Priority: 0, IP: '172.30.0.2', IfIndex: 6 }],
              },
            ],
          },
          {
            ID: 255,
            Src: '172.30.0.1',
            Routes: [{ Protocol: 2, Prefix: '172.30.0.1/32', NextHops: [{ Priority: 0, IfIndex: 6 }] }],
          },
        ],
        Neighbors: [{ IP: '172.30.0.2', State: ['NUD_FAILED'], IfIndex: 6 }],
        FDB: [{ Flags: ['NTF_SELF'], MAC: '33:33:00:00:00:01', State: ['NUD_PERMANENT'], IfIndex: 6 }],
      },
    });
  });

  it('gathers next hops of one prefix, and gives each interface its own of several', () => {
    const route = { table: 254, protocol: 3, prefix: '10.2.0.0/16', source: undefined };
    const metadata = tableMetadata(
      [
        { ...route, priority: 0, hops: [hop(2, '10.0.0.253'), hop(3)] },
        { ...route, priority: 50, hops: [hop(2, '10.0.0.252')] },
        { ...route, prefix: '10.3.0.0/16', priority: 0, hops: [hop(0)] },
      ],
      [],
    );
    const entry = (NextHops: unknown[]): unknown => ({
      RoutingTables: [{ ID: 254, Src: null, Routes: [{ Protocol: 3, Prefix: '10.2.0.0/16', NextHops }] }],
    });
    expect(Object.fromEntries(metadata.byIndex)).toEqual({
      2: entry([
        { Priority: 0, IP: '10.0.0.253', IfIndex: 2 },
        { Priority: 50, IP: '10.0.0.252', IfIndex: 2 },
      ]),
      3: entry([{ Priority: 0, IfIndex: 3 }]),
    });
  });
});

describe('what one interface has too much of', () => {
  const most = limits.tableEntriesPerNodeMax;

  it('is cut, so that the node stays small enough to be accepted', () => {
    const routes = Array.from({ length: most + 5 }, (_, n) => ({
      table: 254,
      protocol: 186,
      priority: 20,
      source: undefined,
      prefix: `10.${n >> 8}.${n & 255}.0/24`,
      hops: [hop(2, '192.168.100.254')],
    }));
    const neighbour = {
      flags: 16,
      mac: '02:00:00:00:00:01',
      ip: '192.168.100.254',
      vlan: 4094,
      vni: 16_777_215,
    };
    const entries = (forwarding: boolean): Neighbour[] =>
      Array.from({ length: most + 5 }, () => ({ ...neighbour, index: 2, forwarding, state: 0x80 }));
    const whole = tableMetadata(routes, [...entries(true), ...entries(false)]);
    expect(whole.cut).toBe(true);
    const { RoutingTables, Neighbors, FDB } = whole.byIndex.get(2) as unknown as {
      RoutingTables: { Routes: unknown[] }[];
      Neighbors: unknown[];
      FDB: unknown[];
    };
    expect([RoutingTables[0]!.Routes.length, Neighbors.length, FDB.length]).toEqual([most, most, most]);
    expect(JSON.stringify({ RoutingTables, Neighbors, FDB }).length).toBeLessThan(limits.elementBytesMax);
    expect(tableMetadata(routes.slice(0, most), entries(true).slice(0, most)).cut).toBe(false);
  });

  it('is rules of a namespace too', () => {
    const rule = parseRule(messageOf('rule for a mark'))!;
    const many = Array.from({ length: most + 1 }, (_, n) => ({ ...rule, priority: n + 1 }));
    const { rules, cut } = routingRules(many);
    expect([(rules as unknown[]).length, cut]).toEqual([most, true]);
  });
});

describe.skipIf(!LITTLE_ENDIAN)('routingRules', () => {
  const rulesOf = (...names: string[]): unknown =>
    routingRules(names.map((name) => parseRule(messageOf(name))!)).rules;

  it('shows what restricts a rule and what it does, in the order in which rules are asked', () => {
    expect(
      rulesOf(
        'rule for IPv6 prefixes',
        'rule for a mark',
        'rule that prohibits',
        'rule that goes to another',
        'rule for interfaces, ports and users',
      ),
    ).toEqual([
      {
        Family: 'IPV4',
        Priority: 7,
        Action: 'lookup',
        Table: 254,
        IIF: 'eth0',
        OIF: 'eth1',
        UIDs: '1000-1999',
        IPProto: 17,
        SrcPorts: '53',
        DstPorts: '1024-65535',
        Protocol: 0,
      },
      {
        Family: 'IPV4',
        Priority: 8,
        Action: 'goto',
        Goto: 32_766,
        Not: true,
        Src: '10.0.0.0/8',
        Protocol: 0,
      },
      { Family: 'IPV4', Priority: 9, Action: 'prohibit', Dst: '10.9.0.0/16', TOS: 16, Protocol: 0 },
      { Family: 'IPV4', Priority: 100, Action: 'lookup', Table: 1000, FwMark: 16, FwMask: 255, Protocol: 4 },
      {
        Family: 'IPV6',
        Priority: 50,
        Action: 'lookup',
        Table: 77,
        Src: 'fd00:2::/48',
        Dst: 'fd00:1::/32',
        Protocol: 0,
      },
    ]);
    expect(rulesOf('rule of a VRF', 'rule without default routes')).toEqual([
      { Family: 'IPV4', Priority: 1000, Action: 'lookup', L3MDev: true, Protocol: 2 },
      { Family: 'IPV4', Priority: 1001, Action: 'lookup', Table: 254, SuppressPrefixLen: 0, Protocol: 0 },
    ]);
  });

  it('says nothing of the rules that every namespace is born with, unless they were changed', () => {
    const born = parseRule(messageOf('rule of birth'))!;
    const three = [{ ...born, priority: 0, table: 255 }, born, { ...born, priority: 32_767, table: 253 }];
    expect(routingRules([...three, { ...born, version: 6 }])).toEqual({
      rules: undefined,
      cut: false,
    });
    expect(routingRules([{ ...born, table: 99 }]).rules).toHaveLength(1);
    expect(routingRules([{ ...born, source: '10.0.0.0/8' }]).rules).toHaveLength(1);
  });
});

interface Entry {
  readonly [key: string]: unknown;
}

describe.skipIf(!isRoot)(`routes and neighbours (${whyNot})`, () => {
  const netns = `tp-t-${process.pid}`;
  let probe: TopologyProbe;
  const inside = (words: string): string => ip(`-n ${netns} ${words}`);
  const json = (words: string): Entry[] => JSON.parse(inside(`-j ${words}`)) as Entry[];
  const list = (name: string, key: string): readonly Entry[] =>
    (nodeNamed(probe.graph, name, netns).metadata[key] ?? []) as readonly Entry[];

  beforeAll(async () => {
    ip(`netns add ${netns}`);
    inside('link add name br0 type bridge');
    inside('link add name p0 type veth peer name p1');
    inside('link set dev p0 master br0 up');
    inside('link set dev p1 up');
    inside('link set dev br0 up');
    inside('addr add 10.254.1.1/24 dev br0');
    probe = createTopologyProbe({ hostId: 'tp-host', log: () => {} });
    await probe.start();
  });
  afterAll(() => {
    probe.stop();
    tryIp(`netns del ${netns}`);
  });

  it('follow routes in every table, coming and going', async () => {
    inside('route add 10.9.0.0/16 via 10.254.1.2 metric 7');
    inside('route add 10.8.0.0/16 dev br0 table 1234');
    inside('route add default dev br0');
    const shown = (): string[] =>
      list('br0', 'RoutingTables').flatMap(({ ID, Routes }) =>
        (Routes as { Prefix: string; NextHops: Entry[] }[]).flatMap(({ Prefix, NextHops }) =>
          NextHops.map((next) => JSON.stringify([ID, Prefix, next['Priority'], next['IP'] ?? null])),
        ),
      );
    const tables: Record<string, number> = { main: 254, local: 255, default: 253 };
    const agrees = (): void => {
      // `table all` means both families.
      const said = json('route show table all dev br0').map((route) => {
        const table = (route['table'] ?? 'main') as string;
        const dst = route['dst'] as string;
        const any =
          dst === 'default'
            ? '0.0.0.0/0'
            : dst.includes('/')
              ? dst
              : `${dst}/${dst.includes(':') ? 128 : 32}`;
        return JSON.stringify([
          tables[table] ?? Number(table),
          any,
          route['metric'] ?? 0,
          route['gateway'] ?? null,
        ]);
      });
      expect(shown().sort()).toEqual(said.sort());
    };
    await eventually(agrees, 4_000);
    expect(shown()).toContain(JSON.stringify([1234, '10.8.0.0/16', 0, null]));
    // The reference shows an IPv4 default route without a gateway as ::/0.
    expect(shown()).toContain(JSON.stringify([254, '0.0.0.0/0', 0, null]));
    inside('route del 10.9.0.0/16 via 10.254.1.2 metric 7');
    await eventually(agrees, 4_000);
    expect(shown().join()).not.toContain('10.9.0.0');
  }, 15_000);

  it('follow neighbours and forwarding entries', async () => {
    inside('neigh add 10.254.1.9 lladdr 02:00:00:00:09:09 dev br0 nud permanent');
    execFileSync('bridge', ['-n', netns, 'fdb', 'add', '02:00:00:00:09:10', 'dev', 'p0', 'master', 'static']);
    const neighbour = { MAC: '02:00:00:00:09:09', IP: '10.254.1.9', State: ['NUD_PERMANENT'] };
    await eventually(() => {
      expect(list('br0', 'Neighbors')).toContainEqual({
        ...neighbour,
        IfIndex: nodeNamed(probe.graph, 'br0', netns).metadata['IfIndex'],
      });
      const said = JSON.parse(
        execFileSync('bridge', ['-j', '-n', netns, 'fdb', 'show', 'dev', 'p0'], { encoding: 'utf8' }),
      ) as Entry[];
      expect(
        list('p0', 'FDB')
          .map((entry) => entry['MAC'] as string)
          .sort(),
      ).toEqual(said.map((entry) => entry['mac'] as string).sort());
    }, 4_000);
    expect(list('p0', 'FDB')).toContainEqual(
      expect.objectContaining({ MAC: '02:00:00:00:09:10', State: ['NUD_NOARP'] }),
    );
    inside('neigh del 10.254.1.9 dev br0');
    await eventually(
      () => expect(list('br0', 'Neighbors').map((entry) => entry['IP'])).not.toContain('10.254.1.9'),
      4_000,
    );
  }, 15_000);

  it('come with the rules that choose between them, on the node of the namespace', async () => {
    const rules = (): readonly Entry[] =>
      (nodeNamed(probe.graph, netns).metadata['RoutingRules'] ?? []) as readonly Entry[];
    expect(nodeNamed(probe.graph, netns).metadata).not.toHaveProperty('RoutingRules');
    inside('rule add from 10.254.1.0/24 iif br0 fwmark 0x5/0xff table 1234 priority 100');
    inside('rule add to 10.77.0.0/16 prohibit priority 90');
    await eventually(
      () =>
        expect(rules()).toEqual([
          expect.objectContaining({ Family: 'IPV4', Priority: 90, Action: 'prohibit', Dst: '10.77.0.0/16' }),
          expect.objectContaining({
            Family: 'IPV4',
            Priority: 100,
            Action: 'lookup',
            Table: 1234,
            Src: '10.254.1.0/24',
            IIF: 'br0',
            FwMark: 5,
            FwMask: 255,
          }),
        ]),
      4_000,
    );
    const said = json('rule show').filter((rule) => rule['priority'] === 100);
    expect(said).toEqual([
      expect.objectContaining({ table: '1234', fwmark: '0x5', fwmask: '0xff', iif: 'br0' }),
    ]);
    inside('rule del priority 100');
    inside('rule del priority 90');
    await eventually(
      () => expect(nodeNamed(probe.graph, netns).metadata).not.toHaveProperty('RoutingRules'),
      4_000,
    );
  }, 15_000);

  it('forget the routes of a link that goes down, which the kernel drops in silence', async () => {
    await eventually(() => expect(list('br0', 'RoutingTables')).not.toEqual([]), 4_000);
    inside('link set dev br0 down');
    await eventually(
      () => expect(JSON.stringify(list('br0', 'RoutingTables'))).not.toContain('10.254.1.0/24'),
      4_000,
    );
  }, 15_000);
});
