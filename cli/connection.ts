/**
 * Where the analyzer is and how to speak to it: the options that every command has, and the variables of the reference's
 * client (SKYDIVE_ANALYZER, SKYDIVE_USERNAME, SKYDIVE_PASSWORD), which ours override.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { messageOf } from '../core/errors.ts';
import { rememberedToken } from './credentials.ts';
import { usageError } from './errors.ts';

/** As commander reads them. */
export interface ConnectionOptions {
  readonly analyzer?: string;
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
  /** Configuration files of the reference. */
  readonly conf?: readonly string[];
}

export interface Connection {
  /** `http:` or `https:`, with host and port, without path. */
  readonly base: URL;
  /** Credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsFiles;
}

interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_ANALYZER = '127.0.0.1:8082';

/** Throws CommandError `usage`. */
export function readConnection(options: ConnectionOptions, env: Environment): Connection {
  const said = [env['EDGEDIVE_ANALYZER'], env['SKYDIVE_ANALYZER'], analyzerIn(options.conf ?? [])];
  const analyzer =
    options.analyzer ?? said.find((text) => text !== undefined && text !== '') ?? DEFAULT_ANALYZER;
  // As in the reference's client: a key pair means TLS.
  const isTls = options.cert !== undefined && options.key !== undefined;
  const base = readAddress(analyzer, isTls ? 'https' : 'http');
  return {
    base,
    headers: credentials(options, base, env),
    tls: {
      ...(options.cacert === undefined ? {} : { ca: readFile('--cacert', options.cacert) }),
      ...(options.cert === undefined ? {} : { cert: readFile('--cert', options.cert) }),
      ...(options.key === undefined ? {} : { key: readFile('--key', options.key) }),
      ...(options.insecure === true ? { rejectUnauthorized: false } : {}),
    },
  };
}

/** The first of `analyzers` in configuration files of the reference; the last file that has some holds. */
function analyzerIn(files: readonly string[]): string | undefined {
  let found: string | undefined;
  for (const file of files) {
    let read: unknown;
    try {
      read = parse(readFileSync(file, 'utf8'));
    } catch (error) {
      throw usageError(`--conf: ${file}: ${messageOf(error)}`);
    }
    const { analyzers } = (read ?? {}) as { readonly analyzers?: unknown };
    const [first] = Array.isArray(analyzers) ? (analyzers as unknown[]) : [];
    if (typeof first === 'string') found = first;
  }
  return found;
}

/** `host:port`, `:port`, or a URL. */
function readAddress(text: string, scheme: 'http' | 'https'): URL {
  const whole = /^https?:\/\//.test(text)
    ? text
    : `${scheme}://${text.startsWith(':') ? '127.0.0.1' : ''}${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url === undefined || url.hostname === '' || url.pathname !== '/')
    throw usageError(`--analyzer: expected HOST:PORT or http(s)://HOST:PORT, got '${text}'`);
  return url;
}

/** What was given for this command; else what `edgedive login` remembered. */
function credentials(options: ConnectionOptions, base: URL, env: Environment): Record<string, string> {
  const token = options.token ?? env['EDGEDIVE_TOKEN'];
  if (token !== undefined && token !== '') return { Authorization: `Bearer ${token}` };
  const username = options.username ?? env['SKYDIVE_USERNAME'] ?? '';
  const password = options.password ?? env['SKYDIVE_PASSWORD'] ?? '';
  if (username === '' && password === '') {
    const remembered = rememberedToken(base, env) ?? '';
    return remembered === '' ? {} : { Authorization: `Bearer ${remembered}` };
  }
  return { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

function readFile(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw usageError(`${option}: ${messageOf(error)}`);
  }
}
