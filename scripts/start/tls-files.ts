/**
 * The certificate, key and authority of the listener with TLS: read and checked together, and read again when a file changes
 * or a SIGHUP comes. A pair that cannot be used never replaces one that works.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../../core/errors.ts';
import { timings } from '../../core/limits.ts';
import { ConfigError } from './config-error.ts';

export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  /** Of the authority that client certificates are checked against; undefined asks for none. */
  readonly caFile: string | undefined;
  readonly requiresClientCert: boolean;
}

export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

/** Throws a ConfigError that names the setting. */
export function readTlsFiles(settings: TlsSettings, nowMs: number): TlsMaterial {
  const cert = read('tls.server_cert', settings.certFile);
  const key = read('tls.server_key', settings.keyFile);
  const ca = settings.caFile === undefined ? undefined : read('tls.ca_cert', settings.caFile);
  const leaf = part('tls.server_cert', settings.certFile, () => new X509Certificate(cert));
  const privateKey = part('tls.server_key', settings.keyFile, () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey))
    throw new ConfigError('tls.server_key', `${settings.keyFile} is not the key of ${settings.certFile}`);
  if (Date.parse(leaf.validTo) <= nowMs)
    throw new ConfigError('tls.server_cert', `${settings.certFile} expired at ${leaf.validTo}`);
  // The whole chain, and the authority.
  part('tls.server_cert', settings.certFile, () => createSecureContext({ cert, key }));
  if (ca !== undefined)
    part('tls.ca_cert', settings.caFile!, () => {
      void new X509Certificate(ca);
      return createSecureContext({ ca });
    });
  return { cert, key, ca };
}

function read(setting: string, path: string): Buffer {
  return part(setting, path, () => readFileSync(path));
}

function part<T>(setting: string, path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new ConfigError(setting, `${path}: ${messageOf(error)}`);
  }
}

/** Calls `changed` when the content or the place behind a name is another one (renames and links too: by polling). */
export function watchTlsFiles(settings: TlsSettings, changed: () => void): () => void {
  const files = [settings.certFile, settings.keyFile, settings.caFile].filter((file) => file !== undefined);
  let timer: NodeJS.Timeout | undefined;
  // Certificate and key are rarely replaced in one moment: the second one may come just behind.
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(changed, timings.tlsFilesSettleMs);
    timer.unref();
  };
  for (const file of files) watchFile(file, { interval: timings.tlsFilesPollMs, persistent: false }, soon);
  return () => {
    clearTimeout(timer);
    for (const file of files) unwatchFile(file, soon);
  };
}
