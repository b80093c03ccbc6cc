/**
 * Children that cannot outlive us, whatever kills us. Each gets a session (and so a process group) of its own with a
 * watcher in it that waits for the end of a pipe of ours: when we are gone, the watcher kills the group, and with it
 * what the child itself had started (`kill -9` of wrangler leaves workerd on the port otherwise). The group's number
 * cannot go to another process while the watcher lives in it.
 */
import { spawn } from 'node:child_process';

/** Descriptor 3 is the pipe, 4 the command's alone; `$$` is the child, since `exec` keeps the process id. */
const WATCHER = '{ read -r _ <&3; kill -9 -$$; } >/dev/null 2>&1 4<&- & exec "$@" 3<&-';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/**
 * @typedef {object} TetherOptions
 * @property {string} command
 * @property {readonly string[]} args
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {number | undefined} [descriptor] of ours, which the command has as `TETHERED_DESCRIPTOR`
 */

export const TETHERED_DESCRIPTOR = 4;

/**
 * Starts the command without standard input; its output comes as `stdout` and `stderr` pipes, its process id is the
 * command's own. When it ends, whatever it left behind in its group is killed.
 * @param {TetherOptions} options
 * @returns {ChildProcess}
 */
export function spawnTethered(options) {
  const child = spawn('/bin/sh', ['-c', WATCHER, 'edgedive-tether', options.command, ...options.args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', options.descriptor ?? 'ignore'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  // The pipe breaks when the watcher is killed together with its group.
  child.stdio[3]?.on('error', () => {});
  child.on('exit', () => killGroup(child));
  return child;
}

/**
 * SIGKILL to the child and to everything it started.
 * @param {ChildProcess} child
 */
export function killGroup(child) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The watcher had to go with the rest already.
  }
  child.stdio[3]?.destroy();
}

/**
 * SIGTERM to the child, then SIGKILL to its group once the grace time is over; resolves when the child is gone.
 * @param {ChildProcess} child
 * @param {number} graceMs
 * @returns {Promise<void>}
 */
export async function stopTethered(child, graceMs) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  /** @type {Promise<void>} */
  const gone = new Promise((resolve) => {
    child.once('exit', () => resolve());
  });
  child.kill('SIGTERM');
  const timer = setTimeout(() => killGroup(child), graceMs);
  await gone;
  clearTimeout(timer);
}
