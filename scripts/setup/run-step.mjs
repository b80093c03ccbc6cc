/**
 * Commands run by the set-up: quiet unless they fail, each step told with its time on stderr.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { spawnTethered } from './tether.mjs';

/** @typedef {{ ok: boolean, tail: string }} Outcome the last lines of what it printed */

const TAIL_LINES_MAX = 30;

/**
 * Runs a command without standard input and keeps what it prints. Never rejects. It dies with us, so that a set-up
 * that was killed is not still writing while the next one begins; `finish` lets it come to its end instead.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, finish?: boolean }} [options]
 * @returns {Promise<Outcome>}
 */
export function run(command, args, { finish = false, ...options } = {}) {
  return new Promise((resolve) => {
    const child = finish
      ? spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options })
      : spawnTethered({ command, args, ...options });
    let text = '';
    const keep = (/** @type {Buffer} */ chunk) => {
      text = (text + chunk.toString()).slice(-16_384);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', (error) => resolve({ ok: false, tail: error.message }));
    child.on('close', (code) => {
      resolve({ ok: code === 0, tail: text.trimEnd().split('\n').slice(-TAIL_LINES_MAX).join('\n') });
    });
  });
}

/**
 * Does the work and says how it ended and how long it took.
 * @param {string} name
 * @param {() => Promise<Outcome>} work
 * @returns {Promise<Outcome>}
 */
export async function step(name, work) {
  const started = Date.now();
  if (process.stderr.isTTY) process.stderr.write(`set-up: ${name} …\r`);
  const outcome = await work();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stderr.write(`set-up: ${name}: ${outcome.ok ? 'done' : 'failed'} in ${seconds} s\n`);
  return outcome;
}

/** @param {string} name @returns {string | undefined} absolute path of an executable in PATH */
export function which(name) {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(directory, name);
    try {
      if (directory === '') continue;
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Look in the next one.
    }
  }
  return undefined;
}

/** The npm that started us, else the one in PATH. @returns {{ command: string, args: string[] }} */
export function npmCommand() {
  const starter = process.env['npm_execpath'] ?? '';
  if (/npm-cli\.c?js$/.test(starter) && existsSync(starter))
    return { command: process.execPath, args: [starter] };
  return { command: which('npm') ?? 'npm', args: [] };
}

/** The node-gyp that npm brings along. @returns {string | undefined} its script */
export function npmNodeGyp() {
  const starter = process.env['npm_execpath'] ?? '';
  const inPath = which('npm');
  for (const npm of [starter, inPath === undefined ? '' : realpathSync(inPath)]) {
    if (npm === '') continue;
    try {
      return createRequire(join(dirname(npm), 'npm-cli.js')).resolve('node-gyp/bin/node-gyp.js');
    } catch {
      // Not an npm with node-gyp beside it.
    }
  }
  return undefined;
}
