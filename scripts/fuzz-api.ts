/**
 * `npm run fuzz -- api [--examples N] [--seed N]`: Schemathesis (from PyPI, in an environment of its own) makes requests from our own
 * description and holds the answers against it: no failure of ours, no status, body or content type that is not described. Starts
 * an analyzer of its own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './process/paths.ts';

const VERSION = '4.32.5';
const CHECKS =
  'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance';

/** The exit status. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { examples: { type: 'string' }, seed: { type: 'string' } } });
  const program = schemathesis();
  if (program === undefined) return 1;
  const state = mkdtempSync(join(tmpdir(), 'edgedive-fuzz-api-'));
  const analyzer = spawn(
    process.execPath,
    [join(root, 'scripts/run.mjs'), 'start', '--listen', '127.0.0.1:0', '--state', state, '--no-probe'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  try {
    const url = await readyUrl(analyzer.stdout);
    const run = spawn(
      program,
      [
        'run',
        `${url}/openapi.json`,
        '--url',
        url,
        '--checks',
        CHECKS,
        '--max-examples',
        values.examples ?? '50',
        ...(values.seed === undefined ? [] : ['--seed', values.seed]),
      ],
      { stdio: 'inherit', cwd: state },
    );
    return await new Promise<number>((resolve) => run.on('exit', (code) => resolve(code ?? 1)));
  } finally {
    analyzer.kill('SIGTERM');
    rmSync(state, { recursive: true, force: true });
  }
}

async function readyUrl(output: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of output) {
    text += chunk.toString();
    const found = /^Edgedive ready: (\S+)$/m.exec(text);
    if (found !== null) return found[1]!;
  }
  throw new Error('the analyzer did not become ready');
}

/** Made on first use; undefined when it cannot be had, which is said. */
function schemathesis(): string | undefined {
  const venv = join(root, '.edgedive', `schemathesis-${VERSION}`);
  const program = join(venv, 'bin/schemathesis');
  if (existsSync(program)) return program;
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', venv],
    [
      join(venv, 'bin/python'),
      '-m',
      'pip',
      'install',
      '-q',
      '--disable-pip-version-check',
      `schemathesis==${VERSION}`,
    ],
  ] as const)
    if (spawnSync(command, args, { stdio: 'inherit' }).status !== 0) {
      rmSync(venv, { recursive: true, force: true });
      return undefined;
    }
  return program;
}
