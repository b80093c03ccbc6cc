/**
 * `/ws/probe/topology` and `/ws/probe/flow`: our own probes. The upgrade is handed over as it came; the objects check
 * Hello against the host id of the upgrade (docs/design/probe-protocol.md).
 */
import type { App, AppContext } from '../app.ts';
import { handOver, isUpgrade } from '../objects/handover.ts';
import { shardForHost, topologyOf } from '../objects/stubs.ts';
import { peerOfRequest } from './socket.ts';

export function mountProbe(app: App): void {
  app.get('/ws/probe/topology', (c) => upgrade(c, () => topologyOf(c.env)));
  app.get('/ws/probe/flow', (c) => upgrade(c, (hostId) => shardForHost(c.env, hostId)));
}

function upgrade(
  c: AppContext,
  target: (hostId: string) => { fetch(request: Request): Promise<Response> },
): Promise<Response> | Response {
  if (!isUpgrade(c.req.raw)) return new Response(null, { status: 426, headers: { Upgrade: 'websocket' } });
  return target(c.req.header('X-Host-ID') ?? '').fetch(handOver(c.req.raw, peerOfRequest(c)));
}
