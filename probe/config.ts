/**
 * The probe's settings, read once at start and passed on: command line first, then EDGEDIVE_* variables, then
 * a file (config-file.ts), then defaults. Whatever is wrong is a ConfigError: one line on stderr and exit status 2.
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../core/errors.ts';
import { isFilesHost } from '../core/ids.ts';
import type { IpfixSettings } from './export/ipfix-exporter.ts';
import { readTransport, TransportError, type Transport } from './link/transport.ts';
import { readSourceSettings, SourceSettingError, type SourceSettings } from './topology/sources/settings.ts';

export interface ProbeConfig {
  /** `ws:` or `wss:` address of the analyzer, with host and port, without path. */
  readonly analyzer: URL;
  readonly hostId: string;
  readonly token: string | undefined;
  /** How the analyzer proves itself, and this probe to it. */
  readonly transport: Transport;
  /** End when standard input closes: whoever started this probe is gone. */
  readonly parentWatch: boolean;
  /** Say what this process may do and what that is for, and end. */
  readonly check: boolean;
  /** Capture files to read instead of capturing; empty for a probe of this host. */
  readonly files: readonly string[];
  /** What is followed beside the kernel: container engines, switches, neighbours. */
  readonly sources: SourceSettings;
  /** Absolute; where flows wait on disk for the analyzer. */
  readonly outbox: string | undefined;
  /** Who is told the flows besides, by IPFIX. */
  readonly ipfix: IpfixSettings | undefined;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** The option or variable that is wrong. */
  readonly key: string;

  constructor(key: string, text: string) {
    super(`${key}: ${text}`);
    this.key = key;
  }
}

export const usage = `usage: npm run probe -- --analyzer URL [--host-id ID] [--token T] [--sources LIST] [--pcap FILE…] [--config FILE] [--check]

  --analyzer URL   the analyzer: http://host:port, https://host, or host:port   (EDGEDIVE_ANALYZER, else 127.0.0.1:8082)
  --host-id ID     name of this host in the fabric                              (EDGEDIVE_HOST_ID, else the hostname)
  --token T        credential that the analyzer asks of probes                  (EDGEDIVE_TOKEN, else none)
  --ca FILE        authority of the analyzer's certificate, for https (--cacert)  (EDGEDIVE_CA, else the system's)
  --pin sha256/B64 the public key that the analyzer must have                   (EDGEDIVE_PIN)
  --cert FILE, --key FILE  certificate to show to the analyzer                  (EDGEDIVE_CERT, EDGEDIVE_KEY)
  --insecure       take any authority and name; a pin still holds
  --sources LIST   what to follow beside the kernel: docker, runc, libvirt, ovsdb, lldp, socketinfo, k8s. The first four are
                   usual, where they are; +lldp,-docker changes that, docker=/run/podman/podman.sock says where; none
                                                                                (EDGEDIVE_SOURCES)
  --ipfix HOST:PORT  a collector that is told the flows too, by IPFIX over UDP       (EDGEDIVE_IPFIX; EDGEDIVE_IPFIX_DOMAIN)
  --outbox DIR     keep flows that are not delivered on disk, there, also over a restart  (EDGEDIVE_OUTBOX, else in memory)
  --pcap FILE…     read these capture files (pcap, pcapng, also gzip), deliver their flows, and end
  --config FILE    settings in YAML, the analyzer's file (docs/configuration.md): host_id and probe.*
  --check          say which capabilities a probe needs, what for, and which this process has; status 1 when one is missing
  --parent-watch   end when standard input closes`;

const HOST_ID_CHARS_MAX = 255;
const SCHEMES: Readonly<Record<string, string>> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};

/** Undefined = help was asked for. Throws ConfigError. */
export function readConfig(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ProbeConfig | undefined {
  const { values: given, positionals } = parse(args);
  if (given.help === true) return undefined;
  const setting = (option: string | undefined, variable: string) => option ?? (env[variable] || undefined);
  return {
    analyzer: analyzerOf(setting(given.analyzer, 'EDGEDIVE_ANALYZER') ?? '127.0.0.1:8082'),
    hostId: hostIdOf(setting(given['host-id'], 'EDGEDIVE_HOST_ID') ?? hostname()),
    token: tokenOf(setting(given.token, 'EDGEDIVE_TOKEN')),
    transport: transportOf({
      ca: setting(given.ca ?? given.cacert, 'EDGEDIVE_CA'),
      pin: setting(given.pin, 'EDGEDIVE_PIN'),
      cert: setting(given.cert, 'EDGEDIVE_CERT'),
      key: setting(given.key, 'EDGEDIVE_KEY'),
      isInsecure: given.insecure ?? false,
      socketPath: setting(undefined, 'EDGEDIVE_ANALYZER_SOCKET'),
    }),
    parentWatch: given['parent-watch'] ?? false,
    check: given.check ?? false,
    files: filesOf(given.pcap, positionals).map((file) => resolve(startedIn(env), file)),
    sources: sourcesOf(setting(given.sources, 'EDGEDIVE_SOURCES')),
    outbox: outboxOf(setting(given.outbox, 'EDGEDIVE_OUTBOX'), env),
    ipfix: ipfixOf(setting(given.ipfix, 'EDGEDIVE_IPFIX'), setting(undefined, 'EDGEDIVE_IPFIX_DOMAIN')),
  };
}

/** The file behind `--config`, from where the user was. Throws ConfigError. */
export function configFileOf(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const { config } = parse(args).values;
  return config === undefined ? undefined : resolve(startedIn(env), config);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        analyzer: { type: 'string' },
        'host-id': { type: 'string' },
        token: { type: 'string' },
        ca: { type: 'string' },
        cacert: { type: 'string' },
        pin: { type: 'string' },
        cert: { type: 'string' },
        key: { type: 'string' },
        insecure: { type: 'boolean' },
        sources: { type: 'string' },
        ipfix: { type: 'string' },
        outbox: { type: 'string' },
        config: { type: 'string' },
        pcap: { type: 'string', multiple: true },
        'parent-watch': { type: 'boolean' },
        check: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const text = messageOf(error);
    throw new ConfigError(/'(-[^']*?)(?: <value>)?'/.exec(text)?.[1] ?? 'command line', text.split('. ')[0]!);
  }
}

function transportOf(settings: Parameters<typeof readTransport>[0]): Transport {
  try {
    return readTransport(settings);
  } catch (error) {
    if (error instanceof TransportError) throw new ConfigError(error.option, error.message);
    throw error;
  }
}

function analyzerOf(text: string): URL {
  const whole = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  const scheme = URL.canParse(whole) ? SCHEMES[new URL(whole).protocol] : undefined;
  if (scheme === undefined) throw new ConfigError('--analyzer', `not an address: ${text}`);
  const url = new URL(whole.replace(/^[^:]+:/, scheme));
  if (url.username !== '' || url.password !== '')
    throw new ConfigError('--analyzer', 'credentials go into --token');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw new ConfigError(
      '--analyzer',
      `host and port only, without ${url.pathname}${url.search}${url.hash}`,
    );
  return url;
}

/** It travels in a header and is part of names: printable ASCII without blanks. */
function hostIdOf(text: string): string {
  if (text === '' || text.length > HOST_ID_CHARS_MAX || !/^[\x21-\x7e]+$/.test(text))
    throw new ConfigError(
      '--host-id',
      `1 to ${HOST_ID_CHARS_MAX} printable ASCII characters without blanks, not ${JSON.stringify(text)}`,
    );
  if (isFilesHost(text)) throw new ConfigError('--host-id', `names with ${text.split(':')[0]}: are taken`);
  return text;
}

function sourcesOf(text: string | undefined): SourceSettings {
  try {
    return readSourceSettings(text);
  } catch (error) {
    if (error instanceof SourceSettingError) throw new ConfigError('--sources', error.message);
    throw error;
  }
}

function outboxOf(
  folder: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return folder === undefined ? undefined : resolve(startedIn(env), folder);
}

const IPFIX_PORT = 4739;

function ipfixOf(collector: string | undefined, domain: string | undefined): IpfixSettings | undefined {
  if (collector === undefined) return undefined;
  const address = `udp://${collector}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.hostname === '' || url.pathname !== '' || url.username !== '')
    throw new ConfigError('--ipfix', `HOST:PORT, not ${collector}`);
  const number = Number(domain ?? 0);
  if (!Number.isInteger(number) || number < 0 || number > 0xffff_ffff)
    throw new ConfigError('EDGEDIVE_IPFIX_DOMAIN', `a whole number of 32 bits, not ${domain}`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(url.port || IPFIX_PORT), domain: number };
}

/** Where the user was: npm changes to the checkout before it runs us. */
function startedIn(env: Readonly<Record<string, string | undefined>>): string {
  return (env['npm_lifecycle_event'] === 'probe' ? env['INIT_CWD'] : undefined) ?? process.cwd();
}

/** Everything behind `--pcap` that is no option is a file. */
function filesOf(given: readonly string[] | undefined, positionals: readonly string[]): readonly string[] {
  if (given === undefined && positionals.length > 0)
    throw new ConfigError(positionals[0]!, 'unexpected; capture files stand behind --pcap');
  const files = [...(given ?? []), ...positionals];
  if (files.includes('')) throw new ConfigError('--pcap', 'the name of a file is empty');
  return files;
}

function tokenOf(text: string | undefined): string | undefined {
  if (text !== undefined && !/^[\x21-\x7e]+$/.test(text))
    throw new ConfigError('--token', 'printable ASCII without blanks');
  return text;
}
