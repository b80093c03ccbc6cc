/**
 * What tests of the whole need beside the packages: a few commands of the system, and a Python with the published
 * client of the reference's API and an independent decoder of netlink messages. Where one is not to be had the tests that use it skip and say why.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../process/paths.ts';
import { aptInstall } from './apt.mjs';
import { lock } from './lock.mjs';
import { run, step, which } from './run-step.mjs';

/** Command → Debian package. */
const COMMANDS = {
  ip: 'iproute2',
  ping: 'iputils-ping',
  setpriv: 'util-linux',
  tshark: 'tshark',
  softflowd: 'softflowd',
  pmacctd: 'pmacct',
  nfcapd: 'nfdump',
  dockerd: 'docker.io',
  lldpd: 'lldpd',
  'ovs-vswitchd': 'openvswitch-switch',
  chromium: 'chromium',
} as const;

/** A Python of its own: where it is, what is installed in it, and what that is for people. */
interface Venv {
  readonly directory: string;
  readonly requirementsFile: string;
  readonly title: string;
}

const clientVenv: Venv = {
  directory: join(root, '.edgedive/venv'),
  requirementsFile: join(root, 'test/e2e/python/requirements.txt'),
  title: 'Python with skydive-client and pyroute2',
};

/** Its packages want other versions than the clients'. */
export const fuzzVenv: Venv = {
  directory: join(root, '.edgedive/venv-fuzz'),
  requirementsFile: join(root, 'test/fuzz/requirements.txt'),
  title: 'Python with Schemathesis',
};

const LOCK_WAIT_MS_MAX = 300_000;

/** Installs what is missing and may be installed; says what stays missing. */
export async function installTestTools(): Promise<void> {
  const missing = Object.entries(COMMANDS).filter(([command]) => which(command) === undefined);
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, name]) => name))];
    const refused = await aptInstall(packages, { startServices: false });
    if (refused !== undefined) say(`${missing.map(([command]) => command).join(', ')} missing: ${refused}`);
  }
  const python = await ensurePython();
  if ('reason' in python) say(`tests that use Python cannot run: ${python.reason}`);
}

const say = (text: string) => process.stderr.write(`set-up: ${text}\n`);

/**
 * A Python whose environment holds the packages of a file with versions, made once from PyPI. Gives the interpreter's
 * absolute path, or the reason why there is none.
 */
export async function ensurePython(
  venv: Venv = clientVenv,
): Promise<{ python: string } | { reason: string }> {
  const python = join(venv.directory, 'bin/python');
  const stamp = join(venv.directory, '.edgedive');
  const wanted = createHash('sha256').update(readFileSync(venv.requirementsFile)).digest('hex');
  const ready = () => existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (ready()) return { python };
  mkdirSync(join(root, '.edgedive'), { recursive: true });
  const release = await lock(`${venv.directory}.lock`, {
    waitMsMax: LOCK_WAIT_MS_MAX,
    onWait: () => {},
  });
  try {
    if (ready()) return { python };
    const reason = await makeVenv(venv, python);
    if (reason !== undefined) return { reason };
    writeFileSync(stamp, wanted);
    return { python };
  } finally {
    release();
  }
}

async function makeVenv(
  { directory, requirementsFile, title }: Venv,
  python: string,
): Promise<string | undefined> {
  if (which('python3') === undefined) {
    const refused = await aptInstall(['python3', 'python3-venv']);
    if (refused !== undefined) return `no python3 (${refused})`;
  }
  const outcome = await step(title, async () => {
    rmSync(directory, { recursive: true, force: true });
    let made = await run('python3', ['-m', 'venv', directory]);
    // Debian keeps what `venv` needs in a package of its own.
    if (!made.ok && (await aptInstall(['python3-venv'])) === undefined)
      made = await run('python3', ['-m', 'venv', directory]);
    if (!made.ok) return made;
    return run(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', requirementsFile]);
  });
  return outcome.ok ? undefined : (outcome.tail.split('\n').at(-1) ?? 'pip failed');
}
