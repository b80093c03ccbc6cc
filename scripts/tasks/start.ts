/**
 * `npm start`: the analyzer in plain workerd and, unless told not to, a probe of this host, until a signal ends both.
 * Prints `Edgedive ready: http://HOST:PORT` on stdout once when the routes answer; everything else goes to stderr.
 * Exit status: 0 after a signal, 1 when the analyzer cannot run, 2 for settings that cannot be followed.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { messageOf } from '../../core/errors.ts';
import { buildPage } from '../build-page.mjs';
import { endWithRunner } from '../process/parent.ts';
import { packageFile, root } from '../process/paths.ts';
import { Supervised } from '../process/supervisor.ts';
import { tryLock } from '../setup/lock.mjs';
import { TETHERED_DESCRIPTOR } from '../setup/tether.mjs';
import { bundleWorker } from '../start/bundle.ts';
import { startCredentials, type StartCredentials } from '../start/credentials.ts';
import { addressOf, allowedHosts, localAddressOf, type Listen } from '../start/listen.ts';
import { serveArchive } from '../start/archive-folder.ts';
import { ConfigError } from '../start/config-error.ts';
import { readOptions, USAGE, type StartOptions } from '../start/options.ts';
import { UdpRelay } from '../start/udp-relay.ts';
import { settingFaults } from '../start/setting-faults.ts';
import { startTls, type StartedTls } from '../start/start-tls.ts';
import { takeAddress } from '../start/take-address.ts';
import { readWranglerToml, workerdConfig } from '../start/workerd-config.ts';

/** With an open socket workerd had not ended 12 s after SIGTERM; its storage survives a kill. */
const WORKERD_GRACE_MS = 1_000;
/** The probe says goodbye and sends what it holds. */
const PROBE_GRACE_MS = 4_500;
/** What the probe says of each of its sockets once the analyzer has welcomed it. */
const PROBE_UP = /: connected to /;
/** A probe that is slow to come up does not hold back the ready line for longer. */
const PROBE_WAIT_MS_MAX = 3_000;
const READY_WAIT_MS_MAX = 30_000;
/** An analyzer that dies this often before it ever answered will not answer. */
const DEATHS_BEFORE_READY_MAX = 3;

/** What workerd says of a write that finds no room. */
const DISK_FULL = /database or disk is full/;
const FULL_SAID_EVERY_MS = 60_000;
let fullSaidMs = -Infinity;

/** In words, among what the runtime says of it. */
function sayFull(stateDir: string): void {
  if (performance.now() - fullSaidMs < FULL_SAID_EVERY_MS) return;
  fullSaidMs = performance.now();
  say(
    `the disk of ${stateDir} is full: nothing can be written until there is room; probes keep their flows and send them then`,
  );
}

const say = (text: string) => process.stderr.write(`edgedive: ${text}\n`);

/** Before anything runs there is nothing to end. */
let onSignal = (): void => process.exit(0);
/** Ends us too, unless there are certificates to read again. */
let onHangUp = (): void => onSignal();

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => onSignal());
  process.on('SIGHUP', () => onHangUp());
  const given = readOptions(process.argv.slice(2), process.cwd(), process.env);
  if (given === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  for (const warning of given.warnings) say(warning);
  const { listen, descriptor, connections } = await takeAddress(given.listen, say);
  const options = { ...given, listen };
  lockState(options.stateDir);
  const tls = await startTls(options, descriptor, say);
  if (tls !== undefined) onHangUp = tls.reload;
  const credentials = options.auth
    ? startCredentials(options.stateDir, options.vars['EDGEDIVE_ADMIN_TOKEN'])
    : undefined;
  const configFile = await writeConfiguration(options, credentials, connections, tls);
  let probe: Supervised | undefined;
  let relay: UdpRelay | undefined;
  let ready = false;
  const analyzer = new Supervised({
    name: 'analyzer',
    prefix: 'analyzer: ',
    command: packageFile(
      `@cloudflare/workerd-${process.platform}-${process.arch === 'x64' ? '64' : process.arch}`,
      'bin/workerd',
    ),
    args: ['serve', configFile, 'config', ...socketOf(tls?.inner.fd ?? descriptor)],
    descriptor: tls?.inner.fd ?? descriptor,
    stopGraceMs: WORKERD_GRACE_MS,
    onLine: (line) => {
      if (DISK_FULL.test(line)) sayFull(options.stateDir);
    },
    onDeath: (deaths) => {
      if (ready || deaths < DEATHS_BEFORE_READY_MAX) return true;
      say('the analyzer cannot run; its reason stands above');
      void end(1);
      return false;
    },
  });
  let ending: Promise<void> | undefined;
  const end = (status: number) =>
    (ending ??= (async () => {
      relay?.stop();
      tls?.stop();
      await probe?.stop();
      await analyzer.stop();
      process.exit(status);
    })());
  onSignal = () => void end(0);
  endWithRunner();

  const url = `${tls === undefined ? 'http' : 'https'}://${addressOf(options.listen)}`;
  await answering(`http://${localAddressOf(options.listen)}/api`, tls?.inner.path);
  ready = true;
  if (options.probe) {
    const up = Promise.withResolvers<void>();
    probe = startProbe(options, credentials?.probe, tls?.inner.path, up.resolve);
    await Promise.race([up.promise, sleep(PROBE_WAIT_MS_MAX)]);
  }
  if (options.udpRelay !== undefined) relay = await startRelay(options, options.udpRelay, credentials?.admin);
  if (ending !== undefined) return;
  tellAuth(credentials);
  process.stdout.write(`Edgedive ready: ${url}\n`);
}

async function startRelay(
  options: StartOptions,
  listen: Listen,
  token: string | undefined,
): Promise<UdpRelay> {
  const relay = new UdpRelay({ listen, analyzer: `http://${localAddressOf(options.listen)}`, token, say });
  try {
    const port = await relay.start();
    say(`flows of Skydive agents are taken as UDP datagrams at ${addressOf({ ...listen, port })}`);
    return relay;
  } catch (error) {
    throw new ConfigError('agents.udp_relay', messageOf(error));
  }
}

/** Who may come in, said once at each start; the first administrator's token itself only when it was made. */
function tellAuth(credentials: StartCredentials | undefined): void {
  if (credentials === undefined) {
    say('authentication is off: whoever reaches the address may do everything');
    return;
  }
  const { admin, adminFile, isNew } = credentials;
  if (isNew) say(`the administrator's token, shown this once: ${admin}`);
  say(
    `authentication is on; the administrator's token is ${adminFile === undefined ? 'the one that the settings give' : `in ${adminFile}`}`,
  );
}

/** In place of the address in the configuration. */
function socketOf(descriptor: number | undefined): string[] {
  return descriptor === undefined ? [] : ['--socket-fd', `http=${TETHERED_DESCRIPTOR}`];
}

const sleep = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms).unref());

/** Two analyzers must not write one database; the lock goes with this process, however it ends. */
function lockState(stateDir: string): void {
  try {
    const lock = tryLock(join(stateDir, 'lock'));
    if (!lock.held) throw new ConfigError('state', `${stateDir} is in use by process ${lock.holder}`);
    process.on('exit', lock.release);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError('state', (error as Error).message);
  }
}

/** Writes the bundled Worker and workerd's configuration into the state directory; gives the configuration's path. */
async function writeConfiguration(
  options: StartOptions,
  credentials: StartCredentials | undefined,
  connections: string | undefined,
  tls: StartedTls | undefined,
): Promise<string> {
  const wrangler = readWranglerToml(readFileSync(join(root, 'wrangler.toml'), 'utf8'));
  const { code, wasm } = await bundleWorker(wrangler.main);
  const storageDir = join(options.stateDir, 'do');
  mkdirSync(storageDir, { recursive: true });
  writeFileSync(join(options.stateDir, 'worker.js'), code);
  for (const { name, file } of wasm) copyFileSync(file, join(options.stateDir, name));
  const vars: Record<string, string> = {
    EDGEDIVE_HOST_ID: options.hostId,
    EDGEDIVE_ALLOWED_HOSTS: allowedHosts(options.listen).join(','),
    EDGEDIVE_LISTEN: addressOf(options.listen),
    ...options.vars,
    EDGEDIVE_AUTH: options.auth ? 'on' : 'off',
    ...(credentials !== undefined && {
      EDGEDIVE_ADMIN_TOKEN: credentials.admin,
      EDGEDIVE_PROBE_TOKEN: credentials.probe,
    }),
  };
  refuseFaults(vars);
  const configFile = join(options.stateDir, 'workerd.capnp');
  const written = workerdConfig(wrangler, {
    address: addressOf(options.listen),
    moduleFile: 'worker.js',
    wasmModules: wasm.map(({ name }) => name),
    storageDir,
    assetsDir: await pageFolder(options.stateDir),
    ...(connections === undefined ? {} : { connections }),
    ...(options.archive === undefined ? {} : { archive: await openArchive(options.archive) }),
    ...(tls === undefined ? {} : { believed: tls.believed }),
    vars,
  });
  // It holds secrets.
  writeFileSync(configFile, '', { mode: 0o600 });
  chmodSync(configFile, 0o600);
  writeFileSync(configFile, written);
  return configFile;
}

/** A service may not write into the checkout: it makes the page in its own folder. */
async function pageFolder(stateDir: string): Promise<string> {
  try {
    return await buildPage();
  } catch (error) {
    if (!/^(?:EACCES|EROFS|EPERM)$/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return buildPage(join(stateDir, 'page'));
  }
}

async function openArchive(folder: string): Promise<string> {
  try {
    return await serveArchive(folder);
  } catch (error) {
    throw new ConfigError('history.archive', (error as Error).message);
  }
}

/** The analyzer itself would go on with its defaults; who starts it by hand is told at once. Throws a ConfigError. */
function refuseFaults(vars: Readonly<Record<string, string>>): void {
  const [fault] = settingFaults(vars);
  if (fault === undefined) return;
  const [name = ''] = fault.split(': ', 1);
  throw new ConfigError(name, fault.slice(name.length + 2));
}

/** Resolves when the analyzer gives any answer that is not a failure of its own. */
async function answering(url: string, socketPath: string | undefined): Promise<void> {
  const giveUpAt = Date.now() + READY_WAIT_MS_MAX;
  for (let last = 'no answer'; Date.now() < giveUpAt;) {
    try {
      const answer = await answerOf(url, socketPath);
      if (answer.status < 500) return;
      last = `${answer.status} ${answer.body}`;
    } catch {
      // Not listening yet.
    }
    if (Date.now() + 1_000 > giveUpAt) throw new Error(`${url} does not answer: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function answerOf(
  url: string,
  socketPath: string | undefined,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { socketPath, agent: false, timeout: 5_000 }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
  });
}

function startProbe(
  { listen, hostId, probeVars }: StartOptions,
  token: string | undefined,
  socketPath: string | undefined,
  up: () => void,
): Supervised {
  return new Supervised({
    name: 'probe',
    prefix: '',
    command: process.execPath,
    args: [
      join(root, 'probe/main.ts'),
      '--analyzer',
      `http://${localAddressOf(listen)}`,
      '--host-id',
      hostId,
    ],
    // Not on the command line, which everybody on this machine can read.
    env: {
      ...process.env,
      ...probeVars,
      // It speaks with the analyzer beside it, with a credential of its own.
      EDGEDIVE_CERT: '',
      EDGEDIVE_KEY: '',
      EDGEDIVE_TOKEN_FILE: '',
      ...(socketPath !== undefined && { EDGEDIVE_ANALYZER_SOCKET: socketPath }),
      ...(token !== undefined && { EDGEDIVE_TOKEN: token }),
    },
    stopGraceMs: PROBE_GRACE_MS,
    onLine: (line) => {
      if (PROBE_UP.test(line)) up();
    },
  });
}

try {
  await main();
} catch (error) {
  const wrongSetting = error instanceof ConfigError;
  say(wrongSetting ? error.message : `cannot start: ${(error as Error).message}`);
  process.exit(wrongSetting ? 2 : 1);
}
