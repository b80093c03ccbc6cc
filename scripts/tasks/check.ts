/**
 * `npm run check`: format, lint, types of each room, dead code, generated code unchanged, fast unit tests. Two steps
 * run at a time; a table of steps and times comes at the end, after the output of those that failed.
 *
 *   npm run check [-- --only NAME]     NAME is a part of a step's name
 */
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile, root } from '../process/paths.ts';
import { npmCommand } from '../setup/run-step.mjs';
import { runQuiet, type Quiet } from '../process/run-quiet.ts';

interface Step {
  readonly name: string;
  /** The program; Node's when absent. */
  readonly command?: string;
  readonly args: readonly string[];
  /** One line worth telling of a step that passed. */
  readonly note?: (output: string) => string;
}

const STEPS_AT_A_TIME = 2;
const ROOMS = ['core', 'worker', 'probe', 'cli', 'ui', 'scripts', 'bench', 'test', 'test/worker'];

/** An incomplete lock file fails here as it would in a fresh checkout; nothing is fetched or written. */
const LOCK_FILE_CHECK = ['ci', '--dry-run', '--offline', '--ignore-scripts', '--loglevel=error'];

/** A room that holds no source has nothing to compile. */
function hasSources(room: string): boolean {
  return existsSync(join(root, room, 'tsconfig.json')) && globSync(join(root, room, '**/*.ts')).length > 0;
}

/** The slow ones first, so that the last step to run is a short one. */
function steps(): Step[] {
  const npm = npmCommand();
  return [
    {
      name: 'unit tests',
      args: [packageFile('vitest', 'vitest.mjs'), 'run', '--no-isolate', '--project', 'node', 'test/core'],
      note: (output) => /^\s*Tests\s+(.*)$/m.exec(stripColours(output))?.[1] ?? '',
    },
    {
      name: 'lint',
      args: [packageFile('oxlint', 'bin/oxlint'), '--type-aware'],
      note: (output) => /Found (\d+ warnings?)/.exec(output)?.[1] ?? '',
    },
    { name: 'dead code', args: [packageFile('knip', 'bin/knip.js'), '--no-progress'] },
    ...ROOMS.filter(hasSources).map((room) => ({
      name: `types of ${room}`,
      args: [packageFile('typescript', 'bin/tsc'), '-p', room],
    })),
    { name: 'lock file', command: npm.command, args: [...npm.args, ...LOCK_FILE_CHECK] },
    { name: 'format', args: [packageFile('oxfmt', 'bin/oxfmt'), '--check'] },
    { name: 'generated code', args: [join(root, 'scripts/tasks/gen.ts'), '--check'] },
  ];
}

function stripColours(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '');
}

async function main(args: string[]): Promise<number> {
  const only = args[0] === '--only' ? (args[1] ?? '') : '';
  const queue = steps().filter((step) => step.name.includes(only));
  const results = new Map<Step, Quiet>();
  const waiting = [...queue];
  const started = performance.now();
  const worker = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const result = await runQuiet(step.command ?? process.execPath, step.args, root);
      results.set(step, result);
      if (!result.ok) process.stdout.write(`\n── ${step.name} ──\n${result.output}\n`);
    }
  };
  await Promise.all(Array.from({ length: STEPS_AT_A_TIME }, worker));

  let failed = 0;
  for (const step of queue) {
    const { ok, ms, output } = results.get(step)!;
    if (!ok) failed++;
    const note = ok ? (step.note?.(output) ?? '') : '';
    const line = `${ok ? 'ok  ' : 'FAIL'}  ${step.name.padEnd(22)} ${(ms / 1000).toFixed(1).padStart(5)} s  ${note}`;
    process.stdout.write(`${line.trimEnd()}\n`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${queue.length - failed} passed, ${failed} failed in ${seconds} s\n`);
  return failed === 0 && queue.length > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
