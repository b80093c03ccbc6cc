/**
 * What `edgedive login` remembers: a token for each analyzer, in a file that only its owner may read
 * (`$XDG_CONFIG_HOME/edgedive/credentials.json`, else `~/.config/…`).
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;
/** The analyzer's origin, `http://host:port` → token. */
type Credentials = Record<string, string>;

function fileOf(env: Environment): string {
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'edgedive/credentials.json');
}

function readAll(env: Environment): Credentials {
  try {
    const read: unknown = JSON.parse(readFileSync(fileOf(env), 'utf8'));
    return typeof read === 'object' && read !== null ? (read as Credentials) : {};
  } catch {
    // No file yet, or one that says nothing: then nobody is logged in.
    return {};
  }
}

export function rememberedToken(base: URL, env: Environment): string | undefined {
  const token = readAll(env)[base.origin];
  return typeof token === 'string' ? token : undefined;
}

/** Undefined forgets. Gives the file's name. */
export function rememberToken(base: URL, token: string | undefined, env: Environment): string {
  const file = fileOf(env);
  const { [base.origin]: _before, ...others } = readAll(env);
  const all = token === undefined ? others : { ...others, [base.origin]: token };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
  return file;
}
