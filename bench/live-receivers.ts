/** Ways of taking packets from an interface, as the live bench sees them: our two back ends and the baselines. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CaptureHandle, CaptureSource, CaptureSpec } from '../probe/capture/capture-source.ts';
import { PcapSource } from '../probe/capture/pcap-source.ts';
import { RingSource } from '../probe/capture/ring/ring-source.ts';
import { createLog } from '../probe/log.ts';
import { limits } from '../core/limits.ts';

export interface Counts {
  readonly received: number;
  /** By the kernel's counter. */
  readonly dropped: number;
}

export interface Receiver {
  /** Resolves when packets are taken. */
  start(spec: CaptureSpec): Promise<void>;
  counts(): Promise<Counts>;
  /** Of what takes the packets, since it was started. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** What the kernel says a process's threads ran, in ms. */
function cpuMsOf(pid: number | 'self'): number {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  return nanoseconds / 1e6;
}

const sink = {
  add: () => {},
  countDropped: (flows: number) => {
    throw new Error(`${flows} flow messages dropped`);
  },
};
const log = createLog('bench', (line) => process.stderr.write(`${line}\n`));
const pace = { hold: false, updateMs: 0, detail: 0, sampling: 1 };

/** Figures come about once a second: asked until they rest. */
async function countsOf(handle: CaptureHandle): Promise<Counts> {
  let last = -1;
  for (let same = 0; same < 2;) {
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const { packetsReceived } = handle.stats();
    same = packetsReceived === last ? same + 1 : 0;
    last = packetsReceived;
  }
  return { received: last, dropped: handle.stats().packetsDropped };
}

function sourceReceiver(
  make: () => CaptureSource,
  pidOf: (source: CaptureSource) => number | 'self',
): Receiver {
  let source: CaptureSource;
  let handle: CaptureHandle;
  return {
    start: async (spec) => {
      source = make();
      handle = await source.open(spec, (error) => {
        throw error;
      });
    },
    counts: () => countsOf(handle),
    cpuMs: () => cpuMsOf(pidOf(source)),
    stop: () => source.stop(),
  };
}

/** The mapped ring; its CPU is that of this whole process, which does nothing else. */
export const ringReceiver = (): Receiver =>
  sourceReceiver(
    () => new RingSource({ sink, pace, log }),
    () => 'self',
  );

/** `cap` in its capture process. */
export const pcapReceiver = (): Receiver =>
  sourceReceiver(
    () => new PcapSource({ sink, pace, log }),
    (source) => (source as PcapSource).pids[0]!,
  );

/** `cap` that only counts. */
export function emptyCapReceiver(): Receiver {
  let child: ChildProcess;
  let lines: AsyncIterator<string>;
  return {
    start: async ({ netnsPath, interfaceName }) => {
      const file = fileURLToPath(new URL('cap-empty.ts', import.meta.url));
      const args = ['--disable-warning=ExperimentalWarning', file, netnsPath!, interfaceName];
      child = spawn(process.execPath, [...args, String(limits.captureBufferBytesMax)], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
      await lines.next();
    },
    counts: async () => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      child.stdin!.write('\n');
      return JSON.parse((await lines.next()).value as string) as Counts;
    },
    cpuMs: () => cpuMsOf(child.pid!),
    stop: async () => {
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.stdin!.end();
      await gone;
    },
  };
}

/** `tcpdump -w /dev/null` with a kernel buffer as large as ours. It tells its counts when it ends. */
export function tcpdumpReceiver(): Receiver {
  let child: ChildProcess;
  let text = '';
  let cpuMs = 0;
  const end = async () => {
    if (child.exitCode !== null) return;
    cpuMs = cpuMsOf(child.pid!);
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGINT');
    await gone;
  };
  return {
    start: async ({ netnsPath, interfaceName }) => {
      const buffer = ['-B', String(limits.captureBufferBytesMax / 1024)];
      const tcpdump = ['tcpdump', '-n', '-i', interfaceName, '-w', '/dev/null', ...buffer];
      child = spawn('nsenter', [`--net=${netnsPath}`, ...tcpdump], { stdio: ['ignore', 'ignore', 'pipe'] });
      child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      while (!/listening on/.test(text)) {
        if (child.exitCode !== null) throw new Error(`tcpdump ended: ${text}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    counts: async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await end();
      const count = (what: string) =>
        Number(new RegExp(`(\\d+) packets? ${what}`).exec(text)?.[1] ?? Number.NaN);
      return { received: count('captured'), dropped: count('dropped by kernel') };
    },
    cpuMs: () => (child.exitCode === null ? cpuMsOf(child.pid!) : cpuMs),
    stop: end,
  };
}

export function hasTcpdump(): boolean {
  try {
    execFileSync('tcpdump', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
