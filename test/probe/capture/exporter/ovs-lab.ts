/**
 * Open vSwitch with its datapath in user space (no kernel module) in a namespace of its own, and a bridge that joins two
 * more namespaces. Its files are in a folder, so that a switch of the machine is not met.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
const ADDRESSES = ['10.254.9.1', '10.254.9.2'] as const;

let made = 0;

export interface OvsLab {
  /** Of the switch. */
  readonly netnsPath: string;
  /** Every packet that enters the bridge is exported, and counters each second, to this port of the switch's loopback. */
  exportSflow(port: number): Promise<void>;
  /** Echo requests across the bridge with 56 bytes of data, and their replies. */
  ping(count: number): Promise<void>;
  remove(): Promise<void>;
}

export async function createOvsLab(): Promise<OvsLab> {
  const id = `ex-${process.pid % 100_000}-o${++made}`;
  const [netns, ...hosts] = [`${id}s`, `${id}c`, `${id}d`] as const;
  const folder = mkdtempSync(join(tmpdir(), 'edgedive-ovs-'));
  const socket = `unix:${folder}/db.sock`;
  const env = { ...process.env, OVS_RUNDIR: folder };
  const daemons: ReturnType<typeof spawn>[] = [];
  const remove = async () => {
    await Promise.all(
      daemons.map(async (daemon) => {
        const gone = new Promise((resolve) => daemon.once('close', resolve));
        if (daemon.exitCode === null && daemon.signalCode === null && daemon.kill('SIGKILL')) await gone;
      }),
    );
    for (const name of [netns, ...hosts]) ip('netns', 'del', name);
    rmSync(folder, { recursive: true, force: true });
  };
  const daemon = (...command: string[]) =>
    daemons.push(spawn('ip', ['netns', 'exec', netns, ...command], { env, stdio: 'ignore' }));
  const vsctl = async (...args: string[]) => {
    await run('ovs-vsctl', [`--db=${socket}`, '--timeout=10', ...args], { env });
  };

  for (const name of [netns, ...hosts]) ip('netns', 'add', name);
  try {
    ip('-n', netns, 'link', 'set', 'lo', 'up');
    hosts.forEach((host, i) => {
      ip('-n', netns, 'link', 'add', `p${i}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host);
      for (const [where, name] of [
        [netns, `p${i}`],
        [host, 'eth0'],
      ] as const) {
        ip('-n', where, 'link', 'set', name, 'addrgenmode', 'none');
        ip('-n', where, 'link', 'set', name, 'up');
      }
      ip('-n', host, 'addr', 'add', `${ADDRESSES[i]}/24`, 'dev', 'eth0');
    });
    await run('ovsdb-tool', ['create', `${folder}/conf.db`, SCHEMA]);
    daemon('ovsdb-server', `${folder}/conf.db`, `--remote=p${socket}`, `--unixctl=${folder}/db.ctl`);
    daemon('ovs-vswitchd', socket, `--unixctl=${folder}/vs.ctl`);
    await vsctl('--retry', 'init');
    const bridge = ['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev'];
    await vsctl(...bridge, '--', 'add-port', 'br0', 'p0', '--', 'add-port', 'br0', 'p1');
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    netnsPath: `/var/run/netns/${netns}`,
    exportSflow: async (port) => {
      const made = ['create', 'sflow', 'agent=lo', `target="127.0.0.1:${port}"`];
      const settings = ['header=128', 'sampling=1', 'polling=1'];
      await vsctl('--', '--id=@s', ...made, ...settings, '--', 'set', 'bridge', 'br0', 'sflow=@s');
    },
    ping: async (count) => {
      const ping = ['ping', '-q', '-i', '0.05', '-c', String(count), ADDRESSES[1]];
      await run('ip', ['netns', 'exec', hosts[0], ...ping]);
    },
    remove,
  };
}
