/**
 * `cap`, the libpcap binding of the capture type `pcap`: libpcap's headers by apt where we may, then a build by the
 * node-gyp that npm brings, against the headers inside the pinned Node's own package; nothing else is downloaded.
 * Without it the probe captures through AF_PACKET rings. How it went is kept in node_modules/.edgedive/cap.json.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptInstall } from './apt.mjs';
import { npmNodeGyp, run, step, which } from './run-step.mjs';

/** A failed attempt is not repeated at every start, but after this, or at once when the machine changed. */
const RETRY_MS = 24 * 3_600_000;

/** What is compiled in front of cap's source, to hand over times and lengths of packets too. */
const SHIM_FILE = fileURLToPath(new URL('cap-shim.h', import.meta.url));

/** @typedef {{ built: boolean, node: string, shim?: string, at: number, machine: string, reason?: string }} CapRecord */

const shimHash = () => createHash('sha256').update(readFileSync(SHIM_FILE)).digest('hex');

/** @param {string} root */
const recordFile = (root) => join(root, 'node_modules/.edgedive/cap.json');

function headersPresent() {
  return ['/usr/include/pcap.h', '/usr/local/include/pcap.h'].some((file) => existsSync(file));
}

/** What the outcome of a build depends on. */
function machineState() {
  const tools = ['make', 'g++', 'python3'].map((tool) => which(tool) !== undefined);
  return [process.getuid?.() === 0, headersPresent(), ...tools].join();
}

/**
 * Whether a build has to be tried now.
 * @param {string} root
 * @param {string} nodePackage
 * @returns {{ pending: boolean }}
 */
export function capState(root, nodePackage) {
  if (!existsSync(join(root, 'node_modules/cap/binding.gyp')) || !existsSync(join(nodePackage, 'bin/node'))) {
    return { pending: false };
  }
  try {
    /** @type {CapRecord} */
    const record = JSON.parse(readFileSync(recordFile(root), 'utf8'));
    if (record.built) {
      const module = join(root, 'node_modules/cap/build/Release/cap.node');
      const isOurs = record.node === nodeVersion(nodePackage) && record.shim === shimHash();
      return { pending: !isOurs || !existsSync(module) };
    }
    return { pending: record.machine !== machineState() || Date.now() - record.at > RETRY_MS };
  } catch {
    return { pending: true };
  }
}

/** Why there is no `cap`, as the last attempt found; undefined when it is built. @param {string} root */
export function capReason(root) {
  try {
    /** @type {CapRecord} */
    const record = JSON.parse(readFileSync(recordFile(root), 'utf8'));
    return record.built ? undefined : (record.reason ?? 'the build failed');
  } catch {
    return 'no build was tried';
  }
}

/** @param {string} nodePackage */
function nodeVersion(nodePackage) {
  return String(JSON.parse(readFileSync(join(nodePackage, 'package.json'), 'utf8')).version);
}

/**
 * Builds `cap`, or says why not; never throws for a reason that lies in the machine.
 * @param {string} root
 * @param {string} nodePackage
 */
export async function installCap(root, nodePackage) {
  const reason = (await installTools()) ?? (await build(root, nodePackage));
  if (reason !== undefined) {
    process.stderr.write(`set-up: going on without cap (capture type pcap): ${reason}\n`);
  }
  /** @type {CapRecord} */
  const record = {
    built: reason === undefined,
    node: nodeVersion(nodePackage),
    shim: shimHash(),
    at: Date.now(),
    machine: machineState(),
    ...(reason === undefined ? {} : { reason }),
  };
  mkdirSync(dirname(recordFile(root)), { recursive: true });
  writeFileSync(recordFile(root), JSON.stringify(record));
}

/** @returns {Promise<string | undefined>} why the tools for a build are not there */
async function installTools() {
  const missing = [
    ...(headersPresent() ? [] : ['libpcap-dev']),
    ...['make', 'g++', 'python3'].filter((tool) => which(tool) === undefined),
  ];
  if (missing.length === 0) return undefined;
  const refused = await aptInstall(missing);
  return refused === undefined ? undefined : `${missing.join(', ')} missing (${refused})`;
}

/**
 * @param {string} root
 * @param {string} nodePackage
 * @returns {Promise<string | undefined>} why it could not be built
 */
async function build(root, nodePackage) {
  const nodeGyp = npmNodeGyp();
  if (nodeGyp === undefined) return 'npm without node-gyp';
  const directory = join(root, 'node_modules/cap');
  const node = join(nodePackage, 'bin/node');
  // A user's npm setting `nodedir` arrives as a variable and beats the option: only ours may be there.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config|package)_/i.test(name)),
  );
  env['npm_config_nodedir'] = nodePackage;
  env['PATH'] = `${dirname(node)}:${env['PATH'] ?? ''}`;
  // cap asserts that its socket never reports an error; an interface that goes down does, and would abort the process.
  const shim = `-include ${JSON.stringify(SHIM_FILE)}`;
  env['CXXFLAGS'] = `${env['CXXFLAGS'] ?? ''} -DNDEBUG ${shim}`.trim();
  const outcome = await step('cap for the pinned Node', async () => {
    const built = await run(node, [nodeGyp, 'rebuild', `--nodedir=${nodePackage}`], { cwd: directory, env });
    return built.ok ? run(node, ['-e', 'require("cap")'], { cwd: root }) : built;
  });
  if (outcome.ok) return undefined;
  return outcome.tail.split('\n').find((line) => /error/i.test(line)) ?? 'the build failed';
}
