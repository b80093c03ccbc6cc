/**
 * What `npm start` may be told: by arguments, else by environment variables, else by a file (`edgedive.yml`), else by default
 * (core/config/settings.ts).
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SETTINGS } from '../../core/config/settings.ts';
import { ConfigError } from './config-error.ts';
import { configPath } from './config-file.ts';
import { parseListen, type Listen } from './listen.ts';
import { saidSettings, variablesOf, type Environment } from './said-settings.ts';
import type { TlsSettings } from './tls-files.ts';

export interface StartOptions {
  readonly listen: Listen;
  /** Absolute. */
  readonly stateDir: string;
  readonly probe: boolean;
  readonly hostId: string;
  /** Whether it matters who asks. */
  readonly auth: boolean;
  /** Undefined answers without TLS. */
  readonly tls: TlsSettings | undefined;
  /** Where agents' datagrams are taken. */
  readonly udpRelay: Listen | undefined;
  /** Absolute; the folder of archived flows. */
  readonly archive: string | undefined;
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
  --tls-cert FILE      certificate chain; with --tls-key, answer over TLS only: docs/tls.md
  --tls-key FILE       its private key
  --tls-ca FILE        authority of client certificates
  --tls-require-client-cert  let in only clients with such a certificate
  --archive DIR        keep flows that are older than history.hot there, as Parquet files
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
  'tls-ca': { type: 'string' },
  'tls-require-client-cert': { type: 'boolean' },
  'udp-relay': { type: 'string' },
  archive: { type: 'string' },
  auth: { type: 'boolean' },
  'insecure-no-auth': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Undefined asks for the usage text. Throws a ConfigError. */
export function readOptions(args: string[], cwd: string, env: Environment = {}): StartOptions | undefined {
  const flags = readFlags(args);
  if (flags.help === true) return undefined;
  const { values: said, warnings } = saidSettings(configPath(flags.config, cwd), env, cwd);
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
    archive: archiveOf(flags.archive ?? said.get('history.archive') ?? '', cwd),
    vars: variablesOf(said, 'analyzer'),
    probeVars: variablesOf(said, 'probe'),
    warnings,
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
  flags: ReturnType<typeof readFlags>,
  said: ReadonlyMap<string, string>,
  cwd: string,
): TlsSettings | undefined {
  const file = (flag: string | undefined, key: string): string | undefined => {
    const path = flag ?? said.get(key) ?? '';
    return path === '' ? undefined : resolve(cwd, path);
  };
  const certFile = file(flags['tls-cert'], 'tls.server_cert');
  const keyFile = file(flags['tls-key'], 'tls.server_key');
  const caFile = file(flags['tls-ca'], 'tls.ca_cert');
  const requiresClientCert = flags['tls-require-client-cert'] ?? said.get('tls.require_client_cert') === 'on';
  if (requiresClientCert && caFile === undefined)
    throw new ConfigError(
      'tls.require_client_cert',
      'needs tls.ca_cert, the authority of those certificates',
    );
  if (certFile !== undefined && keyFile !== undefined)
    return { certFile, keyFile, caFile, requiresClientCert };
  if (certFile !== undefined) throw new ConfigError('tls.server_key', 'is missing: tls.server_cert is given');
  if (keyFile !== undefined) throw new ConfigError('tls.server_cert', 'is missing: tls.server_key is given');
  // Without TLS a demand for certificates would be forgotten silently.
  if (requiresClientCert)
    throw new ConfigError('tls.server_cert', 'is missing: client certificates need TLS');
  return undefined;
}

function archiveOf(folder: string, cwd: string): string | undefined {
  return folder === '' ? undefined : resolve(cwd, folder);
}

function relayOf(text: string): Listen | undefined {
  if (text === '') return undefined;
  const listen = parseListen(text);
  if (listen === undefined) throw new ConfigError('agents.udp_relay', `${text} is not HOST:PORT`);
  return listen;
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
