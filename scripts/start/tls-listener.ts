/**
 * The listener with TLS in front of workerd, which has TLS but cannot change its certificate while it runs
 * (docs/decisions/0053). Each request is parsed and handed on with the peer's address in a header whose name nobody outside
 * knows; behind an upgrade bytes are piped both ways, so that a peer that reads slowly holds up the analyzer as without TLS.
 */
import { constants } from 'node:crypto';
import { Agent, request, ServerResponse, type ClientRequest, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer, type Server } from 'node:https';
import { createServer, type Server as TcpServer, type Socket } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { timings } from '../../core/limits.ts';
import type { TlsMaterial } from './tls-files.ts';

export interface TlsListenerOptions {
  /** The opened listening socket. */
  readonly fd: number;
  /** Where workerd answers. */
  readonly socketPath: string;
  /** Names of headers that workerd believes (workerd.capnp: cfBlobHeader, forwardedProtoHeader). */
  readonly peerHeader: string;
  readonly protoHeader: string;
  readonly material: TlsMaterial;
  readonly requiresClientCert: boolean;
}

/** ECDHE with AEAD; TLS 1.3 has nothing else. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  ...['ECDSA', 'RSA'].flatMap((key) =>
    ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].map((aead) => `ECDHE-${key}-${aead}`),
  ),
].join(':');
/** RFC 8446, section 5.1: the first byte of a ClientHello's record. */
const HANDSHAKE_RECORD = 0x16;
const PLAIN_TEXT = 'Client sent an HTTP request to an HTTPS server.\n';
/** RFC 9110, section 7.6.1: about one connection only. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade', 'expect'];

export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #https: Server;
  readonly #tcp: TcpServer;
  readonly #agent: Agent;

  constructor(options: TlsListenerOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
    const { material, requiresClientCert } = options;
    const asksForCert = material.ca !== undefined;
    this.#https = createHttpsServer({
      ...contextOf(material),
      requestCert: asksForCert,
      // A wrong certificate of one who need not have any is refused below.
      rejectUnauthorized: requiresClientCert,
      handshakeTimeout: timings.tlsHandshakeMs,
      // A large file may take long, as without TLS.
      requestTimeout: 0,
      keepAliveTimeout: timings.tlsIdleMs,
    });
    this.#https.on('secureConnection', (socket: TLSSocket) => {
      const hasCert = asksForCert && Object.keys(socket.getPeerCertificate()).length > 0;
      if (hasCert && !socket.authorized) socket.destroy();
    });
    // Whoever speaks no TLS, or none of ours, is gone already.
    this.#https.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#https.on('request', (asked, answer) => this.#request(asked, answer));
    this.#https.on('upgrade', (asked, socket, head) => this.#upgrade(asked, socket, head));
    this.#tcp = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#tcp.once('error', reject);
      this.#tcp.listen({ fd: this.#options.fd }, resolve);
    });
  }

  /** For connections from now on; those that are open stay as they are. */
  replace(material: TlsMaterial): void {
    this.#https.setSecureContext(contextOf(material));
  }

  /** Lets nobody in any more, and ends who is in. */
  stop(): void {
    this.#tcp.close();
    this.#https.closeAllConnections();
    this.#agent.destroy();
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    socket.setTimeout(timings.tlsHandshakeMs, () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      socket.setTimeout(0);
      if (first[0] !== HANDSHAKE_RECORD) {
        const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${PLAIN_TEXT.length}\r\n`;
        socket.end(`${head}Connection: close\r\n\r\n${PLAIN_TEXT}`);
        return;
      }
      socket.pause();
      socket.unshift(first);
      this.#https.emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  }

  /** To workerd, as it came, but for what is about this connection and what only we may say. */
  #ask(asked: IncomingMessage, kept: readonly string[]): ClientRequest {
    const { socketPath, peerHeader, protoHeader } = this.#options;
    const dropped = new Set([...HOP_BY_HOP, peerHeader.toLowerCase(), protoHeader.toLowerCase()]);
    for (const name of kept) dropped.delete(name);
    const headers = without(asked.rawHeaders, dropped);
    headers.push(peerHeader, JSON.stringify({ clientIp: peerOf(asked.socket) }), protoHeader, 'https');
    return request({
      socketPath,
      agent: kept.length > 0 ? false : this.#agent,
      method: asked.method,
      path: asked.url,
      headers,
      setHost: false,
    });
  }

  #request(asked: IncomingMessage, answer: ServerResponse): void {
    const upstream = this.#ask(asked, []);
    upstream.on('response', (said) => handOn(said, answer));
    upstream.on('error', () => fail(answer));
    answer.on('close', () => upstream.destroy());
    // An error of one side is heard by the other's listeners.
    pipeline(asked, upstream, () => {});
  }

  #upgrade(asked: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upstream = this.#ask(asked, ['connection', 'upgrade']);
    const plainAnswer = (): ServerResponse => {
      const answer = new ServerResponse(asked);
      answer.shouldKeepAlive = false;
      answer.assignSocket(socket as Socket);
      answer.on('finish', () => socket.end());
      return answer;
    };
    upstream.on('upgrade', (said, inner, innerHead) => {
      socket.write(headOf(said));
      if (innerHead.length > 0) socket.write(innerHead);
      if (head.length > 0) inner.write(head);
      pipeline(inner, socket, () => {});
      pipeline(socket, inner, () => {});
    });
    upstream.on('response', (said) => handOn(said, plainAnswer()));
    upstream.on('error', () => fail(plainAnswer()));
    socket.on('error', () => upstream.destroy());
    socket.on('close', () => upstream.destroy());
    upstream.end();
  }
}

function contextOf({ cert, key, ca }: TlsMaterial) {
  return {
    cert,
    key,
    ...(ca === undefined ? {} : { ca, secureOptions: constants.SSL_OP_NO_TICKET }),
    minVersion: 'TLSv1.2' as const,
    ciphers: CIPHERS,
    honorCipherOrder: true,
  };
}

/** As worker/routes/socket.ts reads it, and as the kernel's table has it. */
function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  const host = remoteAddress.replace(/^::ffff:(?=[\d.]+$)/, '');
  return host.includes(':') ? `[${host}]:${remotePort}` : `${host}:${remotePort}`;
}

function without(raw: readonly string[], dropped: ReadonlySet<string>): string[] {
  return raw.filter((_, index) => !dropped.has(raw[index - (index % 2)]!.toLowerCase()));
}

const DROPPED_OF_ANSWERS = new Set(['connection', 'keep-alive', 'transfer-encoding']);

function handOn(said: IncomingMessage, answer: ServerResponse): void {
  answer.sendDate = false;
  answer.writeHead(said.statusCode ?? 502, said.statusMessage, without(said.rawHeaders, DROPPED_OF_ANSWERS));
  // Cut short there: cut short here.
  pipeline(said, answer, (error) => {
    if (error !== null && error !== undefined) answer.destroy();
  });
}

function fail(answer: ServerResponse): void {
  if (answer.headersSent) answer.destroy();
  else
    answer
      .writeHead(502, { 'Content-Type': 'text/plain; charset=utf-8' })
      .end('the analyzer does not answer\n');
}

function headOf(said: IncomingMessage): string {
  const lines = said.rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [`${name}: ${said.rawHeaders[index + 1]}`] : [],
  );
  return `HTTP/1.1 101 ${said.statusMessage}\r\n${lines.join('\r\n')}\r\n\r\n`;
}
