/**
 * `--config FILE` of a probe that runs alone, and a credential in a file of its own: the analyzer's table of settings and its
 * reader (core/config/settings.ts), as the variables that the probe knows. What the environment says wins over the file. Loaded
 * only when one of them is asked for.
 */
import { SETTINGS } from '../core/config/settings.ts';
import { ConfigError as SettingError } from '../scripts/start/config-error.ts';
import { configPath } from '../scripts/start/config-file.ts';
import { saidSettings } from '../scripts/start/said-settings.ts';
import { ConfigError } from './config.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with what the file says besides. Throws ConfigError. */
export function withConfigFile(
  file: string | undefined,
  env: Environment,
  cwd: string,
  warn: (text: string) => void,
): Environment {
  try {
    const path = file === undefined ? undefined : configPath(file, cwd);
    const { values, warnings } = saidSettings(path, env, cwd);
    for (const warning of warnings) warn(warning);
    const said = SETTINGS.flatMap(({ key, variable, readBy }): [string, string][] => {
      const text = readBy === 'probe' || key === 'host_id' ? values.get(key) : undefined;
      return text === undefined ? [] : [[variable, text]];
    });
    return { ...env, ...Object.fromEntries(said) };
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    throw new ConfigError(error.key, error.message.slice(error.key.length + 2));
  }
}
