/**
 * `/ws/probe/…`: our own probes, and `/ws/agent/…`: Skydive's agents. Which protocol a peer speaks is settled by where it knocks. The
 * upgrade is handed over as it came; the objects check what the peer says of itself against it
 * (docs/design/probe-protocol.md, docs/agents.md).
 */
import type { App, AppContext } from '../app.ts';
import { ApiError } from '../errors.ts';
import { requireHost } from '../middleware/principal.ts';
import { handOver } from '../objects/handover.ts';
import { shardForHost, topologyOf } from '../objects/stubs.ts';
import { mountSocket, peerOfRequest } from './socket.ts';

export function mountProbe(app: App): void {
  mountSocket(app, '/ws/probe/topology', (c) => upgrade(c, () => topologyOf(c.env)));
  mountSocket(app, '/ws/probe/flow', (c) => upgrade(c, (hostId) => shardForHost(c.env, hostId)));
  mountSocket(app, '/ws/agent/topology', (c) => upgrade(c, () => topologyOf(c.env)));
  mountSocket(app, '/ws/agent/flow', (c) => upgrade(c, (hostId) => shardForHost(c.env, hostId)));
  // There is one analyzer of a fabric, whatever number of objects it is made of.
  mountSocket(app, '/ws/replication', () => {
    throw new ApiError(
      'notHere',
      'this analyzer replicates with no other: point agents and clients at it alone',
    );
  });
}

function upgrade(
  c: AppContext,
  target: (hostId: string) => { fetch(request: Request): Promise<Response> },
): Promise<Response> {
  const hostId = c.req.header('X-Host-ID') || c.req.query('x-host-id') || '';
  requireHost(c, hostId);
  return target(hostId).fetch(handOver(c.req.raw, peerOfRequest(c)));
}
