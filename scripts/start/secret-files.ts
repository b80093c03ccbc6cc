/**
 * Secrets that lie in files of their own (`auth.admin_token_file` and its like), as container platforms hand them out: what
 * the file holds takes the place of its name. Neither is ever shown.
 */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { SETTINGS } from '../../core/config/settings.ts';
import { messageOf } from '../../core/errors.ts';
import { ConfigError } from './config-error.ts';

const SECRET_BYTES_MAX = 1_048_576;

/**
 * Settings' keys → values, as one place says them (a file, or the environment). `nameOf` is how that place calls a setting.
 * Throws ConfigError when a file cannot be read, or when the secret stands beside it.
 */
export function withSecrets(
  said: ReadonlyMap<string, string>,
  cwd: string,
  nameOf: (key: string) => string,
): Map<string, string> {
  const all = new Map(said);
  for (const { key, holds } of SETTINGS) {
    const file = all.get(key);
    if (holds === undefined || file === undefined) continue;
    all.delete(key);
    if (file === '') continue;
    if ((all.get(holds) ?? '') !== '')
      throw new ConfigError(nameOf(key), `is given beside ${nameOf(holds)}: one of them is enough`);
    const isMap = SETTINGS.some((setting) => setting.key === holds && setting.type === 'map');
    all.set(holds, secretIn(resolve(cwd, file), nameOf(key), isMap));
  }
  return all;
}

/** Without the line feed at its end; a map may be YAML or JSON. No error text shows anything of what the file holds. */
function secretIn(path: string, name: string, isMap: boolean): string {
  let text: string;
  try {
    if (statSync(path).size > SECRET_BYTES_MAX) throw new Error(`is larger than ${SECRET_BYTES_MAX} bytes`);
    text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new ConfigError(name, `${path}: ${messageOf(error)}`);
  }
  if (text.trim() === '') throw new ConfigError(name, `${path}: is empty`);
  if (isMap) return mapIn(text, path, name);
  if (/\p{Cc}/u.test(text)) throw new ConfigError(name, `${path}: must hold one line`);
  return text;
}

function mapIn(text: string, path: string, name: string): string {
  let value: unknown;
  try {
    value = parse(text, { logLevel: 'error', maxAliasCount: 0 });
  } catch {
    throw new ConfigError(name, `${path}: is no YAML`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError(name, `${path}: must hold a map`);
  return JSON.stringify(value);
}
