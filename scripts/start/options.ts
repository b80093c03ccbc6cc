/**
 * What `npm start` may be told, from its arguments and from a file (TOML) given with --config. Arguments win over the
 * file, the file over the defaults.
 *
 *   listen = "127.0.0.1:8082"    state = ".edgedive/state"    probe = true
 *   host_id = "name of this host"    auth = true    insecure_no_auth = false
 *   [vars]                       # settings of the analyzer; those that wrangler.toml declares
 *   EDGEDIVE_FLOW_SHARDS = "4"
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'smol-toml';
import { parseListen, type Listen } from './listen.ts';

/** A setting that cannot be followed: one line on stderr, exit status 2. */
export class ConfigError extends Error {
  readonly key: string;
  constructor(key: string, message: string) {
    super(`${key}: ${message}`);
    this.key = key;
  }
}

export interface StartOptions {
  readonly listen: Listen;
  /** Absolute. */
  readonly stateDir: string;
  readonly probe: boolean;
  readonly hostId: string;
  /** Whether it matters who asks. */
  readonly auth: boolean;
  /** Given in the file; they win over the environment and wrangler.toml. */
  readonly vars: Readonly<Record<string, string>>;
}

export const USAGE = `usage: npm start [-- --listen HOST:PORT] [--state DIR] [--no-probe] [--config FILE]
  --listen HOST:PORT   where the analyzer answers (127.0.0.1:8082); port 0 takes a free one
  --state DIR          where it keeps its data (.edgedive/state)
  --no-probe           no probe of this host
  --config FILE        the same settings in TOML: listen, state, probe, host_id, auth, insecure_no_auth, [vars]
  --auth               ask who everybody is also on a loopback address; elsewhere that is so anyway
  --insecure-no-auth   let everybody in who can reach the address
`;

const FLAGS = {
  listen: { type: 'string' },
  state: { type: 'string' },
  'no-probe': { type: 'boolean' },
  config: { type: 'string' },
  auth: { type: 'boolean' },
  'insecure-no-auth': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Undefined asks for the usage text. Throws a ConfigError. */
export function readOptions(
  args: string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): StartOptions | undefined {
  const flags = readFlags(args);
  if (flags.help === true) return undefined;
  const file = flags.config === undefined ? {} : readConfigFile(resolve(cwd, flags.config));
  const listenText = flags.listen ?? file.listen ?? '127.0.0.1:8082';
  const listen = parseListen(listenText);
  if (listen === undefined) throw new ConfigError('listen', `${listenText} is not HOST:PORT`);
  const isOpen = flags['insecure-no-auth'] ?? file.insecure_no_auth ?? false;
  const wanted = flags.auth ?? file.auth ?? env['EDGEDIVE_AUTH'] === 'on';
  if (isOpen && wanted) throw new ConfigError('auth', 'cannot be asked for and left out at once');
  return {
    listen,
    stateDir: resolve(cwd, flags.state ?? file.state ?? '.edgedive/state'),
    probe: flags['no-probe'] === true ? false : (file.probe ?? true),
    hostId: hostId(file.host_id),
    auth: wanted || (!listen.loopback && !isOpen),
    vars: file.vars ?? {},
  };
}

/** It travels in headers and is part of names. */
function hostId(given: string | undefined): string {
  if (given !== undefined && !/^[\x21-\x7e]{1,255}$/.test(given)) {
    throw new ConfigError('host_id', 'must be 1 to 255 printable ASCII characters without blanks');
  }
  return given ?? hostname();
}

function readFlags(args: string[]) {
  try {
    return parseArgs({ args, options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError('arguments', (error as Error).message.split('. ')[0]!);
  }
}

interface ConfigFile {
  listen?: string;
  state?: string;
  probe?: boolean;
  host_id?: string;
  auth?: boolean;
  insecure_no_auth?: boolean;
  vars?: Record<string, string>;
}

const FILE_KEYS = {
  listen: 'string',
  state: 'string',
  probe: 'boolean',
  host_id: 'string',
  auth: 'boolean',
  insecure_no_auth: 'boolean',
  vars: 'object',
} as const;

function readConfigFile(path: string): ConfigFile {
  let read: Record<string, unknown>;
  try {
    read = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError('config', `${path}: ${(error as Error).message.split('\n')[0]}`);
  }
  for (const [key, value] of Object.entries(read)) {
    const type = (FILE_KEYS as Record<string, string>)[key];
    if (type === undefined) {
      throw new ConfigError(key, `unknown in ${path}; known: ${Object.keys(FILE_KEYS).join(', ')}`);
    }
    if (typeof value !== type) throw new ConfigError(key, `must be a ${type} in ${path}`);
  }
  for (const [name, value] of Object.entries(read['vars'] ?? {})) {
    if (typeof value !== 'string') throw new ConfigError(`vars.${name}`, `must be a string in ${path}`);
  }
  return read;
}
