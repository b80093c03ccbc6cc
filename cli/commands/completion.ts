/** `edgedive completion bash|zsh|fish`: what a shell needs to complete commands and flags, made from the commands themselves. */
import { Argument, Command } from 'commander';
import { bashScript, fishScript, zshScript, type Word } from '../completion-script.ts';
import { print } from '../output.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
type Shell = keyof typeof SCRIPTS;

export function completionCommand(program: Command): Command {
  return new Command('completion')
    .description('print completions for a shell: source <(edgedive completion bash)')
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .action((shell: Shell) => {
      print(SCRIPTS[shell](program.name(), wordsOf(program, [])));
    });
}

/** Every command with the words that may follow it. */
function wordsOf(command: Command, path: readonly string[]): Word[] {
  const common = command.parent === null ? [] : command.parent.options;
  const options = [...command.options, ...common].filter(
    (option) => !option.hidden && option.long !== undefined,
  );
  const here: Word = {
    path,
    commands: command.commands.map((inner) => ({ name: inner.name(), about: inner.description() })),
    options: options.map((option) => ({
      name: option.long!,
      about: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
    choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
  };
  return [here, ...command.commands.flatMap((inner) => wordsOf(inner, [...path, inner.name()]))];
}
