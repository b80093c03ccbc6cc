/**
 * How a route hands an upgrade to an object: the request as it came, plus what the route found out about the
 * peer, in headers that a peer cannot set because they are always overwritten.
 */
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
