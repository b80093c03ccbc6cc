/** A command with a choice of programs: the first argument names the file that holds it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { endWithRunner } from './parent.ts';
import { root } from './paths.ts';

interface Choice {
  /** As in `npm run <command>`, for messages. */
  readonly command: string;
  /** Where the programs are, from the checkout. */
  readonly directory: string;
  /** What their file names begin with. */
  readonly prefix: string;
  readonly args: readonly string[];
}

/** Programs are the files that export `main`; the others beside them are their parts. */
function programs({ directory, prefix }: Choice): string[] {
  return readdirSync(join(root, directory))
    .filter((file) => file.startsWith(prefix) && file.endsWith('.ts'))
    .filter((file) =>
      /^export (async )?function main\b/m.test(readFileSync(join(root, directory, file), 'utf8')),
    )
    .map((file) => file.slice(prefix.length, -'.ts'.length))
    .sort();
}

/** Runs the named program with the other arguments and takes its result as exit status; 2 for a wrong name. */
export async function dispatch(choice: Choice): Promise<void> {
  endWithRunner();
  const [name = '', ...rest] = choice.args;
  const known = programs(choice);
  if (!known.includes(name)) {
    const given = name === '' ? 'nothing given' : `unknown: ${name}`;
    process.stderr.write(`edgedive ${choice.command}: ${given}; one of ${known.join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  const file = join(root, choice.directory, `${choice.prefix}${name}.ts`);
  const program = (await import(pathToFileURL(file).href)) as { main: (args: string[]) => Promise<number> };
  process.exitCode = await program.main(rest);
}
