/**
 * An analyzer with a probe, as a test sees one: on a free port of loopback, with data of its own in a directory that
 * goes with it. `startEdgedive` is `npm start`; `startWranglerDev` is `npm run dev` with a probe beside it.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Running } from './process.ts';

export interface Analyzer {
  /** 127.0.0.1:PORT */
  readonly address: string;
  /** http://127.0.0.1:PORT */
  readonly url: string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  get(path: string): Promise<Response>;
  /** The body goes as JSON. */
  post(path: string, body: unknown): Promise<Response>;
  /** The answer to a Gremlin text; rejects with the answer's text when it is refused. */
  query<T = unknown>(gremlin: string): Promise<T>;
  /** SIGKILL to workerd; when supervised it comes back by itself. */
  kill9Analyzer(): Promise<void>;
  /** Starts an unsupervised analyzer again on the same port and data; resolves when it answers. */
  startAnalyzer(): Promise<void>;
  /** What all its processes have printed. */
  output(): string;
  /** Ends everything and removes the data. */
  stop(): Promise<void>;
}

export interface EdgediveOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** No probe at all. */
  readonly probe?: boolean;
  /** False: the analyzer stays dead after `kill9Analyzer` until `startAnalyzer`; its probe lives on beside it. */
  readonly supervised?: boolean;
}

/** For tests of what must hold on both runtimes: name and start. */
export const analyzers: [string, () => Promise<Analyzer>][] = [
  ['npm start', () => startEdgedive()],
  ['wrangler dev', () => startWranglerDev()],
];

/** Tries until `check` does not throw; rejects with its last error. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 20_000 }: { timeoutMs?: number } = {},
): Promise<T> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= giveUpAt) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** `npm start` on a free port; resolves at its ready line. */
export async function startEdgedive(options: EdgediveOptions = {}): Promise<Analyzer> {
  const stateDir = mkdtempSync(join(tmpdir(), 'edgedive-e2e-'));
  const supervised = options.supervised ?? true;
  const start = async (address: string) => {
    const alone = supervised && (options.probe ?? true) ? [] : ['--no-probe'];
    const args = ['--listen', address, '--state', stateDir, ...alone, ...(options.args ?? [])];
    const running = Running.task('start', args, options.env);
    const ready = await running.printed(/^Edgedive ready: http:\/\/(\S+)$/m);
    return { running, address: ready[1]! };
  };
  const first = await start('127.0.0.1:0');
  const { address } = first;
  let main = first.running;
  const probe = supervised || options.probe === false ? undefined : startProbe(address, options.env);
  return analyzerAt(address, {
    output: () => `${main.stdout}${main.stderr}${probe?.stderr ?? ''}`,
    kill9Analyzer: async () => {
      if (supervised) process.kill(workerdOf(stateDir), 'SIGKILL');
      else await main.stop('SIGKILL');
    },
    startAnalyzer: async () => {
      if (supervised) await answering(address);
      else main = (await start(address)).running;
    },
    stop: async () => {
      await probe?.stop();
      await main.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  });
}

/** `npm run dev` on a free port, with a probe beside it. */
export async function startWranglerDev(options: EdgediveOptions = {}): Promise<Analyzer> {
  const stateDir = mkdtempSync(join(tmpdir(), 'edgedive-dev-'));
  const address = `127.0.0.1:${await freePort()}`;
  const port = address.split(':')[1]!;
  const args = ['--port', port, '--inspector-port', String(await freePort()), '--persist-to', stateDir];
  const start = async () => {
    const running = Running.task('dev', [...args, ...(options.args ?? [])], options.env);
    await answering(address, running);
    return running;
  };
  let main = await start();
  const probe = options.probe === false ? undefined : startProbe(address, options.env);
  return analyzerAt(address, {
    output: () => `${main.stdout}${main.stderr}${probe?.stderr ?? ''}`,
    kill9Analyzer: async () => void (await main.stop('SIGKILL')),
    startAnalyzer: async () => void (main = await start()),
    stop: async () => {
      await probe?.stop();
      await main.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  });
}

type Life = Pick<Analyzer, 'output' | 'kill9Analyzer' | 'startAnalyzer' | 'stop'>;

function analyzerAt(address: string, life: Life): Analyzer {
  const url = `http://${address}`;
  const call = (path: string, init?: RequestInit) => fetch(`${url}${path}`, init);
  const post = (path: string, body: unknown) =>
    call(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  return {
    ...life,
    address,
    url,
    fetch: call,
    get: (path) => call(path),
    post,
    query: async <T>(gremlin: string) => {
      const answer = await post('/api/topology', { GremlinQuery: gremlin });
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`${gremlin}: ${answer.status} ${text}`);
      return JSON.parse(text) as T;
    },
  };
}

function startProbe(address: string, env?: Readonly<Record<string, string>>): Running {
  return Running.task('probe', ['--analyzer', `http://${address}`], env);
}

async function answering(address: string, running?: Running): Promise<void> {
  await eventually(
    async () => {
      if (running?.ended === true) return;
      await fetch(`http://${address}/api`);
    },
    { timeoutMs: 60_000 },
  );
  if (running?.ended === true) throw new Error(`ended at once:\n${running.stdout}${running.stderr}`);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => void server.close(resolve));
  return port;
}

/** The workerd that serves this state directory; throws when there is none. */
export function workerdOf(stateDir: string): number {
  const found = processesWith(stateDir).find(({ command }) => command.split(' ')[0]!.endsWith('/workerd'));
  if (found === undefined) throw new Error(`no workerd serves ${stateDir}`);
  return found.pid;
}

/** Every process whose command line contains the text. */
export function processesWith(text: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return command.includes(text) ? [{ pid: Number(name), command }] : [];
      } catch {
        return [];
      }
    });
}
