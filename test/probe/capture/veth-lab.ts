/** A veth pair between two namespaces of their own, and real traffic over it. Names begin with `cp-`, or as the test wants. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CaptureSpec } from '../../../probe/capture/capture-source.ts';

const PING = fileURLToPath(new URL('ping.ts', import.meta.url));
const run = promisify(execFile);
const ip = (...args: string[]) =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let made = 0;

export interface VethLab {
  /** Two namespaces; `eth0` of one is the peer of `eth0` of the other. */
  readonly a: string;
  readonly b: string;
  readonly addressA: string;
  readonly addressB: string;
  /** `ip` inside a namespace. */
  in(netns: string, ...args: string[]): string;
  /** Echo requests from `a` to `b`, with their replies. */
  ping(count: number, dataBytes?: number): Promise<void>;
  /** What is needed to capture `eth0` of a namespace; throws when it has none. */
  spec(netns: string, more?: Partial<CaptureSpec>): CaptureSpec;
  remove(): void;
}

/** Why captures cannot be tested here; "" when they can. */
function reasonToSkip(): string {
  if (process.getuid?.() !== 0) return 'captures and namespaces need root';
  try {
    createRequire(import.meta.url)('cap');
  } catch {
    return 'the package cap is not built here';
  }
  return '';
}

/** Says why in the output when it is true. */
export function skipCaptures(): boolean {
  const reason = reasonToSkip();
  if (reason !== '') console.warn(`skipped: ${reason}`);
  return reason !== '';
}

export function createVethLab(prefix = 'cp'): VethLab {
  const id = `${prefix}-${process.pid % 100_000}-${++made}`;
  const [a, b] = [`${id}a`, `${id}b`];
  const [addressA, addressB] = ['10.254.7.1', '10.254.7.2'];
  const inNs = (netns: string, ...args: string[]) => ip('-n', netns, ...args);
  for (const netns of [a, b]) ip('netns', 'add', netns);
  ip('-n', a, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b);
  for (const [netns, address] of [
    [a, addressA],
    [b, addressB],
  ] as const) {
    // No router solicitations or duplicate address detection between the packets that are counted.
    execFileSync('ip', ['netns', 'exec', netns, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1']);
    inNs(netns, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    inNs(netns, 'link', 'set', 'eth0', 'up');
  }
  return {
    a,
    b,
    addressA,
    addressB,
    in: inNs,
    ping: async (count, dataBytes = 56) => {
      await run('ip', [
        'netns',
        'exec',
        a,
        process.execPath,
        PING,
        addressB,
        String(count),
        String(dataBytes),
      ]);
    },
    spec: (netns, more = {}) => ({
      captureId: 'capture-1',
      nodeTid: 'tid-1',
      interfaceName: 'eth0',
      ifIndex: Number(/^(\d+):/.exec(inNs(netns, '-o', 'link', 'show', 'eth0'))![1]),
      netnsPath: `/var/run/netns/${netns}`,
      encapType: 'ether',
      userFilter: '',
      exclusion: '',
      headerBytes: 256,
      layerKeyMode: 'L2',
      extraTcpMetric: false,
      ipDefrag: false,
      reassembleTcp: false,
      extraLayers: 0,
      rawPacketLimit: 0,
      mplsUdpPorts: [],
      ...more,
    }),
    remove: () => {
      for (const netns of [a, b]) ip('netns', 'del', netns);
    },
  };
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
