/**
 * How a probe's connections are made: over TLS with an authority, a pinned public key (RFC 7469's form) and a certificate of
 * its own, or over a Unix socket to the analyzer that started it. Nothing, no credential either, is sent before the pin was checked.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectPlain, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, createSecureContext } from 'node:tls';
import type { ClientOptions } from 'ws';
import { messageOf } from '../../core/errors.ts';

export interface Transport {
  readonly ca?: Buffer | undefined;
  /** BASE64 of the SHA-256 of the SubjectPublicKeyInfo. */
  readonly pin?: string | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
  readonly isInsecure?: boolean;
  readonly socketPath?: string | undefined;
}

export interface TransportSettings {
  readonly ca: string | undefined;
  readonly pin: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly isInsecure: boolean;
  readonly socketPath: string | undefined;
}

export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly option: string;

  constructor(option: string, text: string) {
    super(text);
    this.option = option;
  }
}

/** Throws TransportError. */
export function readTransport(settings: TransportSettings): Transport {
  const { ca, pin, cert, key, isInsecure, socketPath } = settings;
  if ((cert === undefined) !== (key === undefined))
    throw new TransportError(
      cert === undefined ? '--cert' : '--key',
      'a certificate and its key belong together',
    );
  const transport = {
    ca: fileOf('--ca', ca),
    pin: pinOf(pin),
    cert: fileOf('--cert', cert),
    key: fileOf('--key', key),
    isInsecure,
    socketPath,
  };
  try {
    if (transport.ca !== undefined) void new X509Certificate(transport.ca);
  } catch (error) {
    throw new TransportError('--ca', `${ca}: ${messageOf(error)}`);
  }
  try {
    createSecureContext({ cert: transport.cert, key: transport.key });
  } catch (error) {
    throw new TransportError('--cert', `${cert}: ${messageOf(error)}`);
  }
  return transport;
}

function pinOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const pin = /^sha256\/([A-Za-z0-9+/]{43}=)$/.exec(text)?.[1];
  if (pin === undefined) throw new TransportError('--pin', 'sha256/ and 44 characters of base64');
  return pin;
}

function fileOf(option: string, path: string | undefined): Buffer | undefined {
  try {
    return path === undefined ? undefined : readFileSync(path);
  } catch (error) {
    throw new TransportError(option, messageOf(error));
  }
}

type Callback = (error: Error | null, socket?: Duplex) => void;

class PinError extends Error {
  readonly code = 'PIN_MISMATCH';
}

/** As http.request takes it; undefined where the usual way does. A handshake that takes longer than `msMax` fails. */
export function connectionMaker(
  url: URL,
  transport: Transport,
  msMax: number,
): ClientOptions['createConnection'] {
  const { socketPath } = transport;
  if (socketPath !== undefined) return () => connectPlain(socketPath);
  if (url.protocol !== 'wss:') return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const make = (_options: unknown, done: Callback): undefined => {
    const socket = connect({
      host,
      port: Number(url.port || 443),
      ...(isIP(host) === 0 && { servername: host }),
      ca: transport.ca,
      cert: transport.cert,
      key: transport.key,
      rejectUnauthorized: transport.isInsecure !== true,
      minVersion: 'TLSv1.2',
    });
    const failed = (error: Error): void => done(error);
    socket.once('error', failed);
    socket.setTimeout(msMax, () => socket.destroy(new Error(`no TLS within ${msMax} ms`)));
    socket.once('secureConnect', () => {
      const found = pinOfPeer(socket.getPeerX509Certificate());
      if (transport.pin !== undefined && found !== transport.pin) {
        socket.destroy(new PinError(`the analyzer's public key is sha256/${found}, not the pinned one`));
        return;
      }
      socket.off('error', failed);
      socket.setTimeout(0);
      done(null, socket);
    });
    return undefined;
  };
  // ws hands it to http.request, which takes this form; the types of ws know net's only.
  return make as unknown as ClientOptions['createConnection'];
}

function pinOfPeer(certificate: X509Certificate | undefined): string {
  if (certificate === undefined) return '';
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

const FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the analyzer's certificate has expired",
  CERT_NOT_YET_VALID: "the analyzer's certificate is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the analyzer's certificate is of an unknown authority; --ca names one",
  SELF_SIGNED_CERT_IN_CHAIN: "the analyzer's certificate is of an unknown authority; --ca names one",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the analyzer's certificate is of an unknown authority; --ca names one",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the analyzer's certificate is of an unknown authority; --ca names one",
  ERR_TLS_CERT_ALTNAME_INVALID: "the analyzer's certificate is for another name",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the analyzer wants a certificate: --cert and --key',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS is spoken there',
  EPROTO: 'no TLS is spoken there',
};

/** What is wrong with TLS, for people; undefined for other errors. */
export function tlsFault(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? FAULTS[error.code] : undefined;
}
