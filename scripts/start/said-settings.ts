/** What a configuration file and the environment say, variables over the file; secrets are read from their files. */
import { readValue } from '../../core/config/read-config.ts';
import { SETTINGS, type Setting } from '../../core/config/settings.ts';
import { ConfigError } from './config-error.ts';
import { readConfigFile } from './config-file.ts';
import { withSecrets } from './secret-files.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SaidSettings {
  /** Setting's key → its value as text. */
  readonly values: ReadonlyMap<string, string>;
  /** Of the file. */
  readonly warnings: readonly string[];
}

/** `path` may be that of no file. Throws ConfigError. */
export function saidSettings(path: string | undefined, env: Environment, cwd: string): SaidSettings {
  const { values, warnings } = fileSettings(path, cwd);
  const variables = withSecrets(environmentValues(env), cwd, variableOf);
  return { values: new Map([...values, ...variables]), warnings };
}

function fileSettings(path: string | undefined, cwd: string): SaidSettings {
  if (path === undefined) return { values: new Map(), warnings: [] };
  const { values, warnings, errors } = readConfigFile(path);
  const [error] = errors;
  if (error !== undefined) throw new ConfigError(path, error);
  return {
    values: withSecrets(values, cwd, (key) => `${path}: ${key}`),
    warnings: warnings.map((warning) => `${path}: ${warning}`),
  };
}

/** Throws a ConfigError that names the variable. */
function environmentValues(env: Environment): Map<string, string> {
  const values = new Map<string, string>();
  for (const setting of SETTINGS) {
    const text = env[setting.variable] ?? '';
    if (text === '') continue;
    const read = readValue(setting, text);
    if ('fault' in read) throw new ConfigError(setting.variable, read.fault);
    values.set(setting.key, read.text);
  }
  return values;
}

/** The settings of one reader as its variables. */
export function variablesOf(
  said: ReadonlyMap<string, string>,
  reader: Setting['readBy'],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    SETTINGS.flatMap(({ key, variable, readBy }): [string, string][] => {
      const text = said.get(key);
      return readBy === reader && text !== undefined ? [[variable, text]] : [];
    }),
  );
}

function variableOf(key: string): string {
  return SETTINGS.find((setting) => setting.key === key)?.variable ?? key;
}
