/** `edgedive config check|show`: what a configuration file means, before anything runs. Asks no analyzer. */
import { Command } from 'commander';
import { SETTINGS } from '../../core/config/settings.ts';
import { ConfigError } from '../../scripts/start/config-error.ts';
import { configPath, readConfigFile } from '../../scripts/start/config-file.ts';
import { variablesOf } from '../../scripts/start/said-settings.ts';
import { withSecrets } from '../../scripts/start/secret-files.ts';
import { settingFaults } from '../../scripts/start/setting-faults.ts';
import { CommandError, exitStatus, usageError } from '../errors.ts';
import { note, print } from '../output.ts';

export function configCommand(): Command {
  const command = new Command('config').description('the configuration file of analyzer and probe');
  command
    .command('check')
    .description('say what is wrong with a file, and what it sets; status 2 when it cannot be followed')
    .argument('[file]', 'edgedive.yml, or a skydive.yml; else the one that npm start would read')
    .option('--all', 'also what the file does not set, with its defaults')
    .action((file: string | undefined, { all = false }: { readonly all?: boolean }) => check(file, all));
  command
    .command('show')
    .description('every setting there is')
    .action(() => {
      for (const { key, default: otherwise, text } of SETTINGS)
        print(`${key.padEnd(24)} ${otherwise === '' ? '-' : otherwise}\n${' '.repeat(25)}${text}`);
    });
  return command;
}

function check(given: string | undefined, isAll: boolean): void {
  const path = configPath(given, process.cwd());
  if (path === undefined) throw usageError('there is no edgedive.yml here, and none was named');
  const { values, warnings, errors } = orUsageError(() => readConfigFile(path));
  for (const warning of warnings) note(`${path}: ${warning}`);
  refuse(path, errors);
  const said = orUsageError(() => withSecrets(values, process.cwd(), (key) => `${path}: ${key}`));
  refuse(path, settingFaults(variablesOf(said, 'analyzer')).map(byKey));
  for (const { key, isSecret, holds, default: otherwise } of SETTINGS) {
    const value = said.get(key);
    if (value !== undefined) print(`${key}: ${isSecret === true ? '(secret)' : quoted(value)}`);
    else if (isAll && holds === undefined) print(`${key}: ${quoted(otherwise)}  # default`);
  }
}

const quoted = (value: string): string => (value === '' ? '""' : value);

function refuse(path: string, errors: readonly string[]): void {
  if (errors.length > 0)
    throw new CommandError(exitStatus.usage, errors.map((error) => `${path}: ${error}`).join('\nedgedive: '));
}

/** The analyzer names its variables; a file has keys. */
function byKey(fault: string): string {
  const setting = SETTINGS.find(({ variable }) => fault.startsWith(`${variable}: `));
  return setting === undefined ? fault : `${setting.key}${fault.slice(setting.variable.length)}`;
}

function orUsageError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) throw usageError(error.message);
    throw error;
  }
}
