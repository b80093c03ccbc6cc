/**
 * What `npm start` may be told: by arguments, else by environment variables, else by a file (`edgedive.yml`), else by default
 * (core/config/settings.ts).
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readValue } from '../../core/config/read-config.ts';
import { SETTINGS, type Setting } from '../../core/config/settings.ts';
import { ConfigError } from './config-error.ts';
import { configPath, readConfigFile } from './config-file.ts';
import { parseListen, type Listen } from './listen.ts';
import type { TlsFiles } from './tls-front.ts';

export interface StartOptions {
  readonly listen: Listen;
  /** Absolute. */
  readonly stateDir: string;
  readonly probe: boolean;
  readonly hostId: string;
  /** Whether it matters who asks. */
  readonly auth: boolean;
  /** Undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  /** Where agents' datagrams are taken. */
  readonly udpRelay: Listen | undefined;
  /** Variables of the analyzer that somebody said; the others are those of wrangler.toml. */
  readonly vars: Readonly<Record<string, string>>;
  /** What the probe of this host is told. */
  readonly probeVars: Readonly<Record<string, string>>;
  /** Of the file. */
  readonly warnings: readonly string[];
}

export const USAGE = `usage: npm start [-- --listen HOST:PORT] [--state DIR] [--no-probe] [--config FILE]
  --listen HOST:PORT   where the analyzer answers (127.0.0.1:8082); port 0 takes a free one
  --state DIR          where it keeps its data (.edgedive/state)
  --no-probe           no probe of this host
  --config FILE        settings in YAML (edgedive.yml, /etc/edgedive/edgedive.yml): docs/configuration.md
  --tls-cert FILE --tls-key FILE   speak TLS
  --udp-relay HOST:PORT  take flows of Skydive agents that send them as UDP datagrams
  --auth               ask who everybody is also on a loopback address; elsewhere that is so anyway
  --insecure-no-auth   let everybody in who can reach the address
`;

const FLAGS = {
  listen: { type: 'string' },
  state: { type: 'string' },
  'no-probe': { type: 'boolean' },
  config: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'udp-relay': { type: 'string' },
  auth: { type: 'boolean' },
  'insecure-no-auth': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined asks for the usage text. Throws a ConfigError. */
export function readOptions(args: string[], cwd: string, env: Environment = {}): StartOptions | undefined {
  const flags = readFlags(args);
  if (flags.help === true) return undefined;
  const path = configPath(flags.config, cwd);
  const { values, warnings } =
    path === undefined ? { values: new Map<string, string>(), warnings: [] } : fileValues(path);
  const said = new Map([...values, ...environmentValues(env)]);
  const listenText = flags.listen ?? said.get('listen') ?? defaultOf('listen');
  const listen = parseListen(listenText);
  if (listen === undefined) throw new ConfigError('listen', `${listenText} is not HOST:PORT`);
  return {
    listen,
    stateDir: resolve(cwd, flags.state ?? said.get('state') ?? defaultOf('state')),
    probe: flags['no-probe'] === true ? false : (said.get('probe.enabled') ?? 'on') === 'on',
    hostId: hostId(said.get('host_id')),
    auth: authOf(flags, said.get('auth.mode'), listen),
    tls: tlsOf(flags, said, cwd),
    udpRelay: relayOf(flags['udp-relay'] ?? said.get('agents.udp_relay') ?? ''),
    vars: variables(said, 'analyzer'),
    probeVars: variables(said, 'probe'),
    warnings: warnings.map((warning) => `${path}: ${warning}`),
  };
}

function authOf(
  flags: { readonly auth?: boolean | undefined; readonly 'insecure-no-auth'?: boolean | undefined },
  mode: string | undefined,
  listen: Listen,
): boolean {
  const isOpen = flags['insecure-no-auth'] ?? false;
  const isWanted = flags.auth ?? false;
  if (isOpen && isWanted) throw new ConfigError('auth', 'cannot be asked for and left out at once');
  if (isOpen || isWanted) return isWanted;
  if (mode === undefined || mode === '') return !listen.loopback;
  if (mode === 'off' && !listen.loopback)
    throw new ConfigError(
      'auth.mode',
      'others can reach the address: off is only for loopback addresses; --insecure-no-auth, if the network itself keeps strangers out',
    );
  return mode === 'on';
}

function tlsOf(
  flags: { readonly 'tls-cert'?: string | undefined; readonly 'tls-key'?: string | undefined },
  said: ReadonlyMap<string, string>,
  cwd: string,
): TlsFiles | undefined {
  const cert = flags['tls-cert'] ?? said.get('tls.server_cert') ?? '';
  const key = flags['tls-key'] ?? said.get('tls.server_key') ?? '';
  if (cert === '' && key === '') return undefined;
  if (cert === '' || key === '')
    throw new ConfigError(
      cert === '' ? 'tls.server_cert' : 'tls.server_key',
      'a certificate needs its key, and a key its certificate',
    );
  const ca = said.get('tls.ca_cert') ?? '';
  const requiresClient = said.get('tls.require_client_cert') === 'on';
  if (requiresClient && ca === '')
    throw new ConfigError(
      'tls.ca_cert',
      'says whose client certificates are good, and is needed to require one',
    );
  return {
    cert: resolve(cwd, cert),
    key: resolve(cwd, key),
    ca: ca === '' ? '' : resolve(cwd, ca),
    requiresClient,
  };
}

function relayOf(text: string): Listen | undefined {
  if (text === '') return undefined;
  const listen = parseListen(text);
  if (listen === undefined) throw new ConfigError('agents.udp_relay', `${text} is not HOST:PORT`);
  return listen;
}

function fileValues(path: string): ReturnType<typeof readConfigFile> {
  const read = readConfigFile(path);
  const [error] = read.errors;
  if (error !== undefined) throw new ConfigError(path, error);
  return read;
}

/** Throws a ConfigError that names the variable. */
function environmentValues(env: Environment): [string, string][] {
  return SETTINGS.flatMap((setting): [string, string][] => {
    const text = env[setting.variable] ?? '';
    if (text === '') return [];
    const read = readValue(setting, text);
    if ('fault' in read) throw new ConfigError(setting.variable, read.fault);
    return [[setting.key, read.text]];
  });
}

function variables(
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

function defaultOf(key: string): string {
  return SETTINGS.find((setting) => setting.key === key)?.default ?? '';
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
