/** A bridge of a real Open vSwitch in a namespace of its own, and two more namespaces that it joins; p0 is in VLAN 7 as p1 is. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ip, tryIp } from '../../topology/live.ts';
import { OvsSwitch } from '../../topology/sources/ovs-switch.ts';

const run = promisify(execFile);
const ADDRESSES = ['10.254.10.1', '10.254.10.2'] as const;

export interface OvsLab {
  /** Of the switch. */
  readonly netns: string;
  readonly socket: string;
  readonly addresses: readonly [string, string];
  vsctl(...words: string[]): string;
  /** Resolves when what was written to the database is done. */
  switchHasApplied(): Promise<void>;
  /** As somebody else would. */
  exportSflow(target: string): void;
  /** `port NAME`, `mirror NAME`, `sflow TARGET` … of all rows, sorted. */
  rows(): string[];
  /** Echo requests across the bridge, and their replies; ARP goes before. */
  ping(count: number): Promise<void>;
  killDatabase(): Promise<void>;
  startDatabase(): void;
  remove(): Promise<void>;
}

export async function createOvsLab(): Promise<OvsLab> {
  const id = `oc-${process.pid}`;
  const hosts = [`${id}a`, `${id}b`] as const;
  const ovs = new OvsSwitch(`${id}s`);
  const { netns } = ovs;
  const vsctl = (...words: string[]) => ovs.vsctl(...words);
  const remove = async () => {
    await ovs.stop();
    for (const host of hosts) tryIp(`netns del ${host}`);
  };
  try {
    ip(`-n ${netns} link set lo up`);
    hosts.forEach((host, i) => {
      ip(`netns add ${host}`);
      ip(`-n ${netns} link add p${i} type veth peer name eth0 netns ${host}`);
      for (const [where, name] of [
        [netns, `p${i}`],
        [host, 'eth0'],
      ] as const) {
        ip(`-n ${where} link set ${name} addrgenmode none`);
        ip(`-n ${where} link set ${name} up`);
      }
      ip(`-n ${host} addr add ${ADDRESSES[i]}/24 dev eth0`);
    });
    ovs.start();
    const bridge = ['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev'];
    vsctl(...bridge, '--', 'add-port', 'br0', 'p0', 'tag=7', '--', 'add-port', 'br0', 'p1', 'tag=7');
  } catch (error) {
    await remove();
    throw error;
  }
  const names = (table: string, column: string) =>
    vsctl('--format=csv', '--no-headings', '--data=bare', `--columns=${column}`, 'list', table)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${table} ${line}`);
  return {
    netns,
    socket: ovs.socket,
    addresses: ADDRESSES,
    vsctl,
    switchHasApplied: async () => {
      // ovs-vsctl waits for the switch after a change of its own.
      vsctl('set', 'bridge', 'br0', `external_ids:seen=${Date.now()}`);
    },
    exportSflow: (target) => {
      const made = ['--id=@s', 'create', 'sflow', 'agent=lo', `targets="${target}"`];
      vsctl('--', ...made, '--', 'set', 'bridge', 'br0', 'sflow=@s');
    },
    rows: () =>
      [
        ...names('port', 'name'),
        ...names('interface', 'name'),
        ...names('mirror', 'name'),
        ...names('sflow', 'targets'),
        ...names('netflow', 'targets'),
      ].sort(),
    ping: async (count) => {
      for (const host of hosts) ip(`-n ${host} neigh flush all`);
      const ping = ['ping', '-q', '-i', '0.05', '-c', String(count), ADDRESSES[1]];
      await run('ip', ['netns', 'exec', hosts[0], ...ping]);
    },
    killDatabase: () => ovs.killDatabase(),
    startDatabase: () => ovs.startDatabase(),
    remove,
  };
}
