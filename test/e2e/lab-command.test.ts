/** `npm run lab` as a user runs it: what it says to try works, and nothing of it is left however it ends. */
import { execFileSync, execSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { buildDataCentre } from '../../scripts/lab/data-centre.ts';
import { Traffic } from '../../scripts/lab/traffic.ts';
import { eventually, processesWith } from './harness/edgedive.ts';
import { skipUnlessRoot } from './harness/lab.ts';
import { Running } from './harness/process.ts';

const READY = /Ctrl-C takes it all away/;

/** The network namespaces of the hosts that this run's lines to try name. */
function namespacesOf(running: Running): string[] {
  const holders = [...running.stdout.matchAll(/--target (\d+)/g)].map(([, pid]) => pid!);
  expect(holders).toHaveLength(2);
  return holders.map((pid) => readlinkSync(`/proc/${pid}/ns/net`));
}

/** Commands of the processes in these namespaces. */
function processesIn(namespaces: readonly string[]): string[] {
  return processesWith('').flatMap(({ pid, command }) => {
    try {
      return namespaces.includes(readlinkSync(`/proc/${pid}/ns/net`)) ? [command] : [];
    } catch {
      return [];
    }
  });
}

function dataOf(pid: number): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`edgedive-lab-${pid}-`));
}

/** The process of the task itself, below scripts/run.mjs. */
function taskOf(running: Running): number {
  const parentOf = (pid: number) => Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))![1]);
  return processesWith('scripts/tasks/lab.ts').find(({ pid }) => parentOf(pid) === running.child.pid)!.pid;
}

describe.skipIf(skipUnlessRoot())('npm run lab', () => {
  it('prints what to try, which works, and takes everything away on Ctrl-C', async () => {
    const running = Running.task('lab', ['--listen', '127.0.0.1:0']);
    await running.printed(READY);
    const lines = [...running.stdout.matchAll(/^ {2}(\S.*)$/gm)].map(([, line]) => line!);
    const commands = lines.filter((line) => line.startsWith('curl'));
    expect(commands).toHaveLength(4);
    await eventually(() => {
      for (const command of commands) {
        const answer = execSync(command, { encoding: 'utf8', shell: '/bin/bash' });
        // The second time the capture is there already.
        if (!answer.startsWith('duplicated'))
          expect(JSON.parse(answer), `${command}\n${answer}`).not.toHaveLength(0);
      }
    });
    const onHost = lines.find((line) => line.includes(' ping '))!.replace(' ping ', ' ping -c 1 ');
    expect(execFileSync('sh', ['-c', onHost], { encoding: 'utf8' })).toContain('1 received');
    const namespaces = namespacesOf(running);
    const pid = taskOf(running);
    // Holder and probe on each, the ends of the traffic are in namespaces of their own.
    expect(processesIn(namespaces).length).toBeGreaterThanOrEqual(4);
    expect(dataOf(pid)).toHaveLength(1);
    expect(await running.stop('SIGINT')).toBe(0);
    expect(processesIn(namespaces)).toEqual([]);
    expect(dataOf(pid)).toEqual([]);
  });

  it('leaves nothing behind when it is killed', async () => {
    const running = Running.task('lab', ['--listen', '127.0.0.1:0']);
    await running.printed(READY);
    const namespaces = namespacesOf(running);
    const pid = taskOf(running);
    process.kill(pid, 'SIGKILL');
    await eventually(() => expect(processesIn(namespaces)).toEqual([]), { timeoutMs: 8_000 });
    await eventually(() => expect(processesWith(`edgedive-lab-${pid}-`)).toEqual([]), { timeoutMs: 8_000 });
    // Its data go at the next start.
    expect(dataOf(pid)).toHaveLength(1);
    const next = Running.task('lab', ['--listen', '127.0.0.1:0']);
    await next.printed(READY);
    expect(dataOf(pid)).toEqual([]);
    await next.stop('SIGINT');
  });

  it('joins the bridges by a cable where the kernel makes no VXLAN, and says so', async () => {
    const dataCentre = await buildDataCentre({ vxlan: false });
    try {
      expect(dataCentre.skipped).toContainEqual(
        expect.stringMatching(/^vxlan: .+ \(a cable joins the bridges\)$/),
      );
      const traffic = await Traffic.start(dataCentre);
      traffic.ping(2);
      await traffic.stop();
    } finally {
      await dataCentre.remove();
    }
  });

  it('says what is wrong with its arguments, with status 2', async () => {
    const running = Running.task('lab', ['--analyzer', 'https://example.org']);
    expect(await running.end()).toBe(2);
    expect(running.stderr).toContain('--analyzer: not an http: address: https://example.org');
  });
});
