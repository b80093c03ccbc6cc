/**
 * Schemathesis on our own description: requests that fit it, and such as do not, made by the thousand and sent to an analyzer of their
 * own. `npm run fuzz -- api [--seconds N] [--examples N] [--seed N] [--base URL]`. Checks that nothing is a 5xx, and that status, type
 * and body of each answer stand in the description. Its report is printed; exit status 1 when it found something, 2 without Python.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startEdgedive } from '../test/e2e/harness/edgedive.ts';
import { ensurePython, fuzzVenv } from './setup/test-tools.ts';

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];

interface Run {
  readonly python: string;
  readonly base: string;
  readonly seconds: string;
  readonly examples: string;
  readonly seed: string;
}

/** Its exit status. */
async function schemathesis({ python, base, seconds, examples, seed }: Run): Promise<number> {
  // It leaves a database of examples where it runs.
  const directory = mkdtempSync(join(tmpdir(), 'edgedive-fuzz-'));
  const args =
    `run ${base}/openapi.json --checks ${CHECKS.join(',')} --phases examples,coverage,fuzzing ` +
    `--max-examples ${examples} --max-time ${seconds} --seed ${seed} ` +
    '--generation-database none --continue-on-failure --warnings off --no-color';
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(python, ['-m', 'schemathesis.cli', ...args.split(' ')], {
        cwd: directory,
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      child.on('error', reject);
      child.on('exit', (status) => resolve(status ?? 1));
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      examples: { type: 'string', default: '100' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      base: { type: 'string' },
    },
  });
  const found = await ensurePython(fuzzVenv);
  if ('reason' in found) {
    process.stderr.write(`no Schemathesis: ${found.reason}\n`);
    return 2;
  }
  const analyzer = values.base === undefined ? await startEdgedive({ probe: false }) : undefined;
  const base = analyzer?.url ?? values.base!;
  try {
    const status = await schemathesis({ ...values, ...found, base });
    const answers = await fetch(`${base}/api`);
    if (!answers.ok) throw new Error(`the analyzer answers ${answers.status} afterwards`);
    return status === 0 ? 0 : 1;
  } finally {
    await analyzer?.stop();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
