/**
 * `npm run lab [-- --once] [--analyzer URL] [--listen HOST:PORT]`: the namespace laboratory. Builds the small data
 * centre of scripts/lab/, starts an analyzer (unless one is named) and a probe on each of its two hosts, makes
 * traffic, and says what to try; Ctrl-C takes it all away. With `--once` it follows one ping from a container on one
 * host to one on the other, prints what the analyzer saw of it, and ends: status 0 when that was all there.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDataCentre, containers, type DataCentre } from '../lab/data-centre.ts';
import { LabProbe } from '../lab/lab-probe.ts';
import { captureAlongTheWay, followPing, waitForProbes } from '../lab/look.ts';
import { Traffic } from '../lab/traffic.ts';
import { endWithRunner } from '../process/parent.ts';
import { root } from '../process/paths.ts';

const USAGE = `usage: npm run lab [-- --once] [--analyzer URL] [--listen HOST:PORT]

  --once              follow one ping through the laboratory, print what was seen, and end
  --analyzer URL      tell this analyzer (http:) instead of starting one
  --listen HOST:PORT  where the analyzer that is started listens (127.0.0.1:8082)
`;

const say = (text: string) => process.stderr.write(`edgedive lab: ${text}\n`);

const STATE_PREFIX = 'edgedive-lab-';

class UsageError extends Error {}

interface Options {
  readonly once: boolean;
  readonly analyzer: URL | undefined;
  readonly listen: string;
}

function readOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        once: { type: 'boolean', default: false },
        analyzer: { type: 'string' },
        listen: { type: 'string', default: '127.0.0.1:8082' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    const { once, listen, analyzer } = values;
    return { once, listen, analyzer: analyzer === undefined ? undefined : analyzerOf(analyzer) };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}

function analyzerOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:') throw new UsageError(`--analyzer: not an http: address: ${text}`);
  return url;
}

/** What has been started, to be taken away in the other order. */
const undo: (() => Promise<unknown>)[] = [];

async function takeDown(): Promise<void> {
  for (let last = undo.pop(); last !== undefined; last = undo.pop())
    await last().catch((error: unknown) => say(`taking down: ${String(error)}`));
}

/** Of a laboratory that was killed its data are all that stays; their name tells whose they were. */
function removeDataOfTheDead(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(STATE_PREFIX)
      ? /^\d+/.exec(name.slice(STATE_PREFIX.length))?.[0]
      : undefined;
    if (owner !== undefined && !existsSync(`/proc/${owner}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** An analyzer of the laboratory's own, with data that goes with it. */
async function startAnalyzer(listen: string): Promise<URL> {
  removeDataOfTheDead();
  const stateDir = mkdtempSync(join(tmpdir(), `${STATE_PREFIX}${process.pid}-`));
  const child: ChildProcess = spawn(
    process.execPath,
    ['scripts/tasks/start.ts', '--listen', listen, '--state', stateDir, '--no-probe'],
    {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, EDGEDIVE_RUNNER_PID: String(process.pid) },
    },
  );
  undo.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(stateDir, { recursive: true, force: true });
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error('the analyzer cannot run');
  });
  const [line] = (await Promise.race([once(child.stdout!, 'data'), ended])) as [Buffer];
  return new URL(/http:\S+/.exec(line.toString())![0]);
}

async function start({ analyzer, listen }: Options): Promise<{ url: URL; dataCentre: DataCentre }> {
  const dataCentre = await buildDataCentre();
  undo.push(() => dataCentre.remove());
  for (const skipped of dataCentre.skipped) say(`left out, this kernel does not make it: ${skipped}`);
  const url = analyzer ?? (await startAnalyzer(listen));
  for (const host of [dataCentre.rack1, dataCentre.rack2]) {
    const probe = new LabProbe(host, url, (line) => process.stderr.write(`${host.name}: ${line}\n`));
    undo.push(() => probe.stop());
  }
  await waitForProbes(url, [dataCentre.rack1.name, dataCentre.rack2.name]);
  return { url, dataCentre };
}

function whatToTry({ href }: URL, { rack1, rack2 }: DataCentre): string {
  const api = href.replace(/\/$/, '');
  const post = (path: string, query: string) =>
    `curl -s ${api}/api/${path} -d '${JSON.stringify({ GremlinQuery: query.replaceAll("'", '"') })}'`;
  const ask = (query: string) => post('topology', query);
  const { web, db } = containers;
  return [
    `Two hosts, rack1 and rack2, with a container each: ${web.name} (${web.address}) and ${db.name} (${db.address}).`,
    `Pings and a TCP transfer run between them. Try:`,
    ``,
    `  ${ask(`G.V().Has('Name','${web.name}').Out('Name','eth0')`)}`,
    `  ${post('capture', `G.V().Has('MAC','${web.mac}')`)}`,
    `  ${ask(`G.Flows().Has('Network.B','${db.address}')`)}`,
    `  ${ask(`G.Flows().Has('Application','ICMPv4').Hops()`)}`,
    ``,
    `On the hosts:`,
    ``,
    `  ${rack1.enter.join(' ')} ip netns exec ${web.name} ping ${db.address}`,
    `  ${rack2.enter.join(' ')} ip -br link`,
    ``,
    `Ctrl-C takes it all away.`,
    ``,
  ].join('\n');
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (process.getuid?.() !== 0) throw new UsageError('network namespaces need root');
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => resolve('interrupted'));
  });
  endWithRunner();
  const work = async (): Promise<number> => {
    const { url, dataCentre } = await start(options);
    const traffic = await Traffic.start(dataCentre);
    undo.push(() => traffic.stop());
    if (options.once) {
      await captureAlongTheWay(url);
      return (await followPing(url, traffic, (line) => process.stdout.write(`${line}\n`))) ? 0 : 1;
    }
    traffic.keepOn();
    process.stdout.write(whatToTry(url, dataCentre));
    await interrupted;
    return 0;
  };
  const status = await Promise.race([work(), interrupted]);
  return status === 'interrupted' ? 0 : status;
}

let status = 1;
try {
  status = await main();
} catch (error) {
  say((error as Error).message);
  if (error instanceof UsageError) status = 2;
} finally {
  await takeDown();
}
process.exit(status);
