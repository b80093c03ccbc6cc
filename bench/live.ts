/**
 * Live capture on a veth pair in namespaces of its own: frames of three sizes at a steady rate into both back ends,
 * beside `cap` with an empty callback and `tcpdump -w /dev/null`. Loss is what the kernel's counters say.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { messageOf } from '../core/errors.ts';
import type { CaptureSpec } from '../probe/capture/capture-source.ts';
import { loadKoffi } from '../probe/linux/libc.ts';
import { aptInstall } from '../scripts/setup/apt.mjs';
import {
  emptyCapReceiver,
  hasTcpdump,
  pcapReceiver,
  ringReceiver,
  tcpdumpReceiver,
  type Receiver,
} from './live-receivers.ts';

export interface LiveRow {
  readonly name: string;
  readonly frameBytes: number;
  /** Frames a second that were sent. */
  readonly offered: number;
  readonly received: number;
  readonly lost: number;
  /** Lost by the kernel's counter; what is missing beyond it nobody counted. */
  readonly counted: number;
  readonly lostPercent: number;
  readonly cores: number;
  readonly microsecondsPerPacket: number;
  /** CPU per packet against that of tcpdump at the same size and rate. */
  readonly ratio?: number;
}

const SENDER = fileURLToPath(new URL('send-frames.ts', import.meta.url));
const FLOWS = 100;
const WARM_UP_FRAMES = 60_000;
const run = promisify(execFile);
const ip = (...args: string[]) =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

interface Lab {
  readonly spec: CaptureSpec;
  send(frameBytes: number, perSecond: number, frames: number): Promise<{ sent: number; seconds: number }>;
  remove(): void;
}

function createLab(): Lab {
  const id = `bench-${process.pid % 100_000}`;
  const [from, to] = [`${id}a`, `${id}b`];
  const indexOf = (netns: string) =>
    Number(/^(\d+):/.exec(ip('-n', netns, '-o', 'link', 'show', 'eth0'))![1]);
  for (const netns of [from, to]) ip('netns', 'add', netns);
  ip('-n', from, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', to);
  for (const netns of [from, to]) {
    // Nothing on the wire but what is sent.
    execFileSync('ip', ['netns', 'exec', netns, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1']);
    ip('-n', netns, 'link', 'set', 'eth0', 'up');
  }
  return {
    spec: {
      captureId: 'bench',
      nodeTid: 'bench',
      interfaceName: 'eth0',
      ifIndex: indexOf(to),
      netnsPath: `/var/run/netns/${to}`,
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
    },
    send: async (frameBytes, perSecond, frames) => {
      const args = [`/var/run/netns/${from}`, indexOf(from), frameBytes, FLOWS, perSecond, frames];
      const node = ['--disable-warning=ExperimentalWarning', SENDER, ...args.map(String)];
      return JSON.parse((await run(process.execPath, node)).stdout) as { sent: number; seconds: number };
    },
    remove: () => {
      for (const netns of [from, to]) ip('netns', 'del', netns);
    },
  };
}

async function measure(
  lab: Lab,
  name: string,
  receiver: Receiver,
  frameBytes: number,
  perSecond: number,
  seconds: number,
): Promise<LiveRow> {
  await receiver.start(lab.spec);
  try {
    const warm = await lab.send(frameBytes, perSecond, WARM_UP_FRAMES);
    const cpuBefore = receiver.cpuMs();
    const { sent, seconds: took } = await lab.send(frameBytes, perSecond, Math.round(perSecond * seconds));
    // What is still in the buffer is taken now, and belongs to it.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const cpuMs = receiver.cpuMs() - cpuBefore;
    const { received, dropped } = await receiver.counts();
    const all = warm.sent + sent;
    const lost = Math.max(0, all - received);
    return {
      name,
      frameBytes,
      offered: Math.round(sent / took),
      received,
      lost,
      counted: dropped,
      lostPercent: (100 * lost) / all,
      cores: cpuMs / 1000 / took,
      microsecondsPerPacket: (1000 * cpuMs) / sent,
    };
  } finally {
    await receiver.stop();
  }
}

/** Why nothing can be captured here; "" when it can. */
function reasonToSkip(): string {
  if (process.getuid?.() !== 0) return 'captures and namespaces need root';
  try {
    loadKoffi();
    createRequire(import.meta.url)('cap');
  } catch (error) {
    return messageOf(error).split('\n')[0]!;
  }
  return '';
}

/** Measures and hands over row by row. `seconds`: of sending, each. */
export async function measureLive(seconds: number, add: (row: LiveRow) => void): Promise<void> {
  const reason = reasonToSkip();
  if (reason !== '') {
    process.stdout.write(`no live capture here: ${reason}\n`);
    return;
  }
  const refused = hasTcpdump() ? undefined : await aptInstall(['tcpdump']);
  const withTcpdump = refused === undefined;
  if (!withTcpdump) process.stdout.write(`tcpdump is not installed (${refused}): no such baseline\n`);
  const receivers = [
    ...(withTcpdump ? [['tcpdump -w /dev/null (baseline)', tcpdumpReceiver] as const] : []),
    ['cap, empty callback (baseline)', emptyCapReceiver] as const,
    ['type pcap: cap and flow table', pcapReceiver] as const,
    ['type afpacket: ring and flow table', ringReceiver] as const,
  ];
  const lab = createLab();
  try {
    for (const [frameBytes, rates] of [
      [64, [250_000, 400_000]],
      [500, [250_000]],
      [1500, [150_000]],
    ] as const) {
      for (const perSecond of rates) {
        let baseline: number | undefined;
        for (const [name, make] of receivers) {
          const row = await measure(lab, name, make(), frameBytes, perSecond, seconds);
          baseline ??= row.microsecondsPerPacket;
          add(withTcpdump ? { ...row, ratio: row.microsecondsPerPacket / baseline } : row);
        }
      }
    }
  } finally {
    lab.remove();
  }
}
