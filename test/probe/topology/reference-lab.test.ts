/**
 * Discovery beside the reference: the lab in which it was recorded is built anew, in namespaces of its own, and the
 * host's graph must hold what the recording shows. Every difference that is accepted stands here, with its reason
 * (docs/divergences.md); one that no longer occurs fails the test.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { tidOf, tidOfHost, tidOfNetns } from '../../../core/ids.ts';
import { isRoot, whyNot } from './live.ts';

type Metadata = Readonly<Record<string, unknown>>;
interface Picture {
  /** By `owner/name`. */
  readonly nodes: Readonly<Record<string, Metadata>>;
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly metadata: Metadata;
    /** Of the recording: made by the analyzer, not by the agent. */
    readonly by?: string;
  }[];
}

const here = (file: string): string => fileURLToPath(new URL(`reference-lab/${file}`, import.meta.url));
/** The first line of the recording: nodes of the agent, all edges; of Features only those that are on. */
const recorded = JSON.parse(readFileSync(here('recorded.json'), 'utf8')) as Picture;

/** Values that are the machine's, the moment's or the run's: there, and of the recorded type, is what counts. */
const OF_THE_MOMENT: ReadonlySet<string> = new Set(
  `Metric LastUpdateMetric Neighbors FDB Features Inode Device LinkNetNsID
   Hostname PlatformVersion KernelVersion KernelCmdLine CPU Platform PlatformFamily`.split(/\s+/),
);

/** Keys that need not be there. */
const ABSENT: Readonly<Record<string, string>> = {
  'skyref info': '`agent.metadata` of the configuration that was recorded with',
};

/** Values that differ on purpose, by key. */
const DIFFERENT: Readonly<Record<string, string>> = {
  TID: 'release 0.28.0 sets wrong variant bits in UUIDs; TIDs hang on the host’s',
  LinkFlags: 'true names of all bits',
};

/** What the recording does not have; each must occur. */
const MORE_KEYS: Readonly<Record<string, string>> = {
  Duplex: 'what the driver says beside the speed',
  Bridge: 'ids and settings of a bridge',
  BridgePort: 'the bridge’s word on a port',
  MacvlanMode: 'the mode of a macvlan',
  TunType: 'whether a tuntap is a tun or a tap',
  TunPersistent: 'whether it outlives who made it',
  LocalIP: 'ends of tunnels',
  RemoteIP: 'ends of tunnels',
  Tunnel: 'ids and settings of tunnels',
};
/** Only in kernels with VLANs in bridges. */
const MAY_BE_MORE = new Set(['BridgeVlan']);
const MORE_EDGES = [
  { from: 'skyref/up0', to: 'skyref/vx100', metadata: { RelationType: 'underlay', Type: 'vxlan' } },
];

/** The types of a value's members: lists by their members' together, objects by name. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? 'list' : ['list of', ...new Set(value.map(kindOf))];
  return kindOf(value);
}
const kindOf = (value: unknown): string => (value === null ? 'null' : typeof value);

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
/** Tables by number and routes in one order: the reference has them in the order of arrival. */
const routes = (value: unknown): unknown =>
  Array.isArray(value)
    ? (value as { ID: number; Src: unknown; Routes: readonly unknown[] }[])
        .map(({ ID, Src, Routes }) => ({ ID, Src, Routes: Routes.toSorted(byText) }))
        .sort((a, b) => a.ID - b.ID)
    : value;

describe.skipIf(!isRoot)(`the lab of the recordings (${whyNot})`, () => {
  let ours: Picture;
  let whyNotBuilt = '';

  beforeAll(() => {
    const built = spawnSync(
      'unshare',
      ['--net', '--mount', 'sh', here('build.sh'), process.execPath, here('show.ts')],
      { encoding: 'utf8', timeout: 60_000 },
    );
    if (/Unknown device type/.test(built.stderr)) whyNotBuilt = built.stderr;
    else if (built.status !== 0) throw new Error(`the lab failed: ${built.stderr}`);
    else ours = JSON.parse(built.stdout) as Picture;
  }, 70_000);

  it('has the recorded nodes and no others', ({ skip }) => {
    skip(whyNotBuilt !== '', `this kernel cannot make the lab: ${whyNotBuilt}`);
    expect(Object.keys(ours.nodes).sort()).toEqual(Object.keys(recorded.nodes).sort());
  });

  it('has the recorded edges', ({ skip }) => {
    skip(whyNotBuilt !== '', whyNotBuilt);
    // Fabric nodes and their edges are the analyzer's.
    const wanted = recorded.edges.filter((edge) => edge.by === undefined);
    const plain = (edges: Picture['edges']): unknown[] =>
      edges
        .map(({ from, to, metadata }) => [from, to, metadata['RelationType'], metadata['Type']])
        .sort(byText);
    expect(plain(ours.edges)).toEqual(plain([...wanted, ...MORE_EDGES]));
  });

  it('says of each node what was recorded, in the recorded types', ({ skip }) => {
    skip(whyNotBuilt !== '', whyNotBuilt);
    const wrong: string[] = [];
    const used = new Set<string>();
    for (const [path, wanted] of Object.entries(recorded.nodes)) {
      const own = ours.nodes[path]!;
      for (const [key, value] of Object.entries(wanted)) {
        const place = `${path} ${key}`;
        if (!(key in own)) {
          if (place in ABSENT) used.add(place);
          else wrong.push(`${place} is missing`);
          continue;
        }
        const [a, b] = key === 'RoutingTables' ? [routes(own[key]), routes(value)] : [own[key], value];
        if (JSON.stringify(shapeOf(a)) !== JSON.stringify(shapeOf(b)))
          wrong.push(`${place}: ${JSON.stringify(shapeOf(a))}, recorded ${JSON.stringify(shapeOf(b))}`);
        if (OF_THE_MOMENT.has(key) || path === 'skyref/ifb9') continue;
        if (JSON.stringify(a) === JSON.stringify(b)) continue;
        if (key in DIFFERENT) used.add(key);
        else wrong.push(`${place}: ${JSON.stringify(a)}, recorded ${JSON.stringify(b)}`);
      }
    }
    expect(wrong).toEqual([]);
    expect([...used].sort()).toEqual([...Object.keys(ABSENT), ...Object.keys(DIFFERENT)].sort());
  });

  it('says more than was recorded only where that is meant', ({ skip }) => {
    skip(whyNotBuilt !== '', whyNotBuilt);
    // ifb9 has a random address, and no other interface of the lab a random anything.
    const more = new Set<string>();
    for (const [path, own] of Object.entries(ours.nodes))
      for (const key of Object.keys(own))
        if (!(key in recorded.nodes[path]!) && !MAY_BE_MORE.has(key)) more.add(key);
    expect([...more].sort()).toEqual(Object.keys(MORE_KEYS).sort());
  });

  it('holds lists and objects of the recorded form where their content is of the moment', ({ skip }) => {
    skip(whyNotBuilt !== '', whyNotBuilt);
    const members = (nodes: Picture['nodes'], key: string): Set<string> =>
      new Set(
        Object.values(nodes).flatMap((node) =>
          [node[key] ?? []]
            .flat()
            .flatMap((entry) =>
              Object.entries(entry).map(([name, value]) => `${name}: ${JSON.stringify(shapeOf(value))}`),
            ),
        ),
      );
    for (const key of ['Neighbors', 'FDB', 'LastUpdateMetric', 'Metric', 'CPU', 'Features']) {
      const [own, wanted] = [members(ours.nodes, key), members(recorded.nodes, key)];
      expect(own.size).toBeGreaterThan(0);
      // Which counters moved and which states neighbours are in is of the moment: nothing else may be in there.
      if (key !== 'Features')
        expect([...own].filter((member) => !wanted.has(member) && !/^(Rx|Tx)/.test(member))).toEqual([]);
    }
    for (const [path, { Features }] of Object.entries(recorded.nodes)) {
      const own = ours.nodes[path]!['Features'] as Record<string, boolean> | undefined;
      expect(own === undefined).toBe(Features === undefined);
      if (own === undefined) continue;
      const on = Object.keys(own).filter((name) => own[name]);
      const notOn = Object.keys(Features as object).filter((name) => name in own && own[name] !== true);
      expect([path, notOn]).toEqual([path, []]);
      expect(on.filter((name) => !(name in (Features as object)) && name in KNOWN_FEATURES)).toEqual([]);
    }
  });

  it('computes TIDs as the reference does, from the host’s', ({ skip }) => {
    skip(whyNotBuilt !== '', whyNotBuilt);
    const hostTid = tidOfHost('skyref');
    expect(ours.nodes['skyref']!['TID']).toBe(hostTid);
    const vm1 = tidOfNetns(hostTid, '/var/run/netns/vm1');
    expect(ours.nodes['skyref/vm1']!['TID']).toBe(vm1);
    expect(ours.nodes['vm1/eth0']!['TID']).toBe(tidOf(vm1, 'eth0', 'veth'));
    expect(ours.nodes['skyref/tap0']!['TID']).toBe(tidOf(hostTid, 'tap0', 'tuntap'));
  });
});

/** Features that some interface of the recording has on: a name of these that is on where it was off is a mistake. */
const KNOWN_FEATURES = Object.assign(
  {},
  ...Object.values(recorded.nodes).map((node) => node['Features'] ?? {}),
) as object;
