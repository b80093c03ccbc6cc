/**
 * Every command of package.json begins here: `node scripts/run.mjs <task> [arguments]`.
 * Any Node >= 18 runs this file and what it imports, with nothing installed. It does the set-up that is missing and
 * then runs scripts/tasks/<task>.ts with the pinned Node by absolute path: a shell's `a && b` would keep the first
 * `node` it found. Signals are passed on, and the task's exit status becomes ours.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup, SetupError } from './setup/setup.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tasksDir = join(root, 'scripts/tasks');

/** @param {string} text @returns {never} */
function refuse(text) {
  process.stderr.write(`edgedive: ${text}\n`);
  process.exit(2);
}

const [task = '', ...args] = process.argv.slice(2);
const taskFile = join(tasksDir, `${task}.ts`);
if (!/^[a-z-]+$/.test(task) || !existsSync(taskFile)) {
  const known = readdirSync(tasksDir).map((name) => name.replace(/\.ts$/, ''));
  refuse(
    `${task === '' ? 'no task given' : `unknown task ${task}`}; known: ${known.toSorted?.().join(', ') ?? known.join(', ')}`,
  );
}

/** Their end by a signal is how they are meant to end; for the others it means that they did not finish. */
const ENDS_BY_SIGNAL = new Set(['start', 'dev', 'probe', 'lab']);
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
/** @type {(signal: NodeJS.Signals) => void} */
let onSignal = (signal) => process.exit(ENDS_BY_SIGNAL.has(task) ? 0 : 128 + constants.signals[signal]);
for (const signal of SIGNALS) process.on(signal, () => onSignal(signal));

// npm killed with SIGKILL would leave us running: under npm our parent is npm, and its death ends us too.
if (process.env['npm_lifecycle_event'] !== undefined) {
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || onSignal('SIGTERM'), 500).unref();
}

let node = process.execPath;
try {
  node = await setup(root);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`edgedive: set-up failed: ${error.message}\n`);
  process.exit(1);
}

const child = spawn(node, ['--disable-warning=ExperimentalWarning', taskFile, ...args], {
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}`,
    // Says whose death a task must not survive; see scripts/process/parent.ts.
    EDGEDIVE_RUNNER_PID: String(process.pid),
  },
});
child.on('error', (error) => refuse(`cannot run ${node}: ${error.message}`));
let forwarded = false;
child.on('exit', (code, signal) => {
  // It may die of the signal itself when it has not come to listen for it yet.
  const asMeant = forwarded && signal !== null && ENDS_BY_SIGNAL.has(task);
  process.exit(code ?? (asMeant || signal === null ? 0 : 128 + constants.signals[signal]));
});
onSignal = (signal) => {
  forwarded = true;
  child.kill(signal);
};
