/**
 * TLS in front of the analyzer: takes connections on the public address and hands each request on to workerd, which listens on
 * loopback alone then (decision 0053: workerd has TLS but cannot take a new certificate without a restart). Says who asks in
 * CF-Connecting-IP, as Cloudflare does; what a client says there is overwritten.
 */
import { watch, readFileSync, type FSWatcher } from 'node:fs';
import { Agent, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createSecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { messageOf } from '../../core/errors.ts';
import type { Listen } from './listen.ts';

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Authorities of client certificates; "" asks for none. */
  readonly ca: string;
  readonly requiresClient: boolean;
}

interface FrontOptions {
  readonly files: TlsFiles;
  readonly listen: Listen;
  /** Where workerd listens. */
  readonly inner: Listen;
  readonly say: (text: string) => void;
}

/** Forward secrecy and authenticated encryption only, as the reference demands. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');
const CLIENT_HELLO = 0x16;
const PLAIN_ANSWER =
  'HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';
const SETTLE_MS = 200;
/** Of one connection to the next hop only (RFC 9110, section 7.6.1). */
const HOP_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
]);
const OWN_HEADERS = new Set(['cf-connecting-ip', 'x-forwarded-proto', 'x-forwarded-for']);

export class TlsFront {
  readonly #options: FrontOptions;
  readonly #https: HttpsServer;
  readonly #outer: Server;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  readonly #watchers: FSWatcher[];
  #timer: NodeJS.Timeout | undefined;

  /** Throws when the files cannot be read or do not belong together. */
  constructor(options: FrontOptions) {
    this.#options = options;
    this.#https = createHttps({ ...contextOf(options.files), ...POLICY, ...clientPolicy(options.files) });
    this.#https.on('secureConnection', (socket: TLSSocket) => this.#checkClient(socket));
    this.#https.on('request', (request, response) => this.#handOn(request, response));
    this.#https.on('upgrade', (request, socket: Socket, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    this.#https.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#https.on('clientError', (_error, socket) => socket.destroy());
    this.#outer = createServer((socket) => this.#look(socket));
    // A tool that renews certificates replaces files: the folder is watched, not what is replaced.
    const folders = new Set(
      [options.files.cert, options.files.key, options.files.ca].filter(Boolean).map(dirname),
    );
    this.#watchers = [...folders].map((folder) => watch(folder, () => this.#reloadSoon()));
  }

  /** Resolves with the real port. Rejects with the system's error. */
  start(): Promise<number> {
    const { host, port } = this.#options.listen;
    return new Promise((resolve, reject) => {
      this.#outer.once('error', reject);
      this.#outer.listen({ host, port }, () => {
        const bound = this.#outer.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  }

  stop(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#outer.close();
    this.#https.closeAllConnections();
    this.#agent.destroy();
  }

  /** New connections get the new pair; one that is no pair is not taken, and the old one stays. */
  reload(): void {
    const { files, say } = this.#options;
    try {
      const context = contextOf(files);
      createSecureContext(context);
      this.#https.setSecureContext({ ...context, ...POLICY });
      say('TLS: the certificate was read again');
    } catch (error) {
      say(`TLS: the certificate stays as it was: ${messageOf(error)}`);
    }
  }

  #reloadSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.reload(), SETTLE_MS);
  }

  /** A client that speaks plain HTTP is told so, instead of a broken connection. */
  #look(socket: Socket): void {
    socket.once('error', () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      socket.pause();
      if (first[0] !== CLIENT_HELLO) {
        socket.end(PLAIN_ANSWER);
        return;
      }
      socket.unshift(first);
      this.#https.emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  }

  /** One that shows a certificate must show a good one, whether it is demanded or not. */
  #checkClient(socket: TLSSocket): void {
    if (this.#options.files.ca === '' || socket.authorized) return;
    if (Object.keys(socket.getPeerCertificate()).length > 0) socket.destroy();
  }

  #handOn(request: IncomingMessage, response: ServerResponse): void {
    const { host, port } = this.#options.inner;
    const inner = ask({
      host,
      port,
      agent: this.#agent,
      method: request.method,
      path: request.url,
      headers: handedOn(request),
      setHost: false,
    });
    inner.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, withoutHops(answer.rawHeaders));
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    inner.on('error', (error) => {
      if (response.headersSent) response.destroy();
      else
        response.writeHead(502, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${messageOf(error)}\n`);
    });
    response.on('close', () => inner.destroy());
    request.pipe(inner);
  }

  /** From the answer on it is the analyzer's socket: bytes go both ways as fast as the slower end takes them. */
  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { host, port } = this.#options.inner;
    const inner = connect({ host, port }, () => {
      const headers = handedOn(request);
      const lines = [`${request.method} ${request.url} HTTP/1.1`];
      for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
      lines.push('Connection: Upgrade', '', '');
      inner.write(lines.join('\r\n'));
      inner.write(head);
      socket.pipe(inner).pipe(socket);
    });
    const end = (): void => {
      inner.destroy();
      socket.destroy();
    };
    for (const either of [inner, socket]) either.on('error', end).on('close', end);
  }
}

const POLICY = { minVersion: 'TLSv1.2', ciphers: CIPHERS, honorCipherOrder: true } as const;

function contextOf({ cert, key, ca }: TlsFiles): SecureContextOptions {
  return {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...(ca !== '' && { ca: readFileSync(ca) }),
  };
}

function clientPolicy({ ca, requiresClient }: TlsFiles) {
  return ca === '' ? {} : { requestCert: true, rejectUnauthorized: requiresClient };
}

/** As the client sent them, but for what concerns its connection and what we say ourselves. */
function handedOn({ rawHeaders, socket }: IncomingMessage): string[] {
  const headers = withoutHops(rawHeaders, OWN_HEADERS);
  headers.push('CF-Connecting-IP', (socket.remoteAddress ?? '').replace(/^::ffff:/, ''));
  return headers;
}

function withoutHops(rawHeaders: readonly string[], alsoWithout: ReadonlySet<string> = new Set()): string[] {
  const kept: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    const lower = name.toLowerCase();
    if (!HOP_HEADERS.has(lower) && !alsoWithout.has(lower)) kept.push(name, rawHeaders[at + 1]!);
  }
  return kept;
}
