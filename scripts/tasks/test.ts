/**
 * `npm test [-- vitest's arguments]`: all tests. What only some tests need (ping, a Python with the published client)
 * is installed first where that is possible; tests that miss it skip with a message. The last line sums up:
 * `N passed, N failed, N skipped`. Status 1 when a test failed, a file could not run, or nothing ran at all.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endWithRunner } from '../process/parent.ts';
import { packageFile, root } from '../process/paths.ts';
import { WRANGLER_ENV } from '../process/wrangler-env.ts';
import { installTestTools } from '../setup/test-tools.ts';

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { status: string }[];
  }[];
}

const resultsFile = join(root, '.edgedive/test-results', `${process.pid}.json`);

function runVitest(args: readonly string[]): Promise<number> {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultsFile}`];
  const child = spawn(process.execPath, [packageFile('vitest', 'vitest.mjs'), 'run', ...reporters, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...WRANGLER_ENV },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Undefined when vitest ended before it could write its results. */
function readResults(): Results | undefined {
  try {
    return JSON.parse(readFileSync(resultsFile, 'utf8')) as Results;
  } catch {
    return undefined;
  } finally {
    rmSync(resultsFile, { force: true });
  }
}

/** A file that failed as a whole (it does not compile, its set-up threw) has no failed test to count: it counts as one. */
function countFailed(results: Results): number {
  const files = results.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  );
  return results.numFailedTests + files.length;
}

endWithRunner();
mkdirSync(join(root, '.edgedive/test-results'), { recursive: true });
const args = process.argv.slice(2);
await installTestTools();
const status = await runVitest(args);
const results = readResults();
const passed = results?.numPassedTests ?? 0;
// An error outside of any test leaves nothing but vitest's status.
const unnamed = results === undefined || (status !== 0 && passed > 0) ? 1 : 0;
const failed = Math.max(unnamed, results === undefined ? 0 : countFailed(results));
const skipped = (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0);
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = status !== 0 || failed > 0 || passed === 0 ? 1 : 0;
