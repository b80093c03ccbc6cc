/** `edgedive config check|show`: what a configuration file means, before anything runs. Asks no analyzer. */
import { Command } from 'commander';
import { SETTINGS } from '../../core/config/settings.ts';
import { ConfigError } from '../../scripts/start/config-error.ts';
import { configPath, readConfigFile } from '../../scripts/start/config-file.ts';
import { CommandError, exitStatus, usageError } from '../errors.ts';
import { note, print } from '../output.ts';

export function configCommand(): Command {
  const command = new Command('config').description('the configuration file of analyzer and probe');
  command
    .command('check')
    .description('say what is wrong with a file, and what it sets; status 2 when it cannot be followed')
    .argument('[file]', 'edgedive.yml, or a skydive.yml; else the one that npm start would read')
    .action((file: string | undefined) => check(file));
  command
    .command('show')
    .description('every setting there is')
    .action(() => {
      for (const { key, default: otherwise, text } of SETTINGS)
        print(`${key.padEnd(24)} ${otherwise === '' ? '-' : otherwise}\n${' '.repeat(25)}${text}`);
    });
  return command;
}

function check(given: string | undefined): void {
  const path = configPath(given, process.cwd());
  if (path === undefined) throw usageError('there is no edgedive.yml here, and none was named');
  const { values, warnings, errors } = read(path);
  for (const warning of warnings) note(`${path}: ${warning}`);
  if (errors.length > 0)
    throw new CommandError(exitStatus.usage, errors.map((error) => `${path}: ${error}`).join('\nedgedive: '));
  for (const { key, isSecret } of SETTINGS) {
    const value = values.get(key);
    if (value !== undefined) print(`${key}: ${isSecret === true ? '(secret)' : value}`);
  }
}

function read(path: string): ReturnType<typeof readConfigFile> {
  try {
    return readConfigFile(path);
  } catch (error) {
    if (error instanceof ConfigError) throw usageError(error.message);
    throw error;
  }
}
