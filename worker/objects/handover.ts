/**
 * How a route hands an upgrade to an object: the request as it came, plus what the route found out about the
 * peer, in headers that a peer cannot set because they are always overwritten.
 */
import type { Parameters } from '../../core/wire/client-parameters.ts';

const PRINCIPAL = 'x-edgedive-principal';
const ADDRESS = 'x-edgedive-address';
const CONNECTION = 'x-edgedive-connection';

export interface Peer {
  /** Whose credential it was; "" without authentication. The same text means the same credential. */
  readonly principal: string;
  readonly address: string;
  /** `1.2.3.4:5` or `[fd00::1]:5`, the other end of the TCP connection, where the runtime tells its port; otherwise "". */
  readonly connection: string;
}

export function handOver(request: Request, peer: Peer): Request {
  const headers = new Headers(request.headers);
  headers.set(PRINCIPAL, peer.principal);
  headers.set(ADDRESS, peer.address);
  headers.set(CONNECTION, peer.connection);
  return new Request(request, { headers });
}

export function peerOf(request: Request): Peer {
  return {
    principal: request.headers.get(PRINCIPAL) ?? '',
    address: request.headers.get(ADDRESS) ?? '',
    connection: request.headers.get(CONNECTION) ?? '',
  };
}

/** The 101 of every socket here; Skydive's Go client hangs up without the two headers. */
export function upgraded(env: Env, client: WebSocket): Response {
  return new Response(null, {
    status: 101,
    webSocket: client,
    headers: { 'X-Host-ID': env.EDGEDIVE_HOST_ID, 'X-Service-Type': 'analyzer' },
  });
}

export function isUpgrade(request: Request): boolean {
  return request.headers.get('upgrade')?.toLowerCase() === 'websocket';
}

/** A refusal before the upgrade; clients of the reference expect no text with some statuses. */
export function refusal(status: number, text: string): Response {
  if (text === '') return new Response(null, { status });
  return new Response(`${text}\n`, { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
}

/** Headers first; the lower-case query parameters of the same name where a header is missing or empty. */
export function parametersOf(request: Request): Parameters {
  const query = new URL(request.url).searchParams;
  return (name) => {
    const header = request.headers.get(name) ?? '';
    return header === '' ? query.getAll(name.toLowerCase()) : [header];
  };
}

const encoder = new TextEncoder();

/** Bytes of a client's frame, in UTF-8; those of a text are counted only when its length does not show that it is below `most`. */
export function frameBytes(data: ArrayBuffer | string, most: number): number {
  if (typeof data !== 'string') return data.byteLength;
  return data.length * 3 <= most ? data.length : encoder.encode(data).length;
}
