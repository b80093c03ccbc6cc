/**
 * What must be on the machine before any task runs: the packages of package-lock.json, the pinned Node, and, where
 * that is possible, `cap` built for that Node. Each step looks first whether it is done; when all are, set-up costs
 * a few file reads. Steps that do something say so on stderr with their time.
 *
 * Without root, without a compiler or without libpcap's headers everything but `cap` works, and the reason is said.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { capState, installCap } from './cap.mjs';
import { lock } from './lock.mjs';
import { npmCommand, run, step } from './run-step.mjs';

/** Set-up cannot go on; the message says what to do. */
export class SetupError extends Error {}

/** A second set-up waits this long for the first. */
const LOCK_WAIT_MS_MAX = 600_000;

/** @param {string} root @returns {string} the directory of the pinned Node's package for this machine */
const nodePackage = (root) => join(root, 'node_modules', `node-${process.platform}-${process.arch}`);

/**
 * Does what is missing.
 * @param {string} root the checkout
 * @returns {Promise<string>} absolute path of the Node that runs the tasks
 */
export async function setup(root) {
  if (!packagesReady(root) || capState(root, nodePackage(root)).pending) {
    const release = await lock(join(root, '.edgedive/setup.lock'), {
      waitMsMax: LOCK_WAIT_MS_MAX,
      onWait: (holder) =>
        process.stderr.write(`set-up: waiting for process ${holder}, which does it already\n`),
    });
    try {
      if (!packagesReady(root)) await installPackages(root);
      if (capState(root, nodePackage(root)).pending) await installCap(root, nodePackage(root));
    } finally {
      release();
    }
  }
  return pinnedNode(root);
}

/** @param {string} root */
function stampFile(root) {
  return join(root, 'node_modules/.edgedive/packages');
}

/** @param {string} root */
function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** @param {string} root */
function packagesReady(root) {
  try {
    return readFileSync(stampFile(root), 'utf8') === lockHash(root);
  } catch {
    return false;
  }
}

/** @param {string} root */
async function installPackages(root) {
  if (!matchesLock(root)) {
    const outcome = await step('packages (npm ci)', () => {
      const npm = npmCommand();
      const args = [
        'ci',
        '--ignore-scripts',
        '--include=dev',
        '--include=optional',
        '--no-audit',
        '--no-fund',
      ];
      return run(npm.command, [...npm.args, ...args], { cwd: root });
    });
    if (!outcome.ok) throw new SetupError(`npm ci failed:\n${outcome.tail}`);
  }
  mkdirSync(dirname(stampFile(root)), { recursive: true });
  writeFileSync(stampFile(root), lockHash(root));
}

/**
 * Whether node_modules holds what the lock file says, judged by the list that npm itself keeps there: who ran
 * `npm install` by hand is spared a second installation.
 * @param {string} root
 */
function matchesLock(root) {
  /** @typedef {{ version?: string, integrity?: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} Entry */
  try {
    /** @type {{ packages: Record<string, Entry> }} */
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    /** @type {{ packages: Record<string, Entry> }} */
    const present = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8'));
    for (const [path, entry] of Object.entries(wanted.packages)) {
      if (path === '') continue;
      const installed = present.packages[path];
      if (installed === undefined ? !foreign(entry) : installed.integrity !== entry.integrity) return false;
      if (installed !== undefined && !existsSync(join(root, path, 'package.json'))) return false;
    }
    return Object.keys(present.packages).every((path) => wanted.packages[path] !== undefined);
  } catch {
    return false;
  }
}

/**
 * Whether npm leaves an optional package out here: it is for another system, or it is needed by one that is.
 * @param {{ optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} entry
 */
function foreign(entry) {
  if (entry.optional !== true) return false;
  const mine = entry.os?.includes(process.platform) && entry.cpu?.includes(process.arch);
  return !mine || (entry.libc !== undefined && !entry.libc.includes('glibc'));
}

/**
 * The Node of the optional package for this machine; on a machine that has none, the Node that runs this, when it
 * is new enough to run TypeScript.
 * @param {string} root
 */
function pinnedNode(root) {
  const node = join(nodePackage(root), 'bin/node');
  try {
    accessSync(node, constants.X_OK);
    return node;
  } catch {
    // No such package for this machine.
  }
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const found = `${process.platform}-${process.arch}, Node ${process.versions.node}`;
  throw new SetupError(`no pinned Node for this machine (${found}): run it with Node 24 or newer`);
}
