/**
 * `/ws/probe/topology` and `/ws/probe/flow`: our own probes. The upgrade is handed over as it came; the objects check
 * Hello against the host id of the upgrade (docs/design/probe-protocol.md).
 */
import type { App, AppContext } from '../app.ts';
import { handOver } from '../objects/handover.ts';
import { shardForHost, topologyOf } from '../objects/stubs.ts';
import { requireHost } from '../middleware/principal.ts';
import { mountSocket, peerOfRequest } from './socket.ts';

export function mountProbe(app: App): void {
  mountSocket(app, '/ws/probe/topology', (c) => upgrade(c, () => topologyOf(c.env)));
  mountSocket(app, '/ws/probe/flow', (c) => upgrade(c, (hostId) => shardForHost(c.env, hostId)));
}

function upgrade(
  c: AppContext,
  target: (hostId: string) => { fetch(request: Request): Promise<Response> },
): Promise<Response> {
  const hostId = c.req.header('X-Host-ID') ?? '';
  requireHost(c, hostId);
  return target(hostId).fetch(handOver(c.req.raw, peerOfRequest(c)));
}
