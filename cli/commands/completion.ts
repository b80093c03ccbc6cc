/** `edgedive completion bash|zsh|fish`: what a shell needs to complete commands and flags, made from the commands themselves. */
import { Argument, Command, type Option } from 'commander';
import { bashScript, fishScript, zshScript, type Word } from '../completion-script.ts';
import { print } from '../output.ts';
import { COMPLETED } from './ids.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
export type Shell = keyof typeof SCRIPTS;
export const SHELLS = Object.keys(SCRIPTS) as readonly Shell[];

export function completionCommand(program: Command): Command {
  return new Command('completion')
    .description('print completions for a shell: source <(edgedive completion bash)')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => {
      print(completionScript(shell, program));
    });
}

export function completionScript(shell: Shell, program: Command): string {
  return SCRIPTS[shell](program.name(), wordsOf(program, []));
}

/** Flags of all commands are taken behind the last word too. */
function optionsAbove({ parent }: Command): readonly Option[] {
  return parent === null ? [] : [...parent.options, ...optionsAbove(parent)];
}

/** Without those that nobody types. */
function shown(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((inner) => inner.name() !== 'help');
}

function takesIds(command: Command): boolean {
  return (
    Object.hasOwn(COMPLETED, command.parent?.name() ?? '') &&
    /^(?:get|delete|update|call)$/.test(command.name())
  );
}

/** Every command with the words that may follow it. */
function wordsOf(command: Command, path: readonly string[]): Word[] {
  const common = new Set([...optionsAbove(command), ...(command.parent === null ? command.options : [])]);
  const options = [...new Set([...command.options, ...common])].filter(
    (option) => !option.hidden && option.long !== undefined,
  );
  const here: Word = {
    path,
    aliases: command.aliases(),
    commands: shown(command).map((inner) => ({
      name: inner.name(),
      aliases: inner.aliases(),
      about: inner.description(),
    })),
    options: options.map((option) => ({
      name: option.long!,
      short: option.short ?? '',
      about: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
      isCommon: common.has(option),
    })),
    choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    ids: takesIds(command) ? (path[0] ?? '') : '',
  };
  return [here, ...shown(command).flatMap((inner) => wordsOf(inner, [...path, inner.name()]))];
}
