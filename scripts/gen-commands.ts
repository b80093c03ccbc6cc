/** docs/commands.md from the commands themselves; with `--check` only says whether it would change. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Help, Option } from 'commander';
import { makeProgram } from '../cli/program.ts';
import { root } from './process/paths.ts';

const FILE = 'docs/commands.md';

const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('<', '\\<').replaceAll('\n', ' ');

function rows(options: readonly Option[], help: Help): string {
  const lines = options.map(
    (option) =>
      `| \`${help.optionTerm(option).replaceAll('|', '\\|')}\` | ${cell(help.optionDescription(option))} |`,
  );
  return ['| flag | |', '| --- | --- |', ...lines].join('\n');
}

/** A section for each command that does something, in the order of `edgedive help`. */
function sections(command: Command, path: string): string[] {
  const help = command.createHelp();
  const inner = help.visibleCommands(command).filter((one) => one.name() !== 'help');
  const own = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  const takes = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  const usage = [path, ...takes, ...(own.length > 0 ? ['[flags]'] : [])].join(' ');
  const aliases = command.aliases().map((alias) => `\`${alias}\``);
  const here =
    inner.length > 0
      ? []
      : [
          `## ${path.replace(/^edgedive /, '')}`,
          `\`${usage}\``,
          cell(command.description()),
          ...(aliases.length > 0 ? [`Also: ${aliases.join(', ')}.`] : []),
          ...(own.length > 0 ? [rows(own, help)] : []),
        ];
  return [...here, ...inner.flatMap((one) => sections(one, `${path} ${one.name()}`))];
}

function page(): string {
  const program = makeProgram();
  const help = program.createHelp();
  const common = help.visibleOptions(program).filter(({ long }) => long !== '--help');
  return `${[
    '# Commands and flags',
    'Made by `npm run gen` from the commands themselves; [the command line](cli.md) tells what they are for.',
    '## All commands take',
    rows(common, help),
    ...sections(program, program.name()),
  ].join('\n\n')}\n`;
}

function kept(): string {
  try {
    return readFileSync(join(root, FILE), 'utf8');
  } catch {
    return '';
  }
}

if (!process.argv.includes('--check')) writeFileSync(join(root, FILE), page());
else if (kept() !== page()) {
  process.stderr.write(`${FILE} is not what cli/program.ts says: npm run gen\n`);
  process.exitCode = 1;
}
