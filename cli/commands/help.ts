/** `edgedive help exit-codes`: what a script may rely on, beside the help of commands. */
import { Command } from 'commander';
import { exitStatusTexts } from '../errors.ts';
import { print } from '../output.ts';

export function exitCodesTopic(): Command {
  const topic = new Command('exit-codes').description('how commands end').action(() => print(exitCodes()));
  return topic.configureHelp({ formatHelp: () => `${exitCodes()}\n` });
}

/** A line for each exit status. */
function exitCodes(): string {
  return Object.entries(exitStatusTexts)
    .map(([status, text]) => `${status}  ${text}`)
    .join('\n');
}
