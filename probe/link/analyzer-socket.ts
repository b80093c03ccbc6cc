/**
 * One WebSocket to the analyzer that is always there or being made again: upgrade with the probe's headers, Hello
 * and Welcome, liveness by ping, backoff, and what the analyzer's refusals mean. The topology link and the flow
 * link each own one; the rules of the protocol stand in docs/design/probe-protocol.md.
 */
import type { IncomingMessage } from 'node:http';
import { WebSocket, type RawData } from 'ws';
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { analyzerFrame, protocolVersion, readAnalyzerFrame } from '../../core/wire/probe-frames.ts';
import { closeCodes } from '../../core/wire/wire-error.ts';
import type { ToProbe, Welcome } from '../../proto/gen/probe.ts';
import type { Log } from '../log.ts';
import type { ProbeTls } from '../config.ts';
import { tlsOptions } from './tls.ts';
import { Backoff, type FailureKind } from './backoff.ts';

/** Who this probe is, told in headers and Hello; the same for all its sockets. */
export interface ProbeIdentity {
  readonly hostId: string;
  /** Fresh and random for each start of the probe; sequence numbers belong to it. */
  readonly incarnation: string;
  readonly version: string;
  readonly token: string | undefined;
  readonly tls: ProbeTls;
}

export interface SocketHandler {
  /** The handshake is done; frames may be sent from now on. */
  welcomed(welcome: Welcome): void;
  /** Any message but Welcome. */
  received(message: ToProbe): void;
  /** A welcomed connection is gone; what was sent may not have arrived. */
  lost(): void;
}

export interface SocketStatus {
  readonly connected: boolean;
  readonly connects: number;
  /** Attempts that failed since the last connection that held. */
  readonly failures: number;
  readonly lastError: string;
  /** ms by which the analyzer's clock is ahead of ours, as of the last Welcome. */
  readonly clockOffsetMs: number;
}

const UPGRADE_MS_MAX = 5_000;
const WELCOME_MS_MAX = 5_000;
const PING_EVERY_MS = 5_000;
/** Nothing heard for this long, though pings were sent: the peer is gone. */
const SILENT_MS_MAX = 15_000;
/** How long the peer has to answer our close. */
const CLOSE_MS_MAX = 300;

/** HTTP answers that a retry in a moment will not change. */
const REFUSED_STATUS = new Set([400, 401, 403, 409, 426]);
const REFUSED_CODES = new Set<number>([closeCodes.policy, closeCodes.versionTooNew, closeCodes.hostTaken]);

/** One attempt, from connecting to its end. */
interface Connection {
  readonly ws: WebSocket;
  heardAt: number;
  /** Set when Welcome came. */
  welcomedAt: number | undefined;
  /** What went wrong first; the close event that follows says less. */
  failure: { readonly kind: FailureKind; readonly text: string } | undefined;
  readonly timers: NodeJS.Timeout[];
}

export class AnalyzerSocket {
  readonly #url: string;
  readonly #identity: ProbeIdentity;
  readonly #handler: SocketHandler;
  readonly #log: Log;
  readonly #backoff: Backoff;
  #connection: Connection | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  #connects = 0;
  #lastError = '';
  #clockOffsetMs = 0;

  /** `url` is the whole address of the socket, `ws://host:port/ws/probe/flow`. */
  constructor(
    url: string,
    identity: ProbeIdentity,
    log: Log,
    handler: SocketHandler,
    backoff = new Backoff(),
  ) {
    this.#backoff = backoff;
    this.#url = url;
    this.#identity = identity;
    this.#log = log;
    this.#handler = handler;
  }

  get status(): SocketStatus {
    return {
      connected: this.connected,
      connects: this.#connects,
      failures: this.#backoff.failures,
      lastError: this.#lastError,
      clockOffsetMs: this.#clockOffsetMs,
    };
  }

  get connected(): boolean {
    return this.#connection?.welcomedAt !== undefined;
  }

  /** Bytes handed to `send` that the network has not taken yet. */
  get bufferedBytes(): number {
    return this.#connection?.ws.bufferedAmount ?? 0;
  }

  start(): void {
    this.#connect();
  }

  /** Sends when connected; false when it could not. */
  send(frame: Uint8Array): boolean {
    const connection = this.#connection;
    if (connection?.welcomedAt === undefined || connection.ws.readyState !== WebSocket.OPEN) return false;
    connection.ws.send(frame);
    return true;
  }

  /** Says goodbye, closes, and never connects again. Resolves when the socket is gone, within 300 ms. */
  async stop(reason: string): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    const connection = this.#connection;
    if (connection === undefined) return;
    if (connection.welcomedAt === undefined) {
      connection.ws.terminate();
      return;
    }
    this.send(analyzerFrame({ goodbye: { reason } }));
    const closed = new Promise<void>((resolve) => connection.ws.once('close', () => resolve()));
    connection.ws.close(1000, reason);
    const impatience = setTimeout(() => connection.ws.terminate(), CLOSE_MS_MAX);
    await closed;
    clearTimeout(impatience);
  }

  #connect(): void {
    const { hostId, token, tls } = this.#identity;
    const ws = new WebSocket(this.#url, {
      headers: {
        'X-Host-ID': hostId,
        'X-Client-Type': 'probe',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...tlsOptions(tls),
      handshakeTimeout: UPGRADE_MS_MAX,
      maxPayload: limits.frameBytesMax,
      perMessageDeflate: false,
    });
    const connection: Connection = {
      ws,
      heardAt: Date.now(),
      welcomedAt: undefined,
      failure: undefined,
      timers: [],
    };
    this.#connection = connection;
    ws.on('open', () => this.#opened(connection));
    ws.on('message', (data, isBinary) => this.#message(connection, data, isBinary));
    ws.on('pong', () => (connection.heardAt = Date.now()));
    ws.on('ping', () => (connection.heardAt = Date.now()));
    ws.on('unexpected-response', (_request, response) => void this.#upgradeRefused(connection, response));
    ws.on('error', (error) => (connection.failure ??= { kind: kindOf(error), text: messageOf(error) }));
    ws.on('close', (code, reason) => this.#closed(connection, code, reason.toString()));
  }

  #opened(connection: Connection): void {
    const { hostId, incarnation, version } = this.#identity;
    connection.heardAt = Date.now();
    const hello = { ...protocolVersion, host_id: hostId, incarnation, version, clock: Date.now() };
    connection.ws.send(analyzerFrame({ hello }));
    const fail = (text: string) => {
      connection.failure ??= { kind: 'failed', text };
      connection.ws.terminate();
    };
    connection.timers.push(
      setTimeout(() => {
        if (connection.welcomedAt === undefined) fail(`no Welcome within ${WELCOME_MS_MAX} ms`);
      }, WELCOME_MS_MAX),
      setInterval(() => {
        if (Date.now() - connection.heardAt > SILENT_MS_MAX) fail(`nothing heard for ${SILENT_MS_MAX} ms`);
        else if (connection.ws.readyState === WebSocket.OPEN) connection.ws.ping();
      }, PING_EVERY_MS),
    );
  }

  #message(connection: Connection, data: RawData, isBinary: boolean): void {
    connection.heardAt = Date.now();
    // A frame that came in behind our own close or a replaced connection has no one to act on it.
    if (this.#connection !== connection) return;
    try {
      if (!isBinary) throw new Error('a text frame came, the protocol is binary');
      const message = readAnalyzerFrame(bytesOf(data));
      if (message.welcome !== undefined) this.#welcomed(connection, message.welcome);
      else if (connection.welcomedAt !== undefined) this.#handler.received(message);
      else throw new Error('the analyzer spoke before its Welcome');
    } catch (error) {
      connection.failure ??= { kind: 'failed', text: messageOf(error) };
      connection.ws.close(closeCodes.protocol, 'see the log of the probe');
    }
  }

  #welcomed(connection: Connection, welcome: Welcome): void {
    if (connection.welcomedAt !== undefined) throw new Error('a second Welcome came');
    if (welcome.major !== protocolVersion.major) {
      connection.failure = {
        kind: 'refused',
        text: `the analyzer speaks protocol ${welcome.major}, this probe ${protocolVersion.major}`,
      };
      connection.ws.close(closeCodes.versionTooNew, 'protocol version');
      return;
    }
    connection.welcomedAt = Date.now();
    this.#connects++;
    this.#clockOffsetMs = welcome.clock === 0 ? 0 : welcome.clock - Date.now();
    this.#lastError = '';
    this.#log.info(`connected to ${this.#url}`);
    this.#handler.welcomed(welcome);
  }

  async #upgradeRefused(connection: Connection, response: IncomingMessage): Promise<void> {
    const status = response.statusCode ?? 0;
    const kind: FailureKind = REFUSED_STATUS.has(status) ? 'refused' : 'failed';
    let body = '';
    try {
      response.setEncoding('utf8');
      for await (const chunk of response) {
        body += String(chunk);
        if (body.length > 200) break;
      }
    } catch {
      // The status alone has to do.
    }
    connection.failure ??= { kind, text: `HTTP ${status} ${body.trim().slice(0, 200)}`.trim() };
    connection.ws.terminate();
  }

  #closed(connection: Connection, code: number, reason: string): void {
    for (const timer of connection.timers) clearTimeout(timer);
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    const { welcomedAt } = connection;
    if (welcomedAt !== undefined) this.#backoff.worked(Date.now() - welcomedAt);
    const failure = connection.failure ?? {
      kind: REFUSED_CODES.has(code) ? 'refused' : 'failed',
      text: `closed with ${code}${reason === '' ? '' : ` ${reason}`}`,
    };
    if (!this.#stopped) this.#retryAfter(failure.kind, failure.text, welcomedAt !== undefined);
    if (welcomedAt !== undefined) this.#handler.lost();
  }

  /** Logs a reason once, however often it repeats, and plans the next attempt. */
  #retryAfter(kind: FailureKind, text: string, wasConnected: boolean): void {
    const waitMs = this.#backoff.next(kind);
    if (text !== this.#lastError || wasConnected) {
      const how =
        kind === 'refused' ? `refused, next attempt in ${Math.round(waitMs / 1_000)} s` : 'retrying';
      this.#log[kind === 'refused' ? 'error' : 'warn'](`${this.#url}: ${text}; ${how}`);
    }
    this.#lastError = text;
    this.#retry = setTimeout(() => this.#connect(), waitMs);
  }
}

function kindOf(error: Error): FailureKind {
  return 'code' in error && error.code === 'ECONNREFUSED' ? 'closed' : 'failed';
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
