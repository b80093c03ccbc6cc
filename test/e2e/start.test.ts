/**
 * The promises of `npm start` to who scripts against it: the ready line, the exit status, nothing left behind however
 * it ends, and an analyzer that comes back. Runs npm itself where the promise is about npm.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, processesWith, workerdOf } from './harness/edgedive.ts';
import { Running } from './harness/process.ts';
import { subscribe } from './harness/subscriber.ts';

const READY = /^Edgedive ready: (http:\/\/127\.0\.0\.1:(\d+))$/m;

let stateDir: string;
let started: Running[];

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'edgedive-start-'));
  started = [];
});

afterEach(async () => {
  for (const running of started) if (!running.ended) await running.stop('SIGKILL');
  rmSync(stateDir, { recursive: true, force: true });
});

const start = (...args: string[]) => startWith({}, ...args);

async function startWith(
  env: NodeJS.ProcessEnv,
  ...args: string[]
): Promise<{ running: Running; url: string; port: string }> {
  const running = new Running(
    'npm',
    ['start', '--', '--listen', '127.0.0.1:0', '--state', stateDir, ...args],
    env,
  );
  started.push(running);
  const ready = await running.printed(READY);
  return { running, url: ready[1]!, port: ready[2]! };
}

/** Resolves with status and stderr of a start that is refused. */
async function refused(...args: string[]): Promise<{ status: number | string; stderr: string }> {
  const running = Running.task('start', args);
  started.push(running);
  return { status: await running.end(), stderr: running.stderr };
}

/** Everything that serves this state directory, or is a probe of the analyzer that does. */
const left = (port: string) => [...processesWith(stateDir), ...processesWith(`127.0.0.1:${port}`)];

describe('npm start', () => {
  it('says once that it is ready, and the routes answer then', async () => {
    const { running, url } = await start();
    const answer = await fetch(`${url}/api`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ Service: 'analyzer' });
    await running.stop('SIGINT');
    expect(running.stdout.match(/Edgedive ready/g)).toHaveLength(1);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with status 0 on %s and leaves nothing behind',
    async (signal) => {
      const { running, port } = await start();
      expect(left(port).length).toBeGreaterThanOrEqual(3);
      // With an open socket workerd does not end by itself.
      const subscriber = await subscribe(`127.0.0.1:${port}`);
      expect(await running.stop(signal)).toBe(0);
      expect(left(port)).toEqual([]);
      subscriber.close();
    },
  );

  it.each([
    ['npm', (running: Running) => running.child.pid!],
    [
      'the start task',
      () => processesWith(stateDir).find(({ command }) => command.includes('tasks/start.ts'))!.pid,
    ],
  ])('leaves no process when %s is killed with SIGKILL', async (_who, pidOf) => {
    const { running, port } = await start();
    process.kill(pidOf(running), 'SIGKILL');
    await eventually(() => expect(left(port)).toEqual([]), { timeoutMs: 8_000 });
  });

  it('brings the analyzer back within two seconds when it is killed', async () => {
    const { running, url } = await start('--no-probe');
    const before = workerdOf(stateDir);
    process.kill(before, 'SIGKILL');
    const killedAt = Date.now();
    await eventually(async () => expect((await fetch(`${url}/api`)).status).toBe(200), { timeoutMs: 2_000 });
    expect(Date.now() - killedAt).toBeLessThan(2_000);
    expect(workerdOf(stateDir)).not.toBe(before);
    expect(running.stderr).toMatch(/the analyzer ended \(SIGKILL\), starting it again/);
  });

  it('lets those who come while the analyzer starts again wait, instead of refusing them', async () => {
    const { url } = await start('--no-probe');
    for (let death = 0; death < 2; death++) {
      process.kill(workerdOf(stateDir), 'SIGKILL');
      // The second death delays the start by half a second.
      await eventually(() => expect(() => workerdOf(stateDir)).toThrow(/no workerd/));
      expect((await fetch(`${url}/api`)).status).toBe(200);
    }
  });

  it('runs without koffi, and says once what is lost by it', async () => {
    const breaker = join(stateDir, 'no-koffi.cjs');
    writeFileSync(
      breaker,
      `const Module = require('node:module');
       const resolve = Module._resolveFilename;
       Module._resolveFilename = function (request, ...rest) {
         if (request === 'koffi') throw new Error("Cannot find module 'koffi'");
         return resolve.call(this, request, ...rest);
       };`,
    );
    const { running, url } = await startWith({ NODE_OPTIONS: `--require=${breaker}` }, '--no-probe');
    process.kill(workerdOf(stateDir), 'SIGKILL');
    await eventually(async () => expect((await fetch(`${url}/api`)).status).toBe(200));
    expect(running.stderr.match(/stop reading .*not be ended.*koffi could not be loaded/g)).toHaveLength(1);
    expect(await running.stop('SIGTERM')).toBe(0);
  });

  it('brings the probe back when it is killed', async () => {
    const { port } = await start();
    const probes = () =>
      processesWith(`http://127.0.0.1:${port}`).filter(({ command }) =>
        /node\S* \S+probe\/main\.ts/.test(command),
      );
    const own = () => probes().filter(({ command }) => !command.startsWith('/bin/sh'));
    const [before] = own();
    process.kill(before!.pid, 'SIGKILL');
    await eventually(() => {
      const [now] = own();
      expect(now).toBeDefined();
      expect(now!.pid).not.toBe(before!.pid);
    });
  });

  it('names the process that holds the port, with status 2', async () => {
    const { port } = await start('--no-probe');
    const other = mkdtempSync(join(tmpdir(), 'edgedive-start-'));
    const { status, stderr } = await refused('--listen', `127.0.0.1:${port}`, '--state', other);
    rmSync(other, { recursive: true });
    expect(status).toBe(2);
    expect(stderr).toContain(`127.0.0.1:${port} is taken by process ${workerdOf(stateDir)} (`);
  });

  it('refuses a state directory that another analyzer uses, with status 2', async () => {
    await start('--no-probe');
    const { status, stderr } = await refused('--listen', '127.0.0.1:0', '--state', stateDir);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^edgedive: state: .* is in use by process \d+$/m);
  });

  it.each([
    [['--listen', 'nowhere'], 'listen: nowhere is not HOST:PORT'],
    [['--listen', '127.0.0.1:65536'], 'listen: 127.0.0.1:65536 is not HOST:PORT'],
    [['--auth', '--insecure-no-auth'], 'auth: cannot be asked for and left out at once'],
    [['--tls-cert', '/nowhere.pem'], 'tls.server_key: a certificate needs its key'],
    [['--tls-cert', '/nowhere.pem', '--tls-key', '/nowhere.key'], 'tls: ENOENT'],
    [['--wrong'], "arguments: Unknown option '--wrong'"],
    [['--config', '/nowhere.yml'], 'config: /nowhere.yml: ENOENT'],
  ])('refuses %j in one line, with status 2', async (args, message) => {
    const { status, stderr } = await refused(...args, '--state', stateDir);
    expect(status).toBe(2);
    expect(stderr).toContain(`edgedive: ${message}`);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('asks who everybody is on an address that others can reach; its own probe is known', async () => {
    const running = Running.task('start', ['--listen', '0.0.0.0:0', '--state', stateDir]);
    try {
      const [, port] = await running.printed(/^Edgedive ready: http:\/\/0\.0\.0\.0:(\d+)$/m);
      const url = `http://127.0.0.1:${port}`;
      expect((await fetch(`${url}/api/status`)).status).toBe(401);
      const token = readFileSync(join(stateDir, 'admin-token'), 'utf8').trim();
      expect(running.stderr).toContain(`shown this once: ${token}`);
      const status = await fetch(`${url}/api/status`, { headers: { Authorization: `Bearer ${token}` } });
      const { Agents } = (await status.json()) as { Agents: object };
      expect(Object.keys(Agents)).toHaveLength(1);
      expect(statSync(join(stateDir, 'admin-token')).mode & 0o777).toBe(0o600);
      expect(statSync(join(stateDir, 'workerd.capnp')).mode & 0o777).toBe(0o600);
    } finally {
      await running.stop();
    }
  });

  it('takes its settings from a file, and the host id from there too', async () => {
    const file = join(stateDir, 'edgedive.yml');
    writeFileSync(file, 'listen: 127.0.0.1:1\nprobe: { enabled: false }\nhost_id: from-the-file\n');
    const { url } = await start('--config', file);
    expect(await (await fetch(`${url}/api`)).json()).toMatchObject({ Host: 'from-the-file' });
  });
});
